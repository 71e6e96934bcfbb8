"""Asks the sources of gates, and gets a verdict on each answer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice

from lockstep.edges.git import Git
from lockstep.gate_sources.base import GateSource, GateSources
from lockstep.gate_sources.ledger import LedgerGates
from lockstep.gates.family_verdict import judge_comparisons
from lockstep.gates.verdicts import judge_question
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import Evidence, Question, ServedBefore, Workloads
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Environment, Family
from lockstep.model.gate_servers import server_of
from lockstep.render.names import version_slug, versioned_name
from lockstep.rollout.comparisons import comparisons_so_far
from lockstep.rollout.gate_questions import since_live
from lockstep.rollout.liveness import is_live_gate, liveness
from lockstep.rollout.served import served_before
from lockstep.transactions.approvals import approval_gates
from lockstep.transactions.argocd_gates import argocd_gates
from lockstep.transactions.http_servers import http_gates
from lockstep.transactions.run import RunOptions
from lockstep.transactions.snapshot import Snapshot
from lockstep.transactions.state import FamilyState

_AT_ONCE = 8
"""Questions that are asked at the same time: their servers have other users, too."""

Asking = tuple[FamilyState, Sequence[Question]]
"""A family as it was read, and what its gates ask."""


def ask_gates(
    git: Git, options: RunOptions, state: FamilyState, questions: Sequence[Question]
) -> list[Evidence]:
    """The evidence for each question. A source that cannot be asked gives the verdict ``error``."""
    return ask_for_families(git, options, [(state, questions)])[0]


def ask_for_families(
    git: Git, options: RunOptions, families: Sequence[Asking]
) -> list[list[Evidence]]:
    """The evidence for the questions of each family, several questions at a time.

    First asked is since when the newest step is live: all else counts from then on. All of the
    families are of one snapshot.
    """
    ready = _ready_sources(git, families[0][0].snapshot) if families else {}
    sources = GateSources({"mlflow": options.registry}, ready)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ask = partial(_ask_all, sources, pool)
        first = ask([(state, _about_live(asked)) for state, asked in families])
        live = [liveness(each[0].family, said) for each, said in zip(families, first, strict=True)]
        then = ask([
            (state, since_live([q for q in asked if not is_live_gate(q.gate)], since))
            for (state, asked), since in zip(families, live, strict=True)
        ])  # fmt: skip
    return [
        judge_comparisons(_in_order(asked, said, others), comparisons_so_far(state.family))
        for (state, asked), said, others in zip(families, first, then, strict=True)
    ]


def ask_promotion(
    git: Git,
    options: RunOptions,
    state: FamilyState,
    source: Family,
    questions: Sequence[Question],
) -> list[Evidence]:
    """The evidence for what a promotion to the family of ``state`` asks where it comes from.

    ``source`` is the family in the predecessor, ``questions`` are those of questions_of_promotion.
    """
    there = state.fleet.environments[source.environment]
    ready = _ready_sources(git, state.snapshot)
    ready["ledger"] = LedgerGates(partial(_served_before, source))
    sources = GateSources({"mlflow": options.registry}, ready)
    placed = [_placed(there, source, question) for question in questions]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(map(judge_question, placed, pool.map(sources.ask, placed)))


def _served_before(source: Family, question: Question) -> ServedBefore | None:
    return served_before(source, str(value_at(question.candidate, ("identity", "digest"), "")))


def code_of_waiting(evidence: Sequence[Evidence]) -> ExitCode:
    """The exit code of a family that waits: 1 where the source of a gate is not configured at all.

    Otherwise 12: time, or the server that is away, can end it.
    """
    asked = all(item.answer.is_configured for item in evidence)
    return ExitCode.GATE_CLOSED if asked else ExitCode.COULD_NOT_RUN


def _ask_all(
    sources: GateSources, pool: ThreadPoolExecutor, families: Sequence[Asking]
) -> list[list[Evidence]]:
    """The evidence for the questions of each family, each judged alone."""
    placed = [
        _placed(state.fleet.environments[question.environment], state.family, question)
        for state, asked in families
        for question in asked
    ]
    judged = map(judge_question, placed, pool.map(sources.ask, placed))
    return [list(islice(judged, len(asked))) for _, asked in families]


def _about_live(questions: Sequence[Question]) -> list[Question]:
    return [each for each in questions if is_live_gate(each.gate)]


def _in_order(
    questions: Sequence[Question], first: Sequence[Evidence], then: Sequence[Evidence]
) -> list[Evidence]:
    """The evidence of both passes in the order of the questions, which is that of the gates."""
    live, others = iter(first), iter(then)
    return [next(live if is_live_gate(each.gate) else others) for each in questions]


def _ready_sources(git: Git, snapshot: Snapshot) -> dict[str, GateSource]:
    """The sources that need more than the address of a server."""
    return {
        "approval": approval_gates(git, snapshot),
        "argocd": argocd_gates(git, snapshot),
        "http-json": http_gates(snapshot),
    }


def _placed(environment: Environment, family: Family, question: Question) -> Question:
    """The question with where its versions run, and the server that measures them."""
    cluster = next(each for each in family.clusters if each.name == question.cluster)
    place = Workloads(
        server=server_of(environment.spec, question.region),
        namespace=str(value_at(cluster.effective, ("spec", "namespace"), "")),
        candidate=_workload(question.cluster, question.candidate),
        stable=_workload(question.cluster, question.stable),
    )
    return replace(question, place=place)


def _workload(cluster: str, lock: Json) -> str:
    """The name of a version's Deployment, by its lock; empty where there is no version."""
    version = value_at(lock, ("identity", "version"))
    return versioned_name(cluster, version_slug(str(version))) if version else ""
