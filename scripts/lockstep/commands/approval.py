"""``lockstep approval``: set the required status of a pull request at the forge."""

from lockstep.model.result import ApprovalStatus
from lockstep.transactions.pull_request_approval import ApprovalRequest, set_approval


def run(request: ApprovalRequest) -> ApprovalStatus:
    """Set the status ``lockstep/approval`` on the head of a pull request."""
    return set_approval(request)
