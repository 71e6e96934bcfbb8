"""Datadog's monitors of a cluster, and the tags of its pods."""

from typing import Any

import pytest

from tests.unit.render.rendering import cluster, render_one
from tests.unit.render.specs import SLO, pod_of, render_observed

TAGS = {
    "tags.datadoghq.com/env": "prod",
    "tags.datadoghq.com/service": "fraud-eu",
    "tags.datadoghq.com/version": "41",
}
SCOPE = (
    "env:prod AND reporter:source AND destination_service_name:fraud-eu"
    " AND destination_service_namespace:fraud"
)


def monitor(kind: str, **slo: Any) -> Any:
    spec = cluster(observability={"slo": {**SLO, **slo}})
    folder = render_observed(spec, datadog=True)
    assert not folder.findings
    return folder.manifests[f"datadogmonitor-{kind}.yaml"]["spec"]


def test_without_datadog_there_are_no_tags_and_no_monitors() -> None:
    spec = cluster(observability={"slo": SLO})
    plain, watched = render_one(spec), render_observed(spec)
    assert not [name for name in watched.files if name.startswith("datadogmonitor")]
    assert watched.files["deployment-v41.yaml"] == plain.files["deployment-v41.yaml"]


def test_deployments_and_pods_have_datadogs_three_tags() -> None:
    folder = render_observed(cluster(), datadog=True)
    deployment = folder.manifests["deployment-v41.yaml"]
    assert TAGS.items() <= deployment["metadata"]["labels"].items()
    assert TAGS.items() <= pod_of(folder)["metadata"]["labels"].items()
    # A tag in the selector could never change again.
    assert not TAGS.keys() & deployment["spec"]["selector"]["matchLabels"].keys()


def test_a_monitor_watches_the_error_budget() -> None:
    spec = monitor("errors")
    assert spec["query"].startswith("sum(last_1h):sum:istio.mesh.request.count{" + SCOPE)
    assert " AND (response_code:5* OR grpc_response_status:2 OR " in spec["query"]
    assert spec["query"].endswith("} > 0.0144".replace("}", "}.as_count()"))
    assert spec["options"]["thresholds"] == {"critical": "0.0144"}
    assert spec["message"].endswith(" @pagerduty-models @slack-ml")


@pytest.mark.parametrize(
    ("availability", "threshold"), [(99.999, "0.000144"), (99, "0.144"), (50, "0.9")]
)
def test_a_loose_objective_can_still_be_missed(availability: float, threshold: str) -> None:
    assert monitor("errors", availability=availability)["options"]["thresholds"] == {
        "critical": threshold
    }


@pytest.mark.parametrize(
    ("latency", "percentile", "text"),
    [("250ms", 99, "p99 250"), ("2s", 99.9, "p99.9 2000"), ("1m", 50, "p50 60000")],
)
def test_a_monitor_watches_the_latency_in_milliseconds(
    latency: str, percentile: float, text: str
) -> None:
    share, most = text.split()
    spec = monitor("latency", latency=latency, percentile=percentile)
    metric = "istio.mesh.request.duration.milliseconds"
    assert spec["query"] == f"percentile(last_10m):{share}:{metric}{{{SCOPE}}} > {most}"
    assert spec["options"]["thresholds"] == {"critical": most}


def test_an_objective_that_is_not_declared_has_no_monitor() -> None:
    spec = cluster(observability={"slo": {"latency": "250ms"}})
    folder = render_observed(spec, datadog=True)
    assert not [name for name in folder.files if name.startswith("datadogmonitor")]


def test_datadogs_operator_has_nothing_to_write_into_the_object() -> None:
    assert monitor("errors")["controllerOptions"] == {"disableRequiredTags": True}
