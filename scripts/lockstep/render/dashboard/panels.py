"""The kinds of panels that a dashboard has: plain values in the form that Grafana reads.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lockstep.model.document import Json
from lockstep.render.dashboard.shown import as_number

DATA_SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}

BY_VERSION = "{{lockstep_cluster}} {{lockstep_version}}"
BY_CLUSTER = "{{lockstep_cluster}}"

_GOOD, _WARNING, _BAD = "green", "orange", "red"


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a panel and the name of its lines, in which Grafana replaces labels."""

    expr: str
    legend: str


def not_above(limit: str | Decimal) -> Json:
    """Thresholds of a value that is bad from ``limit`` on."""
    return _steps((_GOOD, None), (_BAD, as_number(limit)))


def not_below(limit: str | Decimal) -> Json:
    """Thresholds of a value that is bad below ``limit``."""
    return _steps((_BAD, None), (_GOOD, as_number(limit)))


def lines(
    title: str, why: str, unit: str, queries: Sequence[Query], thresholds: Json = None
) -> Json:
    """A panel with lines over time; ``thresholds`` are drawn as dashed lines.

    The second query and all later ones are dashed, so that they differ from the first.
    """
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": {
            "fillOpacity": 0,
            "lineWidth": 2,
            "showPoints": "never",
            "thresholdsStyle": {"mode": "dashed" if thresholds else "off"},
        },
        "thresholds": thresholds or _steps((_GOOD, None)),
        "unit": unit,
    }
    targets = _targets(queries)
    return {
        **_panel("timeseries", title, why),
        "fieldConfig": {"defaults": defaults, "overrides": [_dashed(t) for t in targets[1:]]},
        "options": {
            "legend": {
                "calcs": ["lastNotNull"], "displayMode": "table", "placement": "bottom",
                "showLegend": True,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [{**target, "range": True} for target in targets],
    }  # fmt: skip


def numbers(title: str, why: str, unit: str, queries: Sequence[Query], thresholds: Json) -> Json:
    """A panel with the newest number of each series, coloured by its thresholds."""
    return {
        **_panel("stat", title, why),
        "fieldConfig": {
            "defaults": {
                "color": {"mode": "thresholds"}, "thresholds": thresholds, "unit": unit,
            },
            "overrides": [],
        },
        "options": {
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "showPercentChange": False,
            "textMode": "value_and_name",
            "wideLayout": True,
        },
        "targets": [{**target, "instant": True} for target in _targets(queries)],
    }  # fmt: skip


def matrix(title: str, why: str, unit: str, expr: str, row: str, column: str) -> Json:
    """A table of the newest numbers: a row and a column for each value of these two labels."""
    defaults = {
        "color": {"mode": "thresholds"},
        "custom": {
            "align": "auto",
            "cellOptions": {"mode": "basic", "type": "color-background"},
            "inspect": False,
        },
        "thresholds": _steps(("transparent", None), ("blue", 0)),
        "unit": unit,
    }
    query = {"expr": expr, "format": "table", "instant": True, "refId": "A"}
    pivot = {"columnField": column, "emptyValue": "null", "rowField": row, "valueField": "Value"}
    return {
        **_panel("table", title, why),
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"cellHeight": "sm", "frameIndex": 0, "showHeader": True},
        "targets": [query],
        "transformations": [{"id": "groupingToMatrix", "options": pivot}],
    }


def allowed_versions(skew: int) -> Json:
    """Thresholds of the number of versions that serve: one is best, a rollout has more."""
    rollout = ((_WARNING, 2),) if skew else ()
    return _steps((_GOOD, None), *rollout, (_BAD, skew + 2))


def budget_left() -> Json:
    """Thresholds of the share of an error budget that is left."""
    return _steps((_BAD, None), (_WARNING, 0), (_GOOD, 0.25))


def _panel(kind: str, title: str, why: str) -> dict[str, Json]:
    return {"type": kind, "title": title, "description": why, "datasource": DATA_SOURCE}


def _targets(queries: Sequence[Query]) -> list[dict[str, Json]]:
    return [
        {"expr": query.expr, "legendFormat": query.legend, "refId": _letters(index)}
        for index, query in enumerate(queries)
    ]


def _letters(index: int) -> str:
    """A, B ... Z, AA: as Grafana names queries."""
    more, letter = divmod(index, 26)
    return (_letters(more - 1) if more else "") + chr(ord("A") + letter)


def _dashed(target: Json) -> Json:
    style = {"id": "custom.lineStyle", "value": {"dash": [6, 6], "fill": "dash"}}
    return {
        "matcher": {"id": "byFrameRefID", "options": target["refId"]},
        "properties": [style],
    }


def _steps(*steps: tuple[str, float | None]) -> Json:
    return {
        "mode": "absolute",
        "steps": [{"color": color, "value": value} for color, value in steps],
    }
