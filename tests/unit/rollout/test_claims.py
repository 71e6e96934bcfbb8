"""What a new record claims is compared with the state that it comes with, and with its time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from lockstep.model.decision import Action, Decision, Position, Target, VerifiedState
from lockstep.model.fleet import Family
from lockstep.model.git_ids import git_blob_id, git_tree_id
from lockstep.model.promotion import VerifiedVersion
from lockstep.rollout.claims import (
    StateFiles,
    added_records,
    check_claims,
    check_promotion,
    own_files,
)
from tests.unit.fleets import digest_of, family, recorded, tree
from tests.unit.rollout.ledgers import (
    START,
    STEADY,
    adopted,
    decide,
    proposed,
    with_variants,
)

FOLDERS = {f"rendered/prod/clusters/fraud-{each}": {"a.yaml": each.encode()} for each in "abc"}
STATE = StateFiles(tree(), FOLDERS)


def state_of(made: Family, algorithm: str = "sha1") -> VerifiedState:
    return VerifiedState(
        None,
        {p: git_blob_id(STATE.files[p], algorithm=algorithm) for p in own_files(made)},
        {p: git_tree_id(each, algorithm=algorithm) for p, each in FOLDERS.items()},
    )


def honest(algorithm: str = "sha1") -> Family:
    """A family whose only record is of an adoption of the state that it has."""
    made = family()
    return decide(made, Action.ADOPT, STEADY, "1", verified_state=state_of(made, algorithm))


def forged(made: Family, **fields: Any) -> Family:
    """With other fields in the newest record."""
    decision = structs.replace(made.records[-1].decision, **fields)
    before = replace(made, records=made.records[:-1])
    return replace(recorded(before, decision), clusters=made.clusters)


def paths_of(made: Family | None) -> list[str]:
    return [record.decision.path for record in made.records] if made else []


def rules(
    made: Family, before: Family | None = None, state: StateFiles = STATE, late: int = 0
) -> list[str]:
    new = added_records(made, paths_of(before))
    found = check_claims(made, before, new, state, START + timedelta(minutes=late))
    return [f"{finding.rule}: {finding.message}" for finding in found]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_an_honest_record_is_what_it_claims(algorithm: str) -> None:
    made = honest(algorithm)
    assert rules(made) == []
    assert rules(proposed(made, "2"), made) == []
    assert rules(made, made, StateFiles({}, {})) == [], "what the base has is not asked again"


def test_a_state_without_rendered_files_is_compared_as_far_as_it_goes() -> None:
    made = honest()
    assert rules(made, state=StateFiles(tree(), None)) == []
    assert len(rules(made, state=StateFiles({}, None))) == 1


@pytest.mark.parametrize(
    ("where", "change", "path"),
    [
        ("files", {"clusters/prod/fraud/a.yaml": "0" * 40}, "clusters/prod/fraud/a.yaml"),
        ("files", {"clusters/prod/environment.yaml": "0" * 40}, "clusters/prod/environment.yaml"),
        ("files", {"clusters/prod/fraud/locks/1.yaml": None}, "clusters/prod/fraud/locks/1.yaml"),
        ("folders", {"rendered/prod/clusters/fraud-a": "0" * 40}, "rendered/prod/clusters/fraud-a"),
        ("folders", {"rendered/prod/clusters/fraud-c": None}, "rendered/prod/clusters/fraud-c"),
        ("folders", {"docs": git_tree_id({})}, "docs"),
    ],
)
def test_each_object_is_at_its_own_path(where: str, change: dict[str, Any], path: str) -> None:
    made = honest()
    state = state_of(made)
    objects = {p: o for p, o in {**getattr(state, where), **change}.items() if o}
    (found,) = rules(forged(made, verified_state=structs.replace(state, **{where: objects})))
    assert found == f"ledger.claim: the state that it records is not the one of this change: {path}"


def test_a_lock_of_a_version_that_does_not_serve_may_have_come_later() -> None:
    made = honest()
    state = state_of(made)
    path = "clusters/prod/fraud/locks/3.yaml"
    fewer = {p: oid for p, oid in state.files.items() if p != path}
    assert rules(forged(made, verified_state=structs.replace(state, files=fewer))) == []


def test_an_adoption_without_a_state_claims_nothing_to_return_to() -> None:
    (found,) = rules(forged(honest(), verified_state=None))
    assert "no state that a rollback can return to" in found


def test_the_version_has_the_digest_of_its_lock_or_of_an_earlier_record() -> None:
    made = honest()
    other = Target("1", digest_of("another"))
    assert ["no lock" in each for each in rules(forged(made, target=other))] == [True]
    unlocked = replace(made, locks={})
    held = decide(unlocked, Action.HOLD, STEADY, "1")
    assert rules(held, unlocked) == [], "the record before it knows the version"
    (found,) = rules(decide(unlocked, Action.HOLD, STEADY, "2"), unlocked)
    assert "version 2 with a digest" in found
    released = decide(made, Action.RELEASE, STEADY, "9")
    assert rules(released, made) == [], "the needs of a release say which version that may be"


def test_the_variants_are_those_of_the_specs() -> None:
    made = honest()
    edited = with_variants(made, {"name": "stable", "version": "3", "weight": 100})
    assert any("its variants are not those" in each for each in rules(edited))
    moved = proposed(made, "2")
    held = decide(moved, Action.HOLD, Position(moved.records[-1].decision.to.phase), "2")
    by_hand = replace(held, clusters=edited.clusters)
    assert any("its variants" in each for each in rules(by_hand, moved))
    diverged = replace(moved, clusters=edited.clusters)
    assert rules(by_hand, diverged) == [], "a family that had diverged can be held"


def at(made: Family, moment: str) -> Family:
    return forged(made, decided_at=moment)


def test_a_time_is_not_ahead_by_more_than_clocks_differ() -> None:
    made = honest()
    assert rules(at(made, "2026-03-01T08:05:00Z")) == []
    (found,) = rules(at(made, "2026-03-01T08:05:01Z"))
    assert found.startswith("ledger.time: it was decided at 2026-03-01T08:05:01Z, which is in")
    assert rules(at(made, "2026-03-01T08:05:01Z"), late=1) == []


@pytest.mark.parametrize("action", [Action.PROPOSE, Action.RELEASE, Action.SHIFT, Action.ADOPT])
def test_a_time_is_not_before_that_of_the_record_before(action: Action) -> None:
    made = adopted(family())
    later = at(decide(made, action, STEADY, "1", verified_state=None), "2026-03-01T07:59:59Z")
    found = [each for each in rules(later, made) if each.startswith("ledger.time")]
    assert bool(found) is (action in (Action.PROPOSE, Action.RELEASE))
    assert not found or "before record 1, at 2026-03-01T08:00:00Z" in found[0]


def test_only_the_newest_record_says_what_the_state_is() -> None:
    assert rules(proposed(adopted(family()), "2")) == [], "the adoption had another state"


def test_records_are_new_by_their_path() -> None:
    made = honest()
    after = proposed(made, "2")
    assert added_records(after, paths_of(made)) == [after.records[-1]]
    assert added_records(after, ()) == list(after.records)


def promotion(**changes: Any) -> tuple[Decision, VerifiedVersion]:
    """A promotion and what it is of."""
    source = VerifiedVersion(
        "staging", "fraud", "7", digest_of("2"), 4, "sha256:" + "9" * 64, "2026-03-01T08:00:00Z"
    )
    decision = proposed(adopted(family()), "2").records[-1].decision
    return structs.replace(decision, promoted_from=source.source, **changes), source


def of_promotion(
    decision: Decision, *known: VerifiedVersion, predecessor: str | None = "staging"
) -> list[str]:
    found = check_promotion(decision, predecessor, [list(known)])
    return [f"{finding.rule}: {finding.message}" for finding in found]


def test_a_promotion_is_of_what_the_predecessor_has_verified() -> None:
    decision, source = promotion()
    assert of_promotion(decision, source) == []
    plain = structs.replace(decision, promoted_from=None)
    assert of_promotion(plain) == [], "a proposal that is none claims nothing"


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 5}, {"record": "sha256:" + "8" * 64}, {"version": "8"},
        {"digest": "sha256:" + "7" * 64}, {"environment": "dev"},
    ],
)  # fmt: skip
def test_a_promotion_of_anything_else_is_found(change: dict[str, Any]) -> None:
    decision, source = promotion()
    (said,) = of_promotion(decision, replace(source, **change))
    assert "record 4 there has not verified, or which was rolled back there since" in said


def test_a_promotion_needs_its_version_in_the_tree_and_at_the_base_of_a_pull_request() -> None:
    decision, source = promotion()
    for known in ([[source], []], [[], [source]], [[source], None], []):
        found = list(check_promotion(decision, "staging", known))
        assert len(found) == (1 if known else 0)


def test_only_a_proposal_from_the_predecessor_is_a_promotion() -> None:
    decision, source = promotion()
    (said,) = of_promotion(decision, source, predecessor="dev")
    assert "it promotes from staging/fraud, and the predecessor of prod is dev" in said
    (said,) = of_promotion(decision, source, predecessor=None)
    assert "the predecessor of prod is not declared" in said
    (said,) = of_promotion(structs.replace(decision, action=Action.ADVANCE), source)
    assert "advance cannot be a promotion" in said
