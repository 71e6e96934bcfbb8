"""Comparisons of a family: alone they pass or wait, and together they fail."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import convert
from msgspec.structs import replace

from lockstep.gates.eprocess import METHOD
from lockstep.gates.family_verdict import ComparisonsSoFar, judge_comparisons, same_numbers
from lockstep.gates.verdicts import judge_question
from lockstep.model.blocks import Block, Count
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Evidence, Question, Verdict
from lockstep.model.times import format_time

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
GATE: Json = {"name": "errors", "measure": "error_ratio", "compare": {"harm": 3}}
LOCK: Json = {"identity": {"version": "8"}}
SO_FAR = ComparisonsSoFar(
    settings={"errors": GATE["compare"]}, clusters={"errors": ["eu", "us"]},
    began=[SINCE.timestamp()], steps=3, weight=50,
)  # fmt: skip


def at(minutes: float) -> str:
    return format_time(SINCE + timedelta(minutes=minutes))


def blocks(bad: int, count: int = 36, first: int = 0, baseline: int = 10) -> tuple[Block, ...]:
    return tuple(
        Block(at(5 * n), at(5 * n + 5), Count(bad + n % 3, 1000), Count(baseline + n % 2, 1000))
        for n in range(first, first + count)
    )


def asked(
    answers: dict[str, tuple[Block, ...]], gate: Json = GATE, minutes: float = 200, since: float = 0
) -> list[Evidence]:
    return [
        judge_question(
            Question(gate, cluster, cluster, "prod", LOCK, None, at(since), at(minutes)),
            Answer("q", blocks=found),
        )
        for cluster, found in answers.items()
    ]


def judged(answers: dict[str, tuple[Block, ...]], so_far: ComparisonsSoFar = SO_FAR,
           **how: Json) -> list[Evidence]:  # fmt: skip
    return judge_comparisons(asked(answers, **how), so_far)


def verdicts(*evidence: Evidence) -> list[Verdict]:
    return [item.verdict for item in evidence]


def test_harmless_versions_pass_with_the_numbers() -> None:
    found = judged({"eu": blocks(10), "us": blocks(9)})
    assert verdicts(*found) == [Verdict.PASS, Verdict.PASS]
    assert found[0].reason.startswith(
        "396 of 36000 requests bad (1.100%), of the stable version's 36000 1.050%; "
        "evidence that it is at most 50% more: "
    )
    result = found[0].comparison
    assert result is not None and result.failed_at is None
    assert (result.method, result.denominator, result.margin) == (METHOD, 2, 0.5)
    assert result.harm < 1 < result.no_harm and result.family_mean < 1


def test_the_family_fails_where_one_region_is_harmed() -> None:
    eu, us = judged({"eu": blocks(30), "us": blocks(10)})
    assert verdicts(eu, us) == [Verdict.FAIL, Verdict.PASS]
    assert "the family's evidence of harm was" in eu.reason and "100 is enough" in eu.reason
    assert eu.comparison is not None and us.comparison is not None
    assert eu.comparison.failed_at == us.comparison.failed_at
    assert eu.comparison.failed_at is not None and eu.comparison.failed_at < at(180)


def test_a_comparison_alone_never_fails() -> None:
    """Not bad enough for the family: 198 other comparisons have no evidence of harm."""
    many = ComparisonsSoFar(
        settings=SO_FAR.settings, clusters={"errors": ["eu", *map(str, range(10**6))]},
        began=SO_FAR.began, steps=3, weight=50,
    )  # fmt: skip
    (found,) = judged({"eu": blocks(16)}, many)
    assert found.comparison is not None and found.comparison.harm > 100
    assert found.verdict is Verdict.INCONCLUSIVE


def test_evidence_continues_over_the_steps() -> None:
    earlier = ComparisonsSoFar(
        settings=SO_FAR.settings, clusters=SO_FAR.clusters, blocks={("errors", "eu"): blocks(17)},
        began=[SINCE.timestamp(), (SINCE + timedelta(minutes=180)).timestamp()],
        steps=3, weight=50,
    )  # fmt: skip
    late = {"eu": blocks(17, 36, 36)}
    (alone,) = judged(late, since=180, minutes=370)
    (after,) = judged(late, earlier, since=180, minutes=370)
    assert alone.comparison is not None and after.comparison is not None
    assert after.comparison.harm > 2 * alone.comparison.harm


def test_blocks_that_a_record_has_already_do_not_count_twice() -> None:
    with_blocks = ComparisonsSoFar(
        settings=SO_FAR.settings, clusters=SO_FAR.clusters, blocks={("errors", "eu"): blocks(13)},
        began=SO_FAR.began, steps=3, weight=50,
    )  # fmt: skip
    (once,) = judged({"eu": blocks(13)})
    (again,) = judged({"eu": blocks(13)}, with_blocks)
    assert same_numbers(once.comparison, again.comparison)


def test_runners_that_look_in_the_same_block_decide_the_same() -> None:
    early = judged({"eu": blocks(30), "us": blocks(10)}, minutes=181)
    late = judged({"eu": blocks(30), "us": blocks(10)}, minutes=185.9)
    assert [(e.verdict, e.reason, e.comparison) for e in early] == [
        (e.verdict, e.reason, e.comparison) for e in late
    ]


def test_a_source_that_answers_later_does_not_change_an_earlier_edge() -> None:
    """One gate has no delay, the other ten minutes: both count up to the end of the later one."""
    quick = GATE | {"name": "quick", "delay": "0s"}
    slow = GATE | {"name": "slow", "delay": "10m"}
    so_far = ComparisonsSoFar(
        settings={"quick": {"harm": 3}, "slow": {"harm": 3}},
        clusters={"quick": ["eu"], "slow": ["eu"]}, began=SO_FAR.began, steps=3, weight=50,
    )  # fmt: skip
    both = [*asked({"eu": blocks(10, 38)}, quick, 190), *asked({"eu": blocks(10, 36)}, slow, 190)]
    same = [*asked({"eu": blocks(10, 36)}, quick, 190), *asked({"eu": blocks(10, 36)}, slow, 190)]
    assert [e.comparison for e in judge_comparisons(both, so_far)] == [
        e.comparison for e in judge_comparisons(same, so_far)
    ]


def test_a_bound_of_the_same_gate_counts_too() -> None:
    gate = GATE | {"max": 0.005}
    (found,) = judged({"eu": blocks(10)}, gate=gate)
    assert found.verdict is Verdict.FAIL and "must be at most 0.005" in found.reason
    assert found.comparison is not None


def test_what_bound_and_comparison_wait_for_is_said_once() -> None:
    (found,) = judged({"eu": ()}, gate=GATE | {"max": 0.05})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == "no block of this step has closed yet"


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (Answer("q"), Verdict.INCONCLUSIVE, "no block of this step has closed yet"),
        (Answer("q", failure="no route"), Verdict.ERROR, "could not be asked: no route"),
        (
            Answer("q", blocks=(*blocks(10), Block(at(180), at(185), missing="a gap"))),
            Verdict.INCONCLUSIVE,
            "the newest block, from 2026-03-01T15:00:00Z, is missing: a gap",
        ),
        (
            Answer("q", blocks=(Block(at(0), at(5), Count(7, 5), Count(0, 5)),)),
            Verdict.ERROR,
            "the comparisons cannot be computed: 7 bad requests of 5",
        ),
    ],
)
def test_what_could_not_be_compared_never_passes(
    answer: Answer, expected: Verdict, says: str
) -> None:
    question = Question(GATE, "eu", "eu", "prod", LOCK, None, at(0), at(200))
    (found,) = judge_comparisons([judge_question(question, answer)], SO_FAR)
    assert found.verdict is expected and says in found.reason


def test_a_comparison_that_the_proposal_did_not_fix_never_passes() -> None:
    (found,) = judged({"eu": blocks(10)}, ComparisonsSoFar())
    assert found.verdict is Verdict.ERROR
    assert "no comparison when the version was proposed" in found.reason


@pytest.mark.parametrize("settings", [None, [], {}, {"harm": 1}, {"harm": 3, "margin": 0}])
def test_settings_that_are_not_valid_are_an_error(settings: Json) -> None:
    so_far = ComparisonsSoFar(settings={"errors": settings}, clusters={"errors": ["eu"]})
    (found,) = judged({"eu": blocks(10)}, so_far)
    assert found.verdict is Verdict.ERROR and "cannot be computed" in found.reason


@pytest.mark.parametrize(("weight", "margin"), [(1, 5.0), (5, 5.0), (10, 1.25), (50, 0.5)])
def test_a_step_shows_a_margin_that_its_traffic_can_show(weight: int, margin: float) -> None:
    so_far = ComparisonsSoFar(
        settings=SO_FAR.settings, clusters=SO_FAR.clusters, steps=3, weight=weight
    )
    (found,) = judged({"eu": blocks(10)}, so_far)
    assert found.comparison is not None and found.comparison.margin == margin


def test_evidence_without_a_comparison_stays_as_it_is() -> None:
    alone = asked({"eu": blocks(10)}, {"name": "errors", "measure": "error_ratio", "max": 0.5})
    assert judge_comparisons(alone, SO_FAR) == alone


def test_recorded_numbers_survive_the_record_and_the_arithmetic_of_another_machine() -> None:
    (found,) = judged({"eu": blocks(13)})
    again = convert(found.to_json(), Evidence)
    assert again == found and found.comparison is not None
    close = replace(found.comparison, harm=found.comparison.harm * (1 + 1e-6))
    assert same_numbers(found.comparison, close)
    assert not same_numbers(found.comparison, replace(close, harm=found.comparison.harm * 1.01))
    assert not same_numbers(found.comparison, None) and same_numbers(None, None)
