"""Who is paged by the alerts of a cluster and of a family."""

import re
from typing import Any

import pytest

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.render import render_cluster
from lockstep.render.folder import Templates
from lockstep.render.parse import parse_manifest
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, render_one
from tests.unit.render.specs import ON_CALL, observed, render_observed
from tests.unit.whole_fleets import render_fleet

FILE = "alertmanagerconfig.yaml"


def on_call() -> dict[str, Any]:
    return cluster(observability={"onCall": ON_CALL})


def route() -> Any:
    return render_observed(on_call(), alertmanager=True).manifests[FILE]["spec"]


def test_nothing_is_rendered_without_an_alertmanager_or_without_a_routing_key() -> None:
    assert FILE not in render_one(on_call()).files
    assert FILE not in render_observed(on_call()).files
    assert FILE not in render_observed(cluster(), alertmanager=True).files


def test_a_route_has_the_labels_by_which_alertmanager_selects_it() -> None:
    labels = render_observed(on_call(), alertmanager=True).manifests[FILE]["metadata"]["labels"]
    assert labels["alertmanager"] == "main"
    assert labels["lockstep.dev/cluster"] == "fraud-eu"


def test_it_takes_the_alerts_of_its_own_cluster_only() -> None:
    matchers = {m["name"]: (m["matchType"], m["value"]) for m in route()["route"]["matchers"]}
    assert matchers == {
        "lockstep_environment": ("=", "prod"),
        "lockstep_cluster": ("=", "fraud-eu"),
    }


def test_pages_are_urgent_for_pagerduty_and_tickets_are_not() -> None:
    spec = route()
    receivers = {r["name"]: r["pagerdutyConfigs"][0] for r in spec["receivers"]}
    assert spec["route"]["receiver"] == "page"  # also without a severity: nothing gets lost
    (ticket,) = spec["route"]["routes"]
    assert ticket["receiver"] == "ticket"
    assert ticket["matchers"] == [{"name": "severity", "value": "ticket", "matchType": "="}]
    assert {name: each["severity"] for name, each in receivers.items()} == {
        "page": "critical",
        "ticket": "warning",
    }
    for each in receivers.values():
        assert each["routingKey"] == {"name": "pagerduty-risk", "key": "routing-key"}
        assert each["sendResolved"] is True


def test_no_value_of_a_spec_is_in_a_text_that_alertmanager_executes() -> None:
    """Names of another cluster change matchers and Secret, and not one text."""
    other = cluster("other", namespace="elsewhere", observability={"onCall": ON_CALL})
    folders = [render_observed(each, alertmanager=True) for each in (on_call(), other)]
    texts = [re.findall(r"\{\{.*", f.files[FILE].decode()) for f in folders]
    assert texts[0] == texts[1] != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: {{ secret | quote }}", 'name: "other"'),
        ("sendResolved: true", "sendResolved: false"),
        ("value: {{ ticket | quote }}", 'value: "page"'),
        ("receiver: {{ page | quote }}", 'receiver: "ticket"'),
        ('repeatInterval: "4h"\n', 'repeatInterval: "4h"\n    muteTimeIntervals: [always]\n'),
    ],
)
def test_a_template_cannot_send_alerts_elsewhere_or_mute_them(old: str, new: str) -> None:
    tree = rendering.resources()
    path = "templates/alertmanagerconfig/alertmanagerconfig.yaml.j2"
    assert old in tree[path].decode()
    tree[path] = tree[path].decode().replace(old, new).encode()
    fleet = fleet_of(observed(on_call(), alertmanager=True))
    environment, family = rendering.only_family(fleet)
    templates = Templates(tree, read_kubernetes_schema)
    folder = render_cluster(family.clusters[0], family, environment, templates)
    assert folder.findings


@pytest.mark.parametrize("destination", [None, "prod-observability"])
def test_the_alerts_of_a_whole_family_go_where_its_defaults_say(destination: str | None) -> None:
    tree = observed(cluster(), alertmanager=True, destination=destination)
    family: dict[str, Any] = {**rendering.FAMILY, "spec": dict(rendering.FAMILY["spec"])}  # type: ignore[call-overload]
    family["spec"] |= {
        "consistency": {"maxVersionSkew": 1, "maxSkewDuration": "24h"},
        "defaults": {"observability": {"onCall": ON_CALL}},
    }
    tree["clusters/prod/fraud/family.yaml"] = rendering.dump(family)
    files, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert findings == []
    path = f"rendered/prod/families/fraud/{FILE}"
    assert (path in files) is (destination is not None)
    # That of the cluster, with the same default, is there in both cases.
    assert f"rendered/prod/clusters/fraud-eu/{FILE}" in files
    if destination is None:
        return
    manifest = parse_manifest(files[path].decode())
    assert manifest["metadata"]["namespace"] == "monitoring"
    matched = {m["name"]: m["value"] for m in manifest["spec"]["route"]["matchers"]}
    assert matched == {"lockstep_environment": "prod", "lockstep_family": "fraud"}
