"""The AppProject of a tenant."""

from copy import deepcopy
from typing import Any

from lockstep.render import render_cluster, render_tenants
from lockstep.render.provenance import FILE_NAME
from lockstep.render.targets.kubernetes.target import KUBERNETES
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, inputs_in, tree_of
from tests.unit.render.specs import TENANT, in_tenant


def tenants_of(*tenants: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """The folders of these tenants by path; ``spec`` replaces fields of their environment."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"] |= {"tenants": list(tenants), **spec}
    tree = {**tree_of(cluster()), "clusters/prod/environment.yaml": rendering.dump(whole)}
    environment = fleet_of(tree).environments["prod"]
    return {each.path: each for each in render_tenants(environment, rendering.templates())}


def project_of(*tenants: dict[str, Any], **spec: Any) -> Any:
    folder = tenants_of(*tenants, **spec)["rendered/prod/tenants/risk"]
    assert not folder.findings
    return folder.manifests["appproject.yaml"]


def test_it_allows_this_repository_and_the_tenants_own_namespaces_in_each_region() -> None:
    spec = project_of(TENANT)["spec"]
    assert spec["sourceRepos"] == ["https://git.example.com/ml/fleet.git"]
    assert spec["destinations"] == [
        {"name": "prod-eu-west-1", "namespace": "fraud"},
        {"name": "prod-us-east-1", "namespace": "fraud"},
    ]
    assert spec["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace", "name": "fraud"}]


def test_it_allows_every_kind_that_a_cluster_has_and_what_deployments_make() -> None:
    kinds = {
        (k["group"], k["kind"]) for k in project_of(TENANT)["spec"]["namespaceResourceWhitelist"]
    }
    applied = [each.kind for each in KUBERNETES.cluster]
    applied += [each.kind for each in KUBERNETES.place]
    rendered = {(each.group, each.kind) for each in applied}
    made = {("apps", "ReplicaSet"), ("", "Pod")}
    assert kinds == rendered - {("argoproj.io", "Application"), ("", "Namespace")} | made


def test_it_comes_before_the_applications_and_goes_after_them() -> None:
    metadata = project_of(TENANT)["metadata"]
    assert metadata["annotations"] == {"argocd.argoproj.io/sync-wave": "-2"}
    assert metadata["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]


def test_regions_that_share_a_kubernetes_cluster_are_one_destination() -> None:
    shared = [{"name": name, "jurisdiction": "EU", "destination": "prod-eu"} for name in ("a", "b")]
    assert project_of(TENANT, regions=shared)["spec"]["destinations"] == [
        {"name": "prod-eu", "namespace": "fraud"}
    ]


def test_each_tenant_has_a_folder_that_depends_on_itself_alone() -> None:
    other = {**TENANT, "name": "shop", "namespaces": ["shop"]}
    alone, both = tenants_of(TENANT), tenants_of(TENANT, other)
    assert {path.split("/")[3] for path in both} == {"risk", "shop"}
    risk = "rendered/prod/tenants/risk"
    assert alone[risk].files == both[risk].files
    wider = tenants_of({**TENANT, "namespaces": ["fraud", "more"]})[risk].files[FILE_NAME]
    assert inputs_in(wider) != inputs_in(alone[risk].files[FILE_NAME])


def test_an_environment_without_tenants_has_no_project_of_its_own() -> None:
    environment, family = rendering.only_family(fleet_of(tree_of(cluster())))
    assert render_tenants(environment, rendering.templates()) == []
    folder = render_cluster(family.clusters[0], family, environment, rendering.templates())
    assert folder.manifests["application.yaml"]["spec"]["project"] == "default"


def test_the_applications_of_a_tenant_are_in_its_project() -> None:
    environment, family = rendering.only_family(fleet_of(in_tenant(cluster())))
    folder = render_cluster(family.clusters[0], family, environment, rendering.templates())
    assert folder.manifests["application.yaml"]["spec"]["project"] == "prod-risk"


def test_a_tenant_that_cannot_name_a_folder_is_a_finding() -> None:
    (folder,) = tenants_of({**TENANT, "name": "../x"}).values()
    assert not folder.files
    (finding,) = folder.findings
    assert finding.rule == "render.input"
