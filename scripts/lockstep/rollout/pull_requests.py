"""What a pull request may bring to the ledger: one decision of a family, and no move forward.

This is asked of records in commits that are not on the followed branch yet. What is on it is a
matter of the audit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lockstep.model.decision import Action, Decision, Record
from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Family
from lockstep.rollout.claims import relied_on
from lockstep.rollout.divergence import same_variants
from lockstep.rollout.needs import unmet_needs
from lockstep.rollout.position import current_variants, newest_decision
from lockstep.rollout.quarantine import matches
from lockstep.rollout.rollback import RollbackPlan, plan_return, plan_rollback
from lockstep.rollout.transitions import RULES
from lockstep.text.phrases import list_variants
from lockstep.text.sanitise import cut, one_line

RULE = "ledger.pull-request"
"""The rule of what a pull request may not bring."""

_DIGEST = ("spec", "identity", "digest")

_FIX = (
    "remove the record from the branch; docs/explanation/security.md of Lockstep says what a pull"
    " request may bring"
)


def check_arrivals(family: Family, before: Family | None, new: Sequence[Record]) -> list[Finding]:
    """What is wrong with the ``new`` records of a pull request, and what in them needs approval.

    ``before`` is the family at the base; None for a family that comes with the change.
    """
    decisions = [record.decision for record in new]
    was = before or _without(family, new)
    found = [*_forward(decisions), *_several(decisions)]
    if not found:  # one decision, so what follows is about the state of the base
        for index, record in enumerate(new):
            found += _unfounded(record.decision, was, new[:index])
    return [*found, *approvals(family, before, new)]


def approvals(family: Family, before: Family | None, new: Sequence[Record]) -> list[Finding]:
    """What in the ``new`` records people have to approve; see check_arrivals."""
    was = before or _without(family, new)
    decisions = (record.decision for record in new)
    return [_approval(each, was) for each in decisions if each.action in _APPROVED]


def _without(family: Family, new: Sequence[Record]) -> Family:
    """A family that the base does not declare, as it was there: with older records at most."""
    known = tuple(record for record in family.records if record not in new)
    return replace(family, clusters=(), records=known, broken=())


def check_quarantine(
    decision: Decision, family: Family, quarantine: Sequence[Json]
) -> Iterator[Finding]:
    """A finding for each version in ``quarantine`` that a new decision proposes or adopts."""
    versions = {decision.target.version: decision.target.digest}
    if decision.action is Action.ADOPT:
        # Of the locks: a record names one version, and adopts all that are in the specs.
        named = {str(v["version"]) for each in decision.variants.values() for v in each}
        locks = {version: lock for version, lock in family.locks.items() if version in named}
        versions |= {v: value_at(lock.value, _DIGEST) for v, lock in locks.items()}
    elif decision.action is not Action.PROPOSE:
        return
    registry, model = (value_at(family.spec, ("model", key)) for key in ("registry", "name"))
    for version, digest in versions.items():
        known = {"registry": registry, "model": model, "version": version, "digest": digest}
        entry = next((each for each in quarantine if matches(each, **known)), None)
        if entry is not None:
            text = (
                f"{decision.action} of version {one_line(version, 80)}, which is in quarantine "
                f"since {one_line(str(entry.get('since')), 80)}"
            )
            fix = "release it first, in a pull request of its own that is merged before this one"
            yield Finding(decision.path, 1, 1, RULE, text, fix)


def _forward(decisions: Sequence[Decision]) -> Iterator[Finding]:
    for decision in decisions:
        if not RULES[decision.action].in_pull_request:
            text = f"{decision.action} is made on the followed branch, never by a pull request"
            yield _finding(decision, text)


def _several(decisions: Sequence[Decision]) -> Iterator[Finding]:
    """A finding where there is more than one decision; a shift and its restore count as one."""
    actions = [decision.action for decision in decisions]
    both = actions == [Action.SHIFT, Action.RESTORE] and decisions[0].target == decisions[1].target
    if len(actions) > 1 and not both:
        text = f"a pull request brings one decision of a family, and this one: {', '.join(actions)}"
        yield _finding(decisions[1], text)


def _unfounded(decision: Decision, was: Family, earlier: Sequence[Record]) -> Iterator[Finding]:
    """What the state of the base does not give: what the decision needs, and what it restores.

    ``earlier`` is the shift whose restore comes with it.
    """
    prior = relied_on(was, decision)
    try:
        unmet = unmet_needs(replace(prior, records=(*prior.records, *earlier)), decision)
        wrong = _other_rollback(decision, prior)
    except (LookupError, TypeError, ValueError, AttributeError):  # malformed specs of the base
        unmet, wrong = [], "the specs of the base are malformed, so it cannot be compared"
    if unmet:
        listed = "; ".join(need.value for need in unmet)
        yield _finding(decision, f"{decision.action} needs {listed}, which the base does not give")
    if wrong:
        yield _finding(decision, wrong)


def _other_rollback(decision: Decision, prior: Family) -> str:
    """How a half of a rollback differs from the one that ``revert`` makes; empty where not."""
    if decision.action is Action.SHIFT:
        plan = plan_rollback(prior, decision.target.version)
        if plan is None or not _gives(plan.shift, decision):
            return "it does not shift the traffic as lockstep revert does on the base"
    if decision.action is Action.RESTORE:
        number = decision.restored.sequence if decision.restored else 0
        if number not in {record.decision.sequence for record in prior.records}:
            return f"it restores the state of record {number}, which the base does not have"
        plans = (plan_rollback(prior, decision.target.version), plan_return(prior))
        if not any(plan and _is_restore(plan, number, decision) for plan in plans):
            return "it does not restore what lockstep revert restores on the base"
    return ""


def _is_restore(plan: RollbackPlan, number: int, decision: Decision) -> bool:
    return plan.to.sequence == number and _gives(plan.restore, decision)


def _gives(variants: dict[str, list[dict[str, object]]], decision: Decision) -> bool:
    return variants.keys() == decision.variants.keys() and all(
        same_variants(each, decision.variants[name]) for name, each in variants.items()
    )


_APPROVED = (Action.ADOPT, Action.RELEASE)
"""What no gate is asked about: people decide it, and other people approve it."""


def _approval(decision: Decision, was: Family) -> Finding:
    """What an adoption or a release would do, for the people who have to approve it."""
    version = one_line(decision.target.version, 80)
    if decision.action is Action.RELEASE:
        text = f"the quarantine of version {version} ends: it may be proposed again"
    else:
        text = "the specs become the verified state to return to, without gates: " + _moves(
            decision, was
        )
    if decision.broken_records:
        text += f"; it settles {len(decision.broken_records)} broken records"
    text = f"{text}; reason given: {one_line(decision.reason, 200)}"
    fix = "have an owner of the family approve it before it is merged"
    rule = f"approval.{decision.action}"
    return Finding(decision.path, 1, 1, rule, text, fix, severity=Severity.APPROVAL)


def _moves(decision: Decision, was: Family) -> str:
    """How the variants of each cluster differ from what was recorded before, or served."""
    newest = newest_decision(was)
    before = newest.variants if newest else current_variants(was)
    moved = [
        f"{name} from {list_variants(before.get(name))} to {list_variants(after)}"
        for name, after in sorted(decision.variants.items())
        if name not in before or not same_variants(before[name], after)
    ]
    moved += [f"{name} is removed" for name in sorted(before.keys() - decision.variants.keys())]
    return cut("; ".join(moved), 2000) or "no variants change"


def _finding(decision: Decision, text: str) -> Finding:
    return Finding(decision.path, 1, 1, RULE, text, _FIX)
