"""The folder of what watches a whole family: where it is, and what never changes it."""

import json
from copy import deepcopy
from typing import Any

import pytest

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.render import RenderedFolder, Templates, render_environment, render_family_folder
from lockstep.render.inputs import view_family
from lockstep.render.provenance import FILE_NAME
from lockstep.render.targets.kubernetes.observabilityproject import KINDS
from lockstep.render.targets.kubernetes.target import KUBERNETES
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, dump, tree_of
from tests.unit.whole_fleets import render_fleet

HEAD = "clusters/prod/environment.yaml"
FAMILY = "clusters/prod/fraud/family.yaml"
PLACE = {
    "labels": {"release": "monitoring"}, "namespace": "monitoring", "destination": "all-regions",
}  # fmt: skip
SLO = {"slo": {"availability": 99.9, "latency": "300ms", "percentile": 95}, "alerts": ["skew"]}


def watched(*clusters: dict[str, Any], place: Any = PLACE, shown: bool = True) -> rendering.Tree:
    """A family with these clusters, in an environment that says who watches it."""
    environment: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    environment["spec"]["observability"] = place
    family: dict[str, Any] = deepcopy(rendering.FAMILY)
    family["spec"]["consistency"] = {"maxVersionSkew": 1, "maxSkewDuration": "24h"}
    if shown:
        family["spec"]["defaults"] = {"observability": {"dashboard": "fraud"}}
    return {**tree_of(*clusters), HEAD: dump(environment), FAMILY: dump(family)}


def rendered(tree: rendering.Tree) -> RenderedFolder:
    environment, family = rendering.only_family(rendering.fleet_of(tree))
    folder = render_family_folder(family, environment, rendering.templates())
    assert folder is not None
    return folder


def test_a_family_has_no_folder_where_its_environment_has_no_place_for_it() -> None:
    for tree in (
        tree_of(cluster()),
        watched(cluster(), place={key: PLACE[key] for key in ("labels", "namespace")}),
    ):
        environment, family = rendering.only_family(rendering.fleet_of(tree))
        assert render_family_folder(family, environment, rendering.templates()) is None
        assert "appproject.yaml" not in render_environment(environment, rendering.templates()).files


def test_a_family_that_nothing_watches_has_no_application() -> None:
    tree = watched(cluster(), shown=False)
    environment, family = rendering.only_family(rendering.fleet_of(tree))
    assert render_family_folder(family, environment, rendering.templates()) is None


def test_what_only_its_clusters_name_is_rendered_as_its_defaults_are() -> None:
    """A dashboard, a link to it or a route that passed every rule would else be nowhere."""
    place = {**PLACE, "alertmanager": {"labels": {"alertmanager": "main"}}}
    own = {"dashboard": "fraud", "onCall": {"secret": "pager", "key": "k"}, "alerts": ["skew"]}
    tree = watched(cluster(observability=own), place=place, shown=False)
    folder = rendered(tree)
    assert {"dashboard.yaml", "alertmanagerconfig.yaml"} <= set(folder.files)
    (group,) = folder.manifests["prometheusrule.yaml"]["spec"]["groups"]
    assert group["rules"][1]["annotations"]["dashboard"] == "/d/fraud"


def test_a_default_counts_before_what_other_clusters_name() -> None:
    clusters = (
        cluster("fraud-a", observability={"dashboard": "aside"}),
        cluster("fraud-b", region="us-east-1"),
    )
    (text,) = rendered(watched(*clusters)).manifests["dashboard.yaml"]["data"].values()
    assert json.loads(text)["uid"] == "fraud"


def test_its_application_brings_its_folder_to_where_all_regions_are_seen() -> None:
    folder = rendered(watched(cluster()))
    assert folder.path == "rendered/prod/families/fraud" and not folder.findings
    application = folder.manifests["application.yaml"]
    assert application["metadata"]["name"] == "prod-family-fraud"
    assert application["spec"]["destination"] == {"name": "all-regions", "namespace": "monitoring"}
    assert application["spec"]["source"]["path"] == folder.path
    assert application["spec"]["source"]["directory"] == {"exclude": "application.yaml"}
    assert application["spec"]["project"] == "prod-observability"


def test_its_project_allows_what_families_have_and_nothing_of_a_whole_cluster() -> None:
    environment, _ = rendering.only_family(rendering.fleet_of(watched(cluster())))
    spec = render_environment(environment, rendering.templates()).manifests["appproject.yaml"][
        "spec"
    ]
    assert spec["destinations"] == [{"name": "all-regions", "namespace": "monitoring"}]
    assert "clusterResourceWhitelist" not in spec
    allowed = {(each["group"], each["kind"]) for each in spec["namespaceResourceWhitelist"]}
    assert allowed == set(KINDS)
    needed = {(each.kind.group, each.kind.kind) for each in KUBERNETES.family}
    assert needed - {("argoproj.io", "Application")} <= allowed


@pytest.mark.parametrize(
    "change",
    [
        {"variants": [{"name": "stable", "version": "42", "weight": 100}]},
        {"variants": [{"name": "stable", "version": "41", "weight": 90},
                      {"name": "candidate", "version": "42", "weight": 10}]},
        {"serving": {**cluster()["spec"]["serving"], "replicas": 9}},
    ],
)  # fmt: skip
def test_no_version_weight_or_replica_changes_a_byte_of_it(change: dict[str, Any]) -> None:
    before = rendered(watched(cluster(observability=SLO)))
    assert rendered(watched(cluster(observability=SLO, **change))).files == before.files


def test_it_needs_no_lock() -> None:
    tree = watched(cluster())
    without = {path: data for path, data in tree.items() if "/locks/" not in path}
    assert rendered(without).files == rendered(tree).files


@pytest.mark.parametrize(
    "changed",
    [
        [cluster(observability=SLO), cluster("fraud-us")],
        [cluster(observability=SLO, region="us-east-1")],
        [cluster(observability={**SLO, "slo": {"availability": 99}})],
        [cluster(observability={**SLO, "alerts": []})],
    ],
)
def test_what_it_shows_of_its_clusters_counts_as_an_input(changed: list[dict[str, Any]]) -> None:
    before = rendered(watched(cluster(observability=SLO)))
    assert rendered(watched(*changed)).files[FILE_NAME] != before.files[FILE_NAME]


def test_what_it_does_not_show_is_no_input() -> None:
    before = rendered(watched(cluster()))
    assert rendered(watched(cluster(namespace="other"))).files == before.files


def test_its_objective_is_read_in_seconds_and_in_the_digits_that_were_written() -> None:
    environment, family = rendering.only_family(
        rendering.fleet_of(watched(cluster(observability=SLO)))
    )
    view = view_family(family, environment)
    assert view is not None
    assert view.observability["dashboard"]["clusters"] == [
        {"name": "fraud-eu", "availability": "99.9", "latency": "0.3", "percentile": "95"}
    ]


@pytest.mark.parametrize("value", [True, "high", [1]])
def test_an_objective_that_is_no_number_is_a_finding_where_it_is_written(value: Any) -> None:
    wrong = cluster(observability={"slo": {"availability": value}})
    (finding,) = rendered(watched(cluster(), {**wrong, "metadata": {"name": "fraud-us"}})).findings
    assert finding.file == "clusters/prod/fraud/c1.yaml"
    assert finding.message == "spec.observability.slo.availability must be a number"


def test_a_template_that_leaves_what_must_hold_is_a_finding_and_writes_nothing() -> None:
    tree = rendering.resources()
    path = "templates/familyapplication/familyapplication.yaml.j2"
    tree[path] = tree[path].replace(b"path: {{ path | quote }}", b'path: "rendered/prod"')
    environment, family = rendering.only_family(rendering.fleet_of(watched(cluster())))
    templates = Templates(tree, read_kubernetes_schema)
    folder = render_family_folder(family, environment, templates)
    assert folder is not None and not folder.files
    (finding,) = folder.findings
    assert (finding.file, finding.rule) == (path, "render.identity")


def test_what_watches_a_family_and_a_cluster_of_the_same_name_collide() -> None:
    tree = watched(cluster("family-fraud"))
    _, findings = render_fleet(rendering.fleet_of(tree), rendering.templates())
    assert {finding.file for finding in findings} == {
        "clusters/prod/fraud/c0.yaml", "clusters/prod/fraud/family.yaml",
    }  # fmt: skip
    assert all(
        finding.message.startswith("the Application argocd/prod-family-fraud in Argo CD is also")
        for finding in findings
    )
