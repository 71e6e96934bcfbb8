"""Makes a decision on the newest state and publishes it, or finds that another run made it.

The loop is: fetch, read, decide, commit without the work tree, push. A push that comes too late
means: fetch and decide again on the new tip. It is never rebased: the decision was made on a
state that is no longer the newest.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from lockstep.check.workspace import SOURCES, require_clusters
from lockstep.edges.git import Git, Raced
from lockstep.model.decision import Decision
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Tree
from lockstep.model.record import read_record
from lockstep.model.result import AlreadyDecided, Decided, Moved
from lockstep.rollout.commit_message import commit_message
from lockstep.rollout.next_decision import DecisionContext

_ATTEMPTS = 5
"""A run that loses so many races is more likely refused for another reason, which git names."""


@dataclass(frozen=True)
class Snapshot:
    """The newest published state: its commit, and the files that a decision depends on."""

    tree: Tree
    context: DecisionContext

    @property
    def base(self) -> str:
        """The commit that was read."""
        return self.context.base or ""


@dataclass(frozen=True)
class PlannedCommit:
    """A commit to be made: the git tree that it holds, and the result once it is published."""

    tree: str
    result: Decided


Decide = Callable[[Snapshot], PlannedCommit | Moved]


def publish_decision(git: Git, now: datetime, decide: Decide, *, time_given: bool) -> Moved:
    """Run ``decide`` on the newest state of the checked-out branch and publish what it plans.

    ``time_given`` says that ``now`` is not the machine's clock; the records say so too.
    Raises LockstepError for a dirty work tree, unpublished commits, or a race lost too often.
    """
    branch = git.branch()
    remote = git.remote(branch)
    require_clean_work_tree(git)
    mine: tuple[Decision, ...] = ()
    lost = ""
    for _ in range(_ATTEMPTS):
        snapshot = newest_state(git, branch, remote, now, time_given=time_given)
        # Only after a lost race: two runners that decide the same must make one commit.
        if mine and all(_is_made(snapshot.tree, decision) for decision in mine):
            return AlreadyDecided(mine[-1])
        planned = decide(snapshot)
        if not isinstance(planned, PlannedCommit):
            return planned
        mine = planned.result.decisions
        commit = git.commit_tree(planned.tree, [snapshot.base], commit_message(mine))
        try:
            if remote:
                git.push(remote, commit, branch)
                return _follow(git, commit, planned.result)
            git.fast_forward(commit)
        except Raced as error:
            # Other refusals are raised: deciding again does not help where a branch is protected.
            lost = error.message
            continue
        return planned.result
    raise LockstepError(
        f"the decision could not be published in {_ATTEMPTS} attempts: {lost}",
        fix="fix what git reports, or run it again",
    )


def _follow(git: Git, commit: str, result: Decided) -> Decided:
    """Bring what was published into the work tree.

    Where that fails the result says so, but it is not an error: the decision is published.
    """
    try:
        git.fast_forward(commit)
    except Raced as error:
        return replace(result, left_behind=error.message)
    return result


def newest_state(
    git: Git, branch: str, remote: str | None, now: datetime, *, time_given: bool
) -> Snapshot:
    """The tip of the branch as published. Raises LockstepError where HEAD is ahead of it."""
    head = git.resolve("HEAD")
    if head is None:
        raise LockstepError("the branch has no commit yet", fix="commit your fleet first")
    # The remote may not have the branch yet: then HEAD is the newest state.
    tip = (git.fetch(remote, branch) if remote else head) or head
    # The decision is made on the tip, and a branch with other commits could not follow it.
    if tip != head and not git.is_ancestor(head, tip):
        raise LockstepError(
            f"{branch} has commits that {remote} does not have",
            fix=f"git push {remote} {branch}, or git reset to {remote}/{branch}",
        )
    tree = git.read_tree(tip, SOURCES)
    require_clusters(tree)
    return Snapshot(tree, DecisionContext(now, git.actor(), tip, time_given))


def require_clean_work_tree(git: Git) -> None:
    """Raise LockstepError where uncommitted work could be lost or mistaken for published."""
    if changes := git.changes():
        shown = ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if changes[3:] else "")
        raise LockstepError(
            f"the work tree has uncommitted changes: {shown}",
            fix="commit or stash them first; nothing was done",
        )


def _is_made(tree: Tree, decision: Decision) -> bool:
    """Whether the ledger has this decision: the id leaves out time and runner, so both match."""
    data = tree.get(decision.path)
    try:
        return data is not None and read_record(data).decision.id == decision.id
    except ValueError:
        return False
