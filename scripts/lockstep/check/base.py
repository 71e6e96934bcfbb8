"""The base of a change: which commit's policies are used, and what a merge with it would give."""

from dataclasses import dataclass

from lockstep.check.followed import is_published, known_tip
from lockstep.check.workspace import EVERYTHING
from lockstep.edges.git import Git
from lockstep.edges.git.attributes import ATTRIBUTES
from lockstep.model.errors import LockstepError, UsageError
from lockstep.text.sanitise import quoted


@dataclass(frozen=True, slots=True)
class Base:
    """The commit to compare with, whose policies are used, and what reports call it.

    ``pull_request`` says that what is compared with it is not on the followed branch yet.
    """

    commit: str
    name: str
    pull_request: bool = True


def find_base(git: Git, base: str | None, tree_id: str) -> Base | None:
    """The base of a change; None before a first commit.

    Without ``base`` it is the followed branch as last fetched, where ``tree_id``, which is
    checked, has something of its own; for a commit of that branch it is the parent of HEAD. Raises
    UsageError where ``base`` names no commit, or several: git prefers a tag to a branch of the same
    name, and the right to push a tag must not be the right to choose the policies. Raises
    LockstepError where a shallow clone lacks the commit.
    """
    if base is None:
        return _default_base(git, tree_id)
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
    commit = commits.pop()
    published = not _differs_from_head(git, tree_id) and is_published(git, "HEAD", commit)
    name = base.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return Base(commit, name, pull_request=not published)


def merged_with_base(git: Git, tree_id: str, base: str | None) -> tuple[str, Base | None]:
    """What a check is about: the merge of a tree with its base, and that base.

    Before a first commit that is the tree itself. Raises as ``find_base`` and ``merge_result`` do.
    """
    found = find_base(git, base, tree_id)
    return (merge_result(git, tree_id, found.commit) if found else tree_id), found


def _default_base(git: Git, tree_id: str) -> Base | None:
    followed = known_tip(git)
    changed = _differs_from_head(git, tree_id)
    if followed and (changed or not git.is_ancestor("HEAD", followed.commit)):
        return Base(followed.commit, followed.name)
    before = git.resolve("HEAD" if changed else "HEAD^1")
    # Not the first commit: taken for it, the change would be checked by its own rules alone.
    if before is None and git.is_shallow():
        raise LockstepError(
            "this clone is too shallow: the commit before HEAD, whose rules count, is missing",
            fix="fetch more, for example with fetch-depth: 2, or give --base",
        )
    if before is None:
        return None
    name = "HEAD" if changed else "the commit before HEAD"
    # Where it is not clear which branch is followed, nothing shows that HEAD is on it.
    return Base(before, name, pull_request=changed or followed is None)


def _differs_from_head(git: Git, tree_id: str) -> bool:
    head = git.resolve("HEAD")
    paths = (*EVERYTHING, ATTRIBUTES)
    return head is None or git.object_ids(head, paths) != git.object_ids(tree_id, paths)


def merge_result(git: Git, tree_id: str, base: str) -> str:
    """The tree that a merge of this one, which is about to be committed on HEAD, into ``base`` has.

    Two changes may each be valid and break a rule together, so the merge is what is checked. A
    tree that is ahead of ``base`` is that already. Raises LockstepError for a conflict.
    """
    # While a merge is being made, the commit will have both parents.
    parents = [commit for name in ("HEAD", "MERGE_HEAD") if (commit := git.resolve(name))]
    if not parents or base in parents or any(git.is_ancestor(base, each) for each in parents):
        return tree_id
    return git.merge(base, git.snapshot(tree_id, parents))
