"""The HorizontalPodAutoscaler of each version: how many pods it gets by its use of CPU."""

from functools import partial

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected, Within
from lockstep.render.targets.kubernetes.deployment import expected_target
from lockstep.render.targets.kubernetes.metadata import (
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_spec
from lockstep.render.view import ClusterView, Running

_HPA = ("spec", "serving", "hpa")

EXPECTED_BEHAVIOR: dict[str, Expected] = {
    # How slowly pods go is the template's choice; that they come at once is not.
    "scaleUp": {"stabilizationWindowSeconds": Within(0, 60)},
    "scaleDown": FREE,
}
"""How an autoscaler may change the number of pods; KEDA passes it on to its own autoscaler."""


def read_hpa(fields: Fields) -> dict[str, Json]:
    """``hpa`` of a serving, where the spec has it. Raises Unrenderable."""
    if not fields.has(*_HPA):
        return {}
    return {"hpa": {name: fields.integer(*_HPA, name) for name in ("maxReplicas", "cpu")}}


def read_warm_replicas(fields: Fields) -> dict[str, Json]:
    """``warmReplicas`` of a serving, where the spec has it. Raises Unrenderable."""
    here = ("spec", "serving", "warmReplicas")
    return {"warmReplicas": fields.integer(*here)} if fields.has(*here) else {}


def _files(view: ClusterView) -> Files:
    """One for each version; never fewer pods than its floor."""
    scaler = view.serving.get("hpa")
    for version in view.running if scaler is not None else ():
        context = {
            **metadata(view, version),
            "replicas": version.floor.pods,
            "max_replicas": scaler["maxReplicas"],
            "cpu": scaler["cpu"],
        }
        name = f"horizontalpodautoscaler-{version.slug}.yaml"
        yield ManifestFile(name, context, _expected(context), partial(_origins, version))


def _expected(context: Context) -> dict[str, Expected]:
    target = {"type": "Utilization", "averageUtilization": context["cpu"]}
    by_cpu = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    return {
        # Behind the routes: it is Degraded until the metrics of new pods arrive, and that must not
        # keep traffic from moving.
        "metadata": expected_metadata(context, wave=2),
        "spec": {
            "scaleTargetRef": expected_target(context),
            "minReplicas": context["replicas"],
            "maxReplicas": context["max_replicas"],
            # Of several metrics the one that wants the most pods counts.
            "metrics": [by_cpu],
            "behavior": EXPECTED_BEHAVIOR,
        },
    }


def _origins(version: Running) -> Origins:
    return {
        **metadata_origins(version),
        "replicas": in_spec("serving", *version.floor.field),
        "max_replicas": in_spec("serving", "hpa", "maxReplicas"),
        "cpu": in_spec("serving", "hpa", "cpu"),
    }


COMPONENT = Component(
    "horizontalpodautoscaler", ObjectKind("autoscaling/v2", "HorizontalPodAutoscaler"), _files
)
