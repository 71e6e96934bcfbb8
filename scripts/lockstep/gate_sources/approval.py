"""The gate source ``approval``: people approve a decision with a git tag that they sign.

The tag is named after the id of the decision, which is known before it is made, and its own name
is part of what is signed: an approval cannot be used for another decision, or under another name.
What the tag points at has no meaning; it has to be a commit.
"""

import shlex
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lockstep.edges.git.tags import FoundTag
from lockstep.edges.ssh_signatures import why_not_signed
from lockstep.model.approval import Approval, Approver, check_tag, tag_name
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Condition, Question
from lockstep.model.times import parse_time
from lockstep.text.sanitise import one_line, quoted

_SHOWN = 5
"""Tags that do not count and are named: anybody who may push tags can make many."""


@dataclass(frozen=True)
class ApprovalContext:
    """What an approval is read from: the repository, and the data at the followed tip.

    ``tags`` gives the tags that approve the decision with an id. ``approvers`` are those of each
    role. ``remote`` is where tags are pushed to, empty where the repository has none, and ``tip``
    a commit that they can point at. Both functions raise LockstepError.
    """

    tags: Callable[[str], Sequence[FoundTag]]
    approvers: Callable[[], Mapping[str, Sequence[Approver]]]
    remote: str
    tip: str


class ApprovalGates:
    """Answers gates such as ``{source: approval, role: release-managers}``."""

    def __init__(self, context: ApprovalContext | None = None) -> None:
        """Without a context nothing can be approved."""
        self._context = context
        self._tags: dict[str, Sequence[FoundTag]] = {}
        self._reading = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """Whether enough people of the gate's role have approved the decision that is due.

        A missing approval never fails a gate: it holds until there is one.
        """
        role, needed = str(question.gate.get("role")), question.gate.get("count", 1)
        context, decision = self._context, question.decision
        query = f"tag {tag_name(decision)}, signed for the role {role}"
        if context is None:
            return Answer(query, failure="the repository with the approvals is not known")
        if not isinstance(needed, int) or isinstance(needed, bool) or needed < 1:
            return Answer(query, failure=f"count is {needed!r}; it must be 1 or more")
        if not decision:
            return Answer(query, condition=Condition(None, "no forward move is due to approve"))
        try:
            approvers = context.approvers().get(role, ())
            if not approvers:
                text = f"policies/data/approvers.yaml lists nobody for the role {quoted(role)}"
                return Answer(query, condition=Condition(None, text))
            tags = self._read(context, decision)
            counted = _count(tags, decision, approvers, parse_time(question.now))
        except LockstepError as error:
            return Answer(query, failure=error.located())
        approvals = counted.approvals
        if len(approvals) >= needed:
            names = ", ".join(sorted(approvals))
            condition = Condition(True, f"approved for the role {role} by {names}")
            return Answer(query, condition=condition, approvals=tuple(approvals.values()))
        command = _command(context, question, [tag.name for tag in tags])
        missing = f"{len(approvals)} of {needed} approvals for the role {role}"
        reason = "; ".join([missing, *counted.ignored[:_SHOWN], f"to approve: {command}"])
        return Answer(query, condition=Condition(None, reason), approvals=tuple(approvals.values()))

    def _read(self, context: ApprovalContext, decision: str) -> Sequence[FoundTag]:
        # The gate is asked of every cluster, and their decision is one.
        with self._reading:
            if decision not in self._tags:
                self._tags[decision] = context.tags(decision)
            return self._tags[decision]


@dataclass(frozen=True)
class _Counted:
    """The approvals by the name of the approver, and why other tags do not count."""

    approvals: dict[str, Approval]
    ignored: list[str]


def _count(
    tags: Sequence[FoundTag], decision: str, approvers: Sequence[Approver], now: datetime
) -> _Counted:
    counted = _Counted({}, [])
    for found in tags:
        try:
            approver = _approver(found, decision, approvers, now)
        except ValueError as error:
            counted.ignored.append(f"the tag {one_line(found.name, 120)} does not count: {error}")
        else:
            # Two tags of one person are one approval.
            approval = Approval(approver, found.data.decode())
            counted.approvals.setdefault(approver.name, approval)
    return counted


def _approver(
    found: FoundTag, decision: str, approvers: Sequence[Approver], now: datetime
) -> Approver:
    """Who approves by a tag. Raises ValueError where it does not count."""
    if found.problem:
        raise ValueError(found.problem)
    tag, approver = check_tag(found.data, decision, approvers, now)
    if tag.name != found.name:
        raise ValueError("it was renamed: another name was signed")
    if why := why_not_signed(tag, approver, now):
        raise ValueError(f"ssh-keygen: {one_line(why)}")
    return approver


def _command(context: ApprovalContext, question: Question, taken: Sequence[str]) -> str:
    """What a person runs to approve."""
    name = next(each for each in _names(tag_name(question.decision)) if each not in taken)
    version = str(question.candidate["identity"]["version"])
    promoted = question.gate.get("when") == "promote"
    what = f"the promotion of {question.environment}" if promoted else question.environment
    message = f"approve {what} version {version}"
    parts = ["git", "-c", "gpg.format=ssh", "-c", "user.signingKey=$HOME/.ssh/id_ed25519.pub",
             "tag", "-s", "-m", message, name, context.tip]  # fmt: skip
    made = " ".join(part if "$HOME" in part else shlex.quote(part) for part in parts)
    pushed = f" && git push {shlex.quote(context.remote)} refs/tags/{name}"
    return made + (pushed if context.remote else "")


def _names(name: str) -> Iterator[str]:
    """The names that a tag may have: git has each once, so a second one needs a label."""
    yield name
    number = 2
    while True:
        yield f"{name}.{number}"
        number += 1
