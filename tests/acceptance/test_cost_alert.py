"""The alert on a cluster's budget, on a history of OpenCost's metrics."""

from pathlib import Path
from typing import Any

from lockstep.render.parse import parse_manifest
from tests.acceptance.promtool import expect, gauge, needs_promtool, run_rules
from tests.unit.render.rendering import STABLE, cluster
from tests.unit.render.specs import render_observed

pytestmark = needs_promtool

HOUR, DAY = 60, 24 * 60
GIB = 2**30
OVER, MISSING = "LockstepCostOverBudget", "LockstepMetricsMissing"
TICKET = "ticket"
WEIGHT = (
    'lockstep:version_weight:declared{lockstep_environment="prod",lockstep_cluster="fraud-eu",'
    'lockstep_version="41"}'
)


def rules(monthly: int) -> list[Any]:
    spec = cluster(
        variants=[STABLE],
        cost={"center": "risk", "monthly": monthly},
        observability={"alerts": ["cost"]},
    )
    folder = render_observed(spec, cost=True)
    text = folder.files["prometheusrule-cost.yaml"].decode()
    return list(parse_manifest(text)["spec"]["groups"])


def allocated(metric: str, pod: str, replica: str = "a", namespace: str = "fraud") -> str:
    return (
        f'{metric}{{namespace="{namespace}",pod="{pod}",container="model",node="n1",'
        f'instance="{replica}"}}'
    )


def price(what: str, replica: str = "a") -> str:
    return f'node_{what}_hourly_cost{{node="n1",instance="{replica}"}}'


def history(cores: list[tuple[object, int]], replicas: str = "a") -> dict[str, str]:
    """A cluster with so many cores for so long, and 4 GiB: a core is 0.05 and a GiB 0.01."""
    minutes = sum(length for _, length in cores)
    found = {WEIGHT: gauge((100, minutes))}
    for each in replicas:
        pod = "fraud-eu-v41-6d5f8c7b9-x2k4q"
        found |= {
            allocated("container_cpu_allocation", pod, each): gauge(*cores),
            allocated("container_memory_allocation_bytes", pod, each): gauge((4 * GIB, minutes)),
            price("cpu", each): gauge((0.05, minutes)),
            price("ram", each): gauge((0.01, minutes)),
        }
    return found


def test_it_fires_when_a_month_would_cost_more_and_ends(tmp_path: Path) -> None:
    # 2 cores cost 0.14 an hour with the memory: 102 a month. 6 cores cost 0.34: 248.
    cost = history([(2, DAY), (6, 2 * DAY), (2, 2 * DAY)])
    firing: dict[int, dict[str, str]] = {
        DAY - 1: {},
        DAY + HOUR: {},  # the average of a day: a rollout of an hour is no ticket
        2 * DAY: {OVER: TICKET},
        3 * DAY - 1: {OVER: TICKET},
        4 * DAY + HOUR: {},
    }
    expect(tmp_path, rules(150), cost, firing)


def hourly(folder: Path, series: dict[str, str]) -> None:
    """The recorded cost of an hour is 0.14, the price of the one pod of the history."""
    expression = "round(sum(lockstep:cluster_cost_hourly:sum), 0.0001)"
    sample = [{"labels": "{}", "value": 0.14}]
    test = {"expr": expression, "eval_time": "30m", "exp_samples": sample}
    run_rules(folder, rules(150), series, {"promql_expr_test": [test]})


def test_what_two_replicas_of_opencost_say_counts_once(tmp_path: Path) -> None:
    hourly(tmp_path, history([(2, HOUR)], replicas="ab"))


def test_pods_of_other_clusters_and_namespaces_do_not_count(tmp_path: Path) -> None:
    others = history([(2, HOUR)])
    cpu = "container_cpu_allocation"
    others[allocated(cpu, "fraud-eu-v41-v42-6d5f8c7b9-x2k4q")] = gauge((9, HOUR))
    others[allocated(cpu, "not-fraud-eu-v41-6d5f8c7b9-x2k4q")] = gauge((9, HOUR))
    others[allocated(cpu, "fraud-eu-v41-6d5f8c7b9-x2k4q", namespace="o")] = gauge((9, HOUR))
    hourly(tmp_path, others)


def test_devices_cost_too(tmp_path: Path) -> None:
    devices = history([(2, 3 * DAY)])
    pod = "fraud-eu-v41-6d5f8c7b9-x2k4q"
    devices[allocated("container_gpu_allocation", pod)] = gauge((1, 3 * DAY))
    devices[price("gpu")] = gauge((2.5, 3 * DAY))
    expect(tmp_path, rules(150), devices, {2 * DAY: {OVER: TICKET}})


def test_metrics_that_are_not_there_are_a_ticket_and_no_cost(tmp_path: Path) -> None:
    lost = history([(2, DAY), (None, 4 * HOUR), (2, DAY)])
    firing: dict[int, dict[str, str]] = {
        DAY - 1: {}, DAY + 3 * HOUR: {MISSING: TICKET}, DAY + 6 * HOUR: {},
    }  # fmt: skip
    expect(tmp_path, rules(150), lost, firing)
