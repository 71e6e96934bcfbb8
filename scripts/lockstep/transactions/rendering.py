"""What the specs of a family render, and whether that is what is committed."""

from lockstep.check.compiled import templates_of
from lockstep.edges.git import Git
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.errors import Invalid
from lockstep.model.fleet import Environment, Family, Tree
from lockstep.render import (
    Templates,
    compare,
    render_cluster,
    render_family_folder,
    restorable_folders,
)
from lockstep.render.names import cluster_folder, family_folder
from lockstep.spec.assemble import assemble
from lockstep.transactions.state import FamilyState, NotRendered, own_findings, raise_errors

_SHOWN = 3
"""Differing files that a move which waits for them names; lockstep check lists all."""


def render_family(tree: Tree, state: FamilyState) -> dict[str, bytes]:
    """The manifests of the family's clusters as the tree declares them, by path. Raises Invalid.

    What watches the family as a whole is not among them: no move of a version changes it.
    """
    fleet, findings = assemble(tree, state.snapshot.documents)
    name, home = state.family.name, state.family.environment
    # Not of locks and records, which are not rendered: read_state has stopped forward moves for
    # them, and a rollback goes on.
    own = own_findings(findings, home, name)
    unreadable = [f for f in own if "/locks/" not in f.file and not f.file.startswith("ledger/")]
    raise_errors(unreadable, Invalid, "the change would leave a file unreadable")
    environment = fleet.environments.get(home)
    family = environment.families.get(name) if environment else None
    if environment is None or family is None:
        raise Invalid(f"{state.title} has no specs to render")
    return _render(family, environment, templates_of(tree, state.tree))


def _render(
    family: Family, environment: Environment, templates: Templates, *, whole: bool = False
) -> dict[str, bytes]:
    with silenced_stderr():
        folders = [render_cluster(c, family, environment, templates) for c in family.clusters]
        if whole and (folder := render_family_folder(family, environment, templates)):
            folders.append(folder)
    wrong = [finding for folder in folders for finding in folder.findings]
    raise_errors(wrong, Invalid, "the change cannot be rendered")
    return {path: data for folder in folders for path, data in folder.by_path().items()}


def render_committed(state: FamilyState, *, whole: bool = False) -> dict[str, bytes]:
    """The manifests of the family's clusters as its committed specs declare them now.

    With ``whole`` those of the family's own folder too. Raises Invalid.
    """
    environment = state.fleet.environments[state.family.environment]
    templates = templates_of(state.tree, state.tree)
    return _render(state.family, environment, templates, whole=whole)


def require_rendered_now(git: Git, state: FamilyState) -> None:
    """Raise NotRendered where the committed manifests are not what the specs render now.

    The move would bring that change to production together with its own, in all clusters.
    """
    fresh, committed = render_committed(state, whole=True), _committed(git, state)
    wrong = compare(fresh, committed)
    if not wrong:
        return
    shown = [f"{f.file}:{f.line}: {f.message}" for f in wrong[:_SHOWN]]
    shown += [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
    # Without the option, lockstep render keeps the bytes that a rollback restored.
    kept = compare(fresh, committed, restorable=restorable_folders(state.fleet))
    verb = "lockstep render" if kept == wrong else "lockstep render --restored"
    raise NotRendered(
        f"{state.title}: rendered/ is not what the specs render now, and a move never carries "
        "a change of rendering:\n  " + "\n  ".join(shown),
        fix=f"run {verb}, commit what it writes in a change of its own, then run this again",
    )


def require_rendered(git: Git, state: FamilyState) -> None:
    """Raise Invalid where the committed manifests of the family are not what it declares.

    Bytes that a rollback restored may be adopted: they were verified.
    """
    fresh, restorable = render_committed(state, whole=True), restorable_folders(state.fleet)
    wrong = compare(fresh, _committed(git, state), restorable=restorable)
    raise_errors(wrong, Invalid, "rendered/ is not what the specs declare")


def _committed(git: Git, state: FamilyState) -> Tree:
    """The committed manifests of the family's clusters, and of the family as a whole."""
    family = state.family
    folders = [*rendered_folders(family), family_folder(family.environment, family.name)]
    return git.read_tree(state.snapshot.base, folders)


def rendered_folders(family: Family) -> list[str]:
    """The folders under ``rendered/`` that belong to the clusters of a family."""
    return [cluster_folder(c.environment, c.name) for c in family.clusters]
