"""Clusters with some of the fields that only some components read, and what they render to."""

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from lockstep.model.finding import Finding
from lockstep.render import RenderedFolder, render_cluster
from lockstep.render.provenance import FILE_NAME
from tests.unit.render import rendering
from tests.unit.render.rendering import STABLE, cluster, fleet_of, tree_of
from tests.unit.whole_fleets import render_fleet

NINETY = {**STABLE, "weight": 90}
TEN = {"name": "candidate", "version": "42", "weight": 10}
WARM = {"name": "previous", "version": "42", "weight": 0, "warm": True}
SERVICE = "fraud-eu.fraud.svc.cluster.local"
PROMETHEUS = "http://prometheus.monitoring.svc:9090"
KEDA = {"maxReplicas": 9, "requestsPerSecond": 50}
BREAKER = {"circuitBreaker": {"consecutiveErrors": 5, "ejectFor": "30s"}}
TENANT = {
    "name": "risk",
    "owner": "risk-ml@example.com",
    "namespaces": ["fraud"],
    "quota": {"cpu": "16", "memory": "32Gi"},
    "budget": 700,
}
SLO = {"availability": 99.9, "latency": "250ms", "percentile": 99}
ON_CALL = {"secret": "pagerduty-risk", "key": "routing-key"}
WATCHED = {
    "labels": {"release": "monitoring"},
    "namespace": "monitoring",
    "alertmanager": {"labels": {"alertmanager": "main"}},
    "openTelemetry": {"endpoint": "http://otel-collector.monitoring.svc:4318"},
    "datadog": {"notify": ["@pagerduty-models", "@slack-ml"]},
    "cost": {"currency": "EUR"},
}
"""Everything that can watch an environment."""
HPA = {"maxReplicas": 8, "cpu": 70}
TOKEN = {"store": "vault", "path": "ml/fraud", "key": "token"}

ALWAYS = {
    "application", "deployment", "destinationrule", "service", "serviceaccount", "virtualservice",
}  # fmt: skip
"""The components that every cluster has."""
OPTIONAL = {
    "externalsecret", "horizontalpodautoscaler", "poddisruptionbudget", "scaledobject",
    "alertmanagerconfig", "instrumentation", "datadogmonitor",
}  # fmt: skip
"""The components that only some specs bring."""


def known(files: Iterable[str]) -> list[str]:
    """These files without those of other components, so that a new one breaks no test."""
    names = {*ALWAYS, *OPTIONAL, FILE_NAME}
    return sorted(file for file in files if re.split("[-.]", file)[0] in names)


def to(subset: str, weight: int) -> dict[str, Any]:
    return {"destination": {"host": SERVICE, "subset": subset}, "weight": weight}


def serving(**more: Any) -> dict[str, Any]:
    """A cluster with a warm second version, and these fields in its serving."""
    whole = cluster(variants=[STABLE, WARM])
    whole["spec"]["serving"] |= more
    return whole


def access(**more: Any) -> dict[str, Any]:
    """A cluster with this access."""
    return cluster(access=more)


def identity(provider: str, principal: str) -> dict[str, Any]:
    """A cluster whose pods have this identity."""
    return access(identity={"provider": provider, "principal": principal})


def watched(spec: dict[str, Any]) -> rendering.Tree:
    """The tree of a cluster, in an environment with a Prometheus."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"]["prometheus"] = PROMETHEUS
    return {**tree_of(spec), "clusters/prod/environment.yaml": rendering.dump(whole)}


def observed(spec: dict[str, Any], **parts: Any) -> rendering.Tree:
    """The tree of a cluster, in an environment whose observability has these parts of WATCHED.

    A part that is True is that of WATCHED.
    """
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    parts = {name: WATCHED[name] if part is True else part for name, part in parts.items()}
    base = {name: WATCHED[name] for name in ("labels", "namespace")}
    whole["spec"] |= {"currency": "EUR", "observability": {**base, **parts}}
    return {**tree_of(spec), "clusters/prod/environment.yaml": rendering.dump(whole)}


def render_observed(spec: dict[str, Any], **parts: Any) -> RenderedFolder:
    """The folder of a cluster, in an environment whose observability has these parts."""
    environment, family = rendering.only_family(fleet_of(observed(spec, **parts)))
    return render_cluster(family.clusters[0], family, environment, rendering.templates())


def in_tenant(spec: dict[str, Any]) -> rendering.Tree:
    """The tree of a cluster, in an environment with its tenant."""
    whole: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    whole["spec"]["tenants"] = [TENANT]
    return {**tree_of(spec), "clusters/prod/environment.yaml": rendering.dump(whole)}


def render_watched(spec: dict[str, Any]) -> RenderedFolder:
    environment, family = rendering.only_family(fleet_of(watched(spec)))
    return render_cluster(family.clusters[0], family, environment, rendering.templates())


def pod_of(folder: RenderedFolder, version: str = "41") -> Any:
    return folder.manifests[f"deployment-v{version}.yaml"]["spec"]["template"]


def the_finding(tree: rendering.Tree) -> Finding:
    files, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert not [path for path in files if "/clusters/" in path]
    (finding,) = findings
    return finding


QUOTA: dict[str, Any] = {
    "region": "eu-west-1",
    "namespace": "fraud",
    "cpu": "8",
    "memory": "16Gi",
    "pods": 20,
}
"""The tenant's quota in the region of ``rendering.cluster``."""
