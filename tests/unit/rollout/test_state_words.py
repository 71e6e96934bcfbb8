"""The state of a rollout in words."""

from datetime import timedelta

import pytest

from lockstep.model.decision import Phase
from lockstep.rollout.state_words import describe_state
from tests.unit.rollout.ledgers import START, in_phase
from tests.unit.rollout.live_answers import with_live_gate


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        (Phase.NEW, "no record: adopt it"),
        (Phase.STEADY, "steady"),
        (Phase.PROPOSED, "version 2 proposed"),
        (Phase.ROLLING, "version 2: wave 1/2 step 1/2, baking until 2026-03-01T09:00:00Z"),
        (Phase.HELD, "version 2 held wave 1 step 1"),
        (Phase.SHIFTED, "version 2 shifted"),
    ],
)
def test_each_phase_is_described(phase: Phase, state: str) -> None:
    assert describe_state(in_phase(phase), START) == state


def test_a_step_that_has_baked_waits_for_its_gates() -> None:
    state = describe_state(in_phase(Phase.ROLLING), START + timedelta(days=9))
    assert state.endswith(", baked, waiting for its gates")


def test_where_argo_cd_says_what_is_live_the_state_says_what_waits_for_that() -> None:
    rolling = with_live_gate(in_phase(Phase.ROLLING))
    expected = "version 2: wave 1/2 step 1/2, bakes for 1h once it is live"
    assert describe_state(rolling, START + timedelta(days=9)) == expected
    shifted = with_live_gate(in_phase(Phase.SHIFTED))
    assert describe_state(shifted, START) == "version 2 shifted, restored once that is live"
