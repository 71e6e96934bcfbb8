"""How many findings there are, and in which part of the fleet."""

import pytest

from lockstep.model.finding import Severity
from lockstep.report.counting import count, headline, list_counts, scope
from tests.unit.report.outcomes import many

MAIN = {"of": 1000, "base": "main"}


def test_counts_are_for_people() -> None:
    numbers = [count(n, "error") for n in (0, 1, 2, 1000)]
    assert numbers == ["no errors", "1 error", "2 errors", "1,000 errors"]
    found = many(1234, Severity.WARNING)
    assert list_counts(found) == "1,234 warnings"
    assert headline(found, {"clusters": 5000}) == "no errors and 1,234 warnings in 5,000 clusters"


@pytest.mark.parametrize(
    ("summary", "last", "about"),
    [
        ({"clusters": 3, "families": 1, **MAIN},
         "no errors in 3 of 1,000 clusters; the others are as on main",
         "3 of 1,000 clusters checked; the others are as on main"),
        ({"clusters": 0, "families": 0, **MAIN},
         "no errors; the change touches none of 1,000 clusters; all are as on main",
         "the change touches none of 1,000 clusters; all are as on main"),
        # A family whose cluster files cannot be read.
        ({"clusters": 0, "families": 1, **MAIN},
         "no errors in 0 of 1,000 clusters; the others are as on main",
         "0 of 1,000 clusters checked; the others are as on main"),
        # The other shards check clusters, too: those are not as on main.
        ({"clusters": 1, "families": 1, "shard": "2/4", **MAIN},
         "no errors in 1 of 1,000 clusters (shard 2/4); "
         "clusters that the change does not touch are as on main",
         "1 of 1,000 clusters (shard 2/4) checked; "
         "clusters that the change does not touch are as on main"),
        ({"clusters": 0, "families": 0, "shard": "2/4", **MAIN},
         "no errors in 0 of 1,000 clusters (shard 2/4); "
         "clusters that the change does not touch are as on main",
         "0 of 1,000 clusters (shard 2/4) checked; "
         "clusters that the change does not touch are as on main"),
        # Merged with the report of a shard that failed.
        ({"clusters": 0, "families": 0, "of": 1000},
         "no errors in 0 of 1,000 clusters; the others were not checked",
         "0 of 1,000 clusters checked; the others were not checked"),
        ({"clusters": 3}, "no errors in 3 clusters", ""),
        ({"clusters": 3, "shard": "2/4"}, "no errors in 3 clusters of shard 2/4", ""),
        ({"shard": "2/4"}, "no errors of shard 2/4", ""),
        # Only families without clusters were not checked.
        ({"clusters": 3, "of": 3, "base": "main"}, "no errors in 3 clusters", ""),
        ({}, "no errors", ""),
    ],
)  # fmt: skip
def test_what_was_not_checked_is_said(summary: dict[str, object], last: str, about: str) -> None:
    assert headline((), summary) == last
    assert scope(summary) == about


def test_the_name_of_a_base_is_shown_safely() -> None:
    base = "a\n\x1b[2K##[error]\u202e" + "x" * 500
    text = headline((), {"clusters": 1, "of": 2, "base": base}, lambda name: f"<{name}>")
    assert text.isprintable() and "##[" not in text and len(text) < 250
    assert r"as on <a\n\x1b[2K#\#[error]\u202ex" in text and text.endswith("more characters)>")
