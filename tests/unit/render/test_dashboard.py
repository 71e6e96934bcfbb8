"""The dashboard of a family: which panels it has, what they are held to, and what is stable."""

import json
from typing import Any

import pytest

from lockstep.model.canonical import canonical_json
from lockstep.model.document import Json
from lockstep.render.dashboard.build import build_dashboard
from lockstep.render.dashboard.shown import ShownCluster, ShownFamily

AP = ShownCluster("fraud-ap", "99.9", "0.5", "99", "0.94", "0.2")
EU = ShownCluster("fraud-eu", "99.9", "0.5", "99", "0.94", "0.2")


def build(*clusters: ShownCluster, **fields: Any) -> Json:
    family = {
        "uid": "fraud-uid", "environment": "prod", "tenant": "risk", "family": "fraud", "skew": 1,
    }  # fmt: skip
    return build_dashboard(ShownFamily(**{**family, **fields}, clusters=clusters))


def titles(dashboard: Json) -> list[str]:
    return [panel["title"] for panel in dashboard["panels"] if panel["type"] != "row"]


def panel(dashboard: Json, title: str) -> Json:
    (found,) = [each for each in dashboard["panels"] if each["title"] == title]
    return found


def limits(of: Json) -> list[tuple[str, float | None]]:
    steps = of["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [(each["color"], each["value"]) for each in steps]


def test_a_family_without_objectives_has_no_panels_for_them() -> None:
    assert titles(build(ShownCluster("fraud-ap"))) == [
        "Which version serves where", "Versions that serve", "Traffic in $region",
        "Requests by version", "Errors by version", "Latency by version",
        "CPU by version", "Memory by version",
    ]  # fmt: skip


def test_a_cluster_that_says_no_percentile_has_no_objective_of_latency() -> None:
    shown = titles(build(ShownCluster("fraud-ap", latency="0.5")))
    assert not [title for title in shown if title.startswith("Latency P")]


def test_each_objective_is_a_threshold() -> None:
    dashboard = build(AP, EU)
    assert limits(panel(dashboard, "Errors, 99.9 % must succeed")) == [
        ("green", None), ("red", 0.001),
    ]  # fmt: skip
    assert limits(panel(dashboard, "Latency P99, at most 0.5 s")) == [
        ("green", None), ("red", 0.5),
    ]  # fmt: skip
    assert limits(panel(dashboard, "Accuracy, baseline 0.94")) == [("red", None), ("green", 0.94)]
    assert limits(panel(dashboard, "Feature drift, at most 0.2")) == [
        ("green", None), ("red", 0.2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("skew", "steps"),
    [
        (0, [("green", None), ("red", 2)]),
        (1, [("green", None), ("orange", 2), ("red", 3)]),
        (2, [("green", None), ("orange", 2), ("red", 4)]),
    ],
)
def test_as_many_versions_may_serve_as_the_family_allows(skew: int, steps: list[Any]) -> None:
    assert limits(panel(build(AP, skew=skew), "Versions that serve")) == steps


def test_clusters_with_one_objective_share_a_panel_and_others_name_theirs() -> None:
    others = [ShownCluster(f"fraud-{n}", "99") for n in range(5)]
    shown = titles(build(AP, EU, *others))
    assert [title for title in shown if title.startswith("Errors, ")] == [
        "Errors, 99.9 % must succeed: fraud-ap, fraud-eu",
        "Errors, 99 % must succeed: fraud-0, fraud-1, fraud-2 and 2 more",
    ]
    # Those without an objective of latency are not in its panel.
    assert "Latency P99, at most 0.5 s: fraud-ap, fraud-eu" in shown


def test_another_cluster_with_the_same_objectives_changes_nothing() -> None:
    assert build(AP) == build(AP, EU)


def test_panels_do_not_overlap_and_have_ids_of_their_own() -> None:
    panels = build(AP, ShownCluster("fraud-eu", "99", "1", "95", "0.9", "0.3"))["panels"]
    places = [each["gridPos"] for each in panels]
    cells = [
        (x, y)
        for at in places
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({each["id"] for each in panels}) == len(panels)


def test_no_value_of_a_spec_is_structure_for_prometheus() -> None:
    dashboard = json.dumps(build(ShownCluster('a"} or vector(1) #'), family='b"} or vector(2) #'))
    assert r"lockstep_family=\"b\\\"} or vector(2) #\"" in dashboard


def test_equal_families_give_equal_bytes() -> None:
    assert canonical_json(build(AP, EU)) == canonical_json(build(AP, EU))
    assert len(canonical_json(build(AP, EU))) < 25_000
