"""What of a pull request's commit people have to approve, found out by the base alone.

This may run where secrets are. So it reads git objects and never a work tree, takes no report of
the pull request for true, keeps nothing in the cache and reads nothing from it, and evaluates the
rules of the base only. Templates of the pull request are rendered as in every check: sandboxed.
"""

from dataclasses import dataclass
from datetime import datetime

from lockstep.check.base import Base
from lockstep.check.change import Change
from lockstep.check.decisive_changes import decisive_findings
from lockstep.check.pinned import require_pinned
from lockstep.edges.cache import Cache
from lockstep.edges.git import Git
from lockstep.edges.git.objects import ABSENT
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, Severity, arrange
from lockstep.model.outcome import Outcome
from lockstep.model.shard import WHOLE
from lockstep.opa.address import OpaOptions

_RULES = "policies"


@dataclass(frozen=True, slots=True)
class ToApprove:
    """What people have to approve in a change, and the mistakes that may hide more of it."""

    findings: tuple[Finding, ...]
    mistakes: tuple[Finding, ...] = ()


def approvals_of_commit(git: Git, head: str, base: Base, now: datetime) -> ToApprove:
    """What a merge of ``head`` into the base would bring that people have to approve.

    Where files are malformed, not everything of it may be known: ``mistakes`` is what the check
    reports then. Raises LockstepError where it cannot be found out, and where this program is
    not the one that the base is pinned to.
    """
    require_pinned(git, base.commit, None)
    with git.storing() as storing:
        merged = storing.merge(base.commit, head)
        found = decisive_findings(storing, merged, base)
        outcome = _checked(storing, _with_rules_of(storing, merged, base.commit), base, now)
    stopping = [finding for finding in outcome.findings if finding.stops]
    if outcome.exit_code is ExitCode.COULD_NOT_RUN:
        first = stopping[0]
        raise LockstepError(
            f"rules could not be evaluated: {first.message}", where=first.file, fix=first.fix
        )
    counted = [
        finding
        for finding in (*found, *outcome.findings)
        if finding.severity is Severity.APPROVAL and finding.suppression is None
    ]
    mistakes = stopping if outcome.exit_code is ExitCode.INVALID else []
    return ToApprove(arrange(counted), tuple(mistakes))


def _checked(git: Git, tree_id: str, base: Base, now: datetime) -> Outcome:
    from lockstep.check.change_check import check_change_of  # it imports all that evaluates

    change = Change(git, tree_id, base, now, WHOLE, OpaOptions(), everything=False)
    return check_change_of(change, Cache(None))


def _with_rules_of(git: Git, tree_id: str, base: str) -> str:
    """The tree with the policies of the base: those of the change do not judge it here."""
    wanted = git.changed_files(tree_id, base, _RULES)
    data = git.blobs({blob for blob in wanted.values() if blob != ABSENT})
    changes = {path: data[blob] if blob != ABSENT else None for path, blob in wanted.items()}
    return git.write_tree(tree_id, changes) if changes else tree_id
