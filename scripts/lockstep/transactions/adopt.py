"""Adopts the committed state of a family: its first verified state, or one made by hand."""

from dataclasses import replace

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Decision, Phase, Position, Target
from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Decided, NothingToDo
from lockstep.rollout.divergence import has_diverged
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.position import current_variants, newest_decision, running_target
from lockstep.rollout.state_words import who_and_when
from lockstep.rollout.trust import replayed
from lockstep.spec import variants as forms
from lockstep.spec.ledger import unsettled
from lockstep.text.phrases import list_variants
from lockstep.transactions.commit import FamilyChange, build, state_objects
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.rendering import require_rendered
from lockstep.transactions.state import (
    FamilyState,
    digest_of,
    require_history,
    require_pinned_program,
)


def adopt(git: Git, state: FamilyState, reason: str) -> PlannedCommit | NothingToDo:
    """Record the committed specs of a family as they are, and as the state to return to.

    Records that are broken, that a replay does not confirm or that are from the future are named
    in it and settled: from then on they are not reported.
    Raises LockstepError where git cannot show which ones are (see require_history).
    Raises UsageError where a rollout has left a candidate or a previous version in a cluster: a
    state in the middle of a rollout cannot be one to return to. Raises Invalid where
    ``rendered/`` is not what the specs declare: a revert would bring those bytes back.
    """
    require_history(state)
    require_pinned_program(state)
    state = replace(state, family=replayed(state.family, state.snapshot.context.now))
    _require_settled(state)
    require_rendered(git, state)
    if adopted := _adopted_already(git, state):
        text = f"nothing to do: this very state was adopted at {who_and_when(adopted)}"
        return NothingToDo(state.title, text, ExitCode.CLEAN)
    family = state.family
    variants = current_variants(family)
    serving = {v for each in variants.values() for v in forms.serving_versions(each)}
    if not serving:
        raise UsageError(
            f"{state.title}: only experiments serve, and no stable version does",
            fix="give the variant that serves the traffic the name stable",
        )
    # A record names one version; its variants hold the others, where clusters differ.
    newest = max(serving, key=_age)
    target = Target(newest, digest_of(state, newest))
    decision = next_decision(
        family, Action.ADOPT, Position(Phase.STEADY), target, variants, reason,
        state.snapshot.context,
    )  # fmt: skip
    tree, made = build(git, state, FamilyChange(variants), decision)
    return PlannedCommit(tree, Decided(made))


def _adopted_already(git: Git, state: FamilyState) -> Decision | None:
    """The newest record, where it is an adoption of the very files that there are now."""
    newest = newest_decision(state.family)
    if newest is None or newest.action is not Action.ADOPT or has_diverged(state.family):
        return None
    now, then = state_objects(git, state, state.snapshot.base), newest.verified_state
    same = then is not None and (now.files, now.folders) == (then.files, then.folders)
    return newest if same else None


def _require_settled(state: FamilyState) -> None:
    for cluster in state.family.clusters:
        if not forms.settled(cluster.variants):
            where = cluster.locate(("spec", "variants"))
            raise UsageError(
                f"{cluster.name} is in the middle of a rollout: {list_variants(cluster.variants)}",
                where=f"{where.file}:{where.line}",
                fix=_how_to_settle(state),
            )


def _how_to_settle(state: FamilyState) -> str:
    """How the clusters get one version each: a rollout that is healthy may just go on."""
    back = f"lockstep revert {state.title} --reason '...'"
    if unsettled(state.family):  # nothing moves it forward
        return f"restore the broken records from git, or roll the rollout back with {back}"
    if running_target(state.family) is not None:
        return f"let it end with lockstep advance {state.title}, or roll it back with {back}"
    return f"remove the candidate and previous versions first, or return to the records with {back}"


def _age(version: str) -> tuple[int, str]:
    """Sorts versions as the registry numbers them; other names come first."""
    return (int(version), version) if version.isdecimal() else (-1, version)
