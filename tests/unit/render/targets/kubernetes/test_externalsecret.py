"""The secrets of a cluster's pods."""

from copy import deepcopy
from typing import Any

import pytest

from lockstep.render.trace.objects import trace_object
from tests.unit.render import rendering
from tests.unit.render.rendering import fleet_of, render_one, tree_of
from tests.unit.render.specs import TOKEN, access, pod_of, the_finding
from tests.unit.whole_fleets import render_fleet


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


def test_a_secret_without_a_key_is_the_value_as_a_whole() -> None:
    whole = {"store": "vault", "path": "ml/fraud/token"}
    folder = render_one(access(secrets={"TOKEN": whole}))
    assert folder.findings == ()
    (secret,) = folder.manifests["externalsecret.yaml"]["spec"]["data"]
    assert secret == {"secretKey": "TOKEN", "remoteRef": {"key": "ml/fraud/token"}}


def test_a_store_of_the_kubernetes_cluster_says_so() -> None:
    shared = {**TOKEN, "storeKind": "ClusterSecretStore"}
    spec = render_one(access(secrets={"A": shared, "B": TOKEN})).manifests["externalsecret.yaml"]
    usual = {"kind": "ClusterSecretStore", "name": "vault"}
    assert spec["spec"]["secretStoreRef"] == usual
    # One name is two stores: of the namespace and of the cluster.
    assert spec["spec"]["data"][1]["sourceRef"] == {
        "storeRef": {"kind": "SecretStore", "name": "vault"}
    }


@pytest.mark.parametrize("given", [None, "15m"])
def test_values_are_read_again_every_hour_or_as_the_spec_says(given: str | None) -> None:
    more = {"refreshInterval": given} if given else {}
    spec = render_one(access(secrets={"TOKEN": TOKEN}, **more)).manifests["externalsecret.yaml"]
    assert spec["spec"]["refreshInterval"] == (given or "1h")


def test_the_order_of_secrets_changes_no_byte() -> None:
    one, two = {"A": TOKEN, "B": {**TOKEN, "store": "other"}}, {"A": TOKEN}
    turned = dict(reversed(one.items()))
    assert render_one(access(secrets=one)).files == render_one(access(secrets=turned)).files
    assert render_one(access(secrets=one)).files != render_one(access(secrets=two)).files


@pytest.mark.parametrize("name", ["MODEL_URI", "MODEL_DIGEST", "MODEL_VERSION"])
def test_a_secret_cannot_replace_what_the_pods_serve(name: str) -> None:
    finding = the_finding(tree_of(access(secrets={name: TOKEN})))
    assert (finding.rule, finding.pointer) == ("render.input", f"/spec/access/secrets/{name}")


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
