"""What a gate asks a server: its path, fields and body, with the placeholders replaced.

Values of a spec are data here: they are encoded for the place where they come, and the path stays
below the address of the server.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from lockstep.gate_sources.placeholders import placeholder_values
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import Question
from lockstep.model.times import format_time, parse_duration, parse_time

_PLACEHOLDER = re.compile(r"\{([a-zA-Z]+)\}")
_NUMBER = re.compile(r"\{((?:from|to)(?:Seconds|Milliseconds)):number\}")
"""A text of a body that is a time as a number: some servers accept no other."""
_PATH = re.compile(r"/[A-Za-z0-9._~/:@,;=+*!$'()-]*")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: a POST where it has a body. ``path`` is encoded, ``fields`` are not."""

    path: str
    fields: Mapping[str, str]
    body: Json = None

    def __str__(self) -> str:
        fields = f"?{urlencode(self.fields)}" if self.fields else ""
        return f"{'GET' if self.body is None else 'POST'} {self.path}{fields}"


def values_of(question: Question, *, stable: bool = False) -> dict[str, str]:
    """What the placeholders mean for the candidate, or for the stable version."""
    identity = value_at(question.stable if stable else question.candidate, ("identity",), {})
    now = parse_time(question.now)
    # Never from before the step: it would measure other weights.
    start = parse_time(question.since)
    if "window" in question.gate:
        start = max(start, now - parse_duration(str(question.gate["window"])))
    return {
        **placeholder_values(question, stable=stable),
        "model": str(value_at(identity, ("model",), "")),
        "digest": str(value_at(identity, ("digest",), "")),
        **_times("from", start),
        **_times("to", now),
    }


def _times(name: str, moment: datetime) -> dict[str, str]:
    seconds = int(moment.timestamp())
    return {name: format_time(moment), f"{name}Seconds": str(seconds),
            f"{name}Milliseconds": str(seconds * 1000)}  # fmt: skip


def server_name(question: Question) -> str:
    """The name of the server that the gate is asked of. Raises ValueError as ``filled`` does."""
    known = {"region": question.region, "environment": question.environment}
    return filled(str(question.gate.get("server", "")), known, "server")


def asked(gate: Json, values: Mapping[str, str]) -> Asked:
    """The request of a gate. Raises ValueError where it cannot be made of these values."""
    path = _path(str(gate.get("path", "/")), values)
    fields = gate.get("query", {})
    if not isinstance(fields, dict):
        raise ValueError("query is not a mapping")
    query = {str(k): str(_filled_in(v, values)) for k, v in fields.items()}
    return Asked(path, query, _filled_in(gate.get("body"), values))


def filled(text: str, values: Mapping[str, str], what: str, *, encode: bool = False) -> str:
    """A text with its placeholders replaced.

    Raises ValueError for a brace that belongs to none, and for one without a value.
    """
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise ValueError(f"{what} has a brace that belongs to no placeholder")

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None:
            raise ValueError(f"{what} has the placeholder {match[0]}; known are {_listed(values)}")
        if not found:
            raise ValueError(f"{what} has the placeholder {match[0]}, and the cluster has no value")
        return quote(found, safe="") if encode else found

    return _PLACEHOLDER.sub(value, text)


def _path(template: str, values: Mapping[str, str]) -> str:
    # The template alone: of the values, quote leaves nothing that ends a path.
    if not _PATH.fullmatch(_PLACEHOLDER.sub("x", template)):
        raise ValueError("path does not begin with / or has a character that a path cannot have")
    path = filled(template, values, "path", encode=True)
    if any(set(part) == {"."} for part in path.split("/")):
        raise ValueError("path has . or .. as a part, which would leave the address of the server")
    return path


def _filled_in(body: Json, values: Mapping[str, str], depth: int = 0) -> Json:
    """A field or a body with the placeholders in its texts replaced; texts stay texts."""
    if depth > _DEEPEST:
        raise ValueError("the body is nested too deeply")
    if isinstance(body, str):
        if number := _NUMBER.fullmatch(body):
            return int(values[number[1]])
        # It may hold queries with braces of their own, such as avg:errors{env:prod}.
        return _PLACEHOLDER.sub(lambda m: _known(m, values), body)
    if isinstance(body, list):
        return [_filled_in(each, values, depth + 1) for each in body]
    if isinstance(body, dict):
        return {str(k): _filled_in(v, values, depth + 1) for k, v in body.items()}
    return body


def _known(match: re.Match[str], values: Mapping[str, str]) -> str:
    if match[1] not in values:
        return match[0]
    if not values[match[1]]:
        raise ValueError(
            f"the request has the placeholder {match[0]}, and the cluster has no value"
        )
    return values[match[1]]


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{{{name}}}" for name in values)
