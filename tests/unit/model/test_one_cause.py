"""Findings of one cause: one finding with a count, whatever the order and the parts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.finding import Finding, Related, Severity, Suppression, arrange
from lockstep.model.one_cause import MOST, by_cause, occurrences
from lockstep.model.outcome import Outcome, exit_code_of, merge_outcomes


def rendered(number: int, rule: str = "render.different") -> Finding:
    file = f"rendered/prod/clusters/c{number // 10:02}/file-{number:03}.yaml"
    return Finding(file, 3, 1, rule, f"rendered now: {number}; here: 0", "lockstep render")


def region(number: int) -> Finding:
    return Finding(f"clusters/prod/f{number:03}/eu.yaml", 4, 3, "structure.unknown-region",
                   "spec.region is 'eu'", "name one of them", "/spec/region")  # fmt: skip


def test_rendered_files_that_differ_are_one_finding_with_every_place() -> None:
    every = [rendered(number) for number in range(412)]
    (found,) = by_cause(every)
    assert found.message == (
        "412 rendered files in 42 folders differ from what the specs and templates render"
    )
    assert (found.file, found.fix) == (every[0].file, "lockstep render")
    assert [(place.file, place.note) for place in found.related] == [
        (each.file, each.message) for each in every
    ]
    assert exit_code_of([found]) is exit_code_of(every) == 10
    assert occurrences(found) == 412


def test_the_same_mistake_in_many_files_is_one_finding_with_the_other_places() -> None:
    (found,) = by_cause(region(number) for number in range(30))
    assert found.message == "spec.region is 'eu' (the same in 30 places)"
    assert found.related[0] == Related("clusters/prod/f001/eu.yaml", 4, 3, "the same")
    assert len(found.related) == 29 and occurrences(found) == 30


def test_few_are_reported_one_by_one() -> None:
    few = [*map(rendered, range(MOST)), *map(region, range(MOST))]
    assert by_cause(few) == arrange(few)


@pytest.mark.parametrize(
    "kept",
    [
        {"severity": Severity.APPROVAL}, {"severity": Severity.NOTE},
        {"suppression": Suppression("w.yaml", 1, "o", "r", "", "2027-01-01")},
        {"related": (Related("clusters/a.yaml", 1, 1, "uses this default"),)},
        {"rule": "waiver.unused"},
    ],
    ids=repr,
)  # fmt: skip
def test_what_people_must_see_one_by_one_stays(kept: dict[str, object]) -> None:
    every = [replace(region(number), **kept) for number in range(30)]  # type: ignore[arg-type]
    assert by_cause(every) == arrange(every)


@given(st.lists(st.sampled_from(range(60)), unique=True), st.lists(st.integers(0, 2), min_size=60))
def test_parts_give_together_what_the_whole_gives(numbers: list[int], shard: list[int]) -> None:
    rules = ("render.different", "render.missing")
    every = [f for n in numbers for f in (rendered(n, rules[n % 2]), region(n))]
    parts = [
        Outcome(by_cause(f for at, f in enumerate(every) if shard[at % 60] == part))
        for part in range(3)
    ]
    assert merge_outcomes(parts).findings == by_cause(every) == by_cause(by_cause(every))
