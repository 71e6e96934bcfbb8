"""How a commit becomes the tip of a branch, at the remote or here, and what follows it."""

from dataclasses import dataclass

from lockstep.check.followed import Followed
from lockstep.edges.git import Git
from lockstep.edges.git.leftovers import RunNote
from lockstep.model.errors import LockstepError
from lockstep.model.result import Decided


@dataclass(frozen=True)
class PlannedCommit:
    """A commit to be made: the git tree that it holds, and the result once it is published."""

    tree: str
    result: Decided


def publish_commit(git: Git, followed: Followed, commit: str, note: RunNote) -> str:
    """Make a commit, whose parent is the tip that was read, the new tip of the followed branch.

    In one step: a server, or git, accepts it as a whole or not at all. Gives why a work tree that
    has the branch checked out could not follow, or empty text. Raises Raced where the branch has
    moved on, PushRefused or LockstepError where it may not be moved.
    """
    return place_branch(git, followed, followed.branch, commit, followed.tip, note)


def place_branch(
    git: Git, followed: Followed, name: str, commit: str, expected: str | None, note: RunNote
) -> str:
    """Make a commit the tip of a branch that is at ``expected`` (None: it does not exist yet).

    As ``publish_commit`` does it for the followed branch.
    """
    if followed.remote:
        git.push(followed.remote, commit, name, expected)
        return ""
    note.reference(git, f"refs/heads/{name}")
    places = [Git(place) for place in git.work_trees_on(name)] if expected else []
    for place in places:
        if obstacle := place.obstacle(expected or commit, commit):
            raise LockstepError(
                f"the branch {name} is checked out here, and {obstacle}",
                where=str(place.root),
                fix="commit or stash that, or write to a branch to be merged with --branch",
            )
    for place in places:
        note.moves(place.root, expected or commit, commit)
    try:
        git.move_branch(name, commit, expected)
    except LockstepError:
        note.forget_moves()
        raise
    return note.finish_moves()


def follow_in_work_tree(git: Git, followed: Followed, note: RunNote) -> str:
    """Bring the followed branch forward where it is checked out; why not, or empty text."""
    head = git.resolve("HEAD")
    if git.branch() != followed.branch or head is None or not git.has_work_tree():
        return ""
    if not git.is_ancestor(head, followed.tip):
        return f"{followed.branch} has commits here that are not published"
    note.reference(git, f"refs/heads/{followed.branch}")
    note.moves(git.top, head, followed.tip)
    return note.finish_moves()
