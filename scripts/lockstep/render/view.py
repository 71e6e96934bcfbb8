"""A cluster and an environment as the rendered components see them, and the digests of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lockstep.model.canonical import digest_json
from lockstep.model.document import Json
from lockstep.render.targets.origins import Origins
from lockstep.spec.floors import Floor


@dataclass(frozen=True, slots=True)
class Running:
    """A version that runs in a cluster: percent of the traffic, its buckets, its identity.

    ``fallback`` is its percentage of the requests that carry no bucket: the weight, but for
    learning arms (see ``buckets.fallback_weights``). ``learners`` are the names of the learning
    arms, where no other variant serves this version. ``floor`` is how many pods it has at least.
    """

    version: str
    slug: str
    weight: int
    buckets: tuple[int, ...]
    identity: Mapping[str, str | None]
    fallback: int
    floor: Floor
    learners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArgoCd:
    """Where Applications live and what they follow."""

    namespace: str
    project: str
    repo_url: str
    revision: str


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One cluster as its components see it.

    ``hosts`` are those in addition to ``host``; ``gateways`` are those of the cluster, or else of
    its region. ``project`` is the AppProject of its tenant, or that of the whole environment where
    no tenants are listed; ``confirmed`` says whether people confirm its deletion.

    ``serving`` and ``traffic`` have the shape of the spec, defaults filled in; ``running`` is
    in version order, each version once, whatever roles it has. ``access`` holds ``identity`` and
    ``secrets`` where the spec has them; ``prometheus`` is the address that KEDA queries;
    ``registry`` holds address, Secret and credentials of the model registry as pods reach it;
    ``observability`` what the cluster and its environment say of who watches it, by the component
    that reads it; ``network`` what its environment says of who reaches it and what it reaches,
    ``network_origins`` where that is written.
    """

    environment: str
    family: str
    tenant: str
    name: str
    region: str
    namespace: str
    host: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    serving: Json
    traffic: Json
    running: tuple[Running, ...]
    destination: str
    argocd: ArgoCd
    project: str
    confirmed: bool
    access: Json
    prometheus: str | None
    registry: Json = None
    network: Json = field(default_factory=dict)
    network_origins: Origins = field(default_factory=dict)
    observability: Json = field(default_factory=dict)

    def inputs(self) -> dict[str, Json]:
        """Digests of what the output depends on in addition to the templates.

        A part that only some clusters have is left out of those that lack it, so that a new kind
        of part changes no digest of theirs.
        """
        spec = {
            "name": self.name,
            "family": self.family,
            "tenant": self.tenant,
            "region": self.region,
            "namespace": self.namespace,
            "host": self.host,
            "gateways": list(self.gateways),
            "serving": self.serving,
            "traffic": self.traffic,
            # Without roles: a candidate that becomes stable changes no digest by that.
            "running": [[r.version, r.weight, list(r.buckets)] for r in self.running],
        }
        if any(r.learners for r in self.running):
            spec["fallback"] = [[r.version, r.fallback] for r in self.running]
        if self.hosts:
            spec["hosts"] = list(self.hosts)
        # Roles count here: a version that is kept warm has more pods than its spec's replicas.
        if any(r.floor.pods != self.serving["replicas"] for r in self.running):
            spec["floors"] = [[r.version, r.floor.pods] for r in self.running]
        if self.access:
            spec["access"] = self.access
        environment = environment_inputs(self.environment, self.argocd)
        environment |= {
            "destination": self.destination,
            "project": self.project,
            "confirmed": self.confirmed,
        }
        if self.prometheus is not None:
            environment["prometheus"] = self.prometheus
        if self.registry is not None:
            environment["registry"] = self.registry
        if self.observability:
            environment["observability"] = self.observability
        if self.network:
            environment["network"] = self.network
            # A policy names those that learn.
            spec["learning"] = [r.version for r in self.running if r.learners]
        return {
            "spec": digest_json(spec),
            "environment": digest_json(environment),
            # Of the identity only: refreshed facts of a lock change nothing that is rendered.
            "locks": {r.version: digest_json(r.identity) for r in self.running},
        }


class WatchedCluster(NamedTuple):
    """A cluster as what watches its whole family sees it: nothing that a rollout changes."""

    name: str
    region: str


@dataclass(frozen=True, slots=True)
class FamilyView:
    """A family as the components that watch all of its clusters see it.

    It never holds variants, weights or versions, so that no move of a version changes what is
    rendered from it. ``clusters`` are in path order. ``destination`` is the Kubernetes cluster that
    sees all regions, ``namespace`` that of Prometheus there, ``labels`` are those by which its
    operator selects. ``project`` is the AppProject of all that watches in the environment.
    ``observability`` is what the family, its clusters and its environment say of who watches it,
    by the component that reads it.
    """

    environment: str
    name: str
    tenant: str
    clusters: tuple[WatchedCluster, ...]
    destination: str
    namespace: str
    labels: Mapping[str, str]
    argocd: ArgoCd
    project: str
    observability: Json = field(default_factory=dict)

    def inputs(self) -> dict[str, Json]:
        """Digests of what the output depends on in addition to the templates."""
        clusters = [list(each) for each in self.clusters]
        spec = {"name": self.name, "tenant": self.tenant, "clusters": clusters}
        environment = environment_inputs(self.environment, self.argocd) | {
            "destination": self.destination,
            "destinationNamespace": self.namespace,
            "labels": dict(self.labels),
        }
        if self.observability:
            environment["observability"] = self.observability
        return {"spec": digest_json(spec), "environment": digest_json(environment)}


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """An environment as the components that belong to no single cluster see it.

    ``families`` is where the objects of whole families go: a Kubernetes cluster and a namespace;
    None where the environment has no such place.
    """

    environment: str
    argocd: ArgoCd
    families: tuple[str, str] | None = None

    def inputs(self) -> dict[str, Json]:
        """Digests of what the output depends on in addition to the templates."""
        shared = environment_inputs(self.environment, self.argocd)
        if self.families is not None:
            shared["families"] = list(self.families)
        return {"environment": digest_json(shared)}


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant of an environment: what its Applications may do, and where.

    ``index`` is its place in the environment's list; ``kinds`` are the API groups and kinds of the
    objects that its clusters may have.
    """

    environment: str
    name: str
    index: int
    namespaces: tuple[str, ...]
    destinations: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    argocd: ArgoCd

    def inputs(self) -> dict[str, Json]:
        """Digests of what the output depends on in addition to the templates."""
        tenant = {
            "tenant": self.name,
            "namespaces": list(self.namespaces),
            "destinations": list(self.destinations),
            "kinds": [list(kind) for kind in self.kinds],
        }
        shared = environment_inputs(self.environment, self.argocd)
        return {"environment": digest_json({**shared, **tenant})}


def environment_inputs(name: str, argocd: ArgoCd) -> dict[str, Json]:
    """What every folder of an environment depends on: its name, and what Argo CD follows."""
    return {
        "name": name,
        "namespace": argocd.namespace,
        "project": argocd.project,
        "repoURL": argocd.repo_url,
        "revision": argocd.revision,
    }
