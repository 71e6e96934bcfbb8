"""The DatadogMonitors of a cluster, one for each objective, and the tags of its pods.

They measure what Datadog's integration of Istio collects, as callers see it: what never reaches a
pod counts too. Names and tags: https://docs.datadoghq.com/integrations/istio/

Only DNS labels, numbers and handles get into queries and messages: none has a brace, with which
a template of Datadog begins.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.alerting.alerts import BURNS, MOST_FAILING
from lockstep.render.alerting.series import GRPC_FAULTS
from lockstep.render.fields import Fields
from lockstep.render.names import label_value, object_name
from lockstep.render.observability import read_objective
from lockstep.render.promql import seconds
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    NAME,
    NAMESPACE,
    TENANT,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.kubernetes.paging import ROUTE_WAVE
from lockstep.render.targets.origins import (
    Origin,
    Origins,
    OriginTree,
    in_environment,
    in_spec,
    in_variants,
)
from lockstep.render.view import ClusterView, Running

_HERE = ("spec", "observability", "datadog")
_LATENCY = ("spec", "observability", "slo", "latency")

_FAST_BURN = BURNS[0].factor
"""A burn that uses up 2 percent of a month's error budget in an hour."""

_FAULTS = ("response_code:5*", *(f"grpc_response_status:{status}" for status in GRPC_FAULTS))
"""Requests that failed by the server's fault."""


class _Monitor(NamedTuple):
    """One monitor: the suffix of its name, what it says, its query, and its threshold."""

    suffix: str
    summary: str
    query: str
    threshold: str
    priority: int
    objective: Origin


def read_datadog(fields: Fields, environment: Environment) -> dict[str, Json]:
    """``datadog``: whom monitors notify, and the objectives of the cluster that they measure.

    Empty where the environment has no Datadog. Raises Unrenderable.
    """
    written = Fields(environment.document)
    if not written.has(*_HERE):
        return {}
    items = written.items(*_HERE, "notify")
    found: dict[str, Json] = {
        "notify": [written.text(*_HERE, "notify", index) for index, _ in enumerate(items)]
    }
    found |= read_objective(fields)
    if "latency" in found:
        # As it is written, for people who read the message.
        found["latency"] = fields.text(*_LATENCY)
    return {"datadog": found}


def datadog_tags(view: ClusterView, version: Running) -> dict[str, str]:
    """The labels that Datadog makes its three tags of; none where it watches nothing."""
    if "datadog" not in view.observability:
        return {}
    return {
        "tags.datadoghq.com/env": label_value(view.environment),
        "tags.datadoghq.com/service": object_name(view.name),
        "tags.datadoghq.com/version": label_value(version.version),
    }


def datadog_origins(version: Running) -> dict[str, OriginTree]:
    """The origins of ``datadog_tags``."""
    return {
        "tags.datadoghq.com/env": ENVIRONMENT,
        "tags.datadoghq.com/service": NAME,
        "tags.datadoghq.com/version": in_variants(version.version, "version"),
    }


def _files(view: ClusterView) -> Files:
    """One for each objective, where the environment has Datadog."""
    datadog = view.observability.get("datadog")
    for monitor in _monitors(view, datadog) if datadog is not None else ():
        own = metadata(view)
        context = {
            **own,
            "name": object_name(view.name, monitor.suffix),
            "title": f"{view.name} in {view.environment}: {monitor.suffix}",
            "message": f"{monitor.summary} {' '.join(datadog['notify'])}",
            "query": f"{monitor.query} > {monitor.threshold}",
            "threshold": monitor.threshold,
            "priority": monitor.priority,
            "tags": _tags(view),
        }
        name = f"datadogmonitor-{monitor.suffix}.yaml"
        origins = partial(_origins, monitor.objective)
        yield ManifestFile(name, context, _expected(context), origins)


def _monitors(view: ClusterView, datadog: Json) -> Iterator[_Monitor]:
    scope = _scope(view)
    if "availability" in datadog:
        budget = (100 - Decimal(datadog["availability"])) / 100
        failed = f"{scope} AND ({' OR '.join(_FAULTS)})"
        yield _Monitor(
            "errors",
            f"Requests to {view.name} fail so often that 2% of a month's error budget is used up "
            f"in an hour; {datadog['availability']}% have to succeed.",
            f"sum(last_1h):sum:istio.mesh.request.count{{{failed}}}.as_count() / "
            f"sum:istio.mesh.request.count{{{scope}}}.as_count()",
            _number(min(budget * _FAST_BURN, MOST_FAILING)),
            1,
            in_spec("observability", "slo", "availability"),
        )
    if "latency" in datadog and "percentile" in datadog:
        percentile = _number(Decimal(datadog["percentile"]))
        yield _Monitor(
            "latency",
            f"Requests to {view.name} are slow: {percentile}% have to be answered within "
            f"{datadog['latency']}.",
            f"percentile(last_10m):p{percentile}:istio.mesh.request.duration.milliseconds{{{scope}}}",
            _number(Decimal(seconds(datadog["latency"])) * 1000),
            2,
            in_spec("observability", "slo", "latency")
            + in_spec("observability", "slo", "percentile"),
        )


def _scope(view: ClusterView) -> str:
    """The requests to the cluster's Service, as its callers' proxies count them.

    The integration leaves out ``destination_service``, the name and the namespace in one.
    """
    tags = {
        "env": label_value(view.environment),
        "reporter": "source",
        "destination_service_name": object_name(view.name),
        "destination_service_namespace": view.namespace,
    }
    return " AND ".join(f"{tag}:{value}" for tag, value in tags.items())


def _tags(view: ClusterView) -> list[str]:
    return [
        f"env:{label_value(view.environment)}",
        f"service:{object_name(view.name)}",
        f"team:{label_value(view.tenant)}",
        f"lockstep_family:{label_value(view.family)}",
    ]


def _number(value: Decimal) -> str:
    """A number without exponent and without zeros at its end."""
    return f"{value.normalize():f}"


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=ROUTE_WAVE),
        "spec": {
            "name": context["title"],
            "message": context["message"],
            "type": "query alert",
            "query": context["query"],
            "priority": FREE,
            "tags": list(context["tags"]),
            # Datadog's operator would write a tag of its own into the object, and Argo CD take
            # it away again, for ever.
            "controllerOptions": {"disableRequiredTags": True},
            "options": {
                **dict.fromkeys(("evaluationDelay", "renotifyInterval"), FREE),
                "includeTags": FREE,
                "notifyNoData": FREE,
                "requireFullWindow": False,
                "thresholds": {"critical": context["threshold"]},
            },
        },
    }


def _origins(objective: Origin) -> Origins:
    return {
        **metadata_origins(),
        "name": NAME,
        "title": NAME + ENVIRONMENT,
        "message": in_environment(*_HERE, "notify") + NAME + objective,
        "query": objective + NAME + NAMESPACE + ENVIRONMENT,
        "threshold": objective,
        "tags": (ENVIRONMENT, NAME, TENANT, FAMILY),
    }


COMPONENT = Component(
    "datadogmonitor", ObjectKind("datadoghq.com/v1alpha1", "DatadogMonitor"), _files
)
