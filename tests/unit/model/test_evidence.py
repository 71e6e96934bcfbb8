"""Evidence: the verdict that counts, and the shape in which it is recorded."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError, convert
from msgspec.structs import replace

from lockstep.model.evidence import Evidence, Verdict, worst
from tests.unit.model.records import EVIDENCE, FULL


def test_nothing_asked_is_never_a_pass() -> None:
    assert worst([]) is Verdict.INCONCLUSIVE


def test_one_pass_is_a_pass_and_the_order_of_answers_does_not_count() -> None:
    assert worst([Verdict.PASS, Verdict.PASS]) is Verdict.PASS
    ranked = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.FAIL]
    for number, verdict in enumerate(ranked, start=1):
        for order in permutations(ranked[:number]):
            assert worst(iter(order)) is verdict


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_a_failure_anywhere_fails_and_only_passes_pass(verdicts: list[Verdict]) -> None:
    assert (worst(verdicts) is Verdict.FAIL) == (Verdict.FAIL in verdicts)
    assert (worst(verdicts) is Verdict.PASS) == (set(verdicts) == {Verdict.PASS})


@given(EVIDENCE)
def test_evidence_comes_back_from_json_text(evidence: Evidence) -> None:
    assert convert(json.loads(json.dumps(evidence.to_json())), Evidence) == evidence


SHAPE: dict[str, Any] = FULL.evidence[0].to_json()


@pytest.mark.parametrize(
    "data",
    [
        {}, SHAPE | {"verdict": "perhaps"}, SHAPE | {"verdict": None},
        SHAPE | {"answer": None}, SHAPE | {"answer": {}}, SHAPE | {"answer": []},
        SHAPE | {"answer": SHAPE["answer"] | {"candidate": None}},
        SHAPE | {"answer": SHAPE["answer"] | {"candidate": {"value": True}}},
        SHAPE | {"answer": SHAPE["answer"] | {"stable": 7}},
        {key: value for key, value in SHAPE.items() if key != "since"},
    ],
)  # fmt: skip
def test_another_shape_is_not_evidence(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        convert(data, Evidence)


def test_what_has_no_stable_version_stays_so() -> None:
    evidence = replace(FULL.evidence[0], stable_version=None)
    alone = replace(evidence, answer=replace(evidence.answer, stable=None))
    assert convert(alone.to_json(), Evidence) == alone
