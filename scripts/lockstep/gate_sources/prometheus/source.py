"""The gate source ``prometheus``: answers a gate's query, or counts its measure in blocks."""

import os
from collections.abc import Sequence
from pathlib import Path

from lockstep.edges.http import Conversation, Limits, Server
from lockstep.edges.http_address import certificate_file, parse_address, valid_token
from lockstep.edges.http_errors import Words
from lockstep.gate_sources.prometheus.api import CHUNK, PrometheusApi
from lockstep.gate_sources.prometheus.counting import NEAR, Counter, count_blocks
from lockstep.gate_sources.prometheus.measures import (
    counters,
    wanted,
    why_not_whole,
)
from lockstep.gate_sources.prometheus.query import measurement, queries
from lockstep.model.blocks import Period, closed_blocks, require_few
from lockstep.model.errors import LockstepError, NotConfigured
from lockstep.model.evidence import Answer, Measurement, Question, Workloads
from lockstep.model.times import parse_time

TOKEN_VARIABLE = "LOCKSTEP_PROMETHEUS_TOKEN"  # noqa: S105 (a name)
CA_VARIABLE = "LOCKSTEP_PROMETHEUS_CA"

LIMITS = Limits(seconds=60.0, size=64 * 1024 * 1024)
"""What the answers to one question may take: hours of samples of each series of two versions."""

_FIELD = "spec.regions[].prometheus in environment.yaml"
_WORDS = Words(
    "Prometheus",
    again="run the command again; if it happens again, look at the load of that Prometheus",
    reach=f"check that it runs, that this machine can reach it, and {_FIELD}",
    kind=f"check that {_FIELD} is the address of a Prometheus, or of what has its API",
    trust=f"name the file of the CA that signed it in {CA_VARIABLE}",
)


class PrometheusGates:
    """Answers gates with a ``query`` or a ``measure``, at the server of each question's region."""

    def __init__(self, address: str | None = None, limits: Limits = LIMITS) -> None:
        """``address`` is used where a question names no server."""
        self._address, self._limits = address or "", limits

    def ask(self, question: Question) -> Answer:
        """The value for both versions, or the blocks; ``failure`` says why there are none."""
        gate, place = question.gate, question.place
        text = str(gate.get("query", gate.get("measure", "")))
        try:
            if place is None or not place.candidate:
                return Answer(text, failure="the candidate runs nowhere yet")
            text = _asked(question, place)
            server = server_for(place.server or self._address, question.region)
            with Conversation(server, self._limits) as talk:
                answer = _answer_query if "query" in gate else _answer_measure
                return answer(question, place, PrometheusApi(talk, server.address.url), text)
        except LockstepError as error:
            return Answer(text, failure=error.located())
        except ValueError as error:
            return Answer(text, failure=str(error))


def _asked(question: Question, place: Workloads) -> str:
    """What is asked about the candidate, or of both versions, in PromQL."""
    if "query" in question.gate:
        return "; samples: ".join(queries(question, place, stable=False))
    selectors = "; ".join(each.selector for each in wanted(question, place))
    return f"{question.gate['measure']}: {selectors}"


def server_for(address: str, region: str) -> Server:
    """The Prometheus of a region, with the credentials that the environment has for it.

    The variables of the region, such as LOCKSTEP_PROMETHEUS_TOKEN_EU_WEST_1, come before those
    without a name. Raises LockstepError where there is no address, or one that cannot be used.
    """
    if not address:
        raise NotConfigured(
            f"no Prometheus is named for region {region}", where=_FIELD,
            fix="write its address there, as the machine that runs Lockstep reaches it",
        )  # fmt: skip
    token_name, token = _variable(TOKEN_VARIABLE, region)
    token = valid_token(token, token_name)
    _, ca = _variable(CA_VARIABLE, region)
    return Server(
        parse_address(address, "Prometheus", _FIELD, f"give a token in {TOKEN_VARIABLE}"),
        _WORDS,
        access=f"give a token that may query in {TOKEN_VARIABLE}, or in "
        f"{_of_region(TOKEN_VARIABLE, region)} for this region",
        secrets={"Authorization": f"Bearer {token}"} if token else {},
        ca=certificate_file(Path(ca), "CA") if ca else "",
    )


def _variable(name: str, region: str) -> tuple[str, str]:
    """The variable of a region, or else the one for all, and its value."""
    own = _of_region(name, region)
    chosen = own if os.environ.get(own) else name
    return chosen, os.environ.get(chosen, "")


def _of_region(name: str, region: str) -> str:
    return f"{name}_{region.upper().replace('-', '_')}"


def _answer_query(question: Question, place: Workloads, api: PrometheusApi, text: str) -> Answer:
    found: list[Measurement | None] = []
    for stable in (False, True):
        texts = queries(question, place, stable=stable)
        found.append(measurement(api, texts, parse_time(question.now)) if texts else None)
    return Answer(text, found[0] or Measurement(), found[1])


def _answer_measure(question: Question, place: Workloads, api: PrometheusApi, text: str) -> Answer:
    spans = closed_blocks(question.gate, parse_time(question.since), parse_time(question.now))
    asked = wanted(question, place)
    if not spans:
        return Answer(text)
    # Before the grid, so that a series that was there is not taken for a new one.
    first, last = spans[0].start - CHUNK, spans[-1].end
    sides: list[list[Counter]] = [[] for _ in asked[0].versions]
    for each in asked:
        found = counters(question, each, api.samples(each.selector, first, last))
        for side, more in zip(sides, found, strict=True):
            side.extend(more)
    problem = why_not_whole(question, place, api, sides)
    if problem:
        raise ValueError(problem)

    def scraped(edges: Sequence[int], seen: set[int]) -> dict[int, str]:
        return _silent(api, spans, edges, seen)

    blocks = count_blocks(sides[0], sides[1] if len(sides) > 1 else None, spans, scraped)
    require_few(len(blocks))
    return Answer(text, blocks=blocks)


def _silent(
    api: PrometheusApi, spans: Sequence[Period], edges: Sequence[int], seen: set[int]
) -> dict[int, str]:
    """The edges near which Prometheus has no samples at all, with what it says of its history."""
    if all(edge in seen for edge in edges):
        return {}
    length = spans[0].end - spans[0].start
    near = min(NEAR, length).total_seconds()
    # Prometheus writes up for each target that it scrapes, whatever that answers.
    alive = f"count(count_over_time(up[{near:.0f}s]))"
    alive_at = api.times(alive, spans[0].start, spans[-1].end, length)
    silent = [edge for edge in edges if edge not in seen and edge not in alive_at]
    if not silent:
        return {}
    about = api.about()
    known = [f"it keeps {about['storageRetention']}"] if "storageRetention" in about else []
    if "startTime" in about:
        known.append(f"it was started at {about['startTime']}")
    why = f" ({', '.join(known)})" if known else ""
    return dict.fromkeys(silent, why)
