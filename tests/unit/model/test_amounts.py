"""Amounts of bytes."""

import pytest

from lockstep.model.amounts import parse_bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1k", 1000), ("2M", 2_000_000), ("1Ki", 1024), ("10Gi", 10 * 1024**3),
     ("3T", 3 * 1000**4), ("1Ti", 1024**4)],
)  # fmt: skip
def test_units_are_those_of_kubernetes(text: str, value: int) -> None:
    assert parse_bytes(text) == value


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5Gi", "1 Gi", "1g", "Gi", "\u0661", "9" * 10])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount of bytes"):
        parse_bytes(text)
