"""The recording rules of a cluster and of each version: the numbers that people and gates look at.

Only one rule of each group writes labels, and the others take them over, so that the files stay
small: of a version, the declared weight has them, which is there as long as the version is.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lockstep.render.alerting import series as names
from lockstep.render.alerting.series import Rule
from lockstep.render.promql import series

WINDOWS = ("30m", "1h", "6h", "3d")
"""Those of the burn rates, but for the shortest, 5m, which is always recorded."""

_POD = "[a-z0-9]+-[a-z0-9]{5}"
"""What Kubernetes adds to a Deployment's name for a pod: the hash of its template, and a suffix."""

_REQUESTED = 'kube_pod_container_resource_requests{%s,resource="%s"}'
"""What the pods ask for, of kube-state-metrics."""


class Subject(NamedTuple):
    """A version's workload, or a cluster's Service, and the labels that select its series."""

    name: str
    namespace: str
    labels: Mapping[str, str]

    def of(self, metric: str) -> str:
        """The selector of this subject's recorded series."""
        return series(metric, self.labels)


def version_rules(version: Subject, versions: str) -> list[Rule]:
    """What is recorded of one version, as the sidecars of its own pods count it.

    ``versions`` is a pattern for the workloads of all versions of the cluster, those that git does
    not know included: a version's live weight is its share of what all of them get.
    """
    where = {"reporter": "destination", "destination_workload_namespace": version.namespace}
    own = {**where, "destination_workload": version.name}
    everything = names.requests(where, {"destination_workload": versions})
    live = f"100 * ({names.requests(own)} or vector(0)) / ({everything} > 0)"
    failed = f"({names.failures(own)} or vector(0)) / ({names.requests(own)} > 0)"
    recorded = {
        names.VERSION_REQUESTS: names.requests(own),
        names.VERSION_ERRORS: failed,
        names.VERSION_P90: names.quantile("0.9", own),
        names.VERSION_P95: names.quantile("0.95", own),
        names.VERSION_CPU: _usage("rate(container_cpu_usage_seconds_total{%s}[5m])", version),
        names.VERSION_MEMORY: _usage("container_memory_working_set_bytes{%s}", version),
        names.VERSION_CPU_REQUESTS: _usage(_REQUESTED % ("%s", "cpu"), version),
        names.VERSION_MEMORY_REQUESTS: _usage(_REQUESTED % ("%s", "memory"), version),
        names.LIVE: live,
    }
    labels = f"0 * {version.of(names.WEIGHT)}"
    return [
        {"record": name, "expr": f"({expression}) + on () group_right () {labels}"}
        for name, expression in recorded.items()
    ]


def cluster_rules(
    cluster: Subject,
    host: str,
    labels: Mapping[str, str],
    windows: Sequence[str],
    percentile: str | None,
) -> list[Rule]:
    """What is recorded of a cluster for its objectives, as the callers' sidecars count it.

    They also see what never reaches a pod. ``host`` is the Service's, ``labels`` are those of the
    series, ``windows`` those of the error ratio in addition to 5m, and ``percentile`` is that of
    the objective for the latency, as a share.

    The longer windows are sums of what was recorded, and not rates over days of all raw series: the
    same weights, at a small part of the cost.
    """
    own = {"reporter": "source", "destination_service": host}
    requests, failed = cluster.of(names.REQUESTS), cluster.of(names.FAILED)
    # 0 and not nothing where no request ever failed: a burn rate of 0 is an answer.
    count = f"{_labelled(names.failures(own), requests)} or {requests} * 0"
    rules: list[Rule] = [
        {"record": names.REQUESTS, "expr": names.requests(own), "labels": dict(labels)},
        {"record": names.FAILED, "expr": count},
        # Without requests there is no ratio: not NaN, and not 0.
        {"record": f"{names.ERRORS}5m", "expr": f"{failed} / ({requests} > 0)"},
    ]
    rules += [
        {
            "record": f"{names.ERRORS}{window}",
            "expr": f"sum_over_time({failed}[{window}]) / "
            f"(sum_over_time({requests}[{window}]) > 0)",
        }
        for window in windows
    ]
    if percentile is not None:
        expression = _labelled(names.quantile(percentile, own), requests)
        rules.append({"record": names.LATENCY, "expr": expression})
    return rules


def named_rule(name: str, function: str, metric: str, labels: Mapping[str, str]) -> Rule:
    """A record of the worst of the series that a spec names; ``function`` is min or max.

    A series that is NaN is left out: it says that there was nothing to measure.
    """
    return {"record": name, "expr": f"{function}({metric} > -Inf)", "labels": dict(labels)}


def weight_rule(weight: int, labels: Mapping[str, str]) -> Rule:
    """The percentage that git gives to a version. A number, so that a shift changes it in place."""
    return {"record": names.WEIGHT, "expr": weight, "labels": dict(labels)}


def _labelled(expression: str, labelled: str) -> str:
    return f"({expression}) + on () group_right () 0 * {labelled}"


def _usage(metric: str, version: Subject) -> str:
    """The sum over the model's containers, each pod once, however many targets report it."""
    # Nothing is escaped: both names are DNS labels, or no manifest is written at all.
    labels = f'namespace="{version.namespace}",pod=~"{version.name}-{_POD}",container="model"'
    return f"sum(max by (pod) ({metric % labels}))"
