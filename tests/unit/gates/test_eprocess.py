"""The conditional e-process: no more evidence than chance gives, and enough where there is harm."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.gates.eprocess import (
    ENOUGH_TO_PASS,
    Hypotheses,
    Process,
    fresh_starts,
    mean_of,
    not_worse,
    worse,
)
from lockstep.gates.pairs import Pair
from lockstep.model.blocks import Count

WHOLE = [(-math.inf, 1.0)]


def pair(candidate: tuple[int, int], baseline: tuple[int, int], start: float = 0.0) -> Pair:
    return Pair(start, start + 300, Count(*candidate), Count(*baseline))


def value(hypotheses: Hypotheses, *pairs: Pair) -> float:
    process = Process(hypotheses, WHOLE)
    for each in pairs:
        process.add(each)
    return process.value(1.0)


def test_evidence_of_no_block_is_1() -> None:
    assert value(worse(1.17)) == pytest.approx(1)
    assert value(not_worse(0.1)) == pytest.approx(1)


@given(st.integers(1, 40), st.floats(0.01, 0.99), st.floats(1.05, 3.0))
def test_evidence_of_a_harmless_candidate_is_1_on_average(
    bad: int, share: float, harm: float
) -> None:
    """Exactly: over all ways in which the bad requests can fall on the two versions."""
    total = 1_000_000
    mine = round(total * share)
    share = mine / total
    mean = math.fsum(
        math.comb(bad, k) * share**k * (1 - share) ** (bad - k)
        * value(worse(harm), pair((k, mine), (bad - k, total - mine)))
        for k in range(bad + 1)
    )  # fmt: skip
    assert mean == pytest.approx(1, abs=1e-6)


@given(st.floats(0.02, 2.0))
def test_evidence_of_no_harm_is_1_on_average_at_the_margin(margin: float) -> None:
    bad, share, total = 12, 0.5, 1000
    part = share * (1 + margin) / (1 - share + share * (1 + margin))
    mean = math.fsum(
        math.comb(bad, k) * part**k * (1 - part) ** (bad - k)
        * value(not_worse(margin), pair((k, 500), (bad - k, total - 500)))
        for k in range(bad + 1)
    )  # fmt: skip
    assert mean == pytest.approx(1, abs=1e-6)


def test_harm_is_found_and_health_is_shown() -> None:
    rng = random.Random(1)

    def days(ratio: float) -> list[Pair]:
        return [
            pair(
                (sum(rng.random() < 0.03 * ratio for _ in range(2000)), 2000),
                (sum(rng.random() < 0.03 for _ in range(2000)), 2000),
                300.0 * n,
            )
            for n in range(24)
        ]

    assert value(worse(1.17), *days(1.5)) > 1000
    assert value(worse(1.17), *days(1.0)) < 1
    assert value(not_worse(0.25), *days(1.0)) > ENOUGH_TO_PASS
    assert value(not_worse(0.25), *days(1.5)) < 1


def test_what_both_versions_share_cancels() -> None:
    """A day on which everything is ten times worse is no evidence against the candidate."""
    assert value(worse(1.17), pair((300, 1000), (2700, 9000))) < 1


def test_a_fresh_start_counts_from_its_time_on() -> None:
    starts = fresh_starts(-math.inf, [300.0, math.inf])
    assert [weight for _, weight in starts] == pytest.approx([0.9, 0.05, 0.05])
    process = Process(worse(3.0), starts)
    process.add(pair((0, 5000), (500, 5000)))
    before = process.value(1.0)
    assert before == pytest.approx(0.1, abs=0.01), "the two that have not begun count 1"
    process.add(pair((60, 5000), (0, 5000), 300.0))
    whole = Process(worse(3.0), WHOLE)
    for each in (pair((0, 5000), (500, 5000)), pair((60, 5000), (0, 5000), 300.0)):
        whole.add(each)
    assert process.value(1.0) > 1e6 > whole.value(1.0)


def test_evidence_beyond_all_numbers_is_infinite_and_no_error() -> None:
    process = Process(worse(3.0), WHOLE)
    process.add(pair((1_000_000, 1_000_000), (0, 1_000_000)))
    assert process.value(1.0) == math.inf


def test_the_mean_counts_1_for_what_has_no_data() -> None:
    assert mean_of([9.0], 3) == pytest.approx(11 / 3)
    with pytest.raises(ValueError, match="2 values of evidence for 1 comparisons"):
        mean_of([1.0, 1.0], 1)


@pytest.mark.parametrize("harm", [1.0, 0.5, math.nan])
def test_a_harm_that_is_none_is_refused(harm: float) -> None:
    with pytest.raises(ValueError, match="a harm of"):
        worse(harm)
    with pytest.raises(ValueError, match="a margin of"):
        not_worse(harm - 1)
