"""Renders a whole fleet, family by family: each folder is complete, or findings say why not."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from lockstep.model.document import Document, Json, value_at
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.render.collisions import find_collisions
from lockstep.render.fields import Unrenderable
from lockstep.render.folder import FolderWriter, RenderedFolder, Templates
from lockstep.render.inputs import view_cluster, view_environment
from lockstep.render.names import cluster_folder, environment_folder
from lockstep.render.targets.kubernetes.target import KUBERNETES

_KEPT = 64
"""Folders that are kept to be rendered once: few, because many live objects slow Python down."""


def render_cluster(
    cluster: Cluster, family: Family, environment: Environment, templates: Templates
) -> RenderedFolder:
    """The manifests of one cluster, or the findings that say why there are none.

    The same inputs are rendered once in a row: a decision compares the specs before it with what
    is committed, renders those after it, and has the rules check the same manifests.
    """
    path = cluster_folder(cluster.environment, cluster.name)
    if templates.findings:
        return RenderedFolder(path, findings=templates.findings)
    try:
        view = view_cluster(cluster, family, environment)
    except Unrenderable as error:
        return RenderedFolder(path, findings=(error.finding,))
    inputs, version = view.inputs(), value_at(environment.spec, ("kubernetesVersion",))
    learners = [running.learners for running in view.running]
    key = repr((path, inputs, learners, version))
    if (known := templates.kept.pop(key, None)) is None:
        writer = FolderWriter(environment, templates, family, cluster)
        known = writer.write(path, KUBERNETES.cluster, view, inputs, view.destination)
    # Not with findings, which name lines of files that may have moved.
    if not known.findings:
        templates.kept[key] = known
        if len(templates.kept) > _KEPT:
            templates.kept.pop(next(iter(templates.kept)), None)
    return known


def inputs_of(cluster: Cluster, family: Family, environment: Environment) -> dict[str, Json] | None:
    """The digests of what a cluster is rendered from; None where its fields cannot be rendered."""
    try:
        return view_cluster(cluster, family, environment).inputs()
    except Unrenderable:
        return None


def render_environment(environment: Environment, templates: Templates) -> RenderedFolder:
    """The manifests that belong to a whole environment, or the findings."""
    path = environment_folder(environment.name)
    if templates.findings:
        return RenderedFolder(path, findings=templates.findings)
    try:
        view = view_environment(environment)
    except Unrenderable as error:
        return RenderedFolder(path, findings=(error.finding,))
    writer = FolderWriter(environment, templates)
    return writer.write(path, KUBERNETES.environment, view, view.inputs(), "")


Rendered = tuple[Cluster | Document, RenderedFolder]
"""A folder, and the cluster or the environment's document that it was rendered from."""


def render_family(
    family: Family, environment: Environment, templates: Templates
) -> list[tuple[Cluster, RenderedFolder]]:
    """The folder of each cluster of a family."""
    return [
        (cluster, render_cluster(cluster, family, environment, templates))
        for cluster in family.clusters
    ]


def objects_by_kind(folder: RenderedFolder, kinds: Collection[str]) -> dict[str, list[Json]]:
    """The objects of a folder that have one of these kinds, by kind."""
    objects: dict[str, list[Json]] = {kind: [] for kind in kinds}
    for manifest in folder.manifests.values():
        if manifest["kind"] in objects:
            objects[manifest["kind"]].append(manifest)
    return objects


def render_fleet(fleet: Fleet, templates: Templates) -> tuple[dict[str, bytes], list[Finding]]:
    """All files under ``rendered/`` by path, and the findings of what could not be rendered.

    A folder with a finding, or that shares an object, a host or its path with another folder, is
    left out whole: ``unrendered_folders`` lists it, so that it does not count as deleted.
    """
    folders: list[Rendered] = [
        (environment.document, render_environment(environment, templates))
        for environment in fleet.environments.values()
    ]
    for family in fleet.families():
        rendered = render_family(family, fleet.environments[family.environment], templates)
        # Without the parsed objects: thousands of live ones slow Python's collector down.
        folders += [(cluster, replace(folder, manifests={})) for cluster, folder in rendered]
    return _files_of(folders)


def _files_of(folders: Sequence[Rendered]) -> tuple[dict[str, bytes], list[Finding]]:
    # At the end, because only all folders together show what collides.
    collisions = find_collisions((origin, folder.claims) for origin, folder in folders)
    files: dict[str, bytes] = {}
    findings = [finding for _, folder in folders for finding in folder.findings]
    for index, (_, folder) in enumerate(folders):
        findings += collisions.get(index, ())
        # Neither of two folders is written: which of them is right is not known.
        if index not in collisions:
            files |= folder.by_path()
    # Every folder has the findings of the templates: arrange leaves one of each.
    return dict(sorted(files.items())), list(arrange(findings))
