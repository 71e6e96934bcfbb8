"""The ports of pods and of the Service."""

import pytest

from lockstep.render.targets.kubernetes.ports import app_protocol
from tests.unit.render.rendering import render_one, tree_of
from tests.unit.render.specs import pod_of, serving, the_finding


def test_further_ports_are_in_the_pod_and_in_the_service() -> None:
    folder = render_one(serving(ports={"grpc": 8001, "metrics": 8002}))
    assert folder.findings == ()
    ports = pod_of(folder)["spec"]["containers"][0]["ports"]
    assert [(p["name"], p["containerPort"]) for p in ports] == [
        ("http", 8080), ("grpc", 8001), ("metrics", 8002),
    ]  # fmt: skip
    service = folder.manifests["service.yaml"]["spec"]["ports"]
    assert [(p["name"], p["appProtocol"], p["port"], p["targetPort"]) for p in service] == [
        ("http", "http", 80, "http"),
        ("grpc", "grpc", 8001, "grpc"),
        ("metrics", "http", 8002, "metrics"),
    ]


@pytest.mark.parametrize(
    ("name", "protocol"),
    [("grpc", "grpc"), ("grpc-predict", "grpc"), ("http2", "http2"), ("tcp-raft", "tcp"),
     ("metrics", "http"), ("grpcish", "http"), ("http-admin", "http")],
)  # fmt: skip
def test_the_name_says_the_protocol(name: str, protocol: str) -> None:
    assert app_protocol(name) == protocol


@pytest.mark.parametrize("number", [15000, 15006, 15010, 15021, 15090])
def test_the_ports_of_the_sidecar_are_taken(number: int) -> None:
    finding = the_finding(tree_of(serving(ports={"metrics": number})))
    assert finding.message == f"port {number} is one of Istio's sidecar, in the same pod"
    assert finding.pointer == "/spec/serving/ports/metrics"
    assert the_finding(tree_of(serving(port=number))).pointer == "/spec/serving/port"


@pytest.mark.parametrize(
    ("ports", "message"),
    [
        ({"http": 8001}, "http is the name of the model's own port"),
        ({"grpc": 8080}, "port 8080 is used by http already"),
        ({"grpc": 80}, "port 80 is used by the Service already"),
        ({"a": 8001, "b": 8001}, "port 8001 is used by a already"),
    ],
)
def test_two_ports_are_not_one(ports: dict[str, int], message: str) -> None:
    finding = the_finding(tree_of(serving(ports=ports)))
    assert finding.message == message
    assert finding.pointer == f"/spec/serving/ports/{list(ports)[-1]}"
