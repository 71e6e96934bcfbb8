"""A wave is added to a family's file, whatever its style, and nothing else changes."""

import pytest

from lockstep.model.errors import UsageError
from lockstep.scaffold.waves import with_wave
from lockstep.spec.yaml.load import load_yaml

HEAD = "spec:\n  rollout:\n"


def edited(text: str, region: str = "b") -> str:
    document, _ = load_yaml("clusters/dev/x/family.yaml", text.encode())
    assert document is not None
    return with_wave(document, text.encode(), region).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    waves: [[a]]  # all\n    x: 1\n", "    waves: [[a], [b]]  # all\n    x: 1\n"),
        ("    waves: [[a, c]]\n", "    waves: [[a, c], [b]]\n"),
        ("    waves:\n      - [a]  # first\n    x: 1\n",
         "    waves:\n      - [a]  # first\n      - [b]\n    x: 1\n"),
        ("    waves:\n    - - a\n      - c\n    x: 1\n",
         "    waves:\n    - - a\n      - c\n    - [b]\n    x: 1\n"),
        ("    waves: [[b]]\n", "    waves: [[b]]\n"),
    ],
)  # fmt: skip
def test_a_wave_comes_after_the_others(before: str, after: str) -> None:
    assert edited(HEAD + before) == HEAD + after


def test_a_list_that_cannot_be_edited_safely_is_left_to_people() -> None:
    with pytest.raises(UsageError, match="cannot be edited safely"):
        edited("spec:\n  rollout:\n    waves: &w [[a]]\n  other: *w\n")
