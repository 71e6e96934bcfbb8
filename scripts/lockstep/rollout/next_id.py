"""The id of the forward move that comes next: known before its gates are asked.

It holds no evidence and no time, so people can approve a decision before it is made.
"""

from lockstep.model.decision import Action, Phase, Position, Target, decision_id
from lockstep.model.fleet import Family
from lockstep.rollout.chain import chain_end
from lockstep.rollout.position import following, position_of, running_target


def id_of_next_move(family: Family) -> str:
    """The id of the next step, or of the verification after the last; empty where none is due.

    A hold ends by ``resume``, so until then nothing is due.
    """
    at, target = position_of(family), running_target(family)
    if target is None or at.phase not in (Phase.PROPOSED, Phase.ROLLING):
        return ""
    to = following(family.spec["rollout"], at)
    if to is None:
        return _id(family, Action.VERIFY, target, Position(Phase.STEADY))
    return _id(family, Action.ADVANCE, target, to)


def id_of_proposal(family: Family, target: Target) -> str:
    """The id of the decision that makes a version the candidate."""
    return _id(family, Action.PROPOSE, target, Position(Phase.PROPOSED))


def _id(family: Family, action: Action, target: Target, to: Position) -> str:
    _, previous = chain_end(family)
    return decision_id(
        family.environment, family.name, previous, action, target.digest, position_of(family), to
    )
