"""The demo's counters: what a scrape sees is what has come until then."""

from datetime import timedelta

import pytest

pytest.importorskip("sklearn", reason="the demo needs lockstep[registry]")

import numpy as np

from lockstep.model.times import parse_time
from lockstep_demo.counters import Counters
from lockstep_demo.traffic import Counted

BEGIN = parse_time("2026-03-04T04:00:00Z")
FIRST = BEGIN.timestamp()


def counted(*came: float, stopped: tuple[float, ...] = ()) -> Counted:
    return Counted(FIRST + np.array(came), np.isin(came, stopped))


def values(counters: Counters, minutes: float) -> dict[str, list[float]]:
    history = counters.history(BEGIN + timedelta(minutes=minutes))
    return {series: [value for _, value in samples] for series, samples in history.items()}


def test_a_scrape_sees_what_has_come_until_then() -> None:
    counters = Counters("eu-west-1", ("2", "4"), BEGIN)
    counters.add({"2": counted(1, 14, 15, 16, stopped=(14,)), "4": counted(31, stopped=(31,))})
    counters.add({"2": counted(59, 61, stopped=(59,))})
    labels = 'region="eu-west-1",model_version='
    assert values(counters, 1) == {
        f'honest_payments_total{{{labels}"2"}}': [0, 3, 4, 4, 5],
        f'honest_payments_stopped_total{{{labels}"2"}}': [0, 1, 1, 1, 2],
        f'honest_payments_total{{{labels}"4"}}': [0, 0, 0, 1, 1],
        f'honest_payments_stopped_total{{{labels}"4"}}': [0, 0, 0, 1, 1],
    }
    moments = [moment for moment, _ in next(iter(counters.history(BEGIN).values()))]
    assert moments == [BEGIN]


def test_a_version_without_payments_counts_zero() -> None:
    counters = Counters("eu-west-1", ("2", "4"), BEGIN)
    counters.add({"2": counted(1)})
    assert values(counters, 0.5)['honest_payments_total{region="eu-west-1",model_version="4"}'] == [
        0, 0, 0,
    ]  # fmt: skip
