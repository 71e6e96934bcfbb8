"""Every value of the manifests of some fleets, with what it is traced to."""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

from lockstep.model.document import Pointer, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.render.fields import Unrenderable
from lockstep.render.inputs import (
    view_cluster,
    view_environment,
    view_family,
    view_places,
    view_tenants,
)
from lockstep.render.parse import parse_manifest
from lockstep.render.targets.base import ManifestFile, files_of
from lockstep.render.targets.kubernetes.target import KUBERNETES
from lockstep.render.trace.origin_lookup import OriginLookup
from lockstep.render.trace.trace import Trace, Tracer
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, tree_of

GOLDEN = rendering.REPOSITORY / "tests" / "golden"
TEXTS = rendering.templates().texts


Leaf = tuple[str, Pointer]
"""A file of a folder and the pointer of a value in it."""


def leaves(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*pointer, key))
    else:
        yield pointer, value


def with_everything() -> dict[str, Any]:
    """A cluster that uses every field and every condition of the templates."""
    variants = [
        {"name": "stable", "version": "41", "weight": 60},
        {"name": "arm", "version": "41", "weight": 10, "experiment": True},
        {"name": "candidate", "version": "42", "weight": 30},
    ]
    traffic = {
        "bucketHeader": "x-user",
        "timeout": "2s",
        "retries": {"attempts": 2, "perTryTimeout": "1s"},
        "circuitBreaker": {"consecutiveErrors": 7, "ejectFor": "45s"},
    }
    whole = cluster(variants=variants, traffic=traffic)
    whole["spec"] |= {"hosts": ["fraud.example.com"], "gateways": ["istio-ingress/models"]}
    whole["spec"]["serving"] |= {
        "health": "/healthy",
        "zones": 2,
        "whenUnsatisfiable": "DoNotSchedule",
        "ports": {"grpc": 9001, "metrics": 9002},
        "command": ["serve"],
        "args": ["--all"],
        "env": {"THREADS": "4"},
        "nodeSelector": {"example.com/pool": "gpu"},
        "tolerations": [{"key": "example.com/gpu", "operator": "Exists"}],
        "priorityClassName": "online",
        "runtimeClassName": "nvidia",
        "imagePullSecrets": [{"name": "pull"}],
        "securityContext": {"runAsUser": 1000},
        "probes": {
            "startup": {"failureThreshold": 9},
            "readiness": {"grpc": {"port": "grpc"}},
            "liveness": {"httpGet": {"path": "/live"}, "timeoutSeconds": 7},
        },
        "volumes": {
            "cache": {
                "mountPath": "/c",
                "subPath": "d",
                "readOnly": True,
                "persistentVolumeClaim": {"claimName": "models"},
            }
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": 20}}},
        "terminationGracePeriodSeconds": 90,
    }
    return whole


@cache
def all_trees() -> tuple[rendering.Tree, ...]:
    """The golden fleet, and one cluster with everything."""
    golden = {
        path.relative_to(GOLDEN).as_posix(): path.read_bytes()
        for path in sorted((GOLDEN / "clusters").rglob("*.yaml"))
    }
    return golden, tree_of(with_everything())


class Subject(NamedTuple):
    """A folder that is rendered: of a cluster, of a whole family, or of an environment."""

    tree: int
    environment: str
    family: str = ""
    cluster: str = ""


def subjects() -> list[Subject]:
    found = []
    for number, tree in enumerate(all_trees()):
        fleet = fleet_of(tree)
        found += [Subject(number, name) for name in fleet.environments]
        found += [
            Subject(number, each.environment, each.name)
            for each in fleet.families()
            if view_family(each, fleet.environments[each.environment])
        ]
        found += [Subject(number, c.environment, c.family, c.path) for c in fleet.clusters()]
    return found


def documents(fleet: Fleet, subject: Subject) -> tuple[Cluster | None, Family | None, Environment]:
    environment = fleet.environments[subject.environment]
    if not subject.family:
        return None, None, environment
    family = environment.families[subject.family]
    if not subject.cluster:
        return None, family, environment
    return next(c for c in family.clusters if c.path == subject.cluster), family, environment


def files(fleet: Fleet, subject: Subject) -> list[tuple[str, ManifestFile]]:
    """The files of a folder with their components; none of a spec that cannot be rendered."""
    one, family, environment = documents(fleet, subject)
    try:
        if family is not None and one is None:
            view = view_family(family, environment)
            return list(files_of(KUBERNETES.family, view)) if view else []
        if one is None or family is None:
            found = list(files_of(KUBERNETES.environment, view_environment(environment)))
            for tenant in view_tenants(environment):
                found += [
                    (component, file._replace(name=f"{tenant.name}/{file.name}"))
                    for component, file in files_of(KUBERNETES.tenant, tenant)
                ]
            for place in view_places(environment):
                # By places in the environment and not by names, which changes are about.
                folder = f"tenants/{place.index}/regions/{place.regions[0]}"
                found += [
                    (component, file._replace(name=f"{folder}/{file.name}"))
                    for component, file in files_of(KUBERNETES.place, place)
                ]
            return found
        return list(files_of(KUBERNETES.cluster, view_cluster(one, family, environment)))
    except Unrenderable:
        return []


def manifests(fleet: Fleet, subject: Subject) -> dict[str, Any]:
    return {
        file.name: parse_manifest(TEXTS.write(component, file.context))
        for component, file in files(fleet, subject)
    }


def named(manifest: Any, pointer: Pointer) -> Pointer:
    found = []
    for length, part in enumerate(pointer, 1):
        item = value_at(manifest, pointer[:length])
        subset = value_at(item, ("destination", "subset")) or rule_of(item)
        found.append(value_at(item, ("name",)) or subset or part if type(part) is int else part)
    return tuple(found)


def rule_of(item: Any) -> str:
    """What tells a rule of Prometheus from others; empty for anything else."""
    name = value_at(item, ("record",)) or value_at(item, ("alert",))
    further = (value_at(item, ("labels", f"lockstep_{each}")) for each in ("metric", "version"))
    return " ".join(filter(None, (name, *further)))


@cache
def traces(subject: Subject) -> dict[Leaf, Trace]:
    fleet = fleet_of(all_trees()[subject.tree])
    one, family, environment = documents(fleet, subject)
    lookup = OriginLookup(environment, family, one)
    tracers = {
        file.name: Tracer(component, file, TEXTS, lookup)
        for component, file in files(fleet, subject)
    }
    return {
        (name, named(manifest, pointer)): tracers[name].at(pointer)
        for name, manifest in manifests(fleet, subject).items()
        for pointer, _ in leaves(manifest)
    }


def with_defaults() -> tuple[dict[str, Any], rendering.Tree]:
    """A cluster that has its serving from the family, but for the replicas."""
    one = cluster()
    family: dict[str, Any] = deepcopy(rendering.FAMILY)
    family["spec"]["defaults"] = {"serving": {**one["spec"]["serving"], "port": 9000}}
    one["spec"]["serving"] = {"replicas": 5}
    return one, {"clusters/prod/fraud/family.yaml": rendering.dump(family)}
