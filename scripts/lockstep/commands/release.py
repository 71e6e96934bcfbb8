"""``lockstep release``: end the quarantine of one version, by name and with a reason."""

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase, Target
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.quarantine import entries_of, write_quarantine
from lockstep.transactions.commit import Change, build
from lockstep.transactions.publish import Proposal
from lockstep.transactions.run import (
    Steering,
    report_data,
    require_agreement,
    require_reason,
    steer,
    title,
)
from lockstep.transactions.state import State, with_record


def run(steering: Steering, family: str, version: str, reason: str) -> Report:
    """Release a version in this environment. Raises UsageError where it is not in quarantine."""
    text = require_reason(reason)

    def act(git: Git, state: State) -> Proposal | Report:
        require_agreement(state)
        held = [entry for entry in entries_of(state.family) if entry.get("version") == version]
        if not held:
            listed = ", ".join(str(e.get("version")) for e in entries_of(state.family)) or "none"
            raise UsageError(
                f"version {version[:60]} of {title(state)} is not in quarantine here",
                fix=f"in quarantine: {listed}; an earlier environment's is released there",
            )
        if rollout.position(state.family).phase is Phase.SHIFTED:
            fix = "run lockstep advance first, which finishes the way back"
            raise UsageError(f"{title(state)} is on its way back from version {version}", fix=fix)
        return _release(git, state, Target(version, held[0]["digest"]), text)

    return steer(steering, family, act)


def _release(git: Git, state: State, target: Target, reason: str) -> Proposal:
    family = state.family
    at = rollout.position(family)
    variants = rollout.current_variants(family)
    decision = next_decision(
        family, Action.RELEASE, at, target, variants, reason, state.snapshot.circumstances
    )
    left = [e for e in entries_of(with_record(family, decision)) if e["digest"] != target.digest]
    path = f"{family.folder}/quarantine.yaml"
    change = Change(variants, {path: write_quarantine(family, left)})
    tree, made = build(git, state, change, decision)
    text = f"{title(state)}: version {target.version} is released: {reason}"
    return Proposal(tree, made, Report(text, ExitCode.CLEAN, report_data(made)))
