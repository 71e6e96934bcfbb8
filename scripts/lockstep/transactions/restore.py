"""The files of a restore: the very bytes that were verified, wherever that is possible."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockstep.edges.git import Git
from lockstep.model.decision import Decision, Restored, VerifiedState
from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import Invalid
from lockstep.model.fleet import Family, Tree
from lockstep.render.provenance import FILE_NAME, restore_provenance
from lockstep.rollout.rollback import RollbackPlan, changed_fields
from lockstep.spec.yaml.load import load_yaml
from lockstep.transactions.commit import render_family, rendered_changes, rendered_folders
from lockstep.transactions.state import FamilyState, overlay, spec_changes


@dataclass(frozen=True)
class Restoration:
    """What a restore writes in addition to the specs, and what its record says about it."""

    rendered: Mapping[str, bytes]
    restored: Restored
    unchecked: tuple[str, ...] = ()


def restoration(
    git: Git, state: FamilyState, plan: RollbackPlan, locks: Mapping[str, bytes]
) -> Restoration:
    """How the family returns to the verified state of ``plan``, with the ``locks`` to restore.

    Rendered again where that gives the verified bytes, or where people have changed other
    fields since; the verified bytes themselves where only the renderer has changed. Raises
    Invalid where neither can be had.
    """
    verified = plan.to.verified_state
    if verified is None:
        raise Invalid("the record to return to holds no verified state", where=plan.to.path)
    missing = _missing_objects(git, state, plan.to, verified)
    edits = spec_changes(state.family, state.tree, plan.restore)
    after = overlay(state.tree, {**edits, **locks})
    rendered = _try_render(after, state)
    sequence = plan.to.sequence
    # Tree ids are enough here, so this works in a shallow clone that lacks the objects.
    if rendered is not None and _folders(git, state, rendered) == _wanted(state, verified):
        return Restoration(rendered, Restored(sequence, exact=True))
    # Without the old files no field can be compared, which the record says as `unchecked`.
    changed = () if missing else _changed(git, state.family, after, verified)
    if rendered is not None and (changed or missing):
        return Restoration(rendered, Restored(sequence, exact=False, changed=changed), missing)
    if missing or changed:
        raise Invalid(
            "the restored specs cannot be rendered", fix="fix the templates, then revert again"
        )
    # A shallow clone may not know who added the record: then a commit before it is named.
    source = git.added_by(plan.to.path) or verified.commit or state.snapshot.base
    files = _verified_bytes(git, state, verified, rendered or {}, source)
    return Restoration(files, Restored(sequence, exact=True, bytes_from=source))


def _try_render(after: Tree, state: FamilyState) -> dict[str, bytes] | None:
    try:
        return render_family(after, state)
    except Invalid:  # broken templates must not stop a rollback
        return None


def _folders(git: Git, state: FamilyState, rendered: Mapping[str, bytes]) -> dict[str, str]:
    tree = git.write_tree(state.snapshot.base, rendered_changes(git, state, rendered))
    return git.object_ids(tree, rendered_folders(state.family))


def _wanted(state: FamilyState, verified: VerifiedState) -> dict[str, str]:
    return {folder: verified.folders.get(folder, "") for folder in rendered_folders(state.family)}


def _missing_objects(
    git: Git, state: FamilyState, to: Decision, verified: VerifiedState
) -> tuple[str, ...]:
    """Fetch what a shallow clone lacks; what cannot be fetched is reported, never guessed."""
    oids = [*verified.files.values(), *verified.folders.values()]
    remote = state.snapshot.remote
    # verified.commit is the parent of that state: later commits are likelier to have its files.
    later = [r.decision.base for r in state.family.records if r.decision.sequence > to.sequence]
    for commit in [*later, verified.commit]:
        if git.has_objects(*oids):
            return ()
        if remote and commit:
            git.fetch_commit(remote, commit)
    if git.has_objects(*oids):
        return ()
    return ("verified bytes: this clone lacks them, and the remote did not give them",)


def verified_locks(git: Git, state: FamilyState, plan: RollbackPlan) -> dict[str, bytes]:
    """The locks of the versions that serve again, where they differ from what was verified.

    The file was deleted since, made unreadable or given another identity. Facts that were only
    refreshed stay.
    """
    verified = plan.to.verified_state
    if verified is None or _missing_objects(git, state, plan.to, verified):
        return {}
    versions = sorted({v["version"] for each in plan.restore.values() for v in each})
    paths = {f"{state.family.folder}/locks/{version}.yaml": version for version in versions}
    known = [path for path in paths if path in verified.files]
    locked = dict(zip(known, git.read_objects([verified.files[p] for p in known]), strict=True))
    return {
        path: data
        for path, data in locked.items()
        if _identity(load_yaml(path, data)[0]) != _identity(state.family.locks.get(paths[path]))
    }


def _identity(lock: Document | None) -> Json:
    return value_at(lock.value, ("spec", "identity")) if lock else None


def _changed(git: Git, family: Family, after: Tree, verified: VerifiedState) -> tuple[str, ...]:
    """The fields that people changed since the state was verified, locks left out."""
    paths = [path for path in verified.files if "/locks/" not in path]
    before = dict(zip(paths, git.read_objects([verified.files[p] for p in paths]), strict=True))
    changed: list[str] = []
    for path in paths:
        old = load_yaml(path, before[path])[0]
        new = load_yaml(path, after[path])[0] if path in after else None
        values = [value_at(each.value, ()) if each else None for each in (old, new)]
        changed += changed_fields(path, *values)
    added = (cluster.path for cluster in family.clusters if cluster.path not in verified.files)
    return (*changed, *(f"{path}#" for path in added))


def _verified_bytes(
    git: Git, state: FamilyState, verified: VerifiedState, fresh: Mapping[str, bytes], source: str
) -> dict[str, bytes]:
    """The rendered folders as they were verified, marked with the commit that they come from."""
    files: dict[str, bytes] = {}
    for folder in rendered_folders(state.family):
        if folder not in verified.folders:
            continue
        inside = git.read_tree(verified.folders[folder], ())
        # With today's inputs: old bytes are valid until spec or locks change (see keep_restored).
        today = fresh.get(f"{folder}/{FILE_NAME}", inside[FILE_NAME])
        marked = {**inside, FILE_NAME: restore_provenance(inside[FILE_NAME], today, source)}
        files |= {f"{folder}/{name}": data for name, data in marked.items()}
    return files
