"""A source is one class and one entry in SOURCES: its answers reach verdict and record."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import convert

from lockstep.gate_sources import base
from lockstep.gate_sources.base import SOURCES, GateSources
from lockstep.gates.verdicts import judge_again, judge_question
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Condition, Evidence, Measurement, Question, Verdict

SCHEMAS = Path(__file__).parents[3] / "policies" / "schemas"
GATE: Json = {"name": "smoke", "source": "file"}
QUESTION = Question(
    GATE, "fraud-a", "a", "prod", {"identity": {"version": "2"}}, None,
    "2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z",
)  # fmt: skip


class FileGates:
    """Reads ``{holds, reason, value}`` from a file; its address is the file's path."""

    def __init__(self, address: str | None) -> None:
        if address is None:
            raise LockstepError("no file is named")
        self._file = Path(address)

    def ask(self, question: Question) -> Answer:
        query = f"the test results of version {question.candidate['identity']['version']}"
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError) as error:
            return Answer(query, failure=str(error))
        condition = Condition(found["holds"], found["reason"]) if "holds" in found else None
        measured = Measurement(found.get("value"), time=question.now)
        return Answer(query, measured, condition=condition)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Evidence]:
    """Asks one gate of the source ``file`` about what the test wrote."""
    monkeypatch.setattr(base, "SOURCES", {**SOURCES, "file": FileGates})
    file = tmp_path / "results.json"

    def ask(content: str, **settings: Json) -> Evidence:
        file.write_text(content)
        question = Question(
            {**GATE, **settings}, *(getattr(QUESTION, f) for f in QUESTION.__slots__[1:])
        )
        return judge_question(question, GateSources({"file": str(file)}).ask(question))

    return ask


@pytest.mark.parametrize(
    ("content", "settings", "verdict", "reason"),
    [
        ('{"holds": true, "reason": "12 of 12 passed"}', {}, Verdict.PASS, "12 of 12 passed"),
        ('{"holds": false, "reason": "3 of 12 failed"}', {}, Verdict.FAIL, "3 of 12 failed"),
        ('{"holds": null, "reason": "4 still run"}', {}, Verdict.INCONCLUSIVE, "4 still run"),
        ('{"holds": true, "reason": "ran", "value": 9}', {"max": 5}, Verdict.FAIL, "at most 5"),
        ('{"holds": false, "reason": "broke", "value": 1}', {"max": 5}, Verdict.FAIL, "broke"),
        ('{"holds": true, "reason": "ran"}', {"max": 5}, Verdict.INCONCLUSIVE, "no value"),
        ('{"holds": true, "reason": "ran"}', {"max": "x"}, Verdict.ERROR, "not a finite"),
        ('{"value": 1}', {}, Verdict.ERROR, "none of the bounds"),
        ("{", {}, Verdict.ERROR, "could not be asked"),
    ],
)  # fmt: skip
def test_a_condition_and_each_bound_give_a_verdict_and_the_worst_counts(
    ask: Callable[..., Evidence], content: str, settings: Json, verdict: Verdict, reason: str
) -> None:
    evidence = ask(content, **settings)
    assert evidence.verdict is verdict and reason in evidence.reason
    recorded = convert(json.loads(json.dumps(evidence.to_json())), Evidence)
    assert judge_again(recorded) == (verdict, evidence.reason)


def test_a_source_that_cannot_be_made_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "SOURCES", {"file": FileGates})
    assert GateSources().ask(QUESTION).failure == "no file is named"


def test_every_source_has_a_schema_and_every_schema_a_source() -> None:
    assert set(SOURCES) == {path.stem for path in (SCHEMAS / "gates").glob("*.json")}
