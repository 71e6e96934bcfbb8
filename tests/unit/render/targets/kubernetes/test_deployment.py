"""The Deployment of each version: model, probes, rights, replicas and zones."""

import pytest

from lockstep.render import render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import IMAGE, STABLE, cluster, render_one
from tests.unit.render.specs import TEN, WARM, pod_of, serving, to


def test_a_deployment_is_named_by_version_and_runs_that_version() -> None:
    deployment = render_one(cluster()).manifests["deployment-v41.yaml"]
    assert deployment["metadata"]["name"] == "fraud-eu-v41"
    pod = deployment["spec"]["template"]
    selector = {"lockstep.dev/cluster": "fraud-eu", "lockstep.dev/version": "41"}
    assert deployment["spec"]["selector"]["matchLabels"] == selector
    assert selector.items() <= pod["metadata"]["labels"].items()
    (container,) = pod["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["env"] == [
        {"name": "MODEL_URI", "value": "models:/m-41"},
        {"name": "MODEL_DIGEST", "value": "sha256:" + "41" * 32},
        {"name": "MODEL_VERSION", "value": "41"},
    ]
    assert container["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }


@pytest.mark.parametrize("health", [None, "/v2/health/ready"])
def test_probes_query_the_health_path(health: str | None) -> None:
    spec = cluster()
    if health:
        spec["spec"]["serving"]["health"] = health
    deployment = render_one(spec).manifests["deployment-v41.yaml"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": health or "/ping", "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]


def test_a_pod_has_no_rights_that_it_does_not_need() -> None:
    spec = render_one(cluster()).manifests["deployment-v41.yaml"]["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_pods_are_not_restarted_by_a_new_tenant_or_environment_label() -> None:
    deployment = render_one(cluster()).manifests["deployment-v41.yaml"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert not {"lockstep.dev/tenant", "lockstep.dev/environment"} & labels.keys()


def test_pods_have_a_sidecar_that_is_ready_before_they_are() -> None:
    metadata = pod_of(render_one(cluster()))["metadata"]
    assert metadata["labels"]["sidecar.istio.io/inject"] == "true"
    assert metadata["annotations"] == {
        "proxy.istio.io/config": '{"holdApplicationUntilProxyStarts": true}',
        "sidecar.istio.io/nativeSidecar": "true",
    }


def test_a_warm_version_has_all_its_replicas_and_no_traffic() -> None:
    folder = render_one(cluster(variants=[STABLE, WARM]))
    assert folder.manifests["deployment-v42.yaml"]["spec"]["replicas"] == 3
    assert "destinationrule-v42.yaml" in folder.files
    (route,) = folder.manifests["virtualservice.yaml"]["spec"]["http"]
    assert route["route"] == [to("v41", 100)]


def test_a_variant_that_is_neither_warm_nor_served_has_no_workload() -> None:
    for idle in ({**TEN, "weight": 0}, {**WARM, "warm": False}):
        assert "deployment-v42.yaml" not in render_one(cluster(variants=[STABLE, idle])).files


def test_the_pods_of_each_version_are_spread_over_zones() -> None:
    folder = render_one(serving(zones=3))
    for version in ("41", "42"):
        (spread,) = pod_of(folder, version)["spec"]["topologySpreadConstraints"]
        assert spread == {
            "maxSkew": 1,
            "minDomains": 3,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {
                "matchLabels": {
                    "lockstep.dev/cluster": "fraud-eu",
                    "lockstep.dev/version": version,
                }
            },
            "matchLabelKeys": ["pod-template-hash"],
        }


def test_environment_text_is_not_expanded_by_kubernetes() -> None:
    only, family, environment = rendering.family_in_memory(cluster(), source="s3://$(HOME)/$$x")
    folder = render_cluster(only, family, environment, rendering.templates())
    spec = folder.manifests["deployment-v41.yaml"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["env"][0]["value"] == "s3://$$(HOME)/$$$$x"
