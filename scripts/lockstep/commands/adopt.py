"""``lockstep adopt``: a hand-made or first state becomes the truth, with a reason."""

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Phase, Position, Target
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import next_decision
from lockstep.spec import variants as forms
from lockstep.transactions.commit import Change, build, require_rendered
from lockstep.transactions.publish import Proposal
from lockstep.transactions.run import Steering, digest_of, report_data, require_reason, steer, title
from lockstep.transactions.state import State


def run(steering: Steering, family: str, reason: str) -> Report:
    """Record the committed specs of a family as they are, and as the state to return to.

    Raises UsageError where a rollout has left a candidate or a previous version in a cluster:
    what is half moved cannot be a state to return to. Raises Invalid where ``rendered/`` is not
    what the specs declare: a revert would bring those bytes back.
    """
    text = require_reason(reason)

    def act(git: Git, state: State) -> Proposal | Report:
        _require_settled(state)
        require_rendered(git, state)
        return _adopt(git, state, text)

    return steer(steering, family, act)


def _adopt(git: Git, state: State, reason: str) -> Proposal:
    family = state.family
    variants = rollout.current_variants(family)
    serving = {v for each in variants.values() for v in forms.serving_versions(each)}
    if not serving:
        raise UsageError(f"{title(state)}: only experiments serve, and no stable version does")
    newest = max(serving, key=_age)
    target = Target(newest, digest_of(state, newest))
    decision = next_decision(
        family, Action.ADOPT, Position(Phase.STEADY), target, variants, reason,
        state.snapshot.circumstances,
    )  # fmt: skip
    tree, made = build(git, state, Change(variants), decision)
    shares = [f"  {name}: {rollout.brief(each)}" for name, each in sorted(variants.items())]
    lines = [f"{title(state)}: adopted as it stands: {reason}", *shares]
    return Proposal(tree, made, Report("\n".join(lines), ExitCode.CLEAN, report_data(made)))


def _require_settled(state: State) -> None:
    for cluster in state.family.clusters:
        if not forms.settled(cluster.variants):
            where = cluster.locate(("spec", "variants"))
            raise UsageError(
                f"{cluster.name} is half moved: {rollout.brief(cluster.variants)}",
                where=f"{where.file}:{where.line}",
                fix="lockstep revert, or take the candidate and previous variants out first",
            )


def _age(version: str) -> tuple[int, str]:
    return (int(version), version) if version.isdecimal() else (-1, version)
