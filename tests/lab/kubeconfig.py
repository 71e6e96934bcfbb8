"""Kubeconfig files: one API server, and a context for each destination that shares it."""

import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import yaml

IN_CLUSTER = "in-cluster"
"""Argo CD's name for the cluster that it runs in."""


def new_kubeconfig(server: str, authority: bytes, token: str) -> dict[str, Any]:
    """A kubeconfig with the context ``in-cluster``."""
    cluster = {"server": server, "certificate-authority-data": b64encode(authority).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "lab", "user": {"token": token}}],
        "contexts": [_context(IN_CLUSTER)],
        "current-context": IN_CLUSTER,
    }


def add_context(path: Path, destination: str) -> None:
    """Add the context of a destination to a file, unless it has one."""
    config = yaml.safe_load(path.read_text())
    if all(each["name"] != destination for each in config["contexts"]):
        config["contexts"].append(_context(destination))
        write_kubeconfig(path, config)


def write_kubeconfig(path: Path, config: dict[str, Any]) -> None:
    """Write a file that only the user may read; who reads meanwhile sees the old or the new one."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        yaml.safe_dump(config, file, sort_keys=False)
    new.replace(path)


def _context(name: str) -> dict[str, Any]:
    return {"name": name, "context": {"cluster": "lab", "user": "lab"}}
