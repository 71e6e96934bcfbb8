"""Scaling by requests, with KEDA."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.render import RenderedFolder, render_cluster
from lockstep.render.provenance import parse_provenance
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, render_one, tree_of
from tests.unit.render.specs import (
    KEDA,
    PROMETHEUS,
    WATCHED,
    render_watched,
    serving,
    the_finding,
    watched,
)
from tests.unit.whole_fleets import render_fleet

QUEUE = {"maxReplicas": 9, "queueLength": 4}
SERVER = {"runtime": "vllm", "metrics": {"port": 8000}}
LABELS = (
    'reporter="destination",destination_workload="fraud-eu-v41",'
    'destination_workload_namespace="fraud"'
)
REQUESTS = (
    f"sum(rate(istio_requests_total{{{LABELS}}}[2m])) "
    f"or (vector(0) unless sum(rate(istio_requests_total{{{LABELS}}}[1h])) > 0)"
)


def scraped(spec: dict[str, Any]) -> rendering.Tree:
    """The tree of a cluster where Prometheus' operator scrapes the servers."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    base = {name: WATCHED[name] for name in ("labels", "namespace")}
    whole["spec"] |= {"prometheus": PROMETHEUS, "observability": base}
    return {**tree_of(spec), "clusters/prod/environment.yaml": rendering.dump(whole)}


def render_scraped(spec: dict[str, Any]) -> RenderedFolder:
    environment, family = rendering.only_family(fleet_of(scraped(spec)))
    return render_cluster(family.clusters[0], family, environment, rendering.templates())


def test_a_prometheus_that_is_not_queried_changes_nothing() -> None:
    assert render_watched(cluster()).files == render_one(cluster()).files


def test_keda_scales_each_version_by_its_own_requests() -> None:
    folder = render_watched(serving(keda=KEDA))
    for version in ("41", "42"):
        spec = folder.manifests[f"scaledobject-v{version}.yaml"]["spec"]
        deployment = folder.manifests[f"deployment-v{version}.yaml"]
        assert deployment["spec"]["replicas"] == spec["minReplicaCount"]
        assert spec["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        # Version 42 is the previous one: a rollback returns to it.
        assert spec["minReplicaCount"] == {"41": 3, "42": 9}[version]
        assert spec["maxReplicaCount"] == 9
        (trigger,) = spec["triggers"]
        assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
        assert trigger["metadata"] == {
            "serverAddress": PROMETHEUS,
            "query": REQUESTS.replace("v41", f"v{version}"),
            "threshold": "50",
            "ignoreNullValues": "false",
        }


def test_pods_stay_where_nothing_can_be_measured() -> None:
    folder = render_watched(serving(keda=KEDA))
    for version, floor in {"41": 3, "42": 9}.items():
        assert folder.manifests[f"scaledobject-v{version}.yaml"]["spec"]["fallback"] == {
            "failureThreshold": 10,
            "replicas": floor,
            "behavior": "currentReplicasIfHigher",
        }


def test_another_prometheus_is_another_input_of_keda_only() -> None:
    tree = watched(serving(keda=KEDA))
    path = "clusters/prod/environment.yaml"
    moved = {**tree, path: tree[path].replace(b":9090", b":9091")}
    inputs = []
    for each in (tree, moved):
        files, _ = render_fleet(fleet_of(each), rendering.templates())
        rendered = files["rendered/prod/clusters/fraud-eu/PROVENANCE"]
        inputs.append(parse_provenance(rendered).inputs)
    assert inputs[0]["environment"] != inputs[1]["environment"]
    assert inputs[0]["spec"] == inputs[1]["spec"]


def test_keda_without_a_prometheus_is_found_at_keda() -> None:
    finding = the_finding(tree_of(serving(keda=KEDA)))
    assert (finding.rule, finding.pointer) == ("render.prometheus", "/spec/serving/keda")
    assert "clusters/prod/environment.yaml" in finding.message


def test_keda_scales_by_latency_too() -> None:
    both = {**KEDA, "p95Milliseconds": 250}
    triggers = render_watched(serving(keda=both)).manifests["scaledobject-v41.yaml"]["spec"][
        "triggers"
    ]
    requests, latency = triggers
    assert requests["metadata"]["threshold"] == "50"
    # Not divided by the number of pods: each of them has this latency.
    assert latency["metricType"] == "Value"
    assert latency["metadata"] == {
        "serverAddress": PROMETHEUS,
        "query": "histogram_quantile(0.95, sum by (le) (rate("
        f"istio_request_duration_milliseconds_bucket{{{LABELS}}}[2m]))) >= 0 or 0 * ({REQUESTS})",
        "threshold": "250",
        "ignoreNullValues": "false",
    }


def test_keda_scales_by_latency_alone() -> None:
    scaler = {"maxReplicas": 9, "p95Milliseconds": 250}
    folder = render_watched(serving(keda=scaler))
    (trigger,) = folder.manifests["scaledobject-v41.yaml"]["spec"]["triggers"]
    assert trigger["metricType"] == "Value"


def test_keda_without_a_target_is_found_at_keda() -> None:
    finding = the_finding(watched(serving(keda={"maxReplicas": 9})))
    assert (finding.rule, finding.pointer) == ("render.input", "/spec/serving/keda")
    assert "p95Milliseconds" in finding.fix


@pytest.mark.parametrize(
    ("more", "metric"),
    [
        (SERVER, "vllm:num_requests_waiting"),
        ({**SERVER, "runtime": "triton"}, "nv_inference_pending_request_count"),
    ],
)
def test_keda_scales_by_what_waits_in_the_server(more: dict[str, Any], metric: str) -> None:
    folder = render_scraped(serving(keda=QUEUE, **more))
    assert not folder.findings
    (trigger,) = folder.manifests["scaledobject-v41.yaml"]["spec"]["triggers"]
    # KEDA divides what waits in all pods by their number.
    assert trigger["metricType"] == "AverageValue"
    assert trigger["metadata"] == {
        "serverAddress": PROMETHEUS,
        "query": f'sum({metric}{{lockstep_environment="prod",lockstep_cluster="fraud-eu",'
        'lockstep_version="41",namespace="fraud"})',
        "threshold": "4",
        "ignoreNullValues": "false",
    }
    # The labels are those that Prometheus' operator gives to the series of these pods.
    labels = folder.manifests["deployment-v41.yaml"]["spec"]["template"]["metadata"]["labels"]
    monitor = folder.manifests["podmonitor.yaml"]["spec"]["podMetricsEndpoints"][0]
    given = {each.get("targetLabel") for each in monitor["relabelings"]}
    assert {"lockstep_environment", "lockstep_cluster", "lockstep_version"} <= given
    assert labels["lockstep.dev/environment"] == "prod"
    assert labels["lockstep.dev/cluster"] == "fraud-eu"
    assert labels["lockstep.dev/version"] == "41"


@pytest.mark.parametrize("runtime", [{}, {"runtime": "mlserver"}, {"runtime": "vllm"}])
def test_a_named_metric_is_that_of_the_queue(runtime: dict[str, str]) -> None:
    keda = {**QUEUE, "queueMetric": "waiting"}
    folder = render_scraped(serving(keda=keda, metrics={"port": 8082}, **runtime))
    assert not folder.findings
    (trigger,) = folder.manifests["scaledobject-v41.yaml"]["spec"]["triggers"]
    assert trigger["metadata"]["query"].startswith("sum(waiting{")


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"runtime": "vllm"}, "queueLength", "spec.serving.metrics"),
        ({"metrics": {"port": 8082}}, "queueLength", "queueMetric"),
        ({**SERVER, "runtime": "mlserver"}, "queueLength", "queueMetric"),
        ({**SERVER, "runtime": "kserve"}, "queueLength", "queueMetric"),
        ({**SERVER, "keda": {**KEDA, "queueMetric": "waiting"}}, "queueMetric", "queueLength"),
    ],
)
def test_a_queue_that_no_metric_measures_is_refused(
    more: dict[str, Any], field: str, says: str
) -> None:
    finding = the_finding(scraped(serving(**{"keda": QUEUE, **more})))
    assert (finding.rule, finding.pointer) == ("render.input", f"/spec/serving/keda/{field}")
    assert says in finding.fix


def test_a_queue_that_nobody_scrapes_is_refused() -> None:
    finding = the_finding(watched(serving(keda=QUEUE, **SERVER)))
    assert finding.pointer == "/spec/serving/keda/queueLength"
    assert "clusters/prod/environment.yaml" in finding.message
    assert "spec.observability" in finding.fix
