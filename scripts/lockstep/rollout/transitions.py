"""The one table of transitions: which action may lead from which phase to which, and what for.

Planning refuses what is not in it (``next_decision``), nothing is committed without what it needs
(``needs``), a replay finds what is not in it (``replay``), commit messages take their subjects
from it (``commit_message``), and docs/reference/rollout.md is written from it (``diagram``). So a
new action is one entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lockstep.model.decision import Action, Phase


class Need(StrEnum):
    """What must be true before a transition is made."""

    REASON = "a reason"
    AGREEMENT = "specs that agree with the newest record"
    VERIFIED = "a verified state to return to"
    ALLOWED_VERSION = "a version that is not in quarantine and does not serve yet"
    PROPOSE_GATES = "a pass of every gate with `when: propose`"
    PROMOTE_GATES = "of a promotion, a pass of every gate with `when: promote`"
    STEP_GATES = "a pass of every gate with `when: step`"
    BAKED = "a step that has baked"
    LAST_STEP = "the last step of the last wave"
    RENDERED = "manifests that are what the specs declare"
    RENDERED_NOW = "committed manifests that are what the specs render now"
    SETTLED = "no candidate or previous variant in any cluster"
    SHIFT_LIVE = "a shift that is live in every cluster that it moved, where gates can tell"
    REGISTERED = "a registry that does not deny the version to return to"
    QUARANTINED = "a version that is in quarantine here"


class StepChange(StrEnum):
    """What an action does with the wave and the step of the position."""

    NONE = "none"  # outside of a rollout, or before its first step
    SAME = "same"
    NEXT = "next"  # as the plan says


@dataclass(frozen=True, slots=True)
class Transition:
    """From any of the phases ``source`` to ``to``, with what it needs."""

    source: frozenset[Phase]
    to: Phase
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class ActionRules:
    """What holds for every decision of one action.

    ``verbs`` are the verbs of the command line that make it. ``subject`` is what the commit says
    of it, with the fields ``version`` and ``to``.
    """

    verbs: tuple[str, ...]
    subject: str
    transitions: tuple[Transition, ...]
    step_change: StepChange = StepChange.NONE
    any_time: bool = False
    """Whether it may be before the newest record: a wrong clock delays no rollback and no hold."""
    running_version: bool = False
    """Whether it is about the version of the running rollout and no other."""
    starts_bake: bool = False
    """Whether the bake counts from it."""
    from_specs: bool = False
    """Whether its variants start from the specs as people left them, not from the record."""
    makes_verified_state: bool = False
    """Whether a later rollback may return to the state after it."""
    in_pull_request: bool = False
    """Whether it may reach the followed branch by a pull request; forward moves never do."""

    def find(self, source: Phase, to: Phase) -> Transition | None:
        """The transition that leads from ``source`` to ``to``; None where this action has none."""
        fits = (each for each in self.transitions if source in each.source and to is each.to)
        return next(fits, None)

    @property
    def needs(self) -> frozenset[Need]:
        """Everything that one of its transitions needs."""
        return frozenset(need for each in self.transitions for need in each.needs)


_RECORDED = frozenset(Phase) - {Phase.NEW}
"""A family without a record has nothing to return to and nothing to go on from."""


def _from(source: frozenset[Phase] | Phase, to: Phase, *needs: Need) -> Transition:
    phases = frozenset({source}) if isinstance(source, Phase) else source
    return Transition(phases, to, needs)


RULES: Mapping[Action, ActionRules] = {
    Action.PROPOSE: ActionRules(
        ("propose", "promote"),
        "version {version} as candidate",
        (
            _from(
                Phase.STEADY, Phase.PROPOSED,
                Need.AGREEMENT, Need.VERIFIED, Need.ALLOWED_VERSION, Need.PROPOSE_GATES,
                Need.PROMOTE_GATES, Need.RENDERED_NOW,
            ),
        ),
        # A proposal does not bake, but its gates accept live values from here on only.
        starts_bake=True,
        in_pull_request=True,
    ),
    Action.ADVANCE: ActionRules(
        ("advance",),
        "version {version}, {to}",
        (
            _from(
                Phase.PROPOSED, Phase.ROLLING,
                Need.AGREEMENT, Need.PROPOSE_GATES, Need.RENDERED_NOW,
            ),
            _from(
                Phase.ROLLING, Phase.ROLLING,
                Need.AGREEMENT, Need.BAKED, Need.STEP_GATES, Need.RENDERED_NOW,
            ),
        ),
        step_change=StepChange.NEXT,
        running_version=True,
        starts_bake=True,
    ),
    Action.VERIFY: ActionRules(
        ("advance",),
        "version {version} is verified",
        (
            _from(
                Phase.ROLLING, Phase.STEADY,
                Need.AGREEMENT, Need.LAST_STEP, Need.BAKED, Need.STEP_GATES, Need.RENDERED_NOW,
            ),
        ),
        step_change=StepChange.NEXT,
        running_version=True,
        makes_verified_state=True,
    ),
    Action.HOLD: ActionRules(
        ("hold", "advance", "revert"),
        "version {version}",
        # No agreement: a family that has diverged can be held, which moves nothing.
        (_from(frozenset({Phase.PROPOSED, Phase.ROLLING}), Phase.HELD, Need.REASON),),
        step_change=StepChange.SAME,
        any_time=True,
        running_version=True,
        in_pull_request=True,
    ),
    Action.RESUME: ActionRules(
        ("resume",),
        "version {version}",
        tuple(
            _from(Phase.HELD, to, Need.REASON, Need.AGREEMENT)
            for to in (Phase.PROPOSED, Phase.ROLLING)
        ),
        step_change=StepChange.SAME,
        running_version=True,
        starts_bake=True,
    ),
    Action.SHIFT: ActionRules(
        ("revert", "advance"),
        "traffic away from version {version}",
        # No gate, bake, registry or agreement may delay taking traffic from a bad version.
        (_from(_RECORDED, Phase.SHIFTED, Need.VERIFIED),),
        any_time=True,
        from_specs=True,
        in_pull_request=True,
    ),
    Action.RESTORE: ActionRules(
        ("revert", "advance"),
        "rollback from version {version}",
        (
            # Not only after a shift: without another running version there is nothing to shift to.
            _from(_RECORDED - {Phase.SHIFTED}, Phase.STEADY, Need.VERIFIED, Need.REGISTERED),
            _from(
                Phase.SHIFTED, Phase.STEADY,
                Need.VERIFIED, Need.SHIFT_LIVE, Need.REGISTERED,
            ),
        ),
        any_time=True,
        from_specs=True,
        in_pull_request=True,
    ),
    Action.RETIRE: ActionRules(
        ("revert",),
        "experiment arms of version {version}",
        # No agreement: the traffic leaves the arm also where people have edited the specs.
        tuple(_from(phase, phase, Need.REASON) for phase in Phase if phase in _RECORDED),
        step_change=StepChange.SAME,
        any_time=True,
        in_pull_request=True,
    ),
    # Not between the halves of a rollback: the restore would put the version back into quarantine.
    Action.RELEASE: ActionRules(
        ("release",),
        "version {version}",
        tuple(
            _from(phase, phase, Need.REASON, Need.AGREEMENT, Need.QUARANTINED)
            for phase in Phase
            if phase not in (Phase.NEW, Phase.SHIFTED)
        ),
        step_change=StepChange.SAME,
        in_pull_request=True,
    ),
    Action.ADOPT: ActionRules(
        ("adopt",),
        "version {version} as the specs declare it",
        # From any phase: an adoption is how a family without a record or a diverged one is settled.
        (_from(frozenset(Phase), Phase.STEADY, Need.REASON, Need.SETTLED, Need.RENDERED),),
        any_time=True,
        from_specs=True,
        makes_verified_state=True,
        in_pull_request=True,
    ),
}  # fmt: skip
