"""What a family waits for, in the order in which it ends: a pure function of records and time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from lockstep.model.approval import SOURCE
from lockstep.model.decision import Action, Decision, Phase
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Question
from lockstep.model.fleet import Environment, Family
from lockstep.model.status import WaitFor, WaitKind
from lockstep.model.times import format_time, parse_duration
from lockstep.rollout.gate_questions import questions
from lockstep.rollout.liveness import awaited, is_live_gate
from lockstep.rollout.plan import exchanged_lock
from lockstep.rollout.position import bake_ends, plan_changed, position_of, step_began
from lockstep.spec.freezes import freezes_in_force

_PLAN_CHANGED = "the waves or weights of spec.rollout are not those of the running rollout"


def waits_of(
    family: Family, environment: Environment, now: datetime, *, settled: bool
) -> Iterator[WaitFor]:
    """What a family waits for; nothing where no rollout runs.

    ``settled`` says that its files and records can be relied on, and agree.
    """
    at = position_of(family)
    if not settled:
        yield WaitFor(WaitKind.SETTLE)
    elif at.phase is Phase.NEW:
        yield WaitFor(WaitKind.ADOPTION)
    elif at.phase is Phase.SHIFTED:
        yield from _of_restore(family)
    elif at.phase is not Phase.STEADY:
        yield from _of_rollout(family, environment, now)


def _of_restore(family: Family) -> Iterator[WaitFor]:
    waited = awaited(family)
    if waited:
        yield _on_live(waited)
    yield WaitFor(WaitKind.DECISION)


def _of_rollout(family: Family, environment: Environment, now: datetime) -> Iterator[WaitFor]:
    if problem := _unplanned(family):
        yield WaitFor(WaitKind.SETTLE, reason=problem)
        return
    if position_of(family).phase is Phase.HELD:
        # The bake of the step begins anew after it, and its gates are asked then.
        hold = _newest_hold(family)
        yield WaitFor(WaitKind.RESUME, reason=hold.reason if hold else "")
        return
    yield from _of_bake(family, now)
    for each in freezes_in_force(environment, family.name, now):
        name, until = str(each["name"]), str(each["until"])
        yield WaitFor(WaitKind.FREEZE, until, names=(name,), reason=str(each["reason"]))
    asked = _asked(family, now)
    yield from _of_gates(asked)
    yield from _of_approvals(asked)
    yield WaitFor(WaitKind.DECISION)


def _unplanned(family: Family) -> str:
    """Why nothing can move on until people act; empty where it can."""
    if exchanged := exchanged_lock(family):
        return exchanged
    at, began = position_of(family), step_began(family)
    gone = at.step is not None and began is not None and bake_ends(family, began, at.step) is None
    return _PLAN_CHANGED if gone or plan_changed(family) else ""


def _of_bake(family: Family, now: datetime) -> Iterator[WaitFor]:
    at, began = position_of(family), step_began(family)
    if at.step is None or began is None:
        return
    if waited := awaited(family):  # only the gates know when that was, and nothing is asked here
        yield _on_live(waited)
        bake = parse_duration(family.spec["rollout"]["steps"][at.step]["bake"])
        yield WaitFor(WaitKind.BAKE, seconds=int(bake.total_seconds()))
        return
    ends = bake_ends(family, began, at.step)
    if ends is not None and now < ends:
        yield WaitFor(WaitKind.BAKE, format_time(ends))


def _asked(family: Family, now: datetime) -> list[Question]:
    try:
        return questions(family, now)
    except LockstepError:  # the candidate has no lock: _unplanned says so before
        return []


def _of_gates(asked: list[Question]) -> Iterator[WaitFor]:
    """All gates that measure, once: the next decision needs a pass of each in each cluster."""
    measured = [q for q in asked if q.gate["source"] != SOURCE and not is_live_gate(q.gate)]
    if measured:
        names = tuple(dict.fromkeys(str(q.gate["name"]) for q in measured))
        yield WaitFor(
            WaitKind.GATES, names=names, clusters=tuple(dict.fromkeys(q.cluster for q in measured))
        )


def _of_approvals(asked: list[Question]) -> Iterator[WaitFor]:
    # A gate is asked of every cluster, and the decision that people approve is one.
    gates = {str(q.gate["name"]): q for q in asked if q.gate["source"] == SOURCE}
    for name, question in gates.items():
        yield WaitFor(
            WaitKind.APPROVAL, names=(name,), role=str(question.gate.get("role", "")),
            count=question.gate.get("count", 1), decision=question.decision,
        )  # fmt: skip


def _newest_hold(family: Family) -> Decision | None:
    holds = (r.decision for r in reversed(family.records) if r.decision.action is Action.HOLD)
    return next(holds, None)


def _on_live(waited: Mapping[str, Sequence[str]]) -> WaitFor:
    """Until Argo CD has the newest move of weights live, as these gates say by cluster."""
    names = dict.fromkeys(name for each in waited.values() for name in each)
    return WaitFor(WaitKind.LIVE, names=tuple(names), clusters=tuple(waited))
