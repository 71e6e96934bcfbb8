"""Gates on a real Prometheus: what it holds is counted exactly, and what it lacks is missing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.edges.files import read_tree
from lockstep.gate_sources.base import GateSources
from lockstep.model.blocks import Block, Count
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Measurement, Question, Workloads
from lockstep.model.times import format_time
from lockstep.spec.schema.load import compile_fast, read_schemas
from tests.acceptance.doc_pages import ROOT, blocks
from tests.acceptance.prometheus_server import History, Samples, needs_prometheus, prometheus

pytestmark = needs_prometheus

SINCE = datetime(2026, 1, 31, 8, tzinfo=UTC)
NOW = SINCE + timedelta(minutes=62)
BLOCKS = 12
NEW, OLD = "fraud-eu-v9", "fraud-eu-v8"


def counted(
    growth: float, first: float = -70, last: float = 65, offset: float = 3.5,
    skip: tuple[float, float] = (0, 0), reset: float = 1e9,
) -> Samples:  # fmt: skip
    """A counter that grows by the same before each scrape, from the minute ``first`` on.

    It is scraped four times a minute, ``offset`` seconds late; not in the minutes of ``skip``; at
    the minute ``reset`` it begins again.
    """
    value, samples = 0.0, []
    for quarter in range(round(first * 4), round(last * 4) + 1):
        value = growth if quarter == round(reset * 4) else value + growth
        if not skip[0] * 4 <= quarter < skip[1] * 4:
            moment = SINCE + timedelta(seconds=15 * quarter + offset)
            samples.append((moment, value))
    return samples


def named(name: str, **labels: str) -> str:
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inner}}}"


def istio(workload: str, pod: str, name: str = "istio_requests_total", **more: str) -> str:
    labels = {
        "reporter": "destination", "destination_workload": workload, "pod": pod,
        "destination_workload_namespace": "fraud",
    }  # fmt: skip
    if name == "istio_requests_total":
        labels["response_code"] = "200"
    return named(name, **{**labels, **more})


def bucket(workload: str, le: str) -> str:
    return istio(workload, "a", "istio_request_duration_milliseconds_bucket", le=le)


HISTORY: History = {
    "up": counted(0),
    istio(OLD, "a"): counted(10),
    istio(OLD, "b"): counted(20, offset=11),
    istio(OLD, "b", response_code="500"): counted(1, offset=11),
    istio(NEW, "c"): counted(3, first=-1),
    istio(NEW, "c", response_code="503"): counted(2, first=17),  # the first error
    istio(NEW, "d"): counted(5, first=12, offset=7.25),  # a second pod
    istio(NEW, "e"): counted(7, first=1, last=23),  # and one that ends
    istio(NEW, "f"): counted(4, first=-2, reset=31),  # and one that is restarted
    # Not what is asked for: another namespace, another version, the view of the caller.
    istio(NEW, "x", destination_workload_namespace="other"): counted(1000),
    istio("fraud-eu-v7", "x"): counted(1000),
    istio(NEW, "x", reporter="source"): counted(11),
    **{bucket(w, le): counted(n) for w in (NEW, OLD)
       for le, n in (("250", 5), ("500", 8), ("+Inf", 10))},
    **{named("decisions_total", model_version=v, namespace="fraud"): counted(n)
       for v, n in (("8", 50), ("9", 10))},
    **{named("wrong_total", model_version=v, namespace="fraud"): counted(n)
       for v, n in (("8", 2), ("9", 1))},
    named("gap_total", model_version="9"): counted(10, skip=(27, 33)),
    named("gap_total", model_version="8"): counted(10),
    named("gap_bad_total", model_version="8"): counted(1),
    named("score", version="9"): [(NOW - timedelta(seconds=30), 0.25)],
    named("score", version="8"): [(NOW - timedelta(minutes=6), 0.5)],
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(HISTORY, tmp_path_factory.mktemp("prometheus") / "whole") as url:
        yield url


def test_a_gate_uses_what_is_recorded_of_both_versions(tmp_path: Path) -> None:
    """The last one of the page, on the series that the rendered rules record."""
    text = (ROOT / "docs/how-to/gates-prometheus.md").read_text()
    (gate,) = yaml.safe_load(blocks(text, "yaml")[-1])["gates"]
    moments = [NOW - timedelta(minutes=each) for each in range(10, -1, -1)]

    def recorded(name: str, version: str, value: float) -> History:
        labels = {"lockstep_cluster": "fraud-eu", "lockstep_version": version}
        return {named(name, **labels): [(moment, value) for moment in moments]}

    history = {
        **recorded("lockstep:version_latency_seconds:p95_5m", "9", 0.4),
        **recorded("lockstep:version_latency_seconds:p95_5m", "8", 0.35),
        **recorded("lockstep:version_requests:rate5m", "9", 7),
        **recorded("lockstep:version_requests:rate5m", "8", 63),
    }
    with prometheus(history, tmp_path) as server:
        answer = ask(server, **gate)
        assert (answer.candidate.value, answer.candidate.samples) == (0.4, 2100)
        assert answer.stable and answer.stable.value == 0.35
        other = {**gate, "query": gate["query"].replace("{cluster}", "other")}
        assert ask(server, **other).candidate.value is None


def ask(server: str, **gate: Any) -> Answer:
    def lock(version: str) -> Json:
        return {"identity": {"version": version}}

    given: Json = {"name": "gate", "source": "prometheus", **gate}
    question = Question(
        given, "fraud-eu", "eu-west-1", "prod", lock("9"), lock("8"),
        format_time(SINCE), format_time(NOW), place=Workloads(server, "fraud", NEW, OLD),
    )  # fmt: skip
    return GateSources().ask(question)


def seen(samples: Samples, block: int) -> int:
    """What a scrape in this block has seen a counter grow by, counted without any shortcut."""
    begin, end = SINCE + timedelta(minutes=5 * block), SINCE + timedelta(minutes=5 * block + 5)
    total, before = 0.0, 0.0
    for moment, value in samples:
        if begin < moment <= end:
            total += value - before if value >= before else value
        before = value
    return int(total)


def expected(workload: str, *, bad: bool) -> list[int]:
    series = [
        samples for name, samples in HISTORY.items()
        if f'destination_workload="{workload}"' in name and 'reporter="destination"' in name
        and 'namespace="fraud"' in name and name.startswith("istio_requests_total")
        and (not bad or 'response_code="5' in name)
    ]  # fmt: skip
    return [sum(seen(samples, block) for samples in series) for block in range(BLOCKS)]


def test_errors_are_counted_over_pods_that_start_end_and_restart(server: str) -> None:
    answer = ask(server, measure="error_ratio", compare={"harm": 3})
    assert answer.failure == "" and [b.missing for b in answer.blocks] == [""] * BLOCKS
    for workload, counts in (
        (NEW, [b.candidate for b in answer.blocks]), (OLD, [b.baseline for b in answer.blocks]),
    ):  # fmt: skip
        bad, total = expected(workload, bad=True), expected(workload, bad=False)
        assert counts == [Count(b, t) for b, t in zip(bad, total, strict=True)]
    assert answer.blocks[0].start == format_time(SINCE)
    assert answer.blocks[-1].end == format_time(SINCE + timedelta(hours=1))


def test_the_caller_s_view_is_another_count(server: str) -> None:
    answer = ask(server, measure="throughput", reporter="source", min=0.5)
    assert {b.candidate for b in answer.blocks} == {Count(0, 220)}


def test_slow_requests_are_those_outside_of_the_bucket(server: str) -> None:
    answer = ask(server, measure="latency_over_slo", slo=500, compare={"harm": 1.5})
    assert {(b.candidate, b.baseline) for b in answer.blocks} == {(Count(40, 200), Count(40, 200))}
    answer = ask(server, measure="latency_over_slo", slo=300, compare={"harm": 1.5})
    assert answer.failure.endswith("there are 250, 500")


FALSE_POSITIVES: dict[str, Any] = {
    "measure": "false_positive_ratio", "versionLabel": "model_version", "compare": {"harm": 1.17},
    "bad": {"metric": "wrong_total", "labels": {"namespace": "{namespace}"}},
    "total": {"metric": "decisions_total", "labels": {"namespace": "{namespace}"}},
}  # fmt: skip


def test_false_positives_are_counted_by_the_version_of_the_registry(server: str) -> None:
    answer = ask(server, **FALSE_POSITIVES)
    assert {(b.candidate, b.baseline) for b in answer.blocks} == {
        (Count(20, 200), Count(40, 1000)),
    }
    misspelt = {**FALSE_POSITIVES, "bad": {"metric": "wrnog_total"}}
    assert "there is no series wrnog_total{}" in ask(server, **misspelt).failure


def test_a_gap_is_missing_in_the_blocks_that_it_touches(server: str) -> None:
    gate = {**FALSE_POSITIVES, "bad": {"metric": "gap_bad_total"}, "total": {"metric": "gap_total"}}
    blocks = ask(server, **gate).blocks
    assert [n for n, block in enumerate(blocks) if block.candidate is None] == [5, 6]
    assert blocks[5].missing == "candidate: a series has no sample near 2026-01-31T08:30:00Z"
    assert {block.baseline for block in blocks} == {Count(20, 200)}


def test_a_query_has_one_result_that_is_not_stale(server: str) -> None:
    gate = {
        "query": 'score{version="{version}"}',
        "maxRiseVsStable": 0.1,
        "samplesQuery": "vector(7)",
    }
    answer = ask(server, **gate)
    assert answer.candidate == Measurement(0.25, 7, format_time(NOW))
    assert answer.stable is not None and "no result" in answer.stable.problem
    assert "16 results" in ask(server, query="{__name__=~'istio.*'}", max=1).candidate.problem
    refused = ask(server, query="score{", max=1).failure
    assert "refused the request with HTTP 400" in refused and "parse error" in refused


@pytest.mark.parametrize("kept", [30.0, 70.0])
def test_a_history_that_begins_after_the_grid_is_missing_until_then(
    kept: float, tmp_path: Path
) -> None:
    young = {
        name: [
            (moment, value) for moment, value in samples if moment > NOW - timedelta(minutes=kept)
        ]
        for name, samples in HISTORY.items()
    }
    with prometheus({n: s for n, s in young.items() if s}, tmp_path / "young") as url:
        blocks = ask(url, measure="error_ratio", max=0.1).blocks
    whole = [block for block in blocks if block.candidate and block.baseline]
    first = 7 if kept == 30 else 0  # 08:32 is in the seventh block
    assert [block.start for block in whole] == [
        format_time(SINCE + timedelta(minutes=5 * n)) for n in range(first, BLOCKS)
    ]
    for block in blocks[:first]:
        assert block.missing.startswith("Prometheus has no samples near 2026-01-31T08:")
        assert "it keeps 90d" in block.missing


def test_an_empty_prometheus_has_no_blocks_to_count(tmp_path: Path) -> None:
    with prometheus({}, tmp_path / "empty") as url:
        answer = ask(url, measure="error_ratio", max=0.1)
    assert {(b.candidate, b.baseline) for b in answer.blocks} == {(None, None)}
    assert all("has no samples near" in b.missing for b in answer.blocks)


def test_what_two_runners_see_in_one_block_is_the_same(server: str) -> None:
    """Half a minute apart, and with the samples that came in between."""

    def blocks(now: datetime) -> tuple[Block, ...]:
        given: Json = {"name": "gate", "source": "prometheus", "measure": "error_ratio", "max": 1}
        question = Question(
            given, "fraud-eu", "eu-west-1", "prod", {"identity": {"version": "9"}}, None,
            format_time(SINCE), format_time(now), place=Workloads(server, "fraud", NEW, OLD),
        )  # fmt: skip
        return GateSources().ask(question).blocks

    now = SINCE + timedelta(minutes=31)
    assert blocks(now) == blocks(now + timedelta(minutes=4, seconds=59))
    assert blocks(now) == blocks(now + timedelta(minutes=29))[:6]


def test_the_page_shows_what_each_measure_asks_for() -> None:
    """Its gates are asked, and the selectors of their answers are in its table."""
    text = (ROOT / "docs/how-to/gates-prometheus.md").read_text()
    measures, *queries = (yaml.safe_load(block)["gates"] for block in blocks(text, "yaml")[1:])
    shown = text.replace("\\|", "|")
    for gate in measures:
        selectors = ask("http://127.0.0.1:9", **gate).query.partition(": ")[2]
        for selector in selectors.split("; "):
            assert f"`{selector}`" in shown
    schema = {"$ref": "gates/prometheus.json"}
    files = read_schemas(read_tree(ROOT, ["policies"])) | {"one.json": schema}
    assert all(compile_fast(files)("one.json").is_valid(gate) for gate in sum(queries, measures))
