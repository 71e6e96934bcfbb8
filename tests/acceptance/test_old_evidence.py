"""Evidence that was given for something else: another version, another time, other measurements."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from lockstep.model.decision import Decision
from lockstep.model.record import read_record, write_record
from tests.acceptance.forgeries import pull
from tests.acceptance.reverts import in_state
from tests.acceptance.rollouts import DAY, HEAD, advance, last_record, rewrite
from tests.acceptance.world import FAMILY, MODEL, REGIONS, World

GATE = (
    "  gates:\n"
    '    - {name: offline, source: mlflow, metric: auc, dataset: "holdout-{region}", min: 0.8, '
    "minSamples: 100, when: propose}\n"
)


def log(world: World, version: str, at: str, run: str = "", **metrics: float) -> None:
    """Log metrics for a version in all regions, by its own run or by that of another version."""
    import mlflow
    from mlflow.entities import Metric

    client = mlflow.MlflowClient(world.registry, world.registry)
    found = client.get_model_version(MODEL, version)
    by = client.get_model_version(MODEL, run or version).run_id
    moment = int(datetime.fromisoformat(at).timestamp() * 1000)
    client.log_batch(by, metrics=[
        Metric(name, value, moment, step, model_id=found.source.removeprefix("models:/"),
               run_id=by, dataset_name=f"holdout-{region}", dataset_digest="d1")
        for step, region in enumerate(REGIONS) for name, value in metrics.items()
    ])  # fmt: skip


def gated(world: World) -> None:
    """Proposals have to pass a gate that needs a sample count."""
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", GATE))


def measured(world: World) -> None:
    """Version 2 was measured on enough samples, version 3 on none."""
    gated(world)
    log(world, "2", f"{DAY}07:00:00Z", auc=0.9, auc_samples=500)


def propose(world: World, version: str, at: str = f"{DAY}08:00:00Z") -> tuple[int, str]:
    return world.lockstep("propose", FAMILY, version, at=at)


@in_state(measured)
def test_a_proposal_with_its_own_evidence_passes(world: World) -> None:
    world.git("merge", "--quiet", "--no-edit", world.propose("2"))
    assert world.lockstep("check", "--base", "origin/main")[0] == 0
    world.git("push", "--quiet", "origin", "main")
    assert advance(world, "09")[0] == 0


@in_state(measured)
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"candidate_version": "3"}, "the evidence is about version 3"),
        ({"asked_at": f"{DAY}07:30:00Z"}, "and not for this decision"),
        ({"since": f"{DAY}07:30:00Z"}, f"its evidence counts from {DAY}07:30:00Z on"),
    ],
)
def test_evidence_of_another_decision_supports_no_proposal(
    world: World, fields: dict[str, Any], words: str
) -> None:
    world.git("merge", "--quiet", "--no-edit", world.propose("2"))
    path = last_record(world)
    decision: Decision = read_record(path.read_bytes()).decision
    other = tuple(msgspec.structs.replace(each, **fields) for each in decision.evidence)
    path.write_bytes(write_record(msgspec.structs.replace(decision, evidence=other)))
    world.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    code, said = pull(world)
    assert code == 10 and words in said, said
    world.git("push", "--quiet", "origin", "HEAD:main")
    code, said = advance(world, "09")
    assert code == 12 and "broken records" in said, said


@in_state(gated)
def test_a_value_that_is_dated_later_carries_no_proposal_until_then(world: World) -> None:
    log(world, "2", f"{DAY}07:00:00Z", auc=0.6, auc_samples=500)
    log(world, "2", f"{DAY}11:00:00Z", auc=0.95, auc_samples=500)
    code, said = propose(world, "2", f"{DAY}10:00:00Z")
    assert code == 12 and "0.6, must be at least 0.8" in said.replace(" over 500 samples", ""), said


@in_state(gated)
def test_a_count_of_another_time_or_run_says_nothing_of_a_value(world: World) -> None:
    log(world, "2", f"{DAY}07:00:00Z", auc=0.9)
    log(world, "2", f"{DAY}07:10:00Z", auc_samples=9000)
    log(world, "2", f"{DAY}07:00:00Z", run="3", auc_samples=9000)
    code, said = propose(world, "2")
    assert code == 12 and "the sample count is not known" in said, said
    log(world, "2", f"{DAY}07:20:00Z", auc=0.9, auc_samples=500)
    assert propose(world, "2")[0] == 0


@in_state(measured)
def test_a_gate_is_not_weakened_by_the_pull_request_that_brings_its_evidence(world: World) -> None:
    branch = world.propose("2")
    world.edit(HEAD, "minSamples: 100", "minSamples: 600")
    world.git("merge", "--quiet", "--no-edit", branch)
    file = world.clone / HEAD
    file.write_text(file.read_text().replace("minSamples: 600", "minSamples: 100"))
    code, said = pull(world)
    assert code == 10 and "replay.gates" in said, said
    world.git("switch", "--quiet", "main")
    world.git("reset", "--quiet", "--hard", "origin/main")
    assert propose(world, "2")[0] == 12
