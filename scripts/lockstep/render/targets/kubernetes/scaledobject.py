"""The ScaledObject of each version: how many pods KEDA gives it by the requests that it gets."""

from functools import partial

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.names import versioned_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.deployment import expected_target
from lockstep.render.targets.kubernetes.horizontalpodautoscaler import EXPECTED_BEHAVIOR
from lockstep.render.targets.kubernetes.metadata import (
    NAME,
    NAMESPACE,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_environment, in_spec, in_variants
from lockstep.render.view import ClusterView, Running

_KEDA = ("spec", "serving", "keda")
_WINDOW = "2m"


def read_keda(fields: Fields) -> dict[str, Json]:
    """``keda`` of a serving, where the spec has it. Raises Unrenderable."""
    if not fields.has(*_KEDA):
        return {}
    names = ("maxReplicas", "requestsPerSecond")
    return {"keda": {name: fields.integer(*_KEDA, name) for name in names}}


def read_prometheus(fields: Fields, environment: Environment) -> str | None:
    """The address that KEDA queries; None where the cluster has no KEDA. Raises Unrenderable."""
    if not fields.has(*_KEDA):
        return None
    written, here = Fields(environment.document), ("spec", "prometheus")
    if not written.has(*here):
        fields.fail(
            _KEDA, "render.prometheus",
            f"KEDA scales by requests, but {environment.document.path} has no Prometheus to query",
            "write spec.prometheus there, or scale by hpa",
        )  # fmt: skip
    return written.text(*here)


def _files(view: ClusterView) -> Files:
    """One for each version; never fewer pods than its floor."""
    scaler = view.serving.get("keda")
    for version in view.running if scaler is not None else ():
        context = {
            **metadata(view, version),
            "replicas": version.floor.pods,
            "max_replicas": scaler["maxReplicas"],
            "server": view.prometheus,
            "query": _requests(view, version),
            # All values of a KEDA trigger's metadata must be strings.
            "threshold": str(scaler["requestsPerSecond"]),
        }
        name = f"scaledobject-{version.slug}.yaml"
        yield ManifestFile(name, context, _expected(context), partial(_origins, version))


def _expected(context: Context) -> dict[str, Expected]:
    query = {
        "serverAddress": context["server"],
        "query": context["query"],
        "threshold": context["threshold"],
    }
    by_requests = {"type": "prometheus", "metricType": "AverageValue", "metadata": query}
    return {
        "metadata": expected_metadata(context, wave=-1),
        "spec": {
            "scaleTargetRef": expected_target(context),
            "minReplicaCount": context["replicas"],
            "maxReplicaCount": context["max_replicas"],
            "triggers": [by_requests],
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": EXPECTED_BEHAVIOR}},
        },
    }


def _origins(version: Running) -> Origins:
    return {
        **metadata_origins(version),
        "replicas": in_spec("serving", *version.floor.field),
        "max_replicas": in_spec("serving", "keda", "maxReplicas"),
        "server": in_environment("spec", "prometheus"),
        "query": NAME + in_variants(version.version, "version") + NAMESPACE,
        "threshold": in_spec("serving", "keda", "requestsPerSecond"),
    }


def _requests(view: ClusterView, version: Running) -> str:
    """PromQL for the requests per second that the pods of one version get, as they count them.

    Nothing is escaped: both names have to be DNS labels, or no manifest is written at all.
    https://istio.io/latest/docs/reference/config/metrics/
    """
    workload = versioned_name(view.name, version.slug)
    labels = (
        f'reporter="destination",destination_workload="{workload}",'
        f'destination_workload_namespace="{view.namespace}"'
    )
    return f"sum(rate(istio_requests_total{{{labels}}}[{_WINDOW}]))"


COMPONENT = Component("scaledobject", ObjectKind("keda.sh/v1alpha1", "ScaledObject"), _files)
