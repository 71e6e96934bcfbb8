"""The base of a change: which commit's policies are used, and what a merge with it would give."""

from collections.abc import Mapping

from lockstep.check.followed import known_tip
from lockstep.check.workspace import EVERYTHING, require_clusters
from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.fleet import Tree
from lockstep.text.sanitise import quoted


def base_commit(git: Git, base: str | None) -> str | None:
    """The commit to compare with, whose policies are used; None before a first commit.

    Without ``base`` it is the followed branch as last fetched, where there is something of the
    work tree's own; on a commit of that branch it is the parent of HEAD. Raises UsageError where
    ``base`` names no commit, or several: git prefers a tag to a branch of the same name, and the
    right to push a tag must not be the right to choose the policies. Raises LockstepError where a
    shallow clone lacks the commit.
    """
    if base is None:
        return _default_base(git)
    commits = git.possible_commits(base)
    if not commits:
        raise UsageError(
            f"--base {quoted(base, 100)} is not a commit here", fix="fetch it, or name another"
        )
    if len(commits) > 1:
        raise UsageError(
            f"--base {quoted(base, 100)} names several commits, such as a tag and a branch",
            fix="give its full name, such as refs/heads/main or refs/remotes/origin/main",
        )
    return commits.pop()


def _default_base(git: Git) -> str | None:
    followed = known_tip(git)
    changed = any(path.startswith(EVERYTHING) for path in git.changes())
    if followed and (changed or not git.is_ancestor("HEAD", followed)):
        return followed
    before = git.resolve("HEAD" if changed else "HEAD^1")
    # Not the first commit: taken for it, the change would be checked by its own rules alone.
    if before is None and git.is_shallow():
        raise LockstepError(
            "this clone is too shallow: the commit before HEAD, whose rules count, is missing",
            fix="fetch more, for example with fetch-depth: 2, or give --base",
        )
    return before


def merge_result(git: Git, tree: Tree, base: str) -> Tree:
    """The files as they would be once the work tree is merged into ``base``.

    Two changes may each be valid and break a rule together, so the merge is what is checked. A
    work tree that is ahead of ``base`` is that already. Raises LockstepError for a conflict.
    """
    if git.is_ancestor(base, "HEAD"):
        return tree
    head = git.resolve("HEAD")
    if head is None:
        return tree
    committed = git.read_tree(head, EVERYTHING)
    merged = git.merge(base, git.snapshot(head, _changes(committed, tree)))
    result = git.read_tree(merged, EVERYTHING)
    require_clusters(result)
    return result


def _changes(before: Tree, after: Tree) -> Mapping[str, bytes | None]:
    removed: dict[str, bytes | None] = {path: None for path in before if path not in after}
    return removed | {path: data for path, data in after.items() if before.get(path) != data}
