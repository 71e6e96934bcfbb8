"""Commit messages that repeat the records they bring; the records are the truth."""

from collections.abc import Sequence

from lockstep.model.decision import Action, Decision
from lockstep.text.sanitise import record_line


def commit_message(decisions: Sequence[Decision]) -> str:
    """The message of the commit that brings these decisions: what, why, and trailers."""
    last = decisions[-1]
    verbs = " and ".join(decision.action.value for decision in decisions)
    subject = f"{verbs} {last.environment}/{last.family}: {_what(last)}"
    trailers = dict.fromkeys(line for decision in decisions for line in _trailers(decision))
    return "\n".join([record_line(subject), "", record_line(last.reason), "", *trailers, ""])


def _what(decision: Decision) -> str:
    version = decision.target.version
    return {
        Action.PROPOSE: f"version {version} as candidate",
        Action.ADVANCE: f"version {version}, {decision.to}",
        Action.VERIFY: f"version {version} is verified",
        Action.SHIFT: f"traffic away from version {version}",
        Action.RESTORE: f"the way back from version {version}",
        Action.ADOPT: f"version {version} as it stands",
    }.get(decision.action, f"version {version}")


def _trailers(decision: Decision) -> list[str]:
    return [
        f"Lockstep-Action: {decision.action.value}",
        f"Lockstep-Family: {decision.environment}/{decision.family}",
        f"Lockstep-Version: {record_line(decision.target.version)}",
        f"Lockstep-Decision: {decision.id}",
        f"Lockstep-Reason: {record_line(decision.reason)}",
    ]
