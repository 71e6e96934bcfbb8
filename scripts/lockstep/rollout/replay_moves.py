"""Recomputes whether each record may follow those before it, as Lockstep itself would decide.

The evidence of a record carries its verdict (see ``replay``). Here it is asked whether that
verdict was enough: the move, the version, the bake, the weights, and gates of every cluster.
"""

from collections.abc import Iterator
from dataclasses import replace

from lockstep.model.clock import later, parse_duration, parse_time
from lockstep.model.decision import Action, Decision, Phase, Position, Variants
from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.rollout import position as rollout
from lockstep.spec import variants as forms

_FIX = "find the commit that brought the record: Lockstep does not make such a one"
_ANY = frozenset(Phase)
_MOVES: dict[Action, tuple[frozenset[Phase], frozenset[Phase]]] = {
    Action.PROPOSE: (frozenset({Phase.STEADY}), frozenset({Phase.PROPOSED})),
    Action.ADVANCE: (frozenset({Phase.PROPOSED, Phase.ROLLING}), frozenset({Phase.ROLLING})),
    Action.VERIFY: (frozenset({Phase.ROLLING}), frozenset({Phase.STEADY})),
    Action.HOLD: (frozenset({Phase.PROPOSED, Phase.ROLLING}), frozenset({Phase.HELD})),
    Action.RESUME: (frozenset({Phase.HELD}), frozenset({Phase.PROPOSED, Phase.ROLLING})),
    Action.SHIFT: (_ANY - {Phase.NEW}, frozenset({Phase.SHIFTED})),
    Action.RESTORE: (_ANY - {Phase.NEW}, frozenset({Phase.STEADY})),
    Action.RELEASE: (_ANY - {Phase.NEW}, _ANY - {Phase.NEW}),
    Action.ADOPT: (_ANY, frozenset({Phase.STEADY})),
}
_SAME_PLACE = (Action.HOLD, Action.RESUME)
_OF_ONE_ROLLOUT = (Action.ADVANCE, Action.VERIFY, *_SAME_PLACE)


def replay_moves(family: Family) -> list[Finding]:
    """Each record that does not follow from those before it, with the reason."""
    findings = []
    for index, record in enumerate(family.records):
        before = replace(family, records=family.records[:index])
        decision = record.decision
        findings += [
            Finding(decision.path, 1, 1, "replay.move", f"{decision.action}: {text}", _FIX)
            for text in _collected(before, decision)
        ]
    return findings


def _collected(before: Family, decision: Decision) -> list[str]:
    try:
        return list(_faults(before, decision))
    except (TypeError, ValueError) as error:  # a plan or variants that nobody can compute with
        return [f"its values make no sense: {str(error)[:100]}"]


def _faults(before: Family, decision: Decision) -> Iterator[str]:
    came_from, led_to = _MOVES[decision.action]
    if decision.source.phase not in came_from or decision.to.phase not in led_to:
        yield f"it leads from {decision.source} to {decision.to}, which no such decision does"
        return
    if decision.action in _OF_ONE_ROLLOUT and decision.target != rollout.target(before):
        yield f"the rollout is not about version {decision.target.version}"
    elif decision.to not in _next_positions(decision):
        yield f"{decision.to} does not come after {decision.source} in the plan"
    else:
        yield from _wrong_variants(before, decision)
        if decision.action in (Action.ADVANCE, Action.VERIFY):
            yield from _too_early(before, decision)


def _next_positions(decision: Decision) -> tuple[Position, ...]:
    """Where a decision may lead by the plan that it holds."""
    at = decision.source
    if decision.action in _SAME_PLACE:
        return (Position(decision.to.phase, at.wave, at.step),)
    if decision.action is Action.RELEASE:
        return (at,)
    if decision.action not in (Action.ADVANCE, Action.VERIFY):
        return (Position(decision.to.phase),)
    if at.wave is None or at.step is None:
        return (Position(Phase.ROLLING, 0, 0),)
    if at.step + 1 < len(_steps(decision)):
        return (Position(Phase.ROLLING, at.wave, at.step + 1),)
    if at.wave + 1 < len(value_at(decision.plan, ("waves",), [])):
        return (Position(Phase.ROLLING, at.wave + 1, 0),)
    return (Position(Phase.STEADY),)


def _wrong_variants(before: Family, decision: Decision) -> Iterator[str]:
    was = rollout.newest(before)
    if was is None or decision.action in (Action.ADOPT, Action.SHIFT, Action.RESTORE):
        return  # these start from the specs as people left them
    if was.variants.keys() != decision.variants.keys():
        yield "it is about other clusters than the record before it"
        return
    for name, found in decision.variants.items():
        expected = _expected(was.variants[name], decision)
        if not any(rollout.same_variants(found, each) for each in expected):
            yield f"{name} has {rollout.brief(found)}, which does not follow from what it had"


def _expected(was: Variants, decision: Decision) -> list[Variants]:
    """The forms that one cluster may have after a decision; an advance moves one wave only."""
    version = decision.target.version
    if decision.action is Action.PROPOSE:
        return [forms.proposed(was, version)]
    if decision.action is Action.VERIFY:
        return [forms.verified(was)]
    if decision.action is Action.ADVANCE and decision.to.step is not None:
        weight = value_at(_steps(decision), (decision.to.step, "weight"))
        return [was, *([forms.stepped(was, version, weight)] if isinstance(weight, int) else [])]
    return [was]


def _too_early(before: Family, decision: Decision) -> Iterator[str]:
    """What a move forward must wait for: the bake, and gates where two versions share traffic."""
    was, began, step = rollout.newest(before), rollout.step_began(before), decision.source.step
    if was is None or began is None or step is None:
        return
    bake = value_at(_steps(decision), (step, "bake"))
    if isinstance(bake, str) and parse_time(decision.decided_at) < later(
        began, parse_duration(bake)
    ):
        yield f"decided at {decision.decided_at}, before the step had baked for {bake}"
    asked = {item.cluster for item in decision.evidence}
    sharing = {name for name, each in was.variants.items() if len(forms.serving_versions(each)) > 1}
    if sharing - asked:  # a cluster with one version may have nothing left to compare
        yield f"no gate was asked in {', '.join(sorted(sharing - asked))}"


def _steps(decision: Decision) -> Json:
    return value_at(decision.plan, ("steps",), [])
