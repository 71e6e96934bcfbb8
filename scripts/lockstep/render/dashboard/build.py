"""Builds the dashboard of a family: which version serves where comes first."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from lockstep.model.document import Json
from lockstep.render.alerting import series as names
from lockstep.render.dashboard.controls import annotations, variables
from lockstep.render.dashboard.grid import Grid
from lockstep.render.dashboard.panels import (
    BY_CLUSTER,
    BY_VERSION,
    Query,
    allowed_versions,
    budget_left,
    lines,
    matrix,
    not_above,
    not_below,
    numbers,
)
from lockstep.render.dashboard.queries import Queries
from lockstep.render.dashboard.shown import ShownCluster, ShownFamily, failing_share

SCHEMA_VERSION = 42
"""Of Grafana 13, which has nothing to migrate in it. Older Grafana reads it too."""

_NAMED = 3
"""Clusters that a title names."""

Goal = TypeVar("Goal")
Group = tuple[Goal, tuple[str, ...]]
"""An objective, and the clusters that have it."""


def build_dashboard(family: ShownFamily) -> Json:
    """The dashboard as Grafana's JSON.

    It depends on no version and no weight, so that a rollout changes nothing in it.
    """
    queries = Queries(family.environment, family.family)
    grid = Grid()
    grid.section("Versions", list(_versions(family, queries)))
    grid.section("Share of the traffic", [_shares(queries)])
    grid.section("Requests", list(_requests(family, queries)))
    grid.section("Model", list(_model(family, queries)))
    grid.section("Resources", list(_resources(queries)))
    return {
        "annotations": annotations(queries),
        "description": "Rendered by Lockstep from the spec of the family; changes here are lost.",
        "editable": False,
        "graphTooltip": 1,
        "panels": grid.panels,
        "refresh": "1m",
        "schemaVersion": SCHEMA_VERSION,
        "tags": ["lockstep", family.environment, family.tenant, family.family],
        "templating": variables(queries),
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "title": f"{family.family} in {family.environment}",
        "uid": family.uid,
    }


def _versions(family: ShownFamily, queries: Queries) -> Iterator[Json]:
    yield matrix(
        "Which version serves where",
        "Each version's share of its cluster's requests in the last five minutes. "
        "Two columns outside of a rollout: regions differ.",
        "percent", queries.serving(), row="where", column="lockstep_version",
    )  # fmt: skip
    yield numbers(
        "Versions that serve",
        f"Distinct versions with traffic, experiments left out. At most {family.skew + 1} may.",
        "none", [Query(queries.versions(), "versions")], allowed_versions(family.skew),
    )  # fmt: skip
    budgets = [
        Query(queries.budget_left(failing_share(goal), only), BY_CLUSTER)
        for goal, only in _groups(family, lambda cluster: cluster.availability)
    ]
    if budgets:
        yield numbers(
            "Error budget left of 30 days",
            "What is left of the failures that the objectives allow in 30 days; "
            "below 0 there were more.",
            "percentunit", budgets, budget_left(),
        )  # fmt: skip


def _shares(queries: Queries) -> Json:
    """One panel, which Grafana repeats for each region."""
    panel = lines(
        "Traffic in $region",
        "Solid: measured over five minutes. Dashed: declared in git.",
        "percent",
        [
            Query(queries.version(names.LIVE), f"{BY_VERSION} live"),
            Query(queries.version(names.WEIGHT), f"{BY_VERSION} declared"),
        ],
    )
    panel["fieldConfig"]["defaults"] |= {"max": 100, "min": 0}
    return {**panel, "maxPerRow": 3, "repeat": "region", "repeatDirection": "h"}


def _requests(family: ShownFamily, queries: Queries) -> Iterator[Json]:
    yield lines(
        "Requests by version", "Requests a second, as the pods count them.", "reqps",
        _by_version(queries, names.VERSION_REQUESTS),
    )  # fmt: skip
    yield lines(
        "Errors by version", "The share of a version's requests that failed.", "percentunit",
        _by_version(queries, names.VERSION_ERRORS),
    )  # fmt: skip
    yield lines(
        "Latency by version", "Solid: P90. Dashed: P95.", "s",
        [
            Query(queries.version(names.VERSION_P90), f"{BY_VERSION} P90"),
            Query(queries.version(names.VERSION_P95), f"{BY_VERSION} P95"),
        ],
    )  # fmt: skip
    for goal, only in _groups(family, lambda cluster: cluster.availability):
        yield lines(
            f"Errors, {goal} % must succeed{_of(only)}",
            "The share of requests that failed for their callers, in five minutes.", "percentunit",
            [Query(queries.cluster(f"{names.ERRORS}5m", only), BY_CLUSTER)],
            not_above(failing_share(goal)),
        )  # fmt: skip
    for (latency, percentile), only in _groups(family, _latency):
        yield lines(
            f"Latency P{percentile}, at most {latency} s{_of(only)}",
            "What callers wait for, by the percentile of the objective.", "s",
            [Query(queries.cluster(names.LATENCY, only),
                   BY_CLUSTER)],
            not_above(latency),
        )  # fmt: skip


def _model(family: ShownFamily, queries: Queries) -> Iterator[Json]:
    for goal, only in _groups(family, lambda cluster: cluster.accuracy):
        yield lines(
            f"Accuracy, baseline {goal}{_of(only)}",
            "The metric that the spec names for the model's accuracy.", "none",
            [Query(queries.cluster(names.ACCURACY, only), BY_CLUSTER)],
            not_below(goal),
        )  # fmt: skip
    for goal, only in _groups(family, lambda cluster: cluster.drift):
        yield lines(
            f"Feature drift, at most {goal}{_of(only)}",
            "The metric that the spec names for the drift of features.", "none",
            [Query(queries.cluster(names.DRIFT, only), BY_CLUSTER)],
            not_above(goal),
        )  # fmt: skip


def _resources(queries: Queries) -> Iterator[Json]:
    for title, unit, used in (
        ("CPU by version", "none", names.VERSION_CPU),
        ("Memory by version", "bytes", names.VERSION_MEMORY),
    ):
        yield lines(title, "All pods of a version.", unit, _by_version(queries, used))


def _by_version(queries: Queries, series: str) -> list[Query]:
    return [Query(queries.version(series), BY_VERSION)]


def _latency(cluster: ShownCluster) -> tuple[str, str] | None:
    if cluster.latency is None or cluster.percentile is None:
        return None
    return cluster.latency, cluster.percentile


def _groups(
    family: ShownFamily, goal: Callable[[ShownCluster], Goal | None]
) -> Iterable[Group[Goal]]:
    """Each distinct objective of the clusters, in their order, with the clusters that have it.

    No clusters are named where all have the same one: a new cluster then changes nothing.
    """
    groups: dict[Goal, list[str]] = {}
    for cluster in family.clusters:
        if (wanted := goal(cluster)) is not None:
            groups.setdefault(wanted, []).append(cluster.name)
    for wanted, members in groups.items():
        yield wanted, () if len(members) == len(family.clusters) else tuple(members)


def _of(clusters: tuple[str, ...]) -> str:
    """Which clusters a panel is about, for its title; nothing where it is about all."""
    if not clusters:
        return ""
    more = len(clusters) - _NAMED
    return ": " + ", ".join(clusters[:_NAMED]) + (f" and {more} more" if more > 0 else "")
