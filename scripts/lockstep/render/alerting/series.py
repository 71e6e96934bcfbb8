"""The series that rules record, and those of Istio and Kubernetes that they are made from.

The gates, the dashboards and the alerts use the same names; ``docs/how-to/alerts.md`` lists them.
"""

from collections.abc import Mapping

from lockstep.render.promql import series
from lockstep.text.promql import selector

Rule = dict[str, object]
"""One rule as the operator's CRD has it."""

WEIGHT = "lockstep:version_weight:declared"
LIVE = "lockstep:version_weight:live"
VERSION_REQUESTS = "lockstep:version_requests:rate5m"
VERSION_ERRORS = "lockstep:version_errors:ratio_rate5m"
VERSION_P90 = "lockstep:version_latency_seconds:p90_5m"
VERSION_P95 = "lockstep:version_latency_seconds:p95_5m"
VERSION_CPU = "lockstep:version_cpu_cores:rate5m"
VERSION_MEMORY = "lockstep:version_memory_bytes:sum"
VERSION_CPU_REQUESTS = "lockstep:version_cpu_requests:sum"
VERSION_MEMORY_REQUESTS = "lockstep:version_memory_requests:sum"
REQUESTS = "lockstep:cluster_requests:rate5m"
FAILED = "lockstep:cluster_failed_requests:rate5m"
ERRORS = "lockstep:cluster_errors:ratio_rate"
"""With a window behind it: ``5m``, ``30m``, ``1h``, ``6h`` or ``3d``."""
LATENCY = "lockstep:cluster_latency_seconds:objective_5m"
ACCURACY = "lockstep:cluster_accuracy"
DRIFT = "lockstep:cluster_drift"
COST = "lockstep:cluster_cost_hourly:sum"
FAMILY_VERSIONS = "lockstep:family_versions:count"

_REQUESTS, _BUCKETS = "istio_requests_total", "istio_request_duration_milliseconds_bucket"
_FAULTS = {"response_code": "5.."}
GRPC_FAULTS = ("2", "4", "12", "13", "14", "15")
"""Statuses of gRPC that are the server's fault, as 5xx are in HTTP: their response code is 200."""
_GRPC_FAULTS = {"grpc_response_status": "|".join(GRPC_FAULTS)}


def cluster_labels(environment: str, family: str, cluster: str, region: str) -> dict[str, str]:
    """The labels that tell one cluster from all others."""
    return {
        "lockstep_environment": environment,
        "lockstep_family": family,
        "lockstep_cluster": cluster,
        "lockstep_region": region,
    }


def requests(exact: Mapping[str, str], patterns: Mapping[str, str] | None = None) -> str:
    """PromQL for the requests a second of Istio's series with these labels: one number."""
    return f"sum(rate({selector(_REQUESTS, exact, patterns or {})}[5m]))"


def failures(exact: Mapping[str, str]) -> str:
    """PromQL for the failed ones of these requests a second; nothing where none ever failed.

    A series with a fault of both kinds counts once, because ``or`` joins by all labels.
    """
    ranges = (f"rate({selector(_REQUESTS, exact, each)}[5m])" for each in (_FAULTS, _GRPC_FAULTS))
    return f"sum({' or '.join(ranges)})"


def quantile(share: str, exact: Mapping[str, str]) -> str:
    """PromQL for the seconds within which a share of the requests is answered.

    Without requests it is nothing at all, and not NaN, which would go into every average.
    """
    rates = f"sum by (le) (rate({series(_BUCKETS, exact)}[5m]))"
    return f"histogram_quantile({share}, {rates}) / 1000 >= 0"
