"""What a person chooses above a dashboard, and the marks across its panels."""

from lockstep.model.document import Json
from lockstep.render.alerting import series as names
from lockstep.render.dashboard.panels import DATA_SOURCE
from lockstep.render.dashboard.queries import Queries

_ALL = "$__all"
_ON_TIME_RANGE = 2
_BY_NAME = 7
"""Grafana's sort order natural, ascending: 9 comes before 10."""
_LABEL_VALUES = 1
"""Grafana's number of the query ``label_values``."""


def variables(queries: Queries) -> Json:
    """The data source, and what the panels can be narrowed to: regions, clusters, versions."""
    region = {"lockstep_region": "$region"}
    cluster = {**region, "lockstep_cluster": "$cluster"}
    data_source = {
        "label": "Data source",
        "name": "datasource",
        "query": "prometheus",
        "type": "datasource",
    }
    return {
        "list": [
            data_source,
            _choice("region", "Region", queries.select(names.WEIGHT, {})),
            _choice("cluster", "Cluster", queries.select(names.WEIGHT, region)),
            # Of those that get requests: one that git does not name is the one to see.
            _choice("version", "Version", queries.select(names.VERSION_REQUESTS, cluster)),
        ]
    }


def annotations(queries: Queries) -> Json:
    """A mark where a version was given more traffic: a step, a promotion or a rollback."""
    return {
        "list": [
            {
                "datasource": DATA_SOURCE,
                "enable": True,
                "iconColor": "blue",
                "name": "Decisions",
                "tagKeys": "lockstep_region,lockstep_cluster",
                "target": {"expr": queries.moves(), "interval": "1m", "refId": "Anno"},
                "textFormat": "Declared in git for {{lockstep_cluster}} in {{lockstep_region}}",
                "titleFormat": "Version {{lockstep_version}}: {{weight}} %",
            }
        ]
    }


def _choice(name: str, label: str, series: str) -> Json:
    return {
        # A pattern, so that the queries stay short with any number of values.
        "allValue": ".*",
        "current": {"text": "All", "value": _ALL},
        "datasource": DATA_SOURCE,
        "includeAll": True,
        "label": label,
        "multi": True,
        "name": name,
        "query": {
            "qryType": _LABEL_VALUES,
            "query": f"label_values({series}, lockstep_{name})",
            "refId": "PrometheusVariableQueryEditor-VariableQuery",
        },
        "refresh": _ON_TIME_RANGE,
        "sort": _BY_NAME,
        "type": "query",
    }
