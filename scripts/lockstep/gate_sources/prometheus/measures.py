"""The ready-made measures: which counters are asked for, and what each of their series counts.

Istio's metrics are described at https://istio.io/latest/docs/reference/config/metrics/.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lockstep.gate_sources.placeholders import placeholder_values, version_of
from lockstep.gate_sources.prometheus.api import PrometheusApi, Series
from lockstep.gate_sources.prometheus.counting import Counter
from lockstep.model.document import Json
from lockstep.model.evidence import Question, Workloads
from lockstep.model.times import parse_time
from lockstep.text.promql import (
    filled,
    names_version,
    one_of,
    selector,
)
from lockstep.text.sanitise import quoted

REQUESTS = "istio_requests_total"
DURATIONS = "istio_request_duration_milliseconds_bucket"
CODES = "5.."
"""The response codes that are errors where the gate does not say."""

MOST_SEGMENTS = 20

_GRPC_ERRORS = frozenset(("2", "4", "12", "13", "14", "15"))
"""The statuses of gRPC that are the server's fault, as 5xx are in HTTP: UNKNOWN, DEADLINE_EXCEEDED,
UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. Their requests have the response code 200."""
_CODES = re.compile(r"[0-9.]{1,3}(\|[0-9.]{1,3})*", re.ASCII)
_REPLICA_LABELS = ("replica", "prometheus_replica", "__replica__")
"""What tells the copies of a series apart that two Prometheus servers of one pair have."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Series to ask for, and what to do with them.

    ``weight`` gives how a series enters ``bad`` and ``total`` of a count. The label ``by`` says to
    which version it belongs; ``versions`` are its values for candidate and stable version.
    """

    selector: str
    by: str
    versions: tuple[str, ...]
    weight: Callable[[Mapping[str, str]], tuple[int, int]]


def wanted(question: Question, place: Workloads) -> list[Wanted]:
    """What to ask for the gate's measure. Raises ValueError for settings that cannot be used."""
    measure = question.gate.get("measure")
    if measure == "error_ratio":
        codes = str(question.gate.get("codes", CODES))
        if not _CODES.fullmatch(codes):
            raise ValueError(f"codes {quoted(codes)} are not response codes such as 5.. or 429|5..")
        return [
            _of_istio(question, place, REQUESTS, {}, lambda given: (_is_error(given, codes), 1))
        ]
    if measure == "throughput":
        return [_of_istio(question, place, REQUESTS, {}, lambda _: (0, 1))]
    if measure == "latency_over_slo":
        # A bucket counts what was as fast or faster; Prometheus 3 writes 500.0 for 500.
        le = rf"{re.escape(_slo(question.gate))}(\.0+)?|\+Inf"
        return [_of_istio(question, place, DURATIONS, {"le": le}, _slower)]
    if measure in ("false_positive_ratio", "ratio"):
        return [
            _own(question, "bad", lambda _: (1, 0)),
            _own(question, "total", lambda _: (0, 1)),
        ]
    raise ValueError(f"there is no measure {quoted(str(measure))}")


def counters(question: Question, asked: Wanted, found: Iterable[Series]) -> list[list[Counter]]:
    """The counters of the candidate, and those of the stable version where there is one.

    Raises ValueError for series that were not asked for, copies of series, and too many segments.
    """
    label = question.gate.get("segmentLabel")
    sides: list[list[Counter]] = [[] for _ in asked.versions]
    copies = set()
    for series in found:
        if series.labels.get(asked.by) not in asked.versions:
            raise ValueError("the answer has series of a version that was not asked for")
        bare = frozenset(p for p in series.labels.items() if p[0] not in _REPLICA_LABELS)
        if bare in copies:
            names = ", ".join(name for name in _REPLICA_LABELS if name in series.labels)
            raise ValueError(
                f"series are there several times, once for each {names}: give the address of one "
                "Prometheus, or of a querier that removes duplicates"
            )
        copies.add(bare)
        segment = series.labels.get(str(label), "") if label else ""
        side = sides[asked.versions.index(series.labels[asked.by])]
        side.append(Counter(series, *asked.weight(series.labels), segment))
    segments = {each.segment for side in sides for each in side}
    if len(segments) > MOST_SEGMENTS:
        raise ValueError(
            f"{label} has {len(segments)} values; at most {MOST_SEGMENTS} are compared"
        )
    return sides


def why_not_whole(
    question: Question, place: Workloads, api: PrometheusApi, sides: Sequence[Sequence[Counter]]
) -> str:
    """Why counts of these counters would be wrong although each has samples; empty if they are not.

    That is a bucket that does not exist, which would make each request slow, and a counter of what
    is bad that does not, which would make each one good.
    """
    measure, now = question.gate.get("measure"), parse_time(question.now)
    if measure == "latency_over_slo":
        everything = [each for side in sides for each in side]
        whole = {_without_le(each) for each in everything if each.total}
        if whole == {_without_le(each) for each in everything if not each.total}:
            return ""
        asked = _of_istio(question, place, DURATIONS, {}, _slower).selector
        buckets = {s.labels.get("le", "") for s in api.instant(f"count by (le) ({asked})", now)}
        shown = ", ".join(sorted(buckets - {"", "+Inf"}, key=_order)[:50])
        return (
            f"slo {_slo(question.gate)} is not a bucket of all series of {DURATIONS}; "
            f"there are {shown or 'none now'}"
        )
    bad = question.gate.get("bad")
    if not isinstance(bad, dict) or any(each.bad for side in sides for each in side):
        return ""
    # Of any version: those without a single false positive may have no such series.
    of_any = selector(str(bad.get("metric")), _labels(question, bad), {})
    if api.instant(f"count(last_over_time({of_any}[1h]))", now):
        return ""
    return f"there is no series {of_any}, so nothing counts what is bad"


def _of_istio(
    question: Question, place: Workloads, metric: str, patterns: Mapping[str, str],
    weight: Callable[[Mapping[str, str]], tuple[int, int]],
) -> Wanted:  # fmt: skip
    workloads = tuple(name for name in (place.candidate, place.stable) if name)
    exact = _labels(question, question.gate) | {
        "reporter": str(question.gate.get("reporter", "destination")),
        "destination_workload_namespace": place.namespace,
    }
    by = "destination_workload"
    text = selector(metric, exact, {by: one_of(list(workloads)), **patterns})
    return Wanted(text, by, workloads, weight)


def _own(
    question: Question, role: str,
    weight: Callable[[Mapping[str, str]], tuple[int, int]],
) -> Wanted:  # fmt: skip
    given, label = question.gate.get(role), str(question.gate.get("versionLabel", "version"))
    if not isinstance(given, dict):
        raise ValueError(f"the gate does not say which counter counts {role}")
    locks = [question.candidate, *([question.stable] if question.stable else [])]
    versions = tuple(version_of(lock) for lock in locks)
    if not all(versions):
        raise ValueError("a lock does not say its version")
    patterns = {label: one_of(list(versions))}
    text = selector(str(given.get("metric")), _labels(question, given), patterns)
    return Wanted(text, label, versions, weight)


def _labels(question: Question, given: Json) -> dict[str, str]:
    """The ``labels`` of a gate or of one of its counters, with their placeholders replaced."""
    values = placeholder_values(question)
    labels = given.get("labels") or {}
    for name, template in labels.items():
        if names_version(str(template)):
            raise ValueError(f"label {name} names a version, and both versions are asked for")
    return {name: filled(str(text), values, quote=False) for name, text in labels.items()}


def _is_error(labels: Mapping[str, str], codes: str) -> int:
    is_error = re.fullmatch(codes, labels.get("response_code", "")) is not None
    return int(is_error or labels.get("grpc_response_status") in _GRPC_ERRORS)


def _slower(labels: Mapping[str, str]) -> tuple[int, int]:
    return (1, 1) if labels.get("le") == "+Inf" else (-1, 0)


def _slo(gate: Json) -> str:
    slo = gate.get("slo")
    if not isinstance(slo, int | float) or isinstance(slo, bool) or slo <= 0:
        raise ValueError("slo is not a number of milliseconds")
    return f"{slo:.10g}"


def _without_le(counter: Counter) -> frozenset[tuple[str, str]]:
    return frozenset(pair for pair in counter.series.labels.items() if pair[0] != "le")


def _order(le: str) -> tuple[float, str]:
    try:
        return float(le), le
    except ValueError:
        return float("inf"), le
