"""Weight of a version that no pod would serve: its requests fail until one is ready."""

from collections.abc import Iterator

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.folders import (
    VERSION_LABEL,
    ComparedFamily,
    ComparedFolder,
    ComparedObject,
    items_of,
    label_of,
)
from lockstep.differences.weights import ROUTES, routes_of
from lockstep.model.document import Json, value_at

_TEMPLATE = ("spec", "template")

# Where several objects of a folder differ, the danger is reported at the first of these kinds.
_CARRIERS = (
    ROUTES, "Deployment", "ScaledObject", "HorizontalPodAutoscaler", "DestinationRule",
)  # fmt: skip

_FLOORS = {
    # The field of the floor, and what holds where it is missing.
    "HorizontalPodAutoscaler": ("minReplicas", 1),
    "ScaledObject": ("minReplicaCount", 0),
}


def _find(each: ComparedObject, _: ComparedFamily) -> Iterator[str]:
    if each is _carrier(each.folder):
        known = set(_problems(each.folder, head=False))
        yield from (text for text in _problems(each.folder, head=True) if text not in known)


def _carrier(folder: ComparedFolder) -> ComparedObject | None:
    """The object of a folder at which the danger is reported."""
    among = [each for each in folder.objects if each.id.kind in _CARRIERS]
    return min(among, key=lambda each: _CARRIERS.index(each.id.kind), default=None)


def _problems(folder: ComparedFolder, *, head: bool) -> Iterator[str]:
    """What is wrong with the capacity of each version that gets requests on one side."""
    rules = folder.of_kind("DestinationRule", head=head)
    weighted = {
        (each.host, each.subset)
        for manifest in folder.of_kind(ROUTES, head=head)
        for _, destinations in routes_of(manifest)
        for each in destinations
        if each.weight > 0 and each.subset
    }
    for host, subset in sorted(weighted):
        labels = _labels(rules, host, subset)
        if labels is None:
            yield f"subset {subset} gets requests, and no DestinationRule has it"
        else:
            version = str(labels.get(VERSION_LABEL, subset))
            yield from _without_pods(folder, labels, version, head=head)


def _labels(rules: list[Json], host: str, subset: str) -> Json | None:
    """The labels of the pods that a subset selects; None where there is no such subset."""
    for rule in rules:
        if value_at(rule, ("spec", "host")) == host:
            for each in items_of(rule, "spec", "subsets"):
                if each.get("name") == subset:
                    labels = each.get("labels")
                    return labels if isinstance(labels, dict) else {}
    return None


def _without_pods(
    folder: ComparedFolder, labels: Json, version: str, *, head: bool
) -> Iterator[str]:
    chosen = [
        each
        for each in folder.of_kind("Deployment", head=head)
        if all(label_of(each, name, *_TEMPLATE) == value for name, value in labels.items())
    ]
    if not chosen:
        yield f"version {version} gets requests, and has no Deployment"
    for each in chosen:
        name = value_at(each, ("metadata", "name"))
        floors = list(_floors(folder, name, head=head))
        if 0 in floors:
            yield f"version {version} gets requests, and its autoscaler may scale it to 0 pods"
        # Where an autoscaler owns the replicas, those of the Deployment count only once.
        elif not floors and value_at(each, ("spec", "replicas"), 1) == 0:
            yield f"version {version} gets requests, and its Deployment has 0 replicas"


def _floors(folder: ComparedFolder, deployment: Json, *, head: bool) -> Iterator[int]:
    """The fewest pods to which each autoscaler of a Deployment may scale it."""
    for kind, (field, missing) in _FLOORS.items():
        for each in folder.of_kind(kind, head=head):
            if value_at(each, ("spec", "scaleTargetRef", "name")) == deployment:
                yield value_at(each, ("spec", field), missing)


NO_CAPACITY = DangerKind("no-capacity", _find)
