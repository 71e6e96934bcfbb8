"""``lockstep render``: write the manifests that the specs declare, remove those they do not."""

from pathlib import Path

from lockstep.check.pinned import require_program
from lockstep.check.rendering import render_tree, write_rendered
from lockstep.check.workspace import work_tree
from lockstep.edges.git import Git
from lockstep.model.result import RenderedFiles
from lockstep.spec.settings import pin_of


def run(root: Path, *, restored: bool = False) -> RenderedFiles:
    """Render the work tree. Folders of malformed specs stay as they are, and are reported.

    ``restored`` also renders the folders in which a rollback restored the verified bytes. Raises
    LockstepError where the fleet is pinned to another version, or a file to remove is not in a
    sparse check-out.
    """
    git = Git.find(root)
    tree = work_tree(git)
    require_program(pin_of(tree))
    return write_rendered(git, render_tree(tree, restored=restored))
