"""The ExternalSecret of a cluster: which values of a secret store its pods get, and from where."""

from functools import partial

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected
from lockstep.render.targets.kubernetes.deployment import MODEL_VARIABLES
from lockstep.render.targets.kubernetes.metadata import (
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_spec
from lockstep.render.view import ClusterView

_SECRETS = ("spec", "access", "secrets")


def read_secrets(fields: Fields) -> dict[str, Json]:
    """``secrets`` of the pods by the name of their variable, if any. Raises Unrenderable."""
    secrets = {name: _read_secret(fields, name) for name in fields.names(*_SECRETS)}
    return {"secrets": secrets} if secrets else {}


def _read_secret(fields: Fields, name: str) -> dict[str, str]:
    # Of two variables with one name Kubernetes uses the last: a secret could replace the digest
    # of the model that the pod has to serve.
    if name in MODEL_VARIABLES:
        fields.fail(
            (*_SECRETS, name), "render.input",
            f"the variable {name} says which model a pod serves; a secret cannot have this name",
            "give the secret another name",
        )  # fmt: skip
    return {part: fields.text(*_SECRETS, name, part) for part in ("store", "path", "key")}


def _files(view: ClusterView) -> Files:
    """One for the cluster. The store of the first secret is that of all that name no other."""
    secrets = sorted(view.access.get("secrets", {}).items())
    if not secrets:
        return
    store = secrets[0][1]["store"]
    written = [
        (name, ref["path"], ref["key"], None if ref["store"] == store else ref["store"])
        for name, ref in secrets
    ]
    context = {**metadata(view), "store": store, "secrets": written}
    origins = partial(_origins, view)
    yield ManifestFile("externalsecret.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=-2),
        "spec": {
            "refreshInterval": FREE,
            "secretStoreRef": _store(context["store"]),
            # Pods that start while a store has lost the values still find the Secret.
            "target": {
                "name": context["name"],
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
            },
            "data": [_expected_secret(*secret) for secret in context["secrets"]],
        },
    }


def _expected_secret(name: str, path: str, key: str, store: str | None) -> Expected:
    value = {"secretKey": name, "remoteRef": {"key": path, "property": key}}
    source: dict[str, Expected] = {"sourceRef": {"storeRef": _store(store)}} if store else {}
    return {**value, **source}


def _store(name: str) -> Expected:
    """A store of the namespace; one of the Kubernetes cluster could be another tenant's."""
    return {"kind": "SecretStore", "name": name}


def _origins(view: ClusterView) -> Origins:
    names = sorted(view.access["secrets"])
    return {
        **metadata_origins(),
        "store": in_spec("access", "secrets", names[0], "store"),
        "secrets": {
            name: (
                in_spec("access", "secrets", name),
                *(in_spec("access", "secrets", name, part) for part in ("path", "key", "store")),
            )
            for name in names
        },
    }


COMPONENT = Component(
    "externalsecret", ObjectKind("external-secrets.io/v1", "ExternalSecret"), _files
)
