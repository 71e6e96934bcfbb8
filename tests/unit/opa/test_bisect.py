"""One bad item in a batch: found by halving, named, and the others answered."""

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.bisect import MOST_FAULTS, EvaluationFault, answer_each, relevant_lines
from tests.unit.opa.parts import batch_of


class Divider:
    """Answers like a rule that divides by each item's parts, and counts the questions."""

    def __init__(self) -> None:
        self.asked: list[Json] = []

    def __call__(self, batch: Json) -> Json:
        self.asked.append(batch)
        if any(item["parts"] == 0 for item in batch["items"]):
            raise EvaluationFault("div: divide by zero", where="policies/main.rego:3")
        return [{"id": item["id"], "share": 100 / item["parts"]} for item in batch["items"]]


def test_a_sound_batch_is_one_question() -> None:
    ask = Divider()
    answers = answer_each(ask, batch_of([1, 2, 4]))
    assert [answer["share"] for answer in answers] == [100, 50, 25]
    assert len(ask.asked) == 1


def test_an_item_of_no_family_stands_alone_like_any_other() -> None:
    batch = batch_of([0, 1])
    batch["items"][0] |= {"family": "", "clusters": []}
    wrong, right = answer_each(Divider(), batch)
    assert "error" in wrong
    assert right == {"id": "item-1", "share": 100}


def test_the_item_at_fault_is_named_and_the_others_are_answered() -> None:
    parts = [1] * 200
    parts[137] = 0
    ask = Divider()
    answers = answer_each(ask, batch_of(parts))
    assert [answer["id"] for answer in answers] == [f"item-{index}" for index in range(200)]
    wrong = [answer for answer in answers if "error" in answer]
    error = {"message": "div: divide by zero", "where": "policies/main.rego:3"}
    assert wrong == [{"id": "item-137", "error": error}]
    assert len(ask.asked) <= 17


def test_parts_hold_what_they_refer_to_and_no_more() -> None:
    ask = Divider()
    answer_each(ask, batch_of([0, 1]))
    assert [set(batch["clusters"]) for batch in ask.asked[1:]] == [{"0"}, {"1"}]
    assert all(set(batch["families"]) == {"f"} for batch in ask.asked[1:])


def test_a_rule_that_always_fails_is_not_tried_on_everything() -> None:
    ask = Divider()
    answers = answer_each(ask, batch_of([0] * 200))
    assert len(answers) == 200
    assert all("error" in answer for answer in answers)
    assert len(ask.asked) < MOST_FAULTS * 10


def test_no_answer_is_an_error() -> None:
    with pytest.raises(LockstepError, match="answers is undefined"):
        answer_each(lambda _: None, batch_of([1]))


def test_what_matters_in_a_log() -> None:
    log = (
        '{"level":"warning","msg":"running as root"}\n'
        '{"level":"error","msg":"Listener failed.","err":"address already in use"}\n'
        "{broken\n[]\nerror: load error\n"
    )
    assert relevant_lines(log) == ("Listener failed. address already in use\n[]\nerror: load error")
