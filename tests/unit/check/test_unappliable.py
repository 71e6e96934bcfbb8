"""Changes that Kubernetes or Argo CD cannot apply in place are findings before they are merged."""

from pathlib import Path

import pytest

from tests.acceptance.fleets import FAMILY, Fleet, rules

SERVICE = "templates/service/service.yaml.j2"
ENVIRONMENT = "clusters/prod/environment.yaml"
REPLICAS = "      replicas: 3\n"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    fleet = Fleet.create(tmp_path)
    fleet.edit(SERVICE, "  type: ClusterIP\n", '  type: ClusterIP\n  ipFamilies: ["IPv4"]\n')
    fleet.commit("addresses of one kind")
    return fleet


def test_a_template_that_changes_what_kubernetes_keeps_is_refused(fleet: Fleet) -> None:
    fleet.edit(SERVICE, '["IPv4"]', '["IPv6", "IPv4"]')
    code, found = fleet.check("--base", "main")
    assert (code, {*rules(found)}) == (10, {"render.immutable"})
    # One for each cluster, and in each at the field.
    assert len(found) == 4
    assert "spec.ipFamilies of a Service" in found[0]["message"]
    lines = (fleet.root / found[0]["file"]).read_text().splitlines()
    assert lines[found[0]["line"] - 1].strip().startswith("ipFamilies:")


def test_what_kubernetes_changes_in_place_is_allowed(fleet: Fleet) -> None:
    fleet.edit(SERVICE, '["IPv4"]', '["IPv4", "IPv6"]')
    fleet.edit(FAMILY, REPLICAS, "      replicas: 4\n")
    code, found = fleet.check("--base", "main")
    assert (code, found) == (0, [])


def test_an_autoscaler_goes_and_comes_in_steps(fleet: Fleet) -> None:
    """The way in docs/how-to/change-what-runs.md passes, and no part of it can be left out."""
    fleet.edit(FAMILY, REPLICAS, f"{REPLICAS}      hpa: {{maxReplicas: 4, cpu: 70}}\n")
    assert fleet.check("--base", "main") == (0, [])
    fleet.commit("an autoscaler")

    fleet.edit(
        FAMILY, "hpa: {maxReplicas: 4, cpu: 70}", "keda: {maxReplicas: 5, requestsPerSecond: 9}"
    )
    assert rules(fleet.check("--base", "main")[1]) == ["policy.autoscaler-change"]

    fleet.edit(FAMILY, "      keda: {maxReplicas: 5, requestsPerSecond: 9}\n", "")
    code, found = fleet.check("--base", "main")
    assert (code, rules(found)) == (11, ["policy.autoscaler-change"])

    fleet.edit(FAMILY, REPLICAS, "      replicas: 4\n")
    assert fleet.check("--base", "main") == (0, [])
    fleet.commit("as many pods as it may have had")

    keda = "      keda: {maxReplicas: 5, requestsPerSecond: 9}\n"
    fleet.edit(FAMILY, "      replicas: 4\n", f"{REPLICAS}{keda}")
    assert rules(fleet.check("--base", "main")[1]) == ["policy.autoscaler-change"]
    fleet.edit(FAMILY, REPLICAS, "      replicas: 4\n")
    assert fleet.check("--base", "main") == (0, [])
    fleet.commit("the other autoscaler")
    fleet.edit(FAMILY, "      replicas: 4\n", REPLICAS)
    assert fleet.check("--base", "main") == (0, [])


def test_a_move_to_another_namespace_needs_approval(fleet: Fleet) -> None:
    fleet.edit(ENVIRONMENT, "namespaces: [scoring]", "namespaces: [scoring, credit]")
    quota = '- {region: eu-west-1, namespace: scoring, cpu: "24", memory: 48Gi}'
    parts = [quota.replace('"24", memory: 48Gi', '"12", memory: 24Gi')]
    parts.append(parts[0].replace("scoring", "credit"))
    parts += [each.replace("eu-west-1", "us-east-1") for each in parts]
    other = quota.replace("eu-west-1", "us-east-1")
    fleet.edit(ENVIRONMENT, f"        {other}\n", "")
    fleet.edit(ENVIRONMENT, quota, "\n        ".join(parts))
    fleet.commit("a further namespace")
    fleet.edit(FAMILY, "namespace: scoring", "namespace: credit")
    code, found = fleet.check("--base", "main")
    assert (code, rules(found)) == (0, ["policy.cluster-moved"])
    assert found[0]["severity"] == "approval"
