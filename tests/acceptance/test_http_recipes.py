"""docs/how-to/evidence-over-http.md: its recipes, against answers as the systems document them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lockstep.gate_sources.http_json import HttpJsonGates, HttpServer
from lockstep.gates.verdicts import judge_question
from lockstep.model.document import Json
from lockstep.model.evidence import Question, Verdict, Workloads
from lockstep.spec.schema.load import compile_fast, read_schemas
from lockstep.transactions.http_servers import read_servers
from tests.acceptance.doc_pages import ROOT
from tests.unit.json_server import JsonServer, Reply, Request

PAGE = (ROOT / "docs" / "how-to" / "evidence-over-http.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SERVERS = read_servers(BLOCKS[0].encode())
GATES: dict[str, Json] = {
    gate["name"]: gate for block in BLOCKS[1:] for gate in yaml.safe_load(block)
}
QUESTION = Question(
    gate={}, cluster="scoring-eu-west-1", region="eu-west-1", environment="prod",
    candidate={"identity": {"model": "scoring", "version": "2"}},
    stable={"identity": {"model": "scoring", "version": "1"}},
    since="2026-03-01T08:00:00Z", now="2026-03-01T10:00:00Z",
    place=Workloads("", "scoring", "scoring-eu-west-1-v2", "scoring-eu-west-1-v1"),
)  # fmt: skip
SECRETS = (
    "LOCKSTEP_HTTP_DATADOG_API_KEY",
    "LOCKSTEP_HTTP_DATADOG_APP_KEY",
    "LOCKSTEP_HTTP_GRAFANA",
)


def evidently(*statuses: str, rows: float = 4000.0, **other: Json) -> Json:
    """As Evidently 0.7.23 writes it, without the settings of the metrics."""
    tests = [
        {"id": "lt", "name": f"Value drift for column {i}: Less 0.500", "status": status}
        for i, status in enumerate(statuses)
    ]
    metrics = [{"id": "e76b", "metric_name": "RowCount()", "config": {}, "value": rows}]
    about = {"measuredAt": "2026-03-01T09:30:00Z", "referenceDigest": "sha256:9f86d081"}
    return {**about, "report": {"metrics": metrics, "tests": tests}, **other}


def feast(status: str = "PRESENT", time: str = "2026-03-01T09:15:00Z", last: str = "debts") -> Json:
    """https://docs.feast.dev/reference/feature-servers/python-feature-server."""
    key = {"values": ["canary"], "statuses": ["PRESENT"],
           "event_timestamps": ["1970-01-01T00:00:00Z"]}  # fmt: skip
    one = {"values": [52000.0], "statuses": [status], "event_timestamps": [time]}
    names = ["customer", "income", last]
    return {"metadata": {"feature_names": names}, "results": [key, one, one]}


def datadog(share: float | None, requests: float | None) -> Json:
    """https://docs.datadoghq.com/api/latest/metrics/query-scalar-data-across-multiple-products."""
    columns = [
        {"name": name, "type": "number", "values": [value], "meta": {"unit": None}}
        for name, value in (("errors / requests", share), ("requests", requests))
    ]
    return {"data": {"type": "scalar_response", "attributes": {"columns": columns}}}


def grafana(candidate: float | None, stable: float = 0.2, time: int = 1772359140000) -> Json:
    """https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/data_source.

    By the workload that the query asks for.
    """

    def answer(value: float | None) -> Json:
        fields = [{"name": "Time", "type": "time"}, {"name": "Value", "type": "number"}]
        frame = {"schema": {"refId": "A", "fields": fields}, "data": {"values": [[time], [value]]}}
        return {"results": {"A": {"status": 200, "frames": [frame]}}}

    return {"-v2": answer(candidate), "-v1": answer(stable)}


PASS, FAIL, HOLD = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
CASES: list[tuple[str, Json, Verdict]] = [
    ("evidently-tests", evidently("SUCCESS", "SUCCESS"), PASS),
    ("evidently-tests", evidently("SUCCESS", "FAIL"), FAIL),
    ("evidently-tests", evidently(), HOLD),
    ("evidently-tests", evidently("SUCCESS", rows=900.0), HOLD),
    ("evidently-tests", evidently("SUCCESS", measuredAt="2026-02-28T09:30:00Z"), HOLD),
    ("evidently-reference", evidently(), PASS),
    ("evidently-reference", evidently(referenceDigest="sha256:60303ae2"), FAIL),
    ("evidently-reference", {"report": {}}, HOLD),
    ("features-fresh", feast(), PASS),
    ("features-fresh", feast("NOT_FOUND"), FAIL),
    ("features-fresh", feast(time="2026-03-01T07:15:00Z"), HOLD),
    ("features-as-trained", feast(), PASS),
    ("features-as-trained", feast(last="late_payments"), FAIL),
    ("datadog-errors", datadog(0.001, 40_000.0), PASS),
    ("datadog-errors", datadog(0.2, 40_000.0), FAIL),
    ("datadog-errors", datadog(0.0, 10.0), HOLD),
    ("datadog-errors", datadog(None, None), HOLD),
    ("grafana-latency", grafana(0.22), PASS),
    ("grafana-latency", grafana(0.3), FAIL),
    ("grafana-latency", grafana(None), HOLD),
    ("grafana-latency", grafana(0.22, time=1772352000000), HOLD),
]


@pytest.fixture
def server() -> Iterator[JsonServer]:
    """A server for all recipes: it answers what ``content`` holds, by workload where it does."""

    def answer(request: Request) -> Reply:
        content = made.content  # type: ignore[attr-defined]
        by_workload = (each for key, each in content.items() if key.encode() in request.body)
        return Reply(next(by_workload, content) if "-v2" in content else content)

    made = JsonServer(answer)
    yield made
    made.stop()


@pytest.mark.parametrize(("name", "content", "verdict"), CASES)
def test_a_recipe_gives_the_verdict_that_the_answer_means(
    name: str, content: Json, verdict: Verdict, server: JsonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for secret in SECRETS:
        monkeypatch.setenv(secret, "s3cret")
    server.content = content  # type: ignore[attr-defined]
    here = {
        each: HttpServer(server.url, listed.token, listed.headers)
        for each, listed in SERVERS.items()
    }
    question = replace(QUESTION, gate=GATES[name])
    found = judge_question(question, HttpJsonGates(lambda: here).ask(question))
    assert found.verdict is verdict, found.reason


def test_requests_are_those_that_the_systems_document(
    server: JsonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for secret in SECRETS:
        monkeypatch.setenv(secret, "s3cret")
    server.content = {}  # type: ignore[attr-defined]
    here = {
        each: HttpServer(server.url, listed.token, listed.headers)
        for each, listed in SERVERS.items()
    }
    gates = HttpJsonGates(lambda: here)
    for name in ("evidently-tests", "features-fresh", "datadog-errors", "grafana-latency"):
        gates.ask(replace(QUESTION, gate=GATES[name]))
    report, features, scalar, query, _ = server.asked
    assert (report.method, report.path) == ("GET", "/scoring-eu-west-1/2.json")
    assert json.loads(features.body)["entities"] == {"customer": ["canary"]}
    assert scalar.headers["DD-API-KEY"] == scalar.headers["DD-APPLICATION-KEY"] == "s3cret"
    attributes = json.loads(scalar.body)["data"]["attributes"]
    assert (attributes["from"], attributes["to"]) == (1772358600000, 1772359200000)
    asked = attributes["queries"][0]["query"]
    assert asked == "sum:requests.errors{version:2,region:eu-west-1}.as_count()"
    assert query.headers["Authorization"] == "Bearer s3cret"
    posted = json.loads(query.body)
    assert (posted["from"], posted["to"]) == ("1772358600000", "1772359200000")
    assert '{destination_workload="scoring-eu-west-1-v2"}' in posted["queries"][0]["expr"]


def test_the_recipes_fit_the_schemas() -> None:
    folder = ROOT / "policies" / "schemas"
    tree = {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in Path(folder).rglob("*.json")}
    validate = compile_fast(read_schemas(tree))
    wrong = {name: str(e) for name, gate in GATES.items()
             for e in validate("gate.json").iter_errors(gate)}  # fmt: skip
    assert wrong == {} and len(GATES) == 6
    assert {name for name, _, _ in CASES} == GATES.keys()
