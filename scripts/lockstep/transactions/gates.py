"""Asks the sources of gates, and gets a verdict on each answer."""

from collections.abc import Iterable

from lockstep.gate_sources.base import GateSources
from lockstep.gates.verdicts import judge_question
from lockstep.model.evidence import Evidence, Question
from lockstep.transactions.run import RunOptions


def ask_gates(options: RunOptions, questions: Iterable[Question]) -> list[Evidence]:
    """The evidence for each question. A source that cannot be asked gives the verdict ``error``."""
    sources = GateSources({"mlflow": options.registry})
    return [judge_question(question, sources.ask(question)) for question in questions]
