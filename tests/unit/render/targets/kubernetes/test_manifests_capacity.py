"""What surrounds a Deployment: zones, budgets, autoscalers, identity and secrets."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.model.finding import Finding
from lockstep.render import RenderedFolder, render_cluster, render_fleet
from lockstep.render.provenance import FILE_NAME, parse_provenance
from lockstep.render.trace.objects import trace_object
from tests.unit.render import rendering
from tests.unit.render.rendering import STABLE, cluster, fleet_of, render_one, tree_of

PROMETHEUS = "http://prometheus.monitoring.svc:9090"
KEDA = {"maxReplicas": 9, "requestsPerSecond": 50}
HPA = {"maxReplicas": 8, "cpu": 70}
WARM = {"name": "previous", "version": "42", "weight": 0, "warm": True}
TOKEN = {"store": "vault", "path": "ml/fraud", "key": "token"}
PLAIN = {
    "PROVENANCE", "application.yaml", "deployment-v41.yaml", "destinationrule-v41.yaml",
    "service.yaml", "serviceaccount.yaml", "virtualservice.yaml",
}  # fmt: skip


def serving(**more: Any) -> dict[str, Any]:
    """A cluster with a warm second version, and these fields in its serving."""
    whole = cluster(variants=[STABLE, WARM])
    whole["spec"]["serving"] |= more
    return whole


def access(**more: Any) -> dict[str, Any]:
    """A cluster with this access."""
    return cluster(access=more)


def identity(provider: str, principal: str) -> dict[str, Any]:
    """A cluster whose pods have this identity."""
    return access(identity={"provider": provider, "principal": principal})


def watched(spec: dict[str, Any]) -> rendering.Tree:
    """The tree of a cluster, in an environment with a Prometheus."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"]["prometheus"] = PROMETHEUS
    return {**tree_of(spec), "clusters/prod/environment.yaml": rendering.dump(whole)}


def render_watched(spec: dict[str, Any]) -> RenderedFolder:
    environment, family = rendering.only_family(fleet_of(watched(spec)))
    return render_cluster(family.clusters[0], family, environment, rendering.templates())


def pod_of(folder: RenderedFolder, version: str = "41") -> Any:
    return folder.manifests[f"deployment-v{version}.yaml"]["spec"]["template"]


def the_finding(tree: rendering.Tree) -> Finding:
    files, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert not [path for path in files if "/clusters/" in path]
    (finding,) = findings
    return finding


def test_a_spec_without_all_this_has_none_of_it() -> None:
    folder = render_one(cluster())
    assert set(folder.files) == PLAIN
    assert b"topologySpread" not in folder.files["deployment-v41.yaml"]
    used = parse_provenance(folder.files[FILE_NAME]).templates
    assert not used.keys() & {
        "externalsecret", "horizontalpodautoscaler", "poddisruptionbudget", "scaledobject",
    }  # fmt: skip


def test_a_prometheus_that_nobody_asks_changes_nothing() -> None:
    assert render_watched(cluster()).files == render_one(cluster()).files


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


@pytest.mark.parametrize("budget", [{"minAvailable": 2}, {"maxUnavailable": 1}])
def test_each_running_version_has_a_disruption_budget(budget: dict[str, int]) -> None:
    folder = render_one(serving(disruption=budget))
    for version in ("41", "42"):
        written = folder.manifests[f"poddisruptionbudget-v{version}.yaml"]
        deployment = folder.manifests[f"deployment-v{version}.yaml"]
        assert written["metadata"]["name"] == f"fraud-eu-v{version}"
        assert written["spec"] == {**budget, "selector": deployment["spec"]["selector"]}
        assert deployment["spec"]["replicas"] == 3


def test_a_budget_of_0_is_written_as_0() -> None:
    written = render_one(serving(disruption={"minAvailable": 0}))
    assert written.manifests["poddisruptionbudget-v41.yaml"]["spec"]["minAvailable"] == 0


def test_an_autoscaler_by_cpu_owns_the_replicas_of_each_version() -> None:
    folder = render_one(serving(hpa=HPA))
    for version in ("41", "42"):
        spec = folder.manifests[f"horizontalpodautoscaler-v{version}.yaml"]["spec"]
        deployment = folder.manifests[f"deployment-v{version}.yaml"]
        assert "replicas" not in deployment["spec"]
        assert spec["scaleTargetRef"] == {
            "apiVersion": deployment["apiVersion"],
            "kind": "Deployment",
            "name": deployment["metadata"]["name"],
        }
        assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 8)
        (metric,) = spec["metrics"]
        assert metric["resource"] == {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 70},
        }


def test_keda_scales_each_version_by_its_own_requests() -> None:
    folder = render_watched(serving(keda=KEDA))
    for version in ("41", "42"):
        spec = folder.manifests[f"scaledobject-v{version}.yaml"]["spec"]
        deployment = folder.manifests[f"deployment-v{version}.yaml"]
        assert "replicas" not in deployment["spec"]
        assert spec["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (3, 9)
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


def test_each_field_that_is_rendered_is_an_input() -> None:
    specs = [
        cluster(), identity("aws", "role-a"), identity("aws", "role-b"),
        access(secrets={"TOKEN": TOKEN}), access(secrets={"TOKEN": {**TOKEN, "path": "ml/b"}}),
    ]  # fmt: skip
    inputs = [parse_provenance(render_one(spec).files[FILE_NAME]).inputs["spec"] for spec in specs]
    assert len(set(inputs)) == len(inputs)
    assert parse_provenance(render_one(access()).files[FILE_NAME]).inputs["spec"] == inputs[0]


@pytest.mark.parametrize(
    ("provider", "annotation", "principal"),
    [
        ("aws", "eks.amazonaws.com/role-arn", "arn:aws:iam::123456789012:role/fraud"),
        ("gcp", "iam.gke.io/gcp-service-account", "fraud@ml.iam.gserviceaccount.com"),
        ("azure", "azure.workload.identity/client-id", "3b0f6d5e-2c4c-4c5e-9d66-0f8f5f9f6a11"),
    ],
)
def test_the_pods_have_the_identity_that_the_cloud_knows(
    provider: str, annotation: str, principal: str
) -> None:
    folder = render_one(identity(provider, principal))
    annotations = folder.manifests["serviceaccount.yaml"]["metadata"]["annotations"]
    assert annotations == {"argocd.argoproj.io/sync-wave": "-2", annotation: principal}
    label = pod_of(folder)["metadata"]["labels"].get("azure.workload.identity/use")
    assert label == ("true" if provider == "azure" else None)
    selector = folder.manifests["deployment-v41.yaml"]["spec"]["selector"]["matchLabels"]
    assert "azure.workload.identity/use" not in selector


def test_the_pods_get_each_secret_as_a_variable() -> None:
    folder = render_one(access(secrets={"TOKEN": TOKEN, "A_KEY": {**TOKEN, "key": "other"}}))
    external = folder.manifests["externalsecret.yaml"]
    assert external["metadata"]["name"] == "fraud-eu"
    spec = external["spec"]
    assert spec["secretStoreRef"] == {"kind": "SecretStore", "name": "vault"}
    assert spec["target"]["name"] == "fraud-eu"
    assert spec["data"] == [
        {"secretKey": "A_KEY", "remoteRef": {"key": "ml/fraud", "property": "other"}},
        {"secretKey": "TOKEN", "remoteRef": {"key": "ml/fraud", "property": "token"}},
    ]
    variables = pod_of(folder)["spec"]["containers"][0]["env"]
    assert [each["name"] for each in variables[:3]] == [
        "MODEL_URI",
        "MODEL_DIGEST",
        "MODEL_VERSION",
    ]
    assert variables[3:] == [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "fraud-eu", "key": name}}}
        for name in ("A_KEY", "TOKEN")
    ]


def test_a_secret_of_another_store_says_so() -> None:
    folder = render_one(access(secrets={"A": TOKEN, "B": {**TOKEN, "store": "other"}}))
    spec = folder.manifests["externalsecret.yaml"]["spec"]
    assert spec["secretStoreRef"]["name"] == "vault"
    assert [each.get("sourceRef") for each in spec["data"]] == [
        None,
        {"storeRef": {"kind": "SecretStore", "name": "other"}},
    ]


def test_the_order_of_secrets_changes_no_byte() -> None:
    one, two = {"A": TOKEN, "B": {**TOKEN, "store": "other"}}, {"A": TOKEN}
    turned = dict(reversed(one.items()))
    assert render_one(access(secrets=one)).files == render_one(access(secrets=turned)).files
    assert render_one(access(secrets=one)).files != render_one(access(secrets=two)).files


@pytest.mark.parametrize(
    ("spec", "file", "wave"),
    [
        (access(secrets={"TOKEN": TOKEN}), "externalsecret.yaml", "-2"),
        (serving(disruption={"minAvailable": 1}), "poddisruptionbudget-v41.yaml", "-1"),
        (serving(hpa=HPA), "horizontalpodautoscaler-v41.yaml", "-1"),
        (serving(keda=KEDA), "scaledobject-v41.yaml", "-1"),
    ],
)
def test_it_is_synced_with_or_before_the_deployment(
    spec: dict[str, Any], file: str, wave: str
) -> None:
    metadata = render_watched(spec).manifests[file]["metadata"]
    assert metadata["annotations"] == {"argocd.argoproj.io/sync-wave": wave}
    assert metadata["labels"]["lockstep.dev/tenant"] == "risk"


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (serving(zones="3"), "/spec/serving/zones"),
        (serving(disruption={}), "/spec/serving/disruption"),
        (
            serving(disruption={"minAvailable": 1, "maxUnavailable": 1}),
            "/spec/serving/disruption",
        ),
        (serving(disruption={"minAvailable": "1"}), "/spec/serving/disruption/minAvailable"),
        (serving(hpa={"cpu": 70}), "/spec/serving/hpa/maxReplicas"),
        (serving(keda={"maxReplicas": 3}), "/spec/serving/keda/requestsPerSecond"),
        (identity("ibm", "somebody"), "/spec/access/identity/provider"),
        (access(identity={"provider": "aws"}), "/spec/access/identity/principal"),
        (access(secrets=["TOKEN"]), "/spec/access/secrets"),
        (access(secrets={"TOKEN": {"store": "vault"}}), "/spec/access/secrets/TOKEN/path"),
    ],
)
def test_what_cannot_be_rendered_is_found_in_the_spec(spec: dict[str, Any], pointer: str) -> None:
    finding = the_finding(watched(spec))
    assert (finding.rule, finding.pointer) == ("render.input", pointer)
    assert finding.fix


@pytest.mark.parametrize("name", ["MODEL_URI", "MODEL_DIGEST", "MODEL_VERSION"])
def test_no_secret_can_stand_for_what_the_pods_serve(name: str) -> None:
    finding = the_finding(tree_of(access(secrets={name: TOKEN})))
    assert (finding.rule, finding.pointer) == ("render.input", f"/spec/access/secrets/{name}")


def test_keda_without_a_prometheus_is_found_at_keda() -> None:
    finding = the_finding(tree_of(serving(keda=KEDA)))
    assert (finding.rule, finding.pointer) == ("render.prometheus", "/spec/serving/keda")
    assert "clusters/prod/environment.yaml" in finding.message


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (serving(keda={**KEDA, "requestsPerSecond": 0}), "/spec/serving/keda/requestsPerSecond"),
        (serving(keda={**KEDA, "maxReplicas": 2**40}), "/spec/serving/keda/maxReplicas"),
        (access(secrets={"A": {**TOKEN, "store": "No Store"}}), "/spec/access/secrets/A/store"),
        (access(secrets={"A B": TOKEN}), "/spec/access/secrets/A B"),
    ],
)
def test_what_kubernetes_would_refuse_is_found_at_the_value(
    spec: dict[str, Any], pointer: str
) -> None:
    _, findings = render_fleet(fleet_of(watched(spec)), rendering.templates())
    assert ("render.manifest", pointer) in {(f.rule, f.pointer) for f in findings}


def test_two_clusters_of_one_name_claim_one_secret() -> None:
    one, two = (access(secrets={"TOKEN": TOKEN}) for _ in range(2))
    two["spec"]["host"] = "other.models.example.com"
    tree = {**tree_of(one), "clusters/prod/other/c.yaml": rendering.dump(two)}
    family: dict[str, Any] = deepcopy(rendering.FAMILY)
    family["metadata"]["name"] = "other"
    tree["clusters/prod/other/family.yaml"] = rendering.dump(family)
    for version in ("41", "42"):
        tree[f"clusters/prod/other/locks/{version}.yaml"] = rendering.dump(rendering.lock(version))
    _, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert any("the ExternalSecret fraud/fraud-eu" in finding.message for finding in findings)


def test_a_variable_is_traced_to_its_secret() -> None:
    spec = access(secrets={"A": TOKEN, "TOKEN": TOKEN})
    environment, family = rendering.only_family(fleet_of(tree_of(spec)))
    trace = trace_object(
        family.clusters[0], family, environment, rendering.templates(), "Deployment",
        "fraud-eu-v41", "/spec/template/spec/containers/0/env/4/name",
    )  # fmt: skip
    assert trace.finding("", "", "").pointer == "/spec/access/secrets/TOKEN"
