"""A small fleet to render, and the templates and schemas that ship with Lockstep."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import Document
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.render import RenderedFolder, Templates, render_cluster
from lockstep.render.provenance import parse_provenance
from lockstep.spec.assemble import assemble

REPOSITORY = Path(__file__).resolve().parents[3]
IMAGE = "registry.example.com/ml/sklearn-server@sha256:" + "a" * 64
Tree = dict[str, bytes]

ENVIRONMENT = {
    "apiVersion": "lockstep.dev/v1alpha1",
    "kind": "Environment",
    "metadata": {"name": "prod"},
    "spec": {
        "kubernetesVersion": "1.37",
        "regions": [
            {"name": "eu-west-1", "jurisdiction": "EU", "destination": "prod-eu-west-1"},
            {"name": "us-east-1", "jurisdiction": "US", "destination": "prod-us-east-1"},
        ],
        "argocd": {
            "namespace": "argocd",
            "project": "default",
            "repoURL": "https://git.example.com/ml/fleet.git",
            "revision": "main",
        },
    },
}
FAMILY = {
    "apiVersion": "lockstep.dev/v1alpha1",
    "kind": "ModelFamily",
    "metadata": {"name": "fraud", "tenant": "risk", "owner": "risk-ml@example.com"},
    "spec": {"model": {"registry": "mlflow", "name": "fraud"}},
}
STABLE = {"name": "stable", "version": "41", "weight": 100}


def cluster(name: str = "fraud-eu", **spec: Any) -> dict[str, Any]:
    """A cluster in the EU that serves version 41; ``spec`` replaces fields, None removes one."""
    whole = {
        "region": "eu-west-1",
        "residency": ["EU"],
        "namespace": "fraud",
        "host": f"{name}.models.example.com",
        "serving": {
            "image": IMAGE,
            "port": 8080,
            "replicas": 3,
            "resources": {
                "requests": {"cpu": "500m", "memory": "1Gi"},
                "limits": {"cpu": "1", "memory": "1Gi"},
            },
        },
        "variants": [STABLE],
    } | spec
    return {
        "apiVersion": "lockstep.dev/v1alpha1",
        "kind": "ModelCluster",
        "metadata": {"name": name},
        "spec": {key: deepcopy(value) for key, value in whole.items() if value is not None},
    }


def lock(version: str, **identity: Any) -> dict[str, Any]:
    """The lock of a version of the fraud model; ``identity`` replaces fields."""
    return {
        "apiVersion": "lockstep.dev/v1alpha1",
        "kind": "ModelLock",
        "metadata": {"environment": "prod", "family": "fraud"},
        "spec": {
            "identity": {
                "registry": "mlflow",
                "model": "fraud",
                "version": version,
                "digest": "sha256:" + (version * 64)[:64],
                "source": f"models:/m-{version}",
                "modelId": f"m-{version}",
                "run": None,
            }
            | identity,
            "facts": {},
        },
    }


def dump(value: Any) -> bytes:
    """YAML bytes of a value, keys in their order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()


def tree_of(*clusters: dict[str, Any], versions: tuple[str, ...] = ("41", "42")) -> Tree:
    """The files of one family with these clusters and the locks of these versions."""
    folder = "clusters/prod/fraud"
    tree = {"clusters/prod/environment.yaml": dump(ENVIRONMENT)}
    tree[f"{folder}/family.yaml"] = dump(FAMILY)
    for index, each in enumerate(clusters):
        tree[f"{folder}/c{index}.yaml"] = dump(each)
    for version in versions:
        tree[f"{folder}/locks/{version}.yaml"] = dump(lock(version))
    return tree


def fleet_of(tree: Tree) -> Fleet:
    """The fleet of a tree that is in order."""
    fleet, findings = assemble(tree)
    assert not findings, findings
    return fleet


def only_family(fleet: Fleet) -> tuple[Environment, Family]:
    """The one environment with its one family."""
    environment = fleet.environments["prod"]
    (family,) = environment.families.values()
    return environment, family


def family_in_memory(spec: dict[str, Any], **identity: Any) -> tuple[Cluster, Family, Environment]:
    """A cluster that never was YAML, so that its values can be anything at all."""
    environment = Environment("prod", Document("clusters/prod/environment.yaml", ENVIRONMENT))
    head = Document("clusters/prod/fraud/family.yaml", FAMILY)
    own = Document("clusters/prod/fraud/eu.yaml", spec)
    locks = {"41": Document("clusters/prod/fraud/locks/41.yaml", lock("41", **identity))}
    only = Cluster("prod", "fraud", own, head, spec)
    return only, Family("prod", "fraud", head, (only,), locks), environment


def resources() -> Tree:
    """The templates and the schemas of this repository."""
    folders = (REPOSITORY / "templates", REPOSITORY / "policies" / "schemas" / "rendered")
    return {
        path.relative_to(REPOSITORY).as_posix(): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@cache
def templates() -> Templates:
    """The templates of this repository, compiled once for all tests."""
    return Templates(resources(), read_kubernetes_schema)


def render_one(spec: dict[str, Any], versions: tuple[str, ...] = ("41", "42")) -> RenderedFolder:
    """What a cluster alone in its family is rendered to."""
    environment, family = only_family(fleet_of(tree_of(spec, versions=versions)))
    return render_cluster(family.clusters[0], family, environment, templates())


def inputs_in(provenance: bytes) -> dict[str, Any]:
    """The inputs that a PROVENANCE file names."""
    return dict(parse_provenance(provenance).inputs)
