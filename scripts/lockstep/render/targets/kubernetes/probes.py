"""What Kubernetes asks of the model's container: whether it has started, is ready, and lives."""

from collections.abc import Mapping

from lockstep.model.document import Json, Pointer
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import FREE, Expected, IfAny, OneOf, Within
from lockstep.render.targets.kubernetes.ports import HTTP
from lockstep.render.targets.origins import Origin, OriginTree, in_spec
from lockstep.text.sanitise import quoted

_PROBES = ("spec", "serving", "probes")
_PORTS = ("spec", "serving", "ports")
_HANDLERS = ("httpGet", "grpc", "tcpSocket")

_DEFAULTS: Mapping[str, Mapping[str, int]] = {
    # Half an hour, for models that take long to load; an early question costs nothing.
    "startup": {"periodSeconds": 5, "failureThreshold": 360},
    "readiness": {"periodSeconds": 5, "failureThreshold": 3},
    # A busy server can be late: it is ended only after a minute without any answer.
    "liveness": {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
}

# What a template may choose where the spec does not say it.
_EXPECTED_NUMBERS: dict[str, Expected] = {
    "initialDelaySeconds": Within(0, 600),
    "periodSeconds": Within(1, 60),
    "timeoutSeconds": Within(1, 60),
    "successThreshold": Within(1, 10),
    "failureThreshold": Within(1, 10),
}


def read_probes(fields: Fields) -> dict[str, Json]:
    """``probes`` of a serving as written, if any. Raises Unrenderable."""
    if not fields.has(*_PROBES):
        return {}
    probes = {name: fields.mapping(*_PROBES, name) for name in fields.names(*_PROBES)}
    for name, probe in probes.items():
        for number in _EXPECTED_NUMBERS.keys() & probe.keys():
            fields.integer(*_PROBES, name, number)
        handlers = [each for each in _HANDLERS if each in probe]
        if len(handlers) > 1:
            fields.fail(
                (*_PROBES, name), "render.input",
                f"a probe asks in one way; this one has {' and '.join(handlers)}",
                "keep one of them",
            )  # fmt: skip
        for how in handlers:
            _require_port(fields, (*_PROBES, name, how))
    return {"probes": probes}


def _require_port(fields: Fields, here: Pointer) -> None:
    port = fields.mapping(*here).get("port", HTTP if here[-1] != "grpc" else None)
    names = fields.names(*_PORTS)
    numbers = [fields.integer("spec", "serving", "port")]
    numbers += (fields.integer(*_PORTS, name) for name in names)
    known = [HTTP, *names]
    # Nothing else says that the server listens there, and a probe that fails ends each pod.
    if port not in (*known, *numbers):
        shown = [f"{each} ({number})" for each, number in zip(known, numbers, strict=True)]
        fields.fail(
            (*here, "port"), "render.input",
            f"{quoted(str(port), 40)} is not a port of the server; there are {', '.join(shown)}",
            "write one of them, or add the port to spec.serving.ports",
        )  # fmt: skip


def probe_context(serving: Json) -> Context:
    """The three probes of the model's container as Kubernetes writes them."""
    written = serving.get("probes", {})
    probes: Context = {}
    for name, default in _DEFAULTS.items():
        probe = {**default, **written.get(name, {})}
        how, asked = _handler(serving, name)
        rest = {key: value for key, value in probe.items() if key not in _HANDLERS}
        probes[f"{name}_probe"] = {how: asked, **rest}
    return probes


def _handler(serving: Json, name: str) -> tuple[str, dict[str, Json]]:
    """How a probe asks. A server has started when it is ready for the first time."""
    probes = serving.get("probes", {})
    probe = probes.get(name, {})
    if name == "startup" and not any(how in probe for how in _HANDLERS):
        probe = probes.get("readiness", {})
    if "grpc" in probe:
        # Kubernetes wants a number here, and allows names in the other two.
        ports = {HTTP: serving["port"], **serving.get("ports", {})}
        port = probe["grpc"]["port"]
        return "grpc", {**probe["grpc"], "port": ports.get(port, port)}
    # A server that is not ready can be alive, and would not get better by being ended.
    if "tcpSocket" in probe or (name == "liveness" and "httpGet" not in probe):
        return "tcpSocket", {"port": HTTP, **probe.get("tcpSocket", {})}
    return "httpGet", {"path": serving["health"], "port": HTTP, **probe.get("httpGet", {})}


def startup_seconds(serving: Json) -> int:
    """How long a container may take until it is ready for the first time."""
    probe = {**_DEFAULTS["startup"], **serving.get("probes", {}).get("startup", {})}
    delay: int = probe.get("initialDelaySeconds", 0)
    seconds: int = probe["periodSeconds"] * probe["failureThreshold"]
    return delay + seconds


def expected_probes(context: Context, serving: Json) -> dict[str, Expected]:
    """What must hold of the three; a template may choose what the spec does not say.

    Without readiness pods would get requests before they can answer, or after they cannot.
    """
    written = serving.get("probes", {})
    expected: dict[str, Expected] = {
        f"{name}Probe": context[f"{name}_probe"] if name in written else FREE
        for name in ("startup", "liveness")
    }
    ready = context["readiness_probe"]
    numbers = {k: v for k, v in written.get("readiness", {}).items() if k not in _HANDLERS}
    asked: dict[str, Expected] = {how: each for how, each in ready.items() if how in _HANDLERS}
    if "httpGet" in asked:
        port = asked["httpGet"]["port"]
        asked["httpGet"] = {
            **asked["httpGet"],
            "port": OneOf([HTTP, context["port"]]) if port == HTTP else port,
            "scheme": IfAny("HTTP"),
            # Rule: pod-security.
            "host": FREE,
            "httpHeaders": FREE,
        }
    return {**expected, "readinessProbe": {**_EXPECTED_NUMBERS, **numbers, **asked}}


def probe_origins(serving: Json) -> dict[str, OriginTree]:
    """The origins of what ``probe_context`` gives."""
    return {f"{name}_probe": _origins_of(serving, name) for name in _DEFAULTS}


def startup_origin() -> Origin:
    """The origin of ``startup_seconds``."""
    here = in_spec("serving", "probes", "startup", "periodSeconds")
    for name in ("failureThreshold", "initialDelaySeconds"):
        here += in_spec("serving", "probes", "startup", name)
    return here


def _origins_of(serving: Json, name: str) -> dict[str, OriginTree]:
    how, asked = _handler(serving, name)
    handler = {part: _origin_in(serving, name, how, part, asked) for part in asked}
    here = ("serving", "probes", name)
    numbers = {number: in_spec(*here, number) for number in _EXPECTED_NUMBERS}
    return {**numbers, how: handler}


def _origin_in(serving: Json, name: str, how: str, part: str, asked: Json) -> Origin | None:
    """Of what a probe asks: where it is written, or what it is made of."""
    written = serving.get("probes", {})
    for probe in (name, "readiness") if name == "startup" else (name,):
        if part in written.get(probe, {}).get(how, {}):
            origin = in_spec("serving", "probes", probe, how, part)
            return origin + _number_of(serving, asked[part]) if how == "grpc" else origin
    return in_spec("serving", "health") if part == "path" else None


def _number_of(serving: Json, number: Json) -> Origin:
    """The ports with this number, of which the probe may have the name."""
    named = serving.get("ports", {}).items()
    origins = [in_spec("serving", "ports", name) for name, each in named if each == number]
    if serving["port"] == number:
        origins.append(in_spec("serving", "port"))
    return Origin(tuple(source for origin in origins for source in origin.sources))
