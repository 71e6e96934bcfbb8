"""``lockstep revert``: take the newest version back by hand, in every cluster of the family."""

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Target
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.spec import variants as forms
from lockstep.transactions.publish import Proposal
from lockstep.transactions.rollback import Cause, take_back
from lockstep.transactions.run import Steering, digest_of, require_reason, steer, title
from lockstep.transactions.state import State


def run(steering: Steering, family: str, reason: str) -> Report:
    """Go back to the newest verified state without the version at fault; it is quarantined.

    Inside a rollout that version is the candidate; outside of one it is the version that
    serves. Works on a family that has diverged. Never blocked by a freeze.
    """
    text = require_reason(reason)

    def act(git: Git, state: State) -> Proposal | Report:
        outcome = take_back(git, steering, state, Cause(version_at_fault(state), text))
        if isinstance(outcome, Report) or outcome.decisions[-1].action is Action.HOLD:
            return outcome  # nothing was taken back
        report = Report(outcome.report.text, ExitCode.CLEAN, outcome.report.data)
        return Proposal(outcome.tree, outcome.decisions, report)

    return steer(steering, family, act, rollback=True)


def version_at_fault(state: State) -> Target:
    """What a revert takes back. Raises UsageError where nothing says which of several it is."""
    running = rollout.target(state.family)
    if running is not None:
        return running
    serving = {v for c in state.family.clusters for v in forms.serving_versions(c.variants)}
    if len(serving) != 1:
        listed = ", ".join(sorted(serving)) or "none"
        raise UsageError(
            f"{title(state)} serves {listed}, and no rollout says which is at fault",
            fix="run lockstep propose or lockstep adopt first",
        )
    version = serving.pop()
    return Target(version, digest_of(state, version))
