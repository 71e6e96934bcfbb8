"""Who may approve, by role: what ``policies/data/approvers.yaml`` lists in a commit."""

from collections.abc import Mapping

import msgspec

from lockstep.edges.git import Git
from lockstep.model.approval import Approver
from lockstep.model.errors import LockstepError
from lockstep.model.holders import Holder
from lockstep.model.paths import APPROVERS
from lockstep.model.times import parse_time
from lockstep.policy.thresholds import threshold_values

PULL_REQUESTS = "pullRequests"
"""The field of that file that names the roles which may approve pull requests."""


def holders_at(git: Git, commit: str) -> Mapping[str, tuple[Holder, ...]]:
    """Who approves pull requests by the file of a commit; raises as ``read_holders`` does."""
    return read_holders(git.read_tree(commit, [APPROVERS], links=True).get(APPROVERS, b""))


def read_approvers(data: bytes) -> Mapping[str, tuple[Approver, ...]]:
    """The approvers of each role. Raises LockstepError where one of them is not well-formed.

    ``check`` says more about it: here nothing of it may count.
    """
    roles = threshold_values(APPROVERS, data).get("roles", {})
    try:
        found = msgspec.convert(roles, dict[str, tuple[Approver, ...]])
        for approver in (each for listed in found.values() for each in listed):
            _require_times(approver)
            _require_key(approver)
    except ValueError as error:
        raise _unreadable(error) from error
    return found


def read_holders(data: bytes) -> Mapping[str, tuple[Holder, ...]]:
    """Who approves pull requests: the people of each role that does, by role.

    Raises LockstepError where one of them is not well-formed.
    """
    values = threshold_values(APPROVERS, data)
    try:
        roles = msgspec.convert(values.get("roles", {}), dict[str, tuple[Holder, ...]])
        chosen = msgspec.convert(values.get(PULL_REQUESTS, []), list[str])
        for holder in (each for listed in roles.values() for each in listed):
            _require_times(holder)
    except ValueError as error:
        raise _unreadable(error) from error
    return {role: roles.get(role, ()) for role in chosen}


def _unreadable(error: ValueError) -> LockstepError:
    fix = "run lockstep check, and fix what it finds in that file"
    return LockstepError(f"it cannot be read: {error}", where=APPROVERS, fix=fix)


def _require_times(entry: Approver | Holder) -> None:
    for text in (entry.valid_after, entry.valid_before):
        if text is not None:
            parse_time(text)


def _require_key(approver: Approver) -> None:
    # It becomes a line of a file that ssh-keygen reads.
    if len(approver.key.split()) != 2 or not approver.key.isprintable():
        raise ValueError(f"the key of {approver.name} is not a type and its data")
