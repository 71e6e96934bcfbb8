"""Carries versions that the predecessor has verified to the next environment, as proposals."""

from lockstep.check.base import Base
from lockstep.check.change import Change
from lockstep.edges import progress
from lockstep.edges.cache import Cache
from lockstep.edges.git import Git
from lockstep.model.errors import Denied, LockstepError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Failed, Moved, NothingToDo, NotMade, Proposed
from lockstep.model.shard import WHOLE
from lockstep.opa.address import OpaOptions
from lockstep.rollout.promotion import Route, policy_of
from lockstep.transactions.promotion_plan import (
    PlannedPromotion,
    PromotionRequest,
    plan_promotion,
)
from lockstep.transactions.promotion_route import choose_route, routes_to
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.run import Run
from lockstep.transactions.state import FamilyState, raise_errors


def promote(run: Run, request: PromotionRequest) -> Moved | Proposed:
    """Propose the version that is verified in the predecessor, on a branch that people merge.

    Raises UsageError where it is not clear which environment is meant, and as plan_promotion does.
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
    chosen = routes_to(heads, request.to)
    homes = sorted({each.target.environment for each in chosen})
    without = [home for home in homes if policy_of(heads.environments[home]) is None]
    results: list[Moved | Proposed] = [_left_out(home) for home in without]
    due = [each for each in chosen if each.target.environment not in without]
    for number, route in enumerate(due, start=1):
        progress.step("promoting", route.title, number, len(due))
        try:
            results.append(_one_of_all(run, route, request))
        except LockstepError as error:
            text = error.diagnostics()
            results.append(Failed(route.title, error.located(), text, error.fix, error.exit_code))
    return tuple(results)


def _left_out(home: str) -> NothingToDo:
    text = (
        f"{home} has no promotion policy, so --all leaves it out: "
        f"clusters/{home}/environment.yaml declares none in spec.promotion"
    )
    return NothingToDo(home, text, ExitCode.CLEAN, (f"lockstep promote {home}/FAMILY",))


def _one_of_all(run: Run, route: Route, request: PromotionRequest) -> Moved | Proposed:
    if not _is_automatic(run, route):
        return _on_branch(run, route, request)

    def decide(git: Git, state: FamilyState) -> PlannedCommit | Moved:
        # All is read again where another runner was faster: the policy, and the source, too, which
        # may have been rolled back.
        if not _is_automatic(run, route):
            text = "its promotion is not automatic any more; the next run proposes it on a branch"
            return NothingToDo(route.title, text, ExitCode.CLEAN)
        planned = plan_promotion(run, state, run.state(route.source_title), request)
        if not isinstance(planned, PlannedPromotion):
            return planned
        _require_clean(run, planned.commit)
        return planned.commit

    return run.decide(route.title, decide)


def _is_automatic(run: Run, route: Route) -> bool:
    policy = policy_of(run.snapshot.heads.environments[route.target.environment])
    return policy is not None and route.target.name in policy.automatic


def _require_clean(run: Run, planned: PlannedCommit) -> None:
    """Raise Denied for what the check of a pull request would find, which nobody opens for it.

    A verb reads its own family alone; this sees what families share, such as quotas and budgets.
    """
    from lockstep.check.change_check import check_change_of

    base = Base(run.snapshot.base, run.followed.branch)
    change = Change(
        run.git, planned.tree, base, run.options.now, WHOLE, OpaOptions(), everything=False
    )
    found = check_change_of(change, Cache.of_user()).findings
    raise_errors(found, Denied, "the check of a pull request would not pass")


def _on_branch(run: Run, route: Route, request: PromotionRequest) -> Moved | Proposed:
    state, source = run.state(route.title), run.state(route.source_title)
    planned = plan_promotion(run, state, source, request)
    if not isinstance(planned, PlannedPromotion):
        return planned
    promoted, branch = planned.promoted, planned.branch
    if run.options.dry_run:
        return NotMade(promoted)
    placed = run.put_on(branch, planned.commit)
    (decision,) = promoted.decisions
    return Proposed(decision, branch, placed=placed, differences=promoted.differences)
