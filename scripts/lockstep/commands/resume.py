"""``lockstep resume``: leave a hold, and bake the step again."""

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase, Position
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.transactions.hold import record_position
from lockstep.transactions.publish import Proposal
from lockstep.transactions.run import (
    Steering,
    require_agreement,
    require_reason,
    steer,
    title,
)
from lockstep.transactions.state import State


def run(steering: Steering, family: str, reason: str) -> Report:
    """Leave a hold: the rollout goes on at the same step, whose bake starts again."""
    text = require_reason(reason)

    def act(git: Git, state: State) -> Proposal | Report:
        require_agreement(state)
        at = rollout.position(state.family)
        if at.phase is not Phase.HELD:
            raise UsageError(f"{title(state)} is not held: it is {at}")
        phase = Phase.PROPOSED if at.wave is None else Phase.ROLLING
        to = Position(phase, at.wave, at.step)
        return record_position(git, state, Action.RESUME, to, text, ExitCode.CLEAN)

    return steer(steering, family, act)
