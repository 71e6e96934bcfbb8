"""What a training is asked to log, for each form of a gate on MLflow."""

from dataclasses import replace
from typing import Any

import pytest

from lockstep.gate_sources.mlflow.advice import what_to_log
from tests.unit.gate_sources.mlflow.test_source import GATE, QUESTION

ON_LIVE = "for the logged model m-1 on the dataset live-eu-west-1"


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({}, f"log fpr and fpr_samples {ON_LIVE}, in one call"),
        (
            {"live": True, "minSamples": 1000, "maxAge": "24h"},
            f"while it serves, log fpr and fpr_samples {ON_LIVE}, in one call, of at least 1000 "
            "samples, not older than 24h",
        ),
        (
            {"dataset": None},
            "log fpr and fpr_samples for the logged model m-1, without a dataset, in one call",
        ),
        (
            {"metric": None, "counts": "fpr", "block": "10m"},
            f"while it serves, log fpr.bad and fpr.total of each block of 10m {ON_LIVE}, in one "
            "call",
        ),
    ],
)
def test_it_names_metrics_samples_model_and_dataset(gate: dict[str, Any], said: str) -> None:
    whole = {key: value for key, value in {**GATE, **gate}.items() if value is not None}
    assert what_to_log(replace(QUESTION, gate=whole)) == said


def test_a_dataset_that_cannot_be_named_is_a_mistake_of_the_gate() -> None:
    gate = {**GATE, "dataset": "live-{segment}"}
    assert what_to_log(replace(QUESTION, gate=gate)).startswith("correct the gate: ")
