"""Entries that are added to a file that people write: nothing else in it changes."""

import pytest

from lockstep.model.errors import Invalid
from lockstep.spec.insert import insert_entry

PATH = "policies/data/rules.yaml"
UNDER = ("thresholds", "rules", "replaced")
ENTRY = {"owner": "a@example.com", "reason": 'it\'s "ours": # {x}'}
LINES = (
    'templates/service:\n{0}  owner: "a@example.com"\n{0}  reason: "it\'s \\"ours\\": # {{x}}"\n'
)


def inserted(text: str) -> str:
    return insert_entry(PATH, text.encode(), UNDER, "templates/service", ENTRY).decode()


def block(indent: int) -> str:
    spaces = " " * indent
    return spaces + LINES.format(spaces)


def test_an_empty_mapping_is_opened_and_its_comment_stays() -> None:
    head = "# ours\nthresholds:\n  rules:\n    # why\n    replaced: "
    found = inserted(f"{head}{{}}  # nothing yet\n    switchedOff: {{}} # none\n")
    assert found == (f"{head.rstrip(' ')} # nothing yet\n{block(6)}    switchedOff: {{}} # none\n")


def test_a_key_without_a_value_is_filled() -> None:
    head = "thresholds:\n  rules:\n    replaced:\n"
    assert inserted(head) == head + block(6)


def test_it_is_put_before_the_entries_that_are_there() -> None:
    head = "thresholds:\n    rules:\n        replaced:\n"
    rest = "          # about freezes\n          policies/rules/freeze: {shipped: x} # old\n"
    assert (
        inserted(head + rest)
        == head + "          # about freezes\n" + block(10) + (rest.split("\n", 1)[1])
    )


def test_mappings_on_the_way_are_written() -> None:
    head = "thresholds:\n  rules:\n"
    tail = "    switchedOff:\n      freeze: {owner: b@example.com, reason: x}\n"
    assert inserted(head + tail) == head + "    replaced:\n" + block(6) + tail
    assert inserted("thresholds:\n") == "thresholds:\n  rules:\n    replaced:\n" + block(6)
    assert inserted("other: 1\n").endswith("other: 1\n")


def test_line_endings_and_a_missing_last_one_stay() -> None:
    found = inserted("thresholds:\r\n  rules:\r\n    replaced: {}")
    assert found.count("\r\n") == found.count("\n") > 3


@pytest.mark.parametrize(
    "text",
    [
        "thresholds: {rules: {replaced: {templates/x: {shipped: y}}}}\n",
        "thresholds:\n  rules: {switchedOff: {freeze: {owner: a}}}\n",
        "thresholds:\n  rules: [replaced]\n",
        "thresholds: &t\n  rules:\n    replaced: {\n    }\n",
        "thresholds:\n  rules: &r\n    replaced: {}\nother: *r\n",
    ],
)
def test_what_is_written_in_another_way_is_refused_with_the_line_to_add(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        inserted(text)
    assert caught.value.where == PATH and caught.value.fix


def test_an_entry_that_is_there_is_not_written_twice() -> None:
    with pytest.raises(Invalid, match="has an entry for templates/service already"):
        inserted("thresholds: {rules: {replaced: {templates/service: {owner: a}}}}\n")


def test_a_file_that_cannot_be_read_is_refused() -> None:
    for text in ("a: [\n", ""):
        with pytest.raises(Invalid, match="cannot be read"):
            inserted(text)
