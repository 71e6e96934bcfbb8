"""Makes a decision on the newest state and publishes it, or finds it made by somebody else.

The loop is: fetch, read, decide, commit beside the work tree, push. A push that comes too late
means: fetch and decide again on the new head, never rebase blindly.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from lockstep.check.workspace import SOURCES, require_clusters
from lockstep.edges.git import Git, Raced
from lockstep.model.decision import Decision
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Tree
from lockstep.model.record import read_record
from lockstep.model.result import Report
from lockstep.rollout.next_decision import Circumstances
from lockstep.rollout.trailers import commit_message

_ATTEMPTS = 5


@dataclass(frozen=True)
class Snapshot:
    """The newest published state: its commit, and the files that decide everything."""

    tree: Tree
    circumstances: Circumstances

    @property
    def base(self) -> str:
        """The commit that was read."""
        return self.circumstances.base or ""


@dataclass(frozen=True)
class Proposal:
    """A commit to be made: the git tree that it holds, the decisions in it, and what to say."""

    tree: str
    decisions: tuple[Decision, ...]
    report: Report


Decide = Callable[[Snapshot], Proposal | Report]


def publish(git: Git, now: datetime, decide: Decide, *, time_given: bool = False) -> Report:
    """Run ``decide`` on the newest state of the checked-out branch and publish what it proposes.

    ``time_given`` says that ``now`` is not the machine's clock; the records say so too.
    Raises LockstepError for a dirty work tree, unpublished commits, or a race lost too often.
    """
    branch = git.branch()
    remote = git.remote(branch)
    refuse_dirty(git)
    mine: tuple[Decision, ...] = ()
    lost = ""
    for _ in range(_ATTEMPTS):
        snapshot = newest_state(git, branch, remote, now, time_given=time_given)
        if mine and all(_is_made(snapshot.tree, decision) for decision in mine):
            return _already_made(mine)
        outcome = decide(snapshot)
        if isinstance(outcome, Report):
            return outcome
        mine = outcome.decisions
        commit = git.commit_tree(outcome.tree, [snapshot.base], commit_message(mine))
        try:
            if remote:
                git.push(remote, commit, branch)
                return _follow(git, commit, outcome.report)
            git.fast_forward(commit)
        except Raced as error:
            lost = error.message
            continue
        return outcome.report
    raise LockstepError(
        f"this was decided {_ATTEMPTS} times and could not be published: {lost}",
        fix="mend what git says, or run it again",
    )


def _follow(git: Git, commit: str, report: Report) -> Report:
    """Bring what was published into the work tree; else say so: it is published."""
    try:
        git.fast_forward(commit)
    except Raced as error:
        text = f"{report.text}\n  published; but here {error.message}\n  run git pull"
        return replace(report, text=text)
    return report


def newest_state(
    git: Git, branch: str, remote: str | None, now: datetime, *, time_given: bool = False
) -> Snapshot:
    """The tip of the branch as published. Raises LockstepError where HEAD is ahead of it."""
    head = git.resolve("HEAD")
    if head is None:
        raise LockstepError("the branch has no commit yet", fix="commit your fleet first")
    tip = (git.fetch(remote, branch) if remote else head) or head
    if tip != head and not git.is_ancestor(head, tip):
        raise LockstepError(
            f"{branch} has commits that {remote} does not have",
            fix=f"git push {remote} {branch}, or git reset to {remote}/{branch}",
        )
    tree = git.read_tree(tip, SOURCES)
    require_clusters(tree)
    return Snapshot(tree, Circumstances(now, git.actor(), tip, time_given))


def refuse_dirty(git: Git) -> None:
    """Raise LockstepError where uncommitted work could be lost or mistaken for published."""
    if changes := git.changes():
        shown = ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if changes[3:] else "")
        raise LockstepError(
            f"the work tree has uncommitted changes: {shown}",
            fix="commit or stash them first; nothing was done",
        )


def _is_made(tree: Tree, decision: Decision) -> bool:
    data = tree.get(decision.path)
    try:
        return data is not None and read_record(data).decision.id == decision.id
    except ValueError:
        return False


def _already_made(decisions: tuple[Decision, ...]) -> Report:
    last = decisions[-1]
    text = f"{last.environment}/{last.family}: {last.action.value} was decided by another run"
    return Report(f"{text} ({last.id})", ExitCode.CLEAN, {"decision": last.id, "made": False})
