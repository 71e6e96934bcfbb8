"""Whether the approvals in a record are for its decision: by what the signed tags say."""

from collections.abc import Iterator

from lockstep.model.approval import SOURCE, Approval, SignedTag, check_tag
from lockstep.model.decision import Action, Decision
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.times import parse_time

_FORWARD = (Action.PROPOSE, Action.ADVANCE, Action.VERIFY)


def why_not_approved(item: Evidence, decision: Decision) -> str:
    """How the tags in the evidence contradict its pass; empty where they support it.

    A rollback records what the gates of the forward move said, so only forward moves need the
    approvals of their own id. Whether the keys made the signatures is for ``ssh-keygen`` to say.
    """
    if item.gate.get("source") != SOURCE or item.verdict is not Verdict.PASS:
        return ""
    if decision.action not in _FORWARD:
        return ""
    needed = item.gate.get("count", 1)
    names = {each.approver.name for each in item.answer.approvals}
    if not isinstance(needed, int) or len(names) < max(needed, 1):
        return f"it holds {len(names)} approvals, and {needed} are needed"
    try:
        list(recorded_tags(item, decision))
    except ValueError as error:
        return f"an approval does not count: {error}"
    return ""


def recorded_tags(item: Evidence, decision: Decision) -> Iterator[tuple[Approval, SignedTag]]:
    """The approvals of recorded evidence, read. Raises ValueError for one that does not count."""
    now = parse_time(item.asked_at)
    for approval in item.answer.approvals:
        tag, _ = check_tag(approval.tag.encode(), decision.id, [approval.approver], now)
        yield approval, tag
