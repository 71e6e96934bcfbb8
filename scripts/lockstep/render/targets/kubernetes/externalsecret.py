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
_PARTS = ("path", "key", "storeKind", "store")
_STORE_KIND = "SecretStore"
_REFRESH = "1h"


def read_secrets(fields: Fields) -> dict[str, Json]:
    """``secrets`` of the pods by the name of their variable, if any, and how often they are read.

    Raises Unrenderable.
    """
    secrets = {name: _read_secret(fields, name) for name in fields.names(*_SECRETS)}
    if not secrets:
        return {}
    here = ("spec", "access", "refreshInterval")
    refresh = {"refreshInterval": fields.text(*here)} if fields.has(*here) else {}
    return {"secrets": secrets, **refresh}


def _read_secret(fields: Fields, name: str) -> dict[str, str]:
    # Of two variables with one name Kubernetes uses the last: a secret could replace the digest
    # of the model that the pod has to serve.
    if name in MODEL_VARIABLES:
        fields.fail(
            (*_SECRETS, name), "render.input",
            f"the variable {name} says which model a pod serves; a secret cannot have this name",
            "give the secret another name",
        )  # fmt: skip
    secret = {part: fields.text(*_SECRETS, name, part) for part in ("store", "path")}
    for part in ("key", "storeKind"):
        if fields.has(*_SECRETS, name, part):
            secret[part] = fields.text(*_SECRETS, name, part)
    return secret


def _files(view: ClusterView) -> Files:
    """One for the cluster. The store of the first secret is that of all that name no other."""
    secrets = sorted(view.access.get("secrets", {}).items())
    if not secrets:
        return
    usual = kind, store = _store_of(secrets[0][1])
    written = [
        (name, ref["path"], ref.get("key"), *_unless(usual, _store_of(ref)))
        for name, ref in secrets
    ]
    context = {
        **metadata(view),
        "refresh": view.access.get("refreshInterval", _REFRESH),
        "store_kind": kind,
        "store": store,
        "secrets": written,
    }
    origins = partial(_origins, view)
    expected = _expected(context, chosen="refreshInterval" not in view.access)
    yield ManifestFile("externalsecret.yaml", context, expected, origins)


def _store_of(secret: Json) -> tuple[str, str]:
    """Kind and name of the store of a secret."""
    return secret.get("storeKind", _STORE_KIND), secret["store"]


def _unless(usual: tuple[str, str], store: tuple[str, str]) -> tuple[str, str] | tuple[None, None]:
    return (None, None) if store == usual else store


def _expected(context: Context, *, chosen: bool) -> dict[str, Expected]:
    """``chosen`` says that a template may choose how often the values are read."""
    return {
        "metadata": expected_metadata(context, wave=-2),
        "spec": {
            "refreshInterval": FREE if chosen else context["refresh"],
            "secretStoreRef": {"kind": context["store_kind"], "name": context["store"]},
            # Pods that start while a store has lost the values still find the Secret.
            "target": {
                "name": context["name"],
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
            },
            "data": [_expected_secret(*secret) for secret in context["secrets"]],
        },
    }


def _expected_secret(
    name: str, path: str, key: str | None, kind: str | None, store: str | None
) -> Expected:
    remote = {"key": path} if key is None else {"key": path, "property": key}
    value = {"secretKey": name, "remoteRef": remote}
    source = {"sourceRef": {"storeRef": {"kind": kind, "name": store}}} if store else {}
    return {**value, **source}


def _origins(view: ClusterView) -> Origins:
    names = sorted(view.access["secrets"])
    return {
        **metadata_origins(),
        "refresh": in_spec("access", "refreshInterval"),
        "store_kind": in_spec("access", "secrets", names[0], "storeKind"),
        "store": in_spec("access", "secrets", names[0], "store"),
        "secrets": {
            name: (
                in_spec("access", "secrets", name),
                *(in_spec("access", "secrets", name, part) for part in _PARTS),
            )
            for name in names
        },
    }


COMPONENT = Component(
    "externalsecret", ObjectKind("external-secrets.io/v1", "ExternalSecret"), _files
)
