"""Folders in which a revert restored old bytes: they stay until their spec changes.

``lockstep render --restored`` renders them before that, because no version rolls out on them.

The mark in PROVENANCE alone is not trusted, because anyone can write it. The folder must be, to
the byte, the git tree that a verified record of the ledger names.
"""

from collections.abc import Collection, Mapping

from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.git_ids import algorithm_of, git_tree_id
from lockstep.render.provenance import (
    FILE_NAME,
    Provenance,
    original_provenance,
    parse_provenance,
)

Restorable = Mapping[str, Collection[str]]
"""Git tree ids of verified folders to which the ledger says that a family returned, by path."""


def restorable_folders(fleet: Fleet) -> dict[str, set[str]]:
    """The folders whose old bytes a recorded revert restored, with their git tree ids."""
    folders: dict[str, set[str]] = {}
    for family in fleet.families():
        for path, tree in _restored_by(family):
            folders.setdefault(path, set()).add(tree)
    return folders


def keep_restored(
    rendered: Mapping[str, bytes], committed: Tree, restorable: Restorable
) -> dict[str, bytes]:
    """``rendered``, with the committed bytes for each folder that is restored and still valid.

    That is a folder whose PROVENANCE is marked, whose spec and locks have not changed since, and
    which apart from the mark is a tree of ``restorable``.
    """
    kept = dict(rendered)
    for path, trees in restorable.items():
        inside = files_in(committed, path)
        fresh = rendered.get(f"{path}/{FILE_NAME}")
        if fresh is not None and _is_valid(inside, parse_provenance(fresh), trees):
            for name in files_in(rendered, path):
                del kept[f"{path}/{name}"]
            kept |= {f"{path}/{name}": data for name, data in inside.items()}
    return dict(sorted(kept.items()))


def files_in(tree: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    """The files below a folder, by their path in it."""
    start = folder + "/"
    return {p.removeprefix(start): data for p, data in tree.items() if p.startswith(start)}


def _restored_by(family: Family) -> Collection[tuple[str, str]]:
    decisions = {record.decision.sequence: record.decision for record in family.records}
    found: list[tuple[str, str]] = []
    for decision in decisions.values():
        # Without bytes_from the folders are what the specs render today: there is nothing to keep.
        if decision.restored is None or decision.restored.bytes_from is None:
            continue
        verified = decisions.get(decision.restored.sequence)
        if verified is not None and verified.verified_state is not None:
            found += verified.verified_state.folders.items()
    return found


def _is_valid(files: Mapping[str, bytes], fresh: Provenance, trees: Collection[str]) -> bool:
    try:
        marked = parse_provenance(files[FILE_NAME])
    except (KeyError, ValueError):
        return False
    # People have changed the spec or a lock since, or the mark itself: render again.
    if marked.restored_for != fresh.inputs or marked.to_bytes() != files[FILE_NAME]:
        return False
    original = {**files, FILE_NAME: original_provenance(marked).to_bytes()}
    algorithms = set(map(algorithm_of, trees))
    return any(git_tree_id(original, algorithm=a) in trees for a in algorithms)
