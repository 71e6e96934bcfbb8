"""Kubernetes' API on loopback, as far as it is read: discovery, lists in pages, single objects."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from tests.unit.json_server import JsonServer, Reply, Request, json_server

Object = dict[str, Any]

RESOURCES = {
    "v1": {
        "ConfigMap": "configmaps",
        "LimitRange": "limitranges",
        "Namespace": "namespaces",
        "ResourceQuota": "resourcequotas",
        "Secret": "secrets",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {"Deployment": "deployments"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "networking.istio.io/v1": {
        "DestinationRule": "destinationrules",
        "VirtualService": "virtualservices",
    },
    "networking.k8s.io/v1": {"NetworkPolicy": "networkpolicies"},
    "security.istio.io/v1": {"AuthorizationPolicy": "authorizationpolicies"},
    "monitoring.coreos.com/v1": {
        "PodMonitor": "podmonitors",
        "PrometheusRule": "prometheusrules",
    },
    "monitoring.coreos.com/v1alpha1": {"AlertmanagerConfig": "alertmanagerconfigs"},
    "opentelemetry.io/v1alpha1": {"Instrumentation": "instrumentations"},
    "datadoghq.com/v1alpha1": {"DatadogMonitor": "datadogmonitors"},
    "external-secrets.io/v1": {"ExternalSecret": "externalsecrets"},
    "keda.sh/v1alpha1": {"ScaledObject": "scaledobjects"},
    "argoproj.io/v1alpha1": {"Application": "applications", "AppProject": "appprojects"},
}


class KubernetesApi:
    """Answers from ``objects``; ``faults`` has the reply for a resource that does not work."""

    def __init__(self, objects: Sequence[Object] = (), page: int = 3) -> None:
        self.objects = list(objects)
        self.page = page
        self.token = ""
        self.resources = {version: dict(kinds) for version, kinds in RESOURCES.items()}
        self.faults: dict[str, Callable[[], Reply]] = {}

    def __call__(self, request: Request) -> Reply:
        given = {name.lower(): value for name, value in request.headers.items()}.get(
            "authorization"
        )
        if self.token and given != f"Bearer {self.token}":
            return status(401, f"no access for {given}")
        parts = [unquote(part) for part in request.path.split("/")[1:]]
        version, rest = (parts[1], parts[2:]) if parts[0] == "api" else (
            "/".join(parts[1:3]), parts[3:],
        )  # fmt: skip
        kinds = self.resources.get(version)
        if kinds is None:
            return status(404, "the server could not find the requested resource")
        if not rest:
            named = [(plural, kind) for kind, plural in kinds.items()]
            parts_of = [(f"{plural}/status", kind) for plural, kind in named]
            listed = [
                {"name": name, "kind": kind, "namespaced": kind != "Namespace"}
                for name, kind in (*named, *parts_of)
            ]
            return Reply({"resources": listed})
        name = None
        if rest[0] == "namespaces" and len(rest) == 2:
            rest, name = ["namespaces"], ("", rest[1])
        elif rest[0] == "namespaces" and len(rest) == 4:
            rest, name = [rest[2]], (rest[1], rest[3])
        if rest[0] in self.faults:
            return self.faults[rest[0]]()
        kind = next(kind for kind, plural in kinds.items() if plural == rest[0])
        group = version.rpartition("/")[0]
        found = [
            each
            for each in self.objects
            if each["kind"] == kind and each["apiVersion"].rpartition("/")[0] == group
        ]
        return self._one(found, name) if name else self._listed(found, request.query)

    def _one(self, found: list[Object], name: tuple[str, str]) -> Reply:
        for each in found:
            metadata = each["metadata"]
            if (metadata.get("namespace", ""), metadata["name"]) == name:
                return Reply(each)
        return status(404, f"{name[1]} not found")

    def _listed(self, found: list[Object], query: dict[str, str]) -> Reply:
        chosen = [each for each in found if selects(query["labelSelector"], each)]
        start = int(query.get("continue", 0))
        items = [
            {key: value for key, value in each.items() if key not in ("apiVersion", "kind")}
            for each in chosen[start : start + self.page]
        ]
        more = str(start + self.page) if start + self.page < len(chosen) else ""
        return Reply({"items": items, "metadata": {"continue": more}})


def selects(selector: str, each: Object) -> bool:
    """Whether a selector of equalities and one list selects an object."""
    labels = each["metadata"].get("labels", {})
    head, _, names = selector.partition(" in (")
    values, _, tail = names.partition(")")
    listed = head.rpartition(",")
    wanted = dict(part.split("=") for part in (listed[0] + tail).split(",") if part)
    return labels.get(listed[2]) in values.split(",") and all(
        labels.get(key) == value for key, value in wanted.items()
    )


def status(code: int, message: str) -> Reply:
    """A refusal, as the API words it."""
    return Reply({"kind": "Status", "status": "Failure", "message": message, "code": code}, code)


@contextmanager
def serving(api: KubernetesApi) -> Iterator[JsonServer]:
    """The API at an address of loopback until the end of the block."""
    with json_server(api) as server:
        yield server


def kubeconfig(servers: dict[str, str], token: str = "") -> str:
    """A kubeconfig with a context for each server by its name."""
    return json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "",
        "clusters": [{"name": n, "cluster": {"server": url}} for n, url in servers.items()],
        "users": [{"name": "reader", "user": {"token": token} if token else {}}],
        "contexts": [
            {"name": n, "context": {"cluster": n, "user": "reader"}} for n in servers
        ],
    })  # fmt: skip
