"""How a pod ends: it goes on serving until no proxy sends it requests, and then has time to end."""

import re

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import FREE, Expected, Guarded, Within
from lockstep.render.targets.origins import OriginTree, in_spec

_SERVING = ("spec", "serving")
_DRAIN_SECONDS = 10
_GRACE_SECONDS = 60

_SLEEPS = re.compile(r"(?:^|[\s;&|(/])sleep\s+([0-9]{1,9})([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

# Before 1.30 the API drops the action that sleeps: its feature gate is off.
# https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
_WITHOUT_SLEEP = "1.29"


def read_termination(fields: Fields, environment: Environment) -> dict[str, Json]:
    """``lifecycle`` and ``terminationGracePeriodSeconds`` of a serving, where they differ from the
    defaults. Raises Unrenderable."""
    found: dict[str, Json] = {}
    if fields.has(*_SERVING, "terminationGracePeriodSeconds"):
        here = (*_SERVING, "terminationGracePeriodSeconds")
        found["terminationGracePeriodSeconds"] = fields.integer(*here)
    if fields.has(*_SERVING, "lifecycle"):
        found["lifecycle"] = {"preStop": fields.mapping(*_SERVING, "lifecycle", "preStop")}
    hook = lifecycle(found)["preStop"]
    if "sleep" not in hook:
        _require_words(fields)
        _require_time(fields, _slept(" ".join(hook["exec"]["command"])), grace_seconds(found))
        return found
    seconds = _DRAIN_SECONDS
    if "lifecycle" in found:
        seconds = fields.integer(*_SERVING, "lifecycle", "preStop", "sleep", "seconds")
    _require_time(fields, seconds, grace_seconds(found))
    if value_at(environment.spec, ("kubernetesVersion",)) == _WITHOUT_SLEEP:
        found["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", str(seconds)]}}}
    return found


def _require_words(fields: Fields) -> None:
    """A command, as the words of a list: the first one is a program."""
    here = (*_SERVING, "lifecycle", "preStop", "exec", "command")
    words = fields.items(*here)
    require_program(fields, here)
    for index, _ in enumerate(words):
        fields.text(*here, index)


def require_program(fields: Fields, here: tuple[str, ...]) -> None:
    """Refuses a command that begins with an empty word. Raises Unrenderable."""
    if not fields.items(*here) or not fields.text(*here, 0).strip():
        fields.fail(
            (*here, 0), "render.input", "the first word of a command is the program, and is empty",
            "write the program that the container runs, or remove the command",
        )  # fmt: skip


def _slept(command: str) -> int:
    """For how many seconds a command sleeps, as far as its text says it."""
    found = _SLEEPS.findall(command)
    return sum(int(number) * _UNITS[unit] for number, unit in found)


def _require_time(fields: Fields, sleeps: int, grace: int) -> None:
    """The time to end includes that of the hook, and Kubernetes refuses a longer hook."""
    if sleeps >= grace:
        fields.fail(
            (*_SERVING, "terminationGracePeriodSeconds"), "render.input",
            f"a pod has {grace} seconds to end, and sleeps for {sleeps} of them first",
            f"write more than {sleeps} seconds here, or sleep for less in lifecycle.preStop",
        )  # fmt: skip


def lifecycle(serving: Json) -> Json:
    """The hooks of the model's container."""
    return serving.get("lifecycle") or {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}}


def grace_seconds(serving: Json) -> int:
    """How long a pod may take to end, its hook included."""
    seconds: int = serving.get("terminationGracePeriodSeconds", _GRACE_SECONDS)
    return seconds


def termination_origins() -> dict[str, OriginTree]:
    """The origins of ``lifecycle`` and ``grace_seconds``."""
    here = ("serving", "lifecycle", "preStop")
    sleep: OriginTree = {"seconds": in_spec(*here, "sleep", "seconds")}
    hook: OriginTree = {"sleep": sleep, "exec": in_spec(*here, "exec")}
    return {
        "lifecycle": {"preStop": hook},
        "grace": in_spec("serving", "terminationGracePeriodSeconds"),
    }


def expected_lifecycle(serving: Json) -> Expected:
    """Another hook than that of the spec could end requests; without one, a template may choose."""
    # Guarded: a template may add what is done after the start.
    return Guarded(serving["lifecycle"]) if "lifecycle" in serving else FREE


def expected_grace(context: Context, serving: Json) -> Expected:
    """Without any time, requests are lost; with too much, a pod never goes."""
    if "terminationGracePeriodSeconds" in serving:
        return context["grace"]
    return Within(1, 600)
