"""Each rendered alert on a history: it fires when it should, ends, and is quiet otherwise."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.render import render_cluster
from lockstep.render.fleet import render_family_folder
from lockstep.render.shifted import shifted_folder
from tests.acceptance.promtool import (
    check_rules,
    counter,
    expect,
    gauge,
    groups_of,
    needs_promtool,
    run_rules,
)
from tests.unit.render import rendering

pytestmark = needs_promtool

HOURS, DAYS = 60, 24 * 60
HOST = "fraud-eu.fraud.svc.cluster.local"
SLO = {"availability": 99.9, "latency": "500ms", "percentile": 99}
OBSERVABILITY = {
    "slo": SLO,
    "alerts": ["burn-rate", "latency", "drift", "skew"],
    "accuracy": {"metric": "fraud_accuracy", "labels": {"cluster": "{cluster}"}, "baseline": 0.92},
    "drift": {"metric": "fraud_psi", "labels": {"place": "{region}"}, "max": 0.2},
    "dashboard": "fraud",
}
STABLE = {"name": "stable", "version": "41", "weight": 90}
CANDIDATE = {"name": "candidate", "version": "42", "weight": 10}
PAGE, TICKET = "page", "ticket"
FAST, MIDDLE, SLOW = (f"LockstepErrorBudgetBurn{each}" for each in ("Fast", "", "Slow"))
LATENCY, WEIGHTS = "LockstepLatencyOverObjective", "LockstepWeightsDifferFromGit"
MISSING = "LockstepMetricsMissing"
RUNBOOKS = "https://docs.example.com/lockstep/how-to/alerts.html"
DIFFERING = f'ALERTS{{alertname="{WEIGHTS}",alertstate="firing"}}'
Parts = tuple[tuple[float, int], ...]


def rendered(
    *variants: dict[str, Any], traffic: Any = None, observability: Any = OBSERVABILITY, **more: str
) -> dict[str, bytes]:
    environment: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    watched = {"labels": {"release": "monitoring"}, "namespace": "monitoring", **more}
    environment["spec"]["observability"] = watched
    spec = rendering.cluster(
        variants=list(variants or (STABLE, CANDIDATE)), traffic=traffic, observability=observability
    )
    tree = rendering.tree_of(spec, versions=("41", "42", "43"))
    tree["clusters/prod/environment.yaml"] = rendering.dump(environment)
    whole, family = rendering.only_family(rendering.fleet_of(tree))
    folder = render_cluster(family.clusters[0], family, whole, rendering.templates())
    assert not folder.findings
    return dict(folder.files)


def calls(code: str = "200", **more: str) -> str:
    """What the sidecars of callers count."""
    labels = {"reporter": "source", "destination_service": HOST, "response_code": code, **more}
    return named("istio_requests_total", labels)


def served(version: str, pod: str = "a", **more: str) -> str:
    """What the sidecar of a pod of a version counts."""
    labels = {
        "reporter": "destination", "destination_workload_namespace": "fraud",
        "destination_workload": f"fraud-eu-v{version}", "response_code": "200", "pod": pod, **more,
    }  # fmt: skip
    return named("istio_requests_total", labels)


def bucket(le: str) -> str:
    labels = {"reporter": "source", "destination_service": HOST, "le": le}
    return named("istio_request_duration_milliseconds_bucket", labels)


def named(name: str, labels: dict[str, str]) -> str:
    return f"{name}{{{','.join(f'{k}={v!r}' for k, v in labels.items())}}}".replace("'", '"')


def healthy(minutes: int, rate: float = 600) -> dict[str, str]:
    """All is well for so many minutes: requests by the weights in git, fast, with no failure."""
    return {
        calls(): counter((rate, minutes)),
        served("41"): counter((rate * 0.9, minutes)),
        served("42", "b"): counter((rate * 0.1, minutes)),
        bucket("250"): counter((rate * 0.5, minutes)),
        bucket("500"): counter((rate, minutes)),
        bucket("1000"): counter((rate, minutes)),
        bucket("+Inf"): counter((rate, minutes)),
        'fraud_accuracy{cluster="fraud-eu"}': gauge((0.95, minutes)),
        'fraud_psi{place="eu-west-1"}': gauge((0.1, minutes)),
    }


def failing(ratio: float, *spans: tuple[bool, int]) -> dict[str, str]:
    """A share of the requests fails in those spans that say so."""
    good = tuple((600 * (1 - ratio * bad), minutes) for bad, minutes in spans)
    failed = tuple((600 * ratio * bad, minutes) for bad, minutes in spans)
    minutes = sum(length for _, length in spans)
    return {**healthy(minutes), calls(): counter(*good), calls("503"): counter(*failed)}


def test_all_is_quiet_where_all_is_well(tmp_path: Path) -> None:
    quiet: dict[int, dict[str, str]] = {10: {}, 119: {}}
    expect(tmp_path, groups_of(rendered()), healthy(120), quiet)


def test_a_fast_burn_pages_and_ends_soon_after_the_errors(tmp_path: Path) -> None:
    history = failing(0.05, (False, 60), (True, 60), (False, 60))
    firing: dict[int, dict[str, str]] = {70: {}, 90: {FAST: PAGE}, 118: {FAST: PAGE}, 130: {}}
    # The longer windows remember it for longer: an hour of 5 % is more than six hours allow.
    groups = [without(group, MIDDLE, SLOW) for group in groups_of(rendered())]
    expect(tmp_path, groups, history, firing)


def without(group: dict[str, Any], *alerts: str) -> dict[str, Any]:
    return {**group, "rules": [r for r in group["rules"] if r.get("alert") not in alerts]}


def test_a_burn_of_hours_pages_and_ends(tmp_path: Path) -> None:
    history = failing(0.01, (False, 6 * HOURS), (True, 6 * HOURS), (False, 2 * HOURS))
    groups = [without(group, SLOW) for group in groups_of(rendered())]
    firing: dict[int, dict[str, str]] = {
        8 * HOURS: {}, 11 * HOURS: {MIDDLE: PAGE}, 12 * HOURS - 1: {MIDDLE: PAGE}, 13 * HOURS: {},
    }  # fmt: skip
    expect(tmp_path, groups, history, firing)


def test_a_slow_burn_is_a_ticket_and_ends(tmp_path: Path) -> None:
    history = failing(0.003, (False, 2 * DAYS), (True, 2 * DAYS), (False, DAYS))
    firing: dict[int, dict[str, str]] = {
        2 * DAYS + 6 * HOURS: {}, 4 * DAYS - 1: {SLOW: TICKET}, 4 * DAYS + 5 * HOURS: {},
    }  # fmt: skip
    expect(tmp_path, groups_of(rendered()), history, firing)


def test_errors_of_grpc_burn_the_budget_too_and_count_once(tmp_path: Path) -> None:
    history = healthy(60)
    history[calls("200", grpc_response_status="14")] = counter((6, 60))
    history[calls("503", grpc_response_status="14")] = counter((6, 60))
    ratio = 'round(lockstep:cluster_errors:ratio_rate5m{lockstep_cluster="fraud-eu"} * 306, 0.01)'
    sample = [{"labels": f"{{{LABELS}}}", "value": 6}]
    tests = [{"expr": ratio, "eval_time": "59m", "exp_samples": sample}]
    run_rules(tmp_path, groups_of(rendered()), history, {"promql_expr_test": tests})


LABELS = (
    'lockstep_cluster="fraud-eu", lockstep_environment="prod", lockstep_family="fraud", '
    'lockstep_region="eu-west-1", namespace="fraud"'
)


def test_a_cluster_without_requests_has_no_ratio_and_no_alert(tmp_path: Path) -> None:
    idle = {
        name: counter((growth, 30), (0, 120))
        for name, growth in ((calls(), 600), (served("41"), 540), (served("42", "b"), 60))
    } | {n: v for n, v in healthy(150).items() if n.startswith("fraud_")}
    expect(tmp_path, groups_of(rendered()), idle, {40: {}, 149: {}})
    none: list[dict[str, Any]] = [
        {"expr": expr, "eval_time": "149m", "exp_samples": []}
        for expr in (
            "lockstep:cluster_errors:ratio_rate5m", "lockstep:version_weight:live",
            "lockstep:cluster_latency_seconds:objective_5m", "lockstep:version_errors:ratio_rate5m",
        )
    ]  # fmt: skip
    run_rules(tmp_path, groups_of(rendered()), idle, {"promql_expr_test": none})


@pytest.mark.parametrize("availability", [50, 90])
def test_an_outage_pages_however_loose_the_objective_is(tmp_path: Path, availability: int) -> None:
    observability = {
        **OBSERVABILITY,
        "slo": {"availability": availability},
        "alerts": ["burn-rate"],
    }
    history = failing(1, (False, 10), (True, 120))
    groups = [without(g, MIDDLE, SLOW) for g in groups_of(rendered(observability=observability))]
    expect(tmp_path, groups, history, {5: {}, 129: {FAST: PAGE}})


def test_slow_answers_page_and_end(tmp_path: Path) -> None:
    history = healthy(90)
    history[bucket("500")] = counter((600, 30), (570, 30), (600, 30))
    firing: dict[int, dict[str, str]] = {35: {}, 50: {LATENCY: PAGE}, 80: {}}
    expect(tmp_path, groups_of(rendered()), history, firing)


def test_a_slow_one_of_few_requests_is_no_percentile(tmp_path: Path) -> None:
    history = healthy(60, rate=10)
    history[bucket("500")] = counter((9, 60))
    expect(tmp_path, groups_of(rendered()), history, {59: {}})


def shares(*spans: tuple[float, int], rate: float = 600) -> dict[str, str]:
    """Requests of which version 42 gets a share, span by span."""
    minutes = sum(length for _, length in spans)
    return {
        **healthy(minutes, rate),
        served("41"): counter(*((rate * (1 - share), length) for share, length in spans)),
        served("42", "b"): counter(*((rate * share, length) for share, length in spans)),
    }


def test_weights_that_differ_from_git_page_and_end(tmp_path: Path) -> None:
    firing: dict[int, dict[str, str]] = {29: {}, 40: {}, 70: {WEIGHTS: PAGE}, 100: {}}
    history = shares((0.1, 30), (0.5, 45), (0.1, 30))
    # Both versions differ.
    for minute, alerts in list(firing.items()):
        counts = [{"labels": f'{{alertname="{name}"}}', "value": 2} for name in alerts]
        firing_test = {
            "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
            "eval_time": f"{minute}m", "exp_samples": counts,
        }  # fmt: skip
        run_rules(tmp_path, groups_of(rendered()), history, {"promql_expr_test": [firing_test]})


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (shares((0.5, 12), (0.1, 60)), "a step that arrives within minutes"),
        (shares((0.16, 60), rate=2), "two requests a minute, of which some more go to one"),
        (shares((0.13, 60)), "what a few heavy callers make of it"),
        (shares((0.0, 60), rate=0), "no requests"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_difference_of_weights(tmp_path: Path, history: Any, why: str) -> None:
    groups = [without(group, MISSING) for group in groups_of(rendered())]
    expect(tmp_path, groups, history, {14: {}, 30: {}, 59: {}})


def test_requests_to_a_version_that_git_does_not_know_are_a_difference(tmp_path: Path) -> None:
    history = healthy(60) | {served("41"): counter((240, 60)), served("43"): counter((300, 60))}
    only = f"count by (lockstep_version) ({DIFFERING})"
    sample = [{"labels": '{lockstep_version="41"}', "value": 1}]
    test = {"expr": only, "eval_time": "59m", "exp_samples": sample}
    run_rules(tmp_path, groups_of(rendered()), history, {"promql_expr_test": [test]})


def test_a_shift_moves_the_weights_that_are_compared(tmp_path: Path) -> None:
    """Neither a false alert after a rollback, nor silence where the rollback has not arrived."""
    groups = groups_of(shifted_folder(rendered(), {"v42"}, "v41"))
    expect(tmp_path, groups, shares((0.1, 10), (0, 60)), {30: {}, 69: {}})
    only = f"count({DIFFERING})"
    test = {"expr": only, "eval_time": "59m", "exp_samples": [{"labels": "{}", "value": 2}]}
    run_rules(tmp_path, groups, shares((0.1, 60)), {"promql_expr_test": [test]})


def test_buckets_have_more_play_and_arms_that_learn_can_get_nothing(tmp_path: Path) -> None:
    arm = {"name": "bandit", "version": "42", "weight": 10, "experiment": True}
    sticky = groups_of(rendered(traffic={"bucketHeader": "x-user"}))
    expect(tmp_path, sticky, shares((0.22, 60)), {59: {}})
    plain = groups_of(rendered(STABLE, arm))
    only = f"count({DIFFERING})"
    test = {"expr": only, "eval_time": "59m", "exp_samples": [{"labels": "{}", "value": 2}]}
    run_rules(tmp_path, plain, shares((0.22, 60)), {"promql_expr_test": [test]})


@pytest.mark.parametrize(
    ("series", "bad", "alert", "severity"),
    [
        ('fraud_accuracy{cluster="fraud-eu"}', 0.9, "LockstepAccuracyBelowBaseline", PAGE),
        ('fraud_psi{place="eu-west-1"}', 0.3, "LockstepFeatureDrift", TICKET),
    ],
)
def test_a_named_metric_over_its_bound_alerts_and_ends(
    tmp_path: Path, series: str, bad: float, alert: str, severity: str
) -> None:
    good = healthy(1)[series].split("+")[0]
    history = healthy(90) | {series: gauge((good, 30), (bad, 30), (good, 30))}
    firing: dict[int, dict[str, str]] = {29: {}, 40: {}, 50: {alert: severity}, 65: {}}
    expect(tmp_path, groups_of(rendered()), history, firing)


@pytest.mark.parametrize("gone", ["NaN", None])
@pytest.mark.parametrize(
    "series", ['fraud_accuracy{cluster="fraud-eu"}', 'fraud_psi{place="eu-west-1"}']
)
def test_a_named_metric_without_a_value_is_missing_and_never_within_its_bound(
    tmp_path: Path, series: str, gone: object
) -> None:
    history = healthy(150) | {series: gauge((0.95 if "acc" in series else 0.1, 30), (gone, 120))}
    expect(tmp_path, groups_of(rendered()), history, {60: {}, 149: {MISSING: TICKET}})


def test_one_pod_that_has_nothing_to_measure_hides_no_other(tmp_path: Path) -> None:
    history = healthy(60)
    history['fraud_accuracy{cluster="fraud-eu",pod="a"}'] = gauge(("NaN", 60))
    history['fraud_accuracy{cluster="fraud-eu",pod="b"}'] = gauge((0.5, 60))
    expect(tmp_path, groups_of(rendered()), history, {59: {"LockstepAccuracyBelowBaseline": PAGE}})


def test_no_series_of_callers_is_a_ticket_after_an_hour_and_ends(tmp_path: Path) -> None:
    named_only = {n: v for n, v in healthy(180).items() if n.startswith("fraud_")}
    history = named_only | {calls(): gauge((None, 90), (0, 1)) + " 600+600x80"}
    history[served("41")] = gauge((None, 90), (0, 1)) + " 540+540x80"
    history[served("42", "b")] = gauge((None, 90), (0, 1)) + " 60+60x80"
    expect(tmp_path, groups_of(rendered()), history, {50: {}, 70: {MISSING: TICKET}, 100: {}})


def test_callers_whose_requests_no_pod_reports_are_a_ticket(tmp_path: Path) -> None:
    history = {n: v for n, v in healthy(60).items() if 'reporter="destination"' not in n}
    expect(tmp_path, groups_of(rendered()), history, {10: {}, 59: {MISSING: TICKET}})


def test_an_alert_says_what_routes_and_people_need(tmp_path: Path) -> None:
    label = dict(pair.split("=") for pair in LABELS.split(", "))
    labels = {k: v.strip('"') for k, v in label.items()}
    expected = {
        "exp_labels": {**labels, "severity": "page", "lockstep_tenant": "risk"},
        "exp_annotations": {
            "summary": "fraud-eu in eu-west-1 is less accurate than its baseline",
            "description": "The accuracy is 0.9, and the baseline is 0.92.",
            "runbook": f"{RUNBOOKS}#lockstepaccuracybelowbaseline",
            "dashboard": "/d/fraud",
        },
    }
    history = healthy(60) | {'fraud_accuracy{cluster="fraud-eu"}': gauge((0.9, 60))}
    test = {
        "eval_time": "59m", "alertname": "LockstepAccuracyBelowBaseline", "exp_alerts": [expected],
    }  # fmt: skip
    groups = groups_of(rendered(runbooks=RUNBOOKS))
    run_rules(tmp_path, groups, history, {"alert_rule_test": [test]})


def alerts_of(files: dict[str, bytes]) -> list[Any]:
    return [rule for group in groups_of(files) for rule in group["rules"] if "alert" in rule]


def test_an_alert_links_to_its_part_of_the_page_where_that_is_known() -> None:
    page = (rendering.REPOSITORY / "docs" / "how-to" / "alerts.md").read_text()
    for alert in alerts_of(rendered(runbooks=RUNBOOKS)):
        url, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert (url, anchor) == (RUNBOOKS, alert["alert"].lower())
        assert f"## {alert['alert']}\n" in page
    # A path that no browser opens helps nobody at night.
    assert not [alert for alert in alerts_of(rendered()) if "runbook" in alert["annotations"]]


def test_the_texts_of_burn_rates_say_how_fast() -> None:
    texts = {a["alert"]: a["annotations"]["description"] for a in alerts_of(rendered())}
    assert texts[FAST].endswith("too: 14.4 times what the objective allows.")
    assert texts[SLOW].endswith("too: more than the objective allows.")


def test_versions_are_recorded_each_with_its_pods(tmp_path: Path) -> None:
    pods = {
        "a": "fraud-eu-v41-5d4f8c7b9d-x2x4z", "b": "fraud-eu-v41-5d4f8c7b9d-q9w8r",
        "other": "fraud-eu-v411-5d4f8c7b9d-q9w8r",
    }  # fmt: skip
    history = healthy(30)
    for pod in pods.values():
        labels = {"namespace": "fraud", "pod": pod, "container": "model"}
        # Two targets can report a container.
        for job in ("cadvisor", "resource"):
            name = named("container_cpu_usage_seconds_total", {**labels, "job": job})
            history[name] = counter((30, 30))
            history[named("container_memory_working_set_bytes", {**labels, "job": job})] = gauge(
                (7, 30)
            )
        for resource, amount in (("cpu", 0.5), ("memory", 10)):
            asked = named("kube_pod_container_resource_requests", {**labels, "resource": resource})
            history[asked] = gauge((amount, 30))
    version = f'{LABELS}, lockstep_experiment="false", lockstep_version="41"'
    values = {
        "lockstep:version_requests:rate5m": 9, "lockstep:version_weight:declared": 90,
        "lockstep:version_weight:live": 90, "lockstep:version_errors:ratio_rate5m": 0,
        "lockstep:version_cpu_cores:rate5m": 1, "lockstep:version_memory_bytes:sum": 14,
        "lockstep:version_cpu_requests:sum": 1, "lockstep:version_memory_requests:sum": 20,
    }  # fmt: skip
    tests = [
        {
            "expr": f'round({name}{{lockstep_version="41"}}, 0.001)',
            "eval_time": "29m",
            "exp_samples": [{"labels": f"{{{version}}}", "value": value}],
        }
        for name, value in values.items()
    ]
    run_rules(tmp_path, groups_of(rendered()), history, {"promql_expr_test": tests})


def test_only_the_alerts_that_a_spec_asks_for_are_rendered() -> None:
    def alerts(observability: Any) -> set[str]:
        groups = groups_of(rendered(observability=observability))
        return {r["alert"] for group in groups for r in group["rules"] if "alert" in r}

    assert alerts(None) == set()
    assert alerts({"slo": SLO, "alerts": ["skew", "cost"]}) == set()
    assert alerts({"slo": SLO, "alerts": ["latency"]}) == {LATENCY, MISSING}
    assert alerts({"alerts": ["burn-rate", "drift"]}) == {WEIGHTS, MISSING}
    assert len(alerts(OBSERVABILITY)) == 8


CLUSTERS = {"eu-west-1": "fraud-eu", "us-east-1": "fraud-us"}


def family_groups(other: str = "us-east-1", **consistency: Any) -> list[Any]:
    """The rules of a family with clusters in two regions, as its destination gets them."""
    environment: dict[str, Any] = deepcopy(rendering.ENVIRONMENT)
    environment["spec"]["observability"] = {
        "labels": {"release": "monitoring"}, "namespace": "monitoring", "destination": "all",
        "runbooks": RUNBOOKS,
    }  # fmt: skip
    family: dict[str, Any] = deepcopy(rendering.FAMILY)
    family["spec"]["consistency"] = {"maxVersionSkew": 1, "maxSkewDuration": "6h", **consistency}
    here = rendering.cluster(observability={"alerts": ["skew"]})
    there = rendering.cluster("fraud-us", region=other, observability={"alerts": ["skew"]})
    tree = rendering.tree_of(here, there)
    tree["clusters/prod/environment.yaml"] = rendering.dump(environment)
    tree["clusters/prod/fraud/family.yaml"] = rendering.dump(family)
    whole, only = rendering.only_family(rendering.fleet_of(tree))
    folder = render_family_folder(only, whole, rendering.templates())
    assert folder and not folder.findings
    return groups_of(folder.files)


def serving(
    region: str, version: str, parts: str, experiment: str = "false", *, weight: str | None = None
) -> dict[str, str]:
    """What the destination gets of a version in a region."""
    labels = {
        "lockstep_environment": "prod", "lockstep_family": "fraud", "lockstep_region": region,
        "lockstep_cluster": CLUSTERS[region],
        "lockstep_version": version, "lockstep_experiment": experiment,
    }  # fmt: skip
    minutes = weight or gauge((50, 24 * HOURS))
    return {
        named("lockstep:version_requests:rate5m", labels): parts,
        named("lockstep:version_weight:declared", labels): minutes,
    }


SKEW, TOO_LONG = "LockstepVersionSkew", "LockstepVersionSkewTooLong"


def test_one_version_more_than_allowed_pages_and_ends(tmp_path: Path) -> None:
    history = {
        **serving("eu-west-1", "41", gauge((5, 180))),
        **serving("us-east-1", "41", gauge((5, 180))),
        **serving("eu-west-1", "42", gauge((5, 180))),
        **serving("us-east-1", "43", gauge((0, 30), (5, 60), (0, 90))),
    }  # fmt: skip
    firing: dict[int, dict[str, str]] = {29: {}, 35: {}, 45: {SKEW: PAGE}, 95: {}, 179: {}}
    expect(tmp_path, family_groups(), history, firing)


def test_the_alert_on_skew_says_which_region_serves_what(tmp_path: Path) -> None:
    history = {
        **serving("eu-west-1", "41", gauge((5, 60))), **serving("us-east-1", "42", gauge((5, 60))),
    }  # fmt: skip
    expected = {
        "exp_labels": {
            "severity": "page", "lockstep_tenant": "risk", "lockstep_environment": "prod",
            "lockstep_family": "fraud", "namespace": "monitoring",
        },
        "exp_annotations": {
            "summary": "fraud serves too many versions at once",
            "description": "1 versions serve in addition to the first, and 0 may. eu-west-1 serves "
            "version 41. us-east-1 serves version 42. ",
            "runbook": f"{RUNBOOKS}#lockstepversionskew",
        },
    }  # fmt: skip
    test = {"eval_time": "59m", "alertname": SKEW, "exp_alerts": [expected]}
    groups = family_groups(maxVersionSkew=0)
    run_rules(tmp_path, groups, history, {"alert_rule_test": [test]})


def test_a_skew_that_lasts_too_long_pages_through_quiet_minutes_and_ends(tmp_path: Path) -> None:
    history = {
        **serving("eu-west-1", "42", gauge((5, 720))),
        **serving(
            "us-east-1", "41", gauge((5, 200), (0, 20), (5, 200), (0, 300)), weight=gauge((0, 720))
        ),
    }
    firing: dict[int, dict[str, str]] = {
        300: {}, 355: {}, 380: {TOO_LONG: PAGE}, 415: {TOO_LONG: PAGE}, 460: {},
    }  # fmt: skip
    expect(tmp_path, family_groups(), history, firing)


def test_a_quiet_night_in_one_region_does_not_begin_a_skew_anew(tmp_path: Path) -> None:
    history = {
        **serving("eu-west-1", "42", gauge((5, 720))),
        **serving("us-east-1", "41", gauge((5, 120), (0, 600)), weight=gauge((100, 600), (0, 120))),
    }
    firing: dict[int, dict[str, str]] = {350: {}, 380: {TOO_LONG: PAGE}, 601: {}}
    expect(tmp_path, family_groups(), history, firing)


def test_experiments_and_versions_without_requests_are_no_skew(tmp_path: Path) -> None:
    history = {
        **serving("eu-west-1", "41", gauge((5, 720))),
        **serving("us-east-1", "41", gauge((5, 720))),
        **serving("us-east-1", "42", gauge((0, 720)), weight=gauge((0, 720))),
        **serving("us-east-1", "43", gauge((5, 720)), "true"),
    }  # fmt: skip
    expect(tmp_path, family_groups(maxVersionSkew=0), history, {700: {}})


@pytest.mark.parametrize("other", ["us-east-1", "eu-west-1"])
def test_a_cluster_that_the_destination_does_not_see_is_a_ticket(
    other: str, tmp_path: Path
) -> None:
    """Also where another cluster of its region is seen."""
    groups = family_groups(other)
    history = serving("eu-west-1", "41", gauge((5, 60)))
    expect(tmp_path, groups, history, {10: {}, 59: {MISSING: TICKET}})
    missing = f'{{lockstep_cluster="fraud-us",lockstep_region="{other}"}}'
    expr = 'count by (lockstep_cluster, lockstep_region) (ALERTS{alertstate="firing"})'
    samples = [{"labels": missing, "value": 1}]
    test = {"expr": expr, "eval_time": "59m", "exp_samples": samples}
    run_rules(tmp_path, groups, history, {"promql_expr_test": [test]})


@pytest.mark.parametrize("tree", ["tests/golden/rendered", "rendered"])
def test_promtool_accepts_every_rendered_rule(tree: str, tmp_path: Path) -> None:
    for path in sorted((rendering.REPOSITORY / tree).rglob("prometheusrule*.yaml")):
        groups = yaml.safe_load(path.read_text())["spec"]["groups"]
        checked = tmp_path / f"{path.parent.name}-{path.name}"
        checked.write_text(yaml.safe_dump({"groups": groups}))
    for checked in sorted(tmp_path.iterdir()):
        check_rules(checked)
