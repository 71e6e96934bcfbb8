"""What a gate asks: placeholders become data of the place where they come, never structure."""

from dataclasses import replace

import pytest

from lockstep.gate_sources.http_json.request import asked, filled, server_name, values_of
from lockstep.model.document import Json
from lockstep.model.evidence import ServingPlace, Question

LOCK: Json = {"identity": {"model": "fraud", "version": "2", "digest": "sha256:ab"}}
QUESTION = Question(
    gate={"server": "feast-{region}-{environment}"}, cluster="fraud-eu", region="eu-west-1",
    environment="prod", candidate=LOCK, stable={"identity": {"version": "1"}},
    since="2026-03-01T08:00:00Z", now="2026-03-01T10:00:00Z", segment="",
    place=ServingPlace("", "fraud", "fraud-eu-v2", "fraud-eu-v1"),
)  # fmt: skip
VALUES = values_of(QUESTION)


def test_the_values_are_those_of_the_cluster_and_of_the_side() -> None:
    assert VALUES | {
        "region": "eu-west-1", "cluster": "fraud-eu", "environment": "prod", "namespace": "fraud",
        "workload": "fraud-eu-v2", "version": "2", "model": "fraud", "digest": "sha256:ab",
        "from": "2026-03-01T08:00:00Z", "fromSeconds": "1772352000", "to": "2026-03-01T10:00:00Z",
        "toMilliseconds": "1772359200000",
    } == VALUES  # fmt: skip
    stable = values_of(QUESTION, stable=True)
    assert (stable["version"], stable["workload"]) == ("1", "fraud-eu-v1")


@pytest.mark.parametrize(
    ("window", "start"), [("10m", "2026-03-01T09:50:00Z"), ("3h", "2026-03-01T08:00:00Z")]
)
def test_a_window_never_begins_before_the_step(window: str, start: str) -> None:
    assert values_of(replace(QUESTION, gate={"window": window}))["from"] == start


def test_a_server_is_named_by_region_and_environment_only() -> None:
    assert server_name(QUESTION) == "feast-eu-west-1-prod"
    with pytest.raises(ValueError, match=r"has the placeholder \{version\}"):
        server_name(replace(QUESTION, gate={"server": "{version}"}))


def test_a_request_is_a_post_where_it_has_a_body() -> None:
    gate = {"path": "/r/{cluster}/{version}.json", "query": {"q": "a b{x}{version}"}}
    request = asked(gate, VALUES)
    assert str(request) == "GET /r/fraud-eu/2.json?q=a+b%7Bx%7D2"
    assert request.body is None
    body = {"from": "{fromMilliseconds:number}", "q": ["avg:e{version:{version}}", 1, None]}
    posted = asked({"path": "/q", "body": body}, VALUES)
    assert str(posted) == "POST /q"
    assert posted.body == {"from": 1772352000000, "q": ["avg:e{version:2}", 1, None]}


def test_values_are_encoded_in_a_path() -> None:
    hostile = {**VALUES, "version": "../../x?a=b#c d%2e"}
    request = asked({"path": "/r/{version}/x"}, hostile)
    assert request.path == "/r/..%2F..%2Fx%3Fa%3Db%23c%20d%252e/x"


@pytest.mark.parametrize(
    "path",
    [
        "", "r", "//../x", "/../x", "/a/./b", "/{version}", "/%2e%2e/x", "/a?b", "/a#b", "/a b",
        "/a\nb", "/{nope}", "/{version", "/}", "/a\\b", "/@{segment}",
    ],
)  # fmt: skip
def test_a_path_that_is_not_below_the_address_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        asked({"path": path}, {**VALUES, "version": ".."})


def test_a_placeholder_without_a_value_is_refused() -> None:
    nowhere = values_of(replace(QUESTION, place=None))
    with pytest.raises(ValueError, match="the cluster has no value"):
        asked({"path": "/{workload}"}, nowhere)
    with pytest.raises(ValueError, match="the cluster has no value"):
        asked({"path": "/", "query": {"w": "{workload}"}}, nowhere)
    with pytest.raises(ValueError, match="belongs to no placeholder"):
        filled("{a b}", VALUES, "equals")


def test_what_is_no_mapping_and_what_never_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="query is not a mapping"):
        asked({"path": "/", "query": ["a"]}, VALUES)
    deep: Json = "x"
    for _ in range(30):
        deep = [deep]
    with pytest.raises(ValueError, match="too deeply"):
        asked({"path": "/", "body": deep}, VALUES)
