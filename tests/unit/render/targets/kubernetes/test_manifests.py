"""What stands in the objects: names, waves, probes, subsets, routes."""

from typing import Any

import pytest

from lockstep.render import render_cluster, render_environment
from lockstep.render.targets.kubernetes.manifests import (
    CLUSTER_COMPONENTS,
    ENVIRONMENT_COMPONENTS,
    template_paths,
)
from tests.unit.render import rendering
from tests.unit.render.rendering import IMAGE, STABLE, cluster, render_one

NINETY = {**STABLE, "weight": 90}
TEN = {"name": "candidate", "version": "42", "weight": 10}
WARM = {"name": "previous", "version": "42", "weight": 0, "warm": True}
SERVICE = "fraud-eu.fraud.svc.cluster.local"


def routes_of(**spec: Any) -> Any:
    return render_one(cluster(**spec)).manifests["virtualservice.yaml"]["spec"]["http"]


def to(subset: str, weight: int) -> dict[str, Any]:
    return {"destination": {"host": SERVICE, "subset": subset}, "weight": weight}


def test_every_component_has_its_folder_of_templates() -> None:
    folders = {path.split("/")[1] for path in rendering.resources() if path.startswith("templates")}
    assert folders == {c.name for c in CLUSTER_COMPONENTS} | {
        c.name for c in ENVIRONMENT_COMPONENTS
    }
    assert set(template_paths().values()) <= rendering.resources().keys()


@pytest.mark.parametrize(
    ("file", "wave"),
    [
        ("serviceaccount.yaml", "-2"),
        ("service.yaml", "-1"),
        ("deployment-v41.yaml", "-1"),
        ("destinationrule.yaml", "0"),
        ("destinationrule-v41.yaml", "0"),
        ("virtualservice.yaml", "1"),
    ],
)
def test_objects_are_synced_in_waves(file: str, wave: str) -> None:
    manifest = render_one(cluster(failover="eu-central-1")).manifests[file]
    assert manifest["metadata"]["annotations"] == {"argocd.argoproj.io/sync-wave": wave}


def test_every_object_says_what_it_belongs_to() -> None:
    for manifest in render_one(cluster()).manifests.values():
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "lockstep"
        assert labels["lockstep.dev/environment"] == "prod"
        assert labels["lockstep.dev/tenant"] == "risk"
        assert labels["lockstep.dev/family"] == "fraud"
        assert labels["lockstep.dev/cluster"] == "fraud-eu"


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
def test_probes_ask_the_health_path(health: str | None) -> None:
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


def test_a_warm_version_has_all_its_replicas_and_no_traffic() -> None:
    folder = render_one(cluster(variants=[STABLE, WARM]))
    assert folder.manifests["deployment-v42.yaml"]["spec"]["replicas"] == 3
    assert "destinationrule-v42.yaml" in folder.files
    (route,) = folder.manifests["virtualservice.yaml"]["spec"]["http"]
    assert route["route"] == [to("v41", 100)]


def test_a_variant_that_is_neither_warm_nor_served_has_no_workload() -> None:
    for idle in ({**TEN, "weight": 0}, {**WARM, "warm": False}):
        assert "deployment-v42.yaml" not in render_one(cluster(variants=[STABLE, idle])).files


def test_a_service_picks_the_pods_of_all_versions() -> None:
    service = render_one(cluster()).manifests["service.yaml"]
    assert service["spec"]["selector"] == {"lockstep.dev/cluster": "fraud-eu"}
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["targetPort"], port["appProtocol"]) == (80, "http", "http")


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
            "outlierDetection": {
                "consecutive5xxErrors": 7,
                "interval": "10s",
                "baseEjectionTime": "45s",
                "maxEjectionPercent": 50,
            }
        },
    }


def test_failover_names_its_region_and_brings_the_outlier_detection_that_it_needs() -> None:
    folder = render_one(cluster(failover="eu-central-1"))
    policy = folder.manifests["destinationrule.yaml"]["spec"]["trafficPolicy"]
    assert policy["outlierDetection"]["consecutive5xxErrors"] == 5
    assert policy["loadBalancer"]["localityLbSetting"] == {
        "enabled": True,
        "failover": [{"from": "eu-west-1", "to": "eu-central-1"}],
    }


def test_the_routes_own_the_host_and_the_name_of_the_service() -> None:
    spec = render_one(cluster()).manifests["virtualservice.yaml"]["spec"]
    assert spec["hosts"] == ["fraud-eu.models.example.com", SERVICE]


def test_traffic_is_split_by_weight() -> None:
    (route,) = routes_of(variants=[NINETY, TEN])
    assert route == {"name": "weighted", "route": [to("v41", 90), to("v42", 10)]}


def test_a_single_destination_says_100() -> None:
    (route,) = routes_of(variants=[NINETY])
    assert route["route"] == [to("v41", 100)]


def test_a_version_in_two_variants_is_one_destination() -> None:
    arm = {"name": "arm", "version": "41", "weight": 20, "experiment": True}
    (route,) = routes_of(variants=[{**STABLE, "weight": 70}, TEN, arm])
    assert route["route"] == [to("v41", 90), to("v42", 10)]


def test_timeout_and_retries_hold_for_every_route() -> None:
    retries = {"attempts": 2, "perTryTimeout": "500ms"}
    traffic = {"timeout": "2s", "retries": retries, "bucketHeader": "x-user-bucket"}
    for route in routes_of(traffic=traffic, variants=[NINETY, TEN]):
        assert (route["timeout"], route["retries"]) == ("2s", retries)
    (route,) = routes_of(traffic={"retries": {"attempts": 0}})
    assert route["retries"] == {"attempts": 0}


def test_a_bucket_header_sends_each_user_to_one_version() -> None:
    routes = routes_of(traffic={"bucketHeader": "x-user-bucket"}, variants=[NINETY, TEN])
    assert [route["name"] for route in routes] == ["bucket-v41", "bucket-v42", "weighted"]
    assert [route.get("match") for route in routes] == [
        [{"headers": {"x-user-bucket": {"regex": "^(?:[0-9]|[1-8][0-9])$"}}}],
        [{"headers": {"x-user-bucket": {"regex": "^(?:9[0-9])$"}}}],
        None,
    ]
    assert [route["route"] for route in routes] == [
        [to("v41", 100)],
        [to("v42", 100)],
        [to("v41", 90), to("v42", 10)],
    ]


def test_a_bucket_header_with_one_version_needs_no_matches() -> None:
    (route,) = routes_of(traffic={"bucketHeader": "x-user-bucket"}, variants=[STABLE, WARM])
    assert route["name"] == "weighted"


BUCKETS = {"bucketHeader": "x-user-bucket"}
BANDIT = {"name": "bandit", "version": "7", "weight": 20, "experiment": True}


def learning(*others: dict[str, Any], how: str = "live", **spec: Any) -> Any:
    """The routes beside an arm of 20 percent that learns."""
    terms = {"bandit": {"learnsFrom": how, "expires": "2026-06-30"}}
    variants = [*others, BANDIT]
    one = cluster(**{"variants": variants, "experiments": terms, "traffic": BUCKETS} | spec)
    folder = render_one(one, versions=("41", "42", "7"))
    assert "deployment-v7.yaml" in folder.files
    return folder.manifests["virtualservice.yaml"]["spec"]["http"]


def test_an_arm_that_learns_live_shares_no_route() -> None:
    routes = learning({**STABLE, "weight": 70}, TEN)
    to_arm = [route for route in routes if to("v7", 100)["destination"] in subsets(route)]
    assert [route["name"] for route in to_arm] == ["bucket-v7"]
    assert to_arm[0]["route"] == [to("v7", 100)]
    assert routes[-1] == {"name": "weighted", "route": [to("v41", 90), to("v42", 10)]}


def subsets(route: Any) -> list[Any]:
    return [destination["destination"] for destination in route["route"]]


def test_an_arm_that_does_not_learn_keeps_its_part_of_the_fallback() -> None:
    expected = [to("v7", 20), to("v41", 70), to("v42", 10)]
    assert learning({**STABLE, "weight": 70}, TEN, how="offline")[-1]["route"] == expected
    assert learning({**STABLE, "weight": 70}, TEN, experiments=None)[-1]["route"] == expected


def test_beside_a_learning_arm_a_single_version_gets_the_whole_fallback() -> None:
    routes = learning({**STABLE, "weight": 80})
    assert [route["name"] for route in routes] == ["bucket-v7", "bucket-v41", "weighted"]
    assert routes[-1]["route"] == [to("v41", 100)]


def test_without_buckets_a_learning_arm_gets_no_route() -> None:
    (route,) = learning({**STABLE, "weight": 70}, TEN, traffic={})
    assert route["route"] == [to("v41", 90), to("v42", 10)]


def test_a_version_that_others_serve_too_stays_in_the_fallback() -> None:
    routes = learning({**STABLE, "version": "7", "weight": 70}, TEN)
    assert routes[-1]["route"] == [to("v7", 90), to("v42", 10)]


def test_a_variant_that_is_not_marked_as_an_arm_is_no_learning_arm() -> None:
    unmarked = {**TEN, "name": "bandit"}
    terms = {"bandit": {"learnsFrom": "live"}}
    routes = routes_of(variants=[NINETY, unmarked], experiments=terms, traffic=BUCKETS)
    assert routes[-1]["route"] == [to("v41", 90), to("v42", 10)]


def test_terms_of_a_role_make_it_no_learning_arm() -> None:
    terms = {"candidate": {"learnsFrom": "live"}}
    marked = {**TEN, "experiment": True}
    routes = routes_of(variants=[NINETY, marked], experiments=terms, traffic=BUCKETS)
    assert routes[-1]["route"] == [to("v41", 90), to("v42", 10)]


def test_an_application_syncs_its_folder_without_itself() -> None:
    application = render_one(cluster()).manifests["application.yaml"]
    folder = "rendered/prod/clusters/fraud-eu"
    assert application["metadata"]["name"] == "prod-fraud-eu"
    assert application["metadata"]["namespace"] == "argocd"
    assert application["metadata"]["annotations"] == {
        "argocd.argoproj.io/manifest-generate-paths": f"/{folder}"
    }
    source = application["spec"]["source"]
    assert source["path"] == folder
    assert source["directory"] == {"exclude": "application.yaml"}
    assert application["spec"]["destination"] == {"name": "prod-eu-west-1", "namespace": "fraud"}
    assert application["spec"]["syncPolicy"]["syncOptions"] == [
        "ApplyOutOfSyncOnly=true",
        "CreateNamespace=true",
        "PruneLast=true",
    ]


def test_the_application_of_an_environment_takes_only_applications() -> None:
    fleet = rendering.fleet_of(rendering.tree_of(cluster()))
    folder = render_environment(fleet.environments["prod"], rendering.templates())
    application = folder.manifests["applications.yaml"]
    assert application["metadata"]["name"] == "lockstep-prod"
    assert application["spec"]["source"]["path"] == "rendered/prod/clusters"
    assert application["spec"]["source"]["directory"] == {
        "recurse": True,
        "include": "*/application.yaml",
    }
    assert "finalizers" not in application["metadata"]


def test_a_version_that_is_no_name_still_has_valid_names() -> None:
    variants = [{**STABLE, "version": "2.0_RC1"}]
    folder = render_one(cluster(variants=variants), versions=("2.0_RC1",))
    (name,) = (name for name in folder.files if name.startswith("deployment-"))
    slug = name.removeprefix("deployment-").removesuffix(".yaml")
    assert slug.startswith("v2-0-rc1-")
    deployment = folder.manifests[name]
    assert deployment["metadata"]["name"].startswith(f"fraud-eu-{slug}"[:40])
    assert deployment["metadata"]["labels"]["lockstep.dev/version"] == "2.0_RC1"
    (route,) = folder.manifests["virtualservice.yaml"]["spec"]["http"]
    assert route["route"] == [to(slug, 100)]


def test_environment_text_is_not_expanded_by_kubernetes() -> None:
    only, family, environment = rendering.family_in_memory(cluster(), source="s3://$(HOME)/$$x")
    folder = render_cluster(only, family, environment, rendering.templates())
    spec = folder.manifests["deployment-v41.yaml"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["env"][0]["value"] == "s3://$$(HOME)/$$$$x"
