"""Each way in which a Prometheus fails, or lies, ends in a problem or a failure; never a number."""

from dataclasses import replace
from typing import Any

import pytest

from lockstep.edges.http import Limits
from lockstep.gate_sources.prometheus.source import LIMITS, PrometheusGates, server_for
from lockstep.model.blocks import Count
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Measurement
from tests.unit.gate_sources.prometheus.prometheus_answers import (
    EDGE,
    NOW,
    START,
    answering,
    question,
    requests,
    series,
    steady,
    success,
)
from tests.unit.json_server import Answers, Reply, json_server

NEW, OLD = "fraud-eu-v9", "fraud-eu-v8"
BOTH = (requests(NEW, steady(10)), requests(OLD, steady(50)))
ERRORS: dict[str, Any] = {"measure": "error_ratio", "compare": {"harm": 3}}
NOON = START + 720
TOKEN = "s3cr3t-value"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "TOKEN_EU_WEST_1", "CA", "CA_EU_WEST_1"):
        monkeypatch.delenv(f"LOCKSTEP_PROMETHEUS_{name}", raising=False)


def ask(answers: Answers, stable: bool = True, limits: Limits = LIMITS, **gate: Any) -> Answer:
    with json_server(answers) as server:
        return PrometheusGates(limits=limits).ask(question(server.url, stable, **gate))


def queried(result: Json, **gate: Any) -> Answer:
    """The answer to a query for which the server gives this result."""
    return ask(lambda _: Reply(result), **{"query": "up", "min": 1, **gate})


def one(value: str, time: float = NOON) -> Json:
    return success("vector", [{"metric": {}, "value": [time, value]}])


def test_requests_of_both_versions_are_counted_in_blocks() -> None:
    more = requests(NEW, steady(1), response_code="503")
    grpc = requests(NEW, steady(1), grpc_response_status="14", pod="b")
    fine = requests(NEW, steady(1), grpc_response_status="5", pod="c")
    answer = ask(answering(*BOTH, more, grpc, fine), **ERRORS)
    assert [(b.candidate, b.baseline, b.missing) for b in answer.blocks] == [
        (Count(10, 65), Count(0, 250), ""),
        (Count(10, 65), Count(0, 250), ""),
    ]
    assert answer.failure == ""
    assert answer.candidate == Measurement(20 / 130, 130, "2026-01-31T08:10:00Z")
    assert answer.stable == Measurement(0.0, 500, "2026-01-31T08:10:00Z")
    assert answer.query == (
        'error_ratio: istio_requests_total{reporter="destination",'
        'destination_workload_namespace="fraud",destination_workload=~"fraud-eu-v9|fraud-eu-v8"}'
    )


def test_codes_reporter_and_labels_say_which_requests_count() -> None:
    bad = requests(NEW, steady(2), response_code="429")
    gate: dict[str, Any] = {
        **ERRORS,
        "codes": "429|5..",
        "reporter": "source",
        "labels": {"cluster": "{region}"},
    }
    answer = ask(answering(*BOTH, bad), **gate)
    assert answer.blocks[0].candidate == Count(10, 60)
    assert '{cluster="eu-west-1",reporter="source",' in answer.query


def test_without_a_stable_version_only_the_candidate_is_asked_for() -> None:
    answer = ask(answering(BOTH[0]), stable=False, **ERRORS)
    assert answer.blocks[0].candidate == Count(0, 50) and answer.blocks[0].baseline is None
    assert answer.stable is None and answer.blocks[0].missing == ""
    assert 'destination_workload=~"fraud-eu-v9"}' in answer.query


def test_throughput_is_requests_a_second() -> None:
    answer = ask(answering(*BOTH), measure="throughput", min=0.1)
    assert answer.blocks[0].candidate == Count(0, 50)
    assert answer.candidate.value == 100 / 600


def bucket(workload: str, le: str, growth: float, **labels: str) -> Json:
    name = "istio_request_duration_milliseconds_bucket"
    labels = {"__name__": name, "destination_workload": workload, "le": le, **labels}
    return series(labels, steady(growth))


@pytest.mark.parametrize("le", ["500", "500.0"])
def test_requests_slower_than_the_slo_are_all_without_those_in_its_bucket(le: str) -> None:
    found = [bucket(w, b, g) for w in (NEW, OLD) for b, g in ((le, 8), ("+Inf", 10))]
    answer = ask(answering(*found), measure="latency_over_slo", slo=500, compare={"harm": 2})
    assert answer.blocks[0].candidate == answer.blocks[0].baseline == Count(10, 50)
    assert r'le=~"500(\\.0+)?|\\+Inf"' in answer.query


def test_an_slo_that_is_no_bucket_lists_those_that_are() -> None:
    there = success("vector", [{"metric": {"le": le}, "value": [NOON, "1"]} for le in
                               ("1000", "+Inf", "250", "500")])  # fmt: skip
    found = [bucket(NEW, "+Inf", 10), bucket(OLD, "+Inf", 10)]
    gate: dict[str, Any] = {"measure": "latency_over_slo", "slo": 300, "max": 0.1}
    answer = ask(answering(*found, instant=there), **gate)
    assert answer.failure == (
        "slo 300 is not a bucket of all series of istio_request_duration_milliseconds_bucket; "
        "there are 250, 500, 1000"
    )
    some = [*found, bucket(OLD, "300", 9)]
    assert "is not a bucket of all series" in ask(answering(*some, instant=there), **gate).failure


OWN: dict[str, Any] = {
    "measure": "false_positive_ratio", "max": 0.1, "versionLabel": "model_version",
    "bad": {"metric": "wrong_total", "labels": {"team": 'a"b', "ns": "{namespace}"}},
    "total": {"metric": "decisions_total"},
}  # fmt: skip


def own(name: str, version: str, growth: float, **labels: str) -> Json:
    return series({"__name__": name, "model_version": version, **labels}, steady(growth))


def test_counters_of_the_organisation_are_told_apart_by_their_version() -> None:
    found = [own("wrong_total", "9", 1), own("decisions_total", "9", 10),
             own("wrong_total", "8", 2), own("decisions_total", "8", 50)]  # fmt: skip
    answer = ask(answering(*found), **OWN)
    assert (answer.blocks[0].candidate, answer.blocks[0].baseline) == (Count(5, 50), Count(10, 250))
    assert answer.query == (
        r'false_positive_ratio: wrong_total{team="a\"b",ns="fraud",model_version=~"9|8"}; '
        'decisions_total{model_version=~"9|8"}'
    )


def test_a_counter_of_bad_ones_that_does_not_exist_is_not_zero() -> None:
    found = [own("decisions_total", "9", 10), own("decisions_total", "8", 50)]
    answer = ask(answering(*found, instant=success("vector", [])), **OWN)
    assert "there is no series wrong_total{" in answer.failure and not answer.blocks
    there = ask(answering(*found, instant=one("3")), **OWN)
    assert there.failure == "" and there.blocks[0].candidate == Count(0, 50)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bad": {"metric": "a b"}}, "'a b' is not the name of a metric"),
        ({"bad": None}, "does not say which counter counts bad"),
        ({"bad": {"metric": "a", "labels": {"v": "{version}"}}}, "label v names a version"),
        ({"versionLabel": "a-b"}, "'a-b' is not the name of a label"),
        ({"measure": "apdex"}, "there is no measure 'apdex'"),
        ({"measure": "error_ratio", "codes": "(a+)+"}, "are not response codes"),
        ({"measure": "latency_over_slo", "slo": "fast"}, "slo is not a number"),
        ({"measure": "error_ratio", "block": "never"}, "block 'never' is not a duration"),
    ],
)
def test_settings_that_cannot_be_used_are_failures(change: dict[str, Any], why: str) -> None:
    assert why in ask(answering(), **{**OWN, **change}).failure


def test_before_a_block_has_closed_nothing_is_asked() -> None:
    with json_server(answering()) as server:
        answer = PrometheusGates().ask(question(server.url, **ERRORS, block="1h"))
    assert answer.blocks == () and answer.failure == ""
    assert answer.candidate.problem == "no block has closed since the step began"
    assert not server.asked


def test_no_series_at_all_is_missing_and_not_zero() -> None:
    answer = ask(answering(BOTH[1]), **ERRORS)
    assert [b.candidate for b in answer.blocks] == [None, None]
    assert answer.candidate.problem == "candidate: no series has samples, so nothing was measured"
    assert answer.blocks[0].baseline == Count(0, 250)


def test_no_traffic_is_a_count_of_zero_and_no_ratio() -> None:
    answer = ask(answering(requests(NEW, steady(0, 5)), BOTH[1]), **ERRORS)
    assert answer.blocks[0].candidate == Count(0, 0) and answer.blocks[0].missing == ""
    assert answer.candidate.value is None and answer.candidate.problem == "there was no traffic"


def test_a_history_that_begins_later_than_the_grid_is_said() -> None:
    young = [requests(w, [(s, v) for s, v in steady(10) if s > 310]) for w in (NEW, OLD)]

    def answer(request: Any) -> Reply:
        if request.path.endswith("/query_range"):
            return Reply(success("matrix", [{"metric": {}, "values": [[EDGE, "1"]]}]))
        return answering(*young, about={"storageRetention": "15d", "startTime": NOW})(request)

    found = ask(answer, **ERRORS)
    assert [b.candidate for b in found.blocks] == [None, None]
    assert found.blocks[0].missing == (
        "Prometheus has no samples near 2026-01-31T08:05:00Z "
        "(it keeps 15d, it was started at 2026-01-31T08:12:00Z)"
    )


@pytest.mark.parametrize("label", ["replica", "prometheus_replica", "__replica__"])
def test_series_of_two_replicas_are_refused(label: str) -> None:
    copies = [requests(NEW, steady(10), **{label: name}) for name in "ab"]
    answer = ask(answering(*copies, BOTH[1]), **ERRORS)
    assert f"several times, once for each {label}" in answer.failure and not answer.blocks


def test_replicas_that_answer_in_turn_are_noticed() -> None:
    turn = iter(range(99))

    def answer(request: Any) -> Reply:
        shift = next(turn) % 2 * 7
        moved = [requests(w, [(s + shift, v) for s, v in steady(10)]) for w in (NEW, OLD)]
        return answering(*moved)(request)

    assert "two answers differ about the same samples" in ask(answer, **ERRORS).failure


def test_series_of_another_version_are_refused() -> None:
    stranger = requests("fraud-eu-v7", steady(10))
    assert "a version that was not asked for" in ask(answering(*BOTH, stranger), **ERRORS).failure


def test_segments_are_kept_apart_and_bounded() -> None:
    found = [requests(w, steady(1), kind=k) for w in (NEW, OLD) for k in "ab"]
    answer = ask(answering(*found), **ERRORS, segmentLabel="kind")
    assert [(b.segment, b.candidate) for b in answer.blocks[:2]] == [
        ("a", Count(0, 5)), ("b", Count(0, 5)),
    ]  # fmt: skip
    many = [requests(NEW, steady(1), kind=str(k)) for k in range(21)]
    answer = ask(answering(*many), **ERRORS, segmentLabel="kind")
    assert answer.failure == "kind has 21 values; at most 20 are compared"


def test_more_blocks_than_a_record_holds_are_refused() -> None:
    found = [requests(w, steady(1), kind=str(k)) for w in (NEW, OLD) for k in range(2)]
    answer = ask(answering(*found), **ERRORS, segmentLabel="kind", block="1s")
    assert "are more than 1000: set a longer block" in answer.failure


def test_a_query_is_asked_for_both_versions() -> None:
    def answer(request: Any) -> Reply:
        text = request.query["query"]
        return Reply(one("0.25" if "v9" in text else "0.5" if "v8" in text else "1200.7"))

    asked = 'avg(score{ns="{namespace}",app="{workload}"}) by ()'
    found = ask(answer, query=asked, maxDropVsStable=1, samplesQuery="sum(n)")
    assert found.candidate == Measurement(0.25, 1200, NOW)
    assert found.stable == Measurement(0.5, 1200, NOW)
    assert found.query == 'avg(score{ns="fraud",app="fraud-eu-v9"}) by (); samples: sum(n)'


def test_a_query_without_comparison_is_not_asked_of_the_stable_version() -> None:
    assert queried(success("scalar", [NOON, "0.5"])) == Answer("up", Measurement(0.5, None, NOW))


def test_a_comparison_with_itself_is_refused() -> None:
    answer = queried(one("1"), maxRiseVsStable=0.1)
    assert "names neither {workload} nor {version}" in answer.failure


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (success("vector", []), "the query has no result"),
        (one("NaN"), "the result is NaN"),
        (one("+Inf"), "the result is inf"),
        (success("scalar", [NOON, "-Inf"]), "the result is -inf"),
        (success("vector", one("1")["data"]["result"] * 2), "the query has 2 results"),
        (one("1", NOON - 60), "is for 2026-01-31T08:11:00Z, before the time that was asked for"),
        (one("1", NOON + 900), "is for 2026-01-31T08:27:00Z, after the time that was asked for"),
        ({**one("1"), "warnings": ["store s1 is down"]}, "may be partial: store s1 is down"),
    ],
)
def test_a_result_that_is_not_a_number_of_now_is_a_problem(result: Json, problem: str) -> None:
    answer = queried(result)
    assert answer.candidate.value is None and problem in answer.candidate.problem
    assert answer.failure == ""


def test_hints_of_promql_are_no_warnings() -> None:
    hint = 'PromQL info: metric might not be a counter: "up" (1:5)'
    assert queried({**one("1"), "warnings": [hint], "infos": ["x"]}).candidate.value == 1


def test_a_count_of_samples_that_is_none_is_a_problem() -> None:
    def answer(request: Any) -> Reply:
        return Reply(one("NaN" if request.query["query"] == "n" else "1"))

    answer_ = ask(answer, query="up", samplesQuery="n", min=1)
    assert answer_.candidate == Measurement(problem="samplesQuery: the result is NaN")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply({"status": "success"}), "is not one of Prometheus: it has no data"),
        (Reply([]), "it has no data"),
        (Reply({**success("matrix", []), "status": "error"}), "it has no data"),
        (Reply(success("vector", [])), "it has a vector where samples were asked for"),
        (Reply(success("matrix", {})), "something that is not a list"),
        (Reply(success("matrix", [1])), "an element that is not an object"),
        (
            Reply(success("matrix", [{"metric": {"a": 1}, "values": []}])),
            "labels that are not text",
        ),
        (Reply(success("matrix", [{"metric": {}, "values": [[1]]}])), "a time with a number"),
        (Reply(success("matrix", [{"metric": {}, "values": [[NOON, 1]]}])), "a time with a number"),
        (Reply(success("matrix", [{"metric": {}, "values": [[NOON, "1_0"]]}])), "with a number"),
        (Reply(success("matrix", [{"metric": {}, "values": [[True, "1"]]}])), "with a number"),
        (Reply(success("matrix", [{"metric": {}, "values": [[1e300, "1"]]}])), "with a number"),
        (Reply(success("matrix", [{"metric": {}, "values": [[1, "1"]]}])), "from outside of the"),
        (Reply(success("matrix", [requests(NEW, [(5, 1), (5, 2)])])), "not in the order of their"),
        (Reply(success("matrix", [{"metric": {}, "values": [], "histograms": [1]}])), "native"),
        (Reply(success("matrix", [], warnings=["x"])), "may be partial: x"),
        (Reply(b"<html>"), "the answer of Prometheus cannot be read"),
        (Reply({"status": "error", "error": "too many\nsamples"}, 422), r"422: too many\nsamples"),
        (Reply(b"", 301, {"Location": "http://evil.example.com"}), "to evil.example.com, which is"),
        (Reply(b" " * 5000), "answered with more than 2000 bytes"),
        (Reply(success("matrix", []), drip=0.2), "gave no answer within 0.5 seconds"),
        (Reply(success("matrix", []), cut=True), "the answer of Prometheus was cut off"),
    ],
)
def test_a_server_that_fails_or_lies_is_a_failure(reply: Reply, why: str) -> None:
    answer = ask(lambda _: reply, limits=Limits(seconds=0.5, size=2000), **ERRORS)
    assert why in answer.failure and not answer.blocks
    assert answer.candidate.value is None and answer.failure.startswith("http://127.0.0.1:")


def test_the_token_of_the_region_is_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_PROMETHEUS_TOKEN", "another")
    monkeypatch.setenv("LOCKSTEP_PROMETHEUS_TOKEN_EU_WEST_1", TOKEN)
    with json_server(lambda _: Reply({"error": f"no {TOKEN}"}, 401)) as server:
        answer = PrometheusGates().ask(question(server.url, **ERRORS))
    assert server.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert "refused the token, or the lack of one (HTTP 401): no ***" in answer.failure
    assert TOKEN not in repr(answer)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://prometheus.example.com", "a token is sent over https only"),
        ("https://u:p@prometheus.example.com", "must not hold a user or a password"),
        ("", "no Prometheus is named for region eu-west-1"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_failure(
    address: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_PROMETHEUS_TOKEN", TOKEN)
    answer = PrometheusGates().ask(question(address, **ERRORS))
    assert why in answer.failure and TOKEN not in answer.failure


def test_a_ca_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_PROMETHEUS_CA", "/nowhere.pem")
    with pytest.raises(LockstepError, match="the CA certificate cannot be read"):
        server_for("https://prometheus.example.com", "eu-west-1")


def test_a_question_without_a_place_is_a_failure() -> None:
    answer = PrometheusGates().ask(replace(question("", **ERRORS), place=None))
    assert answer.failure == "the candidate runs nowhere yet"
