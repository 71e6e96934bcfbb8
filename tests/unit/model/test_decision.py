"""Decisions: their ids, their places, and positions in words."""

import pytest
from hypothesis import given
from msgspec import ValidationError, convert
from msgspec.structs import replace

from lockstep.model.canonical import digest_json
from lockstep.model.decision import Decision, Phase, Position, Target
from lockstep.model.paths import record_path
from tests.unit.model.records import DECISIONS, FULL, POSITIONS


@given(POSITIONS)
def test_a_position_comes_back_from_its_json(position: Position) -> None:
    data = position.to_json()
    assert convert(data, Position) == position
    assert ("wave" in data) == ("step" in data) == (position.wave is not None)


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (Position(Phase.NEW), "new"),
        (Position(Phase.STEADY), "steady"),
        (Position(Phase.ROLLING, 0, 3), "rolling wave 1 step 4"),
        (Position(Phase.HELD, 2, 0), "held wave 3 step 1"),
    ],
)
def test_a_position_in_words_counts_from_one(position: Position, words: str) -> None:
    assert str(position) == words


@pytest.mark.parametrize("data", [{}, {"phase": "flying"}, {"phase": None}, {"wave": 1}])
def test_another_shape_is_not_a_position(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        convert(data, Position)


def test_the_id_is_the_digest_of_what_makes_the_decision_this_one() -> None:
    assert FULL.id == digest_json(
        {
            "environment": "prod",
            "family": "fraud",
            "previous": FULL.previous,
            "action": "advance",
            "target": FULL.target.digest,
            "from": {"phase": "rolling", "wave": 0, "step": 0},
            "to": {"phase": "rolling", "wave": 0, "step": 1},
        }
    )


@given(DECISIONS)
def test_evidence_time_and_runner_are_not_part_of_the_id(decision: Decision) -> None:
    other = replace(
        decision, evidence=(), reason="y", actor="z", decided_at="w", program_version="v",
        time_given=not decision.time_given, base=None, verdict=None, plan=None,
        variants={}, unchecked=(), verified_state=None, restored=None, sequence=1,
        target=Target("other", decision.target.digest),
    )  # fmt: skip
    assert other.id == decision.id
    assert replace(decision, previous="x" * 12).id != decision.id


def test_records_of_a_family_are_in_order_in_one_folder() -> None:
    assert FULL.path == "ledger/prod/fraud/000007.json"
    paths = [record_path("prod", "fraud", number) for number in (1, 2, 10, 99, 100, 999_999)]
    assert sorted(paths) == paths
