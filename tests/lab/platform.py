"""What fleets take for granted in a cluster and the lab lacks: nodes, and what operators report."""

from tests.lab.applications import Object


def _true(name: str) -> dict[str, str]:
    return {"type": name, "status": "True", "reason": "Played", "message": "the test says so"}


PLAYED = {
    "ExternalSecret": ("externalsecrets.external-secrets.io", [_true("Ready")]),
    "ScaledObject": ("scaledobjects.keda.sh", [_true("Ready")]),
    "HorizontalPodAutoscaler": (
        "horizontalpodautoscalers.autoscaling",
        [_true("AbleToScale"), _true("ScalingActive")],
    ),
}
"""What the lab has no operator or no measurements for: its resource, and what is reported of it."""


def _node(zone: str) -> Object:
    labels = {
        "topology.kubernetes.io/zone": zone,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "nvidia.com/gpu.product": "NVIDIA-L4",
    }
    room = {"cpu": "64", "memory": "256Gi", "pods": "500", "nvidia.com/gpu": "8"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"platform-{zone}",
            "labels": labels,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


MONITORING = "monitoring"
"""The namespace in which the reference fleet says that Prometheus runs."""

PLATFORM = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": MONITORING}},
    *map(_node, ("zone-a", "zone-b", "zone-c")),
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "online-models"},
        "value": 1000,
    },
]
"""What the reference fleet takes for granted in a cluster: nodes with GPUs, a priority class, and
the namespace of Prometheus."""
