"""What follows for a family once its files are merged, by its records, its plan and its freezes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lockstep.model.decision import Phase, Position
from lockstep.model.document import value_at
from lockstep.model.fleet import Environment, Family
from lockstep.model.forecast import LONGEST_TEXT, Follow, Forecast, ForecastStep
from lockstep.model.times import format_time, later, parse_duration, parse_time
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.gate_questions import before_first_step, is_asked_at_propose
from lockstep.rollout.position import (
    bake_ends,
    following,
    plan_changed,
    position_of,
    running_target,
    step_began,
)
from lockstep.spec.freezes import freezes_in_force
from lockstep.spec.ledger import unsettled
from lockstep.text.sanitise import cut

_FREEZES = 50
"""Freezes after one another that are looked at: a calendar may have no day without one."""


def forecast(family: Family, environment: Environment, merged: datetime) -> Forecast:
    """What follows if ``family`` is merged as it is at ``merged`` (aware).

    Times are the earliest ones: as if ``advance`` ran at once, and every gate passed when asked.
    """
    kind, reason = _kind(family)
    at = format_time(merged)
    target = running_target(family)
    version = target.version if target else ""
    if kind is not Follow.STEPS:
        return Forecast(kind, at, version, reason=cut(reason, LONGEST_TEXT))
    rest = _Rest(family, environment)
    steps = tuple(rest.steps(merged))
    return Forecast(
        kind,
        at,
        version,
        waves=len(family.spec["rollout"]["waves"]),
        steps_of_wave=len(family.spec["rollout"]["steps"]),
        steps=steps,
        verified_at=format_time(rest.ends),
        gates=tuple(dict.fromkeys(_gates(family))),
        freezes=tuple(dict.fromkeys(rest.freezes)),
    )


def _kind(family: Family) -> tuple[Follow, str]:
    """What comes next, and why nothing moves forward."""
    if broken := unsettled(family):
        return Follow.SETTLE, "broken records: " + ", ".join(each.path for each in broken)
    at = position_of(family)
    if at.phase is Phase.NEW:
        return Follow.ADOPT, ""
    if divergences := find_divergences(family):
        return Follow.SETTLE, "; ".join(str(each) for each in divergences)
    if at.phase is Phase.STEADY:
        return Follow.NOTHING, ""
    if at.phase is Phase.SHIFTED:
        return Follow.RESTORE, ""
    if at.phase is Phase.HELD:
        newest = family.records[-1].decision
        return Follow.RESUME, newest.reason
    if plan_changed(family):
        return Follow.SETTLE, "the waves or weights of spec.rollout are not those of the rollout"
    return Follow.STEPS, ""


@dataclass
class _Rest:
    """The rest of a running rollout; ``ends`` is when the last step has baked."""

    family: Family
    environment: Environment
    freezes: list[str] = field(default_factory=list)
    ends: datetime = datetime.max

    def steps(self, merged: datetime) -> Iterator[ForecastStep]:
        """The steps that are left, each at its earliest time."""
        plan = self.family.spec["rollout"]
        at = position_of(self.family)
        moment = self._after_freezes(self._begins(at, merged))
        while (to := following(plan, at)) is not None and to.wave is not None:
            step = to.step or 0
            regions = tuple(map(str, plan["waves"][to.wave]))
            weight = plan["steps"][step]["weight"]
            yield ForecastStep(to.wave + 1, step + 1, regions, weight, format_time(moment))
            baked = later(moment, parse_duration(plan["steps"][step]["bake"]))
            at, moment = to, self._after_freezes(baked)
        self.ends = moment

    def _begins(self, at: Position, merged: datetime) -> datetime:
        """When the next step may be made: the running one has to bake first."""
        began = step_began(self.family)
        if at.step is None or began is None:
            return merged
        return max(merged, bake_ends(self.family, began, at.step) or merged)

    def _after_freezes(self, moment: datetime) -> datetime:
        for _ in range(_FREEZES):
            held = freezes_in_force(self.environment, self.family.name, moment)
            if not held:
                break
            self.freezes += [str(each["name"]) for each in held]
            moment = max(parse_time(each["until"]) for each in held)
        return moment


def _gates(family: Family) -> Sequence[str]:
    """The names of the gates that are asked from here on."""
    gates = value_at(family.spec, ("gates",), [])
    first = before_first_step(family)
    return [str(gate["name"]) for gate in gates if first or not is_asked_at_propose(gate)]
