"""Bursts: how much counts vary beyond chance, without calling harm dispersion."""

import random

import pytest

from lockstep.gates.dispersion import FEWEST, Dispersion, Estimate, factor_of
from lockstep.gates.pairs import Pair
from lockstep.model.blocks import Count


def estimate(seed: int, burst: int = 1, ratio: float = 1.0, blocks: int = 400) -> Estimate:
    """Of candidate and baseline with equal traffic, whose bad requests come ``burst`` at a time."""
    rng = random.Random(seed)
    found = Dispersion()
    for n in range(blocks):
        bad = [
            burst * sum(rng.random() < 0.02 * each / burst for _ in range(1000))
            for each in (ratio, 1.0)
        ]
        found.add(Pair(n, n + 1, Count(bad[0], 1000 * burst), Count(bad[1], 1000 * burst)))
    return found.estimate()


def factor(*estimates: Estimate) -> float:
    found = factor_of(list(estimates))
    assert found is not None
    return found


def test_chance_alone_is_no_dispersion() -> None:
    assert [factor(estimate(seed)) for seed in range(5)] == [1.0] * 5


def test_bursts_are_found_by_their_size() -> None:
    assert factor(estimate(1, burst=4)) == pytest.approx(4, rel=0.3)


def test_harm_is_no_dispersion() -> None:
    assert factor(estimate(2, ratio=3.0)) == 1.0


def test_regions_share_what_they_know() -> None:
    few = [estimate(seed, burst=4, blocks=7) for seed in range(6)]
    assert all(factor_of([each]) is None for each in few)
    assert factor(*few) > 2


def test_what_few_blocks_say_is_taken_with_a_margin() -> None:
    few, many = Estimate(10.0, 10), Estimate(40.0, 40)
    assert factor(few) == pytest.approx(1 + 3 * (2 / 10) ** 0.5)
    assert factor(many) == 1.0
    assert factor(Estimate(2.0, 10)) == factor(few), "that bursts are rare so far proves nothing"


def test_nothing_is_known_from_few_blocks() -> None:
    assert factor_of([]) is None
    assert factor_of([Estimate(100.0, FEWEST - 1)]) is None
    assert Dispersion().estimate() == Estimate(0.0, 0)


def test_blocks_without_bad_requests_say_nothing() -> None:
    found = Dispersion()
    for n in range(100):
        found.add(Pair(n, n + 1, Count(0, 100), Count(0, 100)))
    assert found.estimate() == Estimate(0.0, 0)
