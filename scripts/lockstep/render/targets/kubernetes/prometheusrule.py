"""The PrometheusRules of a cluster: what is recorded of each version and of the cluster, alerts.

One object a version goes when its version goes. The declared weights have an object of their own,
a few lines long, because a shift changes them together with the routes.
"""

from decimal import Decimal
from functools import partial

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.alerting import alerts, recordings
from lockstep.render.alerting import series as names
from lockstep.render.alerting.alerts import Alerting
from lockstep.render.alerting.recordings import Subject
from lockstep.render.fields import Fields
from lockstep.render.names import BASE_LIMIT, object_name, versioned_name
from lockstep.render.observability import read_links, read_objective, read_operator_labels
from lockstep.render.promql import series
from lockstep.render.shifted import WEIGHTS
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    NAME,
    NAMESPACE,
    OPERATOR,
    TENANT,
    expected_metadata,
    metadata,
    metadata_origins,
    service_host,
)
from lockstep.render.targets.origins import (
    Origin,
    Origins,
    OriginTree,
    in_environment,
    in_spec,
    in_variants,
)
from lockstep.render.view import ClusterView, Running
from lockstep.spec.variants import role_versions
from lockstep.text.promql import filled

_OWN = ("observability",)
_HERE = ("spec", *_OWN)
LABELS: dict[str, OriginTree] = {
    "lockstep_environment": ENVIRONMENT,
    "lockstep_family": FAMILY,
    "lockstep_cluster": NAME,
    "lockstep_region": in_spec("region"),
    "namespace": NAMESPACE,
}
"""The origins of the labels of every series of a cluster."""
RUNBOOKS = in_environment("spec", "observability", "runbooks")
_SLUG = "v[0-9]+(-[0-9a-f]{8})?"
"""The slugs of all versions, those that git does not know included (see ``version_slug``)."""

_BY_BUCKET = 15
"""Points by which a share of requests may differ from a share of buckets."""


def read_rules(fields: Fields, environment: Environment) -> dict[str, Json]:
    """What the rules of a cluster need, as ``rules``; nothing where nobody watches.

    Raises Unrenderable.
    """
    labels = read_operator_labels(environment)
    if not labels:
        return {}
    rules: dict[str, Json] = {"labels": labels, "alerts": [], "experiments": _experiments(fields)}
    if fields.has(*_HERE, "alerts"):
        count = len(fields.items(*_HERE, "alerts"))
        rules["alerts"] = sorted(fields.text(*_HERE, "alerts", i) for i in range(count))
    rules |= _read_objectives(fields)
    for name, bound in (("accuracy", "baseline"), ("drift", "max")):
        if fields.has(*_HERE, name):
            rules[name] = _read_metric(fields, environment, name)
            rules[name]["bound"] = fields.number(*_HERE, name, bound)
    return {"rules": {**rules, **read_links(environment, fields)}}


def _experiments(fields: Fields) -> list[str]:
    """The versions that only arms of experiments serve; a role without weight counts, too."""
    variants = fields.items("spec", "variants")
    return sorted({v["version"] for v in variants} - role_versions(variants))


def _read_objectives(fields: Fields) -> dict[str, Json]:
    """The objective; percentile and latency only together, the percentile as a share."""
    slo = read_objective(fields)
    found: dict[str, Json] = {}
    if "availability" in slo:
        found["availability"] = slo["availability"]
    if "latency" in slo and "percentile" in slo:
        share = Decimal(slo["percentile"]) / 100
        if not 0 < share < 1:
            fields.fail(
                (*_HERE, "slo", "percentile"), "render.input",
                "no request is beyond this percentile", "write a number below 100, such as 99",
            )  # fmt: skip
        found |= {"latency": slo["latency"], "percentile": f"{share.normalize():f}"}
    return found


def _read_metric(fields: Fields, environment: Environment, name: str) -> dict[str, Json]:
    """The metric that a spec names, and the selector of its series, placeholders replaced."""
    here = (*_HERE, name)
    metric = fields.text(*here, "metric")
    segment = ("spec", "segment", "name")
    places = {
        "environment": environment.name,
        "cluster": fields.text("metadata", "name"),
        "region": fields.text("spec", "region"),
        "namespace": fields.text("spec", "namespace"),
        "segment": fields.text(*segment) if fields.has(*segment) else "",
        "workload": "", "version": "",
    }  # fmt: skip
    try:
        labels = fields.texts(*here, "labels")
        chosen = {label: filled(labels[label], places, quote=False) for label in sorted(labels)}
        return {"metric": metric, "selector": series(metric, chosen), "labels": list(chosen)}
    except ValueError as error:
        fields.fail(
            here, "render.input", f"no series can be selected: {error}",
            "write names that Prometheus knows, and placeholders that have a value here",
        )  # fmt: skip


def _files(view: ClusterView) -> Files:
    """One for the cluster, one for the weights and one for each version."""
    rules = view.observability.get("rules")
    if rules is None:
        return
    operator = sorted(rules["labels"].items())
    own = _of_cluster(view)
    whole = {**metadata(view), "operator": operator, "groups": [("cluster", own)]}
    origins = partial(_cluster_origins, view, own)
    yield ManifestFile("prometheusrule.yaml", whole, expected(whole), origins)
    declared = [
        recordings.weight_rule(each.weight, _version_labels(view, each)) for each in view.running
    ]
    weights = {**metadata(view), "operator": operator, "groups": [("weights", declared)]}
    weights["name"] = object_name(view.name, "weights")
    origins = partial(_weight_origins, view)
    yield ManifestFile(WEIGHTS, weights, expected(weights), origins)
    for version in view.running:
        own = _of_version(view, version)
        context = {**metadata(view, version), "operator": operator, "groups": [("version", own)]}
        name = f"prometheusrule-{version.slug}.yaml"
        origins = partial(_version_origins, version, own)
        yield ManifestFile(name, context, expected(context), origins)


def series_labels(view: ClusterView) -> dict[str, str]:
    """The labels of every series of a cluster."""
    own = names.cluster_labels(view.environment, view.family, view.name, view.region)
    return {**own, "namespace": view.namespace}


def _version_labels(view: ClusterView, version: Running) -> dict[str, str]:
    arm = version.version in view.observability["rules"]["experiments"]
    return {
        **series_labels(view),
        "lockstep_version": version.version,
        "lockstep_experiment": "true" if arm else "false",
    }


def _of_version(view: ClusterView, version: Running) -> list[names.Rule]:
    workload = versioned_name(view.name, version.slug)
    labels = {
        "lockstep_environment": view.environment,
        "lockstep_cluster": view.name,
        "lockstep_version": version.version,
    }
    versions = f"{object_name(view.name, limit=BASE_LIMIT)}-{_SLUG}"
    return recordings.version_rules(Subject(workload, view.namespace, labels), versions)


def _of_cluster(view: ClusterView) -> list[names.Rule]:
    given, cluster = view.observability["rules"], alerting_of(view).cluster
    host, labels = service_host(view), series_labels(view)
    # The windows of burn rates cost the most, and mean something only against an objective.
    windows = recordings.WINDOWS if "availability" in given else ()
    recorded = recordings.cluster_rules(cluster, host, labels, windows, given.get("percentile"))
    named = ((names.ACCURACY, "accuracy", "min"), (names.DRIFT, "drift", "max"))
    recorded += [
        recordings.named_rule(record, function, given[name]["selector"], labels)
        for record, name, function in named
        if name in given
    ]
    return recorded + _alerts(view)


def alerting_of(view: ClusterView) -> Alerting:
    """What all alerts of a cluster share."""
    # Two labels name it; the series have more.
    labels = {"lockstep_environment": view.environment, "lockstep_cluster": view.name}
    cluster = Subject(object_name(view.name), view.namespace, labels)
    rules = view.observability["rules"]
    return Alerting(cluster, view.tenant, rules.get("dashboard"), rules.get("runbooks"))


def _alerts(view: ClusterView) -> list[names.Rule]:
    """Those of the kinds that the spec lists, and of the metrics that it names."""
    rules, given = view.observability["rules"], alerting_of(view)
    found: list[names.Rule] = []
    if "burn-rate" in rules["alerts"] and "availability" in rules:
        found += alerts.burn_rates(given, rules["availability"])
    if "latency" in rules["alerts"] and "latency" in rules:
        found.append(alerts.latency(given, rules["latency"], rules["percentile"]))
    if "drift" in rules["alerts"]:
        found.append(alerts.weights(given, _tolerance(view)))
    if "accuracy" in rules:
        found.append(alerts.accuracy(given, rules["accuracy"]["bound"]))
    if "drift" in rules:
        found.append(alerts.drift(given, rules["drift"]["bound"]))
    if not found:
        return []
    records = {"accuracy": names.ACCURACY, "drift": names.DRIFT}
    named = {record: rules[name]["metric"] for name, record in records.items() if name in rules}
    return found + alerts.missing(given, service_host(view), named)


def _tolerance(view: ClusterView) -> int | None:
    """In points, where requests are dealt by buckets.

    Requests without a bucket never reach an arm that learns, so all of its share can be missing.
    """
    if "bucketHeader" not in view.traffic:
        return None
    return min(_BY_BUCKET + sum(each.weight for each in view.running if each.learners), 100)


def expected(context: Context) -> dict[str, Expected]:
    """What must hold of the object of a context: these rules and no others.

    An alert that a template adds or loosens would not be that of the spec.
    """
    groups = [{"name": name, "rules": rules} for name, rules in context["groups"]]
    meant = {**context, "labels": [*context["labels"], *context["operator"]]}
    return {"metadata": expected_metadata(meant, wave=2), "spec": {"groups": groups}}


def _group_origins(group: str, rules: list[OriginTree], version: Running | None = None) -> Origins:
    return {
        **metadata_origins(version),
        "operator": OPERATOR,
        "groups": {group: (None, tuple(rules))},
    }


def _cluster_origins(view: ClusterView, rules: list[names.Rule]) -> Origins:
    return _group_origins("cluster", [_rule_origins(view, rule) for rule in rules])


def _version_origins(version: Running, rules: list[names.Rule]) -> Origins:
    origin = NAME + in_variants(version.version, "version") + NAMESPACE + ENVIRONMENT
    return _group_origins("version", [{"expr": origin} for _ in rules], version)


def _weight_origins(view: ClusterView) -> Origins:
    rules: list[OriginTree] = []
    for version in view.running:
        chosen = in_variants(version.version, "version")
        weight = in_variants(version.version, "weight")
        rules.append({"expr": weight, "labels": {**LABELS, "lockstep_version": chosen}})
    return _group_origins("weights", rules)


def _rule_origins(view: ClusterView, rule: names.Rule) -> OriginTree:
    """The values of specs that a rule of the cluster is made of; the texts have its bounds."""
    name = str(rule.get("record") or rule["alert"])
    slo = (*_OWN, "slo")
    bounds = {
        names.LATENCY: in_spec(*slo, "percentile"),
        "LockstepLatencyOverObjective": in_spec(*slo, "latency") + in_spec(*slo, "percentile"),
        "LockstepAccuracyBelowBaseline": in_spec(*_OWN, "accuracy", "baseline"),
        "LockstepFeatureDrift": in_spec(*_OWN, "drift", "max"),
    }
    bounds |= {burn.name: in_spec(*slo, "availability") for burn in alerts.BURNS}
    bound = text = bounds.get(name)
    expression = NAME + ENVIRONMENT + NAMESPACE
    metric = None
    if name == alerts.WEIGHTS:
        bound = _tolerance_origin(view)
    elif name == alerts.MISSING and rule["labels"] == alerts.of_requests(view.tenant):
        text = NAME + NAMESPACE
    elif named := next((n for n in ("accuracy", "drift") if _names(rule, n, view)), None):
        metric = text = in_spec(*_OWN, named, "metric")
        if "record" in rule:
            # The labels can have placeholders, which are the cluster's.
            expression = metric + expression + in_spec("region")
            for label in view.observability["rules"][named]["labels"]:
                expression += in_spec(*_OWN, named, "labels", label)
    return {
        "expr": expression + bound if bound else expression,
        "labels": {**LABELS, "lockstep_tenant": TENANT, "lockstep_metric": metric},
        "annotations": {
            "description": text,
            "dashboard": in_spec(*_OWN, "dashboard"),
            "runbook": RUNBOOKS,
        },
    }


def _names(rule: names.Rule, name: str, view: ClusterView) -> bool:
    """Whether a rule is about the metric that the spec names as this."""
    record = {"accuracy": names.ACCURACY, "drift": names.DRIFT}[name]
    missing = rule.get("alert") == alerts.MISSING and f" {record}{{" in str(rule["expr"])
    return name in view.observability["rules"] and (rule.get("record") == record or missing)


def _tolerance_origin(view: ClusterView) -> Origin:
    """The header of the buckets, and of arms that learn the weight and the terms."""
    origin = in_spec("traffic", "bucketHeader")
    for running in view.running:
        origin += in_variants(running.version, "weight")
        for arm in running.learners:
            origin += in_spec("experiments", arm, "learnsFrom")
    return origin


COMPONENT = Component(
    "prometheusrule", ObjectKind("monitoring.coreos.com/v1", "PrometheusRule"), _files
)
