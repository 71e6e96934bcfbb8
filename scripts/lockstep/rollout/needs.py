"""Whether a decision has what the table of transitions says that it needs.

The verbs refuse earlier, with the reason and what to do. This is asked once more of every decision
before it is committed, so that a need of the table cannot be forgotten in a verb.
"""

from collections.abc import Callable, Mapping

from lockstep.model.decision import Decision
from lockstep.model.evidence import Verdict
from lockstep.model.fleet import Family
from lockstep.model.times import parse_time
from lockstep.rollout.divergence import has_diverged
from lockstep.rollout.gate_questions import has_propose_gates
from lockstep.rollout.liveness import liveness
from lockstep.rollout.position import bake_ends, following, verified_decision
from lockstep.rollout.promotion_gates import gates_not_passed
from lockstep.rollout.quarantine import entries_of
from lockstep.rollout.transitions import RULES, Need
from lockstep.spec import variants as forms

ELSEWHERE: Mapping[Need, str] = {
    Need.ALLOWED_VERSION: "`lockstep propose`, which reads the quarantines of all environments",
    Need.RENDERED: "`lockstep adopt`, which renders the manifests and compares them",
    Need.RENDERED_NOW: "`lockstep propose` and `lockstep advance`, which compare them, too",
    Need.REGISTERED: "`lockstep revert` and `lockstep advance`, which ask the registry",
}
"""Needs that the family alone cannot show, and what checks them."""


def unmet_needs(family: Family, decision: Decision) -> list[Need]:
    """What a decision lacks; ``family`` is its family as it was before the decision."""
    transition = RULES[decision.action].find(decision.source.phase, decision.to.phase)
    # Never without a transition: next_decision makes no such decision.
    needs = transition.needs if transition else ()
    return [need for need in needs if need in CHECKS and not CHECKS[need](family, decision)]


def _has_reason(family: Family, decision: Decision) -> bool:
    return bool(decision.reason.strip())


def _agrees(family: Family, decision: Decision) -> bool:
    return not has_diverged(family)


def _has_verified_state(family: Family, decision: Decision) -> bool:
    return verified_decision(family) is not None


def _passed_propose_gates(family: Family, decision: Decision) -> bool:
    return not has_propose_gates(family) or decision.verdict is Verdict.PASS


def _passed_promote_gates(family: Family, decision: Decision) -> bool:
    return not (decision.promoted_from and gates_not_passed(family, decision.evidence))


def _passed_step_gates(family: Family, decision: Decision) -> bool:
    return decision.verdict is Verdict.PASS


def _has_baked(family: Family, decision: Decision) -> bool:
    began, step = liveness(family, decision.evidence).since, decision.source.step
    ends = bake_ends(family, began, step) if began is not None and step is not None else None
    # A step that is not live has not baked, nor has one that people took out of the plan.
    return ends is not None and parse_time(decision.decided_at) >= ends


def _has_live_shift(family: Family, decision: Decision) -> bool:
    return not liveness(family, decision.evidence).waits


def _at_last_step(family: Family, decision: Decision) -> bool:
    return following(family.spec["rollout"], decision.source) is None


def _is_settled(family: Family, decision: Decision) -> bool:
    return all(map(forms.settled, decision.variants.values()))


def _is_quarantined(family: Family, decision: Decision) -> bool:
    return any(entry.get("digest") == decision.target.digest for entry in entries_of(family))


CHECKS: Mapping[Need, Callable[[Family, Decision], bool]] = {
    Need.REASON: _has_reason,
    Need.AGREEMENT: _agrees,
    Need.VERIFIED: _has_verified_state,
    Need.PROPOSE_GATES: _passed_propose_gates,
    Need.PROMOTE_GATES: _passed_promote_gates,
    Need.STEP_GATES: _passed_step_gates,
    Need.BAKED: _has_baked,
    Need.LAST_STEP: _at_last_step,
    Need.SHIFT_LIVE: _has_live_shift,
    Need.SETTLED: _is_settled,
    Need.QUARANTINED: _is_quarantined,
}
"""How each other need is checked."""
