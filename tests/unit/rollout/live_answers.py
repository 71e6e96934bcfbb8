"""Families with gates of the source argocd, and what Argo CD answers in tests: its words only."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lockstep.gates.verdicts import judge_question
from lockstep.model.evidence import Answer, Condition, Evidence, LiveFolder, Measurement, Question
from lockstep.model.fleet import Family
from lockstep.model.times import format_time
from lockstep.rollout.gate_questions import questions, since_live
from lockstep.rollout.liveness import is_live_gate, liveness

LIVE: dict[str, Any] = {"name": "live", "source": "argocd"}


def with_live_gate(made: Family, **fields: Any) -> Family:
    """The family with one more gate, which says what is live."""
    gates = [*made.spec["gates"], {**LIVE, **fields}]
    clusters = tuple(
        replace(c, effective={**c.effective, "spec": {**c.effective["spec"], "gates": gates}})
        for c in made.clusters
    )
    value = {**made.document.value, "spec": {**made.spec, "gates": gates}}
    return replace(made, document=replace(made.document, value=value), clusters=clusters)


def synced(since: datetime | str | None, holds: bool | None = True, tree: str = "a" * 40) -> Answer:
    """What Argo CD says of a cluster that has had the wanted content since then; None: not yet."""
    text = format_time(since) if isinstance(since, datetime) else since
    folder = LiveFolder("prod-fraud", "c" * 40, tree, "a" * 40, "c" * 40, text)
    word = {True: "Synced and Healthy", False: "Degraded", None: "OutOfSync"}[holds]
    return Answer("Application", condition=Condition(holds, word), live=folder)


def unreachable() -> Answer:
    """What there is where Argo CD cannot be asked."""
    return Answer("Application", failure="Argo CD cannot be reached")


def asked(
    made: Family, now: datetime, live: Mapping[str, Answer], value: float = 0.01
) -> list[Evidence]:
    """The evidence of a family in both passes: ``live`` is what Argo CD says, by cluster.

    Every other gate measures ``value`` of the candidate.
    """

    def answer(question: Question) -> Answer:
        if is_live_gate(question.gate):
            return live[question.cluster]
        return Answer("fpr", Measurement(value, 5000, question.now))

    put = questions(made, now)
    said = [judge_question(q, answer(q)) for q in put]
    since = liveness(made, [each for each in said if is_live_gate(each.gate)])
    return [judge_question(q, answer(q)) for q in since_live(put, since)]
