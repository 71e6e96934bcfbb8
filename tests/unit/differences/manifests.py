"""Small manifests as Lockstep renders them, and the difference between two lists of them."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from lockstep.differences.compare import compare_folders
from lockstep.differences.folders import ComparedFolder
from lockstep.differences.secrets import SecretKinds
from lockstep.edges.resources import shipped_file
from lockstep.model.differences import ObjectChange
from lockstep.policy.thresholds import threshold_values

CLUSTER = "fraud-eu-west-1"
HOST = f"{CLUSTER}.fraud.svc.cluster.local"
_SECRETS = "policies/rules/no-secret/thresholds.yaml"
SECRETS = SecretKinds(threshold_values(_SECRETS, shipped_file(_SECRETS)))

Manifest = dict[str, Any]


def manifest(
    kind: str, name: str, spec: Any = None, api: str = "v1", cluster: str = CLUSTER
) -> Manifest:
    """An object of the namespace fraud; ``name`` goes behind that of its cluster."""
    metadata = {"name": f"{cluster}-{name}" if name else cluster, "namespace": "fraud"}
    made: Manifest = {"apiVersion": api, "kind": kind, "metadata": metadata}
    return made if spec is None else {**made, "spec": spec}


def deployment(version: str = "1", cluster: str = CLUSTER) -> Manifest:
    """A version with three pods, without any privilege."""
    labels = {"lockstep.dev/cluster": cluster, "lockstep.dev/version": version}
    secure = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    container = {
        "name": "model",
        "image": "registry.example.com/ml/server@sha256:aaaa",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "securityContext": secure,
    }
    pod = {
        "serviceAccountName": cluster,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 3, "selector": {"matchLabels": dict(labels)}, "template": template}
    return manifest("Deployment", f"v{version}", spec, "apps/v1", cluster)


def subset(version: str = "1") -> Manifest:
    """The DestinationRule of one version."""
    labels = {"lockstep.dev/version": version}
    spec = {"host": HOST, "subsets": [{"name": f"v{version}", "labels": labels}]}
    return manifest("DestinationRule", f"v{version}", spec, "networking.istio.io/v1")


def routes(weights: Mapping[str, int], name: str = "weighted") -> Manifest:
    """A VirtualService with one route, by weight and version."""
    route = [
        {"destination": {"host": HOST, "subset": f"v{version}"}, "weight": weight}
        for version, weight in weights.items()
    ]
    spec = {"hosts": ["fraud.example.com"], "http": [{"name": name, "route": route}]}
    return manifest("VirtualService", "", spec, "networking.istio.io/v1")


def serving(weights: Mapping[str, int]) -> list[Manifest]:
    """All that versions with weights need."""
    versions = [part for each in weights for part in (deployment(each), subset(each))]
    return [*versions, routes(weights)]


def application(**spec: Any) -> Manifest:
    """The Application of the cluster."""
    source = {"repoURL": "https://git.example.com/ml/fleet.git", "targetRevision": "main",
              "path": f"rendered/prod/clusters/{CLUSTER}"}  # fmt: skip
    destination = {"name": "prod-eu-west-1", "namespace": "fraud"}
    whole = {"project": "prod-risk", "source": source, "destination": destination, **spec}
    made = manifest("Application", "", whole, "argoproj.io/v1alpha1")
    return {**made, "metadata": {"name": f"prod-{CLUSTER}", "namespace": "argocd"}}


def folder(before: list[Manifest], after: list[Manifest], **about: Any) -> ComparedFolder:
    """The folder of the cluster on both sides; ``about`` are other fields of it."""
    given = {"environment": "prod", "family": "fraud", "cluster": CLUSTER, "region": "eu-west-1"}
    # A copy, because what is the same object on both sides is not compared at all.
    sides = [
        {f"rendered/{number}.yaml": deepcopy(each) for number, each in enumerate(side)}
        for side in (before, after)
    ]
    return ComparedFolder(**{**given, **about}, before=sides[0], after=sides[1])


def compared(
    before: list[Manifest], after: list[Manifest], clusters: int = 3, **about: Any
) -> tuple[ObjectChange, ...]:
    """The objects that differ in one cluster of a family of three."""
    made = folder(before, after, **about)
    unit = (made.environment, made.family)
    return compare_folders([made], {unit: clusters}, SECRETS)


def dangers(before: list[Manifest], after: list[Manifest], **about: Any) -> list[str]:
    """``id: text`` of each danger."""
    found = compared(before, after, **about)
    return [f"{danger.id}: {danger.text}" for each in found for danger in each.dangers]


def edited(made: Manifest, *pointer: str | int, value: Any = None) -> Manifest:
    """A copy with another value at a place; without the field for None."""
    copy = deepcopy(made)
    inner: Any = copy
    for part in pointer[:-1]:
        inner = inner.setdefault(part, {}) if isinstance(part, str) else inner[part]
    if value is None:
        del inner[pointer[-1]]
    else:
        inner[pointer[-1]] = value
    return copy
