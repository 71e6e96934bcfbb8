"""What was measured of candidate and baseline: from the newest record, or else from the locks."""

from datetime import timedelta
from typing import Any

import pytest

from lockstep.check.metric_reviews import metric_reviews, versions_compared
from lockstep.model.blocks import Block, Count
from lockstep.model.decision import Action, Decision, Phase, Position
from lockstep.model.evidence import Answer, Evidence, Measurement, Verdict
from lockstep.model.fleet import Family
from lockstep.model.review import MetricReview, MetricValue
from tests.unit.fleets import FAMILY, LOCK, digest_of, family, tree
from tests.unit.rollout.ledgers import START, in_phase, target_of

GATES = b"""\
    - {name: auc, source: mlflow, metric: auc, dataset: "holdout-{region}", min: 0.9,
       maxDropVsStable: 0.01}
"""
FACTS = """\
  facts:
    metrics:
      - {name: auc, dataset: holdout-a, value: %s, samples: 500, measuredAt: "2026-02-01T00:00:00Z"}
      - {name: auc, dataset: holdout-a, value: 0.1, samples: 9, measuredAt: "2026-01-01T00:00:00Z"}
"""


def measured(values: dict[str, str], variants: str) -> Family:
    """A family whose locks hold the metric auc on the data of region a."""
    files = {**tree(variants), "clusters/prod/fraud/family.yaml": FAMILY + GATES}
    for version, value in values.items():
        names = {b"version": version.encode(), b"digest": digest_of(version).encode()}
        files[f"clusters/prod/fraud/locks/{version}.yaml"] = LOCK % names + (FACTS % value).encode()
    return family(files)


PROPOSED = (
    '{name: stable, version: "1", weight: 100}\n    - {name: candidate, version: "2", weight: 0}'
)


def reviews(now: Family, before: Family | None = None, *new: Decision) -> list[MetricReview]:
    return list(metric_reviews(now, before, list(new), START + timedelta(hours=1)))


def test_the_locks_of_both_versions_are_judged_by_the_gates_of_each_region() -> None:
    found = reviews(measured({"1": "0.95", "2": "0.96"}, PROPOSED), measured({}, PROPOSED))
    by_place = {(each.gate, each.region): each for each in found}
    assert set(by_place) == {(gate, region) for gate in ("fpr", "auc") for region in "abc"}
    auc = by_place["auc", "a"]
    # The newest value on the data of the region, and none of another time.
    assert auc.candidate == MetricValue("2", 0.96, 500)
    assert auc.baseline == MetricValue("1", 0.95, 500)
    assert auc.bounds == {"min": 0.9, "maxDropVsStable": 0.01}
    assert (auc.verdict, auc.recorded) == (Verdict.PASS, False)
    missing = by_place["auc", "b"]
    assert missing.candidate == MetricValue("2") and missing.verdict is Verdict.INCONCLUSIVE
    assert "the lock has no auc on dataset holdout-b" in missing.reason


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"1": "0.95", "2": "0.8"}, Verdict.FAIL),
        ({"1": "0.97", "2": "0.95"}, Verdict.FAIL),  # inside of min, and too far below stable
        ({"1": "0.95", "2": "null"}, Verdict.INCONCLUSIVE),
        ({"1": "0.95", "2": "text"}, Verdict.INCONCLUSIVE),
    ],
)
def test_what_a_lock_holds_never_passes_by_mistake(
    values: dict[str, str], verdict: Verdict
) -> None:
    found = reviews(measured(values, PROPOSED))
    auc = next(each for each in found if (each.gate, each.region) == ("auc", "a"))
    assert auc.verdict is verdict


def test_without_another_version_there_is_nothing_to_compare() -> None:
    stable = '{name: stable, version: "1", weight: 100}'
    assert reviews(measured({}, stable), measured({}, stable)) == []


@pytest.mark.parametrize(
    ("before", "after", "pair"),
    [
        ("S1", "S1 C2", ("2", "1")),
        ("S1 C2", "S1 C2", ("2", "1")),
        ("S1", "S2", ("2", "1")),
        (None, "S2", ("2", "")),
        ("S1 C2", "S1 W2", None),  # shifted: on its way out
        ("S1 C2", "S1", None),
        ("S1 C2", "S2 P1", None),  # it was a candidate before: no new version comes
        ("S1", "S1", None),
    ],
)
def test_which_versions_a_change_is_about(
    before: str | None, after: str, pair: tuple[str, str] | None
) -> None:
    roles = {"S": ("stable", 100), "C": ("candidate", 0), "P": ("previous", 0),
             "W": ("candidate", 0)}  # fmt: skip

    def cluster(short: str) -> Any:
        items = [
            f'{{name: {roles[part[0]][0]}, version: "{part[1]}", weight: {roles[part[0]][1]}'
            + (", warm: true}" if part[0] == "W" else "}")
            for part in short.split()
        ]
        return family(tree("\n    - ".join(items))).clusters[0]

    assert versions_compared(cluster(after), cluster(before) if before else None) == pair


def evidence(gate: str, answer: Answer, **more: Any) -> Evidence:
    return Evidence(
        {"name": gate, "source": "prometheus", "max": 0.05}, "fraud-a", "2", "1",
        "2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z", answer, Verdict.FAIL, "too many", **more,
    )  # fmt: skip


def decided(*items: Evidence) -> Decision:
    return Decision(
        environment="prod", family="fraud", sequence=9, previous=None, action=Action.SHIFT,
        target=target_of("2"), source=Position(Phase.ROLLING, 0, 0), to=Position(Phase.SHIFTED),
        variants={}, reason="r", actor="a", decided_at="2026-03-01T09:00:00Z",
        program_version="0", evidence=items,
    )  # fmt: skip


def test_recorded_evidence_comes_first_and_stands_for_the_locks_of_its_gate() -> None:
    answer = Answer("q", Measurement(0.07, 900), Measurement(0.02, 800))
    rolling = in_phase(Phase.ROLLING)
    found = reviews(rolling, rolling, decided(evidence("fpr", answer)))
    assert found[0].recorded and found[0].verdict is Verdict.FAIL and found[0].region == "a"
    assert found[0].candidate == MetricValue("2", 0.07, 900)
    assert found[0].baseline == MetricValue("1", 0.02, 800)
    assert found[0].bounds == {"max": 0.05}
    others = [(each.gate, each.cluster) for each in found[1:]]
    assert others == [("fpr", "fraud-b"), ("fpr", "fraud-c")]


def test_counts_in_blocks_are_shown_as_one_share() -> None:
    blocks = (
        Block("", "", Count(1, 100), Count(0, 50)), Block("", "", Count(2, 200)), Block("", ""),
    )  # fmt: skip
    found = reviews(
        in_phase(Phase.ROLLING), None, decided(evidence("e", Answer("q", blocks=blocks)))
    )
    assert found[0].candidate == MetricValue("2", 0.01, 300)
    assert found[0].baseline == MetricValue("1", 0.0, 50)


def test_numbers_that_no_reader_takes_are_left_out() -> None:
    answer = Answer("q", Measurement(float("inf"), 10**18), Measurement(None, -1))
    found = reviews(in_phase(Phase.ROLLING), None, decided(evidence("e", answer)))
    assert found[0].candidate == MetricValue("2") and found[0].baseline == MetricValue("1")
