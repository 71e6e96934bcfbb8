"""Ends the quarantine of one version, by name and with a reason."""

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase, Target
from lockstep.model.errors import UsageError
from lockstep.model.result import Decided
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.position import current_variants, position_of
from lockstep.rollout.quarantine import entries_of, write_quarantine
from lockstep.text.sanitise import one_line
from lockstep.transactions.commit import FamilyChange, build
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.state import (
    FamilyState,
    refuse_diverged,
    require_history,
    require_pinned_program,
    with_record,
)


def release(git: Git, state: FamilyState, version: str, reason: str) -> PlannedCommit:
    """Release a version in this environment. Raises UsageError where it is not in quarantine."""
    require_pinned_program(state)
    refuse_diverged(state)
    require_history(state)
    quarantined = entries_of(state.family)
    entry = next((each for each in quarantined if each.get("version") == version), None)
    if entry is None:
        listed = ", ".join(str(each.get("version")) for each in quarantined) or "none"
        raise UsageError(
            f"version {one_line(version, 60)} of {state.title} is not in quarantine here",
            fix=f"versions in quarantine here: {listed}; other environments release their own",
        )
    if position_of(state.family).phase is Phase.SHIFTED:
        fix = "run lockstep advance first, which finishes the rollback"
        raise UsageError(f"{state.title} is being rolled back from version {version}", fix=fix)
    return _release(git, state, Target(version, entry["digest"]), reason)


def _release(git: Git, state: FamilyState, target: Target, reason: str) -> PlannedCommit:
    family = state.family
    at = position_of(family)
    variants = current_variants(family)
    decision = next_decision(
        family, Action.RELEASE, at, target, variants, reason, state.snapshot.context
    )
    # By digest: the same model may be in quarantine under several numbers.
    left = [e for e in entries_of(with_record(family, decision)) if e["digest"] != target.digest]
    path = f"{family.folder}/quarantine.yaml"
    change = FamilyChange(variants, {path: write_quarantine(family, left)})
    tree, made = build(git, state, change, decision)
    return PlannedCommit(tree, Decided(made))
