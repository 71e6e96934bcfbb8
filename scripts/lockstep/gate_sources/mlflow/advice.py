"""What to log to MLflow, so that a gate has what it reads: for those who write a training."""

from lockstep.gate_sources.mlflow.counting import metric_names
from lockstep.gate_sources.mlflow.source import dataset_name, samples_needed
from lockstep.model.blocks import BLOCK, COUNTS
from lockstep.model.document import value_at
from lockstep.model.evidence import Question
from lockstep.registry.mlflow.metrics import SAMPLES_SUFFIX
from lockstep.text.phrases import listed


def what_to_log(question: Question) -> str:
    """What a gate of this source reads of the candidate, as an instruction in a sentence."""
    gate = question.gate
    try:
        dataset = dataset_name(question)
    except ValueError as error:
        return f"correct the gate: {error}"
    model = value_at(question.candidate, ("identity", "modelId")) or "of the version"
    where = f"for the logged model {model}"
    where += f" on the dataset {dataset}" if dataset else ", without a dataset"
    if COUNTS in gate:
        segments = gate.get("segments") or [""]
        names = [name for each in segments for name in metric_names(str(gate[COUNTS]), each)]
        block = gate.get("block", BLOCK)
        return f"while it serves, log {listed(names)} of each block of {block} {where}, in one call"
    metric, needed = str(gate.get("metric", "")), samples_needed(gate)
    least = f", of at least {needed:g} samples" if needed else ""
    age = f", not older than {gate['maxAge']}" if "maxAge" in gate else ""
    when = "while it serves, log" if gate.get("live") else "log"
    return f"{when} {metric} and {metric}{SAMPLES_SUFFIX} {where}, in one call{least}{age}"
