"""The files of a way back: the very bytes that were verified, wherever that is possible."""

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
from lockstep.transactions.state import State, overlay, spec_changes


@dataclass(frozen=True)
class Restoration:
    """What a restore writes beside the specs, and what its record says about it."""

    rendered: Mapping[str, bytes]
    restored: Restored
    unchecked: tuple[str, ...] = ()


def restoration(
    git: Git, state: State, plan: RollbackPlan, locks: Mapping[str, bytes]
) -> Restoration:
    """How the family returns to the verified state of ``plan``, with ``locks`` that come back.

    Rendered again where that gives the verified bytes, or where people have changed other
    fields since; the verified bytes themselves where only the renderer has changed. Raises
    Invalid where neither can be had.
    """
    back = plan.to.verified_state
    if back is None:
        raise Invalid("the record to return to holds no way back", where=plan.to.path)
    missing = _missing_objects(git, state, plan.to, back)
    edits = spec_changes(state.family, state.tree, plan.restore)
    after = overlay(state.tree, {**edits, **locks})
    rendered = _try_render(after, state)
    sequence = plan.to.sequence
    if rendered is not None and _folders(git, state, rendered) == _wanted(state, back):
        return Restoration(rendered, Restored(sequence, exact=True))
    changed = () if missing else _changed(git, state.family, after, back)
    if rendered is not None and (changed or missing):
        return Restoration(rendered, Restored(sequence, exact=False, changed=changed), missing)
    if missing or changed:
        raise Invalid(
            "the way back cannot be rendered", fix="mend the templates, then revert again"
        )
    source = git.added_by(plan.to.path) or back.commit or state.snapshot.base
    files = _verified_bytes(git, state, back, rendered or {}, source)
    return Restoration(files, Restored(sequence, exact=True, bytes_from=source))


def _try_render(after: Tree, state: State) -> dict[str, bytes] | None:
    try:
        return render_family(after, state)
    except Invalid:  # broken templates must not stand in the way back
        return None


def _folders(git: Git, state: State, rendered: Mapping[str, bytes]) -> dict[str, str]:
    tree = git.write_tree(state.snapshot.base, rendered_changes(git, state, rendered))
    return git.object_ids(tree, rendered_folders(state.family))


def _wanted(state: State, back: VerifiedState) -> dict[str, str]:
    return {folder: back.folders.get(folder, "") for folder in rendered_folders(state.family)}


def _missing_objects(git: Git, state: State, to: Decision, back: VerifiedState) -> tuple[str, ...]:
    """Fetch what a shallow clone lacks; what cannot be had is said, never guessed."""
    oids = [*back.files.values(), *back.folders.values()]
    remote = git.remote(git.branch())
    later = [r.decision.base for r in state.family.records if r.decision.sequence > to.sequence]
    for commit in [*later, back.commit]:
        if git.has_objects(*oids):
            return ()
        if remote and commit:
            git.fetch_commit(remote, commit)
    if git.has_objects(*oids):
        return ()
    return ("verified bytes: this clone lacks them, and the remote did not give them",)


def verified_locks(git: Git, state: State, plan: RollbackPlan) -> dict[str, bytes]:
    """The locks of the versions that serve again, where they are not what was verified any more.

    Somebody has deleted the file since, made it unreadable or given it another identity. Facts
    that were only refreshed stay.
    """
    back = plan.to.verified_state
    if back is None or _missing_objects(git, state, plan.to, back):
        return {}
    versions = sorted({v["version"] for each in plan.restore.values() for v in each})
    paths = {f"{state.family.folder}/locks/{version}.yaml": version for version in versions}
    known = [path for path in paths if path in back.files]
    verified = dict(zip(known, git.read_objects([back.files[p] for p in known]), strict=True))
    return {
        path: data
        for path, data in verified.items()
        if _identity(load_yaml(path, data)[0]) != _identity(state.family.locks.get(paths[path]))
    }


def _identity(lock: Document | None) -> Json:
    return value_at(lock.value, ("spec", "identity")) if lock else None


def _changed(git: Git, family: Family, after: Tree, back: VerifiedState) -> tuple[str, ...]:
    """The fields that people changed since the state was verified, locks left out."""
    paths = [path for path in back.files if "/locks/" not in path]
    before = dict(zip(paths, git.read_objects([back.files[p] for p in paths]), strict=True))
    changed: list[str] = []
    for path in paths:
        old = load_yaml(path, before[path])[0]
        new = load_yaml(path, after[path])[0] if path in after else None
        values = [value_at(each.value, ()) if each else None for each in (old, new)]
        changed += changed_fields(path, *values)
    added = (cluster.path for cluster in family.clusters if cluster.path not in back.files)
    return (*changed, *(f"{path}#" for path in added))


def _verified_bytes(
    git: Git, state: State, back: VerifiedState, fresh: Mapping[str, bytes], source: str
) -> dict[str, bytes]:
    """The rendered folders as they were verified, marked with the commit that they come from."""
    files: dict[str, bytes] = {}
    for folder in rendered_folders(state.family):
        if folder not in back.folders:
            continue
        inside = git.read_tree(back.folders[folder], ())
        today = fresh.get(f"{folder}/{FILE_NAME}", inside[FILE_NAME])
        marked = {**inside, FILE_NAME: restore_provenance(inside[FILE_NAME], today, source)}
        files |= {f"{folder}/{name}": data for name, data in marked.items()}
    return files
