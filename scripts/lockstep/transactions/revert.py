"""Rolls back by hand: makes what the table of revert_choice says for the family as it is."""

from collections.abc import Mapping

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Decision, Target, Variants
from lockstep.model.errors import LockstepError
from lockstep.model.result import Blocked, NothingToDo, RolledBack, Waiting
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.position import newest_decision, position_of
from lockstep.rollout.revert_choice import (
    Nothing,
    RetireArm,
    ReturnToRecord,
    RollBack,
    choose_revert,
)
from lockstep.rollout.rollback import plan_return
from lockstep.spec import variants as forms
from lockstep.transactions.commit import FamilyChange
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.rollback import (
    RollbackRequest,
    blocked,
    build_rollback,
    carry_out,
    in_quarantine,
    no_verified_state,
    quarantine_file,
    roll_back,
)
from lockstep.transactions.run import RunOptions
from lockstep.transactions.state import FamilyState, digest_of


def revert(
    git: Git, options: RunOptions, state: FamilyState, version: str | None, reason: str
) -> PlannedCommit | Blocked | NothingToDo | Waiting:
    """Roll a version back by hand, the candidate where none is named; see choose_revert.

    Safe to run twice: the second run finds nothing to do, and makes no commit. Raises UsageError
    for a version without a record or a lock: only with its digest it can be in quarantine.
    """
    match choose_revert(state.family, version):
        case RollBack(bad, quarantines):
            request = RollbackRequest(
                _target(state, bad), reason, by_hand=True, quarantines=quarantines
            )
            return roll_back(git, options, state, request)
        case RetireArm(arm):
            return _retire(git, state, _target(state, arm), reason)
        case ReturnToRecord():
            return _return_to_record(git, options, state, reason)
        case Nothing(why, code, commands):
            return NothingToDo(state.title, why, code, commands)


def _target(state: FamilyState, version: str) -> Target:
    # Records first: people may have removed or exchanged the lock since.
    targets = (record.decision.target for record in reversed(state.family.records))
    known = next((target for target in targets if target.version == version), None)
    return known or Target(version, digest_of(state, version))


def _return_to_record(
    git: Git, options: RunOptions, state: FamilyState, reason: str
) -> PlannedCommit | Blocked | Waiting:
    plan = plan_return(state.family)
    if plan is None:
        return blocked(state, f"{no_verified_state(state)}; {reason}")
    request = RollbackRequest(plan.to.target, reason, by_hand=True, quarantines=False)
    return carry_out(git, options, state, plan, request)


def _retire(git: Git, state: FamilyState, target: Target, reason: str) -> PlannedCommit:
    """Take the weight of a version's experiment arms; a rollout goes on where it is."""
    family = state.family
    newest = newest_decision(family)
    if newest is None:
        raise LockstepError(f"{state.title} has no record")

    def retired(variants: Mapping[str, Variants]) -> dict[str, Variants]:
        arms = {target.version}
        return {name: forms.retired(each, arms, warm=True) for name, each in variants.items()}

    def decisions(unchecked: tuple[str, ...]) -> tuple[Decision, ...]:
        made = next_decision(
            family, Action.RETIRE, position_of(family), target,
            # With the recorded variants: specs that were edited by hand must still count as
            # diverged.
            retired(newest.variants), reason, state.snapshot.context,
            quarantines=not in_quarantine(family, target), unchecked=state.unchecked + unchecked,
        )  # fmt: skip
        return (made,)

    after = retired({c.name: c.variants for c in family.clusters})
    change = FamilyChange(after, quarantine_file(family, decisions(())), rollback_only=True)
    tree, made = build_rollback(git, state, change, decisions)
    return PlannedCommit(tree, RolledBack(made, unchecked=made[0].unchecked))
