"""Asks the sources of gates, and gets a verdict on each answer."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lockstep.edges.git import Git
from lockstep.gate_sources.base import GateSource, GateSources
from lockstep.gates.verdicts import judge_question
from lockstep.model.evidence import Evidence, Question
from lockstep.transactions.approvals import approval_gates
from lockstep.transactions.http_servers import http_gates
from lockstep.transactions.run import RunOptions
from lockstep.transactions.snapshot import Snapshot

_AT_ONCE = 8
"""Families whose gates are asked at the same time: their servers have other users, too."""


def ask_gates(
    git: Git, options: RunOptions, snapshot: Snapshot, questions: Iterable[Question]
) -> list[Evidence]:
    """The evidence for each question. A source that cannot be asked gives the verdict ``error``."""
    return ask_for_families(git, options, snapshot, [list(questions)])[0]


def ask_for_families(
    git: Git,
    options: RunOptions,
    snapshot: Snapshot,
    families: Sequence[Sequence[Question]],
) -> list[list[Evidence]]:
    """The evidence for the questions of each family, several families at a time."""
    ready: dict[str, GateSource] = {
        "approval": approval_gates(git, snapshot),
        "http-json": http_gates(snapshot),
    }
    sources = GateSources({"mlflow": options.registry}, ready)

    def ask(questions: Sequence[Question]) -> list[Evidence]:
        return [judge_question(question, sources.ask(question)) for question in questions]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(ask, families))
