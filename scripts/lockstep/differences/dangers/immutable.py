"""Fields that Kubernetes refuses to change in place: the sync fails, and the rest waits for it."""

from collections.abc import Iterator, Mapping

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.folders import ComparedFamily, ComparedObject
from lockstep.text.phrases import listed

_SELECTOR = ("spec", "selector")

IMMUTABLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "AppProject": (),
    "Application": (),
    "ConfigMap": (("immutable",),),
    "DaemonSet": (_SELECTOR,),
    "Deployment": (_SELECTOR,),
    "DestinationRule": (),
    "ExternalSecret": (),
    "HorizontalPodAutoscaler": (),
    "Job": (_SELECTOR, ("spec", "template"), ("spec", "completionMode"),
            ("spec", "podFailurePolicy"), ("spec", "backoffLimitPerIndex")),
    "PersistentVolumeClaim": (("spec", "accessModes"), ("spec", "selector"),
                              ("spec", "storageClassName"), ("spec", "volumeMode"),
                              ("spec", "volumeName")),
    # Its selector can be changed since policy/v1.
    "PodDisruptionBudget": (),
    "ReplicaSet": (_SELECTOR,),
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


def _find(each: ComparedObject, _: ComparedFamily) -> Iterator[str]:
    fields = [f for f in IMMUTABLE.get(each.id.kind, ()) if each.changed_below(*f)]
    if fields:
        names = listed([".".join(field) for field in fields])
        yield (
            f"Kubernetes refuses to change {names} of a {each.id.kind} in place: the sync fails "
            "until it is deleted and made anew"
        )


IMMUTABLE_FIELD = DangerKind("immutable-field", _find)
