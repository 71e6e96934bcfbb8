"""What ``rendered/`` needs so that a check finds it as the specs declare it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lockstep.check.compiled import templates_of
from lockstep.check.family import render_read
from lockstep.check.family_values import ReadFamily, RenderedFamily
from lockstep.check.fleet import RenderedSpanning, render_environments, render_spanning
from lockstep.check.units import Unit
from lockstep.check.validation import Checked, validate_families
from lockstep.edges import progress
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.edges.scratch import sweep_work_tree
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.errors import LockstepError
from lockstep.model.file_results import RenderedFiles
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.render import keep_restored, restorable_folders, stale_paths

Changes = Mapping[str, bytes | None]
"""New bytes by path; None removes."""


@dataclass(frozen=True)
class RenderedTree:
    """What to write under ``rendered/``, and what kept a folder from being rendered."""

    changes: Changes
    checked: Checked


def render_tree(tree: Tree, *, restored: bool = False) -> RenderedTree:
    """Render the families of a tree by the same halves as a check, and compare with what is there.

    Folders of malformed specs, and those that collide, stay as they are. ``restored`` also renders
    the folders in which a rollback restored the verified bytes.
    """
    validated = validate_families(tree)
    templates = templates_of(tree)
    with silenced_stderr():
        families = {}
        for number, (unit, read) in enumerate(validated.read.items(), start=1):
            progress.step("rendering", "/".join(unit), number, len(validated.read))
            families[unit] = render_read(read, templates)
        folders = render_environments(validated.given, templates, {})
    given = replace(validated.given, claims={unit: each.claims for unit, each in families.items()})
    spanning = render_spanning(given, folders, validated.repeated)
    changes: dict[str, bytes | None] = {}
    for unit, rendered in families.items():
        changes |= _changes_of_family(validated.read[unit], rendered, restored=restored)
    changes |= _changes(spanning.files, spanning.committed, spanning.unrendered)
    kept = {p: d for p, d in changes.items() if p.rpartition("/")[0] not in spanning.colliding}
    return RenderedTree(kept, validated.checked(_findings(families, spanning)))


def _changes_of_family(read: ReadFamily, rendered: RenderedFamily, *, restored: bool) -> Changes:
    files, committed = rendered.files, read.given.rendered
    if not restored:
        # A change of something else must not undo a rollback that restored the verified bytes.
        files = keep_restored(files, committed, restorable_folders(read.fleet))
    return _changes(files, committed, rendered.unrendered)


def _changes(files: Mapping[str, bytes], committed: Tree, unrendered: Collection[str]) -> Changes:
    written = {path: data for path, data in files.items() if committed.get(path) != data}
    return {**written, **dict.fromkeys(stale_paths(files, committed, unrendered=unrendered))}


def _findings(
    families: Mapping[Unit, RenderedFamily], spanning: RenderedSpanning
) -> Iterable[Finding]:
    yield from spanning.findings
    for each in families.values():
        yield from each.findings


def compare_rendered(rendered: RenderedTree) -> RenderedFiles:
    """Which files of ``rendered/`` have to be written or removed; nothing is."""
    written, removed = _paths(rendered)
    return RenderedFiles(rendered.checked.outcome(), tuple(written), removed, compared=True)


def _paths(rendered: RenderedTree) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files to write, and the paths of those to remove, in order."""
    changes = sorted(rendered.changes.items())
    written = {path: data for path, data in changes if data is not None}
    return written, tuple(path for path, data in changes if data is None)


def write_rendered(git: Git, rendered: RenderedTree) -> RenderedFiles:
    """Write what ``rendered/`` needs. Raises LockstepError where a file to remove is not in
    a sparse check-out, before anything is written.
    """
    written, removed = _paths(rendered)
    _require_files(git, removed)
    sweep_work_tree(git.root)
    write_changes(git.root, written)
    write_changes(git.root, dict.fromkeys(removed))
    return RenderedFiles(rendered.checked.outcome(), tuple(written), removed)


def _require_files(git: Git, removed: Sequence[str]) -> None:
    """Raise LockstepError where a file to remove is in git only: that would not remove it."""
    absent = next((path for path in removed if not (git.root / path).exists()), None)
    if absent:
        raise LockstepError(
            "this file must be removed from git, and it is not in the work tree",
            where=absent, fix="git rm --cached it; where a sparse check-out has left it out, first "
            "run git sparse-checkout add rendered, then run it again",
        )  # fmt: skip
