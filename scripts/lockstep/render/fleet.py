"""Renders a whole fleet, family by family: each folder is complete, or findings say why not."""

from collections.abc import Collection
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


class FleetRendering:
    """Renders a fleet family by family, and gives all its files and findings at the end.

    ``kinds`` are the kinds of objects that ``family`` gives back for the rules that read them.
    Other parsed manifests are left out: thousands of live objects slow Python's collector down.
    """

    def __init__(self, fleet: Fleet, templates: Templates, kinds: Collection[str] = ()) -> None:
        self._fleet = fleet
        self._templates = templates
        self._kinds = frozenset(kinds)
        self._folders: list[tuple[Cluster | Document, RenderedFolder]] = []
        for environment in fleet.environments.values():
            folder = render_environment(environment, templates)
            self._folders.append((environment.document, replace(folder, manifests={})))

    def family(self, family: Family) -> dict[str, dict[str, list[Json]]]:
        """Render one family: its objects by the path of their cluster, then by kind."""
        environment = self._fleet.environments[family.environment]
        objects: dict[str, dict[str, list[Json]]] = {}
        for cluster in family.clusters:
            folder = render_cluster(cluster, family, environment, self._templates)
            self._folders.append((cluster, replace(folder, manifests={})))
            if self._kinds:
                objects[cluster.path] = self._of_kinds(folder)
        return objects

    def result(self) -> tuple[dict[str, bytes], list[Finding]]:
        """All files by path, and the findings of what could not be rendered (see render_fleet)."""
        # At the end, because only all folders together show what collides.
        collisions = find_collisions((origin, folder.claims) for origin, folder in self._folders)
        files: dict[str, bytes] = {}
        findings = [finding for _, folder in self._folders for finding in folder.findings]
        for index, (_, folder) in enumerate(self._folders):
            findings += collisions.get(index, ())
            # Neither of two folders is written: which of them is right is not known.
            if index not in collisions:
                files |= folder.by_path()
        # Every folder has the findings of the templates: arrange leaves one of each.
        return dict(sorted(files.items())), list(arrange(findings))

    def _of_kinds(self, folder: RenderedFolder) -> dict[str, list[Json]]:
        objects: dict[str, list[Json]] = {kind: [] for kind in self._kinds}
        for manifest in folder.manifests.values():
            if manifest["kind"] in self._kinds:
                objects[manifest["kind"]].append(manifest)
        return objects


def render_fleet(fleet: Fleet, templates: Templates) -> tuple[dict[str, bytes], list[Finding]]:
    """All files under ``rendered/`` by path, and the findings of what could not be rendered.

    A folder with a finding, or that shares an object, a host or its path with another folder, is
    left out whole: ``unrendered_folders`` lists it, so that it does not count as deleted.
    """
    rendering = FleetRendering(fleet, templates)
    for family in fleet.families():
        rendering.family(family)
    return rendering.result()
