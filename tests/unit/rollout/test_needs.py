"""What each transition needs is checked, for every need of the table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.evidence import Verdict
from lockstep.model.fleet import Family
from lockstep.rollout.needs import CHECKS, ELSEWHERE, unmet_needs
from lockstep.rollout.transitions import Need
from tests.unit.fleets import family, recorded, tree
from tests.unit.rollout.ledgers import START, decide, in_phase

ROLLING = Position(Phase.ROLLING, 0, 1)
HELD = Position(Phase.HELD, 0, 0)
LATER = START + timedelta(days=9)


def unmet(before: Family, action: Action, to: Position, **details: Any) -> set[Need]:
    """What the next decision lacks, where it is about version 2 and says ``details``."""
    now = details.pop("now", START)
    newest = decide(before, action, to, "2", now=now).records[-1].decision
    return set(unmet_needs(before, structs.replace(newest, **details)))


def test_every_need_is_checked_in_one_place() -> None:
    assert CHECKS.keys() | ELSEWHERE.keys() == set(Need)
    assert not CHECKS.keys() & ELSEWHERE.keys()


def test_a_step_needs_a_bake_and_a_pass() -> None:
    before = in_phase(Phase.ROLLING)
    assert unmet(before, Action.ADVANCE, ROLLING) == {Need.BAKED, Need.STEP_GATES}
    assert unmet(before, Action.ADVANCE, ROLLING, now=LATER) == {Need.STEP_GATES}
    assert not unmet(before, Action.ADVANCE, ROLLING, now=LATER, verdict=Verdict.PASS)


def test_a_verification_needs_the_last_step() -> None:
    before, to = in_phase(Phase.ROLLING), Position(Phase.STEADY)
    found = unmet(before, Action.VERIFY, to, now=LATER, verdict=Verdict.PASS)
    assert found == {Need.LAST_STEP}


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_hold_needs_a_reason(reason: str) -> None:
    before = in_phase(Phase.ROLLING)
    assert unmet(before, Action.HOLD, HELD, reason=reason) == {Need.REASON}
    assert not unmet(before, Action.HOLD, HELD)


def test_an_adopted_state_is_settled() -> None:
    steady = Position(Phase.STEADY)
    assert unmet(in_phase(Phase.ROLLING), Action.ADOPT, steady) == {Need.SETTLED}
    assert not unmet(in_phase(Phase.STEADY), Action.ADOPT, steady)


def test_only_what_is_in_quarantine_is_released() -> None:
    before, steady = in_phase(Phase.STEADY), Position(Phase.STEADY)
    assert unmet(before, Action.RELEASE, steady) == {Need.QUARANTINED}
    bad = decide(before, Action.RESTORE, steady, "2", quarantines=True)
    assert not unmet(bad, Action.RELEASE, steady)


def test_a_rollback_needs_a_verified_state_and_a_proposal_specs_that_agree() -> None:
    steady = in_phase(Phase.STEADY)
    (record,) = steady.records
    gone = structs.replace(record.decision, verified_state=None)
    before = recorded(family(), gone)
    assert unmet(before, Action.SHIFT, Position(Phase.SHIFTED)) == {Need.VERIFIED}
    edited = family(tree('{name: stable, version: "1", weight: 99}'))
    before = replace(edited, records=steady.records)
    assert unmet(before, Action.PROPOSE, Position(Phase.PROPOSED)) == {Need.AGREEMENT}
