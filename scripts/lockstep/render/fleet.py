"""Renders clusters, families, tenants and environments.

Each folder is complete, or findings say why not.
"""

from collections.abc import Collection

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.render.fields import Unrenderable
from lockstep.render.folder import FolderWriter, RenderedFolder, Templates
from lockstep.render.inputs import (
    view_cluster,
    view_environment,
    view_family,
    view_places,
    view_tenants,
)
from lockstep.render.names import (
    cluster_folder,
    environment_folder,
    family_folder,
    tenant_folder,
    tenant_place_folder,
    tenants_folder,
)
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


def render_family_folder(
    family: Family, environment: Environment, templates: Templates
) -> RenderedFolder | None:
    """The manifests of what watches a family as a whole, or the findings.

    None where its environment has no place for them, or where nothing watches the family: Argo CD
    would never sync an Application that has nothing to apply. All clusters of the family have to be
    in it: the manifests name them. No version, weight or lock counts, so no rollout changes them.
    """
    path = family_folder(family.environment, family.name)
    try:
        view = view_family(family, environment)
    except Unrenderable as error:
        return RenderedFolder(path, findings=(error.finding,))
    if view is None:
        return None
    if templates.findings:
        return RenderedFolder(path, findings=templates.findings)
    writer = FolderWriter(environment, templates, family)
    folder = writer.write(path, KUBERNETES.family, view, view.inputs(), view.destination)
    kinds = {manifest["kind"] for manifest in folder.manifests.values()}
    return None if kinds == {"Application"} and not folder.findings else folder


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


def render_tenants(environment: Environment, templates: Templates) -> list[RenderedFolder]:
    """The manifests of each tenant, and of each of its Kubernetes clusters, or the findings."""
    path = tenants_folder(environment.name)
    if templates.findings:
        return [RenderedFolder(path, findings=templates.findings)]
    try:
        views, places = view_tenants(environment), view_places(environment)
    except Unrenderable as error:
        return [RenderedFolder(path, findings=(error.finding,))]
    folders = []
    for view in views:
        writer = FolderWriter(environment, templates)
        path = tenant_folder(environment.name, view.name)
        name = ("spec", "tenants", view.index, "name")
        folders.append(writer.write(path, KUBERNETES.tenant, view, view.inputs(), "", name))
    for place in places:
        writer = FolderWriter(environment, templates)
        path = tenant_place_folder(environment.name, place.tenant, place.destination)
        name = ("spec", "tenants", place.index, "namespaces")
        made = writer.write(path, KUBERNETES.place, place, place.inputs(), place.destination, name)
        folders.append(made)
    return folders


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
