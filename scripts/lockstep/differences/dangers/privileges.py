"""Privileges that pods, their cloud identity or a tenant's project get in addition."""

from collections.abc import Iterator, Mapping

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.fields import FieldDifference
from lockstep.differences.folders import (
    ComparedFamily,
    ComparedFolder,
    ComparedObject,
    items_of,
    mapping_at,
)
from lockstep.model.differences import ChangeType
from lockstep.model.document import Json, value_at

_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})
_POD = ("spec", "template", "spec")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")

_HOST = {"hostNetwork": "network", "hostPID": "processes", "hostIPC": "memory"}

_CLOUD = ("amazonaws.com/", "gke.io/", "azure.workload.identity/")
"""What annotations that give pods an identity of a cloud have in their key."""

_WIDER: Mapping[str, str] = {
    "sourceRepos": "apply from further repositories",
    "sourceNamespaces": "have Applications in further namespaces",
    "destinations": "deploy to further destinations",
    "clusterResourceWhitelist": "apply further kinds of whole clusters",
    "namespaceResourceWhitelist": "apply further kinds in namespaces",
}
"""What a project may do with a further entry in each of its lists."""

_ENTRY = len(("spec", "destinations", "an entry"))
_NARROWER = ("clusterResourceBlacklist", "namespaceResourceBlacklist")


def _find(each: ComparedObject, _: ComparedFamily) -> Iterator[str]:
    if each.id.kind in _WORKLOADS:
        yield from _of_pods(each)
    elif each.id.kind == "ServiceAccount":
        yield from _of_identity(each)
    elif each.id.kind == "AppProject" and each.change is ChangeType.CHANGED:
        yield from _of_project(each)


def _of_pods(each: ComparedObject) -> Iterator[str]:
    """What its pods may do that they, or for a new object those beside it, could not before."""
    before = _granted(each.before)
    if each.before is None:
        before = {grant for kind in _WORKLOADS for grant in _all_granted(each.folder, kind)}
    yield from sorted(_granted(each.after) - before)
    if each.changed_below(*_POD, "serviceAccountName"):
        yield "its pods run as another ServiceAccount"


def _all_granted(folder: ComparedFolder, kind: str) -> set[str]:
    return {grant for workload in folder.of_kind(kind, head=False) for grant in _granted(workload)}


def _granted(workload: Json | None) -> set[str]:
    """Each privilege of the pods of an object."""
    pod = value_at(workload, _POD)
    if not isinstance(pod, dict):
        return set()
    grants = {
        f"its pods use the {what} of their node" for key, what in _HOST.items() if pod.get(key)
    }
    if pod.get("automountServiceAccountToken") is not False:
        grants.add("its pods get a token for the API of Kubernetes")
    for volume in items_of(pod, "volumes"):
        if "hostPath" in volume:
            path = value_at(volume, ("hostPath", "path"))
            grants.add(f"its pods mount {path} of their node")
    for container in (c for field in _CONTAINERS for c in items_of(pod, field)):
        grants |= {
            f"container {container.get('name')} {what}" for what in _of_container(pod, container)
        }
    return grants


def _of_container(pod: Json, container: Json) -> Iterator[str]:
    context = {**mapping_at(pod, "securityContext"), **mapping_at(container, "securityContext")}
    if context.get("privileged"):
        yield "is privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "may gain privileges"
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield "may run as root"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "may write to its file system"
    if value_at(context, ("seccompProfile", "type")) in (None, "Unconfined"):
        yield "may make every system call"
    capabilities = context.get("capabilities")
    for name in _texts(capabilities, "add"):
        yield f"gets the capability {name}"
    if "ALL" not in _texts(capabilities, "drop"):
        yield "keeps the capabilities that runtimes give by default"


def _texts(value: Json, key: str) -> list[str]:
    found = value_at(value, (key,))
    return [str(each) for each in found] if isinstance(found, list) else []


def _of_identity(each: ComparedObject) -> Iterator[str]:
    if each.change is ChangeType.CHANGED:
        before, after = (
            mapping_at(side, "metadata", "annotations") for side in (each.before, each.after)
        )
        for key, value in after.items():
            if value != before.get(key) and any(domain in key for domain in _CLOUD):
                yield f"its pods get another identity in the cloud, by {key}"
        if each.changed_below("automountServiceAccountToken") and (
            value_at(each.after, ("automountServiceAccountToken",)) is not False
        ):
            yield "its pods get a token for the API of Kubernetes"


def _of_project(each: ComparedObject) -> Iterator[str]:
    for key, what in _WIDER.items():
        if any(map(_widens, each.changed_below("spec", key))):
            yield f"the project of the tenant may {what}"
    for key in _NARROWER:
        if any(found.before is not None for found in each.changed_below("spec", key)):
            yield f"the project of the tenant may apply kinds that spec.{key} had"


def _widens(found: FieldDifference) -> bool:
    """An entry that goes allows less; what goes inside of an entry, such as a name, allows more."""
    return found.after is not None or len(found.pointer) > _ENTRY


PRIVILEGES = DangerKind("privileges", _find)
