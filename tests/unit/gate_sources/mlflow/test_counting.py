"""Counts that a job logs by block, in a real MLflow: what is a block, what is missing, and errors.

The step is live since 08:02, so that the blocks of five minutes end at 08:10, 08:15 and 08:20.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from lockstep.gate_sources.base import GateSources
from lockstep.gates.verdicts import judge_question
from lockstep.model.blocks import Block, Count
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Question, Verdict
from lockstep.registry.mlflow import metrics
from tests.unit.mlflow_store import Store

GATE: Json = {
    "name": "fpr", "source": "mlflow", "counts": "fpr", "dataset": "live-{region}",
    "compare": {"harm": 1.17},
}  # fmt: skip
LIVE = "live-eu-west-1"
EDGES = ("08:10", "08:15", "08:20")
NAMES = count()


def milliseconds(time: str) -> int:
    """``08:10`` or ``08:10:30.5`` of the day, as MLflow wants it."""
    return round(datetime.fromisoformat(f"2026-01-31T{time}+00:00").timestamp() * 1000)


@dataclass
class Side:
    """One version, and the run in which its counts are logged."""

    store: Store
    name: str
    version: str = field(init=False)
    model_id: str = field(init=False)
    run: str = field(init=False)

    def __post_init__(self) -> None:
        self.version, self.model_id, _ = self.store.version(self.name)
        self.run = self.store.run()

    def log(
        self, end: str, bad: float | None = None, total: float | None = None, *,
        stem: str = "fpr", dataset: str = LIVE, run: str = "", **more: Any,
    ) -> None:  # fmt: skip
        for key, value in (("bad", bad), ("total", total)):
            if value is not None:
                self.store.measure(run or self.run, self.model_id, f"{stem}.{key}", value, dataset,
                                   at=milliseconds(end), **more)  # fmt: skip

    def lock(self) -> Json:
        return {"identity": {"model": self.name, "version": self.version, "modelId": self.model_id}}


@dataclass
class Both:
    """A stable version and a candidate of one model."""

    store: Store
    stable: Side = field(init=False)
    candidate: Side = field(init=False)

    def __post_init__(self) -> None:
        name = f"fraud-{next(NAMES)}"
        self.stable, self.candidate = Side(self.store, name), Side(self.store, name)

    def log(self, *edges: str, stem: str = "fpr") -> None:
        """Complete blocks: 3 of 100 bad for the candidate, 20 of 900 for the stable version."""
        for end in edges:
            self.candidate.log(end, 3, 100, stem=stem)
            self.stable.log(end, 20, 900, stem=stem)

    def ask(self, at: str = "08:21", alone: bool = False, **gate: Any) -> Answer:
        return GateSources({"mlflow": self.store.uri}).ask(self.question(at, alone, **gate))

    def question(self, at: str = "08:21", alone: bool = False, **gate: Any) -> Question:
        return Question(
            gate={**GATE, **gate}, cluster="fraud-eu-west-1", region="eu-west-1",
            environment="prod", candidate=self.candidate.lock(),
            stable=None if alone else self.stable.lock(), since="2026-01-31T08:02:00Z",
            now=f"2026-01-31T{at}:00Z",
        )  # fmt: skip


@pytest.fixture
def both(store: Store) -> Both:
    return Both(store)


def block(
    start: str, end: str, new: Count | None, old: Count | None = None, missing: str = ""
) -> Block:
    return Block(
        f"2026-01-31T{start}:00Z", f"2026-01-31T{end}:00Z", new, old, missing=missing
    )  # fmt: skip


NEW, OLD = Count(3, 100), Count(20, 900)
FIRST = block("08:05", "08:10", NEW, OLD)
NOTHING = "no fpr.bad and fpr.total, logged in one call"


def test_blocks_end_with_the_clock_and_begin_within_the_step(both: Both) -> None:
    both.log("08:05", *EDGES)
    answer = both.ask()
    assert answer.blocks == (
        FIRST, block("08:10", "08:15", NEW, OLD), block("08:15", "08:20", NEW, OLD),
    )  # fmt: skip
    assert answer.failure == ""
    assert answer.query == (
        "mlflow metrics fpr.bad and fpr.total, by block, on dataset live-eu-west-1 of "
        f"{both.candidate.name} version 2 ({both.candidate.model_id}) and of "
        f"{both.stable.name} version 1 ({both.stable.model_id})"
    )


@pytest.mark.parametrize(
    ("at", "blocks"), [("08:04", 0), ("08:10", 0), ("08:11", 1), ("08:15", 1), ("08:16", 2)]
)
def test_a_block_counts_once_its_delay_has_passed(both: Both, at: str, blocks: int) -> None:
    both.log(*EDGES)
    assert len(both.ask(at).blocks) == blocks
    assert len(both.ask(at, delay="0s").blocks) == (2 if at == "08:15" else blocks) + (
        at == "08:10"
    )


def test_what_is_dated_after_the_question_waits_for_its_time(both: Both) -> None:
    both.log("08:10")
    both.candidate.log("08:40", 90, 100)
    assert both.ask("08:11").blocks == (FIRST,)


def test_a_block_that_one_side_did_not_log_is_missing_and_never_zero(both: Both) -> None:
    both.log("08:10", "08:20")
    both.candidate.log("08:15", 3, 100)
    gap = both.ask().blocks[1]
    assert gap == block("08:10", "08:15", NEW, None, missing=f"stable: {NOTHING}")
    verdict = judge_question(both.question("08:16"), both.ask("08:16"))
    assert verdict.verdict is Verdict.INCONCLUSIVE


def test_a_late_value_counts_in_its_place_once_it_is_there(both: Both) -> None:
    both.log("08:15", "08:20")
    before = both.ask().blocks
    assert before[0] == block(
        "08:05", "08:10", None, None, missing=f"candidate: {NOTHING}; stable: {NOTHING}"
    )
    both.log("08:10")
    assert both.ask().blocks == (FIRST, *before[1:])


def test_two_runners_in_the_same_block_see_the_same(both: Both) -> None:
    both.log(*EDGES)
    assert both.ask("08:16") == both.ask("08:20")


def test_zeros_are_counts(both: Both) -> None:
    both.candidate.log("08:10", 0, 0)
    both.stable.log("08:10", 0, 900)
    assert both.ask("08:11").blocks == (block("08:05", "08:10", Count(0, 0), Count(0, 900)),)


def test_counts_of_another_version_or_dataset_are_not_those_of_the_candidate(both: Both) -> None:
    other = Side(both.store, both.candidate.name)
    for edge in EDGES:
        other.log(edge, 3, 100)
        both.candidate.log(edge, 3, 100, dataset="live-us-east-1", step=1)
        both.stable.log(edge, 20, 900)
    assert {each.candidate for each in both.ask().blocks} == {None}


def test_without_a_stable_version_only_the_candidate_is_counted(both: Both) -> None:
    both.log("08:10")
    answer = both.ask("08:11", alone=True, max=0.1)
    assert answer.blocks == (block("08:05", "08:10", NEW),)
    assert " and of " not in answer.query


def test_a_value_that_is_logged_again_counts_once(both: Both) -> None:
    both.log("08:10")
    both.candidate.log("08:10", 3, 100)  # MLflow keeps one
    both.candidate.log("08:10", 3, 100, run=both.store.run())  # a job that was tried again
    assert both.ask("08:11").blocks == (FIRST,)


def test_both_counts_of_a_block_come_from_one_call(both: Both) -> None:
    both.log("08:10")
    both.stable.log("08:15", 20, 900)
    both.candidate.log("08:15", 3)
    both.candidate.log("08:15", total=100, run=both.store.run())
    assert both.ask("08:16").blocks[1].missing == f"candidate: {NOTHING}"


def test_a_segment_is_a_block_of_its_own(both: Both) -> None:
    both.log("08:10", stem="fpr.retail")
    both.stable.log("08:10", 1, 10, stem="fpr.travel")
    found = both.ask("08:11", segments=["retail", "travel"]).blocks
    assert [(b.segment, b.candidate, b.baseline) for b in found] == [
        ("retail", NEW, OLD), ("travel", None, Count(1, 10)),
    ]  # fmt: skip
    assert (
        found[1].missing == "candidate: no fpr.travel.bad and fpr.travel.total, logged in one call"
    )


@pytest.mark.parametrize(
    ("bad", "total", "words"),
    [
        (math.nan, 100, "candidate: fpr.bad at 2026-01-31T08:15:00Z is nan, which is no count"),
        (3, math.nan, "candidate: fpr.total at 2026-01-31T08:15:00Z is nan"),
        (math.nan, math.nan, "is nan, which is no count"),
        (math.inf, math.inf, "which is no count"),
        (-1, 100, "fpr.bad at 2026-01-31T08:15:00Z is -1, which is no count"),
        (2.5, 100, "fpr.bad at 2026-01-31T08:15:00Z is 2.5, which is no count"),
        (3, 1e17, "which is no count"),
        (101, 100, "fpr.bad at 2026-01-31T08:15:00Z is 101, of a total of 100"),
    ],
)
def test_what_cannot_be_a_count_is_an_error(
    both: Both, bad: float, total: float, words: str
) -> None:
    both.log("08:10", "08:20")
    both.stable.log("08:15", 20, 900)
    both.candidate.log("08:15", bad, total)
    answer = both.ask()
    assert words in answer.failure and not answer.blocks
    assert judge_question(both.question(), answer).verdict is Verdict.ERROR


def test_two_different_values_of_one_block_are_an_error(both: Both) -> None:
    both.log(*EDGES)
    both.stable.log("08:15", 21, 900, run=both.store.run())
    assert both.ask().failure == (
        "stable: fpr.bad at 2026-01-31T08:15:00Z was logged as 20 and as 21"
    )


@pytest.mark.parametrize("end", ["08:12:30", "08:15:00.001"])
def test_a_value_at_no_edge_is_an_error(both: Both, end: str) -> None:
    both.log(*EDGES)
    both.candidate.log(end, 3, 100)
    assert f"2026-01-31T{end}Z, where no block ends; each lasts 0:05:00" in both.ask().failure


def test_what_was_logged_wrongly_before_the_step_does_not_count(both: Both) -> None:
    both.candidate.log("08:03:30", -1, 100)
    both.log("08:10")
    assert both.ask("08:11").blocks == (FIRST,)


def test_a_version_that_is_gone_is_a_failure(both: Both) -> None:
    both.log(*EDGES)
    question = both.question()
    both.store.client.delete_logged_model(both.candidate.model_id)
    assert GateSources({"mlflow": both.store.uri}).ask(question).failure
    nobody = replace(question, candidate={"identity": {**question.candidate["identity"],
                                                       "modelId": None}})  # fmt: skip
    answer = GateSources({"mlflow": both.store.uri}).ask(nobody)
    assert "has no logged model, so no metrics by dataset" in answer.failure


def test_a_run_for_each_block_is_refused_before_it_takes_too_long(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_MOST_HISTORIES", 2)
    both.stable.log("08:10", 20, 900)
    for edge in EDGES:
        both.candidate.log(edge, 0, 100, run=both.store.run())
    answer = both.ask()
    assert "more than 2 metrics of runs" in answer.failure
    assert "log many blocks in one run" in answer.failure


def test_more_blocks_than_a_record_holds_are_refused(both: Both) -> None:
    segments = [f"s{n}" for n in range(20)]
    answer = both.ask(block="1s", segments=segments)
    assert "set a longer block" in answer.failure


def test_a_bound_holds_all_blocks_against_its_number(both: Both) -> None:
    for edge in EDGES:
        both.candidate.log(edge, 300, 1000)
        both.stable.log(edge, 20, 1000)
    question = both.question(max=0.05)
    found = judge_question(question, both.ask(max=0.05))
    assert found.verdict is Verdict.FAIL
    assert "300 of 1000 requests" in found.reason and "must be at most 0.05" in found.reason
