"""Which version is the newest with given tags, of what a registry lists."""

from collections.abc import Iterator

import pytest

from lockstep.registry.newest import MOST_LOOKED_AT, Registered, describe_tags, newest_with

GOLD = {"stage": "gold"}


def listed(*versions: Registered) -> Iterator[Registered]:
    yield from versions
    raise AssertionError("more was read than was needed")


def test_the_first_that_may_serve_and_has_all_tags_is_chosen_and_the_newer_ones_are_named() -> None:
    found = newest_with(
        listed(
            Registered(9, GOLD, "is archived"),
            Registered(8, GOLD),
            Registered(7, {"stage": "silver", "team": "risk"}),
            Registered(6, {**GOLD, "team": "risk", "more": "x"}),
        ),
        {**GOLD, "team": "risk"},
    )
    assert found.version == "6"
    assert found.passed_over == (
        "version 9 is archived", "version 8 has no tag team", "version 7 has stage=silver",
    )  # fmt: skip


def test_without_tags_the_first_that_may_serve_is_chosen() -> None:
    assert (
        newest_with(listed(Registered(3, {}, "is archived"), Registered(2, {})), {}).version == "2"
    )


@pytest.mark.parametrize("value", ["Gold", "gold ", "", "go", "gold\n", "%", "gold' OR '1'='1"])
def test_a_value_counts_character_by_character(value: str) -> None:
    assert newest_with(iter([Registered(1, {"stage": value})]), GOLD).version is None
    assert newest_with(iter([Registered(1, GOLD)]), {"stage": value}).version is None
    assert newest_with(iter([Registered(1, {"stage": value})]), {"stage": value}).version == "1"


def test_only_a_bounded_number_of_versions_is_looked_at_and_the_answer_says_so() -> None:
    endless = (Registered(10**6 - n, {}) for n in range(10**6))
    found = newest_with(endless, GOLD)
    assert (found.version, found.looked_at, found.whole) == (None, MOST_LOOKED_AT, False)
    assert len(found.passed_over) < 10
    few = newest_with(iter([Registered(2, {}), Registered(1, {})]), GOLD)
    assert (few.looked_at, few.whole) == (2, True)


def test_hostile_text_of_a_tag_is_shown_on_one_line_and_cut() -> None:
    shown = describe_tags({"a\n\x1b[2J": "b" * 10_000})
    assert "\n" not in shown and "\x1b" not in shown and len(shown) < 200
    assert describe_tags({"stage": "gold", "team": "risk"}) == "the tags stage=gold and team=risk"
    assert describe_tags({}) == ""
