"""The files of a restore: the very bytes that were verified, wherever that is possible."""

import json
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass

from lockstep.edges.git import Git
from lockstep.model.decision import Decision, Restored, VerifiedState
from lockstep.model.document import Document, Json, from_json_pointer, value_at
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.fleet import Cluster, Family, Tree
from lockstep.model.git_ids import algorithm_of, git_tree_id
from lockstep.render import inputs_of
from lockstep.render.names import cluster_folder
from lockstep.render.provenance import FILE_NAME, parse_provenance, restore_provenance
from lockstep.render.restored import files_in
from lockstep.render.shifted import with_floors
from lockstep.rollout.rollback import RollbackPlan, changed_fields
from lockstep.spec.assemble import assemble
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import cut, one_line
from lockstep.transactions.rendering import render_family, rendered_folders
from lockstep.transactions.shift import ShiftedFiles, changed_floors, shifted_files
from lockstep.transactions.state import FamilyState, overlay, spec_changes

_FIELDS_TO_TRY = 20
"""Changed fields that are tried one by one; of more than these all are recorded."""


@dataclass(frozen=True)
class Restoration:
    """What a restore writes in addition to the specs, and what its record says about it."""

    rendered: Mapping[str, bytes]
    restored: Restored
    unchecked: tuple[str, ...] = ()


class CannotRestore(LockstepError):
    """Neither the verified bytes nor a rendering of the restored specs can be had."""


def restoration(
    git: Git, state: FamilyState, plan: RollbackPlan, locks: Mapping[str, bytes]
) -> Restoration:
    """How the family returns to the verified state of ``plan``, with the ``locks`` to restore.

    Rendered again where that gives the verified bytes, or where only people have changed fields
    since; the verified bytes themselves where templates or the program have changed, so that a
    rollback brings no change of rendering with it. Raises CannotRestore where neither can be had,
    and Invalid for a record without a verified state.
    """
    verified = plan.to.verified_state
    if verified is None:
        raise Invalid("the record to return to holds no verified state", where=plan.to.path)
    missing = _unusable_objects(git, state, plan.to, verified)
    edits = spec_changes(state.family, state.tree, plan.restore)
    after = overlay(state.tree, {**edits, **locks})
    rendered = _try_render(after, state)
    sequence = plan.to.sequence
    # Tree ids are enough here, so this works in a shallow clone that lacks the objects.
    if rendered and _is_as_verified(rendered, rendered_folders(state.family), verified):
        return Restoration(rendered, Restored(sequence, exact=True))
    if missing:
        if not rendered:
            raise CannotRestore(
                f"the restored specs cannot be rendered, and there is no other way: {missing[0]}",
                fix="fix the templates, or run it in a clone with the whole history",
            )
        # Without the old files no field can be compared, which the record says as `unchecked`.
        return Restoration(rendered, Restored(sequence, exact=False), missing)
    # A shallow clone may not know who added the record: then a commit before it is named.
    source = git.added_by(plan.to.path) or verified.commit or state.snapshot.base
    specs = _environment_at(git, state, source) | _verified_files(git, verified)
    changed = _changed(state.family, after, specs)
    retired = tuple(
        f"{c.path}#/spec/variants" for c in state.family.clusters if c.name in plan.differing
    )
    if rendered and (changed or retired) and _renders_as_verified(state, specs, verified):
        everything = (*changed, *retired)
        return Restoration(rendered, Restored(sequence, exact=False, changed=everything))
    unforced = _out_of_force(changed, after, specs, rendered, state)
    restored = Restored(sequence, exact=not retired, changed=unforced, bytes_from=source)
    edited = {
        folder: cluster
        for cluster in state.family.clusters
        if (folder := cluster_folder(cluster.environment, cluster.name)) not in verified.folders
        or (cluster.name in plan.differing and cluster.name not in plan.started)
    }
    files = _verified_bytes(git, state, plan, after, source, without=edited)
    others = _edited_bytes(git, state, plan, edited)
    return Restoration({**files, **others.rendered}, restored, others.unchecked)


def _try_render(tree: Tree, state: FamilyState) -> dict[str, bytes]:
    try:
        return render_family(tree, state)
    except Invalid:  # broken templates must not stop a rollback
        return {}


def _is_as_verified(
    rendered: Mapping[str, bytes], folders: Iterable[str], verified: VerifiedState
) -> bool:
    """Whether each folder is the git tree that was verified."""
    wanted = {folder: verified.folders.get(folder, "") for folder in folders}
    return all(
        git_tree_id(files_in(rendered, folder), algorithm=algorithm_of(tree)) == tree
        for folder, tree in wanted.items()
    )


def _renders_as_verified(
    state: FamilyState, specs: Mapping[str, bytes], verified: VerifiedState
) -> bool:
    """Whether today's templates and program give the verified bytes for the verified specs."""
    own = f"{state.family.folder}/"
    others = {path: data for path, data in state.tree.items() if not path.startswith(own)}
    rendered = _try_render({**others, **specs}, state)
    return bool(rendered) and _is_as_verified(rendered, verified.folders, verified)


def _unusable_objects(
    git: Git, state: FamilyState, to: Decision, verified: VerifiedState
) -> tuple[str, ...]:
    """Why the objects of a verified state cannot be used; empty where they can.

    What a shallow clone lacks is fetched; what cannot be fetched is reported, never guessed.
    """
    oids = [*verified.files.values(), *verified.folders.values()]
    remote = state.snapshot.remote
    # verified.commit is the parent of that state: later commits are likelier to have its files.
    later = [r.decision.base for r in state.family.records if r.decision.sequence > to.sequence]
    for commit in [*later, verified.commit]:
        if git.has_objects(*oids):
            return _unshown_objects(git, state, to, verified)
        if remote and commit:
            git.fetch_commit(remote, commit)
    if git.has_objects(*oids):
        return _unshown_objects(git, state, to, verified)
    return ("verified bytes: this clone lacks them, and the remote did not give them",)


def _unshown_objects(
    git: Git, state: FamilyState, to: Decision, verified: VerifiedState
) -> tuple[str, ...]:
    """Whether the objects were at their own paths of the followed branch when the record came.

    The check of that change has seen to it. Here it is asked again, because a forged record that
    got past it could name any folder of the repository.
    """
    if state.unchecked:  # without the history, which the record says
        return ()
    brought = git.brought_by(to.path, state.snapshot.base)
    environment = f"clusters/{state.family.environment}/environment.yaml"  # in older records
    claimed = {p: oid for p, oid in verified.files.items() if p != environment}
    claimed |= verified.folders
    found = git.object_ids(brought, list(claimed)) if brought else {}
    wrong = sorted(path for path, oid in claimed.items() if found.get(path) != oid)
    if not wrong:
        return ()
    shown = cut(", ".join(one_line(path, 200) for path in wrong), 500)
    return (f"verified bytes: git does not show them where record {to.sequence} came: {shown}",)


def _environment_at(git: Git, state: FamilyState, commit: str) -> dict[str, bytes]:
    """The environment's own file at a commit, which the manifests were rendered with."""
    path = f"clusters/{state.family.environment}/environment.yaml"
    return dict(git.read_tree(commit, [path])) if git.has_objects(commit) else {}


def verified_locks(git: Git, state: FamilyState, plan: RollbackPlan) -> dict[str, bytes]:
    """The locks of the versions that serve again, where they differ from what was verified.

    The file was deleted since, made unreadable or given another identity. Facts that were only
    refreshed stay.
    """
    verified = plan.to.verified_state
    if verified is None or _unusable_objects(git, state, plan.to, verified):
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


def _verified_files(git: Git, verified: VerifiedState) -> dict[str, bytes]:
    """The specs and locks as they were verified, by path."""
    blobs = git.read_objects(list(verified.files.values()))
    return dict(zip(verified.files, blobs, strict=True))


def _changed(family: Family, after: Tree, specs: Mapping[str, bytes]) -> tuple[str, ...]:
    """The fields that people changed since the state was verified, locks left out."""
    changed: list[str] = []
    for path, data in specs.items():
        if "/locks/" not in path:
            changed += changed_fields(path, _value(path, data), _value(path, after.get(path)))
    added = (cluster.path for cluster in family.clusters if cluster.path not in specs)
    return (*changed, *(f"{path}#" for path in added))


def _value(path: str, data: bytes | None) -> Json:
    document = load_yaml(path, data)[0] if data is not None else None
    return value_at(document.value, ()) if document else None


def _out_of_force(
    changed: tuple[str, ...],
    after: Tree,
    specs: Mapping[str, bytes],
    rendered: Mapping[str, bytes],
    state: FamilyState,
) -> tuple[str, ...]:
    """Those of the changed fields that manifests show, which the verified bytes do not.

    A field counts where the specs render something else without its change.
    """
    # Not a whole file: a cluster that joined or left the family since stays as people want it.
    fields = tuple(field for field in changed if not field.endswith("#"))
    # Without a rendering it is not known which fields count, so all do.
    if not rendered or len(fields) > _FIELDS_TO_TRY:
        return fields
    return tuple(
        field
        for field in fields
        if _try_render(_without_change(field, after, specs), state) != rendered
    )


def _without_change(field: str, after: Tree, specs: Mapping[str, bytes]) -> Tree:
    """The tree in which one changed field is as verified."""
    # Names of files may have a # too.
    path = next(path for path in specs if field.startswith(f"{path}#/"))
    text = field.removeprefix(f"{path}#")
    old, new = _value(path, specs[path]), deepcopy(_value(path, after[path]))
    *above, key = from_json_pointer(text, new)
    was, parent = value_at(old, tuple(above)), value_at(new, tuple(above))
    if key in was:
        parent[key] = was[key]
    else:
        del parent[key]
    # As JSON, which is YAML: rendering depends on values, and not on how they are written.
    return {**after, path: json.dumps(new).encode()}


def _verified_bytes(
    git: Git,
    state: FamilyState,
    plan: RollbackPlan,
    after: Tree,
    source: str,
    *,
    without: Collection[str],
) -> dict[str, bytes]:
    """The rendered folders as they were verified, marked with the commit that they come from.

    Where a version starts again they get its floor, and lose the mark: they are not that commit's.
    """
    environment = assemble(after, state.snapshot.documents)[0].environments[
        state.family.environment
    ]
    family = environment.families[state.family.name]
    folders = plan.to.verified_state.folders if plan.to.verified_state else {}
    files: dict[str, bytes] = {}
    for cluster in family.clusters:
        folder = cluster_folder(cluster.environment, cluster.name)
        if folder in without:
            continue
        inside = git.read_tree(folders[folder], ())
        marked = _marked(folder, inside, inputs_of(cluster, family, environment), source)
        if cluster.name in plan.started:
            was, now = plan.to.variants[cluster.name], plan.restore[cluster.name]
            marked = with_floors(marked, changed_floors(state, cluster, was, now))
        files |= {f"{folder}/{name}": data for name, data in marked.items()}
    return files


def _marked(
    folder: str, inside: Tree, inputs: dict[str, Json] | None, source: str
) -> dict[str, bytes]:
    """A verified folder with the mark of a restore. Raises CannotRestore.

    With today's ``inputs``: old bytes are valid until spec or locks change (see keep_restored).
    """
    try:
        old = inside[FILE_NAME]
        known = parse_provenance(old).inputs if inputs is None else inputs
        return {**inside, FILE_NAME: restore_provenance(old, known, source)}
    except (KeyError, ValueError) as error:  # a forged record can name any tree as verified
        raise CannotRestore(
            f"{folder} has no valid {FILE_NAME} in the verified state",
            fix="fix the templates, then run it again",
        ) from error


def _edited_bytes(
    git: Git, state: FamilyState, plan: RollbackPlan, folders: Mapping[str, Cluster]
) -> ShiftedFiles:
    """The folders whose verified bytes cannot come back, with the traffic of the restored specs.

    Their clusters joined the family later, or had arms of a version that is in quarantine now.
    All other bytes stay: a rendering would bring what has changed in templates with it. Raises
    CannotRestore.
    """
    if not folders:
        return ShiftedFiles({})
    try:
        committed = git.read_tree(state.snapshot.base, list(folders))
        return shifted_files(state, committed, plan.restore, list(folders.values()))
    except Invalid as error:
        raise CannotRestore(error.message, fix=error.fix) from None
