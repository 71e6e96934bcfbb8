"""Where approvals are read: tags of the followed repository, and the approvers at its tip."""

from lockstep.check.approvers import read_approvers
from lockstep.edges.git import Git
from lockstep.edges.git.tags import FoundTag
from lockstep.gate_sources.approval import ApprovalContext, ApprovalGates
from lockstep.model.approval import LARGEST_TAG, approves, tag_name
from lockstep.model.paths import APPROVERS
from lockstep.transactions.snapshot import Snapshot


def approval_gates(git: Git, snapshot: Snapshot) -> ApprovalGates:
    """The gate source for the decisions that are made on a snapshot."""

    def tags(decision: str) -> list[FoundTag]:
        return git.read_tags(
            snapshot.remote, tag_name(decision), lambda name: approves(name, decision), LARGEST_TAG
        )

    return ApprovalGates(
        ApprovalContext(
            tags,
            lambda: read_approvers(snapshot.tree.get(APPROVERS, b"")),
            snapshot.remote.name if snapshot.remote else "",
            snapshot.base,
        )
    )
