"""The next record of a chain: it follows the newest one, and says who, when and on what."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from msgspec import structs

from lockstep import __version__
from lockstep.model.decision import Action, Decision, Phase, Position, Target
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Verdict
from lockstep.model.fleet import Family
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.position import current_variants
from lockstep.rollout.transitions import RULES
from tests.unit.fleets import digest_of, family, recorded
from tests.unit.rollout.ledgers import STEADY, in_phase

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
HERE = DecisionContext(NOON, "a runner <runner@example.com>", "c" * 40)


def decide(before: Family, action: Action = Action.ADOPT, context: DecisionContext = HERE,
           to: Position = STEADY, **details: object) -> Decision:  # fmt: skip
    return next_decision(
        before, action, to, Target("1", digest_of("1")),
        current_variants(before), "because", context, **details,
    )  # fmt: skip


def test_the_first_record_has_nothing_before_it() -> None:
    decision = decide(family())
    assert (decision.sequence, decision.previous) == (1, None)
    assert decision.source == Position(Phase.NEW) and decision.to == Position(Phase.STEADY)
    assert decision.path == "ledger/prod/fraud/000001.json"
    assert decision.decided_at == "2026-03-01T10:00:00Z"
    assert (decision.actor, decision.base) == (HERE.actor, HERE.base)
    assert decision.plan == family().spec["rollout"]
    assert (decision.program_version, decision.time_given) == (__version__, False)
    assert decide(family(), context=replace(HERE, time_given=True)).time_given
    assert set(decision.variants) == {"fraud-a", "fraud-b", "fraud-c"}


def test_the_next_record_names_the_bytes_of_the_one_before_it() -> None:
    before = recorded(family(), decide(family()))
    decision = decide(before, Action.RESTORE)
    assert decision.sequence == 2
    assert decision.previous == before.records[0].digest
    assert decision.source == Position(Phase.STEADY)


def test_details_are_recorded_as_they_are_given() -> None:
    decision = decide(family(), verdict=Verdict.PASS, quarantines=True, unchecked=("x",))
    assert (decision.verdict, decision.quarantines, decision.unchecked) == (
        Verdict.PASS, True, ("x",),
    )  # fmt: skip
    with pytest.raises(TypeError):
        decide(family(), no_such_field=1)


@pytest.mark.parametrize("action", Action)
def test_no_bake_begins_before_the_newest_record_but_neither_rollback_nor_hold_waits_for_a_clock(
    action: Action,
) -> None:
    transition = RULES[action].transitions[-1]
    before = in_phase(max(transition.source), datetime.fromisoformat("2026-03-01T10:00:00Z"))
    to = Position(transition.to)
    same_time, earlier = HERE, replace(HERE, now=NOON - timedelta(seconds=1))
    assert decide(before, action, same_time, to).sequence == len(before.records) + 1
    if action in (Action.HOLD, Action.SHIFT, Action.RESTORE, Action.RETIRE, Action.ADOPT):
        assert decide(before, action, earlier, to).decided_at == "2026-03-01T09:59:59Z"
        return
    with pytest.raises(LockstepError, match="it is 2026-03-01T09:59:59Z") as error:
        decide(before, action, earlier, to)
    assert error.value.where == before.records[-1].decision.path


def test_time_runner_and_evidence_do_not_change_the_id_but_what_is_decided_does() -> None:
    first = decide(family())
    other = replace(HERE, now=NOON + timedelta(days=1), actor="b <b@example.com>", base=None)
    assert decide(family(), context=other, verdict=Verdict.PASS).id == first.id
    changes: list[dict[str, object]] = [
        {"environment": "staging"}, {"family": "churn"}, {"action": Action.HOLD},
        {"target": Target("1", digest_of("2"))}, {"to": Position(Phase.ROLLING, 0, 0)},
        {"source": Position(Phase.HELD, 0, 0)}, {"previous": digest_of("1")},
    ]  # fmt: skip
    ids = {structs.replace(first, **change).id for change in changes}
    assert len(ids | {first.id}) == len(changes) + 1
