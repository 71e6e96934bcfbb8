"""What is the same in many clusters is one entry."""

from typing import Any

from lockstep.model.differences import (
    ChangeType,
    Danger,
    FieldChange,
    FleetDiff,
    ObjectChange,
    WeightChange,
)
from lockstep.report.difference_groups import Line, entries_of


def change(
    region: str = "eu", kind: str = "Deployment", role: str = "v1", **more: Any
) -> ObjectChange:
    cluster = f"fraud-{region}"
    given: dict[str, Any] = {
        "environment": "prod", "family": "fraud", "cluster": cluster, "region": region,
        "kind": kind, "name": f"{cluster}-{role}", "role": role, "namespace": "fraud",
        "file": f"rendered/{cluster}/{kind}.yaml", "change": ChangeType.CHANGED,
    }  # fmt: skip
    return ObjectChange(**{**given, **more})


def replicas(before: object = 3, after: object = 6, path: str = "spec.replicas") -> FieldChange:
    return FieldChange(path, before, after)


def said(*objects: ObjectChange) -> list[str]:
    def text(line: Line) -> str:
        return "".join(part for part, _ in line)

    lines = []
    for entry in entries_of(FleetDiff("main", objects=objects)):
        lines += [f"{entry.section} ({entry.changes}) {text(entry.head)}"]
        lines += [f"  {text(line)}" for line in entry.lines]
    return lines


def test_the_same_change_of_a_thousand_clusters_is_one_entry() -> None:
    every = [change(f"r{number:03}", fields=(replicas(),)) for number in range(1_000)]
    assert said(*every) == [
        "prod/fraud (1000) Deployment v1 changes in r000, r001, r002, r003, r004 and 995 more",
        "  spec.replicas: 3 → 6",
    ]


def test_what_only_some_clusters_have_is_an_entry_of_its_own() -> None:
    both, alone = replicas(), replicas(1, 2, "spec.minReadySeconds")
    assert said(change("eu", fields=(both, alone)), change("us", fields=(both,))) == [
        "prod/fraud (2) Deployment v1 changes in eu and us",
        "  spec.replicas: 3 → 6",
        "prod/fraud (1) Deployment v1 changes in eu",
        "  spec.minReadySeconds: 1 → 2",
    ]


def test_names_of_clusters_and_regions_do_not_keep_changes_apart() -> None:
    def host(region: str) -> FieldChange:
        return replicas(f"fraud-{region}.example.com", f"{region}.fraud.example.com", "spec.host")

    one = change("eu", fields=(host("eu"),))
    assert said(one, change("us", fields=(host("us"),)))[1] == (
        "  spec.host: <cluster>.example.com → <region>.fraud.example.com"
    )
    assert said(one)[1] == "  spec.host: fraud-eu.example.com → eu.fraud.example.com"


def test_weights_are_a_line_for_each_split() -> None:
    def routes(region: str, after: int, route: str = "weighted") -> ObjectChange:
        weights = (WeightChange(route, "3", 90, after), WeightChange(route, "4", 10, 100 - after))
        return change(region, "VirtualService", "", weights=weights)

    assert said(routes("us-east-1", 100), routes("eu", 95), routes("ap", 100)) == [
        "prod/fraud (2) route ap and us-east-1: version 3 90 → 100, version 4 10 → 0",
        "prod/fraud (1) route eu: version 3 90 → 95, version 4 10 → 5",
    ]
    assert said(routes("eu", 100, "bucket-v3"))[0].startswith("prod/fraud (1) route bucket-v3 eu: ")


def test_added_and_removed_objects_of_the_same_clusters_are_one_entry() -> None:
    def new(region: str, kind: str, change_: ChangeType = ChangeType.ADDED) -> ObjectChange:
        return change(region, kind, "v2", change=change_)

    assert said(
        new("eu", "Deployment"), new("us", "Deployment"), new("eu", "Service"),
        new("us", "Service"), new("us", "ScaledObject"), new("us", "Secret", ChangeType.REMOVED),
    ) == [
        "prod/fraud (4) added Deployment v2 and Service v2 in eu and us",
        "prod/fraud (1) added ScaledObject v2 in us",
        "prod/fraud (1) removed Secret v2 in us",
    ]  # fmt: skip


def test_dangers_come_first_the_worst_before_the_others_and_once_for_all_regions() -> None:
    restart, worse = Danger("restart", "it restarts", 7), Danger("no-capacity", "no pods", 2)
    assert said(
        change("eu", dangers=(worse, restart)), change("us", dangers=(restart,)),
        change("eu", family="churn", dangers=(restart,)),
    ) == [
        "Dangerous changes (1) no-capacity: no pods", "  in prod/fraud: Deployment v1 in eu",
        "Dangerous changes (3) restart: it restarts", "  in prod/churn: Deployment v1 in eu",
        "  in prod/fraud: Deployment v1 in eu and us",
    ]  # fmt: skip


def test_a_danger_of_many_families_is_one_entry() -> None:
    restart = (Danger("restart", "it restarts", 7),)
    many = [change(family=f"f{number:02}", dangers=restart) for number in range(30)]
    lines = said(*many)
    assert lines[0] == "Dangerous changes (30) restart: it restarts"
    assert lines[-1] == "  and 20 more places" and len(lines) == 12


def test_the_same_change_of_more_than_three_families_is_said_once_before_the_others() -> None:
    def every(count: int) -> list[ObjectChange]:
        return [
            change(family=f"f{number}", role=f"v{number}", fields=(replicas(),))
            for number in range(count)
        ]

    other = change(family="f0", role="v9", fields=(replicas(8, 9),))
    assert said(*every(4), other) == [
        "Several families (4) Deployment changes in prod/f0, prod/f1, prod/f2 and prod/f3",
        "  spec.replicas: 3 → 6",
        "prod/f0 (1) Deployment v9 changes in eu",
        "  spec.replicas: 8 → 9",
    ]
    assert len(said(*every(3))) == 6
    many = said(*every(1_000))
    assert len(many) == 2 and many[0].endswith("and 995 more")


def test_clusters_of_one_region_are_called_by_their_names() -> None:
    two = [change("eu", cluster=name, file=name, fields=(replicas(),)) for name in ("a", "b")]
    assert said(*two)[0] == "prod/fraud (2) Deployment v1 changes in a and b"
    rules = change("", "Rule", "no-secret", environment="", family="", cluster="",
                   change=ChangeType.ADDED)  # fmt: skip
    assert said(rules) == ["the fleet (1) added Rule no-secret"]


def test_values_say_what_they_are() -> None:
    values = [("1", 1), ("", "x"), ("true", True), (" x", None), (None, {"b": 1, "a": [2]})]
    fields = tuple(replicas(a, b, f"f{number}") for number, (a, b) in enumerate(values))
    assert said(change(fields=fields))[1:] == [
        '  f0: "1" → 1', '  f1: "" → x', '  f2: "true" → true', '  f3: removed " x"',
        '  f4: added {"b": 1, "a": [2]}',
    ]  # fmt: skip


def test_long_lists_are_cut_and_counted() -> None:
    fields = tuple(replicas(path=f"f{number:03}") for number in range(100))
    lines = said(change(fields=fields))
    assert len(lines) == 42 and lines[-1] == "  and 60 more fields"
    long = said(change(fields=(replicas("x", "y" * 900),)))[1]
    assert long.endswith("(740 more characters)")


def test_a_report_that_others_wrote_is_shown_whatever_its_values() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    fields = (replicas(None, None, "a"), replicas(deep, 1, "b"), replicas(float("nan"), [], "c"))
    assert said(change(fields=fields))[1:] == [
        "  a: removed ", "  b: (nested too deep) → 1", "  c: NaN → []",
    ]  # fmt: skip
