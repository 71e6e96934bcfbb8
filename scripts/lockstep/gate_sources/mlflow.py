"""The gate source ``mlflow``: a metric of a logged model on a dataset."""

import re
import threading

from lockstep.gate_sources.placeholders import placeholder_values
from lockstep.model.document import Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Measurement, Question
from lockstep.registry.base import Registry
from lockstep.registry.factory import open_registry

_PLACEHOLDER = re.compile(r"\{(region|cluster|environment|segment)\}")


class MlflowGates:
    """Answers gates such as ``{source: mlflow, metric: fpr, dataset: "live-{region}"}``."""

    def __init__(self, tracking_uri: str | None = None) -> None:
        """``tracking_uri`` as for open_registry, which is called for the first question."""
        self._tracking_uri = tracking_uri
        self._registry: Registry | None = None
        self._connecting = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """The newest value of the gate's metric for the candidate, and for the stable version."""
        metric = str(question.gate.get("metric", ""))
        try:
            dataset = dataset_name(question)
        except ValueError as error:
            return Answer(query=f"mlflow metric {metric}", failure=str(error))
        if not isinstance(value_at(question.candidate, ("identity",)), dict):
            return Answer(query=f"mlflow metric {metric}", failure="the candidate has no lock")
        place = f"on dataset {dataset}" if dataset else "without a dataset"
        query = f"mlflow metric {metric} {place} of {_model(question.candidate)}"
        try:
            return Answer(
                query=query,
                candidate=self._measure(question, question.candidate, metric, dataset),
                stable=self._measure(question, question.stable, metric, dataset)
                if question.stable
                else None,
            )
        except LockstepError as error:
            return Answer(query=query, failure=error.located())

    def _measure(
        self, question: Question, lock: Json, metric: str, dataset: str | None
    ) -> Measurement:
        with self._connecting:  # families are asked about at the same time
            if self._registry is None:
                self._registry = open_registry(self._tracking_uri)
        needed = _samples_needed(question.gate)
        return self._registry.measure(lock, metric, dataset, question.now, needed)


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


def _samples_needed(gate: Json) -> float:
    """From how many samples on the gate can use a value; 0 where it needs no count."""
    needed = gate.get("minSamples", 0)
    # What is not a number is refused when the gate is judged.
    least = needed if isinstance(needed, int | float) else 0
    return max(least, 1) if "confidence" in gate else least


def _model(lock: Json) -> str:
    identity = lock["identity"]
    return f"{identity['model']} version {identity['version']} ({identity.get('modelId')})"
