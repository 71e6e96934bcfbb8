"""The PrometheusRule of a cluster's cost: what its pods cost an hour, and if that is too much."""

from lockstep.model.document import Json
from lockstep.render.alerting.alerts import Alerting
from lockstep.render.alerting.recordings import Subject
from lockstep.render.alerting.series import WEIGHT, Rule, cluster_labels
from lockstep.render.names import object_name
from lockstep.render.targets.base import Component, Files, ManifestFile
from lockstep.render.targets.kubernetes import prometheusrule
from lockstep.render.targets.kubernetes.cost import (
    BUDGET,
    CURRENCY,
    HOURS_OF_MONTH,
    hourly_cost,
)
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    NAME,
    NAMESPACE,
    TENANT,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import (
    Origins,
    OriginTree,
    in_all_variants,
    in_environment,
    in_spec,
)
from lockstep.render.view import ClusterView

_RECORD = "lockstep:cluster_cost_hourly:sum"
_MONTH = f"avg_over_time({{series}}[1d]) * {HOURS_OF_MONTH}"
"""A day tells what a month will cost: less than a day is the price of one rollout."""


def _files(view: ClusterView) -> Files:
    """One where the cluster asks for the alert, has a budget, and OpenCost measures its cost."""
    rules, cost = view.observability.get("rules"), view.observability.get("cost", {})
    if rules is None or "cost" not in rules["alerts"] or "monthly" not in cost:
        return
    context = {
        **metadata(view),
        "name": object_name(view.name, "cost"),
        "operator": sorted(rules["labels"].items()),
        "groups": [("cost", _rules(view, cost))],
    }
    yield ManifestFile(
        "prometheusrule-cost.yaml", context, prometheusrule.expected(context), _origins
    )


def _rules(view: ClusterView, cost: Json) -> list[Rule]:
    labels = cluster_labels(view.environment, view.family, view.name, view.region)
    named = {"lockstep_environment": view.environment, "lockstep_cluster": view.name}
    cluster = Subject(object_name(view.name), view.namespace, named)
    rules = view.observability["rules"]
    given = Alerting(cluster, view.tenant, rules.get("dashboard"), rules.get("runbooks"))
    recorded: Rule = {
        "record": _RECORD,
        "expr": hourly_cost(view),
        "labels": {**labels, "namespace": view.namespace},
    }
    return [recorded, _over_budget(given, cost), _not_measured(given)]


def _over_budget(given: Alerting, cost: Json) -> Rule:
    """At the price of the last day, a month costs more than the budget."""
    budget, currency = cost["monthly"], cost["currency"]
    series = given.cluster.of(_RECORD)
    return given.alert(
        "LockstepCostOverBudget", "ticket", "1h",
        f"{_MONTH.format(series=series)} > {budget}",
        "{{ $labels.lockstep_cluster }} in {{ $labels.lockstep_region }} costs more than its "
        "budget",
        f"At the last day's price a month costs {{{{ $value | printf \"%.0f\" }}}} {currency}; "
        f"the budget is {budget} {currency}.",
    )  # fmt: skip


def _not_measured(given: Alerting) -> Rule:
    """The cluster has versions, and OpenCost says nothing of what they cost."""
    weight = given.cluster.of(WEIGHT)
    return given.alert(
        "LockstepMetricsMissing", "ticket", "1h",
        f"max without (lockstep_version, lockstep_experiment) ({weight})"
        f" unless on () {given.cluster.of(_RECORD)}",
        "{{ $labels.lockstep_cluster }} in {{ $labels.lockstep_region }} cannot be watched",
        "OpenCost's metrics of its pods and their nodes are not here, so nothing compares what it "
        "costs with its budget.",
        {"lockstep_metric": "cost"},
    )  # fmt: skip


def _origins() -> Origins:
    # Their names have the versions, of which those with a weight run.
    pods = NAMESPACE + NAME + in_all_variants("version") + in_all_variants("weight")
    cluster = NAME + ENVIRONMENT
    budget = BUDGET + in_environment(*CURRENCY)
    alert: dict[str, OriginTree] = {"lockstep_tenant": TENANT}
    links: dict[str, OriginTree] = {
        "dashboard": in_spec("observability", "dashboard"), "runbook": prometheusrule.RUNBOOKS,
    }  # fmt: skip
    rules: list[OriginTree] = [
        {"expr": pods, "labels": prometheusrule.LABELS},
        {
            "expr": BUDGET + cluster,
            "labels": alert,
            "annotations": {"description": budget, **links},
        },
        {"expr": cluster, "labels": alert, "annotations": links},
    ]
    return {
        **metadata_origins(),
        "name": NAME,
        "operator": in_environment("spec", "observability", "labels"),
        "groups": {"cost": (None, tuple(rules))},
    }


COMPONENT = Component("prometheusrule", prometheusrule.COMPONENT.kind, _files)
"""With the template of the cluster's other rules."""
