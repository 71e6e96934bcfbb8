"""``lockstep render``: write the manifests that the specs declare, remove those they do not."""

from collections.abc import Sequence
from pathlib import Path

from lockstep.check.compiled import templates_of
from lockstep.check.validation import Checked, validate_tree, without_malformed
from lockstep.check.workspace import work_tree
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.edges.scratch import sweep_work_tree
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.errors import LockstepError
from lockstep.model.finding import arrange
from lockstep.model.result import RenderedFiles
from lockstep.render import render_fleet
from lockstep.render.compare import stale_paths, unrendered_folders
from lockstep.render.restored import keep_restored, restorable_folders


def run(root: Path, *, restored: bool = False) -> RenderedFiles:
    """Render the work tree. Folders of malformed specs stay as they are, and are reported.

    ``restored`` also renders the folders in which a rollback restored the verified bytes. Raises
    LockstepError where a file to remove is not in a sparse check-out.
    """
    git = Git.find(root)
    tree = work_tree(git)
    checked = validate_tree(tree)
    valid = without_malformed(checked)
    with silenced_stderr():
        files, findings = render_fleet(valid, templates_of(tree))
    # A change of something else must not undo a rollback that restored the verified bytes.
    wanted = files if restored else keep_restored(files, tree, restorable_folders(valid))
    unrendered = unrendered_folders(checked.fleet, files, tree)
    removed = stale_paths(wanted, tree, unrendered=unrendered)
    written = [path for path, data in wanted.items() if tree.get(path) != data]
    _require_files(git, removed)
    sweep_work_tree(git.root)
    write_changes(git.root, {path: wanted[path] for path in written})
    write_changes(git.root, dict.fromkeys(removed))
    invalid = arrange((*checked.invalid, *findings))
    outcome = Checked(checked.fleet, invalid).outcome(tree)
    return RenderedFiles(outcome, tuple(written), tuple(removed))


def _require_files(git: Git, removed: Sequence[str]) -> None:
    """Raise LockstepError where a file to remove is in git only: that would not remove it."""
    absent = next((path for path in removed if not (git.root / path).exists()), None)
    if absent:
        raise LockstepError(
            "this file must be removed, and the sparse check-out has left it out",
            where=absent, fix="run git sparse-checkout add rendered, then run it again",
        )  # fmt: skip
