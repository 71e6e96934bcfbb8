"""The PrometheusRule of a cluster's cost: what its pods cost an hour, and if that is too much."""

from lockstep.model.document import Json
from lockstep.render.alerting.alerts import PLACE, TICKET, Alerting, without_value
from lockstep.render.alerting.series import COST, Rule
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
    OPERATOR,
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
    given = prometheusrule.alerting_of(view)
    labels = prometheusrule.series_labels(view)
    recorded: Rule = {"record": COST, "expr": hourly_cost(view), "labels": labels}
    not_measured = without_value(
        given, COST, "cost",
        "OpenCost's metrics of its pods and their nodes are not here, so nothing compares what it "
        "costs with its budget.",
    )  # fmt: skip
    return [recorded, _over_budget(given, cost), not_measured]


def _over_budget(given: Alerting, cost: Json) -> Rule:
    """At the price of the last day, a month costs more than the budget.

    Less than a day would be the price of one rollout.
    """
    budget, currency = cost["monthly"], cost["currency"]
    return given.alert(
        "LockstepCostOverBudget", TICKET, "1h",
        f"avg_over_time({given.cluster.of(COST)}[1d]) * {HOURS_OF_MONTH} > {budget}",
        f"{PLACE} costs more than its budget",
        f"At the last day's price a month costs {{{{ $value | printf \"%.0f\" }}}} {currency}; "
        f"the budget is {budget} {currency}.",
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
        "operator": OPERATOR,
        "groups": {"cost": (None, tuple(rules))},
    }


COMPONENT = Component("prometheusrule", prometheusrule.COMPONENT.kind, _files)
"""With the template of the cluster's other rules."""
