"""Carries a version that the predecessor has verified to the next environment, as a proposal."""

from dataclasses import dataclass

from lockstep.edges import progress
from lockstep.edges.git import Git
from lockstep.model.document import Json
from lockstep.model.errors import Denied, LockstepError
from lockstep.model.evidence import Verdict, worst
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Environment
from lockstep.model.promotion import Obstacle, VerifiedVersion
from lockstep.model.result import (
    Decided,
    Failed,
    Moved,
    NothingToDo,
    NotMade,
    Promoted,
    Proposed,
    Waiting,
)
from lockstep.rollout.environment_differences import environment_differences
from lockstep.rollout.gate_questions import has_propose_gates, questions_of_proposal
from lockstep.rollout.position import position_of, running_target
from lockstep.rollout.promotion import (
    Route,
    policy_of,
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
)
from lockstep.rollout.verified_versions import verified_of
from lockstep.text.sanitise import quoted, record_line
from lockstep.transactions.branches import open_proposals
from lockstep.transactions.copies import find_copy
from lockstep.transactions.gates import ask_gates, ask_promotion
from lockstep.transactions.promotion_route import choose_route, routes_to
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
    """

    family: str | None = None
    version: str | None = None
    to: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Promotion:
    """A promotion that may be made: the target's state, and what is promoted from where."""

    state: FamilyState
    source: FamilyState
    verified: VerifiedVersion
    request: PromotionRequest

    @property
    def home(self) -> Environment:
        """The environment that the version enters."""
        return self.state.fleet.environments[self.state.family.environment]

    @property
    def differences(self) -> tuple[str, ...]:
        """How the family differs between the environments; it stays so."""
        there = self.source.family
        before = self.state.fleet.environments[there.environment]
        return tuple(environment_differences(there, before, self.state.family, self.home))


_NOT_MADE = Waiting | NothingToDo


def promote(run: Run, request: PromotionRequest) -> Moved | Proposed:
    """Propose the version that is verified in the predecessor, on a branch that people merge.

    Raises UsageError where it is not clear which environment is meant, Denied with the reason where
    the version may not be promoted, Invalid where the registry does not say which version it is.
    What waits for time, evidence or another decision is a result, and nothing is committed.
    """
    route = choose_route(run, request.family or "", request.to, named=request.version is not None)
    return route if isinstance(route, NothingToDo) else _on_branch(run, route, request)


def promote_all(run: Run, request: PromotionRequest) -> tuple[Moved | Proposed, ...]:
    """Promote what is due in every environment that has a promotion policy.

    What the policy calls automatic is proposed on the followed branch itself; the rest on branches
    that people merge. What is wrong with one family is its result, and stops no other.
    """
    heads = run.snapshot.heads
    results: list[Moved | Proposed] = []
    chosen = routes_to(heads, request.to)
    for home in sorted({each.target.environment for each in chosen}):
        if policy_of(heads.environments[home]) is None:
            text = (
                f"{home} has no promotion policy, so --all leaves it out: "
                f"clusters/{home}/environment.yaml declares none in spec.promotion"
            )
            commands = (f"lockstep promote {home}/FAMILY",)
            results.append(NothingToDo(home, text, ExitCode.CLEAN, commands))
    due = [each for each in chosen if policy_of(heads.environments[each.target.environment])]
    for number, route in enumerate(due, start=1):
        progress.step("promoting", route.title, number, len(due))
        try:
            results.append(_one_of_all(run, route, request))
        except LockstepError as error:
            text = error.diagnostics()
            results.append(Failed(route.title, error.located(), text, error.fix, error.exit_code))
    return tuple(results)


def _one_of_all(run: Run, route: Route, request: PromotionRequest) -> Moved | Proposed:
    policy = policy_of(run.snapshot.heads.environments[route.target.environment])
    if policy is None or route.target.name not in policy.automatic:
        return _on_branch(run, route, request)

    def decide(git: Git, state: FamilyState) -> PlannedCommit | Moved:
        # The source is read again, too: it may be another runner's rollback that was faster.
        source = run.state(_source_title(route))
        planned = _plan(run, state, source, request)
        return planned if isinstance(planned, _NOT_MADE) else planned[1]

    return run.decide(route.title, decide)


def _on_branch(run: Run, route: Route, request: PromotionRequest) -> Moved | Proposed:
    planned = _plan(run, run.state(route.title), run.state(_source_title(route)), request)
    if isinstance(planned, _NOT_MADE):
        return planned
    branch, commit = planned
    promoted = commit.result
    if run.options.dry_run:
        return NotMade(promoted)
    placed = run.put_on(branch, commit)
    decision = promoted.decisions[0]
    differences = promoted.differences if isinstance(promoted, Promoted) else ()
    return Proposed(decision, branch, placed=placed, differences=differences)


def _source_title(route: Route) -> str:
    return f"{route.source.environment}/{route.source.name}"


def _plan(
    run: Run, state: FamilyState, source: FamilyState, request: PromotionRequest
) -> tuple[str, PlannedCommit] | Waiting | NothingToDo:
    """The commit of a promotion and the branch for it; or why none is made now."""
    refuse_diverged(source)
    require_history(source)
    refuse_diverged(state)
    if obstacle := why_unsettled(source.family):
        return _held_up(state, obstacle)
    # A number that a person names is one of the target's registry.
    lock = read_lock(run.options, state.family, request.version) if request.version else None
    verified = _named(state, source, lock) if lock else promotable(source.fleet, source.family)
    if isinstance(verified, Obstacle):
        return _held_up(state, verified)
    promotion = _Promotion(state, source, verified, request)
    branch = _branch(run, promotion)
    if isinstance(branch, _NOT_MADE):
        return branch
    if refusal := _refusal(promotion, _number(lock) if lock else None):
        return refusal
    if lock is None:
        lock = find_copy(run.options, state.family, source.family, verified)
        if refusal := _refusal(promotion, _number(lock)):
            return refusal
    require_allowed(state, lock)
    return _asked(run, promotion, lock, branch)


def _named(state: FamilyState, source: FamilyState, lock: Json) -> VerifiedVersion | Obstacle:
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


def _branch(run: Run, promotion: _Promotion) -> str | Waiting | NothingToDo:
    """The branch for a promotion, empty for a new one; or what of the family is in its way."""
    state, verified = promotion.state, promotion.verified
    family, where = state.family, f"version {verified.version} of {promotion.source.title}"
    if serves_everywhere(family, verified.digest) and running_target(family) is None:
        text = f"nothing to promote: {where} serves here already"
        return NothingToDo(state.title, text, ExitCode.CLEAN)
    if target := running_target(family):
        if target.digest == verified.digest:
            at = f"version {target.version} is {position_of(family)}"
            text = f"{where} is on its way already: {at}"
            commands = (f"lockstep status {state.title}",)
            return NothingToDo(state.title, text, ExitCode.CLEAN, commands)
        text = (
            f"version {target.version} is {position_of(family)}, and only one version moves at a "
            "time"
        )
        fix = f"let lockstep advance {state.title} finish it, or take it back with lockstep revert"
        return _held_up(state, Obstacle(text, fix, waits=True))
    require_ready(state)
    found = open_proposals(run.git, run.followed, family)
    for name, proposal in found.items():
        wanted = run.options.branch
        if proposal.target.digest != verified.digest or wanted not in (None, name):
            text = f"the branch {quoted(name, 200)} proposes version {proposal.target.version}"
            fix = "have it merged, or delete that branch, then promote again"
            return _held_up(state, Obstacle(text, fix, waits=True))
    return next(iter(found), "")


def _refusal(promotion: _Promotion, number: str | None) -> Waiting | NothingToDo | None:
    """Why a version may not enter an environment, by records alone; None where it may.

    ``number`` is its number in the target's registry; None where that is not known yet.
    """
    state, source, verified = promotion.state, promotion.source, promotion.verified
    if obstacle := quarantined(state.fleet, state.family, verified):
        return _held_up(state, obstacle)
    older = why_older(source.family, state.family, verified, number)
    if older and promotion.request.version is None:
        return _older(promotion, older)
    bakes = still_bakes(promotion.home, source.family, verified, state.snapshot.context.now)
    return _held_up(state, bakes) if bakes else None


def _older(promotion: _Promotion, why: str) -> NothingToDo:
    """The result for a version that is older than what serves, where all families are promoted.

    Raises Denied where the family was named: a person expects the promotion.
    """
    title = promotion.state.title
    command = f"lockstep promote {title} VERSION"
    text = f"version {promotion.verified.version} of {promotion.source.title} is older: {why}"
    if promotion.request.family is not None:
        fix = f"to promote it all the same, name it: {command}"
        raise Denied(f"not promoted: {text}", where=title, fix=fix)
    return NothingToDo(title, f"nothing to promote: {text}", ExitCode.CLEAN, (command,))


def _number(lock: Json) -> str:
    return str(lock["spec"]["identity"]["version"])


def _held_up(state: FamilyState, obstacle: Obstacle) -> Waiting:
    """The result for what time or another decision ends; raises Denied for all else."""
    if not obstacle.waits:
        raise Denied(f"not promoted: {obstacle.text}", where=state.title, fix=obstacle.fix)
    text = f"not promoted: {obstacle.text}; {obstacle.fix}"
    position = str(position_of(state.family))
    return Waiting(state.title, position, "refused", text, (), ExitCode.GATE_CLOSED)


def _asked(
    run: Run, promotion: _Promotion, lock: Json, branch: str
) -> tuple[str, PlannedCommit] | Waiting:
    """The commit, once all gates of promotion and of proposal have passed."""
    state, source, verified = promotion.state, promotion.source.family, promotion.verified
    family, now = state.family, run.options.now
    there = source.locks[verified.version].value["spec"]
    asked = questions_of_promotion(family, source, verified.version, there, now)
    evidence = ask_promotion(run.git, run.options, state, source, asked) if asked else []
    proposal = questions_of_proposal(family, _number(lock), lock["spec"], now)
    evidence += ask_gates(run.git, run.options, state, proposal)
    verdict = worst(item.verdict for item in evidence)
    gated = has_promote_gates(family) or has_propose_gates(family)
    if gated and verdict is not Verdict.PASS:
        return refused(state, tuple(evidence), verdict)
    tree, made = build_proposal(
        run.git, state, lock, _reason(promotion), tuple(evidence),
        promoted_from=verified.source, promote_gates=promote_gates(family, source),
    )  # fmt: skip
    result: Decided = Promoted(made, differences=promotion.differences)
    return run.options.branch or branch or branch_of(made[0]), PlannedCommit(tree, result)


def _reason(promotion: _Promotion) -> str:
    verified = promotion.verified
    return record_line(promotion.request.reason) or (
        f"{promotion.source.title} has verified it, as its version {verified.version}, in record "
        f"{verified.sequence}"
    )
