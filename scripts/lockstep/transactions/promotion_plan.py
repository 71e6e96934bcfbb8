"""Decides whether a version may go to the next environment, and plans the commit that proposes it.

What time, evidence or another decision ends is a result that waits; all else that is in the way
raises Denied, with what to do.
"""

from dataclasses import dataclass

from lockstep.model.document import Json, value_at
from lockstep.model.errors import Denied
from lockstep.model.evidence import Evidence, Verdict, worst
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Environment
from lockstep.model.promotion import Obstacle, VerifiedVersion
from lockstep.model.result import NothingToDo, Promoted, Waiting
from lockstep.rollout.environment_differences import environment_differences
from lockstep.rollout.gate_questions import has_propose_gates, questions_of_proposal
from lockstep.rollout.position import position_of, running_target
from lockstep.rollout.promotion import (
    promotable,
    quarantined,
    serves_everywhere,
    still_bakes,
    why_older,
    why_unsettled,
)
from lockstep.rollout.promotion_gates import (
    has_promote_gates,
    promote_gates,
    questions_of_promotion,
    why_not_askable,
)
from lockstep.rollout.registries import other_registry
from lockstep.rollout.verified_versions import verified_of
from lockstep.text.sanitise import quoted, record_line
from lockstep.transactions.branches import open_proposals
from lockstep.transactions.copies import find_copy
from lockstep.transactions.gates import ask_gates, ask_promotion
from lockstep.transactions.propose import (
    branch_of,
    build_proposal,
    refused,
    require_allowed,
    require_ready,
)
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.registry_check import read_lock
from lockstep.transactions.run import Run
from lockstep.transactions.state import FamilyState, refuse_diverged, require_history


@dataclass(frozen=True)
class PromotionRequest:
    """What is to be promoted, to which environment, and why.

    ``family`` may say its environment, as ``prod/fraud-detection``; None means every family whose
    promotion is due. Without ``to`` it is the one environment in which that is so.
    ``waiting_is_clean`` is as of OnBranch.
    """

    family: str | None = None
    version: str | None = None
    to: str | None = None
    reason: str = ""
    waiting_is_clean: bool = False


@dataclass(frozen=True)
class PlannedPromotion:
    """The commit of a promotion, and the branch for it where people are to merge it."""

    branch: str
    commit: PlannedCommit
    promoted: Promoted


NotPromoted = Waiting | NothingToDo
"""Why no promotion is made now."""


@dataclass(frozen=True)
class _Promotion:
    """A promotion that may be made: the target's state, and what is promoted from where."""

    state: FamilyState
    source: FamilyState
    verified: VerifiedVersion
    request: PromotionRequest

    @property
    def environments(self) -> tuple[Environment, Environment]:
        """The predecessor, and the environment that the version enters."""
        known, families = self.state.fleet.environments, (self.source.family, self.state.family)
        return known[families[0].environment], known[families[1].environment]

    @property
    def what(self) -> str:
        """The version, in words."""
        return f"version {self.verified.version} of {self.source.title}"


def plan_promotion(
    run: Run, state: FamilyState, source: FamilyState, request: PromotionRequest
) -> PlannedPromotion | NotPromoted:
    """The commit that promotes a version of the family ``source`` to that of ``state``.

    Raises Denied with the reason where the version may not be promoted, Invalid where the registry
    does not say which version it is there.
    """
    refuse_diverged(source)
    require_history(source)
    refuse_diverged(state)
    if obstacle := why_unsettled(source.family):
        return _held_up(state, obstacle)
    # A number that a person names is one of the target's registry.
    lock = read_lock(run.options, state.family, request.version) if request.version else None
    verified = _named(source, lock) if lock else promotable(source.fleet, source.family)
    if isinstance(verified, Obstacle):
        return _held_up(state, verified)
    promotion = _Promotion(state, source, verified, request)
    branch = _branch(run, promotion)
    if not isinstance(branch, str):
        return branch
    if refusal := _refusal(promotion, lock):
        return refusal
    if lock is None:
        lock = find_copy(run.options, state.family, source.family, verified)
        if refusal := _refusal(promotion, lock):
            return refusal
    require_allowed(state, lock)
    evidence = _ask(run, promotion, lock)
    return (
        evidence if isinstance(evidence, Waiting) else _plan(run, promotion, lock, evidence, branch)
    )


def _named(source: FamilyState, lock: Json) -> VerifiedVersion | Obstacle:
    """The record of the predecessor that verified a version that a person names."""
    identity = lock["spec"]["identity"]
    verified = verified_of(source.family, identity["digest"])
    if verified is None:
        return Obstacle(
            f"version {identity['version']} has a content that {source.title} has not verified, or "
            "has rolled back since",
            f"bring it through its rollout there first: lockstep propose {source.title} VERSION",
        )
    return quarantined(source.fleet, source.family, verified) or verified


def _branch(run: Run, promotion: _Promotion) -> str | NotPromoted:
    """The branch for a promotion, empty for a new one; or what of the family is in its way."""
    state, digest = promotion.state, promotion.verified.digest
    family, running = state.family, running_target(state.family)
    if running is None and serves_everywhere(family, digest):
        text = f"nothing to promote: {promotion.what} serves here already"
        return NothingToDo(state.title, text, ExitCode.CLEAN)
    if running is not None:
        at = f"version {running.version} is {position_of(family)}"
        if running.digest == digest:
            text, show = (
                f"{promotion.what} is on its way already: {at}",
                f"lockstep status {state.title}",
            )
            return NothingToDo(state.title, text, ExitCode.CLEAN, (show,))
        fix = f"let lockstep advance {state.title} finish it, or take it back with lockstep revert"
        text = f"{at}, and only one version moves at a time"
        return _held_up(state, Obstacle(text, fix, waits=True))
    require_ready(state)
    found = open_proposals(run.git, run.followed, family)
    for name, proposal in found.items():
        if proposal.target.digest != digest or run.options.branch not in (None, name):
            text = f"the branch {quoted(name, 200)} proposes version {proposal.target.version}"
            fix = "have it merged, or delete that branch, then promote again"
            return _held_up(state, Obstacle(text, fix, waits=True))
    return next(iter(found), "")


def _refusal(promotion: _Promotion, lock: Json) -> NotPromoted | None:
    """Why a version may not enter an environment, by records alone; None where it may.

    ``lock`` is that of the version in the target's registry; None where it is not known yet.
    """
    state, source, verified = promotion.state, promotion.source.family, promotion.verified
    if barred := quarantined(state.fleet, state.family, verified):
        return _not_now(promotion, barred.text, barred.fix)
    number = value_at(lock, ("spec", "identity", "version"))
    older = why_older(source, state.family, verified, number)
    if older and promotion.request.version is None:
        fix = f"to promote it all the same, name it: lockstep promote {state.title} VERSION"
        return _not_now(promotion, f"{promotion.what} is older: {older}", fix)
    there, home = promotion.environments
    other = other_registry(home, there, value_at(source.spec, ("model", "registry")))
    obstacle = still_bakes(home, source, verified, state.snapshot.context.now) or why_not_askable(
        state.family, source, other_registry=other
    )
    return _held_up(state, obstacle) if obstacle else None


def _not_now(promotion: _Promotion, text: str, fix: str) -> NothingToDo:
    """The result for a version that stays where it is, where all families are promoted.

    Until the predecessor has verified another one, every run would say so. Raises Denied where the
    family was named: a person expects the promotion.
    """
    title = promotion.state.title
    if promotion.request.family is not None:
        raise Denied(f"not promoted: {text}", where=title, fix=fix)
    return NothingToDo(title, f"nothing to promote: {text}; {fix}", ExitCode.CLEAN)


def _held_up(state: FamilyState, obstacle: Obstacle) -> Waiting:
    """The result for what time or another decision ends; raises Denied for all else."""
    if not obstacle.waits:
        raise Denied(f"not promoted: {obstacle.text}", where=state.title, fix=obstacle.fix)
    text = f"not promoted: {obstacle.text}; {obstacle.fix}"
    position = str(position_of(state.family))
    return Waiting(state.title, position, "refused", text, (), ExitCode.GATE_CLOSED)


def _ask(run: Run, promotion: _Promotion, lock: Json) -> tuple[Evidence, ...] | Waiting:
    """What the gates of promotion and of proposal answer; a result where one has not passed."""
    state, source = promotion.state, promotion.source.family
    family, now = state.family, run.options.now
    of_promotion: list[Evidence] = []
    if has_promote_gates(family):
        there = _lock_there(promotion)
        asked = questions_of_promotion(family, source, promotion.verified.version, there, now)
        of_promotion = ask_promotion(run.git, run.options, state, source, asked)
    proposal = questions_of_proposal(family, _number(lock), lock["spec"], now)
    of_proposal = ask_gates(run.git, run.options, state, proposal)
    # The worst of nothing is inconclusive: a gate that was asked of no cluster has not passed.
    gated = ((has_promote_gates(family), of_promotion), (has_propose_gates(family), of_proposal))
    verdicts = [worst(item.verdict for item in found) for asked_for, found in gated if asked_for]
    evidence = (*of_promotion, *of_proposal)
    if verdicts and (verdict := worst(verdicts)) is not Verdict.PASS:
        return refused(state, evidence, verdict)
    return evidence


def _lock_there(promotion: _Promotion) -> Json:
    """What the predecessor's lock says of the version, whose gates are about it."""
    family, verified = promotion.source.family, promotion.verified
    # People may remove the lock of a version that serves nowhere.
    if family.digest_of(verified.version) != verified.digest:
        command = f"lockstep lock {promotion.source.title} {verified.version}"
        raise Denied(
            f"not promoted: {promotion.source.title} has no lock of version {verified.version} "
            "with the content that it has verified, so no gate can be asked about it",
            where=promotion.state.title,
            fix=f"{command}, and commit it",
        )
    return family.locks[verified.version].value["spec"]


def _plan(
    run: Run, promotion: _Promotion, lock: Json, evidence: tuple[Evidence, ...], branch: str
) -> PlannedPromotion:
    state, source, verified = promotion.state, promotion.source.family, promotion.verified
    reason = record_line(promotion.request.reason) or (
        f"{promotion.source.title} has verified it, as its version {verified.version}, in record "
        f"{verified.sequence}"
    )
    tree, made = build_proposal(
        run.git, state, lock, reason, evidence,
        promoted_from=verified.source, promote_gates=promote_gates(state.family, source),
    )  # fmt: skip
    there, home = promotion.environments
    differences = environment_differences(source, there, state.family, home)
    promoted = Promoted(made, differences=tuple(differences))
    name = run.options.branch or branch or branch_of(made[0])
    return PlannedPromotion(name, PlannedCommit(tree, promoted), promoted)


def _number(lock: Json) -> str:
    return str(lock["spec"]["identity"]["version"])
