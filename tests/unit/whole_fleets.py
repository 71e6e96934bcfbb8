"""Whole fleets for tests, rendered and asked about at once; the program goes by families."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from lockstep.model.document import Document
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Cluster, Fleet
from lockstep.policy import PolicyItem, RenderedObjects, environment_input, family_inputs
from lockstep.policy.environment_summary import share_of, summaries_of
from lockstep.render import (
    RenderedFolder,
    Templates,
    render_environment,
    render_family,
    render_family_folder,
    render_tenants,
)
from lockstep.render.collisions import Shared, find_collisions, shared_projects
from lockstep.render.names import cluster_folder, environment_folder, family_folder
from lockstep.render.observability import read_destination
from lockstep.render.provenance import FILE_NAME
from lockstep.spec.assemble import cluster_files

Rendered = tuple[Cluster | Document, RenderedFolder]
"""A folder, and the cluster or the environment's document that it was rendered from."""


def render_fleet(fleet: Fleet, templates: Templates) -> tuple[dict[str, bytes], list[Finding]]:
    """All files under ``rendered/`` by path, and the findings of what could not be rendered.

    A folder with a finding, or that shares an object, a host or its path with another folder, is
    left out whole: ``unrendered_folders`` lists it, so that it does not count as deleted.
    """
    folders: list[Rendered] = [
        (environment.document, folder)
        for environment in fleet.environments.values()
        for folder in (
            render_environment(environment, templates),
            *render_tenants(environment, templates),
        )
    ]
    for family in fleet.families():
        environment = fleet.environments[family.environment]
        rendered = render_family(family, environment, templates)
        # Without the parsed objects: thousands of live ones slow Python's collector down.
        folders += [(cluster, replace(folder, manifests={})) for cluster, folder in rendered]
        if (whole := render_family_folder(family, environment, templates)) is not None:
            folders.append((family.document, replace(whole, manifests={})))
    shared = shared_projects(each.document for each in fleet.environments.values())
    return _files_of(folders, shared)


def _files_of(
    folders: Sequence[Rendered], shared: Shared
) -> tuple[dict[str, bytes], list[Finding]]:
    # At the end, because only all folders together show what collides.
    collisions = find_collisions(((origin, folder.claims) for origin, folder in folders), shared)
    files: dict[str, bytes] = {}
    findings = [finding for _, folder in folders for finding in folder.findings]
    for index, (_, folder) in enumerate(folders):
        findings += collisions.get(index, ())
        # Neither of two folders is written: which of them is right is not known.
        if index not in collisions:
            files |= folder.by_path()
    # Every folder has the findings of the templates: arrange leaves one of each.
    return dict(sorted(files.items())), list(arrange(findings))


def unrendered_folders(
    fleet: Fleet, rendered: Mapping[str, bytes], paths: Iterable[str] = ()
) -> list[str]:
    """The folders that the fleet should have and that were not rendered, because of findings.

    ``paths`` are those of all files. A cluster keeps its folder as long as it has its file, even
    where that, or what it belongs to, cannot be read and is not part of the fleet.
    """
    clusters = {(c.environment, c.name) for c in fleet.clusters()}
    clusters |= {(environment, name) for environment, _, name in cluster_files(paths).values()}
    environments = {*fleet.environments, *(environment for environment, _ in clusters)}
    wanted = {environment_folder(name) for name in environments}
    wanted |= {cluster_folder(*cluster) for cluster in clusters}
    wanted |= {
        family_folder(family.environment, family.name)
        for family in fleet.families()
        if read_destination(fleet.environments[family.environment]) is not None
    }
    return sorted(path for path in wanted if f"{path}/{FILE_NAME}" not in rendered)


def policy_inputs(
    new: Fleet,
    old: Fleet | None,
    now: datetime,
    rendered: RenderedObjects | None = None,
) -> list[PolicyItem]:
    """The items for ``new`` and the change from ``old`` (None: there was nothing before).

    Both fleets must hold only well-formed documents: what a schema refuses is a finding already,
    and a rule that misses a value is an error.
    """
    shares = [(family.environment, share_of(family)) for family in new.families()]
    summaries = summaries_of(new.environments, shares)
    items = [
        environment_input(new, old, environment, summaries[environment.name])
        for environment in new.environments.values()
    ]
    for family in new.families():
        items += family_inputs(new, old, family, now, rendered or {})
    return items
