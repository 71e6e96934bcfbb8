"""Whether the signatures of recorded approvals are those of the recorded keys."""

from collections.abc import Iterable, Iterator

from lockstep.edges.ssh_signatures import why_not_signed
from lockstep.model.approval import SOURCE
from lockstep.model.decision import Decision
from lockstep.model.evidence import Evidence
from lockstep.model.finding import Finding
from lockstep.model.times import parse_time
from lockstep.rollout.approvals import recorded_tags, why_not_approved
from lockstep.text.sanitise import one_line

RULE = "replay.approval"
_FIX = "compare the record with git's history; nobody with the recorded key approved the decision"


def check_approvals(decisions: Iterable[Decision]) -> Iterator[Finding]:
    """A finding for each recorded approval whose signature does not verify, from records alone.

    What the tags say is for the replay. Raises LockstepError where ``ssh-keygen`` cannot be run.
    """
    for decision in decisions:
        seen: set[str] = set()  # the evidence of each cluster holds the same tags
        for item in decision.evidence:
            if item.gate.get("source") == SOURCE and not why_not_approved(item, decision):
                for says in _problems(item, decision, seen):
                    yield Finding(decision.path, 1, 1, RULE, says, _FIX)


def _problems(item: Evidence, decision: Decision, seen: set[str]) -> Iterator[str]:
    try:
        tags = list(recorded_tags(item, decision))
    except ValueError:  # the evidence of a rollback: about the forward move that was not made
        return
    for approval, tag in tags:
        if approval.tag in seen:
            continue
        seen.add(approval.tag)
        if why := why_not_signed(tag, approval.approver, parse_time(item.asked_at)):
            gate = one_line(str(item.gate.get("name")), 80)
            name = one_line(approval.approver.name, 80)
            says = f"the approval by {name} is not signed by the recorded key"
            yield f"gate {gate}: {says}: {one_line(why, 200)}"
