"""The traces of a cluster's pods."""

import pytest

from tests.unit.render.rendering import cluster, render_one
from tests.unit.render.specs import WATCHED, pod_of, render_observed

FILE = "instrumentation.yaml"
ANNOTATIONS = {
    "instrumentation.opentelemetry.io/inject-python": "fraud-eu",
    "instrumentation.opentelemetry.io/container-names": "model",
    "resource.opentelemetry.io/service.name": "fraud-eu",
    "resource.opentelemetry.io/service.version": "41",
}


def test_without_a_collector_no_pod_is_traced_and_no_byte_changes() -> None:
    plain, watched = render_one(cluster()), render_observed(cluster())
    assert FILE not in watched.files
    name = "deployment-v41.yaml"
    assert watched.files[name] == plain.files[name]


def test_pods_name_their_instrumentation_their_service_and_their_version() -> None:
    folder = render_observed(cluster(), openTelemetry=True)
    annotations = pod_of(folder)["metadata"]["annotations"]
    assert ANNOTATIONS.items() <= annotations.items()
    manifest = folder.manifests[FILE]
    injected = annotations["instrumentation.opentelemetry.io/inject-python"]
    assert (manifest["metadata"]["name"], manifest["metadata"]["namespace"]) == (injected, "fraud")


def test_it_is_there_before_the_pods() -> None:
    folder = render_observed(cluster(), openTelemetry=True)
    waves = [
        int(folder.manifests[name]["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
        for name in (FILE, "deployment-v41.yaml")
    ]
    assert waves[0] < waves[1]


@pytest.mark.parametrize(
    ("percent", "share"), [(None, "0.1"), (1, "0.01"), (25, "0.25"), (100, "1")]
)
def test_a_share_of_new_traces_is_recorded(percent: int | None, share: str) -> None:
    part = {**WATCHED["openTelemetry"], **({"samplePercent": percent} if percent else {})}  # type: ignore[dict-item]
    spec = render_observed(cluster(), openTelemetry=part).manifests[FILE]["spec"]
    assert spec["sampler"] == {"type": "parentbased_traceidratio", "argument": share}
    assert spec["exporter"] == {"endpoint": "http://otel-collector.monitoring.svc:4318"}
    assert spec["resource"]["resourceAttributes"]["deployment.environment.name"] == "prod"
