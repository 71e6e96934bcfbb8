"""What rendering takes from a spec about scaling, spreading, identity and secrets.

Each part is given only where the spec has it, so that the inputs of other clusters stay as they
are.
"""

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.targets.kubernetes.manifests_capacity import (
    IDENTITY_ANNOTATIONS,
    MODEL_VARIABLES,
)

_SERVING = ("spec", "serving")
_IDENTITY = ("spec", "access", "identity")
_SECRETS = ("spec", "access", "secrets")
_SCALERS = {"hpa": ("maxReplicas", "cpu"), "keda": ("maxReplicas", "requestsPerSecond")}


def read_capacity(fields: Fields) -> dict[str, Json]:
    """``zones``, ``disruption``, ``hpa`` and ``keda`` of a serving. Raises Unrenderable."""
    found: dict[str, Json] = {}
    if fields.has(*_SERVING, "zones"):
        found["zones"] = fields.integer(*_SERVING, "zones")
    if fields.has(*_SERVING, "disruption"):
        found["disruption"] = _disruption(fields)
    for scaler, names in _SCALERS.items():
        if fields.has(*_SERVING, scaler):
            found[scaler] = {name: fields.integer(*_SERVING, scaler, name) for name in names}
    return found


def read_prometheus(fields: Fields, environment: Environment) -> str | None:
    """The address that KEDA asks; None where the cluster has no KEDA. Raises Unrenderable."""
    if not fields.has(*_SERVING, "keda"):
        return None
    written, here = Fields(environment.document), ("spec", "prometheus")
    if not written.has(*here):
        fields.fail(
            (*_SERVING, "keda"), "render.prometheus",
            f"keda scales by requests, and {environment.document.path} names no Prometheus to ask",
            "give spec.prometheus there, or scale by hpa",
        )  # fmt: skip
    return written.text(*here)


def read_access(fields: Fields) -> dict[str, Json]:
    """``identity`` and ``secrets`` of the pods. Raises Unrenderable."""
    found: dict[str, Json] = {}
    if fields.has(*_IDENTITY):
        found["identity"] = _identity(fields)
    if secrets := {name: _secret(fields, name) for name in fields.names(*_SECRETS)}:
        found["secrets"] = secrets
    return found


def _disruption(fields: Fields) -> dict[str, int]:
    here = (*_SERVING, "disruption")
    names = [name for name in ("minAvailable", "maxUnavailable") if fields.has(*here, name)]
    if len(names) != 1:
        fields.fail(
            here, "render.input",
            f"a disruption budget holds one of its two numbers, and here are {len(names)}",
            "give minAvailable or maxUnavailable",
        )  # fmt: skip
    return {names[0]: fields.integer(*here, names[0])}


def _identity(fields: Fields) -> dict[str, str]:
    identity = {name: fields.text(*_IDENTITY, name) for name in ("provider", "principal")}
    if identity["provider"] not in IDENTITY_ANNOTATIONS:
        fields.fail(
            (*_IDENTITY, "provider"), "render.input",
            f"{identity['provider'][:80]!r} is no cloud whose identities are known",
            f"write one of {', '.join(sorted(IDENTITY_ANNOTATIONS))}",
        )  # fmt: skip
    return identity


def _secret(fields: Fields, name: str) -> dict[str, str]:
    """Kubernetes takes the last variable of a name: a secret could stand for the model's digest."""
    if name in MODEL_VARIABLES:
        fields.fail(
            (*_SECRETS, name), "render.input",
            f"{name} tells each pod which model it serves, so no secret can have that name",
            "give the secret another name",
        )  # fmt: skip
    return {part: fields.text(*_SECRETS, name, part) for part in ("store", "path", "key")}
