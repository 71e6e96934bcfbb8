"""Makes a registered version the candidate of a family, on a branch that people merge."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from lockstep.edges.git import Git
from lockstep.model.decision import Action, Decision, Phase, Position, Target
from lockstep.model.document import Json
from lockstep.model.errors import Denied, LockstepError
from lockstep.model.evidence import Evidence, Verdict, worst
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Decided, Proposed, Waiting
from lockstep.rollout.gate_questions import has_propose_gates, questions_of_proposal
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.plan import NO_EVIDENCE, reasons
from lockstep.rollout.position import position_of, running_target
from lockstep.rollout.quarantine import OTHER_REGISTRY, entries_of, in_force, matches
from lockstep.rollout.skew import skew_breached
from lockstep.spec import variants as forms
from lockstep.spec.lock import write_lock
from lockstep.text.phrases import known_names
from lockstep.text.sanitise import record_line
from lockstep.transactions.commit import FamilyChange, build
from lockstep.transactions.gates import ask_gates
from lockstep.transactions.newest import Chosen, newest_version
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.registry_check import read_lock
from lockstep.transactions.run import Run, RunOptions
from lockstep.transactions.state import (
    FamilyState,
    refuse_diverged,
    require_history,
    require_pinned_program,
)

_AFTER_GATES = "log what the gates read, or propose a version that passes them"


@dataclass(frozen=True)
class ProposalRequest:
    """What is to be proposed, and why.

    ``version`` None means the newest that has all ``tags``.
    """

    family: str
    version: str | None
    reason: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


class GatesNotPassed(LockstepError):
    """A gate that a proposal has to pass did not; ``waiting`` is the result for that."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(waiting.reason, fix=_AFTER_GATES)
        self.waiting = waiting
        self.exit_code = waiting.exit_code


@dataclass
class ProposalPlan:
    """A proposal as far as it could be planned: whole, unless refusals were only collected."""

    state: FamilyState
    chosen: Chosen | None = None
    lock: Json = None
    evidence: tuple[Evidence, ...] = ()
    tree: str = ""
    decisions: tuple[Decision, ...] = ()


Refusing = Callable[[], AbstractContextManager[object]]
"""What is around each step of a plan that may refuse the proposal by an error."""


def propose(run: Run, request: ProposalRequest) -> Proposed | Waiting:
    """Commit candidate, lock, manifests and record on a branch to be merged; nothing else moves.

    The branch is named after the decision's id, so a second run on the same state finds it.
    Where the gates of a proposal do not pass, nothing is committed, and the evidence is the result.
    Raises Denied with the reason where the version may not be proposed.
    """
    try:
        plan = plan_proposal(run, run.git, request)
    except GatesNotPassed as error:
        return error.waiting
    made, why = plan.decisions, plan.chosen.why if plan.chosen else ""
    name = run.options.branch or branch_of(made[0])
    placed = run.put_on(name, PlannedCommit(plan.tree, Decided(made)))
    return Proposed(made[0], name, placed=placed, chosen=why)


def plan_proposal(
    run: Run, git: Git, request: ProposalRequest, refusing: Refusing = nullcontext
) -> ProposalPlan:
    """Everything that decides about a proposal; the tree that it leads to is written by ``git``.

    Each step that may refuse is made within ``refusing``: as it is, the first refusal ends the
    plan. Where it keeps errors back, the later steps are made all the same as far as they can be.
    """
    plan = ProposalPlan(run.state(request.family))
    state, met = plan.state, 0
    # Before the registry is asked, which takes seconds and may fail.
    for require in READINESS:
        with refusing():
            require(state)
            met += 1
    with refusing():
        plan.chosen = _chosen(run.options, state, request)
        plan.lock = read_lock(run.options, state.family, plan.chosen.version)
    if plan.chosen is None or plan.lock is None:
        return plan
    with refusing():
        require_allowed(state, plan.lock)
    with refusing():
        _ask_gates(run, git, plan)
    # Of a family that is not ready, or that has the version already, there is no such result.
    if met == len(READINESS) and not _has(state, plan.chosen.version):
        with refusing():
            reason = _reason(request, plan.chosen)
            plan.tree, plan.decisions = build_proposal(git, state, plan.lock, reason, plan.evidence)
    return plan


def _ask_gates(run: Run, git: Git, plan: ProposalPlan) -> None:
    """Ask what a proposal has to pass. Raises GatesNotPassed."""
    options, state, chosen = run.options, plan.state, plan.chosen
    if chosen is None:
        return
    asked = questions_of_proposal(state.family, chosen.version, plan.lock["spec"], options.now)
    plan.evidence = tuple(ask_gates(git, options, state, asked))
    verdict = worst(item.verdict for item in plan.evidence)
    # A family without such gates was asked nothing, and the worst of nothing is inconclusive.
    if has_propose_gates(state.family) and verdict is not Verdict.PASS:
        raise GatesNotPassed(refused(state, plan.evidence, verdict, chosen.why))


def _reason(request: ProposalRequest, chosen: Chosen) -> str:
    given = record_line("; ".join(filter(None, (request.reason, chosen.why))))
    return given or f"version {chosen.version} was registered"


def _chosen(options: RunOptions, state: FamilyState, request: ProposalRequest) -> Chosen:
    """The version that is named, or else the newest one."""
    if request.version is not None:
        return Chosen(request.version, "")
    return newest_version(options, state, request.tags)


def refused(
    state: FamilyState, evidence: tuple[Evidence, ...], verdict: Verdict, chosen: str = ""
) -> Waiting:
    """The result where gates did not pass; ``chosen`` says why they were asked of this version.

    An error is not the version's fault: the run could not find out, and may be repeated.
    """
    code = ExitCode.COULD_NOT_RUN if verdict is Verdict.ERROR else ExitCode.GATE_CLOSED
    reason = f"not proposed: {reasons(evidence, verdict) or NO_EVIDENCE}"
    reason = f"{chosen}; {reason}" if chosen else reason
    position = str(position_of(state.family))
    # Neither time nor more evidence ends a failure: another version does.
    failed = verdict is Verdict.FAIL
    return Waiting(state.title, position, "refused", reason, evidence, code, for_person=failed)


def branch_of(proposal: Decision) -> str:
    """The name of the branch of a proposal: a second run on the same state finds it."""
    where = f"{proposal.environment}/{proposal.family}"
    return f"lockstep/{where}/{proposal.target.version}-{proposal.id[-12:]}"


def require_ready(state: FamilyState) -> None:
    """Raise Denied where the family cannot have a candidate now."""
    for require in READINESS:
        require(state)


def _require_verified_state(state: FamilyState) -> None:
    if position_of(state.family).phase is Phase.NEW:
        fix = f"lockstep adopt {state.title} --reason '...'"
        raise Denied(f"{state.title} has no verified state to return to", fix=fix)


def _require_no_rollout(state: FamilyState) -> None:
    at = position_of(state.family)
    if at.phase not in (Phase.NEW, Phase.STEADY):
        raise _rollout_runs(state, at)


def _require_no_skew(state: FamilyState) -> None:
    if skew_breached(state.family, state.snapshot.context.now):
        raise Denied(
            f"{state.title}: regions have served different versions for longer than allowed",
            fix="bring them to one version first, and adopt that state",
        )


READINESS: Sequence[Callable[[FamilyState], None]] = (
    require_pinned_program,
    refuse_diverged,
    _require_verified_state,
    require_history,
    _require_no_rollout,
    _require_no_skew,
)
"""What a family needs to have a candidate, in the order in which it is asked; each raises."""


def _rollout_runs(state: FamilyState, at: Position) -> Denied:
    """Another version can be proposed once this rollout has ended: the verbs that end it."""
    target = running_target(state.family)
    text = f"{state.title} already has a rollout: version {target.version if target else '?'} is "
    back = f"roll it back with lockstep revert {state.title} --reason '...'"
    match at.phase:
        case Phase.HELD:  # nothing else moves it
            fix = f"continue it with lockstep resume {state.title} --reason '...', or {back}"
        case Phase.SHIFTED:  # it is being rolled back
            fix = f"finish its rollback with lockstep advance {state.title}"
        case _:
            fix = f"let it finish with lockstep advance {state.title}, or {back}"
    return Denied(f"{text}{at}", fix=fix)


def require_allowed(state: FamilyState, lock: Json) -> None:
    """Raise Denied where the version is in quarantine or already serves."""
    identity = lock["spec"]["identity"]
    keys = ("registry", "model", "version", "digest")
    family, digests = state.family, [identity["digest"]]
    for entry in in_force(state.fleet, family.environment, family.name, digests):
        if matches(entry, **{key: identity[key] for key in keys}):
            raise Denied(
                f"version {identity['version']} is in quarantine since {entry.get('since')}: "
                f"{record_line(str(entry.get('reason')))}",
                where=state.title,
                fix="propose a version in which that is corrected; only where the quarantine was a "
                f"mistake: lockstep release {_quarantined_in(state, entry)} "
                f"{entry.get('version')} --reason '...', then propose again",
            )
    version = identity["version"]
    clusters = state.family.clusters
    serving = [c.name for c in clusters if version in forms.serving_versions(c.variants)]
    if serving:
        where = "every cluster" if len(serving) == len(clusters) else known_names(serving)
        raise Denied(
            f"version {version} already serves in {where}",
            where=state.title,
            fix=f"nothing is to be done for it: lockstep status {state.title} shows its weights; "
            f"to change what serves, propose another version of the model {identity['model']}",
        )
    if _has(state, version):
        # Every state to return to would serve it, so a rollback could not remove it.
        raise Denied(
            f"version {identity['version']} is an arm of an experiment",
            where=state.title,
            fix="end the experiment first, and adopt the state without it",
        )


def _has(state: FamilyState, version: str) -> bool:
    """Whether a variant of the family has the version."""
    return any(v["version"] == version for c in state.family.clusters for v in c.variants)


def _quarantined_in(state: FamilyState, entry: Json) -> str:
    """The family, of this or an earlier environment, whose release ends a quarantine."""
    own = {key: value for key, value in entry.items() if key != OTHER_REGISTRY}
    for family in (state.family, *state.fleet.families()):
        if own in entries_of(family):
            return f"{family.environment}/{family.name}"
    return state.title


def build_proposal(
    git: Git,
    state: FamilyState,
    lock: Json,
    reason: str,
    evidence: tuple[Evidence, ...],
    **details: Any,
) -> tuple[str, tuple[Decision, ...]]:
    """The git tree with the candidate, its lock and its manifests, and the decision as recorded.

    ``details`` are those of next_decision. Raises as ``build`` does.
    """
    family = state.family
    identity = lock["spec"]["identity"]
    target = Target(identity["version"], identity["digest"])
    variants = {c.name: forms.proposed(c.variants, target.version) for c in family.clusters}
    decision = next_decision(
        family, Action.PROPOSE, Position(Phase.PROPOSED), target, variants, reason,
        state.snapshot.context, evidence=evidence, verdict=Verdict.PASS if evidence else None,
        **details,
    )  # fmt: skip
    path = f"{family.folder}/locks/{target.version}.yaml"
    return build(git, state, FamilyChange(variants, {path: write_lock(lock)}), decision)
