"""What a pull request may bring: one decision of a family, by the state of its base."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from lockstep.model.decision import Action, Phase, Position, Restored
from lockstep.model.finding import Severity
from lockstep.model.fleet import Family
from lockstep.rollout.claims import added_records
from lockstep.rollout.pull_requests import check_arrivals, check_quarantine
from lockstep.rollout.transitions import RULES
from tests.unit.fleets import digest_of, family, recorded
from tests.unit.rollout.ledgers import (
    PROPOSED,
    STEADY,
    adopted,
    decide,
    in_phase,
    proposed,
    rolled_back,
    with_variants,
)
from tests.unit.rollout.live_answers import with_live_gate


def messages(after: Family, before: Family | None, *, approval: bool = False) -> list[str]:
    known = [record.decision.path for record in before.records] if before else []
    found = check_arrivals(after, before, added_records(after, known))
    return [f.message for f in found if (f.severity is Severity.APPROVAL) is approval]


def changed(after: Family, **fields: Any) -> Family:
    decision = structs.replace(after.records[-1].decision, **fields)
    return recorded(replace(after, records=after.records[:-1]), decision)


def test_what_the_verbs_make_may_come() -> None:
    steady = adopted(family())
    assert messages(steady, None) == []
    assert messages(proposed(steady, "2"), steady) == []
    rolling = in_phase(Phase.ROLLING)
    held = decide(rolling, Action.HOLD, Position(Phase.HELD, 0, 0), "2")
    assert messages(held, rolling) == []
    after = rolled_back(rolling, "2")
    assert [r.decision.action for r in after.records[-2:]] == [Action.SHIFT, Action.RESTORE]
    assert messages(after, rolling) == []
    shifted = replace(after, records=after.records[:-1])
    assert messages(after, replace(rolling, records=shifted.records)) == []
    released = decide(after, Action.RELEASE, STEADY, "2")
    assert messages(released, after) == []


@pytest.mark.parametrize("action", [a for a in Action if not RULES[a].in_pull_request])
def test_a_move_forward_does_not_come(action: Action) -> None:
    before = in_phase(Phase.PROPOSED)
    (found,) = messages(decide(before, action, Position(Phase.ROLLING, 0, 0), "2"), before)
    assert found == f"{action} is made on the followed branch, never by a pull request"


def test_one_decision_of_a_family_comes() -> None:
    steady = adopted(family())
    twice = decide(proposed(steady, "2"), Action.HOLD, Position(Phase.HELD), "2")
    (found,) = messages(twice, steady)
    assert found.endswith("this one: propose, hold")
    rolling = in_phase(Phase.ROLLING)
    plain = rolled_back(rolling, "2")
    other = changed(plain, target=structs.replace(plain.records[-1].decision.target, version="3"))
    assert any("one decision" in each for each in messages(other, rolling))


def test_a_decision_has_at_the_base_what_it_needs() -> None:
    steady = adopted(family())
    (found,) = messages(decide(steady, Action.RELEASE, STEADY, "2"), steady)
    assert "a version that is in quarantine here, which the base does not give" in found
    edited = with_variants(steady, {"name": "stable", "version": "3", "weight": 100})
    assert "agree with the newest record" in messages(proposed(steady, "2"), edited)[0]
    silent = changed(decide(steady, Action.ADOPT, STEADY, "1"), reason=" ")
    assert "needs a reason" in messages(silent, steady)[0]
    candidate = proposed(steady, "2")
    assert "no candidate" in messages(decide(candidate, Action.ADOPT, STEADY, "2"), candidate)[0]


def test_a_rollback_is_the_one_that_the_base_gives() -> None:
    rolling = in_phase(Phase.ROLLING)
    good = rolled_back(rolling, "2")
    shift, restore = (record.decision for record in good.records[-2:])
    other = {name: [{"name": "stable", "version": "3", "weight": 100}] for name in shift.variants}
    only = replace(good, records=good.records[:-1])
    assert "as lockstep revert does" in messages(changed(only, variants=other), rolling)[0]
    assert "what lockstep revert restores" in messages(changed(good, variants=other), rolling)[0]
    for number in (9, restore.sequence):
        forged = changed(good, restored=Restored(number, exact=True))
        assert f"record {number}, which the base does not have" in messages(forged, rolling)[0]
    without = changed(good, restored=None)
    assert "record 0, which the base does not have" in messages(without, rolling)[0]


def test_both_halves_come_together_only_where_no_gate_says_what_is_live() -> None:
    rolling = in_phase(Phase.ROLLING)
    after = rolled_back(rolling, "2")
    (found,) = messages(after, with_live_gate(rolling))
    assert "restore needs a shift that is live in every cluster that it moved" in found
    shifted = replace(after, records=after.records[:-1])
    assert messages(shifted, with_live_gate(rolling)) == []
    # The base's gates count: a change cannot remove the gate that its own restore waits for.
    assert messages(after, replace(with_live_gate(rolling), records=shifted.records))
    assert messages(with_live_gate(after), rolling) == []


def test_a_return_to_the_recorded_variants_may_come() -> None:
    steady = adopted(family())
    edited = with_variants(steady, {"name": "stable", "version": "3", "weight": 100})
    back = decide(
        edited, Action.RESTORE, STEADY, "1", dict(steady.records[-1].decision.variants),
        restored=Restored(1, exact=True),
    )  # fmt: skip
    assert messages(back, edited) == []


def test_a_malformed_base_is_an_answer() -> None:
    rolling = in_phase(Phase.ROLLING)
    broken = with_variants(rolling, {"nom": "stable"})
    assert (
        messages(rolled_back(rolling, "2"), broken)
        == ["the specs of the base are malformed, so it cannot be compared"] * 2
    )


def test_what_needs_approval_says_what_would_move() -> None:
    steady = adopted(family())
    (first,) = messages(steady, family(), approval=True)
    assert "no variants change" in first and "reason given: because" in first
    (new,) = messages(steady, None, approval=True)
    assert "fraud-a from no variants to stable 1@100; fraud-b from" in new
    moved = with_variants(steady, {"name": "stable", "version": "3", "weight": 100})
    (found,) = messages(decide(moved, Action.ADOPT, STEADY, "3"), steady, approval=True)
    assert "fraud-a from stable 1@100 to stable 3@100; fraud-b from" in found
    named = changed(decide(moved, Action.ADOPT, STEADY, "3"), broken_records={"x": None})
    assert "settles 1 broken records" in messages(named, steady, approval=True)[0]
    after = rolled_back(in_phase(Phase.ROLLING), "2")
    (found,) = messages(decide(after, Action.RELEASE, STEADY, "2"), after, approval=True)
    assert found.startswith("the quarantine of version 2 ends: it may be proposed again")
    assert messages(proposed(steady, "2"), steady, approval=True) == []
    assert proposed(steady, "2").records[-1].decision.to == PROPOSED


def test_what_is_in_quarantine_is_neither_proposed_nor_adopted() -> None:
    made = family()
    entry = {"digest": digest_of("2"), "since": "2026-03-01T08:00:00Z"}

    def found(after: Family, **fields: Any) -> list[str]:
        decision = structs.replace(after.records[-1].decision, **fields)
        return [f.message for f in check_quarantine(decision, made, [entry])]

    assert found(adopted(made)) == []
    two = {"a": [{"name": "stable", "version": "2", "weight": 100}]}
    expected = "of version 2, which is in quarantine since 2026-03-01T08:00:00Z"
    assert found(adopted(made), variants=two) == [f"adopt {expected}"]
    assert found(proposed(adopted(made), "2")) == [f"propose {expected}"]
    assert found(decide(adopted(made), Action.RELEASE, STEADY, "2")) == []
