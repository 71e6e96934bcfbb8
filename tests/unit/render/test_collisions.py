"""Two clusters never write one path, own one object or route one host."""

from typing import Any

from lockstep.model.finding import Finding
from tests.unit.render import rendering
from tests.unit.render.rendering import STABLE, cluster, fleet_of, tree_of
from tests.unit.render.specs import HPA, KEDA, PROMETHEUS, in_tenant
from tests.unit.whole_fleets import render_fleet


def collide(*clusters: dict[str, Any], versions: tuple[str, ...] = ("41",)) -> list[Finding]:
    files, findings = render_fleet(
        fleet_of(tree_of(*clusters, versions=versions)), rendering.templates()
    )
    assert not [path for path in files if "/clusters/" in path]
    return findings


def test_clusters_that_differ_do_not_collide() -> None:
    fleet = fleet_of(tree_of(cluster("fraud-a"), cluster("fraud-b")))
    assert not render_fleet(fleet, rendering.templates())[1]


def test_one_host_cannot_have_two_owners() -> None:
    findings = collide(
        cluster("fraud-a", host="x.example.com"), cluster("fraud-b", host="x.example.com")
    )
    assert [(f.rule, f.file, f.pointer) for f in findings] == [
        ("render.collision", "clusters/prod/fraud/c0.yaml", "/spec/host"),
        ("render.collision", "clusters/prod/fraud/c1.yaml", "/spec/host"),
    ]
    assert "x.example.com in prod-eu-west-1 is also claimed by clusters/prod/fraud/c1.yaml" in (
        findings[0].message
    )


def test_a_further_host_has_one_owner_too() -> None:
    findings = collide(
        cluster("fraud-a", hosts=["y.example.com", "x.example.com"]),
        cluster("fraud-b", host="x.example.com"),
    )
    assert [(f.rule, f.file, f.pointer) for f in findings] == [
        ("render.collision", "clusters/prod/fraud/c0.yaml", "/spec/hosts/1"),
        ("render.collision", "clusters/prod/fraud/c1.yaml", "/spec/host"),
    ]


def test_one_host_may_be_served_in_two_regions() -> None:
    specs = [
        cluster("fraud-a", host="x.example.com"),
        cluster("fraud-b", host="x.example.com", region="us-east-1"),
    ]
    assert not render_fleet(fleet_of(tree_of(*specs)), rendering.templates())[1]


def test_two_clusters_of_one_name_collide_on_everything() -> None:
    findings = collide(cluster("fraud-a"), cluster("fraud-a"))
    assert {f.file for f in findings} == {
        "clusters/prod/fraud/c0.yaml",
        "clusters/prod/fraud/c1.yaml",
    }
    assert any("the folder rendered/prod/clusters/fraud-a" in f.message for f in findings)


def test_names_that_meet_when_joined_are_found() -> None:
    arm = [{**STABLE, "version": "1-v2"}]
    findings = collide(
        cluster("fraud", variants=arm),
        cluster("fraud-v1", variants=[{**STABLE, "version": "2"}]),
        versions=("1-v2", "2"),
    )
    assert {f.message.split(" is also claimed")[0] for f in findings} == {
        "the Deployment fraud/fraud-v1-v2 in prod-eu-west-1",
        "the DestinationRule fraud/fraud-v1-v2 in prod-eu-west-1",
    }


def test_what_keda_makes_of_an_object_counts_too() -> None:
    by_keda, by_hpa = cluster("fraud"), cluster("keda-hpa-fraud")
    by_keda["spec"]["serving"]["keda"] = KEDA
    by_hpa["spec"]["serving"]["hpa"] = HPA
    tree = tree_of(by_keda, by_hpa)
    path = "clusters/prod/environment.yaml"
    tree[path] = tree[path].rstrip() + f"\n  prometheus: {PROMETHEUS}\n".encode()
    _, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert {f.message.split(" is also claimed")[0] for f in findings} == {
        "the HorizontalPodAutoscaler fraud/keda-hpa-fraud-v41 in prod-eu-west-1"
    }
    assert len(findings) == 2


def test_projects_of_two_environments_meet_in_argocd() -> None:
    tree = in_tenant(cluster())
    path = "clusters/prod/environment.yaml"
    one = tree[path].replace(b"name: risk\n", b"name: eu-risk\n")
    other = tree[path].replace(b"name: prod\n", b"name: prod-eu\n")
    other = other.replace(b"destination: ", b"destination: next-")
    tree |= {path: one, "clusters/prod-eu/environment.yaml": other}
    _, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert {f.message.split(" is also claimed")[0] for f in findings} == {
        "the AppProject argocd/prod-eu-risk in Argo CD"
    }


def test_applications_of_two_environments_meet_in_argocd() -> None:
    tree = tree_of(cluster("eu-fraud"))
    for path, data in list(tree.items()):
        other = path.replace("clusters/prod/", "clusters/prod-eu/")
        tree[other] = data.replace(b"eu-fraud", b"fraud").replace(b"prod-eu-west", b"x-eu-west")
    tree["clusters/prod-eu/environment.yaml"] = tree["clusters/prod-eu/environment.yaml"].replace(
        b"name: prod\n", b"name: prod-eu\n"
    )
    _, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert {f.message.split(" is also claimed")[0] for f in findings} == {
        "the Application argocd/prod-eu-fraud in Argo CD"
    }
    assert {f.file.split("/")[1] for f in findings} == {"prod", "prod-eu"}


def test_a_tenant_never_gets_the_project_that_all_share() -> None:
    """Nor that of another environment: it would be held to what one tenant may do."""
    tree = in_tenant(cluster())
    path = "clusters/prod/environment.yaml"
    own = tree[path].replace(b"project: default\n", b"project: prod-risk\n")
    for other in (
        {},
        {
            "clusters/next/environment.yaml": own.replace(b"name: prod\n", b"name: next\n").replace(
                b"destination: ", b"destination: next-"
            )
        },
    ):
        whole = {**tree, path: tree[path] if other else own, **other}
        files, (found,) = render_fleet(fleet_of(whole), rendering.templates())
        assert (found.rule, found.file, found.pointer) == (
            "render.collision", path, "/spec/tenants/0/name",
        )  # fmt: skip
        assert found.message == (
            "this tenant's AppProject would replace the AppProject argocd/prod-risk in Argo CD, "
            f"the spec.argocd.project of {next(iter(other), path)}"
        )
        assert "rendered/prod/tenants/risk/appproject.yaml" not in files


def test_the_project_of_another_argocd_is_another_one() -> None:
    tree = in_tenant(cluster())
    path = "clusters/prod/environment.yaml"
    other = tree[path].replace(b"project: default\n", b"project: prod-risk\n")
    other = other.replace(b"name: prod\n", b"name: next\n").replace(b": argocd\n", b": delivery\n")
    other = other.replace(b"destination: ", b"destination: next-")
    whole = {**tree, "clusters/next/environment.yaml": other}
    assert not render_fleet(fleet_of(whole), rendering.templates())[1]
