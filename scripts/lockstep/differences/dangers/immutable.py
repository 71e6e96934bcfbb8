"""Fields that Kubernetes refuses to change in place: the sync fails, and the rest waits for it."""

from collections.abc import Iterator, Mapping

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.folders import ComparedFamily, ComparedObject
from lockstep.model.document import Json, value_at
from lockstep.text.phrases import listed

_USUAL_FAMILY = "IPv4"
_SELECTOR = ("spec", "selector")

IMMUTABLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "AlertmanagerConfig": (),
    "AppProject": (),
    "Application": (),
    "AuthorizationPolicy": (),
    "ConfigMap": (("immutable",),),
    "DaemonSet": (_SELECTOR,),
    "DatadogMonitor": (),
    "Deployment": (_SELECTOR,),
    "DestinationRule": (),
    "ExternalSecret": (),
    "HorizontalPodAutoscaler": (),
    "Instrumentation": (),
    "Job": (_SELECTOR, ("spec", "template"), ("spec", "completionMode"),
            ("spec", "podFailurePolicy"), ("spec", "backoffLimitPerIndex")),
    "LimitRange": (),
    "Namespace": (),
    "NetworkPolicy": (),
    "PersistentVolumeClaim": (("spec", "accessModes"), ("spec", "selector"),
                              ("spec", "storageClassName"), ("spec", "volumeMode"),
                              ("spec", "volumeName")),
    # Its selector can be changed since policy/v1.
    "PodDisruptionBudget": (),
    "PodMonitor": (),
    "PrometheusRule": (),
    "ReplicaSet": (_SELECTOR,),
    # Its scopeSelector can be changed.
    "ResourceQuota": (("spec", "scopes"),),
    "ScaledObject": (),
    "Secret": (("immutable",), ("type",)),
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "healthCheckNodePort"),
                ("spec", "loadBalancerClass")),
    "ServiceAccount": (),
    "StatefulSet": (_SELECTOR, ("spec", "podManagementPolicy"), ("spec", "serviceName"),
                    ("spec", "volumeClaimTemplates")),
    "VirtualService": (),
}  # fmt: skip
"""The fields of each kind that cannot be changed; of kinds that are not listed, none is known."""


def immutable_fields(each: ComparedObject) -> list[str]:
    """The fields of an object, such as ``spec.selector``, whose change Kubernetes refuses."""
    fields = [f for f in IMMUTABLE.get(each.id.kind, ()) if each.changed_below(*f)]
    found = [".".join(field) for field in fields]
    if each.id.kind == "Service" and _first_family(each.before) != _first_family(each.after):
        found.append("spec.ipFamilies")
    return found


def refusal(kind: str, fields: list[str]) -> str:
    """Says that Kubernetes refuses the change of these fields of an object of this kind."""
    return f"Kubernetes refuses to change {listed(fields)} of a {kind} in place"


def _first_family(service: Json | None) -> Json:
    """The kind of a Service's own address, which it keeps; a second one may come and go."""
    families = value_at(service, ("spec", "ipFamilies"))
    return families[0] if isinstance(families, list) and families else _USUAL_FAMILY


def _find(each: ComparedObject, _: ComparedFamily) -> Iterator[str]:
    if fields := immutable_fields(each):
        says = refusal(each.id.kind, fields)
        yield f"{says}: the sync fails until it is deleted and made anew"


IMMUTABLE_FIELD = DangerKind("immutable-field", _find)
