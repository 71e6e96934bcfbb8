"""Subsets and circuit breakers."""

from tests.unit.render.rendering import cluster, render_one
from tests.unit.render.specs import NINETY, SERVICE, TEN


def test_each_version_has_a_subset_in_an_object_of_its_own() -> None:
    folder = render_one(cluster(variants=[NINETY, TEN]))
    for version in ("41", "42"):
        rule = folder.manifests[f"destinationrule-v{version}.yaml"]
        assert rule["metadata"]["name"] == f"fraud-eu-v{version}"
        assert rule["spec"] == {
            "host": SERVICE,
            "subsets": [{"name": f"v{version}", "labels": {"lockstep.dev/version": version}}],
        }
    assert "destinationrule.yaml" not in folder.files


def test_a_circuit_breaker_becomes_outlier_detection() -> None:
    breaker = {"consecutiveErrors": 7, "ejectFor": "45s"}
    folder = render_one(cluster(traffic={"circuitBreaker": breaker}))
    assert folder.manifests["destinationrule.yaml"]["spec"] == {
        "host": SERVICE,
        "trafficPolicy": {
            # Outlier detection would switch it on.
            "loadBalancer": {"localityLbSetting": {"enabled": False}},
            "outlierDetection": {
                "consecutive5xxErrors": 7,
                "interval": "10s",
                "baseEjectionTime": "45s",
                "maxEjectionPercent": 50,
            },
        },
    }


def test_new_pods_get_few_requests_at_first() -> None:
    whole = cluster()
    whole["spec"]["serving"] |= {"warmUp": {"duration": "90s"}}
    assert render_one(whole).manifests["destinationrule.yaml"]["spec"] == {
        "host": SERVICE,
        "trafficPolicy": {
            "loadBalancer": {
                # Envoy can start slowly with this one and with ROUND_ROBIN only.
                "simple": "LEAST_REQUEST",
                "warmup": {"duration": "90s", "minimumPercent": 10},
                "localityLbSetting": {"enabled": False},
            }
        },
    }


def test_a_warm_up_changes_no_route_and_no_workload() -> None:
    whole = cluster(variants=[NINETY, TEN])
    without = render_one(whole).files
    whole["spec"]["serving"] |= {"warmUp": {"duration": "90s", "minimumPercent": 20}}
    files = render_one(whole).files
    assert {name for name in files if files[name] != without.get(name)} == {
        "destinationrule.yaml", "PROVENANCE",
    }  # fmt: skip
