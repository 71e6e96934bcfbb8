"""What git says of a cluster's Application and of its folder: the measure for Argo CD's answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lockstep.argocd.application import AppliedObject
from lockstep.model.document import Json, value_at
from lockstep.model.repository_address import same_repository


@dataclass(frozen=True)
class WantedApplication:
    """The Application of a cluster as its manifest in git is; ``spec`` is that of the manifest."""

    name: str
    namespace: str
    spec: Json

    @property
    def project(self) -> str:
        """The AppProject that it is in."""
        return str(value_at(self.spec, ("project",), ""))

    @property
    def source(self) -> Json:
        """Which folder of which branch of which repository it syncs."""
        return value_at(self.spec, ("source",), {})

    def is_source(self, source: Mapping[str, Json]) -> bool:
        """Whether a source names the same repository and all else as git does."""
        return same_repository(str(source.get("repoURL")), str(self.source.get("repoURL"))) and (
            _without_address(source) == _without_address(self.source)
        )


@dataclass(frozen=True)
class FolderFacts:
    """A cluster's rendered folder in git.

    ``wanted_tree`` is its tree id at the followed tip. ``moved_by`` is the commit that last moved
    the weights of the cluster, and ``changed_by`` the one that last changed the folder, the same as
    a rule; ``moved_at`` is when the later of them was made. ``trees`` are its tree ids by revision,
    for those that this clone has (empty where the folder is not there); ``moved`` are the revisions
    from both of these commits on.
    """

    wanted_tree: str
    moved_by: str
    changed_by: str
    moved_at: datetime
    trees: Mapping[str, str]
    moved: frozenset[str]

    def has_content(self, revision: str) -> bool:
        """Whether the folder at a revision is as at the tip, whatever else that revision has."""
        return self.trees.get(revision) == self.wanted_tree

    def is_step(self, revision: str) -> bool:
        """Whether a revision has the wanted content, and had it without a break until the tip.

        Content alone recurs: a restore brings back the tree of an older commit, and what was in
        between may have been live, if only in part.
        """
        return revision in self.moved and self.has_content(revision)


def is_deployment(found: AppliedObject, namespace: str, name: str) -> bool:
    """Whether an object of an Application is the Deployment of that name."""
    return (found.group, found.kind, found.namespace, found.name) == (
        "apps", "Deployment", namespace, name,
    )  # fmt: skip


def _without_address(source: Mapping[str, Json]) -> Json:
    return {key: value for key, value in source.items() if key != "repoURL"}
