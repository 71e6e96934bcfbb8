"""One tenant has a namespace of a Kubernetes cluster, whichever environments use it."""

import yaml

from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.spec.assemble import assemble
from lockstep.spec.structure.namespaces import check_namespaces


def found(**specs: Json) -> list[Finding]:
    files = {
        f"clusters/{name}/environment.yaml": yaml.safe_dump(
            {
                "apiVersion": "lockstep.dev/v1alpha1",
                "kind": "Environment",
                "metadata": {"name": name},
                "spec": spec,
            }
        ).encode()
        for name, spec in specs.items()
    }
    fleet, _ = assemble(files)
    return list(check_namespaces(each for _, each in sorted(fleet.environments.items())))


def spec(tenants: dict[str, list[str]], *destinations: str) -> Json:
    regions = [{"name": each, "destination": each} for each in destinations]
    listed = [{"name": name, "namespaces": own} for name, own in tenants.items()]
    return {"regions": regions, "tenants": listed}


def test_a_namespace_of_another_tenant_in_the_same_kubernetes_cluster_is_found_once() -> None:
    prod = spec({"risk": ["fraud"], "shop": ["ranking"]}, "eu", "us")
    staging = spec({"shop": ["ranking", "fraud"]}, "us", "eu")
    (one,) = found(prod=prod, staging=staging)
    assert (one.rule, one.file, one.pointer) == (
        "structure.namespace-of-two-tenants", "clusters/staging/environment.yaml",
        "/spec/tenants/0/namespaces/1",
    )  # fmt: skip
    assert one.message == (
        "the namespace 'fraud' in 'us' is already that of tenant 'risk' in "
        "clusters/prod/environment.yaml"
    )
    assert [each.file for each in one.related] == ["clusters/prod/environment.yaml"]


def test_one_tenant_may_have_a_namespace_in_several_environments() -> None:
    assert found(a=spec({"risk": ["fraud"]}, "eu"), b=spec({"risk": ["fraud"]}, "eu")) == []


def test_other_kubernetes_clusters_have_other_namespaces() -> None:
    assert found(a=spec({"risk": ["fraud"]}, "eu"), b=spec({"shop": ["fraud"]}, "us")) == []


def test_two_tenants_of_one_environment_are_for_a_rule_to_report() -> None:
    assert found(a=spec({"risk": ["fraud"], "shop": ["fraud"]}, "eu")) == []


def test_environments_of_any_shape_are_read() -> None:
    odd = {"regions": [{"destination": 1}, "eu"], "tenants": [{"name": 1}, {"namespaces": [1]}, 2]}
    assert found(a=odd, b={}, c={"tenants": "x", "regions": None}) == []
