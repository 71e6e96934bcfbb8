"""The PodMonitor of a cluster: Prometheus scrapes what the server itself exports.

A server behind a sidecar is not scraped at its own port: with strict mTLS a Prometheus outside of
the mesh is refused there. The sidecar's agent, which the annotations of the pods ask for it, adds
the server's metrics to its own at port 15020, which the sidecar leaves alone:
https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging
"""

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.names import label_value
from lockstep.render.observability import read_operator_labels
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import (
    NAME,
    OPERATOR,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.kubernetes.ports import HTTP
from lockstep.render.targets.origins import Origins, OriginTree, in_spec
from lockstep.render.view import ClusterView

_HERE = ("spec", "serving", "metrics")
_PORT, _PATH = "prometheus.io/port", "prometheus.io/path"
_LABELS = ("environment", "family", "cluster", "version")
"""The labels of pods, below lockstep.dev, that the series get."""


def read_monitor(fields: Fields, environment: Environment) -> dict[str, Json]:
    """Where the server exports its metrics, as ``monitor``; nothing where nobody watches.

    Raises Unrenderable.
    """
    labels = read_operator_labels(environment)
    if not labels or not fields.has(*_HERE):
        return {}
    port, path = fields.integer(*_HERE, "port"), fields.text(*_HERE, "path", default="/metrics")
    return {"monitor": {"labels": labels, "port": port, "path": path}}


def metrics_annotations(view: ClusterView) -> dict[str, str]:
    """The annotations of pods by which the sidecar's agent finds the server's metrics."""
    monitor = view.observability.get("monitor")
    if monitor is None:
        return {}
    return {
        "prometheus.io/scrape": "true",
        _PORT: str(monitor["port"]),
        _PATH: monitor["path"],
    }


def metrics_origins() -> dict[str, OriginTree]:
    """The origins of what ``metrics_annotations`` gives."""
    here = _HERE[1:]
    return {_PORT: in_spec(*here, "port"), _PATH: in_spec(*here, "path")}


def _files(view: ClusterView) -> Files:
    """One where the server exports metrics and the environment says who scrapes them."""
    monitor = view.observability.get("monitor")
    if monitor is None:
        return
    context = {
        **metadata(view),
        "operator": sorted(monitor["labels"].items()),
        "cluster": label_value(view.name),
        "port": HTTP,
    }
    yield ManifestFile("podmonitor.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    meant = {**context, "labels": [*context["labels"], *context["operator"]]}
    address = {
        "action": "replace", "sourceLabels": ["__meta_kubernetes_pod_ip"],
        "targetLabel": "__address__",
    }  # fmt: skip
    relabelings: list[Json] = [
        {**address, "regex": "([0-9.]+)", "replacement": "$1:15020"},
        {**address, "regex": "(.*:.*)", "replacement": "[$1]:15020"},
    ]
    relabelings += [
        {
            "action": "replace",
            "sourceLabels": [f"__meta_kubernetes_pod_label_lockstep_dev_{label}"],
            "targetLabel": f"lockstep_{label}",
        }
        for label in _LABELS
    ]
    # Those of the sidecar are the mesh's to scrape: once more, and each request would count twice.
    drop = {"action": "drop", "sourceLabels": ["__name__"], "regex": "(istio|envoy)_.*"}
    endpoint = {
        "port": context["port"],
        "path": "/stats/prometheus",
        "relabelings": relabelings,
        "metricRelabelings": [drop],
    }
    return {
        "metadata": expected_metadata(meant, wave=2),
        "spec": {
            "selector": {"matchLabels": {"lockstep.dev/cluster": context["cluster"]}},
            "podMetricsEndpoints": [endpoint],
        },
    }


def _origins() -> Origins:
    return {
        **metadata_origins(),
        "operator": OPERATOR,
        "cluster": NAME,
    }


COMPONENT = Component("podmonitor", ObjectKind("monitoring.coreos.com/v1", "PodMonitor"), _files)
