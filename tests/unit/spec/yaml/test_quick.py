"""The quick reader gives what the composer gives, or leaves the file to it."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.model.document import Json
from lockstep.spec.yaml.compose import MAX_DEPTH, MAX_NODES, Composer, InvalidYaml
from lockstep.spec.yaml.quick import plain_value

REPOSITORY = Path(__file__).resolve().parents[4]
PIECES = [
    "a: ", "b: ", '"a": ', "? ", "- ", "  ", "\n", "\n  ", "{", "}", "[", "]", ", ", "x", "1.10",
    "012", "1e3", "yes", "null", "~", "''", '"q"', "|\n  text\n", "# no\n", "&x ", "*x", "!",
    "!!str ", "<<: ", "---\n", "...\n", "%YAML 1.2\n", "\t", "é",
]  # fmt: skip


def composed(text: str) -> tuple[Json, bool]:
    """The value by the composer, and whether it has nothing to report."""
    composer = Composer("a.yaml", text)
    try:
        return composer.compose(yaml.CSafeLoader(text)), not composer.findings
    except (InvalidYaml, yaml.YAMLError):
        return None, False


def agrees(text: str) -> bool:
    """Whether a text was read here; then it must be as the composer reads it."""
    value = plain_value(text)
    if value is None:
        return False
    expected, clean = composed(text)
    assert clean, text
    assert repr(value) == repr(expected), text  # which tells 1 from 1.0 and True
    return True


@pytest.mark.parametrize(
    "path", sorted(REPOSITORY.glob("clusters/**/*.yaml")), ids=lambda path: path.name
)
def test_every_file_of_the_reference_fleet_is_read_quickly(path: Path) -> None:
    assert agrees(path.read_text())


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: [1, 1.0, '1', true, null, 1.10, 1e3], c: }\n", "- - x\n- {}\n- []\n", "x", "'no'\n",
        "a: |\n  two\n  lines\nb: >-\n  folded\n  text\n", "--- \na: 1\n...\n", "'a': 1\n'b': 2",
    ],
)  # fmt: skip
def test_ordinary_files_are_read_quickly(text: str) -> None:
    assert agrees(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "# nothing\n", "null\n", "a: 1\na: 2\n", "{a: 1, 'a': 2}", "1: x\n", "? [a]\n: 1\n",
        "? {}\n: 1\n", "<<: {}\n", "a: &x 1\nb: *x\n", "a: &x {}\n", "a: ! 42\n", "a: !!str 1\n",
        "a: yes\n", "a: 012\n", "yes: 1\n", "a: 1\n---\nb: 2\n", "%YAML 1.1\n---\na: 1\n",
        "%TAG ! tag:example.com,2026:\n---\na: 1\n", "a: [\n", "&x a: 1\n", "a: 1\n\tb: 2\n",
        "? \n: 1\n",
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "[" + "1," * MAX_NODES + "]",
    ],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_what_is_odd_is_left_to_the_composer(text: str) -> None:
    assert plain_value(text) is None


def test_the_bounds_are_those_of_the_composer() -> None:
    assert agrees("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert agrees("[" + "1," * (MAX_NODES - 1) + "]")


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_is_read_alike_or_left_to_the_composer(text: str) -> None:
    agrees(text)
