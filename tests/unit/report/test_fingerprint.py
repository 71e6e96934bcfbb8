"""A finding is known again in the next run."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.report.fingerprint import fingerprints
from tests.unit.report.outcomes import FINDINGS, WRONG


def key(**changes: object) -> str:
    return fingerprints([replace(WRONG, **changes)])[0]  # type: ignore[arg-type]


def test_it_stays_when_lines_move() -> None:
    assert key(line=70, column=1, related=()) == key()
    first, later = "it is first on line 3", "it is first on line  17"
    assert key(message=first) == key(message=later)
    assert key(message="as in a.yaml:3:1") == key(message="as in a.yaml:4:12")


@pytest.mark.parametrize("field", ["rule", "file", "pointer", "message"])
def test_it_is_another_for_another_mistake(field: str) -> None:
    assert key(**{field: "another"}) != key()


def test_numbers_that_are_no_lines_count() -> None:
    assert key(message="they add up to 99") != key(message="they add up to 98")
    assert key(message="image host:5000/x") != key(message="image host:5001/x")


@given(st.lists(FINDINGS, max_size=6))
def test_no_two_findings_share_one(findings: list) -> None:  # type: ignore[type-arg]
    assert len(set(fingerprints(findings + findings))) == 2 * len(findings)
