"""The alerts of a cluster: what each means and what to do is in ``docs/how-to/alerts.md``.

An alert has the labels of the series that it is about. Its texts hold no value of a spec but what
a label has or ``literal`` has written, because Prometheus takes them for templates.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from lockstep.render.alerting import series as names
from lockstep.render.alerting.recordings import Subject
from lockstep.render.alerting.series import Rule
from lockstep.render.promql import literal

PAGE, TICKET = "page", "ticket"
"""The severities: a page wakes an engineer, a ticket waits for one."""

MOST_FAILING = Decimal("0.9")
"""No threshold of a burn rate is above this: a loose objective multiplied is more than everything,
and no outage could ever reach it."""

WEIGHTS, MISSING = "LockstepWeightsDifferFromGit", "LockstepMetricsMissing"

PLACE = "{{ $labels.lockstep_cluster }} in {{ $labels.lockstep_region }}"
"""Where an alert is, for its summary."""
_PERCENT = "{{ $value | humanizePercentage }}"


class Burn(NamedTuple):
    """How fast the error budget burns, over which windows, and whom it wakes.

    https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
    """

    name: str
    factor: Decimal
    long: str
    short: str
    hold: str
    severity: str


BURNS = (
    Burn("LockstepErrorBudgetBurnFast", Decimal("14.4"), "1h", "5m", "2m", PAGE),
    Burn("LockstepErrorBudgetBurn", Decimal(6), "6h", "30m", "15m", PAGE),
    Burn("LockstepErrorBudgetBurnSlow", Decimal(1), "3d", "6h", "1h", TICKET),
)


class Alerting(NamedTuple):
    """What all alerts of a cluster share: its tenant, and what an alert links to, if anything.

    ``dashboard`` is its path in Grafana, ``runbooks`` the URL of the page that says what to do.
    """

    cluster: Subject
    tenant: str
    dashboard: str | None
    runbooks: str | None

    def alert(
        self, name: str, severity: str, hold: str, expr: str, summary: str, text: str,
        labels: Mapping[str, str] | None = None,
    ) -> Rule:  # fmt: skip
        """An alert on an expression that has been true for ``hold``, with further labels."""
        notes = {"summary": summary, "description": text}
        if self.runbooks is not None:
            notes["runbook"] = literal(f"{self.runbooks}#{name.lower()}")
        if self.dashboard is not None:
            notes["dashboard"] = literal(self.dashboard)
        given = {"severity": severity, "lockstep_tenant": self.tenant, **(labels or {})}
        return {"alert": name, "expr": expr, "for": hold, "labels": given, "annotations": notes}


def burn_rates(given: Alerting, availability: str) -> list[Rule]:
    """Alerts on the error budget that an availability, in percent, leaves."""
    budget = 1 - Decimal(availability) / 100
    return [_burn(given, each, budget) for each in BURNS]


def _burn(given: Alerting, burn: Burn, budget: Decimal) -> Rule:
    bound = f"{min(burn.factor * budget, MOST_FAILING).normalize():f}"
    longer, shorter = (
        given.cluster.of(f"{names.ERRORS}{window}") for window in (burn.long, burn.short)
    )
    return given.alert(
        burn.name, burn.severity, burn.hold, f"{longer} > {bound} and {shorter} > {bound}",
        f"{PLACE} burns its error budget",
        f"Over {burn.long}, {_PERCENT} of the requests failed, and over {burn.short} more than "
        f"{bound} of them, too: {_times(burn.factor)} the objective allows.",
    )  # fmt: skip


def _times(factor: Decimal) -> str:
    return "more than" if factor == 1 else f"{factor} times what"


def latency(given: Alerting, objective: str, percentile: str) -> Rule:
    """Requests are slower than the objective, in seconds; ``percentile`` is a share.

    A percentile of fewer requests than it takes to have one beyond it is that of a single one.
    """
    least = int(1 / (1 - Decimal(percentile)))
    slow = f"{given.cluster.of(names.LATENCY)} > {objective}"
    enough = f"{given.cluster.of(names.REQUESTS)} * 300 >= {least}"
    return given.alert(
        "LockstepLatencyOverObjective", PAGE, "10m", f"{slow} and {enough}",
        f"{PLACE} answers too slowly",
        f"It takes {{{{ $value | humanizeDuration }}}} until {percentile} of the requests are "
        f"answered, and the objective is {objective} seconds.",
    )  # fmt: skip


def accuracy(given: Alerting, baseline: str) -> Rule:
    """The measured accuracy is below the baseline."""
    return given.alert(
        "LockstepAccuracyBelowBaseline", PAGE, "15m",
        f"{given.cluster.of(names.ACCURACY)} < {baseline}",
        f"{PLACE} is less accurate than its baseline",
        f"The accuracy is {{{{ $value | printf \"%.4g\" }}}}, and the baseline is {baseline}.",
    )  # fmt: skip


def drift(given: Alerting, most: str) -> Rule:
    """The features of live requests are further from those of the training than allowed."""
    return given.alert(
        "LockstepFeatureDrift", TICKET, "15m", f"{given.cluster.of(names.DRIFT)} > {most}",
        f"{PLACE} gets other features than it was trained on",
        f"The drift is {{{{ $value | printf \"%.4g\" }}}}, and {most} is allowed.",
    )  # fmt: skip


def weights(given: Alerting, tolerance: int | None) -> Rule:
    """The versions do not get what git gives them.

    Requests are dealt at random: of n requests, a share p comes out within 4 times the square root
    of p(1 - p)/n, but once in 16,000 times. What is allowed in addition is half of what a small
    weight can be, from 0.5 to 5 points. ``tolerance`` replaces that, in points, where requests are
    dealt by a bucket: some of these have more requests than others.
    """
    declared, live = given.cluster.of(names.WEIGHT), given.cluster.of(names.LIVE)
    requests = f"300 * scalar(sum({given.cluster.of(names.VERSION_REQUESTS)}))"
    spread = f"{declared} * (100 - {declared})"
    slack = f"clamp({spread} / 200, 0.5, 5)" if tolerance is None else f"{tolerance}"
    return given.alert(
        WEIGHTS, PAGE, "15m",
        f"abs({live} - {declared}) > {slack} + 4 * sqrt({spread} / ({requests}))",
        f"{PLACE} does not serve the weights that git says",
        "Version {{ $labels.lockstep_version }} gets a share of the requests that differs from its "
        "weight in git by {{ $value | printf \"%.2f\" }} points.",
    )  # fmt: skip


def missing(given: Alerting, host: str, named: Mapping[str, str]) -> list[Rule]:
    """The other alerts would be silent, because what they evaluate is not there.

    ``named`` has the recorded series of the metrics that the spec names, with those metrics.
    """
    calls = given.cluster.of(names.REQUESTS)
    served = given.cluster.of(names.VERSION_REQUESTS)
    return [
        # Istio's counters stay while pods live: an idle cluster has them, with a rate of 0.
        without_value(
            given, names.REQUESTS, "requests",
            f"No sidecar of a caller reports requests to {literal(host)}: nobody has called since "
            "the pods of the callers started, or Prometheus does not scrape them.",
        ),
        _missing(
            given, "versions", "15m", f"{calls} > 0 unless on () ({served} > 0)",
            "Callers send requests, and no sidecar of a version's pods reports one: they are not "
            "scraped, or no request reaches them.",
        ),
        *(
            without_value(
                given, record, metric, f"The metric {metric} has no value for this cluster."
            )
            for record, metric in named.items()
        ),
    ]  # fmt: skip


def without_value(given: Alerting, record: str, metric: str, text: str) -> Rule:
    """The cluster has versions, and what is recorded as ``record`` has had no value for an hour.

    ``metric`` is what the label of the alert says is missing.
    """
    weight = given.cluster.of(names.WEIGHT)
    exists = f"max without (lockstep_version, lockstep_experiment) ({weight})"
    return _missing(given, metric, "1h", f"{exists} unless on () {given.cluster.of(record)}", text)


def of_requests(tenant: str) -> dict[str, str]:
    """The labels of the alert on the requests that no caller's sidecar reports."""
    return {"severity": TICKET, "lockstep_tenant": tenant, "lockstep_metric": "requests"}


def _missing(given: Alerting, what: str, hold: str, expression: str, text: str) -> Rule:
    # The label tells these alerts apart: two with equal labels are one for Alertmanager.
    return given.alert(
        MISSING, TICKET, hold, expression,
        f"{PLACE} cannot be watched", text, {"lockstep_metric": what},
    )  # fmt: skip
