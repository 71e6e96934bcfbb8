"""``lockstep render``: write the manifests that the specs declare, remove those they do not."""

from collections.abc import Sequence
from pathlib import Path

from lockstep.check.pinned import require_program
from lockstep.check.rendering import render_tree
from lockstep.check.workspace import work_tree
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.edges.scratch import sweep_work_tree
from lockstep.model.errors import LockstepError
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
    rendered = render_tree(tree, restored=restored)
    written = {path: data for path, data in rendered.changes.items() if data is not None}
    removed = sorted(rendered.changes.keys() - written.keys())
    _require_files(git, removed)
    sweep_work_tree(git.root)
    write_changes(git.root, written)
    write_changes(git.root, dict.fromkeys(removed))
    return RenderedFiles(rendered.checked.outcome(), tuple(sorted(written)), tuple(removed))


def _require_files(git: Git, removed: Sequence[str]) -> None:
    """Raise LockstepError where a file to remove is in git only: that would not remove it."""
    absent = next((path for path in removed if not (git.root / path).exists()), None)
    if absent:
        raise LockstepError(
            "this file must be removed, and the sparse check-out has left it out",
            where=absent, fix="run git sparse-checkout add rendered, then run it again",
        )  # fmt: skip
