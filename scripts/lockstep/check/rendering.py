"""What ``rendered/`` needs so that a check finds it as the specs declare it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from lockstep.check.compiled import templates_of
from lockstep.check.family import ReadFamily, RenderedFamily, render_read
from lockstep.check.fleet import RenderedSpanning, render_environments, render_spanning
from lockstep.check.units import Unit
from lockstep.check.validation import Checked, validate_families
from lockstep.edges.stderr import silenced_stderr
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
        families = {unit: render_read(read, templates) for unit, read in validated.read.items()}
        folders = render_environments(validated.given, templates)
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
