"""``lockstep advance``: ask the gates, and make the one decision that is due."""

from collections.abc import Callable, Sequence

from lockstep.check.workspace import work_tree
from lockstep.edges.git import Git
from lockstep.gate_sources.base import GateSources
from lockstep.gates.verdicts import judge_question
from lockstep.model.decision import Action, Decision, Phase
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Evidence
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.plan import Move, Plan, plan
from lockstep.rollout.questions import questions
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import choose_families
from lockstep.transactions.commit import Change, build
from lockstep.transactions.hold import hold
from lockstep.transactions.publish import Proposal
from lockstep.transactions.rollback import Cause, take_back
from lockstep.transactions.run import Steering, owner, report_data, require_agreement, steer, title
from lockstep.transactions.state import State


def run(steering: Steering, family: str) -> Report:
    """Move one family by at most one decision; the exit code is 12 while it may not move."""
    return steer(steering, family, lambda git, state: advance(git, steering, state))


def run_all(steering: Steering, families: Sequence[str]) -> list[Report]:
    """Advance each family (all of the work tree where none is named), one after the other.

    What keeps one of them from being decided about is its report: the others still get theirs.
    """
    reports = []
    for family in families or all_families(steering):
        try:
            reports.append(run(steering, family))
        except LockstepError as error:
            data = {"family": family, "error": error.located(), "fix": error.fix}
            reports.append(Report(f"{family}: {error.diagnostics()}", error.exit_code, data))
    return reports


def all_families(steering: Steering) -> list[str]:
    """Every family of the work tree as ``environment/name``."""
    git = Git.find(steering.root)
    fleet, _ = assemble(work_tree(git, ("clusters",)))
    chosen = choose_families(fleet, None, steering.environment)
    return [f"{family.environment}/{family.name}" for family in chosen]


def advance(git: Git, steering: Steering, state: State) -> Proposal | Report:
    """The decision that is due for a family on its newest published state."""
    evidence = gather(steering, state)
    due = plan(state.family, evidence, steering.now)
    if due.move is Move.DIVERGED:
        require_agreement(state)
    act = _ACTS.get(due.move)
    if act is None:
        return _wait(state, due, evidence)
    return act(git, steering, state, due, evidence)


def gather(steering: Steering, state: State) -> list[Evidence]:
    """Ask every gate and judge the answers; empty where no candidate has weight."""
    sources = GateSources({"mlflow": steering.registry})
    asked = questions(state.family, steering.now)
    return [judge_question(question, sources.ask(question)) for question in asked]


def _wait(state: State, due: Plan, evidence: list[Evidence]) -> Report:
    at = rollout.position(state.family)
    lines = [f"{title(state)}: {at}: {due.reason}"]
    if due.tell_people:
        lines.append(f"  somebody has to look at this: tell {owner(state)}")
    if rollout.skew_breached(state.family, state.snapshot.circumstances.now):
        lines.append("  the regions have served different versions for longer than allowed")
    lines += describe(evidence)
    code = _CODES.get((due.move, at.phase is Phase.NEW), ExitCode.GATE_CLOSED)
    data = {"family": title(state), "move": due.move.value, "reason": due.reason,
            "evidence": [item.to_json() for item in evidence]}  # fmt: skip
    return Report("\n".join(lines), code, data)


def _move(
    git: Git, steering: Steering, state: State, due: Plan, evidence: list[Evidence]
) -> Proposal:
    target = rollout.target(state.family)
    if target is None or due.to is None or due.variants is None:
        raise LockstepError(f"{title(state)}: the plan names no version to move")
    action = Action.VERIFY if due.move is Move.VERIFY else Action.ADVANCE
    decision = next_decision(
        state.family, action, due.to, target, due.variants, due.reason,
        state.snapshot.circumstances, verdict=due.verdict, evidence=tuple(evidence),
    )  # fmt: skip
    tree, made = build(git, state, Change(due.variants), decision)
    return Proposal(tree, made, _moved(state, made, evidence))


def _moved(state: State, made: tuple[Decision, ...], evidence: list[Evidence]) -> Report:
    decision = made[-1]
    version = decision.target.version
    where = (
        f"version {version} is verified"
        if decision.action is Action.VERIFY
        else (f"version {version} to {decision.to}")
    )
    shares = [
        f"  {cluster}: {rollout.brief(variants)}"
        for cluster, variants in sorted(decision.variants.items())
    ]
    lines = [f"{title(state)}: {where}: {decision.reason}", *shares, *describe(evidence)]
    return Report("\n".join(lines), ExitCode.CLEAN, report_data(made))


def _hold(
    git: Git, steering: Steering, state: State, due: Plan, evidence: list[Evidence]
) -> Proposal | Report:
    return hold(git, state, due.reason, evidence=evidence, verdict=due.verdict)


def _revert(
    git: Git, steering: Steering, state: State, due: Plan, evidence: list[Evidence]
) -> Proposal | Report:
    target = rollout.target(state.family)
    if target is None:
        raise LockstepError(f"{title(state)}: no version to take back")
    cause = Cause(target, due.reason, evidence, due.verdict)
    return take_back(git, steering, state, cause)


def describe(evidence: list[Evidence]) -> list[str]:
    """One line for each gate and cluster, for people."""
    return [
        f"  {item.verdict.value:12} {item.gate['name']} in {item.cluster}: {item.reason}"
        for item in evidence
    ]


_CODES = {
    (Move.NOTHING, False): ExitCode.CLEAN,
    (Move.NOTHING, True): ExitCode.NOTHING_TO_CHECK,  # nobody has adopted the family yet
}

_Act = Callable[[Git, Steering, State, Plan, list[Evidence]], Proposal | Report]

_ACTS: dict[Move, _Act] = {
    Move.STEP: _move,
    Move.VERIFY: _move,
    Move.HOLD: _hold,
    Move.REVERT: _revert,
    Move.RESTORE: _revert,
}
