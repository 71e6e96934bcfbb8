"""What the server exports is scraped through its sidecar, and nothing of the sidecar's own."""

import re
from copy import deepcopy
from typing import Any

from lockstep.render import RenderedFolder, render_cluster
from tests.unit.render import rendering
from tests.unit.render.specs import pod_of, serving


def render(*, watched: bool = True, **metrics: Any) -> RenderedFolder:
    environment: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    if watched:
        there = {"labels": {"release": "monitoring"}, "namespace": "monitoring"}
        environment["spec"]["observability"] = there
    tree = rendering.tree_of(serving(metrics=metrics) if metrics else rendering.cluster())
    tree["clusters/prod/environment.yaml"] = rendering.dump(environment)
    whole, family = rendering.only_family(rendering.fleet_of(tree))
    folder = render_cluster(family.clusters[0], family, whole, rendering.templates())
    assert not folder.findings
    return folder


def test_the_agent_finds_the_server_s_metrics_by_the_pods_annotations() -> None:
    annotations = pod_of(render(port=8082, path="/stats"))["metadata"]["annotations"]
    given = {k: v for k, v in annotations.items() if k.startswith("prometheus.io/")}
    assert given == {
        "prometheus.io/scrape": "true", "prometheus.io/port": "8082",
        "prometheus.io/path": "/stats",
    }  # fmt: skip
    default = pod_of(render(port=8082))["metadata"]["annotations"]
    assert default["prometheus.io/path"] == "/metrics"


def test_each_pod_is_one_target_at_the_port_of_the_agent() -> None:
    folder = render(port=8082)
    monitor = folder.manifests["podmonitor.yaml"]
    assert monitor["metadata"]["labels"]["release"] == "monitoring"
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    (port,) = [
        port for port in pod_of(folder)["spec"]["containers"][0]["ports"]
        if port["name"] == endpoint["port"]
    ]  # fmt: skip
    assert port["containerPort"] == 8080
    labels = pod_of(folder)["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert [addressed(endpoint, ip) for ip in ("10.1.2.3", "fd00::7")] == [
        "10.1.2.3:15020", "[fd00::7]:15020",
    ]  # fmt: skip


def addressed(endpoint: Any, ip: str) -> str:
    """What Prometheus makes of a pod's address: its patterns match the whole value."""
    address = f"{ip}:8080"
    for each in endpoint["relabelings"]:
        if each["targetLabel"] == "__address__" and re.fullmatch(each["regex"], ip):
            address = each["replacement"].replace("$1", ip)
    return address


def test_what_the_mesh_scrapes_already_is_not_counted_twice() -> None:
    (endpoint,) = render(port=8082).manifests["podmonitor.yaml"]["spec"]["podMetricsEndpoints"]
    (drop,) = endpoint["metricRelabelings"]
    assert drop["action"] == "drop"
    for name in ("istio_requests_total", "envoy_server_live", "istio_agent_go_threads"):
        assert re.fullmatch(drop["regex"], name)
    for name in ("fraud_decisions_total", "process_cpu_seconds_total"):
        assert not re.fullmatch(drop["regex"], name)


def test_without_metrics_or_without_anybody_who_scrapes_there_is_none() -> None:
    for folder in (render(), render(watched=False, port=8082)):
        assert "podmonitor.yaml" not in folder.files
        assert b"prometheus.io/" not in folder.files["deployment-v41.yaml"]
