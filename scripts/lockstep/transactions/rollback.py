"""Rolls a family back: shift, restore and quarantine, as one commit where they can be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Decision, Phase, Position, Target, Variants
from lockstep.model.errors import Denied, Invalid, LockstepError
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Family
from lockstep.model.result import Blocked, RolledBack, Waiting
from lockstep.rollout.gate_questions import questions
from lockstep.rollout.liveness import awaited
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.plan import Move, plan_restore
from lockstep.rollout.position import position_of
from lockstep.rollout.quarantine import entries_of, from_ledger, write_quarantine
from lockstep.rollout.rollback import RollbackPlan, barred_states, plan_rollback
from lockstep.spec.ledger import unsettled
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import record_line
from lockstep.transactions.commit import FamilyChange, build
from lockstep.transactions.gates import ask_gates, code_of_waiting
from lockstep.transactions.hold import hold
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.registry_check import RegistryCheck, check_version
from lockstep.transactions.restore import (
    CannotRestore,
    Restoration,
    restoration,
    verified_locks,
)
from lockstep.transactions.run import RunOptions
from lockstep.transactions.state import FamilyState, FileChanges, with_record


@dataclass(frozen=True)
class RollbackRequest:
    """Which version is rolled back and why, and what the gates measured.

    ``by_hand`` says that a person asked for it, who gets exit code 0 once it is done;
    ``quarantines`` that the version cannot be proposed again until it is released.
    """

    bad: Target
    reason: str
    evidence: Sequence[Evidence] = ()
    verdict: Verdict | None = None
    by_hand: bool = False
    quarantines: bool = True


def roll_back(
    git: Git, options: RunOptions, state: FamilyState, request: RollbackRequest
) -> PlannedCommit | Blocked | Waiting:
    """Roll a version back in every cluster of the family, and put it into quarantine.

    Only rules marked ``blocksRevert`` stop the shift to the running stable version. The restore
    waits while the registry denies the version to return to; what could not be asked, registry
    or rules, is recorded. Without a verified state to return to, the family is held and its
    owner is to be notified.
    """
    plan = plan_rollback(state.family, request.bad.version)
    if plan is not None:
        return carry_out(git, options, state, plan, request)
    why = no_verified_state(state, request.bad.version)
    phase = position_of(state.family).phase
    if phase in (Phase.STEADY, Phase.SHIFTED):  # nothing moves, so there is nothing to hold
        return blocked(state, why)
    held = hold(
        git, state, f"{why}; {request.reason}", evidence=request.evidence, verdict=request.verdict
    )
    if isinstance(held, Blocked):
        return held
    # Also where a person asked: nothing was rolled back, so the code is never 0.
    return replace(held, result=replace(held.result, exit_code=ExitCode.GATE_CLOSED))


def no_verified_state(state: FamilyState, bad: str | None = None) -> str:
    """Why there is none to return to: a broken record may have held it, or it is in quarantine."""
    broken = ", ".join(file.path for file in unsettled(state.family))
    also = f" while these records are broken: {broken} (restore them from git)" if broken else ""
    newest = next(barred_states(state.family, bad), None)
    if newest and not broken:
        decision, version = newest
        also = (
            f": version {version}, as verified in record {decision.sequence}, is in quarantine "
            f"(if that was a mistake, run lockstep release {state.title} {version} --reason '...')"
        )
    return f"no verified state to return to{also}"


def carry_out(
    git: Git,
    options: RunOptions,
    state: FamilyState,
    plan: RollbackPlan,
    request: RollbackRequest,
) -> PlannedCommit | Blocked | Waiting:
    """The halves of ``plan`` that can be made now, as one commit; see roll_back.

    Where gates say what is live, the restore is a commit of its own once the shift is.
    """
    if plan.shifts:
        # Alone: nothing that the second half needs delays it.
        shift = _Rollback(state, plan, request, None, state.unchecked, {})
        if awaited(with_record(state.family, shift.decisions()[0])):
            return _plan_commit(git, shift, awaits_shift=True)
    elif awaited(state.family):
        asked = _about_shift(git, options, state, request)
        if isinstance(asked, Waiting):
            return asked
        request = asked
    # First: the registry is asked about what was verified, not about a lock exchanged since.
    locks = verified_locks(git, state, plan)
    checks = _ask_registry(options, state, plan, locks)
    problem = "; ".join(check.problem for check in checks if check.problem)
    if problem and not plan.shifts:
        return blocked(state, problem)
    # Without files only the shift is made: the traffic leaves the bad version all the same.
    files: Restoration | None = None
    if not problem:
        try:
            files = restoration(git, state, plan, locks)
        except CannotRestore as error:
            problem = error.located()
            if not plan.shifts:
                return blocked(state, problem)
    unchecked = state.unchecked + tuple(check.unchecked for check in checks if check.unchecked)
    return _plan_commit(git, _Rollback(state, plan, request, files, unchecked, locks), problem)


def _about_shift(
    git: Git, options: RunOptions, state: FamilyState, request: RollbackRequest
) -> RollbackRequest | Waiting:
    """The request with the evidence that the shift is live; or why the restore waits."""
    evidence = request.evidence or ask_gates(
        git, options, state, questions(state.family, options.now)
    )
    due = plan_restore(state.family, evidence, options.now)
    if due.move is Move.RESTORE:
        return replace(request, evidence=evidence, verdict=due.verdict)
    return Waiting(
        state.title, str(position_of(state.family)), due.move.value, due.reason, evidence,
        code_of_waiting(evidence), notify=state.owner if due.notify else "",
    )  # fmt: skip


@dataclass(frozen=True)
class _Rollback:
    """A decided rollback: everything that its records and its commit are made of."""

    state: FamilyState
    plan: RollbackPlan
    request: RollbackRequest
    files: Restoration | None
    unchecked: tuple[str, ...]
    locks: Mapping[str, bytes]

    def variants(self) -> dict[str, Variants]:
        """Those after the newest of the decisions."""
        return self.plan.restore if self.files else self.plan.shift

    def decisions(self) -> tuple[Decision, ...]:
        """Shift, restore, or both; the first of them holds the evidence."""
        made: list[Decision] = []
        if self.plan.shifts:
            to = Position(Phase.SHIFTED)
            details: dict[str, Any] = {"unchecked": self.unchecked}
            made.append(self._decision(made, Action.SHIFT, to, self.plan.shift, **details))
        if self.files:
            details = {
                "unchecked": self.unchecked + self.files.unchecked,
                "restored": self.files.restored,
            }
            to = Position(Phase.STEADY)
            made.append(self._decision(made, Action.RESTORE, to, self.plan.restore, **details))
        return tuple(made)

    def _decision(
        self,
        made: list[Decision],
        action: Action,
        to: Position,
        variants: dict[str, Variants],
        **details: Any,
    ) -> Decision:
        family = self.state.family
        for decision in made:
            family = with_record(family, decision)
        # One entry a version: the restore after a shift must not add a second one.
        new = self.request.quarantines and not in_quarantine(family, self.request.bad)
        return next_decision(
            family, action, to, self.request.bad, variants, self.request.reason,
            self.state.snapshot.context, verdict=self.request.verdict,
            evidence=() if made else tuple(self.request.evidence), quarantines=new, **details,
        )  # fmt: skip

    def extra(self) -> FileChanges:
        """quarantine.yaml with the new entry, and the locks that are restored."""
        return {**self.locks, **quarantine_file(self.state.family, self.decisions())}


def _plan_commit(
    git: Git, rollback: _Rollback, problem: str = "", *, awaits_shift: bool = False
) -> PlannedCommit:
    rendered = rollback.files.rendered if rollback.files else None
    change = FamilyChange(rollback.variants(), rollback.extra(), rendered, rollback_only=True)

    def decisions(unchecked: tuple[str, ...]) -> tuple[Decision, ...]:
        return replace(rollback, unchecked=rollback.unchecked + unchecked).decisions()

    tree, made = build_rollback(git, rollback.state, change, decisions)
    request = rollback.request
    # A pipeline must notice that its version was rolled back, even though all went well.
    code = ExitCode.CLEAN if request.by_hand else ExitCode.GATE_CLOSED
    result = RolledBack(
        made, code, unchecked=made[0].unchecked, restore_waits_for=problem,
        awaits_shift=awaits_shift, quarantined=request.quarantines,
    )  # fmt: skip
    return PlannedCommit(tree, result)


def build_rollback(
    git: Git,
    state: FamilyState,
    change: FamilyChange,
    decisions: Callable[[tuple[str, ...]], tuple[Decision, ...]],
) -> tuple[str, tuple[Decision, ...]]:
    """Like build, for a change that broken rules must not stop.

    ``decisions`` makes the decisions, given what could not be checked; they record it.
    """
    try:
        return build(git, state, change, *decisions(()))
    except (Denied, Invalid):
        # Answers of rules and schemas stop a rollback; what follows is for rules without an answer.
        raise
    except LockstepError as error:  # broken rules must not keep a bad version in production
        unchecked = (record_line(f"policy: {error.located()}"),)
        return build(git, state, replace(change, evaluated=False), *decisions(unchecked))


def in_quarantine(family: Family, target: Target) -> bool:
    """Whether a record has put the version into quarantine already."""
    return any(entry["digest"] == target.digest for entry in from_ledger(family))


def quarantine_file(family: Family, decisions: Sequence[Decision]) -> FileChanges:
    """quarantine.yaml as it is after the decisions."""
    for decision in decisions:
        family = with_record(family, decision)
    return {f"{family.folder}/quarantine.yaml": write_quarantine(family, entries_of(family))}


def _ask_registry(
    options: RunOptions, state: FamilyState, plan: RollbackPlan, locks: Mapping[str, bytes]
) -> list[RegistryCheck]:
    known = dict(state.family.locks)
    for path, data in locks.items():
        lock, _ = load_yaml(path, data)
        if lock is not None:
            known[path.rsplit("/", 1)[1].removesuffix(".yaml")] = lock
    versions = sorted({v["version"] for each in plan.restore.values() for v in each})
    return [check_version(options, known.get(version), version) for version in versions]


def blocked(state: FamilyState, problem: str) -> Blocked:
    """The answer where nothing can be rolled back, with the owner who has to act."""
    return Blocked(state.title, f"the rollback is blocked: {problem}", state.owner)
