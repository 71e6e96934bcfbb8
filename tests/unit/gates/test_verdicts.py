"""Gates: what an answer means, and that nothing but a good number is ever a pass."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import convert
from msgspec.structs import replace

from lockstep.gates.intervals import difference, wilson
from lockstep.gates.verdicts import judge, judge_again, judge_question
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Evidence, Measurement, Question, Verdict
from lockstep.model.times import format_time

SINCE = datetime(2026, 1, 31, 8, tzinfo=UTC)
NOW = SINCE + timedelta(hours=1)
DURING = format_time(SINCE + timedelta(minutes=30))
AUC: Json = {"name": "auc", "source": "mlflow", "metric": "auc", "min": 0.94}
FPR: Json = {
    "name": "fpr",
    "source": "mlflow",
    "metric": "fpr",
    "max": 0.03,
    "minSamples": 2000,
    "maxAge": "24h",
    "live": True,
    "confidence": 0.99,
}


def verdict(
    gate: Json, value: float | None, samples: int | None = 5000, time: str | None = DURING
) -> Verdict:
    answer = Answer("q", Measurement(value, samples, time))
    return judge(gate, answer, SINCE, NOW)[0]


def dropped(
    gate: Json, value: float, stable: float | None, samples: int | None = None
) -> tuple[Verdict, str]:
    other = None if stable is None else Measurement(stable, samples, DURING)
    return judge(gate, Answer("q", Measurement(value, samples, DURING), other), SINCE, NOW)


@pytest.mark.parametrize(
    ("gate", "value", "expected"),
    [
        ({"min": 0.94}, 0.94, Verdict.PASS),
        ({"min": 0.94}, 0.9399, Verdict.FAIL),
        ({"max": 0.03}, 0.03, Verdict.PASS),
        ({"max": 0.03}, 0.0301, Verdict.FAIL),
        ({"min": 0.1, "max": 0.2}, 0.15, Verdict.PASS),
        ({"min": 0.1, "max": 0.2}, 0.05, Verdict.FAIL),
        ({"min": 0.1, "max": 0.2}, 0.25, Verdict.FAIL),
        ({"min": 0}, 0.0, Verdict.PASS),
    ],
)
def test_a_bound_is_inclusive(gate: Json, value: float, expected: Verdict) -> None:
    assert verdict(gate, value) is expected


def test_the_drop_below_stable_is_exact_for_decimal_numbers() -> None:
    gate = {"maxDropVsStable": 0.005}
    assert 0.95 - 0.945 > 0.005  # in binary
    assert dropped(gate, 0.945, 0.95)[0] is Verdict.PASS
    assert dropped(gate, 0.944, 0.95)[0] is Verdict.FAIL
    assert dropped(gate, 0.99, 0.95)[0] is Verdict.PASS


def test_the_rise_above_stable_is_exact_for_decimal_numbers() -> None:
    gate = {"maxRiseVsStable": 0.005}
    assert dropped(gate, 0.95, 0.945)[0] is Verdict.PASS
    assert dropped(gate, 0.95, 0.944)[0] is Verdict.FAIL
    assert dropped(gate, 0.01, 0.95)[0] is Verdict.PASS
    assert dropped(gate, 0.95, 0.93)[1] == (
        "0.95 is 0.02 above the stable version's 0.93, must be at most 0.005 above"
    )
    both = {**gate, "maxDropVsStable": 0.005}
    assert dropped(both, 0.94, 0.95)[0] is dropped(both, 0.96, 0.95)[0] is Verdict.FAIL
    assert dropped(both, 0.95, 0.95)[0] is Verdict.PASS


@pytest.mark.parametrize("gate", [{"maxDropVsStable": 0.005}, {"maxRiseVsStable": 0.005}])
def test_a_comparison_needs_a_usable_stable_version(gate: Json) -> None:
    assert dropped(gate, 0.99, None)[0] is Verdict.INCONCLUSIVE
    nan = Answer(
        "q", Measurement(0.99, time=DURING), Measurement(problem="the newest value is NaN")
    )
    assert judge(gate, nan, SINCE, NOW) == (
        Verdict.INCONCLUSIVE,
        "stable: the newest value is NaN",
    )


def test_an_unusable_stable_version_matters_only_to_a_comparison() -> None:
    answer = Answer("q", Measurement(0.95, time=DURING), Measurement(None, problem="gone"))
    assert judge(AUC, answer, SINCE, NOW)[0] is Verdict.PASS


def test_a_drop_of_a_proportion_is_judged_by_its_interval() -> None:
    gate = {"maxDropVsStable": 0.01, "confidence": 0.99}
    assert dropped(gate, 0.90, 0.90, 100)[0] is Verdict.INCONCLUSIVE
    assert dropped(gate, 0.90, 0.90, 100_000)[0] is Verdict.PASS
    assert dropped(gate, 0.80, 0.90, 10_000)[0] is Verdict.FAIL


@pytest.mark.parametrize(
    ("value", "samples", "time"),
    [
        (None, 5000, DURING),
        (math.nan, 5000, DURING),
        (math.inf, 5000, DURING),
        (-math.inf, 5000, DURING),
        (0.0, 0, DURING),
        (0.0, None, DURING),
        (0.0, 1999, DURING),
        (0.0, -5, DURING),
        (0.0, 5000, None),
        (0.0, 5000, "yesterday"),
        (0.0, 5000, "2026-01-31T08:30:00"),
        (0.0, 5000, format_time(SINCE - timedelta(seconds=1))),
        (0.0, 5000, format_time(NOW + timedelta(seconds=1))),
    ],
)
def test_what_is_not_usable_is_inconclusive(
    value: float | None, samples: int | None, time: str | None
) -> None:
    assert verdict(FPR, value, samples, time) is Verdict.INCONCLUSIVE


def test_nothing_counted_is_no_evidence_even_where_no_count_is_asked_for() -> None:
    assert verdict({"max": 0.03}, 0.0, samples=0) is Verdict.INCONCLUSIVE
    assert verdict({"max": 0.03}, 0.0, samples=1) is Verdict.PASS


def test_a_measurement_from_the_second_of_the_decision_counts() -> None:
    assert verdict(FPR, 0.0, 5000, format_time(SINCE)) is Verdict.PASS


def test_an_old_measurement_is_too_old_only_where_the_gate_says_so() -> None:
    old = format_time(NOW - timedelta(hours=25))
    assert verdict({"max": 0.03, "maxAge": "24h"}, 0.01, time=old) is Verdict.INCONCLUSIVE
    assert verdict({"max": 0.03, "maxAge": "26h"}, 0.01, time=old) is Verdict.PASS
    assert verdict({"max": 0.03}, 0.01, time=old) is Verdict.PASS


FUTURE = format_time(NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    "gate", [AUC, {"max": 0.99}, {"maxDropVsStable": 0.5}, {"maxRiseVsStable": 0.5}, FPR]
)
@pytest.mark.parametrize("time", [FUTURE, "9999-12-31T23:59:59Z", "+10000-01-01T00:00:00Z", None])
def test_what_may_be_from_the_future_never_counts(gate: Json, time: str | None) -> None:
    future = Measurement(0.95, 5000, time)
    for answer in (
        Answer("q", future, Measurement(0.95, 5000, DURING)),
        Answer("q", Measurement(0.95, 5000, DURING), future),
    ):
        found, reason = judge(gate, answer, SINCE, NOW)
        if answer.stable is future and not {"maxDropVsStable", "maxRiseVsStable"} & gate.keys():
            continue  # the stable version is not looked at
        assert found is Verdict.INCONCLUSIVE
        assert "future" in reason or "time of the measurement is not known" in reason


def test_a_reason_says_what_was_ignored() -> None:
    ignored = "1 value dated in the future, up to 2026-02-01T00:00:00Z, not counted"
    answer = Answer("q", Measurement(0.95, 5000, DURING, ignored=ignored))
    found, reason = judge(AUC, answer, SINCE, NOW)
    assert (found, reason) == (
        Verdict.PASS,
        f"0.95 over 5000 samples, must be at least 0.94; candidate: {ignored}",
    )


NAN = "the newest value is NaN"


@pytest.mark.parametrize(("value", "expected"), [(0.5, Verdict.FAIL), (0.95, Verdict.INCONCLUSIVE)])
def test_an_unusable_value_hides_no_failure_and_never_passes(
    value: float, expected: Verdict
) -> None:
    earlier = Measurement(value, 5000, DURING)
    answer = Answer("q", Measurement(problem=NAN, earlier=earlier))
    found, reason = judge(AUC, answer, SINCE, NOW)
    assert found is expected
    assert f"candidate: {NAN}" in reason
    assert ("0.5 over 5000 samples" in reason) == (expected is Verdict.FAIL)


@pytest.mark.parametrize(
    ("stable", "expected"), [(0.99, Verdict.FAIL), (0.95, Verdict.INCONCLUSIVE)]
)
def test_an_unusable_value_of_the_stable_version_hides_no_drop(
    stable: float, expected: Verdict
) -> None:
    other = Measurement(problem=NAN, earlier=Measurement(stable, 5000, DURING))
    answer = Answer("q", Measurement(0.95, 5000, DURING), other)
    assert judge({"maxDropVsStable": 0.01}, answer, SINCE, NOW)[0] is expected


@pytest.mark.parametrize(
    "earlier",
    [
        Measurement(0.5, 1999, DURING),
        Measurement(0.5, None, DURING),
        Measurement(0.5, 5000, FUTURE),
        Measurement(0.5, 5000, format_time(SINCE - timedelta(seconds=1))),
        Measurement(math.nan, 5000, DURING),
    ],
)
def test_an_earlier_value_must_be_usable_itself(earlier: Measurement) -> None:
    answer = Answer("q", Measurement(0.5, 10, DURING, earlier=earlier))
    assert judge(FPR, answer, SINCE, NOW)[0] is Verdict.INCONCLUSIVE


def test_a_gate_with_two_bounds_says_once_what_it_waits_for() -> None:
    gate = {"min": 0.1, "max": 0.2}
    answer = Answer("q", Measurement(problem=NAN))
    assert judge(gate, answer, SINCE, NOW) == (Verdict.INCONCLUSIVE, f"candidate: {NAN}")


def test_a_problem_outweighs_a_number() -> None:
    answer = Answer("q", Measurement(0.99, problem="two different values"))
    assert judge(AUC, answer, SINCE, NOW)[0] is Verdict.INCONCLUSIVE


def test_a_source_that_fails_is_an_error_whatever_else_it_says() -> None:
    answer = Answer("q", Measurement(0.99), failure="connection refused")
    assert judge(AUC, answer, SINCE, NOW) == (
        Verdict.ERROR,
        "could not be asked: connection refused",
    )


@pytest.mark.parametrize(
    "gate",
    [
        {},
        {"name": "auc", "minimum": 0.9},
        {"min": "0.9"},
        {"min": True},
        {"min": None},
        {"max": math.nan},
        {"max": 0.03, "minSamples": "many"},
        {"max": 0.03, "maxAge": "1 day"},
        {"max": 0.03, "maxAge": 24},
        {"max": 0.03, "live": "yes"},
        {"max": 0.03, "confidence": 1},
        {"max": 0.03, "confidence": 99},
        {"max": 0.03, "confidence": "0.99"},
    ],
)
def test_a_gate_with_settings_that_are_not_valid_is_an_error(gate: Json) -> None:
    assert verdict(gate, 0.01) is Verdict.ERROR


def test_confidence_asks_for_a_proportion() -> None:
    assert verdict({"max": 5, "confidence": 0.99}, 1.5) is Verdict.ERROR


def test_an_interval_across_the_bound_is_inconclusive() -> None:
    assert verdict(FPR, 0.029) is Verdict.INCONCLUSIVE
    assert verdict(FPR, 0.031) is Verdict.INCONCLUSIVE
    assert verdict(FPR, 0.02) is Verdict.PASS
    assert verdict(FPR, 0.05) is Verdict.FAIL


def test_the_reason_says_the_numbers() -> None:
    answer = Answer("q", Measurement(0.05, 5000, DURING))
    _, reason = judge(FPR, answer, SINCE, NOW)
    for part in ("0.05", "5000 samples", "0.03", "0.99", "0.04"):
        assert part in reason
    _, reason = dropped({"maxDropVsStable": 0.005}, 0.93, 0.95)
    assert reason == ("0.93 is 0.02 below the stable version's 0.95, must be at most 0.005 below")


def test_the_worst_bound_counts_and_gives_the_reason() -> None:
    found, reason = dropped({"min": 0.9, "maxDropVsStable": 0.005}, 0.93, 0.95)
    assert found is Verdict.FAIL
    assert "at least" not in reason


def test_evidence_judges_the_same_again_after_json() -> None:
    lock = {"identity": {"version": "43"}}
    question = Question(
        FPR, "fraud-detection-eu-west-1", "eu-west-1", "prod", lock, None,
        format_time(SINCE), format_time(NOW),
    )  # fmt: skip
    evidence = judge_question(question, Answer("q", Measurement(0.05, 5000, DURING)))
    assert evidence.verdict is Verdict.FAIL
    assert (evidence.candidate_version, evidence.stable_version) == ("43", None)
    again = convert(json.loads(json.dumps(evidence.to_json())), Evidence)
    assert judge_again(again) == (evidence.verdict, evidence.reason)
    assert judge_again(replace(again, since="noon"))[0] is Verdict.ERROR
    assert judge_again(replace(again, gate=["max"]))[0] is Verdict.ERROR


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), "24h", "9" * 30 + "d", DURING, "0.5"])
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)
settings_of_gates = st.sampled_from(
    [
        "min", "max", "maxDropVsStable", "maxRiseVsStable", "minSamples", "maxAge", "live",
        "confidence",
    ]
)  # fmt: skip
measurements = st.builds(Measurement, anything, anything, anything, anything, st.just(""))


@given(st.dictionaries(settings_of_gates, anything), measurements, measurements, anything)
def test_no_recorded_evidence_is_too_odd_to_judge(
    gate: Json, candidate: Measurement, stable: Measurement, since: Json
) -> None:
    answer = Answer("q", candidate, stable)
    evidence = Evidence(gate, "c", "1", "2", since, DURING, answer, Verdict.PASS, "")
    verdict, reason = judge_again(evidence)
    assert reason
    if verdict is Verdict.PASS:
        assert math.isfinite(float(candidate.value or 0))


# Rounded: what differs by less than a billionth differs by nothing that was measured.
numbers = st.floats(min_value=0, max_value=1).map(lambda number: round(number, 9))
unusable_numbers = st.sampled_from([None, math.nan, math.inf, -math.inf])
gates = st.fixed_dictionaries(
    {},
    optional={
        "min": numbers,
        "max": numbers,
        "maxDropVsStable": numbers,
        "maxRiseVsStable": numbers,
        "minSamples": st.integers(0, 10_000),
        "maxAge": st.sampled_from(["1h", "24h"]),
        "live": st.booleans(),
        "confidence": st.sampled_from([0.5, 0.9, 0.99]),
    },
)
times = st.sampled_from([None, "", DURING, format_time(SINCE), "2020-01-01T00:00:00Z"])
counts = st.none() | st.integers(-5, 100_000)


@given(gates, unusable_numbers, counts, times)
def test_no_number_never_passes_and_never_fails(
    gate: Json, value: float | None, samples: int | None, time: str | None
) -> None:
    stable = Measurement(0.5, 1000, DURING)
    answer = Answer("q", Measurement(value, samples, time), stable)
    assert judge(gate, answer, SINCE, NOW)[0] in (Verdict.INCONCLUSIVE, Verdict.ERROR)


@given(gates, numbers, counts, times, st.none() | unusable_numbers | numbers)
def test_a_pass_means_every_demand_is_met(
    gate: Json, value: float, samples: int | None, time: str | None, stable: float | None
) -> None:
    answer = Answer("q", Measurement(value, samples, time), Measurement(stable, samples, time))
    if judge(gate, answer, SINCE, NOW)[0] is not Verdict.PASS:
        return
    assert {"min", "max", "maxDropVsStable", "maxRiseVsStable"} & gate.keys()
    assert gate.get("min", 0) <= value <= gate.get("max", 1)
    if gate.get("minSamples") or "confidence" in gate:
        assert samples is not None
        assert samples >= max(1, gate.get("minSamples", 0))
    if gate.get("live"):
        assert time
        assert time >= format_time(SINCE)
    if {"maxDropVsStable", "maxRiseVsStable"} & gate.keys():
        assert stable is not None
        assert math.isfinite(stable)


@given(numbers, numbers, numbers, st.integers(1, 100_000), st.booleans())
def test_a_rise_is_the_mirror_image_of_a_drop(
    value: float, stable: float, bound: float, samples: int, by_interval: bool
) -> None:
    options: Json = {"confidence": 0.99} if by_interval else {}
    drop = dropped({"maxDropVsStable": bound, **options}, value, stable, samples)
    # How far one side is above the other is how far the other is below.
    rise = dropped({"maxRiseVsStable": bound, **options}, stable, value, samples)
    assert drop[0] is rise[0]


ORDER = {Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 2}


@given(numbers, numbers, numbers, st.integers(1, 100_000), st.booleans(), st.booleans())
def test_a_better_value_never_gives_a_worse_verdict(
    one: float, two: float, bound: float, samples: int, upper: bool, by_interval: bool
) -> None:
    gate: Json = {"max" if upper else "min": bound}
    if by_interval:
        gate["confidence"] = 0.99
    worse, better = (max(one, two), min(one, two)) if upper else (min(one, two), max(one, two))
    assert ORDER[verdict(gate, worse, samples)] <= ORDER[verdict(gate, better, samples)]


@pytest.mark.parametrize(
    ("hits", "samples", "confidence", "low", "high"),
    [  # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I
        (81, 263, 0.95, 0.2553, 0.3662),
        (15, 148, 0.95, 0.0624, 0.1605),
        (0, 20, 0.95, 0.0, 0.1611),
        (1, 29, 0.95, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_published_figures(
    hits: int, samples: int, confidence: float, low: float, high: float
) -> None:
    assert wilson(hits / samples, samples, confidence) == pytest.approx((low, high), abs=5e-5)


def test_the_difference_agrees_with_published_figures() -> None:
    # Newcombe (1998), "Interval estimation for the difference", table II, method 10
    assert difference(56 / 70, 70, 48 / 80, 80, 0.95) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert difference(9 / 10, 10, 3 / 10, 10, 0.95) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@given(numbers, st.integers(1, 10**6), st.floats(0.01, 0.999))
def test_an_interval_holds_its_proportion(p: float, samples: int, confidence: float) -> None:
    low, high = wilson(p, samples, confidence)
    assert 0 <= low <= p + 1e-12
    assert p - 1e-12 <= high <= 1
    assume(samples > 1)
    wider = wilson(p, samples // 2, confidence)
    assert wider.high - wider.low >= high - low - 1e-12


@pytest.mark.parametrize(
    ("p", "n", "c"), [(-0.1, 5, 0.9), (1.1, 5, 0.9), (0.5, 0, 0.9), (0.5, 5, 1)]
)
def test_an_interval_needs_valid_arguments(p: float, n: int, c: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson(p, n, c)


def test_a_count_that_no_float_can_square_is_no_traceback() -> None:
    low, high = wilson(0.25, 10**300, 0.95)
    assert low == pytest.approx(0.25) and high == pytest.approx(0.25)
