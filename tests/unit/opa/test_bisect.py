"""One failing item in a batch: found by halving and named; the others are answered."""

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.bisect import MOST_FAILURES, EvaluationFailed, evaluate_each
from tests.unit.opa.parts import batch_of


class Divider:
    """Answers like a rule that divides by each item's parts, and keeps the batches."""

    def __init__(self) -> None:
        self.sent: list[Json] = []

    def __call__(self, batch: Json) -> Json:
        self.sent.append(batch)
        if any(item["parts"] == 0 for item in batch["items"]):
            raise EvaluationFailed("div: divide by zero", where="policies/main.rego:3")
        return [{"id": item["id"], "share": 100 / item["parts"]} for item in batch["items"]]


def test_a_batch_without_failures_is_one_request() -> None:
    send = Divider()
    answers = evaluate_each(send, batch_of([1, 2, 4]))
    assert [answer["share"] for answer in answers] == [100, 50, 25]
    assert len(send.sent) == 1


def test_an_item_of_no_family_is_found_like_any_other() -> None:
    batch = batch_of([0, 1])
    batch["items"][0] |= {"family": "", "clusters": []}
    wrong, right = evaluate_each(Divider(), batch)
    assert "error" in wrong
    assert right == {"id": "item-1", "share": 100}


def test_the_failing_item_is_named_and_the_others_are_answered() -> None:
    parts = [1] * 200
    parts[137] = 0
    send = Divider()
    answers = evaluate_each(send, batch_of(parts))
    assert [answer["id"] for answer in answers] == [f"item-{index}" for index in range(200)]
    wrong = [answer for answer in answers if "error" in answer]
    error = {"message": "div: divide by zero", "where": "policies/main.rego:3"}
    assert wrong == [{"id": "item-137", "error": error}]
    assert len(send.sent) <= 17


def test_parts_hold_what_they_refer_to_and_no_more() -> None:
    send = Divider()
    evaluate_each(send, batch_of([0, 1]))
    assert [set(batch["clusters"]) for batch in send.sent[1:]] == [{"0"}, {"1"}]
    assert all(set(batch["families"]) == {"f"} for batch in send.sent[1:])


def test_a_rule_that_always_fails_is_not_tried_on_everything() -> None:
    send = Divider()
    answers = evaluate_each(send, batch_of([0] * 200))
    assert len(answers) == 200
    assert all("error" in answer for answer in answers)
    assert len(send.sent) < MOST_FAILURES * 10


def test_no_answer_is_an_error() -> None:
    with pytest.raises(LockstepError, match="answers is undefined"):
        evaluate_each(lambda _: None, batch_of([1]))
