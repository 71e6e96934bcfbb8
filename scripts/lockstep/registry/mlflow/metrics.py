"""Metrics of a logged model: by dataset, the newest, and NaN is never a number.

MLflow 3 keeps every value ever logged, and shows a logged NaN as 0.0 in the logged model. The
run's metric history shows the NaN, yet not the dataset. So both are read and joined.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

import msgspec

from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Measurement
from lockstep.registry.base import LoggedValue
from lockstep.registry.limits import LONGEST_DIGEST, MOST_METRIC_VALUES, Unlockable, exact
from lockstep.registry.mlflow.client import moment

SAMPLES_SUFFIX = "_samples"
"""``fpr_samples``, logged with ``fpr`` in one call, is the count behind it."""

_MOST_EARLIER = 20
_MOST_HISTORIES = 200  # each is a request, and a question has half a minute
_MOST_SAMPLES = 10**15  # above 2**53, about 9 * 10**15, a float does not count exactly
_LARGEST = 1.797e308  # databases store infinity as the largest float


@dataclass(frozen=True, slots=True)
class Entry:
    """One logged value. ``timestamp`` in milliseconds since 1970."""

    name: str
    value: float
    dataset: str | None
    dataset_digest: str | None
    run: str
    timestamp: int
    step: int

    @property
    def order(self) -> tuple[int, int]:
        """Later entries are greater."""
        return self.timestamp, self.step


RunHistory = Callable[[str, str], "list[Entry]"]
"""``(run, metric name)`` to every value that the run logged under that name, NaN included."""


def read_entries(logged: Iterable[Any], server: str) -> list[Entry]:
    """MLflow's metric objects as entries. Raises Unlockable where there are too many, or where
    the digest of a dataset is too long.
    """
    # One more than allowed, so that a longer list is refused and never cut.
    most = MOST_METRIC_VALUES
    entries = [_entry(item, server) for item, _ in zip(logged, range(most + 1), strict=False)]
    if len(entries) > most:
        raise Unlockable(
            f"a model has more than {most} metric values; at most {most} are allowed",
            where=server,
            fix="log the steps of a training to the run, and only evaluations to the model",
        )
    return entries


def as_logged(entries: Iterable[Entry], history: RunHistory, server: str) -> list[LoggedValue]:
    """The values as they were logged: a zero that is a NaN in the history of its run is one.

    Only zeros need that history. Raises LockstepError where it does not have a value, and where so
    many runs have zeros that it would take too many requests.
    """
    found, asked = [], set()
    for entry in entries:
        value = entry.value
        if value == 0:
            asked.add((entry.run, entry.name))
            if len(asked) > _MOST_HISTORIES:
                raise LockstepError(
                    f"zeros were logged as more than {_MOST_HISTORIES} metrics of runs: log many "
                    "blocks in one run, and not each in its own", where=server,
                )  # fmt: skip
            then = [e.value for e in history(entry.run, entry.name) if e.order == entry.order]
            if not then:
                raise LockstepError(
                    f"the run's history does not have {entry.name} at {moment(entry.timestamp)}",
                    where=server,
                )  # fmt: skip
            value = math.nan if any(map(math.isnan, then)) else value
        call = (entry.run, entry.step, entry.dataset_digest or "")
        found.append(LoggedValue(entry.name, value, entry.timestamp, call))
    return found


@dataclass(frozen=True, slots=True)
class LoggedMetrics:
    """All that was logged for one model, as of ``now``: what is dated later does not count.

    ``history`` gives the values as the runs hold them, where NaN is not shown as 0.
    """

    entries: list[Entry]
    history: RunHistory
    now: datetime

    def newest(self, name: str, dataset: str | None, needed: float = 0) -> Measurement:
        """The newest value of one metric on one dataset (None: logged without any).

        There is no value, but a problem, where nothing was logged, where the newest is NaN or
        infinite, where two different values are equally new, or where the run's history has
        another value at that time than the logged model. Then, and where it has fewer than
        ``needed`` samples, ``earlier`` is the newest one before it without these faults.
        """
        what = f"{name} on dataset {dataset}" if dataset else f"{name} without a dataset"
        ours = [e for e in self.entries if e.name == name and e.dataset == dataset]
        future = [e for e in ours if self._is_future(e)]
        past = [e for e in ours if not self._is_future(e)]
        past.sort(key=lambda e: e.order, reverse=True)
        # Each is read when it is needed: the history of another run is another request.
        found = (self._read(list(same), what) for _, same in groupby(past, lambda e: e.order))
        newest = next(found, Measurement(problem=f"no measurement of {what}"))
        # No more are looked through: each may cost a request.
        usable = (m for m in islice(found, _MOST_EARLIER) if _can_be_used(m, needed))
        earlier = None if _can_be_used(newest, needed) else next(usable, None)
        ignored = "; ".join(_ignored(future) + self._lone_count(name, dataset, newest))
        return msgspec.structs.replace(newest, ignored=ignored, earlier=earlier)

    def _is_future(self, entry: Entry) -> bool:
        # By the second, as all times that Lockstep writes.
        return entry.timestamp // 1000 > self.now.timestamp()

    def _read(self, same: list[Entry], what: str) -> Measurement:
        """The values that were logged at one time and step, which should be one."""
        entry = same[0]
        if len({(e.value, e.dataset_digest) for e in same}) > 1:
            problem = f"different values of {what} at the same time and step"
        else:
            problem = _disagreement(entry, self.history(entry.run, entry.name), what)
        return Measurement(
            value=None if problem else entry.value,
            samples=self._samples(entry),
            time=moment(entry.timestamp),
            dataset_digest=entry.dataset_digest or None,
            problem=problem,
        )

    def _lone_count(self, name: str, dataset: str | None, newest: Measurement) -> list[str]:
        """What to say where there are counts, and none of them was logged with the value."""
        count = name + SAMPLES_SUFFIX
        if newest.value is None or newest.samples is not None:
            return []
        if not any(e.name == count and e.dataset == dataset for e in self.entries):
            return []
        return [f"no {count} of the same run, step and time: log both in one call"]

    def _samples(self, entry: Entry) -> int | None:
        """The count that was logged together with the value; one of another time is not its own."""
        counts = {
            e.value
            for e in self.entries
            if e.name == entry.name + SAMPLES_SUFFIX
            and (e.dataset, e.run, e.order) == (entry.dataset, entry.run, entry.order)
            and e.dataset_digest == entry.dataset_digest
        }
        # Counts that disagree are as useless as none. A count of 0 may be a NaN.
        count = counts.pop() if len(counts) == 1 else 0.0
        return int(count) if 0 < count <= _MOST_SAMPLES and count.is_integer() else None


def _can_be_used(measured: Measurement, needed: float) -> bool:
    return not measured.problem and (measured.samples or 0) >= needed


def _ignored(future: list[Entry]) -> list[str]:
    """Which values are from the future, for people; empty where none is."""
    if not future:
        return []
    until = moment(max(e.timestamp for e in future)) or "a time that no calendar has"
    count = "1 value" if len(future) == 1 else f"{len(future)} values"
    return [f"{count} dated in the future, up to {until}, not counted"]


def series(entries: Iterable[Entry]) -> list[tuple[str, str | None]]:
    """The (metric, dataset) pairs there are, in order, without the sample counts."""
    pairs = {(e.name, e.dataset) for e in entries}
    counts = {(name + SAMPLES_SUFFIX, dataset) for name, dataset in pairs}
    # No dataset and one without a name are two series, whose order may not depend on a hash.
    return sorted(pairs - counts, key=lambda pair: (pair[0], pair[1] is not None, pair[1] or ""))


def _entry(item: Any, server: str) -> Entry:
    digest = item.dataset_digest
    return Entry(
        str(item.key),
        float(item.value),
        None if item.dataset_name is None else str(item.dataset_name),
        exact(digest, LONGEST_DIGEST, "the digest of a dataset", server) if digest else None,
        str(item.run_id),
        int(item.timestamp),
        int(item.step),
    )


def _disagreement(newest: Entry, history: list[Entry], what: str) -> str:
    then = [e.value for e in history if e.order == newest.order]
    if math.isnan(newest.value) or (newest.value == 0 and any(map(math.isnan, then))):
        return f"the newest value of {what} is NaN"
    if abs(newest.value) >= _LARGEST:
        return f"the newest value of {what} is infinite"
    if newest.value not in then:
        return f"the run's history does not have the newest value of {what}"
    return ""
