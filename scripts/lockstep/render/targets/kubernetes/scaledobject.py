"""The ScaledObject of each version: how many pods KEDA gives it by requests, latency and queue.

A number that Prometheus does not have is never read as 0, which would take pods away from a version
under load: KEDA gets no value then, and after some failures its fallback.
"""

from functools import partial

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.names import label_value, versioned_name
from lockstep.render.observability import read_operator_labels
from lockstep.render.promql import series
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.deployment import expected_target
from lockstep.render.targets.kubernetes.horizontalpodautoscaler import EXPECTED_BEHAVIOR
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    NAME,
    NAMESPACE,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_environment, in_spec, in_variants
from lockstep.render.view import ClusterView, Running

_KEDA = ("spec", "serving", "keda")
_WINDOW, _MEMORY = "2m", "1h"
_TARGETS = {
    "requestsPerSecond": "AverageValue",
    "p95Milliseconds": "Value",
    "queueLength": "AverageValue",
}
"""What KEDA scales by, and how: a sum is divided by the number of pods, a latency is one of all."""

_QUEUES = {
    # https://docs.vllm.ai/en/latest/usage/metrics.html
    "vllm": "vllm:num_requests_waiting",
    # https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html
    "triton": "nv_inference_pending_request_count",
}
"""The gauge with the requests that wait in a server, by runtime. MLServer has histograms of its
queues, and the servers of KServe have nothing: neither says how many wait now."""

_FAILURES = 10
"""After how many failures in a row KEDA falls back; the autoscaler changes nothing until then. They
are minutes, so that a restart of Prometheus is none of its business."""


def read_keda(fields: Fields, environment: Environment) -> dict[str, Json]:
    """``keda`` of a serving, where the spec has it. Raises Unrenderable."""
    if not fields.has(*_KEDA):
        return {}
    targets = [name for name in _TARGETS if fields.has(*_KEDA, name)]
    if not targets:
        fields.fail(
            _KEDA, "render.input", "keda has nothing to scale by",
            "write requestsPerSecond, p95Milliseconds or queueLength, or several of them",
        )  # fmt: skip
    keda: dict[str, Json] = {
        name: fields.integer(*_KEDA, name) for name in ("maxReplicas", *targets)
    }
    if "queueLength" in keda:
        keda["queueMetric"] = _read_queue(fields, environment)
    elif fields.has(*_KEDA, "queueMetric"):
        fields.fail(
            (*_KEDA, "queueMetric"), "render.input",
            "a metric is named, but not how many waiting requests there are to be for a pod",
            "write queueLength too, or remove queueMetric",
        )  # fmt: skip
    return {"keda": keda}


def _read_queue(fields: Fields, environment: Environment) -> str:
    """The metric of the server that says how many requests wait; Prometheus scrapes it."""
    here = (*_KEDA, "queueLength")
    if not fields.has("spec", "serving", "metrics"):
        fields.fail(
            here, "render.input", "the queue is measured by the server, which exports no metrics",
            "write spec.serving.metrics with the port of the server's metrics",
        )  # fmt: skip
    if not read_operator_labels(environment):
        fields.fail(
            here, "render.input",
            f"{environment.document.path} does not say who scrapes the metrics of servers",
            "write spec.observability there, with the labels that Prometheus' operator selects by",
        )  # fmt: skip
    if fields.has(*_KEDA, "queueMetric"):
        return fields.text(*_KEDA, "queueMetric")
    runtime = ("spec", "serving", "runtime")
    name = fields.text(*runtime) if fields.has(*runtime) else "a server of an unknown runtime"
    if metric := _QUEUES.get(name):
        return metric
    fields.fail(
        here, "render.input", f"{name} has no metric of how many requests wait",
        "write runtime: triton or vllm, or name such a metric of the server in queueMetric",
    )  # fmt: skip


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
            "failures": _FAILURES,
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
                # No value is an error, and not 0.
                "ignoreNullValues": "false",
            },
        }
        for _, metric_type, query, threshold in context["triggers"]
    ]  # fmt: skip
    return {
        # Behind the routes: KEDA that cannot measure must not keep traffic from moving.
        "metadata": expected_metadata(context, wave=2),
        "spec": {
            "scaleTargetRef": expected_target(context),
            "minReplicaCount": context["replicas"],
            "maxReplicaCount": context["max_replicas"],
            "fallback": {
                "failureThreshold": context["failures"],
                "replicas": context["replicas"],
                # Never fewer than there are: the load is not known.
                "behavior": "currentReplicasIfHigher",
            },
            # Of several triggers the one that wants the most pods counts.
            "triggers": triggers,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": EXPECTED_BEHAVIOR}},
        },
    }


def _origins(version: Running) -> Origins:
    chosen = in_variants(version.version, "version")
    workload = NAME + chosen + NAMESPACE
    metric = in_spec("serving", "runtime") + in_spec("serving", "keda", "queueMetric")
    queries = (workload, workload, workload + ENVIRONMENT + metric)
    return {
        **metadata_origins(version),
        "replicas": in_spec("serving", *version.floor.field),
        "max_replicas": in_spec("serving", "keda", "maxReplicas"),
        "server": in_environment("spec", "prometheus"),
        "triggers": {
            name: (None, None, query, in_spec("serving", "keda", name))
            for name, query in zip(_TARGETS, queries, strict=True)
        },
    }


def _requests(view: ClusterView, version: Running) -> str:
    """PromQL for the requests per second that the pods of one version get, as they count them.

    A version without series is 0 only where it has had no requests for long. Where it had some, its
    pods are no longer heard of, and there is no value.
    """
    counted = series("istio_requests_total", _labels(view, version))
    return (
        f"sum(rate({counted}[{_WINDOW}])) or (vector(0) unless sum(rate({counted}[{_MEMORY}])) > 0)"
    )


def _latency(view: ClusterView, version: Running) -> str:
    """PromQL for the 95th percentile of a version's answers in ms; 0 where it has no requests.

    Without a request the quantile is NaN, which no autoscaler can compare.
    """
    buckets = series("istio_request_duration_milliseconds_bucket", _labels(view, version))
    quantile = f"histogram_quantile(0.95, sum by (le) (rate({buckets}[{_WINDOW}])))"
    return f"{quantile} >= 0 or 0 * ({_requests(view, version)})"


def _queue(view: ClusterView, version: Running) -> str:
    """PromQL for the requests that wait in all pods of one version, as the servers count them.

    A server says so from its start, also that none waits. The labels are those of the PodMonitor.
    """
    labels = {
        "lockstep_environment": label_value(view.environment),
        "lockstep_cluster": label_value(view.name),
        "lockstep_version": label_value(version.version),
        "namespace": view.namespace,
    }
    return f"sum({series(view.serving['keda']['queueMetric'], labels)})"


def _labels(view: ClusterView, version: Running) -> dict[str, str]:
    """https://istio.io/latest/docs/reference/config/metrics/"""
    return {
        "reporter": "destination",
        "destination_workload": versioned_name(view.name, version.slug),
        "destination_workload_namespace": view.namespace,
    }


_QUERIES = (_requests, _latency, _queue)
"""Of each target, in the order of _TARGETS."""

COMPONENT = Component("scaledobject", ObjectKind("keda.sh/v1alpha1", "ScaledObject"), _files)
