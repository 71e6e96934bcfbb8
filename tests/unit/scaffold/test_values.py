"""Values are checked by the schemas of the fields that they are written in."""

import pytest

from lockstep.edges.resources import shipped_tree
from lockstep.model.errors import UsageError
from lockstep.scaffold.values import _FIELDS, check_values

LONG = "a" * 2000


@pytest.mark.parametrize("option", _FIELDS)
def test_every_value_is_bounded_and_keeps_to_one_line(option: str) -> None:
    for value in (LONG, "", "a\nb", "a: {b", 'a"b', "x\x00"):
        if option in ("dataset", "metric") and value in ("a: {b", 'a"b'):
            continue  # a dataset may have nearly any name; texts quotes it
        with pytest.raises(UsageError) as caught:
            check_values(shipped_tree(), {option: value})
        assert f"--{option}: " in caught.value.message and caught.value.fix


def test_usual_values_are_allowed() -> None:
    check_values(shipped_tree(), {
        "environment": "prod", "region": "eu-west-1", "jurisdiction": "US-CA", "model": "My model",
        "image": f"ghcr.io/ml/server@sha256:{'0' * 64}", "version": "42", "cluster": "eu-west-1",
        "repository": "git@git.example.com:ml/fleet.git", "branch": "main", "hash": None,
        "dataset": "holdout-{region}", "owner": "ml@example.com",
    })  # fmt: skip


@pytest.mark.parametrize(("option", "value"), [
    ("image", "registry.example.com/ml/server:latest"), ("cluster", "family"),
    ("cluster", "quarantine"), ("source", "http://pypi.example.com"),
])  # fmt: skip
def test_what_no_pattern_says_is_checked_too(option: str, value: str) -> None:
    with pytest.raises(UsageError):
        check_values(shipped_tree(), {option: value})
