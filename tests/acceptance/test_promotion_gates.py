"""Gates of promotions on real git, real OPA and a real registry for each environment."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.promotions import (
    DAY,
    LAB,
    PROD,
    STAGING,
    VERIFIED_AT,
    Stages,
    copy_stages,
    create_stages,
    declare,
)
from tests.acceptance.rollouts import HEAD, publish, rewrite
from tests.acceptance.world import MODEL
from tests.unit.mlflow_store import forget_default_store

SERVED = "{name: served, source: ledger, when: promote, served: 24h, verdicts: pass}"
HOLDOUT = (
    '{name: holdout, source: mlflow, when: promote, metric: auc, dataset: "holdout-{region}", '
    "min: 0.85}"
)
EARLY, DUE, AFTER = f"{DAY}15:59:59Z", f"{DAY}16:00:00Z", f"{DAY}17:00:00Z"


@pytest.fixture
def stages(stages: Stages) -> Stages:
    """Prod's registry says which version it is that staging has verified."""
    stages.tag("2")
    return stages


def test_a_version_waits_until_it_has_served_long_enough(stages: Stages) -> None:
    declare(stages, SERVED)
    branches = stages.branches()
    code, said = stages.promote("scoring", at=EARLY)
    assert code == 12, said
    assert f"verified in staging since {VERIFIED_AT}, and has to serve there until {DUE}" in said
    assert stages.branches() == branches and stages.is_clean()
    item = stages.promoted("scoring", at=DUE)
    stages.merge(item["branch"])
    spec = stages.newest(PROD)["spec"]
    (evidence,) = spec["evidence"]
    assert spec["plan"]["promoteGates"] == {evidence["cluster"]: ["served"]}
    assert (evidence["verdict"], evidence["candidateVersion"]) == ("pass", "3")
    assert evidence["answer"]["served"] == {
        "environment": "staging", "record": "ledger/staging/scoring/000007.json",
        "digest": spec["promotedFrom"]["record"], "since": VERIFIED_AT, "until": None,
        "rolledBack": "", "requests": 0, "verdicts": {"pass": 2},
    }  # fmt: skip
    stages.must("check", "--base", "HEAD~1", at=AFTER)
    stages.must("audit", "--verify", "--replay", at=AFTER)


def test_it_replays_without_the_ledger_that_was_asked(stages: Stages) -> None:
    declare(stages, SERVED)
    stages.merge(stages.promoted("scoring", at=DUE)["branch"])
    stages.do(PROD, "advance", at=AFTER)
    record = stages.newest(PROD)["spec"]
    assert record["action"] == "advance" and "promoteGates" not in record["plan"]
    for path in (stages.clone / "ledger" / STAGING).glob("*.json"):
        path.unlink()
    stages.must("audit", PROD, "--replay", at=AFTER)


def test_what_was_adopted_there_was_asked_about_by_no_gate(stages: Stages) -> None:
    declare(stages, SERVED)
    stages.do(STAGING, "adopt", "--reason", "settled", at=f"{DAY}01:00:00Z")
    code, said = stages.promote("scoring", at="2026-03-05T08:00:00Z")
    assert code == 12 and "no gate was asked about it in staging" in said


def test_a_gate_that_no_cluster_there_has_the_segment_of_is_never_passed(stages: Stages) -> None:
    declare(stages, HOLDOUT.replace("when: promote", "when: promote, segment: vip"))
    code, said = stages.promote("scoring", at=DUE)
    assert code == 11 and f"no cluster of {STAGING} is of the segment vip" in said


def test_the_registry_of_another_environment_is_not_asked_with_this_ones_token(
    stages: Stages,
) -> None:
    declare(stages, HOLDOUT)
    code, said = stages.promote("scoring", at=DUE)
    assert code == 11 and "asks the registry of staging, which has one of its own" in said


def test_a_pull_request_cannot_weaken_the_gate_of_its_own_promotion(stages: Stages) -> None:
    declare(stages, SERVED)
    base = stages.git("rev-parse", "HEAD")
    rewrite(stages, HEAD, lambda text: text.replace("served: 24h", "served: 1s"))
    branch = stages.promoted("scoring", at=EARLY)["branch"]
    stages.git("fetch", "--quiet", "origin")
    stages.git("push", "--quiet", "--force", "origin", f"{base}:refs/heads/main")
    stages.git("fetch", "--quiet", "origin")
    stages.git("switch", "--quiet", "--detach", f"origin/{branch}")
    code, said = stages.lockstep("check", "--base", "origin/main", at=AFTER)
    assert code == 10 and "replay.gates" in said and "declares them: served" in said


def test_forged_evidence_is_found(stages: Stages) -> None:
    declare(stages, SERVED)
    stages.merge(stages.promoted("scoring", at=DUE)["branch"])
    path = sorted((stages.clone / "ledger" / PROD).glob("*.json"))[-1]
    forged = path.read_text().replace(VERIFIED_AT, "2026-03-02T15:00:00Z")
    assert json.loads(forged) != json.loads(path.read_text())
    path.write_text(forged)
    publish(stages)
    code, said = stages.lockstep("audit", PROD, "--replay", at=AFTER)
    assert code == 13 and "recorded pass, recomputed inconclusive" in said


@pytest.fixture(scope="module")
def with_one_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = create_stages(tmp_path_factory.mktemp("shared"), shared=True)
    settings = made.clone / "clusters/staging/environment.yaml"
    one = "https://mlflow.example.com"
    settings.write_text(settings.read_text().replace("https://mlflow.staging.example.com", one))
    made.must("render")
    publish(made)
    made.client(PROD).copy_model_version(f"models:/{LAB}/3", MODEL)
    yield made
    forget_default_store()


def test_a_metric_is_that_of_the_predecessors_version_in_the_predecessors_regions(
    with_one_registry: Stages, tmp_path: Path
) -> None:
    stages = copy_stages(with_one_registry, tmp_path / "stages")
    declare(stages, HOLDOUT)
    item = stages.promoted("scoring", at=DUE)
    stages.merge(item["branch"])
    evidence = stages.newest(PROD)["spec"]["evidence"]
    assert {each["cluster"] for each in evidence} == {"scoring-us-east-1", "scoring-eu-west-1"}
    assert all(f"of {LAB} version 3" in each["answer"]["query"] for each in evidence)
    stages.must("audit", "--verify", "--replay", at=AFTER)
    low = copy_stages(with_one_registry, tmp_path / "low")
    declare(low, HOLDOUT.replace("0.85", "0.95"))
    code, said = low.promote("scoring", at=DUE)
    assert code == 12 and "0.9, must be at least 0.95" in said
    low.policy("{automatic: [scoring]}")
    code, said = low.promote("--all", "--waiting-is-clean", at=DUE)
    assert code == 12 and "0.9, must be at least 0.95" in said, "a person has to act"
