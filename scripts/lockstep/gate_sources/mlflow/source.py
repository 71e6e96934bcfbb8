"""The gate source ``mlflow``: a metric of a logged model on a dataset, or counts in blocks."""

import re
import threading

from lockstep.gate_sources.mlflow.counting import blocks_of, metric_names
from lockstep.gate_sources.placeholders import placeholder_values
from lockstep.model.blocks import COUNTS, closed_blocks, require_few
from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Question
from lockstep.model.times import parse_time
from lockstep.registry.base import Registry
from lockstep.registry.factory import open_registry

_PLACEHOLDER = re.compile(r"\{(region|cluster|environment|segment)\}")


class MlflowGates:
    """Answers gates such as ``{source: mlflow, metric: fpr, dataset: "live-{region}"}``.

    With ``counts`` in place of ``metric`` the answer has blocks, from what was logged by block.
    """

    def __init__(self, tracking_uri: str | None = None) -> None:
        """``tracking_uri`` as for open_registry, which is called for the first question."""
        self._tracking_uri = tracking_uri
        self._registry: Registry | None = None
        self._connecting = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """The newest value of the gate's metric for both versions, or the blocks of its counts."""
        query = _what(question.gate)
        try:
            dataset = dataset_name(question)
            if not isinstance(value_at(question.candidate, ("identity",)), dict):
                raise ValueError("the candidate has no lock")
            place = f"on dataset {dataset}" if dataset else "without a dataset"
            query = f"{query} {place} of {_model(question.candidate)}"
            answer = self._count if COUNTS in question.gate else self._measure
            return answer(question, dataset, query)
        except LockstepError as error:
            return Answer(query=query, failure=error.located())
        except ValueError as error:
            return Answer(query=query, failure=str(error))

    def _measure(self, question: Question, dataset: str | None, query: str) -> Answer:
        metric, needed = str(question.gate.get("metric", "")), samples_needed(question.gate)
        found = [
            self._open().measure(lock, metric, dataset, question.now, needed)
            for lock in (question.candidate, question.stable)
            if lock
        ]
        return Answer(query, found[0], found[1] if question.stable else None)

    def _count(self, question: Question, dataset: str | None, query: str) -> Answer:
        gate, locks = question.gate, {"candidate": question.candidate, "stable": question.stable}
        if question.stable:
            query = f"{query} and of {_model(question.stable)}"
        spans = closed_blocks(gate, parse_time(question.since), parse_time(question.now))
        segments = gate.get("segments") or [""]
        require_few(len(spans) * len(segments))
        if not spans:
            return Answer(query)
        counts = str(gate[COUNTS])
        names = {name for segment in segments for name in metric_names(counts, segment)}
        logged = {
            side: self._open().values(lock, names, dataset, spans[0].start, spans[-1].end)
            for side, lock in locks.items()
            if lock
        }
        return Answer(query, blocks=blocks_of(spans, counts, segments, logged))

    def _open(self) -> Registry:
        with self._connecting:  # families are asked about at the same time
            if self._registry is None:
                self._registry = open_registry(self._tracking_uri)
        return self._registry


def dataset_name(question: Question) -> str | None:
    """The gate's dataset with ``{region}``, ``{cluster}``, ``{environment}`` and ``{segment}``.

    None where the gate names none. Raises ValueError for any other brace (the text comes from
    a specification, so it is not given to ``str.format``), and for the segment of a cluster that
    has none.
    """
    template = question.gate.get("dataset")
    if template is None:
        return None
    values = placeholder_values(question)
    if "{segment}" in str(template) and not question.segment:
        raise ValueError(f"dataset {template!r} names the segment, and the cluster has none")
    if set("{}") & set(_PLACEHOLDER.sub("", str(template))):
        raise ValueError(
            f"dataset {template!r} may use {{region}}, {{cluster}}, {{environment}} and "
            "{segment} only"
        )
    return _PLACEHOLDER.sub(lambda match: values[match[1]], str(template))


def _what(gate: Json) -> str:
    """What is read, in MLflow's words."""
    if COUNTS not in gate:
        return f"mlflow metric {gate.get('metric', '')}"
    counts, segments = str(gate[COUNTS]), gate.get("segments")
    shown = f" of {', '.join(map(str, segments))}" if segments else ""
    return f"mlflow metrics {' and '.join(metric_names(counts))}{shown}, by block,"


def samples_needed(gate: Json) -> float:
    """From how many samples on the gate can use a value; 0 where it needs no count."""
    needed = gate.get("minSamples", 0)
    # What is not a number is refused when the gate is judged.
    least = needed if isinstance(needed, int | float) else 0
    return max(least, 1) if "confidence" in gate else least


def _model(lock: Json) -> str:
    identity = lock["identity"]
    return f"{identity['model']} version {identity['version']} ({identity.get('modelId')})"
