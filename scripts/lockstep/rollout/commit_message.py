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


def pull_request_text(
    decisions: Sequence[Decision], differences: Sequence[str] = ()
) -> tuple[str, str]:
    """Title and text, in Markdown, of the pull request that brings these decisions.

    ``differences`` are those between the environments of a promotion.
    """
    title, *rest = commit_message(decisions).splitlines()
    # Indented, so that nothing in a reason is read as markup, a link or a mention.
    quoted = "\n".join(f"    {line}" if line else "" for line in [title, *rest])
    return title, (
        "Lockstep made this decision, and it takes effect when this pull request is merged. "
        "Until then nothing moves.\n\n"
        f"{quoted.rstrip()}\n{_differing(decisions[-1], differences)}"
    )


def _differing(decision: Decision, differences: Sequence[str]) -> str:
    """What differs between the environments of a promotion, and stays; empty of others."""
    source = decision.promoted_from
    if source is None:
        return ""
    if not differences:
        listed = "The specs of the family do not differ between the two."
    else:
        lines = "\n".join(f"    {record_line(each, 1000)}" for each in differences)
        listed = f"These differences of the family stay as they are:\n\n{lines}"
    return (
        f"\nThe version was verified in {source.environment}, and only it enters "
        f"{decision.environment}: its candidate, its lock and their manifests. {listed}\n"
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
