"""Commit messages that repeat the records they bring; the records are the truth."""

from collections.abc import Sequence

from lockstep.model.decision import Decision
from lockstep.model.paths import record_path
from lockstep.rollout.revert_choice import is_return
from lockstep.rollout.transitions import RULES
from lockstep.text.sanitise import record_line


def commit_message(decisions: Sequence[Decision]) -> str:
    """The message of the commit that brings these decisions: what, why, and trailers."""
    last = decisions[-1]
    verbs = " and ".join(decision.action.value for decision in decisions)
    what = RULES[last.action].subject.format(version=last.target.version, to=last.to)
    if is_return(last):
        what = "the recorded variants"
    subject = f"{verbs} {last.environment}/{last.family}: {what}"
    # The decisions of one commit share most trailers: each line once, in their order.
    trailers = dict.fromkeys(line for decision in decisions for line in _trailers(decision))
    # A reason is free text: as one line it cannot become a trailer, such as a forged decision id.
    return "\n".join([record_line(subject), "", record_line(last.reason), "", *trailers, ""])


def pull_request_text(decisions: Sequence[Decision]) -> tuple[str, str]:
    """Title and text, in Markdown, of the pull request that brings these decisions."""
    title, *rest = commit_message(decisions).splitlines()
    # Indented, so that nothing in a reason is read as markup, a link or a mention.
    quoted = "\n".join(f"    {line}" if line else "" for line in [title, *rest])
    return title, (
        "Lockstep made this decision, and it takes effect when this pull request is merged. "
        "Until then nothing moves.\n\n"
        f"{quoted.rstrip()}\n"
    )


def _trailers(decision: Decision) -> list[str]:
    lines = [
        f"Lockstep-Action: {decision.action.value}",
        f"Lockstep-Family: {decision.environment}/{decision.family}",
        f"Lockstep-Version: {record_line(decision.target.version)}",
        f"Lockstep-Decision: {decision.id}",
        f"Lockstep-Reason: {record_line(decision.reason)}",
    ]
    if source := decision.promoted_from:
        path = record_path(source.environment, decision.family, source.sequence)
        lines.append(f"Lockstep-Promoted-From: {record_line(path)} {source.record}")
    return lines
