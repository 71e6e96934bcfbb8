"""What Kubernetes asks of the model's container."""

from typing import Any

import pytest

from lockstep.render.trace.objects import trace_object
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, render_one, tree_of
from tests.unit.render.specs import pod_of, serving, the_finding

START = {"periodSeconds": 5, "failureThreshold": 360}
READY = {"periodSeconds": 5, "failureThreshold": 3}
LIVE = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}
TCP = {"tcpSocket": {"port": "http"}}


def probes_of(**more: Any) -> list[Any]:
    folder = render_one(serving(**more))
    assert folder.findings == ()
    model = pod_of(folder)["spec"]["containers"][0]
    return [model[f"{name}Probe"] for name in ("startup", "readiness", "liveness")]


def http(path: str = "/ping", port: Any = "http") -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}}


@pytest.mark.parametrize("health", [None, "/v2/health/ready"])
def test_health_is_asked_until_a_pod_is_ready_and_a_busy_pod_is_not_ended(
    health: str | None,
) -> None:
    given = {"health": health} if health else {}
    asked = http(health or "/ping")
    assert probes_of(**given) == [{**asked, **START}, {**asked, **READY}, {**TCP, **LIVE}]


def test_a_server_has_started_when_it_is_ready_for_the_first_time() -> None:
    grpc = {"grpc": {"port": "grpc", "service": "a.B"}}
    startup, readiness, liveness = probes_of(ports={"grpc": 9001}, probes={"readiness": grpc})
    asked = {"grpc": {"port": 9001, "service": "a.B"}}
    assert (startup, readiness) == ({**asked, **START}, {**asked, **READY})
    assert liveness == {**TCP, **LIVE}


def test_each_probe_can_be_another_one() -> None:
    written = {
        "startup": {"httpGet": {"path": "/started"}, "initialDelaySeconds": 20},
        "readiness": {"timeoutSeconds": 9},
        "liveness": {"httpGet": {"port": 9001}, "failureThreshold": 2},
    }
    assert probes_of(ports={"admin": 9001}, probes=written) == [
        {**http("/started"), **START, "initialDelaySeconds": 20},
        {**http(), **READY, "timeoutSeconds": 9},
        {**http(port=9001), **LIVE, "failureThreshold": 2},
    ]


def test_a_connection_can_be_enough() -> None:
    _, readiness, _ = probes_of(probes={"readiness": {"tcpSocket": {}}})
    assert readiness == {**TCP, **READY}


@pytest.mark.parametrize(
    ("probes", "message", "pointer"),
    [
        ({"liveness": {"grpc": {"port": 1}, "httpGet": {}}},
         "a probe asks in one way; this one has httpGet and grpc", "/liveness"),
        ({"liveness": {"httpGet": {"port": "admin"}}},
         "'admin' is not a port of the server; there are http (8080), metrics (9)",
         "/liveness/httpGet/port"),
        ({"startup": {"grpc": {}}},
         "'None' is not a port of the server; there are http (8080), metrics (9)", "/startup/grpc"),
        ({"liveness": {"tcpSocket": {"port": 8081}}},
         "'8081' is not a port of the server; there are http (8080), metrics (9)",
         "/liveness/tcpSocket/port"),
        ({"liveness": {"grpc": {"port": 1}}},
         "'1' is not a port of the server; there are http (8080), metrics (9)",
         "/liveness/grpc/port"),
        ({"startup": {"periodSeconds": "5"}},
         "spec.serving.probes.startup.periodSeconds must be a whole number",
         "/startup/periodSeconds"),
        ({"startup": ["httpGet"]}, "spec.serving.probes.startup must be a mapping", "/startup"),
    ],
)  # fmt: skip
def test_a_probe_that_asks_nothing_is_refused(probes: Any, message: str, pointer: str) -> None:
    finding = the_finding(tree_of(serving(ports={"metrics": 9}, probes=probes)))
    assert finding.message == message
    assert finding.pointer.removeprefix("/spec/serving/probes").startswith(pointer)


@pytest.mark.parametrize(
    ("more", "inner", "field"),
    [
        ({}, "readinessProbe/httpGet/path", "health"),
        ({"health": "/a"}, "startupProbe/httpGet/path", "health"),
        ({"probes": {"readiness": {"httpGet": {"path": "/b"}}}}, "startupProbe/httpGet/path",
         "probes/readiness/httpGet/path"),
        ({"probes": {"readiness": {"grpc": {"port": "grpc"}}}, "ports": {"grpc": 9001}},
         "startupProbe/grpc/port", "probes/readiness/grpc/port"),
        ({"probes": {"liveness": {"periodSeconds": 3}}}, "livenessProbe/periodSeconds",
         "probes/liveness/periodSeconds"),
    ],
)  # fmt: skip
def test_a_probe_is_traced_to_where_it_is_written(more: Any, inner: str, field: str) -> None:
    spec = cluster()
    spec["spec"]["serving"] |= more
    environment, family = rendering.only_family(fleet_of(tree_of(spec)))
    trace = trace_object(
        family.clusters[0], family, environment, rendering.templates(), "Deployment",
        "fraud-eu-v41", f"/spec/template/spec/containers/0/{inner}",
    )  # fmt: skip
    assert trace.finding("", "", "").pointer == f"/spec/serving/{field}"
