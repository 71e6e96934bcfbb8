"""``lockstep render``: write the manifests that the specs declare, remove those they do not."""

from dataclasses import replace
from pathlib import Path

from lockstep.check.pinned import require_program
from lockstep.check.rendering import compare_rendered, render_tree, write_rendered
from lockstep.check.staged_rendering import render_staged, staged_tree
from lockstep.check.workspace import work_tree
from lockstep.edges.git import Git
from lockstep.model.file_results import RenderedFiles
from lockstep.spec.settings import pin_of


def run(
    root: Path, *, restored: bool = False, staged: bool = False, compare: bool = False
) -> RenderedFiles:
    """Render the work tree. Folders of malformed specs stay as they are, and are reported.

    ``restored`` also renders the folders in which a rollback restored the verified bytes.
    ``staged`` renders what is staged, and writes only what that has made stale. With ``compare``
    nothing is written. Raises LockstepError where the fleet is pinned to another version, or a
    file to remove is not in a sparse check-out.
    """
    git = Git.find(root)
    tree = staged_tree(git) if staged else work_tree(git)
    require_program(pin_of(tree))
    if staged:
        rendered = render_staged(git, tree, restored=restored)
    else:
        rendered = render_tree(tree, restored=restored)
    files = compare_rendered(rendered) if compare else write_rendered(git, rendered)
    return replace(files, staged=staged)
