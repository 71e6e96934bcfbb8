"""Metrics of a logged model: by dataset, the newest, and NaN is never a number.

MLflow 3 keeps every value ever logged, and shows a logged NaN as 0.0 in the logged model. The
run's metric history shows the NaN, yet not the dataset. So both are read and joined.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Measurement
from lockstep.registry.mlflow.client import moment
from lockstep.text.sanitise import plain_line

SAMPLES_SUFFIX = "_samples"
"""``fpr_samples``, logged with ``fpr`` for the same dataset, is the count behind it."""

LONGEST_NAME = 250
_MOST_ENTRIES = 100_000
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
    """MLflow's metric objects as entries. Raises LockstepError when there are too many."""
    # One more than allowed, so that a longer list is refused and never cut.
    entries = [_entry(item) for item, _ in zip(logged, range(_MOST_ENTRIES + 1), strict=False)]
    if len(entries) > _MOST_ENTRIES:
        raise LockstepError(
            f"a model has over {_MOST_ENTRIES} metric values",
            where=server,
            fix="log the steps of a training to the run, and only evaluations to the model",
        )
    return entries


def measurement(
    entries: list[Entry], name: str, dataset: str | None, history: RunHistory
) -> Measurement:
    """The newest value of one metric on one dataset (None: logged without any).

    There is no value, but a problem, where nothing was logged, where the newest is NaN or
    infinite, where two different values are equally new, or where the run's history has another
    value at that time than the logged model.
    """
    what = f"{name} on dataset {dataset}" if dataset else f"{name} without a dataset"
    ours = [e for e in entries if e.name == name and e.dataset == dataset]
    if not ours:
        return Measurement(problem=f"no measurement of {what}")
    newest = max(ours, key=lambda e: e.order)
    equals = {(e.value, e.dataset_digest) for e in ours if e.order == newest.order}
    problem = ""
    if len(equals) > 1:
        problem = f"{len(equals)} different values of {what} at the same time and step"
    else:
        problem = _disagreement(newest, history(newest.run, newest.name), what)
    return Measurement(
        value=None if problem else newest.value,
        samples=_samples(entries, newest),
        time=moment(newest.timestamp),
        dataset_digest=plain_line(newest.dataset_digest, 100) if newest.dataset_digest else None,
        problem=problem,
    )


def series(entries: Iterable[Entry]) -> list[tuple[str, str | None]]:
    """The (metric, dataset) pairs there are, in order, without the sample counts."""
    pairs = {(e.name, e.dataset) for e in entries}
    counts = {(name + SAMPLES_SUFFIX, dataset) for name, dataset in pairs}
    return sorted(pairs - counts, key=lambda pair: (pair[0], pair[1] or ""))


def _entry(item: Any) -> Entry:
    return Entry(
        str(item.key),
        float(item.value),
        None if item.dataset_name is None else str(item.dataset_name),
        None if item.dataset_digest is None else str(item.dataset_digest),
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


def _samples(entries: list[Entry], newest: Entry) -> int | None:
    """The count logged with the value; a count of 0 may be a NaN, and both are useless."""
    logged = [
        e
        for e in entries
        if e.name == newest.name + SAMPLES_SUFFIX
        and (e.dataset, e.run, e.step) == (newest.dataset, newest.run, newest.step)
        and e.dataset_digest == newest.dataset_digest
    ]
    # The two may be logged by separate calls, at slightly different times.
    exact = [e for e in logged if e.timestamp == newest.timestamp]
    counts = {e.value for e in exact or logged}
    # Counts that disagree are as useless as none.
    count = counts.pop() if len(counts) == 1 else 0.0
    return int(count) if 0 < count <= _MOST_SAMPLES and count.is_integer() else None
