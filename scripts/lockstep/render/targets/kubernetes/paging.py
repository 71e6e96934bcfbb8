"""Who hears of an alert: PagerDuty's receivers and routes, as all AlertmanagerConfigs have them.

A page wakes an engineer, a ticket waits for one: both go to one service of PagerDuty, with the
severities that it takes for high and for low urgency.

All texts here are templates of Alertmanager that read the labels of the alert. No value of a spec
is ever a part of one, so none can become a template.
"""

from lockstep.model.document import Json
from lockstep.model.fleet import Environment, Family
from lockstep.render.alerting.alerts import PAGE, TICKET
from lockstep.render.fields import Fields
from lockstep.render.observability import speaks_for
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import FREE, Expected
from lockstep.render.targets.origins import OriginTree, in_cluster, in_environment

ROUTE_WAVE = 2
"""Behind all that serves: what is wrong with a route must not hold a rollback back."""

_ON_CALL = ("spec", "observability", "onCall")
_ALERTMANAGER = ("spec", "observability", "alertmanager")

_RECEIVERS = ((PAGE, "critical"), (TICKET, "warning"))
"""Each severity, which names its receiver, with the one that PagerDuty gets: from error on, urgency
is high."""

_BURN = "LockstepErrorBudgetBurn.*"
"""The alerts of which the fast one says all that the slow one does."""

_TEXTS = {
    "client": "Lockstep",
    "class": "{{ .CommonLabels.alertname }}",
    "component": "{{ .CommonLabels.lockstep_cluster }}",
    "group": "{{ .CommonLabels.lockstep_family }}",
    # PagerDuty refuses an incident without a description, and alerts of one group can differ.
    "description": "{{ with .CommonAnnotations.summary }}{{ . }}{{ else }}"
    "{{ .CommonLabels.alertname }} of {{ .CommonLabels.lockstep_family }}{{ end }}",
}

_DETAILS = {
    **{
        name: f"{{{{ .CommonLabels.lockstep_{name} }}}}"
        for name in ("environment", "tenant", "family", "cluster", "region", "version")
    },
    **{
        name: f"{{{{ .CommonAnnotations.{name} }}}}"
        for name in ("description", "runbook", "dashboard")
    },
}


def read_paging(fields: Fields, environment: Environment) -> dict[str, Json]:
    """``paging``: PagerDuty's routing key, and the labels by which Alertmanager selects routes.

    Empty where the spec names no routing key or the environment no Alertmanager. ``fields`` are
    those of a cluster. Raises Unrenderable.
    """
    written = Fields(environment.document)
    if not fields.has(*_ON_CALL) or not written.has(*_ALERTMANAGER):
        return {}
    key = {name: fields.text(*_ON_CALL, name) for name in ("secret", "key")}
    return {"paging": {**key, "labels": written.texts(*_ALERTMANAGER, "labels")}}


def read_family_paging(family: Family, environment: Environment) -> dict[str, Json]:
    """As ``read_paging``, for the alerts of a whole family: by the routing key of its clusters."""
    named = speaks_for(family, "onCall")
    return {} if named is None else read_paging(named, environment)


def paging_context(paging: Json, matchers: dict[str, str]) -> Context:
    """What the template needs but for metadata; ``matchers`` are the labels of the alerts."""
    return {
        "matchers": list(matchers.items()),
        "group_by": ["alertname", *matchers, "lockstep_version"],
        "page": PAGE,
        "ticket": TICKET,
        "receivers": list(_RECEIVERS),
        "secret": paging["secret"],
        "key": paging["key"],
        "texts": list(_TEXTS.items()),
        "details": list(_DETAILS.items()),
        "burn": _BURN,
    }


def expected_paging(context: Context) -> dict[str, Expected]:
    """What must hold of ``spec``: nobody else is paged, nothing is muted, no alert is lost.

    A template may choose how long Alertmanager waits, and what PagerDuty shows.
    """
    chosen = dict.fromkeys(("groupBy", "groupWait", "groupInterval", "repeatInterval"), FREE)
    ticket = {
        **chosen,
        "receiver": context["ticket"],
        "matchers": [_equal("severity", context["ticket"])],
    }
    return {
        "route": {
            **chosen,
            "receiver": context["page"],
            "matchers": [_equal(*matcher) for matcher in context["matchers"]],
            "routes": [ticket],
        },
        "receivers": [_expected_receiver(context, *each) for each in context["receivers"]],
        "inhibitRules": [_expected_inhibition(context)],
    }


def _expected_receiver(context: Context, name: str, severity: str) -> Expected:
    shown = dict.fromkeys((*dict(context["texts"]), "details"), FREE)
    pagerduty = {
        **shown,
        "routingKey": {"name": context["secret"], "key": context["key"]},
        "sendResolved": True,
        "severity": severity,
    }
    return {"name": name, "pagerdutyConfigs": [pagerduty]}


def _expected_inhibition(context: Context) -> Expected:
    """A slow burn of the budget makes no ticket while the fast one pages."""
    burn = {"name": "alertname", "value": context["burn"], "matchType": "=~"}
    return {
        "sourceMatch": [burn, _equal("severity", context["page"])],
        "targetMatch": [burn, _equal("severity", context["ticket"])],
        "equal": [name for name, _ in context["matchers"]],
    }


def _equal(name: str, value: str) -> Expected:
    return {"name": name, "value": value, "matchType": "="}


def selected_origins(labels: dict[str, str]) -> dict[str, OriginTree]:
    """The origins of the labels by which Alertmanager selects routes."""
    return {name: in_environment(*_ALERTMANAGER, "labels", name) for name in labels}


def paging_origins() -> dict[str, OriginTree]:
    """The origins of PagerDuty's routing key, for a cluster and for a family."""
    return {name: in_cluster(*_ON_CALL, name) for name in ("secret", "key")}
