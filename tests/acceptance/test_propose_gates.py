"""Gates that are asked before a version gets traffic: by propose, and by the first advance."""

import pytest

from lockstep.gate_sources import base
from lockstep.model.evidence import Answer, Question
from tests.acceptance.rollouts import HEAD, advance, assert_restored, rewrite
from tests.acceptance.world import FAMILY, REGIONS, World

GATE = (
    "  gates:\n"
    '    - {name: offline, source: mlflow, metric: auc, dataset: "holdout-{region}", min: 0.8, '
    "when: propose}\n"
)
MORNING = "2026-03-01T07:00:00Z"


@pytest.fixture
def gated(world: World) -> World:
    """The world with a second gate, which is asked of proposals only."""
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", GATE))
    world.must("check")
    return world


def test_a_version_that_passes_is_proposed_with_its_evidence_and_asked_again(gated: World) -> None:
    gated.measure("2", 0.9, MORNING)
    gated.merge_proposal()
    proposal = gated.records()[-1]["spec"]
    assert proposal["verdict"] == "pass"
    assert [item["gate"]["name"] for item in proposal["evidence"]] == ["offline", "offline"]
    assert proposal["plan"]["proposeGates"] == {
        f"scoring-{region}": ["offline"] for region in REGIONS
    }
    code, said = advance(gated, "08")
    assert code == 0, said
    first = gated.records()[-1]["spec"]
    assert [item["gate"]["name"] for item in first["evidence"]] == ["offline", "offline"]
    code, said = advance(gated, "10")
    assert code == 0, said
    step = gated.records()[-1]["spec"]
    assert {item["gate"]["name"] for item in step["evidence"]} == {"auc"}
    gated.must("check")
    assert gated.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


def test_a_version_that_does_not_pass_is_not_proposed_and_nothing_is_committed(
    gated: World,
) -> None:
    gated.measure("2", 0.6, MORNING, REGIONS[:1])
    branches = gated.git("branch", "--list")
    code, said = gated.lockstep("propose", FAMILY, "2")
    assert code == 12
    assert f"fail         offline in scoring-{REGIONS[0]}: 0.6, must be at least 0.8" in said
    assert gated.git("branch", "--list") == branches and gated.is_clean()


def test_a_version_without_evidence_is_not_proposed(gated: World) -> None:
    rewrite(gated, HEAD, lambda text: text.replace("holdout-{region}", "golden-{region}", 1))
    code, said = gated.lockstep("propose", FAMILY, "2")
    assert code == 12 and "no measurement of auc on dataset golden-" in said


def test_a_source_that_cannot_be_asked_is_no_answer_about_the_version(
    gated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        def ask(self, question: Question) -> Answer:
            return Answer("auc", failure="it is down")

    monkeypatch.setattr(base, "SOURCES", {"mlflow": lambda address: Down()})
    code, said = gated.lockstep("propose", FAMILY, "2")
    assert code == 1 and "could not be asked: it is down" in said


def test_a_proposal_that_fails_before_its_first_step_is_rolled_back(gated: World) -> None:
    gated.measure("2", 0.9, MORNING)
    gated.merge_proposal()
    gated.measure("2", 0.6, "2026-03-01T08:30:00Z")
    code, said = advance(gated, "09")
    assert code == 12 and "offline in scoring" in said
    assert gated.records()[-1]["spec"]["action"] == "restore"
    assert_restored(gated)
    assert gated.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


def test_a_proposal_that_passed_other_gates_than_the_family_declares_is_found(
    gated: World,
) -> None:
    gated.measure("2", 0.9, MORNING)
    branch = gated.propose()
    rewrite(gated, HEAD, lambda text: text.replace("name: offline", "name: golden"))
    gated.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
    code, said = gated.lockstep("check", "--base", "origin/main")
    assert code == 10 and "replay.gates" in said


def test_a_branch_from_before_a_gate_was_added_is_not_taken_for_the_new_proposal(
    world: World,
) -> None:
    branch = world.propose()
    before = world.git("rev-parse", branch)
    assert world.propose() == branch and world.git("rev-parse", branch) == before
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", GATE))
    assert world.propose() == branch
    assert world.git("rev-parse", branch) != before
    assert world.git("rev-parse", f"{branch}^") == world.git("rev-parse", "origin/main")
