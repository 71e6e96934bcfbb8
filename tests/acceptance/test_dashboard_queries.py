"""The queries of a dashboard on a real Prometheus with a history of what the rules record."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from lockstep.model.document import Json
from lockstep.render.dashboard.build import build_dashboard
from lockstep.render.dashboard.shown import ShownCluster, ShownFamily
from tests.acceptance.grafana import Prometheus, Series, chosen, exprs, legend, targets
from tests.acceptance.prometheus_server import History, Samples, needs_prometheus, prometheus

pytestmark = needs_prometheus

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTES = 180
AP, EU = ("ap-south-1", "fraud-ap"), ("eu-west-1", "fraud-eu")
PER_VERSION = {
    "lockstep:version_requests:rate5m": 40.0,
    "lockstep:version_errors:ratio_rate5m": 0.002,
    "lockstep:version_latency_seconds:p90_5m": 0.11,
    "lockstep:version_latency_seconds:p95_5m": 0.19,
    "lockstep:version_cpu_cores:rate5m": 1.5,
    "lockstep:version_memory_bytes:sum": 3e9,
    "lockstep:version_cpu_requests:sum": 2.0,
    "lockstep:version_memory_requests:sum": 4e9,
}
FAMILY = ShownFamily(
    "fraud", "prod", "risk", "fraud", 1,
    (
        ShownCluster("fraud-ap", "99.9", "0.5", "99", "0.94", "0.2"),
        ShownCluster("fraud-eu", "99.5", "0.25", "99", "0.96", "0.2"),
    ),
)  # fmt: skip


def minutes(value: Callable[[int], float | None] | float) -> Samples:
    """A sample a minute; none where ``value`` of the minute is None."""
    start = NOW - timedelta(minutes=MINUTES)
    values = [value(m) if callable(value) else value for m in range(MINUTES + 1)]
    return [(start + timedelta(minutes=m), v) for m, v in enumerate(values) if v is not None]


def recorded(name: str, place: tuple[str, str] | None, version: str = "", **more: str) -> str:
    labels = {"lockstep_environment": "prod", "lockstep_family": "fraud"}
    if place:
        labels |= {"lockstep_region": place[0], "lockstep_cluster": place[1]}
        labels |= {"namespace": "fraud-detection"}
    if version:
        labels |= {"lockstep_version": version, "lockstep_experiment": "false"}
    inner = ",".join(f'{key}="{value}"' for key, value in {**labels, **more}.items())
    return f"{name}{{{inner}}}"


def moved(before: float | None, canary: float, after: float) -> Callable[[int], float | None]:
    """A weight that a step changes in minute 60 and a rollback in minute 120."""
    return lambda minute: before if minute < 60 else canary if minute < 120 else after


def history() -> History:
    live, declared = "lockstep:version_weight:live", "lockstep:version_weight:declared"
    found: dict[str, Samples] = {
        recorded("lockstep:family_versions:count", None): minutes(2),
        recorded(declared, AP, "8"): minutes(moved(100, 90, 100)),
        recorded(declared, AP, "9"): minutes(moved(None, 10, 0)),
        # The incident: this region has stayed at version 7.
        recorded(declared, EU, "7"): minutes(100),
        recorded(live, AP, "8"): minutes(moved(100, 91, 99)),
        recorded(live, AP, "9"): minutes(moved(None, 9, 1)),
        recorded(live, EU, "7"): minutes(100),
    }
    for place, failing in ((AP, 0.0005), (EU, 0.015)):
        found |= {
            recorded("lockstep:cluster_errors:ratio_rate5m", place): minutes(failing),
            # Half of the requests of the budget's time fail as often as ever, half never.
            recorded("lockstep:cluster_requests:rate5m", place): minutes(moved(200, 50, 50)),
            recorded("lockstep:cluster_failed_requests:rate5m", place): minutes(
                moved(200 * failing, 0, 0)
            ),
            recorded("lockstep:cluster_latency_seconds:objective_5m", place): minutes(0.3),
            recorded("lockstep:cluster_accuracy", place): minutes(0.95),
            recorded("lockstep:cluster_drift", place): minutes(0.1),
        }
        for name, value in PER_VERSION.items():
            for version in ("7",) if place == EU else ("8", "9"):
                found[recorded(name, place, version)] = minutes(value + int(version))
    # Both replicas of a Prometheus, where nobody has left one of them out.
    found |= {f'{series[:-1]},prometheus_replica="b"}}': s for series, s in found.items()}
    others = ({"lockstep_environment": "staging"}, {"lockstep_family": "fraud-b"})
    for other in others:
        found[recorded(live, AP, "1", **other)] = minutes(100)
        found[recorded("lockstep:family_versions:count", None, **other)] = minutes(9)
        found[recorded("lockstep:version_requests:rate5m", AP, "1", **other)] = minutes(7000)
        found[recorded(declared, ("us-east-1", "x"), "1", **other)] = minutes(moved(100, 1, 50))
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus(history(), tmp_path_factory.mktemp("prometheus")) as url:
        yield Prometheus(url, NOW)


@pytest.fixture(scope="module")
def dashboard() -> Json:
    return build_dashboard(FAMILY)


def by_version(found: list[Series]) -> dict[tuple[str, str], float]:
    names = ("lockstep_cluster", "lockstep_version")
    return {(s.labels[names[0]], s.labels[names[1]]): s.last for s in found}


def by_cluster(found: list[Series]) -> dict[str, float]:
    assert all(set(s.labels) == {"lockstep_region", "lockstep_cluster"} for s in found)
    return {s.labels["lockstep_cluster"]: s.last for s in found}


def test_each_query_of_each_panel_has_data(server: Prometheus, dashboard: Json) -> None:
    for title, target in targets(dashboard):
        asked = chosen(target["expr"])
        if target.get("instant"):
            found = server.instant(asked)
        else:
            found = server.over_time(asked, hours=6, step=60)
        assert found, f"{title}: {asked}"
        for series in found:
            names = legend(target.get("legendFormat", ""), series.labels)
            assert "lockstep_" not in names, f"{title}: the legend {names!r} names no label"


def test_what_serves_where_shows_the_region_that_differs(
    server: Prometheus, dashboard: Json
) -> None:
    (expr,) = exprs(dashboard, "Which version serves where")
    found = server.instant(chosen(expr))
    shares = {(s.labels["where"], s.labels["lockstep_version"]): s.last for s in found}
    assert shares == {
        ("ap-south-1 / fraud-ap", "8"): 99.0,
        ("ap-south-1 / fraud-ap", "9"): 1.0,
        ("eu-west-1 / fraud-eu", "7"): 100.0,
    }
    (count,) = exprs(dashboard, "Versions that serve")
    assert [each.last for each in server.instant(chosen(count))] == [2.0]


def test_a_choice_narrows_panels_but_hides_no_version_that_serves(
    server: Prometheus, dashboard: Json
) -> None:
    def requests(**choices: str) -> dict[tuple[str, str], float]:
        (expr,) = exprs(dashboard, "Requests by version")
        return by_version(server.instant(chosen(expr, choices)))

    everywhere = {
        ("fraud-ap", "8"): 48.0, ("fraud-ap", "9"): 49.0, ("fraud-eu", "7"): 47.0,
    }  # fmt: skip
    assert requests() == everywhere
    assert requests(region="(eu-west-1|ap-south-1)") == everywhere
    assert set(requests(region="eu-west-1")) == {("fraud-eu", "7")}
    assert set(requests(cluster="fraud-ap", version="9")) == {("fraud-ap", "9")}
    (expr,) = exprs(dashboard, "Which version serves where")
    assert chosen(expr, {"region": "eu-west-1"}) == expr


def test_share_of_the_traffic_is_shown_as_declared_and_as_live(
    server: Prometheus, dashboard: Json
) -> None:
    live, declared = (
        by_version(server.over_time(chosen(expr, {"region": "ap-south-1"}), hours=1.5, step=60))
        for expr in exprs(dashboard, "Traffic in $region")
    )
    assert live == {("fraud-ap", "8"): 99.0, ("fraud-ap", "9"): 1.0}
    assert declared == {("fraud-ap", "8"): 100.0, ("fraud-ap", "9"): 0.0}


def test_clusters_with_different_objectives_have_a_panel_each(
    server: Prometheus, dashboard: Json
) -> None:
    def panel(title: str) -> dict[str, float]:
        (expr,) = exprs(dashboard, title)
        return by_cluster(server.instant(chosen(expr)))

    assert panel("Errors, 99.9 % must succeed: fraud-ap") == {"fraud-ap": 0.0005}
    assert panel("Errors, 99.5 % must succeed: fraud-eu") == {"fraud-eu": 0.015}
    assert panel("Latency P99, at most 0.5 s: fraud-ap") == {"fraud-ap": 0.3}
    assert panel("Latency P99, at most 0.25 s: fraud-eu") == {"fraud-eu": 0.3}
    assert panel("Accuracy, baseline 0.96: fraud-eu") == {"fraud-eu": 0.95}
    # The same for all: one panel, whatever clusters there will be.
    assert panel("Feature drift, at most 0.2") == {"fraud-ap": 0.1, "fraud-eu": 0.1}


def test_the_budget_left_is_measured_by_each_clusters_own_objective(
    server: Prometheus, dashboard: Json
) -> None:
    left: dict[str, float] = {}
    for expr in exprs(dashboard, "Error budget left of 30 days"):
        left |= by_cluster(server.instant(chosen(expr)))
    failing = 60 * 200 / (60 * 200 + 121 * 50)
    assert left == pytest.approx(
        {"fraud-ap": 1 - failing * 0.0005 / 0.001, "fraud-eu": 1 - failing * 0.015 / 0.005}
    )


@pytest.mark.parametrize("step", [60, 300])
def test_each_move_of_a_weight_is_marked_once(
    server: Prometheus, dashboard: Json, step: int
) -> None:
    (mark,) = dashboard["annotations"]["list"]
    asked = chosen(mark["target"]["expr"], step=f"{step // 60}m")
    found = server.over_time(asked, hours=3, step=step)

    def text_of(labels: Mapping[str, str]) -> str:
        return legend(f"{mark['titleFormat']} / {mark['textFormat']}", labels)

    start = NOW.timestamp() - MINUTES * 60
    moves = {
        text_of(s.labels): [(at - start) / 60 for at, on in s.values.items() if on > 0]
        for s in found
    }
    assert moves == {
        "Version 9: 10 % / Declared in git for fraud-ap in ap-south-1": [60.0],
        "Version 8: 100 % / Declared in git for fraud-ap in ap-south-1": [120.0],
    }


def test_variables_offer_what_there_is(server: Prometheus, dashboard: Json) -> None:
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables.pop("datasource")["query"] == "prometheus"

    def offered(name: str, **choices: str) -> list[str]:
        return server.label_values(chosen(variables[name]["query"]["query"], choices))

    assert list(variables) == ["region", "cluster", "version"]
    assert offered("region") == ["ap-south-1", "eu-west-1"]
    assert offered("cluster") == ["fraud-ap", "fraud-eu"]
    assert offered("cluster", region="eu-west-1") == ["fraud-eu"]
    assert offered("version") == ["7", "8", "9"]
    assert offered("version", cluster="fraud-ap") == ["8", "9"]
