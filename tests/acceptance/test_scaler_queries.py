"""The queries of KEDA's triggers on a history: their values, and where they have none."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lockstep.render import render_cluster
from tests.acceptance.promtool import counter, gauge, needs_promtool, run_rules
from tests.unit.render import rendering

pytestmark = needs_promtool

KEDA = {"maxReplicas": 9, "requestsPerSecond": 50, "p95Milliseconds": 250, "queueLength": 4}
OURS = 'reporter="destination",destination_workload="fraud-eu-v41"'
NAMESPACE = 'destination_workload_namespace="fraud"'
WAITING = "vllm:num_requests_waiting"
LOST = None


@pytest.fixture(scope="module")
def queries() -> dict[str, str]:
    """The queries of version 41, by what KEDA scales by."""
    environment: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    environment["spec"] |= {
        "prometheus": "http://prometheus.monitoring.svc:9090",
        "observability": {"labels": {"release": "monitoring"}, "namespace": "monitoring"},
    }
    spec = rendering.cluster()
    spec["spec"]["serving"] |= {"keda": KEDA, "runtime": "vllm", "metrics": {"port": 8000}}
    tree = rendering.tree_of(spec)
    tree["clusters/prod/environment.yaml"] = rendering.dump(environment)
    whole, family = rendering.only_family(rendering.fleet_of(tree))
    folder = render_cluster(family.clusters[0], family, whole, rendering.templates())
    assert not folder.findings
    triggers = folder.manifests["scaledobject-v41.yaml"]["spec"]["triggers"]
    names = ("requests", "latency", "queue")
    return {n: t["metadata"]["query"] for n, t in zip(names, triggers, strict=True)}


def expect_values(
    folder: Path, query: str, history: Mapping[str, str], values: Mapping[int, float | None]
) -> None:
    """What a query is worth in each of these minutes: one number, or nothing at all."""
    tests = [
        {
            "expr": f"round({query}, 0.001)" if value is not LOST else query,
            "eval_time": f"{minute}m",
            "exp_samples": [] if value is LOST else [{"labels": "{}", "value": value}],
        }
        for minute, value in values.items()
    ]
    run_rules(folder, [], history, {"promql_expr_test": tests})


def requests(*parts: tuple[float, int], pod: str = "a", code: str = "200") -> dict[str, str]:
    """Requests a minute that a pod of the version answers, for so many minutes each."""
    name = f'istio_requests_total{{{OURS},{NAMESPACE},pod="{pod}",response_code="{code}"}}'
    return {name: counter(*parts)}


def durations(*parts: tuple[float, int]) -> dict[str, str]:
    """Requests a minute, half of them below 100 ms and all below 300 ms."""
    bucket = "istio_request_duration_milliseconds_bucket"
    return {
        f'{bucket}{{{OURS},{NAMESPACE},le="{le}"}}': counter(*((r * share, m) for r, m in parts))
        for le, share in (("100", 0.5), ("300", 1.0), ("+Inf", 1.0))
    }


def test_the_requests_of_all_pods_of_a_version_count(
    queries: dict[str, str], tmp_path: Path
) -> None:
    history = {
        **requests((600, 30)), **requests((300, 30), pod="b"), **requests((60, 30), code="503"),
        **{name.replace("v41", "v42"): more for name, more in requests((9000, 30)).items()},
    }  # fmt: skip
    expect_values(tmp_path, queries["requests"], history, {20: 16})


def test_a_version_that_gets_no_requests_any_more_has_none(
    queries: dict[str, str], tmp_path: Path
) -> None:
    history = {**requests((600, 30), (0, 30)), **durations((600, 30), (0, 30))}
    expect_values(tmp_path, queries["requests"], history, {20: 10, 50: 0})
    expect_values(tmp_path, queries["latency"], history, {20: 280, 50: 0})


def test_a_version_that_never_had_requests_has_none(
    queries: dict[str, str], tmp_path: Path
) -> None:
    other = {name.replace("v41", "v42"): more for name, more in requests((600, 30)).items()}
    for history in ({}, other):
        expect_values(tmp_path, queries["requests"], {**history, "up": gauge((1, 30))}, {20: 0})
        expect_values(tmp_path, queries["latency"], {**history, "up": gauge((1, 30))}, {20: 0})


def test_requests_that_are_no_longer_heard_of_are_not_none(
    queries: dict[str, str], tmp_path: Path
) -> None:
    # All series end in minute 30: scraping stopped, or Prometheus lost its targets.
    history = {**requests((600, 30)), **durations((600, 30)), "up": gauge((1, 200))}
    for name in ("requests", "latency"):
        expect_values(tmp_path, queries[name], history, {35: LOST, 60: LOST, 85: LOST})
        # After an hour nobody knows of them, and only the floor is left.
        expect_values(tmp_path, queries[name], history, {95: 0})


def queue(pod: str, *parts: tuple[object, int], version: str = "41") -> dict[str, str]:
    labels = {
        "lockstep_environment": "prod", "lockstep_family": "fraud", "lockstep_cluster": "fraud-eu",
        "lockstep_version": version, "namespace": "fraud", "pod": pod, "engine": "0",
        "model_name": "scoring",
    }  # fmt: skip
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return {f"{WAITING}{{{inner}}}": gauge(*parts)}


def test_what_waits_in_all_pods_of_a_version_counts(
    queries: dict[str, str], tmp_path: Path
) -> None:
    history = {
        **queue("a", (3, 10), (0, 10)), **queue("b", (5, 20)), **queue("c", (80, 20), version="42"),
    }  # fmt: skip
    expect_values(tmp_path, queries["queue"], history, {5: 8, 15: 5})


def test_a_queue_that_is_no_longer_heard_of_is_not_empty(
    queries: dict[str, str], tmp_path: Path
) -> None:
    history = {**queue("a", (3, 10)), "up": gauge((1, 60))}
    expect_values(tmp_path, queries["queue"], history, {5: 3, 20: LOST, 50: LOST})
