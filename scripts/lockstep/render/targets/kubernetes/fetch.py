"""Where a pod gets its model from: the registry, and the init container that fetches from it.

With ``serving.fetch`` an init container downloads the model by the lock's source and verifies the
lock's digest before the server starts. The server finds the model, read-only, at ``MODEL_PATH``,
and gets no access to the registry. Without it the server itself loads ``MODEL_URI``, so it gets
address and credentials of the registry where the environment has them.
"""

from collections.abc import Callable
from datetime import timedelta

from lockstep.model.document import Json
from lockstep.model.fleet import Environment, Family
from lockstep.model.registry_variables import (
    PASSWORD_VARIABLE,
    TOKEN_VARIABLE,
    URI_VARIABLE,
    USER_VARIABLE,
)
from lockstep.model.times import parse_duration
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import (
    ABSENT,
    FREE,
    AnyBut,
    Apart,
    ByName,
    Each,
    Expected,
    IfAny,
    OneOf,
)
from lockstep.render.targets.kubernetes.volumes import MODEL, SCRATCH, SCRATCH_PATH, VOLUMES
from lockstep.render.targets.origins import (
    Origins,
    OriginTree,
    in_environment,
    in_lock,
    in_spec,
)
from lockstep.render.view import ClusterView, Running

CONTAINER = "fetch-model"
PATH_VARIABLE = "MODEL_PATH"

CREDENTIALS = {
    "token": TOKEN_VARIABLE, "username": USER_VARIABLE, "password": PASSWORD_VARIABLE,
}  # fmt: skip
"""The variables with credentials, by the field that names the key of the Secret."""

# KServe's servers look for their model there.
_PATH = "/mnt/models"
_SIZE = "10Gi"
_TIMEOUT = "15m"
_SHORTEST, _LONGEST = timedelta(seconds=10), timedelta(hours=6)
# A folder inside of the volume: what is half fetched is next to it, and the server never sees it.
_MOUNT = "/volume"
_FOLDER = "model"
_RESOURCES = ("cpu", "memory")
"""Only these are taken over from the server: fetching needs no devices."""

_FETCH = ("spec", "serving", "fetch")

_PROXIES = tuple(
    name for each in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY") for name in (each, each.lower())
)
"""The variables that a template may give to what fetches: how it reaches the registry. Any other
could change what its program loads, and so what it calls verified."""

_MOUNT_FIELDS = dict.fromkeys(
    ("subPath", "subPathExpr", "readOnly", "recursiveReadOnly", "mountPropagation"), FREE
)


def read_fetch(fields: Fields) -> dict[str, Json]:
    """``fetch`` of a serving, where the spec has it. Raises Unrenderable."""
    if not fields.has(*_FETCH):
        return {}
    read: dict[str, Json] = {
        "image": fields.text(*_FETCH, "image"),
        "path": fields.text(*_FETCH, "path", default=_PATH),
        "sizeLimit": fields.text(*_FETCH, "sizeLimit", default=_SIZE),
        "timeout": fields.text(*_FETCH, "timeout", default=_TIMEOUT),
    }
    others = (fields.text(*VOLUMES, each, "mountPath") for each in fields.names(*VOLUMES))
    for other in (SCRATCH_PATH, *others):
        # A volume inside of the model's would hide files that were verified.
        if f"{other}/".startswith(f"{read['path']}/"):
            fields.fail(
                (*_FETCH, "path"), "render.input",
                f"another volume has its path at or below {read['path']}: {other}",
                "choose another path",
            )  # fmt: skip
    _require_timeout(fields, read["timeout"])
    for half in ("requests", "limits"):
        own = fields.texts(*_FETCH, "resources", half)
        server = fields.texts("spec", "serving", "resources", half)
        # By default it needs no more than the server, which starts after it: so a pod requests the
        # same with it.
        read[half] = own or {name: server[name] for name in _RESOURCES if name in server}
    return {"fetch": read}


def _require_timeout(fields: Fields, text: str) -> None:
    try:
        wrong = "" if _SHORTEST <= parse_duration(text) <= _LONGEST else f"{text} is out of range"
    except (ValueError, OverflowError) as error:
        wrong = str(error)
    if wrong:
        fields.fail(
            (*_FETCH, "timeout"), "render.input", wrong,
            "write a length of time from 10s to 6h, such as 15m",
        )  # fmt: skip


def read_registry(fields: Fields, family: Family, environment: Environment) -> Json:
    """The family's registry as pods reach it; None where the environment does not say.

    Raises Unrenderable where a cluster fetches from a registry that the environment does not have,
    or sets a variable itself that would decide which registry or model a pod uses.
    """
    head, written = Fields(family.document), Fields(environment.document)
    if not fields.has(*_FETCH) and not written.has("spec", "registries"):
        return None
    name = head.text("spec", "model", "registry")
    here = ("spec", "registries", name)
    if not written.has(*here):
        if fields.has(*_FETCH):
            fields.fail(
                _FETCH, "render.registry",
                f"the pods fetch their model from registry {name}, and "
                f"{environment.document.path} does not say how they reach it",
                f"write spec.registries.{name} there, with its address",
            )  # fmt: skip
        return None
    keys = [field for field in CREDENTIALS if written.has(*here, "secret", field)]
    registry: Json = {
        "address": written.text(*here, "address"),
        "secret": written.text(*here, "secret", "name") if keys else None,
        "credentials": {CREDENTIALS[field]: written.text(*here, "secret", field) for field in keys},
    }
    _refuse_own(fields, {URI_VARIABLE, *registry["credentials"], PATH_VARIABLE})
    return registry


def _refuse_own(fields: Fields, taken: set[str]) -> None:
    # Of two variables with one name Kubernetes uses the last.
    for pointer in (("spec", "access", "secrets"), ("spec", "serving", "env")):
        for name in sorted(taken.intersection(fields.names(*pointer))):
            fields.fail(
                (*pointer, name), "render.input",
                f"the variable {name} says where a pod gets its model from, and is set already",
                "remove it here; spec.registries of the environment says it for all clusters",
            )  # fmt: skip


def fetch_context(
    view: ClusterView, version: Running, literal: Callable[[str | None], str]
) -> Context:
    """What the template of a Deployment needs: ``fetch``, ``registry``, and who of the pod has it.

    ``literal`` keeps Kubernetes from expanding a text.
    """
    fetch, registry = view.serving.get("fetch"), view.registry
    known = None
    if registry is not None:
        known = {
            "address": literal(registry["address"]),
            "secret": registry["secret"],
            "credentials": sorted(registry["credentials"].items()),
        }
    if fetch is None:
        return {"fetch": None, "registry": known}
    source, digest = version.identity["source"], version.identity["digest"]
    # After --, so that no source is taken for an option.
    words = [
        "fetch-model", "--timeout", fetch["timeout"], "--max-size", fetch["sizeLimit"], "--",
        source, digest, f"{_MOUNT}/{_FOLDER}",
    ]  # fmt: skip
    return {
        "registry": known,
        "fetch": {
            "image": fetch["image"],
            "args": [literal(word) for word in words],
            "path": fetch["path"],
            **{half: sorted(fetch[half].items()) for half in ("requests", "limits")},
        },
    }


def fetch_origins(version: Running) -> Origins:
    """The origins of what ``fetch_context`` gives."""
    here = ("serving", "fetch")
    lock = version.version
    args: list[OriginTree] = [
        None, None, in_spec(*here, "timeout"), None, in_spec(*here, "sizeLimit"), None,
        in_lock(lock, "source"), in_lock(lock, "digest"), None,
    ]  # fmt: skip
    return {
        "fetch": {
            "image": in_spec(*here, "image"),
            "args": args,
            "path": in_spec(*here, "path"),
            **{
                half: in_spec(*here, "resources", half) + in_spec("serving", "resources", half)
                for half in ("requests", "limits")
            },
        },
        # Of the one kind of registry that there is.
        "registry": {
            "address": in_environment("spec", "registries", "mlflow", "address"),
            "secret": in_environment("spec", "registries", "mlflow", "secret", "name"),
            "credentials": in_environment("spec", "registries", "mlflow", "secret"),
        },
    }


def expected_fetcher(context: Context) -> dict[str, Expected]:
    """The init containers, by name: what fetches runs to its end before the server starts."""
    fetch = context["fetch"]
    if fetch is None:
        return {}
    fetcher: dict[str, Expected] = {
        **dict.fromkeys(
            ("securityContext", "imagePullPolicy", "terminationMessagePolicy"),
            FREE,
        ),
        "name": CONTAINER,
        "image": fetch["image"],
        "command": ["lockstep"],
        "args": fetch["args"],
        "env": ByName(expected_registry(context), {"name": OneOf(_PROXIES), "value": FREE}),
        "resources": {half: dict(fetch[half]) for half in ("requests", "limits")},
        # No others: a file over its program could verify nothing.
        "volumeMounts": ByName(
            {
                MODEL: {"name": MODEL, "mountPath": _MOUNT},
                SCRATCH: {"name": SCRATCH, "mountPath": SCRATCH_PATH},
            },
            ABSENT,
        ),
    }  # fmt: skip
    return {CONTAINER: fetcher}


def expected_registry(context: Context) -> dict[str, Expected]:
    """The variables by which MLflow's client finds the registry, and is let in."""
    registry = context["registry"]
    if registry is None:
        return {}
    env: dict[str, Expected] = {URI_VARIABLE: {"name": URI_VARIABLE, "value": registry["address"]}}
    for name, key in registry["credentials"]:
        reference = {"name": registry["secret"], "key": key}
        env[name] = {"name": name, "valueFrom": {"secretKeyRef": reference}}
    return env


def expected_model_variables(context: Context) -> dict[str, Expected]:
    """The server's variables: where the fetched model is, else how to load it by itself."""
    fetch = context["fetch"]
    if fetch is None:
        return expected_registry(context)
    return {PATH_VARIABLE: {"name": PATH_VARIABLE, "value": fetch["path"]}}


def fetch_volumes(serving: Json) -> list[tuple[str, str, Json]]:
    """The volume of the model, if it is fetched: empty at first, and gone with the pod."""
    fetch = serving.get("fetch")
    return [(MODEL, "emptyDir", {"sizeLimit": fetch["sizeLimit"]})] if fetch else []


def fetch_mounts(serving: Json) -> list[tuple[str, str, str | None, bool]]:
    """Where the server finds the fetched model, if it is: it can only read it."""
    fetch = serving.get("fetch")
    return [(MODEL, fetch["path"], _FOLDER, True)] if fetch else []


def fetch_volume_origins() -> dict[str, dict[str, OriginTree]]:
    """The origins of ``fetch_volumes`` and ``fetch_mounts``."""
    return {
        "volumes": {MODEL: (None, None, in_spec("serving", "fetch"))},
        "mounts": {MODEL: (None, in_spec("serving", "fetch", "path"), None, None)},
    }


def fetch_seconds(serving: Json) -> int:
    """How long fetching may take, before the server starts."""
    fetch = serving.get("fetch")
    return int(parse_duration(fetch["timeout"]).total_seconds()) if fetch else 0


def expected_fetch_volumes(context: Context) -> dict[str, Expected]:
    """Volumes that the spec does not name: the fetching container has a folder of its own."""
    if context["fetch"] is None:
        return {}
    return {SCRATCH: {"name": SCRATCH, "emptyDir": FREE}}


def expected_message_path(context: Context) -> Expected:
    """Where the server leaves its last message: Kubernetes mounts an empty file there."""
    fetch = context["fetch"]
    return FREE if fetch is None else IfAny(Apart(fetch["path"]))


def expected_further_mounts(context: Context) -> Expected:
    """What a template mounts in the server: nothing that hides files of the verified model."""
    if context["fetch"] is None:
        return FREE
    return {**_MOUNT_FIELDS, "name": AnyBut(MODEL), "mountPath": Apart(context["fetch"]["path"])}


def expected_other_mounts(context: Context) -> Expected:
    """What all other containers mount: not the model, which one of them could change."""
    if context["fetch"] is None:
        return FREE
    return Each({**_MOUNT_FIELDS, "name": AnyBut(MODEL), "mountPath": FREE})
