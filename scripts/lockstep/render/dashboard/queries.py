"""PromQL of a dashboard, over the series that the rendered rules record.

Each result has one series for each cluster, or for each version of one: ``max by`` leaves out what
a Prometheus that sees all regions adds to the labels, and counts no replica of one twice.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from lockstep.render.alerting import series as names
from lockstep.text.promql import label_matcher, one_of, selector

OF_CLUSTER = "lockstep_region, lockstep_cluster"
OF_VERSION = f"{OF_CLUSTER}, lockstep_version"

_BUDGET_WINDOW = "30d"
_STEP = "$__interval"
"""Grafana puts the distance of two points here."""


class Queries:
    """The queries on one family of one environment.

    The names are values of specs, and written as values only. Grafana puts what a person chooses
    in place of ``$region``, ``$cluster`` and ``$version``.
    """

    def __init__(self, environment: str, family: str) -> None:
        self._family = {"lockstep_environment": environment, "lockstep_family": family}

    def version(self, series: str, offset: str = "") -> str:
        """A series of each version that is chosen, as it was an ``offset`` ago."""
        chosen = self.select(series, {**_CHOSEN_CLUSTERS, "lockstep_version": "$version"})
        then = f"{chosen} offset {offset}" if offset else chosen
        return f"max by ({OF_VERSION}) ({then})"

    def cluster(self, series: str, only: Sequence[str] = (), over: str = "") -> str:
        """A series of each cluster that is chosen; of these ones, where some are named.

        Each point is the newest sample, or the sum of those of a time that is named by ``over``.
        """
        selected = self.select(series, _CHOSEN_CLUSTERS)
        if only:
            # A label may be matched twice, and both must hold.
            named = label_matcher("lockstep_cluster", one_of(list(only)), "=~")
            selected = f"{selected.removesuffix('}')},{named}}}"
        value = f"sum_over_time({selected}[{over}])" if over else selected
        return f"max by ({OF_CLUSTER}) ({value})"

    def budget_left(self, failing: Decimal, only: Sequence[str] = ()) -> str:
        """The share of the error budget that is left of 30 days: 1 is all, below 0 is overdrawn.

        ``failing`` is the share of the requests that may fail.
        """
        failed, requests = (
            self.cluster(series, only, over=_BUDGET_WINDOW)
            for series in (names.FAILED, names.REQUESTS)
        )
        return f"1 - {failed} / ({requests} > 0) / {failing:f}"

    def serving(self) -> str:
        """The share of each version in its cluster's traffic now, named by region and cluster.

        Of the whole family, whatever is chosen: a filter must not hide the version that differs.
        """
        live = f"max by ({OF_VERSION}) ({self.select(names.LIVE, {})}) > 0"
        return f'label_join({live}, "where", " / ", "lockstep_region", "lockstep_cluster")'

    def versions(self) -> str:
        """How many versions of the family have traffic."""
        return f"max({self.select(names.FAMILY_VERSIONS, {})})"

    def moves(self) -> str:
        """1 where a version's declared weight has grown since the last point, with the new one.

        A version that is new in its cluster grows from nothing; a cluster that is new does not, nor
        does one whose Prometheus has just come back.
        """
        now, before = self.version(names.WEIGHT), self.version(names.WEIGHT, _STEP)
        new = f"({now} * 0 and on ({OF_CLUSTER}) {before})"
        return f'count_values by ({OF_VERSION}) ("weight", {now} > ({before} or {new}))'

    def select(self, series: str, patterns: Mapping[str, str]) -> str:
        """The family's series of one name whose labels match the patterns."""
        return selector(series, self._family, patterns)


_CHOSEN_CLUSTERS = {"lockstep_region": "$region", "lockstep_cluster": "$cluster"}
