"""The HTTP API of Prometheus, and of what answers like it: checked in shape, never partial.

https://prometheus.io/docs/prometheus/latest/querying/api/ describes it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from lockstep.edges.http import Conversation
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.times import format_time
from lockstep.text.sanitise import one_line

CHUNK = timedelta(hours=1)
"""How much time one request for samples covers, so that no answer becomes very large."""

_MOST_CHUNKS = 24
"""The requests for one long grid: they all share the time of one question."""
_MOST_SERIES = 5000
_OVERLAP = timedelta(minutes=2)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?Inf|NaN", re.ASCII | re.IGNORECASE)
_LAST = 253_402_300_800
"""The end of the year 9999, in seconds since 1970."""
_INFO = "PromQL info:"
"""How Prometheus 2.48 to 2.55 begin warnings that are hints only, which 3.0 calls infos."""


class Sample(NamedTuple):
    """A value and its time, in milliseconds since 1970."""

    time: int
    value: float


class Series(NamedTuple):
    """A series' labels, with ``__name__`` among them, and its samples in order of time."""

    labels: Mapping[str, str]
    samples: list[Sample]


_Labels = frozenset[tuple[str, str]]


class Partial(LockstepError):
    """Some of the data behind an answer may be missing: the server says so in a warning."""


class PrometheusApi:
    """Questions to the Prometheus at the other end of a conversation; LockstepError for failures.

    An answer with warnings is one, too: Partial.
    """

    def __init__(self, talk: Conversation, where: str) -> None:
        """``where`` names the server in errors."""
        self._talk, self._where = talk, where

    def instant(self, query: str, at: datetime) -> list[Series]:
        """The elements of an instant query at a time: a series with one sample each.

        A scalar is one element without labels.
        """
        kind, result = self._query("query", {"query": query, "time": _seconds(at)})
        if kind == "scalar":
            return [Series({}, [self._sample(result)])]
        if kind != "vector":
            raise self._strange(f"a {one_line(kind, 40)} where the query asks for one number")
        return [
            Series(self._labels(each), [self._sample(each.get("value"))])
            for each in self._elements(result)
        ]

    def samples(self, selector: str, first: datetime, last: datetime) -> list[Series]:
        """All raw samples of the selected series after ``first`` until ``last``.

        Long spans are asked for in parts that overlap a little: where they differ in that, several
        servers with samples of their own answer behind one address.
        """
        found: dict[_Labels, Series] = {}
        size = max(CHUNK, timedelta(seconds=ceil((last - first).total_seconds() / _MOST_CHUNKS)))
        begin = first
        while begin < last:
            end, overlap = min(begin + size, last), max(begin - _OVERLAP, first)
            part = self._part(selector, overlap, end)
            self._join(found, part, milliseconds(overlap), milliseconds(begin))
            begin = end
        return list(found.values())

    def times(self, query: str, first: datetime, last: datetime, step: timedelta) -> set[int]:
        """The times, of ``first`` and each ``step`` after it, at which a query has a value."""
        fields = {
            "query": query,
            "start": _seconds(first),
            "end": _seconds(last),
            "step": f"{step.total_seconds():.0f}",
        }
        kind, result = self._query("query_range", fields)
        if kind != "matrix":
            raise self._strange(f"a {one_line(kind, 40)} to a query of a range")
        return {
            self._sample(sample).time
            for each in self._elements(result)
            for sample in self._list(each.get("values"))
        }

    def about(self) -> dict[str, str]:
        """What the server says of itself, such as its ``storageRetention``; empty where nothing."""
        try:
            answer = self._talk.get("/api/v1/status/runtimeinfo")
        except LockstepError:  # Thanos and others have no such page
            return {}
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            return {}
        return {k: one_line(v, 80) for k, v in data.items() if isinstance(v, str) and v}

    def _part(self, selector: str, first: datetime, last: datetime) -> dict[_Labels, Series]:
        seconds = (last - first).total_seconds()
        fields = {"query": f"{selector}[{seconds:.0f}s]", "time": _seconds(last)}
        kind, result = self._query("query", fields)
        if kind != "matrix":
            raise self._strange(f"a {one_line(kind, 40)} where samples were asked for")
        low, high = milliseconds(first), milliseconds(last)
        found: dict[_Labels, Series] = {}
        for each in self._elements(result):
            if each.get("histograms"):
                raise LockstepError(
                    "native histograms are selected, which are not supported", where=self._where,
                    fix="let Prometheus keep the classic buckets as well",
                )  # fmt: skip
            samples = [self._sample(sample) for sample in self._list(each.get("values"))]
            if any(later.time <= sooner.time for sooner, later in pairwise(samples)):
                raise self._strange("samples that are not in the order of their times")
            if samples and not low <= samples[0].time <= samples[-1].time <= high:
                raise self._strange("samples from outside of the time that was asked for")
            # Prometheus 2 gives the sample at the very beginning of a window, and 3 does not.
            labels = self._labels(each)
            key = frozenset(labels.items())
            if key in found:
                raise self._strange("the same series twice")
            found[key] = Series(labels, [s for s in samples if s.time > low])
        return found

    def _join(
        self, known: dict[_Labels, Series], part: dict[_Labels, Series], low: int, begin: int
    ) -> None:
        """Add a part that begins at ``begin``; what both have since ``low`` must be the same."""
        for key in known.keys() | part.keys():
            ours = known.setdefault(key, Series(dict(key), []))
            theirs = part[key].samples if key in part else []
            overlap = [sample for sample in theirs if sample.time <= begin]
            if [sample for sample in ours.samples if sample.time > low] != overlap:
                raise LockstepError(
                    "two answers differ about the same samples", where=self._where,
                    fix="several servers seem to answer at this address, each with samples of its "
                    "own: give the address of one, or of a querier that removes duplicates",
                )  # fmt: skip
            ours.samples.extend(theirs[len(overlap) :])
        if len(known) > _MOST_SERIES:
            raise LockstepError(
                f"more than {_MOST_SERIES} series are selected", where=self._where,
                fix="drop labels that nobody needs when Prometheus scrapes",
            )  # fmt: skip

    def _query(self, path: str, fields: Mapping[str, str]) -> tuple[str, Json]:
        """The type and the result of a query."""
        # Thanos leaves out stores that do not answer unless it is asked not to.
        form = {**fields, "partial_response": "false"}
        answer = self._talk.post(f"/api/v1/{path}", form=form)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or answer.get("status") != "success":
            raise self._strange("no data")
        warnings = [each for each in self._list(answer.get("warnings") or []) if not _hint(each)]
        if warnings:
            said = one_line("; ".join(map(str, warnings)), 300)
            raise Partial(
                f"the answer may be partial: {said}", where=self._where,
                fix="look at the state of this Prometheus and of its stores",
            )  # fmt: skip
        return str(data.get("resultType")), data.get("result")

    def _elements(self, result: Json) -> list[Json]:
        elements = self._list(result)
        if not all(isinstance(each, dict) for each in elements):
            raise self._strange("an element that is not an object")
        return elements

    def _labels(self, element: Json) -> dict[str, str]:
        labels = element.get("metric")
        if not isinstance(labels, dict) or not all(isinstance(v, str) for v in labels.values()):
            raise self._strange("labels that are not text")
        return labels

    def _sample(self, pair: Json) -> Sample:
        match pair:
            case [bool(), _]:
                pass
            case [int() | float() as time, str() as value] if _NUMBER.fullmatch(value):
                if 0 <= time < _LAST:
                    return Sample(round(time * 1000), float(value))
        raise self._strange("a sample that is not a time with a number as text")

    def _list(self, value: Json) -> list[Json]:
        if not isinstance(value, list):
            raise self._strange("something that is not a list where one was expected")
        return value

    def _strange(self, what: str) -> LockstepError:
        return LockstepError(
            f"the answer is not one of Prometheus: it has {what}", where=self._where,
            fix="check that this is the address of a Prometheus, or of what has its API",
        )  # fmt: skip


def time_of(milliseconds: int) -> str:
    """The time of a sample as messages show it."""
    return format_time(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _hint(warning: Json) -> bool:
    return isinstance(warning, str) and warning.startswith(_INFO)


def _seconds(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"


def milliseconds(moment: datetime) -> int:
    """A time as samples have it."""
    return round(moment.timestamp() * 1000)
