"""The one decision that is due for each family: evaluates gates, and moves, holds or waits."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from lockstep.check.policy_sets import opa_at_hand
from lockstep.edges import progress
from lockstep.edges.git import Git
from lockstep.model.approval import SOURCE
from lockstep.model.decision import Action, Phase
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Evidence, Question, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Blocked, Decided, Failed, Moved, Waiting
from lockstep.rollout.gate_questions import questions
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.plan import Move, Plan, plan
from lockstep.rollout.position import position_of, running_target
from lockstep.rollout.skew import skew_breached
from lockstep.spec.selection import choose_families
from lockstep.transactions.commit import FamilyChange, build
from lockstep.transactions.forward import Permitted, unmade
from lockstep.transactions.gates import ask_for_families, ask_gates, code_of_waiting
from lockstep.transactions.hold import hold
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.rollback import RollbackRequest, roll_back
from lockstep.transactions.run import Run, RunOptions
from lockstep.transactions.state import (
    FamilyState,
    refuse_diverged,
    require_history,
    require_pinned_program,
)

_FIRST = (Move.REVERT, Move.RESTORE)
"""Pushed before all others: each second counts while a bad version serves."""


@dataclass(frozen=True)
class AdvanceRequest:
    """Which families are advanced (by default all), and which forward decisions are made.

    With ``waiting_is_clean`` the exit code is 0 where families only bake or wait for evidence.
    """

    families: Sequence[str] = ()
    permitted: Permitted = field(default_factory=Permitted)
    waiting_is_clean: bool = False


@dataclass(frozen=True)
class _Asked:
    """A family as it was read, and what its gates said of that state."""

    state: FamilyState
    evidence: list[Evidence]


def advance_families(run: Run, request: AdvanceRequest) -> tuple[Moved, ...]:
    """Make the decision that is due in each family, rollbacks first.

    Gives the results in the order in which the families were asked for, and after them what became
    of other decisions that were asked for. What is wrong with one family is its result, and does
    not stop the others.
    """
    names = request.families
    chosen = choose_families(run.snapshot.heads, None, run.options.environment) if not names else ()
    titles = list(names) or [f"{each.environment}/{each.name}" for each in chosen]
    results: dict[str, Moved] = {}
    states: dict[str, FamilyState] = {}
    asking: dict[str, list[Question]] = {}
    for number, title in enumerate(titles, start=1):
        progress.step("reading", title, number, len(titles))
        try:
            if idle := run.idle(title):
                results[title] = idle
                continue
            states[title] = run.state(title)
            asking[title] = questions(states[title].family, run.options.now)
        except LockstepError as error:
            results[title] = _failed(title, error)
    # A rollback must not wait for OPA after it has waited for the gates.
    with opa_at_hand(run.snapshot.tree) if any(asking.values()) else nullcontext():
        families = [(states[title], asked) for title, asked in asking.items()]
        progress.say(f"asking the gates of families: {len(families):,}")
        answers = ask_for_families(run.git, run.options, families)
        asked = {t: _Asked(states[t], e) for t, e in zip(asking, answers, strict=True)}
        by_turn = sorted(asked, key=lambda each: _turn(asked[each], run.options))
        for number, title in enumerate(by_turn, start=1):
            progress.step("deciding about", title, number, len(by_turn))
            results[title] = _advance(run, title, asked[title], request.permitted)
    others = unmade(run, request.permitted.ids, results, states)
    return (*(results[title] for title in titles), *others)


def _turn(asked: _Asked, options: RunOptions) -> bool:
    return plan(asked.state.family, asked.evidence, options.now).move not in _FIRST


def _advance(run: Run, title: str, asked: _Asked, permitted: Permitted) -> Moved:
    def decide(git: Git, state: FamilyState) -> PlannedCommit | Moved:
        # A state that another run has changed since is judged on evidence of its own.
        same = state.tree == asked.state.tree
        evidence = asked.evidence if same else None
        planned = advance(git, run.options, state, evidence)
        due = isinstance(planned, PlannedCommit) and permitted.left_for_another_run(planned)
        return due or planned

    try:
        return run.decide(title, decide)
    except LockstepError as error:
        return _failed(title, error)


def _failed(title: str, error: LockstepError) -> Failed:
    text = error.diagnostics()
    return Failed(title, error.located(), text, error.fix, error.exit_code)


def advance(
    git: Git, options: RunOptions, state: FamilyState, known: list[Evidence] | None = None
) -> PlannedCommit | Waiting | Blocked:
    """The decision that is due for a family on its newest published state, or why it waits.

    ``known`` is the evidence where its gates were asked already.
    """
    evidence = known
    if evidence is None:
        asked = questions(state.family, options.now)
        evidence = ask_gates(git, options, state, asked)
    due = plan(state.family, evidence, options.now)
    match due.move:
        case Move.STEP | Move.VERIFY:
            require_pinned_program(state)
            require_history(state)
            refuse_diverged(state)
            return _move_on(git, state, due, evidence)
        case Move.HOLD:
            return hold(git, state, due.reason, evidence=evidence, verdict=due.verdict)
        case Move.REVERT | Move.RESTORE:
            return _roll_back(git, options, state, due, evidence)
        case Move.DIVERGED:
            # It raises: a family that was edited by hand must not look like one that waits.
            refuse_diverged(state)
        case Move.WAIT:
            # Nor one whose newest record is forged, or from the year 2999.
            refuse_diverged(state)
    return _waiting(state, due, evidence)


def _move_on(
    git: Git, state: FamilyState, due: Plan, evidence: Sequence[Evidence]
) -> PlannedCommit:
    """The next step, or the verification after the last one."""
    target = running_target(state.family)
    if target is None or due.to is None or due.variants is None:
        raise LockstepError(f"{state.title}: the plan names no version to move")
    action = Action.VERIFY if due.move is Move.VERIFY else Action.ADVANCE
    decision = next_decision(
        state.family, action, due.to, target, due.variants, due.reason,
        state.snapshot.context, verdict=due.verdict, evidence=tuple(evidence),
    )  # fmt: skip
    tree, made = build(git, state, FamilyChange(due.variants), decision)
    return PlannedCommit(tree, Decided(made))


def _roll_back(
    git: Git, options: RunOptions, state: FamilyState, due: Plan, evidence: Sequence[Evidence]
) -> PlannedCommit | Blocked | Waiting:
    target = running_target(state.family)
    if target is None:
        raise LockstepError(f"{state.title}: no version to roll back")
    request = RollbackRequest(target, due.reason, evidence, due.verdict)
    return roll_back(git, options, state, request)


def _waiting(state: FamilyState, due: Plan, evidence: Sequence[Evidence]) -> Waiting:
    at = position_of(state.family)
    code = code_of_waiting(evidence)
    if due.move is Move.NOTHING:  # without a record, the family has not been adopted yet
        code = ExitCode.NOTHING_TO_CHECK if at.phase is Phase.NEW else ExitCode.CLEAN
    return Waiting(
        state.title, str(at), due.move.value, due.reason, evidence, code,
        notify=state.owner if due.notify else "",
        skew_breached=skew_breached(state.family, state.snapshot.context.now),
        for_person=at.phase is Phase.HELD or (not due.bakes and _lacks_approval(evidence)),
    )  # fmt: skip


def _lacks_approval(evidence: Sequence[Evidence]) -> bool:
    return any(
        item.gate["source"] == SOURCE and item.verdict is not Verdict.PASS for item in evidence
    )
