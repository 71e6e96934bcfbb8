"""What is written before the parts start, and what is put into the cluster once it answers."""

import secrets
from collections.abc import Mapping
from typing import Any

from tests.lab.kubeconfig import new_kubeconfig, write_kubeconfig
from tests.lab.layout import Layout
from tests.lab.ports import HOST

ACCOUNT = "lockstep"
"""The account of Argo CD that may read applications and projects, and nothing else."""

READER = "reader"
"""The user of Kubernetes who may read everything and change nothing."""

ZONES = ("zone-a", "zone-b", "zone-c")
_NODES_OF_A_ZONE = 2

_IGNORED_KINDS = """\
- {apiGroups: ["", discovery.k8s.io], kinds: [Endpoints, EndpointSlice]}
- {apiGroups: [coordination.k8s.io], kinds: [Lease]}
- {apiGroups: [authentication.k8s.io, authorization.k8s.io], kinds: ["*"]}
- {apiGroups: [certificates.k8s.io], kinds: [CertificateSigningRequest]}
"""
"""As in the settings that Argo CD is installed with."""


def write_settings(layout: Layout, ports: Mapping[str, int]) -> None:
    """Write the kubeconfig files, tokens and passwords of a new lab."""
    tokens = {name: secrets.token_hex(32) for name in ("admin", READER)}
    for name, token in tokens.items():
        layout.write_secret(f"{name}.token", token)
    users = f'{tokens["admin"]},admin,admin,"system:masters"\n{tokens[READER]},{READER},{READER}\n'
    layout.write_secret("tokens.csv", users)
    password = secrets.token_hex(32)
    layout.write_secret("redis.password", password)
    layout.write_secret(
        "redis.conf",
        f'bind {HOST}\nport {ports["redis"]}\nsave ""\nappendonly no\ndir {layout.home}\n'
        f"logfile {layout.log('redis')}\nrequirepass {password}\n",
    )
    authority = layout.authority.read_bytes()
    config = new_kubeconfig(f"https://{HOST}:{ports['kubernetes']}", authority, tokens["admin"])
    write_kubeconfig(layout.kubeconfig, config)
    write_kubeconfig(layout.secrets / "parts.kubeconfig", config)


def first_objects() -> list[dict[str, Any]]:
    """What every lab has: nodes in three zones, a user who may only read, Argo CD's settings."""
    return [*_nodes(), *_reader(), _namespace("argocd"), *_argocd()]


def cluster_secret(destination: str, server: str, config: str) -> dict[str, Any]:
    """How Argo CD knows a cluster: by the name of a destination."""
    labels = {"argocd.argoproj.io/secret-type": "cluster"}
    secret = _object("v1", "Secret", f"destination-{destination}", "argocd", labels)
    return secret | {"stringData": {"name": destination, "server": server, "config": config}}


def _nodes() -> list[dict[str, Any]]:
    room = {"cpu": "64", "memory": "256Gi", "pods": "500"}
    nodes = []
    for zone in ZONES:
        for number in range(1, _NODES_OF_A_ZONE + 1):
            labels = {"topology.kubernetes.io/zone": zone, "kubernetes.io/os": "linux"}
            node = _object("v1", "Node", f"{zone}-{number}", None, labels)
            node["metadata"]["annotations"] = {"kwok.x-k8s.io/node": "fake"}
            nodes.append(node | {"status": {"allocatable": room, "capacity": room}})
    return nodes


def _reader() -> list[dict[str, Any]]:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    api = "rbac.authorization.k8s.io"
    role = _object(f"{api}/v1", "ClusterRole", READER, None) | {"rules": rules}
    binding = _object(f"{api}/v1", "ClusterRoleBinding", READER, None) | {
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": READER},
        "subjects": [{"apiGroup": api, "kind": "User", "name": READER}],
    }
    return [role, binding]


def _argocd() -> list[dict[str, Any]]:
    may = "\n".join(
        f"p, {ACCOUNT}, {kind}, get, {scope}, allow"
        for kind, scope in (("applications", "*/*"), ("projects", "*"))
    )
    settings = {
        "argocd-cm": {
            f"accounts.{ACCOUNT}": "apiKey",
            "timeout.reconciliation": "5s", "timeout.reconciliation.jitter": "0s",
            "resource.exclusions": _IGNORED_KINDS,
            "resource.customizations.ignoreResourceUpdates.all": "jsonPointers: [/status]\n",
        },
        "argocd-rbac-cm": {"policy.csv": may + "\n", "policy.default": ""},
        "argocd-ssh-known-hosts-cm": {}, "argocd-tls-certs-cm": {}, "argocd-gpg-keys-cm": {},
    }  # fmt: skip
    objects = [_part_of("ConfigMap", name) | {"data": data} for name, data in settings.items()]
    objects.append(
        _part_of("Secret", "argocd-secret")
        | {"stringData": {"server.secretkey": secrets.token_hex(32)}}
    )
    project = _object("argoproj.io/v1alpha1", "AppProject", "default", "argocd")
    project["spec"] = {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    return [*objects, project]


def _part_of(kind: str, name: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/name": name}
    return _object("v1", kind, name, "argocd", labels)


def _namespace(name: str) -> dict[str, Any]:
    return _object("v1", "Namespace", name, None)


def _object(
    version: str, kind: str, name: str, namespace: str | None, labels: Mapping[str, str] = {}
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
