"""Answers as Prometheus gives them, and questions to ask."""

from typing import Any

from lockstep.model.document import Json
from lockstep.model.evidence import ServingPlace, Question
from tests.unit.json_server import Answers, Reply, Request

SINCE = "2026-01-31T08:00:00Z"
NOW = "2026-01-31T08:12:00Z"
START = 1769846400  # SINCE
EDGE = START + 600
"""The end of the last closed block at NOW."""

Pairs = list[tuple[float, float | str]]


def lock(version: str) -> Json:
    return {"identity": {"version": version}}


def question(url: str, stable: bool = True, **gate: Any) -> Question:
    given: Json = {"name": "gate", "source": "prometheus", **gate}
    place = ServingPlace(url, "fraud", "fraud-eu-v9", "fraud-eu-v8" if stable else "")
    return Question(
        given, "fraud-eu", "eu-west-1", "prod", lock("9"), lock("8") if stable else None,
        SINCE, NOW, "consumer", place,
    )  # fmt: skip


def success(kind: str, result: Any, **more: Any) -> Json:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def series(labels: dict[str, str], pairs: Pairs) -> Json:
    """A series with samples at seconds since the grid began."""
    return {"metric": labels, "values": [[START + second, str(v)] for second, v in pairs]}


def requests(workload: str, pairs: Pairs, **labels: str) -> Json:
    return series({"__name__": "istio_requests_total", "destination_workload": workload,
                   "response_code": "200", **labels}, pairs)  # fmt: skip


def steady(growth: float, first: float = 0) -> Pairs:
    """A sample each minute from an hour before the grid until after the last edge."""
    return [(60.0 * n, growth * (n + 60) + first) for n in range(-59, 12)]


def windowed(all_series: list[Json], request: Request) -> Json:
    """What a range selector of these series gives: the samples in its window."""
    text, end = request.query["query"], float(request.query["time"])
    begin = end - float(text.rpartition("[")[2].removesuffix("s]"))
    found = [
        {**each, "values": [pair for pair in each["values"] if begin <= pair[0] <= end]}
        for each in all_series
    ]
    return success("matrix", [each for each in found if each["values"]])


def answering(*all_series: Json, **others: Json) -> Answers:
    """A server with these series; ``up`` at all edges, and other instant queries as given."""

    def answer(request: Request) -> Reply:
        if request.path.endswith("/query_range"):
            edges = range(START, EDGE + 1, 300)
            return Reply(success("matrix", [{"metric": {}, "values": [[e, "1"] for e in edges]}]))
        if request.path.endswith("/runtimeinfo"):
            return Reply({"status": "success", "data": others.get("about", {})})
        text = request.query["query"]
        if text.endswith("s]"):
            name = text.partition("{")[0]
            asked = [each for each in all_series if each["metric"]["__name__"] == name]
            return Reply(windowed(asked, request))
        return Reply(others["instant"])

    return answer
