"""The ports of a pod: that of the model, which is called http, and further ones by name."""

from lockstep.model.document import Json
from lockstep.render.fields import Fields

HTTP = "http"
"""The name of the model's own port, ``spec.serving.port``."""

SERVICE_PORT = 80
"""The port of the Service for the model's own; a further port has its own number there too."""

_PORTS = ("spec", "serving", "ports")
_PROTOCOLS = ("grpc", "http2", "tcp")

_OF_SIDECAR = {*range(15000, 15011), 15020, 15021, 15053, 15090}
"""https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio"""

ROUTED = ("http", "http2", "grpc")
"""The protocols whose requests Istio routes by version."""


def read_ports(fields: Fields) -> dict[str, Json]:
    """``ports`` of a serving, the number of each by name, if any. Raises Unrenderable."""
    names = fields.names(*_PORTS)
    _refuse_of_sidecar(fields, ("spec", "serving", "port"))
    numbers = {fields.integer("spec", "serving", "port"): HTTP, SERVICE_PORT: "the Service"}
    ports: dict[str, int] = {}
    for name in names:
        number = fields.integer(*_PORTS, name)
        _refuse_of_sidecar(fields, (*_PORTS, name))
        if name == HTTP:
            fields.fail(
                (*_PORTS, name), "render.input", "http is the name of the model's own port",
                "give this port another name, or write its number in spec.serving.port",
            )  # fmt: skip
        if number in numbers:
            fields.fail(
                (*_PORTS, name), "render.input",
                f"port {number} is used by {numbers[number]} already",
                "write another number, or remove one of the two",
            )  # fmt: skip
        numbers[number] = name
        ports[name] = number
    return {"ports": ports} if ports else {}


def _refuse_of_sidecar(fields: Fields, pointer: tuple[str, ...]) -> None:
    number = fields.integer(*pointer)
    if number in _OF_SIDECAR:
        fields.fail(
            pointer, "render.input", f"port {number} is one of Istio's sidecar, in the same pod",
            "have the server listen on another port",
        )  # fmt: skip


def app_protocol(name: str) -> str:
    """The protocol that a port's name says, as Istio reads names: ``grpc``, ``grpc-predict``."""
    first = name.partition("-")[0]
    return first if first in _PROTOCOLS else HTTP
