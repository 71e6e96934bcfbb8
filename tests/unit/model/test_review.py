"""A review is read strictly: it was written in a run that a pull request's author controls."""

import json
from typing import Any

import msgspec
import pytest

from lockstep.edges.strict_json import decode
from lockstep.model.exit_codes import ExitCode
from lockstep.model.review import Review
from tests.unit.report.reviews import REVIEW

GOOD: dict[str, Any] = REVIEW.to_json()
FINDING = GOOD["findings"][0]
FAMILY = GOOD["items"][0]


def spoilt(**fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields}


def in_family(**fields: Any) -> dict[str, Any]:
    return spoilt(items=[{**FAMILY, **fields}])


def test_a_review_is_read_back_and_its_exit_code_is_not_that_of_the_check() -> None:
    assert Review.from_json(decode(msgspec.json.encode(GOOD))) == REVIEW
    assert REVIEW.outcome.exit_code is ExitCode.DENIED and REVIEW.exit_code is ExitCode.CLEAN


def test_fields_of_a_later_program_are_ignored() -> None:
    later = in_family(later=[1])
    later["also"] = {"a": 1}
    assert Review.from_json(later) == REVIEW


@pytest.mark.parametrize("version", [0, 2, 10**400])
def test_another_version_is_named(version: int) -> None:
    with pytest.raises(ValueError, match=r"its schemaVersion is [0-9]{1,9}; only 1 can"):
        Review.from_json({"schemaVersion": version})


@pytest.mark.parametrize(
    "data",
    [
        None, [], "text", {"schemaVersion": "1"}, {"schemaVersion": True}, {"version": 1},
        spoilt(verb="check"),
        spoilt(base=1), spoilt(base="b" * 301), spoilt(items={}),
        spoilt(items=[FAMILY] * 501),
        spoilt(summary={"clusters": -1}), spoilt(summary={"clusters": 2**40}),
        spoilt(summary={"clusters": 1.5}), spoilt(summary={f"n{n}": 1 for n in range(101)}),
        spoilt(missing=["m"] * 21), spoilt(missing=["m" * 8_001]), spoilt(leftFindings=-1),
        spoilt(diff="none"), spoilt(diff={"base": 1}),
        spoilt(excerpts=[{"file": "a", "line": 0, "text": "x"}]),
        *(
            spoilt(findings=[{**FINDING, "line": line}])
            for line in (0, -1, 1.5, "1", 2**31, 10**300)
        ),
        spoilt(findings=[{**FINDING, "column": 0}]),
        spoilt(findings=[{**FINDING, "severity": "fatal"}]),
        spoilt(findings=[{**FINDING, "related": [{**FINDING["related"][0], "line": 0}]}]),
        spoilt(findings=[{name: v for name, v in FINDING.items() if name != "message"}]),
        in_family(name=None), in_family(change="moved"), in_family(owner="o" * 301),
        in_family(clusters=[{}]), in_family(follows={"kind": "elsewhere", "merged": ""}),
        in_family(metrics=[{**FAMILY["metrics"][0], "verdict": "fine"}]),
        in_family(metrics=[{**FAMILY["metrics"][0], "bounds": {"min": "0.9"}}]),
        in_family(clusters=[{**FAMILY["clusters"][0], "before": [
            {"name": "stable", "version": "1", "weight": 101}]}]),
    ],
)  # fmt: skip
def test_another_shape_or_size_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        Review.from_json(data)


def test_the_deepest_value_ends_in_no_traceback() -> None:
    with pytest.raises(ValueError, match=r"."):
        Review.from_json(decode(b"[" * 50_000 + b"]" * 50_000))


def test_what_is_written_is_the_documented_form() -> None:
    assert set(json.loads(msgspec.json.encode(GOOD))) == {
        "schemaVersion", "verb", "base", "findings", "summary", "excerpts", "items", "diff",
        "approvers", "missing",
        "leftFindings", "leftFamilies", "leftObjects",
    }  # fmt: skip
