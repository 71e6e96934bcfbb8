"""What ``rendered/`` lacks for a commit of what is staged, as a hook of pre-commit writes it."""

from dataclasses import replace

from lockstep.check.rendering import RenderedTree, render_tree
from lockstep.check.workspace import stored_tree
from lockstep.edges.git import Git
from lockstep.model.errors import Invalid, NothingToCheck
from lockstep.model.tree import Tree, by_folder


def staged_tree(git: Git) -> Tree:
    """The files that are staged, and what ships: no other file of the work tree counts.

    Raises as ``stored_tree`` does, and LockstepError where the index has conflicts.
    """
    git.require_work_tree()
    with git.storing() as storing:
        return stored_tree(storing, storing.index_tree_id())


def render_staged(git: Git, tree: Tree, *, restored: bool = False) -> RenderedTree:
    """Render a staged tree, and keep what the staged change has made stale or wrong.

    A folder that lacks the same in HEAD stays as it is, and a finding that is in HEAD in the same
    file is left out: they belong to another change. ``restored`` is as for ``render_tree``.
    """
    rendered = render_tree(tree, restored=restored)
    head = _head(git) if rendered.changes or rendered.checked.invalid else {}
    if not head:
        return rendered
    before = render_tree(head, restored=restored)
    stale = by_folder(before.changes)
    touched = {
        path: data
        for folder, changes in by_folder(rendered.changes).items()
        if stale.get(folder) != changes
        for path, data in changes.items()
    }
    known = {each for each in before.checked.invalid if head.get(each.file) == tree.get(each.file)}
    new = tuple(each for each in rendered.checked.invalid if each not in known)
    return RenderedTree(touched, replace(rendered.checked, invalid=new))


def _head(git: Git) -> Tree:
    """The files of HEAD; none where there is no commit yet, or none that can be read."""
    if not git.resolve("HEAD"):
        return {}
    try:
        return stored_tree(git, "HEAD")
    except (Invalid, NothingToCheck):
        return {}
