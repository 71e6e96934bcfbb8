"""The ScaledObject of each version: how many pods KEDA gives it by its requests and its latency."""

from functools import partial

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.names import versioned_name
from lockstep.render.promql import series
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
_TARGETS = {"requestsPerSecond": "AverageValue", "p95Milliseconds": "Value"}
"""What KEDA scales by, and how: a sum is divided by the number of pods, a latency is one of all."""


def read_keda(fields: Fields) -> dict[str, Json]:
    """``keda`` of a serving, where the spec has it. Raises Unrenderable."""
    if not fields.has(*_KEDA):
        return {}
    targets = [name for name in _TARGETS if fields.has(*_KEDA, name)]
    if not targets:
        fields.fail(
            _KEDA, "render.input", "keda has nothing to scale by",
            "write requestsPerSecond or p95Milliseconds, or both",
        )  # fmt: skip
    return {"keda": {name: fields.integer(*_KEDA, name) for name in ("maxReplicas", *targets)}}


def read_prometheus(fields: Fields, environment: Environment) -> str | None:
    """The address that KEDA queries; None where the cluster has no KEDA. Raises Unrenderable."""
    if not fields.has(*_KEDA):
        return None
    written, here = Fields(environment.document), ("spec", "prometheus")
    if not written.has(*here):
        fields.fail(
            _KEDA, "render.prometheus",
            f"KEDA asks Prometheus, but {environment.document.path} has none to query",
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
            "triggers": [
                # All values of a KEDA trigger's metadata must be strings.
                (name, metric_type, query(view, version), str(scaler[name]))
                for (name, metric_type), query in zip(_TARGETS.items(), _QUERIES, strict=True)
                if name in scaler
            ],
        }
        name = f"scaledobject-{version.slug}.yaml"
        yield ManifestFile(name, context, _expected(context), partial(_origins, version))


def _expected(context: Context) -> dict[str, Expected]:
    triggers = [
        {
            "type": "prometheus",
            "metricType": metric_type,
            "metadata": {
                "serverAddress": context["server"], "query": query, "threshold": threshold,
            },
        }
        for _, metric_type, query, threshold in context["triggers"]
    ]  # fmt: skip
    return {
        "metadata": expected_metadata(context, wave=-1),
        "spec": {
            "scaleTargetRef": expected_target(context),
            "minReplicaCount": context["replicas"],
            "maxReplicaCount": context["max_replicas"],
            # Of several triggers the one that wants the most pods counts.
            "triggers": triggers,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": EXPECTED_BEHAVIOR}},
        },
    }


def _origins(version: Running) -> Origins:
    return {
        **metadata_origins(version),
        "replicas": in_spec("serving", *version.floor.field),
        "max_replicas": in_spec("serving", "keda", "maxReplicas"),
        "server": in_environment("spec", "prometheus"),
        "triggers": {
            name: (
                None, None, NAME + in_variants(version.version, "version") + NAMESPACE,
                in_spec("serving", "keda", name),
            )
            for name in _TARGETS
        },
    }  # fmt: skip


def _requests(view: ClusterView, version: Running) -> str:
    """PromQL for the requests per second that the pods of one version get, as they count them."""
    return f"sum(rate({series('istio_requests_total', _labels(view, version))}[{_WINDOW}]))"


def _latency(view: ClusterView, version: Running) -> str:
    """PromQL for the 95th percentile of a version's answers in ms; nothing where it has none.

    Without a request the quantile is NaN, which no autoscaler can compare. No value counts as 0
    for KEDA, and the floor holds.
    """
    buckets = series("istio_request_duration_milliseconds_bucket", _labels(view, version))
    return f"histogram_quantile(0.95, sum by (le) (rate({buckets}[{_WINDOW}]))) >= 0"


def _labels(view: ClusterView, version: Running) -> dict[str, str]:
    """https://istio.io/latest/docs/reference/config/metrics/"""
    return {
        "reporter": "destination",
        "destination_workload": versioned_name(view.name, version.slug),
        "destination_workload_namespace": view.namespace,
    }


_QUERIES = (_requests, _latency)
"""Of each target, in the order of _TARGETS."""

COMPONENT = Component("scaledobject", ObjectKind("keda.sh/v1alpha1", "ScaledObject"), _files)
