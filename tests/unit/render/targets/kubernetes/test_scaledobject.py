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
