"""Every transition: those in the table replay, and all others are refused and found."""

from datetime import timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from lockstep.model.decision import Action, Decision, Phase, Position, Variants
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Evidence, Measurement, Verdict
from lockstep.model.fleet import Family
from lockstep.model.times import format_time
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.position import current_variants, following, position_of
from lockstep.rollout.replay import replay
from lockstep.rollout.transitions import RULES, StepChange
from lockstep.spec import variants as forms
from tests.unit.fleets import recorded
from tests.unit.rollout.ledgers import SOMEBODY, START, decide, in_phase, proposed, target_of

EVERY = list(product(Phase, Action, Phase))
ALLOWED = [each for each in EVERY if RULES[each[1]].find(each[0], each[2])]
FORBIDDEN = [each for each in EVERY if each not in ALLOWED]
BAKED = START + timedelta(hours=9)
GATE = {"name": "fpr", "source": "mlflow", "metric": "fpr", "max": 0.03}
TIME = "2026-03-01T16:00:00Z"


def start(source: Phase, action: Action, to: Phase) -> Family:
    """A family in the phase ``source``, at the place from which the action leads to ``to``."""
    if action is Action.VERIFY:
        made, whole = in_phase(Phase.ROLLING), {}
        for cluster in made.clusters:
            whole[cluster.name] = forms.stepped(cluster.variants, "2", 100)
        return decide(made, Action.ADVANCE, Position(Phase.ROLLING, 1, 1), "2", whole)
    if (source, to) == (Phase.HELD, Phase.PROPOSED):
        made = proposed(in_phase(Phase.STEADY), "2")
        return decide(made, Action.HOLD, Position(Phase.HELD), "2")
    return in_phase(source)


def destination(before: Family, action: Action, to: Phase) -> Position:
    at = position_of(before)
    if RULES[action].step_change is StepChange.NEXT and to is Phase.ROLLING:
        return following(before.spec["rollout"], at) or Position(to)
    return (
        Position(to, at.wave, at.step)
        if RULES[action].step_change is StepChange.SAME
        else Position(to)
    )


def variants(before: Family, action: Action, to: Position) -> dict[str, Variants]:
    after = current_variants(before)
    for cluster in before.clusters:
        if action is Action.PROPOSE:
            after[cluster.name] = forms.proposed(cluster.variants, "2")
        elif action is Action.VERIFY:
            after[cluster.name] = forms.verified(cluster.variants)
        elif action is Action.ADVANCE and cluster.region == "a":
            weight = before.spec["rollout"]["steps"][to.step or 0]["weight"]
            after[cluster.name] = forms.stepped(cluster.variants, "2", weight)
    return after


def evidence(before: Family, action: Action) -> tuple[Evidence, ...]:
    if action not in (Action.ADVANCE, Action.VERIFY):
        return ()
    answer = Answer("fpr", Measurement(0.01, time=TIME))
    since, asked = format_time(START), format_time(BAKED)
    return tuple(
        Evidence(GATE, c.name, "2", "1", since, asked, answer, Verdict.PASS, "said so")
        for c in before.clusters
    )


def decided(before: Family, action: Action, to: Position) -> Decision:
    given = evidence(before, action)
    return next_decision(
        before, action, to, target_of("2"), variants(before, action, to), "because",
        DecisionContext(BAKED, SOMEBODY, "c" * 40),
        evidence=given, verdict=Verdict.PASS if given else None,
    )  # fmt: skip


def test_the_table_has_transitions_and_forbids_more() -> None:
    assert len(ALLOWED) + len(FORBIDDEN) == len(Phase) * len(Action) * len(Phase)
    assert {action for _, action, _ in ALLOWED} == set(Action)


@pytest.mark.parametrize(("source", "action", "to"), ALLOWED)
def test_what_the_table_allows_replays_without_a_finding(
    source: Phase, action: Action, to: Phase
) -> None:
    before = start(source, action, to)
    assert position_of(before).phase is source
    decision = decided(before, action, destination(before, action, to))
    found = replay(recorded(before, decision))
    assert [finding for finding in found if finding.file == decision.path] == []


@pytest.mark.parametrize(("source", "action", "to"), FORBIDDEN)
def test_what_the_table_does_not_allow_is_refused_and_found(
    source: Phase, action: Action, to: Phase
) -> None:
    before = start(source, Action.ADOPT, to)
    place = destination(before, action, to)
    with pytest.raises(LockstepError, match=f"{action} cannot lead from {source}.* to {to}"):
        decided(before, action, place)
    forged = replace(decided(before, Action.ADOPT, Position(Phase.STEADY)), action=action, to=place)
    found = replay(recorded(before, forged))
    assert "replay.move" in {f.rule for f in found if f.file == forged.path}
