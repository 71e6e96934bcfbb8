"""Scaling by requests, with KEDA."""

from lockstep.render.provenance import parse_provenance
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, render_one, tree_of
from tests.unit.render.specs import KEDA, PROMETHEUS, render_watched, serving, the_finding, watched
from tests.unit.whole_fleets import render_fleet


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
            "query": 'sum(rate(istio_requests_total{reporter="destination",'
            f'destination_workload="fraud-eu-v{version}",'
            'destination_workload_namespace="fraud"}[2m]))',
            "threshold": "50",
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
        'istio_request_duration_milliseconds_bucket{reporter="destination",'
        'destination_workload="fraud-eu-v41",destination_workload_namespace="fraud"}[2m]))) >= 0',
        "threshold": "250",
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
