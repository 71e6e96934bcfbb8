"""Bounds of facts: exact or refused, with the limit in the message, and the schema agrees."""

import json
from pathlib import Path

import pytest

from lockstep.model.document import Json, value_at
from lockstep.model.exit_codes import ExitCode
from lockstep.registry import limits
from lockstep.registry.limits import Unlockable, bounded, exact

ROOT = Path(__file__).resolve().parents[3]
SCHEMA: Json = json.loads((ROOT / "policies/schemas/model-lock.json").read_text())
FACTS = ("$defs", "facts", "properties")


@pytest.mark.parametrize(
    "text", ["", " a ", "a\nb", "\x00", "\u202e", "\u00e9", "e\u0301", "x" * 9]
)
def test_a_text_within_its_bound_stays_as_it_is(text: str) -> None:
    assert exact(text, 9, "the tag x", "here") == text


def test_a_longer_text_is_refused_with_the_limit() -> None:
    with pytest.raises(Unlockable) as caught:
        exact("x" * 1000, 999, "the tag notes", "https://mlflow.example.com")
    error = caught.value
    assert error.message.startswith("the tag notes has 1000 characters; at most 999 are allowed")
    assert len(error.message) < 200
    assert error.fix == (
        "shorten the tag notes in the registry or in the model; facts are never cut"
    )
    assert (error.where, error.exit_code) == ("https://mlflow.example.com", ExitCode.INVALID)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(Unlockable, match=r"a name is not valid Unicode: 'a\\ud800'"):
        exact("a\ud800", 9, "a name", "here")


def test_more_items_than_allowed_are_refused_with_the_limit() -> None:
    bounded(range(3), 3, "tags", "here", "remove tags")
    with pytest.raises(
        Unlockable, match=r"^the version has 4 tags; at most 3 are allowed$"
    ) as caught:
        bounded(range(4), 3, "tags", "here", "remove tags")
    assert caught.value.fix == "remove tags; facts are never cut"


BOUNDS = [
    ((*FACTS, "status", "maxLength"), limits.LONGEST_STATUS),
    ((*FACTS, "datasets", "maxItems"), limits.MOST_DATASETS),
    ((*FACTS, "metrics", "maxItems"), limits.MOST_METRICS),
    ((*FACTS, "tags", "maxProperties"), limits.MOST_TAGS),
    ((*FACTS, "tags", "propertyNames", "maxLength"), limits.LONGEST_NAME),
    ((*FACTS, "tags", "additionalProperties", "maxLength"), limits.LONGEST_TAG),
    ((*FACTS, "lineage", "properties", "copiedFrom", "maxLength"), limits.LONGEST_SOURCE),
    (("$defs", "identity", "properties", "source", "maxLength"), limits.LONGEST_SOURCE),
    (("$defs", "text", "maxLength"), limits.LONGEST_NAME),
    (("$defs", "dataset", "properties", "context", "maxLength"), limits.LONGEST_DIGEST),
    (("$defs", "metric", "properties", "dataset", "maxLength"), limits.LONGEST_NAME),
    (("$defs", "metric", "properties", "datasetDigest", "maxLength"), limits.LONGEST_DIGEST),
    (("$defs", "signature", "properties", "params", "maxItems"), limits.MOST_PARAMS),
    (("$defs", "columns", "maxItems"), limits.MOST_COLUMNS),
    (("$defs", "columns", "items", "properties", "name", "maxLength"), limits.LONGEST_NAME),
    (("$defs", "columns", "items", "properties", "name", "maximum"), limits.LARGEST_NUMBER),
    (("$defs", "param", "properties", "name", "maxLength"), limits.LONGEST_NAME),
    (("$defs", "param", "properties", "shape", "maxItems"), limits.MOST_DIMENSIONS),
    (("$defs", "param", "properties", "default", "maxLength"), limits.LONGEST_DEFAULT),
    (("$defs", "type", "maxLength"), limits.LONGEST_TYPE),
]


@pytest.mark.parametrize(("pointer", "bound"), BOUNDS, ids=[str(pointer) for pointer, _ in BOUNDS])
def test_the_schema_takes_all_that_may_be_locked(pointer: tuple[str, ...], bound: int) -> None:
    assert value_at(SCHEMA, pointer) >= bound
