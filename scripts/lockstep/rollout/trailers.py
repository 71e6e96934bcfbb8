"""Commit messages that repeat the records they bring; the records are the truth."""

import re
from collections.abc import Sequence

from lockstep.model.decision import Action, Decision

_LINE_LENGTH = 300
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they reorder what is shown
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029" + _DIRECTIONS + "]+")


def one_line(text: str, longest: int = _LINE_LENGTH) -> str:
    """Text of any origin as one printable line, so that it cannot become a trailer of its own."""
    line = _NOT_PRINTABLE.sub(" ", text).strip()
    return line if len(line) <= longest else line[: longest - 3] + "..."


def commit_message(decisions: Sequence[Decision]) -> str:
    """The message of the commit that brings these decisions: what, why, and trailers."""
    last = decisions[-1]
    verbs = " and ".join(decision.action.value for decision in decisions)
    subject = f"{verbs} {last.environment}/{last.family}: {_what(last)}"
    trailers = dict.fromkeys(line for decision in decisions for line in _trailers(decision))
    return "\n".join([one_line(subject), "", one_line(last.reason), "", *trailers, ""])


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
        f"Lockstep-Version: {one_line(decision.target.version)}",
        f"Lockstep-Decision: {decision.id}",
        f"Lockstep-Reason: {one_line(decision.reason)}",
    ]
