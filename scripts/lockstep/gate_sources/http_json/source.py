"""Asks servers for JSON, and reads the value that a gate is about."""

from collections.abc import Callable, Mapping

from lockstep.edges.http import Conversation, Limits
from lockstep.gate_sources.http_json.reading import condition, measure
from lockstep.gate_sources.http_json.request import Asked, asked, filled, server_name, values_of
from lockstep.gate_sources.http_json.servers import FILE, HttpServer, server_of
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError, NotConfigured
from lockstep.model.evidence import Answer, Question
from lockstep.text.sanitise import cut, one_line, quoted

LIMITS = Limits(20.0, 4 * 1024 * 1024)
"""For one answer; a server that gave none in time is not asked again in the same run."""

_COMPARISONS = {"maxDropVsStable", "maxRiseVsStable"}
_LONGEST_QUERY = 1000


class HttpJsonGates:
    """Answers gates such as ``{source: http-json, server: evidently, path: /r, value: /drift}``."""

    def __init__(self, servers: Callable[[], Mapping[str, HttpServer]] = dict) -> None:
        """``servers`` gives the servers that may be asked, by name; it raises LockstepError."""
        self._servers = servers

    def ask(self, question: Question) -> Answer:
        """The value for the candidate, and for the stable version where the gate compares."""
        gate, query = question.gate, "http-json"
        try:
            name = server_name(question)
            query = f"http-json: {quoted(name)}"
            values = values_of(question)
            request = asked(gate, values)
            query = cut(one_line(f"{name}: {request}, value at {gate.get('value')}"),
                        _LONGEST_QUERY)  # fmt: skip
            document = self._answer(name, request)
            stable = None
            if question.stable and _COMPARISONS & gate.keys():
                stable = asked(gate, values_of(question, stable=True))
            return Answer(
                query,
                measure(gate, document, question.now),
                measure(gate, self._answer(name, stable), question.now) if stable else None,
                condition=condition(gate, document, _expected(gate, values))
                if "equals" in gate
                else None,
            )
        except LockstepError as error:
            return Answer(query, failure=error.located())
        except ValueError as error:  # what the gate asks for cannot be asked of this cluster
            return Answer(query, failure=str(error))

    def _answer(self, name: str, request: Asked) -> Json:
        listed = self._servers().get(name)
        if listed is None:
            text = f"there is no server named {quoted(name)}"
            raise NotConfigured(text, where=FILE, fix="list it there, or correct the gate")
        with Conversation(server_of(name, listed), LIMITS) as conversation:
            if request.body is None:
                return conversation.get(request.path, request.fields)
            path = str(request).removeprefix("POST ")
            return conversation.post(path, body=request.body)


def _expected(gate: Json, values: Mapping[str, str]) -> Json:
    expected = gate["equals"]
    return filled(expected, values, "equals") if isinstance(expected, str) else expected
