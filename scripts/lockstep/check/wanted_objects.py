"""The objects that git says: the manifests of the followed branch, by environment and cluster."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lockstep.check.differences import MANIFESTS
from lockstep.differences.folders import identity_of
from lockstep.drift.state import ARGOCD_GROUP, WantedCluster, WantedEnvironment
from lockstep.edges.git import Git
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.document import Json, value_at
from lockstep.model.drift import Unread
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.model.tree import NoFile, Tree, by_folder
from lockstep.render.names import (
    cluster_folder,
    environment_folder,
    family_folder,
    tenants_folder,
)
from lockstep.render.parse import Unreadable, read_manifest

_PROJECT = ("spec", "project")
_RENDER = "run lockstep render, and commit what it writes"


@dataclass
class WantedReader:
    """Reads the manifests of one commit; ``unread`` collects what could not be read."""

    git: Git
    commit: str
    unread: list[Unread] = field(default_factory=list)

    def environment(
        self, home: Environment, families: Collection[Family], *, whole: bool
    ) -> WantedEnvironment:
        """What git says of some families of an environment; with ``whole``, of all that is in it.

        The app of apps is always among it, because it says whether Argo CD heals the others.
        """
        clusters = [cluster for family in families for cluster in family.clusters]
        folders = [cluster_folder(home.name, each.name) for each in clusters]
        wholes = {family_folder(home.name, family.name): family.name for family in families}
        own, tenants = environment_folder(home.name), tenants_folder(home.name)
        everything = [*folders, *wholes, own, tenants]
        files = by_folder(self.git.read_tree(self.commit, everything, links=True))
        # rapidyaml prints what it refuses.
        with silenced_stderr():
            found = tuple(self._cluster(home, each, files) for each in clusters)
            others = {
                path: list(self._manifests(files[path]))
                for path in sorted(files)
                if path not in folders
            }
        # What has an Application of its own is not where Argo CD is.
        shared = [
            _shared(home, wholes.get(path, ""), others.pop(path))
            for path in [*others]
            if path != own and any(map(_is_application, others[path]))
        ]
        rest = [each for manifests in others.values() for each in manifests]
        root = next(filter(_is_application, rest), None)
        ours = [each for each in shared if each.family]
        projects = {value_at(each.application, _PROJECT) for each in (*found, *ours)}
        return WantedEnvironment(
            home.name, root,
            tuple(r for r in rest if r is not root and (whole or identity_of(r).name in projects)),
            found,
            tuple(s for s in shared if whole or value_at(s.application, _PROJECT) in projects),
        )  # fmt: skip

    def _cluster(
        self, home: Environment, cluster: Cluster, files: Mapping[str, Tree]
    ) -> WantedCluster:
        folder = cluster_folder(home.name, cluster.name)
        if folder not in files:
            self.unread.append(
                Unread(f"{home.name}/{cluster.name}", f"git has no manifests in {folder}", _RENDER)
            )
        manifests = list(self._manifests(files.get(folder, {})))
        own = tuple(each for each in manifests if identity_of(each).group != ARGOCD_GROUP)
        application = next((each for each in manifests if each not in own), None)
        return WantedCluster(
            home.name, cluster.family, cluster.name, cluster.region,
            _destination(home, cluster, application), own, application, tuple(cluster.variants),
        )  # fmt: skip

    def _manifests(self, files: Tree) -> Iterator[Json]:
        for path, data in sorted(files.items()):
            if path.endswith(MANIFESTS):
                try:
                    if isinstance(data, NoFile):
                        raise Unreadable(data.decode())
                    yield read_manifest(data)
                except Unreadable as error:
                    self.unread.append(Unread(path, str(error), _RENDER))


def _is_application(manifest: Json) -> bool:
    return identity_of(manifest).kind == "Application"


def _shared(home: Environment, family: str, manifests: Sequence[Json]) -> WantedCluster:
    """What an Application applies for a whole family, or without one for a tenant."""
    application = next(filter(_is_application, manifests))
    return WantedCluster(
        home.name, family, "", "", str(value_at(application, ("spec", "destination", "name"), "")),
        tuple(each for each in manifests if each is not application), application,
    )  # fmt: skip


def _destination(home: Environment, cluster: Cluster, application: Json | None) -> str:
    """The name of the Kubernetes cluster: what Argo CD is given, else what the region says."""
    given = value_at(application, ("spec", "destination", "name"))
    index = home.region_index(cluster.region)
    known = value_at(home.spec, ("regions", index, "destination")) if index is not None else None
    return str(given or known or "")
