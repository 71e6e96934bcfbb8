"""The way back of one family: shift, restore and quarantine, as one commit where they can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Decision, Phase, Position, Target, Variants
from lockstep.model.document import Document
from lockstep.model.errors import Denied, Invalid, LockstepError
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.quarantine import entries_of, from_ledger, write_quarantine
from lockstep.rollout.rollback import RollbackPlan, plan_rollback
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import record_line
from lockstep.transactions.commit import Change, build
from lockstep.transactions.hold import hold
from lockstep.transactions.publish import Proposal
from lockstep.transactions.registry_check import Recheck, recheck_version
from lockstep.transactions.restore import Restoration, restoration, verified_locks
from lockstep.transactions.run import Steering, owner, report_data, title
from lockstep.transactions.state import Changes, State, with_record


@dataclass(frozen=True)
class Cause:
    """Why a family goes back: the version at fault, in words, and what the gates measured."""

    bad: Target
    reason: str
    evidence: Sequence[Evidence] = ()
    verdict: Verdict | None = None


def take_back(git: Git, steering: Steering, state: State, cause: Cause) -> Proposal | Report:
    """Take a version back in every cluster of the family, and put it into quarantine.

    Only rules marked ``blocksRevert`` stop the shift to the running stable version. The restore
    waits while the registry denies the version to return to; what could not be asked, registry
    or rules, is recorded. Without a verified state to return to, the family is held and people
    are told.
    """
    plan = plan_rollback(state.family, cause.bad.version)
    if plan is None:
        reason = f"no verified state to return to; {cause.reason}"
        phase = rollout.position(state.family).phase
        if phase in (Phase.STEADY, Phase.SHIFTED):  # nothing moves, so there is nothing to hold
            return _blocked(state, reason)
        return hold(git, state, reason, evidence=cause.evidence, verdict=cause.verdict)
    locks = verified_locks(git, state, plan)
    checks = _recheck(steering, state, plan, locks)
    problem = "; ".join(check.problem for check in checks if check.problem)
    if problem and not plan.shifts:
        return _blocked(state, problem)
    files = None if problem else restoration(git, state, plan, locks)
    unchecked = tuple(check.unchecked for check in checks if check.unchecked)
    return _propose(git, _Rollback(state, plan, cause, files, unchecked, locks), problem)


@dataclass(frozen=True)
class _Rollback:
    """One way back, decided: everything that its records and its commit are made of."""

    state: State
    plan: RollbackPlan
    cause: Cause
    files: Restoration | None
    unchecked: tuple[str, ...]
    locks: Mapping[str, bytes]

    def variants(self) -> dict[str, Variants]:
        return self.plan.restore if self.files else self.plan.shift

    def decisions(self) -> tuple[Decision, ...]:
        """Shift, restore, or both; the evidence stands in the first of them."""
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
        known = any(entry["digest"] == self.cause.bad.digest for entry in from_ledger(family))
        return next_decision(
            family, action, to, self.cause.bad, variants, self.cause.reason,
            self.state.snapshot.circumstances, verdict=self.cause.verdict,
            evidence=() if made else tuple(self.cause.evidence), quarantines=not known, **details,
        )  # fmt: skip

    def extra(self) -> Changes:
        """quarantine.yaml with the new entry, and the locks that come back."""
        family = self.state.family
        for decision in self.decisions():
            family = with_record(family, decision)
        path = f"{family.folder}/quarantine.yaml"
        return {**self.locks, path: write_quarantine(family, entries_of(family))}


def _propose(git: Git, way: _Rollback, problem: str) -> Proposal:
    rendered = way.files.rendered if way.files else None
    change = Change(way.variants(), way.extra(), rendered, rollback_only=True)
    try:
        tree, made = build(git, way.state, change, *way.decisions())
    except (Denied, Invalid):
        raise
    except LockstepError as error:  # broken rules must not keep a bad version in production
        way = replace(way, unchecked=(*way.unchecked, record_line(f"policy: {error.located()}")))
        unjudged = replace(change, judged=False)
        tree, made = build(git, way.state, unjudged, *way.decisions())
    return Proposal(tree, made, _report(way, made, problem))


def _report(way: _Rollback, made: tuple[Decision, ...], problem: str) -> Report:
    bad, to = way.cause.bad.version, way.plan.to
    lines = [f"{title(way.state)}: version {bad} is taken back: {way.cause.reason}"]
    if way.plan.shifts:
        lines.append("  shift: all traffic goes to the running stable version")
    if way.files:
        exact = "the verified bytes" if way.files.restored.exact else "rendered again"
        lines.append(f"  restore: every cluster as verified in record {to.sequence} ({exact})")
    lines += [f"  unchecked: {text}" for text in way.unchecked]
    if problem:
        lines.append(f"  the restore waits: {problem}. Mend it, then run lockstep advance")
    lines.append(f"  quarantine: version {bad} moves nowhere until lockstep release")
    return Report("\n".join(lines), ExitCode.GATE_CLOSED, report_data(made))


def _recheck(
    steering: Steering, state: State, plan: RollbackPlan, locks: Mapping[str, bytes]
) -> list[Recheck]:
    known = dict(state.family.locks)
    for path, data in locks.items():
        known |= {path.rsplit("/", 1)[1].removesuffix(".yaml"): lock for lock in _lock(path, data)}
    versions = sorted({v["version"] for each in plan.restore.values() for v in each})
    return [recheck_version(steering, known.get(version), version) for version in versions]


def _lock(path: str, data: bytes) -> list[Document]:
    lock, _ = load_yaml(path, data)
    return [lock] if lock else []


def _blocked(state: State, problem: str) -> Report:
    text = f"{title(state)}: the way back is blocked: {problem}. Tell people: {owner(state)}"
    return Report(text, ExitCode.GATE_CLOSED)
