"""What a tenant has in each Kubernetes cluster, and what closes its namespaces."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.render import render_cluster, render_tenants
from tests.unit.render import rendering
from tests.unit.render.network_policies import End, lets
from tests.unit.render.rendering import cluster, fleet_of, tree_of
from tests.unit.render.specs import QUOTA, TENANT, in_tenant

PLACE = "rendered/prod/tenants/risk/prod-eu-west-1"
NETWORK = {
    "gatewayNamespaces": ["istio-eastwest"],
    "registry": [{"cidrs": ["10.20.0.0/24"], "ports": [443]}],
    "egress": [{"namespace": "features", "ports": [6566]}],
    "featureWriters": [{"cidrs": ["10.30.0.0/24"], "ports": [443]}],
    "authorization": "enforce",
}
GATES: list[dict[str, Any]] = [
    {"name": "eu-west-1", "jurisdiction": "EU", "destination": "prod-eu-west-1",
     "gateways": ["istio-ingress/models"], "optionalGateways": ["partners/edge"]},
    {"name": "us-east-1", "jurisdiction": "US", "destination": "prod-us-east-1"},
]  # fmt: skip
ARMS = [
    {"name": "stable", "version": "41", "weight": 95},
    {"name": "bandit", "version": "42", "weight": 5, "experiment": True},
]


def folders(tenant: dict[str, Any] = TENANT, **spec: Any) -> dict[str, Any]:
    """The folders of a tenant by path; ``spec`` replaces fields of the environment."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"] |= {"tenants": [tenant], **spec}
    tree = {**tree_of(cluster()), "clusters/prod/environment.yaml": rendering.dump(whole)}
    environment = fleet_of(tree).environments["prod"]
    return {each.path: each for each in render_tenants(environment, rendering.templates())}


def place(tenant: dict[str, Any] = TENANT, **spec: Any) -> Any:
    folder = folders(tenant, **spec)[PLACE]
    assert not folder.findings, folder.findings
    return folder.manifests


def of_cluster(environment: dict[str, Any], **spec: Any) -> Any:
    """The folder of a cluster in an environment with these fields."""
    tree = in_tenant(cluster(**spec))
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"] |= {"tenants": [TENANT], "regions": GATES, **environment}
    tree["clusters/prod/environment.yaml"] = rendering.dump(whole)
    home, family = rendering.only_family(fleet_of(tree))
    return render_cluster(family.clusters[0], family, home, rendering.templates())


def test_argocd_never_deletes_a_namespace() -> None:
    namespace = place()["namespace-fraud.yaml"]["metadata"]
    assert namespace["name"] == "fraud"
    options = namespace["annotations"]["argocd.argoproj.io/sync-options"].split(",")
    assert {"Prune=false", "Delete=false"} <= set(options)
    assert namespace["labels"]["istio-injection"] == "enabled"
    assert not any(key.startswith("pod-security") for key in namespace["labels"])


def test_pod_security_is_enforced_by_a_fixed_version() -> None:
    labels = place(podSecurity="restricted")["namespace-fraud.yaml"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.37"


def test_its_application_comes_between_the_project_and_the_clusters() -> None:
    application = place()["application.yaml"]
    assert application["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "-1"
    assert application["spec"]["project"] == "prod-risk"
    assert application["spec"]["source"]["path"] == PLACE
    assert application["spec"]["destination"] == {"name": "prod-eu-west-1", "namespace": "fraud"}


def test_applications_of_tenants_clusters_make_no_namespace() -> None:
    """It would be without quota and policies; and two would write its labels."""
    policy = of_cluster({}).manifests["application.yaml"]["spec"]["syncPolicy"]
    assert "CreateNamespace=true" not in policy["syncOptions"]
    assert "managedNamespaceMetadata" not in policy
    home, family = rendering.only_family(fleet_of(tree_of(cluster())))
    alone = render_cluster(family.clusters[0], family, home, rendering.templates())
    policy = alone.manifests["application.yaml"]["spec"]["syncPolicy"]
    assert "CreateNamespace=true" in policy["syncOptions"]
    assert policy["managedNamespaceMetadata"] == {"labels": {"istio-injection": "enabled"}}


def test_a_quota_is_that_of_the_region() -> None:
    manifests = place({**TENANT, "quotas": [QUOTA]})
    assert manifests["resourcequota-fraud.yaml"]["spec"]["hard"] == {
        "pods": "20", "requests.cpu": "8", "requests.memory": "16Gi",
    }  # fmt: skip
    assert "limitrange-fraud.yaml" in manifests
    other = folders({**TENANT, "quotas": [QUOTA]})["rendered/prod/tenants/risk/prod-us-east-1"]
    assert not {"resourcequota-fraud.yaml", "limitrange-fraud.yaml"} & other.manifests.keys()


def test_regions_of_one_kubernetes_cluster_have_their_quotas_together() -> None:
    shared = [{**region, "destination": "prod-eu-west-1"} for region in GATES]
    few = {"cpu": "1500m", "memory": "512Mi"}
    other: dict[str, Any] = {"region": "us-east-1", "namespace": "fraud", **few}
    gpus: dict[str, Any] = {"devices": {"nvidia.com/gpu": 2}}
    tenant: dict[str, Any] = {**TENANT, "quotas": [QUOTA | gpus, other | gpus]}
    hard = place(tenant, regions=shared)["resourcequota-fraud.yaml"]["spec"]["hard"]
    # One of the two has no limit of pods, so there is none for both.
    assert hard == {
        "requests.cpu": "9500m", "requests.memory": "16896Mi", "requests.nvidia.com/gpu": "4",
    }  # fmt: skip


def test_without_a_network_no_policy_closes_anything() -> None:
    assert not any(name.startswith("networkpolicy") for name in place())
    assert not {"authorizationpolicy.yaml", "networkpolicy.yaml"} & of_cluster({}).manifests.keys()


MODEL = End("fraud", {"lockstep.dev/cluster": "fraud-eu", "lockstep.dev/version": "41"})
ARM = End("fraud", {"lockstep.dev/cluster": "fraud-eu", "lockstep.dev/version": "42"})


def policies() -> list[Any]:
    watched = {"labels": {"release": "monitoring"}, "namespace": "monitoring"}
    environment: dict[str, Any] = {"network": NETWORK, "observability": watched}
    tenant = {**TENANT, "callers": ["checkout"]}
    own = place(tenant, regions=GATES, **environment)["networkpolicy-fraud.yaml"]
    folder = of_cluster(
        environment, variants=ARMS, traffic={"bucketHeader": "x-bucket"},
        experiments={"bandit": {"learnsFrom": "live"}},
        features={"service": "fraud", "writes": ["answers"]},
    )  # fmt: skip
    assert not folder.findings, folder.findings
    return [own, folder.manifests["networkpolicy.yaml"]]


@pytest.mark.parametrize(
    ("source", "target", "port", "protocol", "through"),
    [
        (End("istio-ingress"), MODEL, 8080, "TCP", True),
        (End("partners"), MODEL, 8080, "TCP", True),
        (End("istio-eastwest"), MODEL, 8080, "TCP", True),
        (End("checkout"), MODEL, 8080, "TCP", True),
        (End("monitoring"), MODEL, 15020, "TCP", True),
        (ARM, MODEL, 8080, "TCP", True),
        (End("ranking"), MODEL, 8080, "TCP", False),
        (End(address="10.1.2.3"), MODEL, 8080, "TCP", False),
        (MODEL, End("kube-system"), 53, "UDP", True),
        (MODEL, End("kube-system"), 53, "TCP", True),
        (MODEL, End("kube-system"), 443, "TCP", False),
        (MODEL, End("istio-system"), 15012, "TCP", True),
        (MODEL, End(address="10.20.0.9"), 443, "TCP", True),
        (MODEL, End(address="10.20.1.9"), 443, "TCP", False),
        (MODEL, End("features"), 6566, "TCP", True),
        (MODEL, End(address="10.30.0.9"), 443, "TCP", True),
        (ARM, End(address="10.20.0.9"), 443, "TCP", True),
        (ARM, End(address="10.30.0.9"), 443, "TCP", False),
        (MODEL, End(address="169.254.169.254"), 80, "TCP", False),
    ],
)
def test_what_the_policies_let_through(
    source: End, target: End, port: int, protocol: str, through: bool
) -> None:
    assert lets(policies(), source, target, port, protocol) is through


@pytest.mark.parametrize(
    ("ranges", "address", "through"),
    [
        (["0.0.0.0/0"], "52.1.2.3", True),
        (["0.0.0.0/0", "169.0.0.0/8"], "169.254.169.254", False),
        (["169.254.0.0/16"], "169.254.20.10", True),
        (["169.254.169.254/32"], "169.254.169.254", True),
        (["::/0"], "fd00:ec2::254", False),
        (["::/0"], "2a00::1", True),
    ],
)
def test_a_wide_range_does_not_open_the_metadata_service_of_nodes(
    ranges: list[str], address: str, through: bool
) -> None:
    """Who can ask it has what the node may do in the cloud; a range of its own opens it."""
    network = {"egress": [{"cidrs": ranges, "ports": [80]}]}
    own = place(network=network)["networkpolicy-fraud.yaml"]
    assert lets([own], MODEL, End(address=address), 80) is through


@pytest.mark.parametrize(
    ("endpoint", "namespace"),
    [
        ("http://otel-collector.tracing.svc:4318", "tracing"),
        ("http://otel-collector.tracing.svc.cluster.local:4318/v1", "tracing"),
        ("https://otel.example.com", "monitoring"),
    ],
)
def test_traces_reach_the_collector_where_its_address_says(endpoint: str, namespace: str) -> None:
    watched = {
        "labels": {"release": "monitoring"}, "namespace": "monitoring",
        "openTelemetry": {"endpoint": endpoint},
    }  # fmt: skip
    own = place(network={}, observability=watched)["networkpolicy-fraud.yaml"]
    reached = [n for n in ("tracing", "monitoring") if lets([own], MODEL, End(n), 4318)]
    assert reached == [namespace]


def test_the_policy_of_a_cluster_cuts_nothing_off_when_it_comes_first() -> None:
    alone = policies()[1:]
    assert lets(alone, MODEL, End("kube-system"), 53, "UDP")
    assert lets(alone, MODEL, End(address="10.20.0.9"), 443)


def test_only_gateways_and_callers_may_send_requests() -> None:
    folder = of_cluster({"network": NETWORK, "tenants": [{**TENANT, "callers": ["checkout"]}]})
    policy = folder.manifests["authorizationpolicy.yaml"]
    assert policy["spec"] == {
        "selector": {"matchLabels": {"lockstep.dev/cluster": "fraud-eu"}},
        "action": "ALLOW",
        "rules": [
            {"from": [{"source": {"namespaces": ["checkout", "istio-eastwest", "istio-ingress"]}}]}
        ],
    }
    assert "istio.io/dry-run" not in policy["metadata"]["annotations"]


def test_a_dry_run_refuses_nothing() -> None:
    folder = of_cluster({"network": {**NETWORK, "authorization": "dryRun"}})
    metadata = folder.manifests["authorizationpolicy.yaml"]["metadata"]
    assert metadata["annotations"]["istio.io/dry-run"] == "true"


def test_a_cluster_that_nobody_could_call_is_a_finding() -> None:
    folder = of_cluster({"network": NETWORK}, gateways=["mesh"])
    (finding,) = folder.findings
    assert finding.rule == "render.no-callers"
    assert "tenant risk has no callers" in finding.message


@pytest.mark.parametrize("wrong", ["10.20.0.1/24", "999.0.0.0/8", "fd00::zz/64"])
def test_addresses_that_kubernetes_refuses_are_findings(wrong: str) -> None:
    network = {"registry": [{"cidrs": [wrong], "ports": [443]}]}
    (folder,) = folders(network=network).values()
    (finding,) = folder.findings
    assert (finding.rule, finding.pointer) == ("render.input", "/spec/network/registry/0/cidrs/0")


@pytest.mark.parametrize("field", [{"network": {}}, {"podSecurity": "baseline"}])
def test_what_is_about_tenants_needs_tenants(field: dict[str, Any]) -> None:
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"] |= field
    tree = {**tree_of(cluster()), "clusters/prod/environment.yaml": rendering.dump(whole)}
    environment = fleet_of(tree).environments["prod"]
    (folder,) = render_tenants(environment, rendering.templates())
    assert [each.rule for each in folder.findings] == ["render.no-tenants"]


def test_a_namespace_of_two_tenants_is_written_once() -> None:
    """The rule namespace-of-tenant says who has it too."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"]["tenants"] = [TENANT, {**TENANT, "name": "shop"}]
    tree = {**tree_of(cluster()), "clusters/prod/environment.yaml": rendering.dump(whole)}
    environment = fleet_of(tree).environments["prod"]
    paths = [each.path for each in render_tenants(environment, rendering.templates())]
    assert [path for path in paths if path.endswith("/prod-eu-west-1")] == [PLACE]
