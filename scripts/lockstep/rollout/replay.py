"""Recomputes from records alone what was decided: anyone can do it, offline, years later.

``replay_verdicts`` judges the evidence of each record again. ``replay_moves`` asks whether that
was enough: the transition, the version, the bake, the weights, and gates of every cluster.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from msgspec.structs import replace as evolve

from lockstep.gates.family_verdict import judge_comparisons, same_numbers
from lockstep.gates.verdicts import COMPARE, judge_again
from lockstep.model.decision import Action, Decision, Phase, Position, Variants
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import Evidence, Verdict, worst
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.model.times import format_time, later, parse_duration, parse_time
from lockstep.rollout.approvals import why_not_approved
from lockstep.rollout.comparisons import comparisons_so_far
from lockstep.rollout.divergence import same_variants
from lockstep.rollout.gate_questions import is_asked_at_promote
from lockstep.rollout.liveness import (
    Liveness,
    asked_from,
    is_live_gate,
    live_gates_of_plan,
    liveness,
)
from lockstep.rollout.position import following, newest_decision, running_target
from lockstep.rollout.promotion_gates import PROMOTE_GATES, why_of_other_promotion
from lockstep.rollout.transitions import RULES, Need, StepChange
from lockstep.spec import variants as forms
from lockstep.text.phrases import list_variants
from lockstep.text.sanitise import one_line

_BEGINS = (Action.PROPOSE, Action.ADOPT)
"""After these, the comparisons of a rollout have no block of an earlier record."""

_FIX_VERDICT = "compare the record with git's history; its evidence does not support the decision"
_FIX_MOVE = "find the commit that brought the record: Lockstep does not write such a record"


def replay(family: Family) -> list[Finding]:
    """Everything in a family's records that does not follow from what they hold."""
    return [*replay_verdicts(family), *replay_moves(family)]


def replay_verdicts(family: Family, after_gaps: Collection[str] = ()) -> list[Finding]:
    """What each record says that does not follow from its evidence.

    ``after_gaps`` are the paths of records before which others are missing: from there to the end
    of that rollout, nobody knows what its comparisons had before.
    """
    start, whole = _first_to_follow(family), True
    findings: list[Finding] = []
    for index, record in enumerate(family.records):
        decision = record.decision
        whole = decision.action in _BEGINS or (whole and decision.path not in after_gaps)
        before = replace(family, records=family.records[start:index])
        findings += _verdicts(before, decision, whole and index >= start)
    return findings


def _verdicts(before: Family, decision: Decision, follows: bool) -> Iterator[Finding]:
    again = _judged_again(before, decision)
    if not follows:  # the blocks of its comparisons may have been in a record that is broken
        again = [old if COMPARE in old.gate else new
                 for old, new in zip(decision.evidence, again, strict=True)]  # fmt: skip
    for item, found in zip(decision.evidence, again, strict=True):
        if other := _of_elsewhere(item, decision):
            yield _verdict_finding(decision, "replay.verdict", f"{_named(item)}: {other}")
        if unproven := why_not_approved(item, decision):
            yield _verdict_finding(decision, "replay.verdict", f"{_named(item)}: {unproven}")
        if found.verdict is not item.verdict:
            text = f"{_named(item)}: recorded {item.verdict}, recomputed {found.verdict}"
            yield _verdict_finding(decision, "replay.verdict", text)
        if not same_numbers(found.comparison, item.comparison):
            text = f"{_named(item)}: the numbers of its comparison do not follow from its blocks"
            yield _verdict_finding(decision, "replay.verdict", text)
    overall = worst(found.verdict for found in again)
    if decision.evidence and decision.verdict is not overall:
        text = f"the record says {decision.verdict}, its evidence says {overall}"
        yield _verdict_finding(decision, "replay.verdict", text)
    if _needs_pass(decision) and overall is not Verdict.PASS:
        text = f"{decision.action} does not follow from the verdict {overall}"
        yield _verdict_finding(decision, "replay.action", text)
    elif missing := _not_asked(decision):
        text = f"{decision.action} needs these gates, which were not asked: {', '.join(missing)}"
        yield _verdict_finding(decision, "replay.action", text)


def _judged_again(before: Family, decision: Decision) -> list[Evidence]:
    """The evidence of a decision with the verdicts that follow from it and from earlier records."""
    alone = []
    for item in decision.evidence:
        verdict, reason = judge_again(item)
        alone.append(evolve(item, verdict=verdict, reason=reason, comparison=None))
    if not any(COMPARE in item.gate for item in alone):  # most records: a ledger may be long
        return alone
    return judge_comparisons(alone, comparisons_so_far(before))


def _named(item: Evidence) -> str:
    return f"gate {one_line(str(item.gate.get('name')), 80)} in {one_line(item.cluster, 80)}"


def _of_elsewhere(item: Evidence, decision: Decision) -> str:
    """How evidence shows that it was given for another decision; empty where it does not."""
    if is_asked_at_promote(item.gate):
        if other := why_of_other_promotion(item, decision):
            return other
    elif item.candidate_version != decision.target.version:
        return f"the evidence is about version {one_line(item.candidate_version, 80)}"
    # One run has one time: that of its questions is that of its decision.
    if item.asked_at != decision.decided_at:
        return f"it was asked at {one_line(item.asked_at, 80)}, and not for this decision"
    return ""


def _needs(decision: Decision) -> Collection[Need]:
    """What the decision needs; a forged one that is no transition needs all that its action may."""
    rules = RULES[decision.action]
    transition = rules.find(decision.source.phase, decision.to.phase)
    return transition.needs if transition else rules.needs


def _needs_pass(decision: Decision) -> bool:
    """Whether only a pass of all its evidence supports the decision."""
    needs = _needs(decision)
    # A family without gates of a proposal has neither, and its proposals need no pass.
    given = bool(decision.evidence or _required(decision, "proposeGates"))
    return Need.STEP_GATES in needs or (Need.PROPOSE_GATES in needs and given)


def _not_asked(decision: Decision) -> list[str]:
    """The gates of a proposal that its record demands, and whose evidence it does not hold."""
    if Need.PROPOSE_GATES not in _needs(decision):
        return []
    missing = []
    for promoted, field in ((False, "proposeGates"), (True, PROMOTE_GATES)):
        # By when it is asked: clusters of two environments may have the same name.
        items = (item for item in decision.evidence if is_asked_at_promote(item.gate) is promoted)
        asked = {(item.cluster, str(item.gate.get("name"))) for item in items}
        missing += [
            f"{one_line(str(name), 80)} in {one_line(str(cluster), 80)}"
            for cluster, names in _required(decision, field).items()
            for name in names
            if (cluster, str(name)) not in asked
        ]
    return missing


def _required(decision: Decision, field: str) -> Mapping[str, list[str]]:
    """The gates that a proposal had to pass, by cluster, by the plan that the record holds."""
    required = value_at(decision.plan, (field,), {})
    if not isinstance(required, dict):
        return {"plan": [field]}  # no gate has this name, so a forged plan never passes
    return {
        cluster: names if isinstance(names, list) else [str(names)]
        for cluster, names in required.items()
    }


def _verdict_finding(decision: Decision, rule: str, message: str) -> Finding:
    return Finding(decision.path, 1, 1, rule, message, _FIX_VERDICT)


def replay_moves(family: Family) -> list[Finding]:
    """Each record that does not follow from those before it, with the reason.

    From the newest adoption on that has named broken records: without those, the records before
    it do not follow from each other.
    """
    findings = []
    start = _first_to_follow(family)
    for index, record in enumerate(family.records[start:], start):
        # Only the records before it: later ones must not change the answer.
        before = replace(family, records=family.records[:index])
        decision = record.decision
        findings += [
            Finding(decision.path, 1, 1, "replay.move", f"{decision.action}: {text}", _FIX_MOVE)
            for text in _problems(before, decision)
        ]
    return findings


def _first_to_follow(family: Family) -> int:
    """The index of the newest adoption that has named broken records; 0 where there is none."""
    settles = [bool(r.decision.broken_records) and r.decision.action is Action.ADOPT
               for r in family.records]  # fmt: skip
    return len(settles) - 1 - settles[::-1].index(True) if any(settles) else 0


def _problems(before: Family, decision: Decision) -> list[str]:
    try:
        return list(_contradictions(before, decision))
    except (TypeError, ValueError) as error:  # a plan or variants that cannot be computed with
        return [f"its values are not valid: {one_line(str(error), 100)}"]


def _contradictions(before: Family, decision: Decision) -> Iterator[str]:
    rules = RULES[decision.action]
    transition = rules.find(decision.source.phase, decision.to.phase)
    if decision.verified_state and not rules.makes_verified_state:
        yield "this action makes no verified state, and the record holds one"
    # The first contradiction is enough: the later ones would only follow from it.
    if transition is None or not all(map(_is_possible, (decision.source, decision.to))):
        yield f"this action cannot lead from {decision.source} to {decision.to}"
    elif rules.running_version and decision.target != running_target(before):
        yield f"the rollout is not about version {decision.target.version}"
    elif decision.to != _next_position(decision):
        yield f"{decision.to} does not come after {decision.source} in the plan"
    else:
        # Where people's edits of the specs count, no record can say what the variants must be.
        if not rules.from_specs:
            yield from _wrong_variants(before, decision)
        if Need.BAKED in transition.needs:
            yield from _too_early(before, decision)
        yield from _restored_early(before, decision)
        yield from _since_when(before, decision)


def _is_possible(at: Position) -> bool:
    """Whether the phase has a wave and a step where it must, and none where it has no step yet.

    A proposal at some wave would be moved on without a bake and without the gates of a step.
    """
    return at.phase is Phase.HELD or (at.phase is Phase.ROLLING) is (at.wave is not None)


def _next_position(decision: Decision) -> Position:
    """Where a decision leads by its action and by the plan that it holds."""
    at, change = decision.source, RULES[decision.action].step_change
    if change is StepChange.NONE:
        return Position(decision.to.phase)
    if change is StepChange.SAME:
        return Position(decision.to.phase, at.wave, at.step)
    return following(decision.plan, at) or Position(Phase.STEADY)


def _wrong_variants(before: Family, decision: Decision) -> Iterator[str]:
    was = newest_decision(before)
    if was is None:
        return
    if was.variants.keys() != decision.variants.keys():
        yield "its clusters differ from those of the record before it"
        return
    for name, found in decision.variants.items():
        expected = _expected(was.variants[name], decision)
        if not any(same_variants(found, each) for each in expected):
            yield f"{name} has {list_variants(found)}, which does not follow from what it had"


def _expected(was: Variants, decision: Decision) -> list[Variants]:
    """The forms that one cluster may have after a decision; an advance moves one wave only."""
    version = decision.target.version
    if decision.action is Action.PROPOSE:
        return [forms.proposed(was, version)]
    if decision.action is Action.VERIFY:
        return [forms.verified(was)]
    if decision.action is Action.RETIRE:
        return [forms.retired(was, {version}, warm=True)]
    if decision.action is Action.ADVANCE and decision.to.step is not None:
        # Records do not hold the regions of clusters, so any of them may be outside of the wave.
        weight = value_at(_steps(decision), (decision.to.step, "weight"))
        return [was, *([forms.stepped(was, version, weight)] if isinstance(weight, int) else [])]
    return [was]


def _too_early(before: Family, decision: Decision) -> Iterator[str]:
    """What a move forward must wait for: the bake, and gates where two versions share traffic."""
    was, live, step = newest_decision(before), _liveness(before, decision), decision.source.step
    if live.waits:
        yield f"the step was not live: {live.why}"
    if was is None or live.since is None or step is None:
        return
    # By the plan in the record: the spec may have another bake today.
    bake = value_at(_steps(decision), (step, "bake"))
    if isinstance(bake, str) and parse_time(decision.decided_at) < later(
        live.since, parse_duration(bake)
    ):
        yield f"decided at {decision.decided_at}, before the step had baked for {bake}"
    asked = {item.cluster for item in decision.evidence}
    sharing = {name for name, each in was.variants.items() if len(forms.serving_versions(each)) > 1}
    if sharing - asked:  # a cluster with one version may have nothing left to compare
        yield f"no gate was asked in {', '.join(sorted(sharing - asked))}"


def _liveness(before: Family, decision: Decision) -> Liveness:
    """Since when the step or the shift was live that a decision leaves, by its own evidence."""
    return liveness(before, decision.evidence, live_gates_of_plan(decision))


def _restored_early(before: Family, decision: Decision) -> Iterator[str]:
    """Whether a restore came before its shift was live, which its plan has gates for."""
    if decision.action is Action.RESTORE and decision.source.phase is Phase.SHIFTED:
        live = _liveness(before, decision)
        if live.waits:
            yield f"the shift was not live: {live.why}"


def _since_when(before: Family, decision: Decision) -> Iterator[str]:
    """Whether evidence counts from when the step was live on; of a proposal, from itself on."""
    live, began = _liveness(before, decision), asked_from(before)
    decided = format_time(began) if began else None
    since = format_time(live.since) if live.since else None
    if decision.action is Action.PROPOSE:
        decided = since = decision.decided_at
    if decision.live_since is not None and decision.live_since != since:
        yield f"it says that the step was live since {one_line(decision.live_since, 80)}"
        return
    if live.asked and live.since and decision.live_since is None:
        yield f"it does not say that the step was live since {since}"
    for item in decision.evidence:
        if is_asked_at_promote(item.gate):
            if parse_time(item.since) > parse_time(decision.decided_at):
                yield f"its evidence counts from {one_line(item.since, 80)} on, which is after it"
            continue
        # What says since when it is live is asked from when it was decided, and so is the rest
        # while it is not.
        wanted = decided if since is None or is_live_gate(item.gate) else since
        if item.since != wanted:
            said = one_line(item.since, 80)
            yield f"its evidence counts from {said} on, and not from {wanted} on"
            return


def _steps(decision: Decision) -> Json:
    return value_at(decision.plan, ("steps",), [])
