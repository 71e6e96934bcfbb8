"""The PrometheusRule of a family: version skew over all of its regions, where all are seen.

It has the template of the clusters' rules. Nothing in it depends on which versions there are.
"""

from lockstep.model.document import Json
from lockstep.model.fleet import Environment, Family
from lockstep.render.alerting import series as names
from lockstep.render.alerting.alerts import Alerting
from lockstep.render.alerting.recordings import Subject
from lockstep.render.alerting.skew import skew_rules
from lockstep.render.fields import Fields
from lockstep.render.observability import read_links, speaks_for
from lockstep.render.promql import duration
from lockstep.render.targets.base import Component, Files, ManifestFile
from lockstep.render.targets.kubernetes import prometheusrule
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    OPERATOR,
    TENANT,
    family_metadata,
    family_metadata_origins,
)
from lockstep.render.targets.origins import (
    Origins,
    OriginTree,
    in_cluster,
    in_environment,
    in_family,
)
from lockstep.render.view import FamilyView

_CONSISTENCY = ("spec", "consistency")
_DASHBOARD = ("spec", "observability", "dashboard")


def read_skew(family: Family, environment: Environment) -> dict[str, Json]:
    """What the alerts on skew need, as ``skew``; nothing where no cluster asks for them.

    Raises Unrenderable.
    """
    here = ("spec", "observability", "alerts")
    wanted = (
        "skew" in Fields(cluster).items(*here)
        for cluster in family.clusters
        if Fields(cluster).has(*here)
    )
    if not any(wanted):
        return {}
    fields, longest = Fields(family.document), (*_CONSISTENCY, "maxSkewDuration")
    try:
        given: dict[str, Json] = {"longest": duration(fields.text(*longest))}
    except ValueError as error:
        fields.fail(longest, "render.input", str(error), "write it like 24h")
    given["most"] = fields.integer(*_CONSISTENCY, "maxVersionSkew")
    return {"skew": {**given, **read_links(environment, speaks_for(family, "dashboard"))}}


def _files(view: FamilyView) -> Files:
    """One, where a cluster of the family asks for alerts on skew."""
    given = view.observability.get("skew")
    if given is None:
        return
    labels = {"lockstep_environment": view.environment, "lockstep_family": view.name}
    family = Subject(view.name, view.namespace, labels)
    clusters = [
        names.cluster_labels(view.environment, view.name, each.name, each.region)
        for each in view.clusters
    ]
    rules = skew_rules(
        Alerting(family, view.tenant, given.get("dashboard"), given.get("runbooks")),
        clusters, given["most"], given["longest"],
    )  # fmt: skip
    context = {
        **family_metadata(view),
        "operator": sorted(view.labels.items()),
        "groups": [("family", rules)],
    }
    expected = prometheusrule.expected(context)
    yield ManifestFile("prometheusrule.yaml", context, expected, _origins)


def _origins() -> Origins:
    namespace = in_environment("spec", "observability", "namespace")
    labels: dict[str, OriginTree] = {
        "lockstep_environment": ENVIRONMENT, "lockstep_family": FAMILY,
        "lockstep_tenant": TENANT, "namespace": namespace,
    }  # fmt: skip
    named = FAMILY + ENVIRONMENT
    most = in_family(*_CONSISTENCY, "maxVersionSkew")
    longest = in_family(*_CONSISTENCY, "maxSkewDuration")
    clusters = in_cluster("metadata", "name") + in_cluster("spec", "region")
    expressions = (named, named + most, named, named + clusters)
    texts = ((None, None), (most, None), (longest, longest), (None, None))
    rules: list[OriginTree] = [
        {
            "expr": expression,
            "for": hold,
            "labels": labels,
            "annotations": {
                "description": bound + named if bound else None,
                "dashboard": in_cluster(*_DASHBOARD),
                "runbook": prometheusrule.RUNBOOKS,
            },
        }
        for expression, (bound, hold) in zip(expressions, texts, strict=True)
    ]
    groups = {"family": (None, tuple(rules))}
    return {**family_metadata_origins(), "operator": OPERATOR, "groups": groups}


COMPONENT = Component("prometheusrule", prometheusrule.COMPONENT.kind, _files)
