"""The cost centre of pods, and the currency of budgets."""

from typing import Any

from tests.unit.render.rendering import cluster, render_one
from tests.unit.render.specs import observed, pod_of, render_observed, the_finding

COST = {"center": "risk", "monthly": 120}
FILE = "prometheusrule-cost.yaml"


def priced(**observability: Any) -> dict[str, Any]:
    return cluster(cost=COST, observability={"alerts": ["cost"], **observability})


def test_without_opencost_pods_have_no_cost_centre_and_no_rule_measures_them() -> None:
    plain, watched = render_one(priced()), render_observed(priced())
    assert FILE not in watched.files
    assert watched.files["deployment-v41.yaml"] == plain.files["deployment-v41.yaml"]


def test_pods_have_the_labels_by_which_opencost_adds_up() -> None:
    labels = pod_of(render_observed(priced(), cost=True))["metadata"]["labels"]
    assert labels["lockstep.dev/cost-center"] == "risk"
    assert {"lockstep.dev/tenant", "lockstep.dev/family", "lockstep.dev/cluster"} <= labels.keys()


def test_a_budget_without_the_alert_and_an_alert_without_a_budget_have_no_rule() -> None:
    silent = cluster(cost=COST, observability={"alerts": ["latency"]})
    free = cluster(cost={"center": "risk"}, observability={"alerts": ["cost"]})
    for spec in (silent, free):
        assert FILE not in render_observed(spec, cost=True).files
    assert FILE in render_observed(priced(), cost=True).files


def test_prices_in_another_currency_than_the_budgets_are_found() -> None:
    finding = the_finding(observed(priced(), cost={"currency": "USD"}))
    assert (finding.rule, finding.pointer) == (
        "render.currency",
        "/spec/observability/cost/currency",
    )
    assert "'USD'" in finding.message and "'EUR'" in finding.message
