"""Values that are written in another way and mean the same, and values that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.drift.scalars import quantity, same_value


@pytest.mark.parametrize(
    ("git", "live", "at"),
    [
        ("1", "1000m", ("resources", "requests", "cpu")),
        ("500m", 0.5, ("resources", "requests", "cpu")),
        ("1Gi", "1024Mi", ("limits", "memory")),
        ("1e3", "1k", ("limits", "memory")),
        ("0.5", ".5", ("limits", "cpu")),
        ("2Gi", "2048Mi", ("emptyDir", "sizeLimit")),
        (8080, "8080", ("httpGet", "port")),
        ("1", 1, ("rollingUpdate", "maxSurge")),
        ("15m", "15m0s", ("spec", "refreshInterval")),
        ("3600s", "1h", ("spec", "timeout")),
        (1, 1.0, ("spec", "weight")),
    ],
)
def test_two_ways_to_write_one_value(git: object, live: object, at: tuple[str, ...]) -> None:
    assert same_value(git, live, at) and same_value(live, git, at)


@pytest.mark.parametrize(
    ("git", "live", "at"),
    [
        ("1", "1001m", ("requests", "cpu")),
        ("1Gi", "1G", ("limits", "memory")),
        ("1", "1000m", ("env", "value")),  # a text, and no amount
        (True, 1, ("spec", "hostNetwork")),
        (True, "True", ("spec", "hostNetwork")),
        ("1", 1, ("labels", "x")),
        ("", 0, ("limits", "cpu")),
        ("x", "y", ("limits", "cpu")),
        ("2s", "3s", ("spec", "timeout")),
        ("soon", "later", ("spec", "timeout")),
        (None, 0, ("spec", "weight")),
    ],
)
def test_values_that_differ(git: object, live: object, at: tuple[str, ...]) -> None:
    assert not same_value(git, live, at) and not same_value(live, git, at)


@given(st.integers(0, 10**9))
def test_an_amount_is_the_same_in_thousandths(number: int) -> None:
    assert quantity(f"{number}000m") == quantity(str(number)) == quantity(number)


@given(st.text(max_size=20))
def test_no_text_raises(text: str) -> None:
    quantity(text)
    same_value(text, text[::-1], ("requests", "cpu"))
    same_value(text, text[::-1], ("timeout",))
