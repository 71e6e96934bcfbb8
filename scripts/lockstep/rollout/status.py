"""The state of a family as values: what serves, how far its rollout is, and what it waits for.

A pure function of the specs, the ledger and the time. ``status`` and the page of the fleet show
the same values. Nothing is asked: what the gates said is what records hold of it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import structs

from lockstep.model.decision import Action, Decision, Phase
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import Evidence
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.model.forecast import Follow
from lockstep.model.status import (
    FamilyProblem,
    FamilyStatus,
    FreezeInForce,
    GateVerdict,
    LastDecision,
    QuarantineEntry,
    RegionStatus,
    RolloutState,
    RolloutStatus,
    SkewStatus,
    VariantStatus,
    WaitFor,
    WaitKind,
)
from lockstep.model.times import format_time, later, parse_duration
from lockstep.rollout.chain import CHAIN, GAP, ID, POSITION
from lockstep.rollout.comparisons import segment_of
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.forecast import forecast
from lockstep.rollout.position import (
    bake_ends,
    current_variants,
    newest_decision,
    position_of,
    running_target,
    step_began,
)
from lockstep.rollout.quarantine import OTHER_REGISTRY, in_force
from lockstep.rollout.skew import skew_breached, skew_ends, skew_since
from lockstep.rollout.waits import waits_of
from lockstep.spec import variants as forms
from lockstep.spec.freezes import freezes_in_force
from lockstep.spec.ledger import unsettled

_ABOUT_OTHERS = (Action.RELEASE, Action.RETIRE)
"""What may be decided about another version in the middle of a rollout."""

_OF_ENTRIES = ("version", "digest", "registry", "model", "since", "reason", "decision")
"""What an entry of a quarantine says, in the order of QuarantineEntry's fields."""

_STATES = {
    Phase.NEW: RolloutState.NEW, Phase.STEADY: RolloutState.STEADY,
    Phase.PROPOSED: RolloutState.PROPOSED, Phase.ROLLING: RolloutState.ROLLING,
    Phase.HELD: RolloutState.HELD, Phase.SHIFTED: RolloutState.SHIFTED,
}  # fmt: skip


def family_status(
    fleet: Fleet, family: Family, now: datetime, found: Sequence[Finding] = ()
) -> FamilyStatus:
    """The state of a family, whose records have been judged; ``found`` is wrong with its files.

    ``fleet`` has the quarantines, and ``now`` is aware. The family must be well-formed: what has an
    error is left out of it, and is in ``found``.
    """
    environment = fleet.environments[family.environment]
    state = _state(family, found)
    settled = state not in (RolloutState.MALFORMED, RolloutState.BROKEN, RolloutState.DIVERGED)
    judged = _judged(family)
    return FamilyStatus(
        environment=family.environment,
        family=family.name,
        owner=_owner(family),
        state=state,
        regions=tuple(_region(cluster) for cluster in family.clusters),
        # Of a family that is not as its records say, step and bake say nothing.
        rollout=_rollout(family, environment, now) if settled else None,
        waits_for=tuple(waits_of(family, environment, now, settled=settled)),
        skew=_skew(family, now),
        last=_last(newest_decision(family)),
        judged=_last(judged),
        verdicts=tuple(_verdict(item) for item in judged.evidence) if judged else (),
        quarantine=tuple(
            _entry(family, each) for each in in_force(fleet, family.environment, family.name)
        ),
        freezes=tuple(_freezes(environment, family, now)),
        problems=tuple(_problems(family, found)),
    )


def unreadable_status(family: Family, found: Sequence[Finding]) -> FamilyStatus:
    """The state of a family that cannot be read as a whole; ``found`` says why.

    What its clusters serve is shown where their own files and the family's can be used.
    """
    broken = {each.file for each in found if each.stops}
    heads = {family.document.path, f"clusters/{family.environment}/environment.yaml"}
    clusters = [] if heads & broken else [c for c in family.clusters if c.path not in broken]
    return FamilyStatus(
        family.environment,
        family.name,
        _owner(family),
        RolloutState.MALFORMED,
        regions=tuple(map(_region, clusters)),
        waits_for=(WaitFor(WaitKind.SETTLE),),
        problems=tuple(FamilyProblem(each.file, each.line, each.message) for each in found),
    )


def _state(family: Family, found: Sequence[Finding]) -> RolloutState:
    # Broken records first: a record that cannot be read is a finding, too.
    if unsettled(family):
        return RolloutState.BROKEN
    # In the ledger, what is no record of the family changes nothing about its state.
    if any(each.stops and each.file.startswith("clusters/") for each in found):
        return RolloutState.MALFORMED
    if find_divergences(family):
        return RolloutState.DIVERGED
    return _STATES[position_of(family).phase]


def _owner(family: Family) -> str:
    return str(value_at(family.document.value, ("metadata", "owner"), ""))


def _region(cluster: Cluster) -> RegionStatus:
    variants = tuple(
        VariantStatus(
            str(each["name"]), str(each["version"]), each["weight"], each.get("warm") is True,
            each["name"] not in forms.ROLES,
        )
        for each in cluster.variants
    )  # fmt: skip
    return RegionStatus(cluster.name, cluster.region, segment_of(cluster), variants)


def _rollout(family: Family, environment: Environment, now: datetime) -> RolloutStatus | None:
    target = running_target(family)
    if target is None:
        return None
    plan = family.spec["rollout"]
    ahead = forecast(family, environment, now)
    follows = ahead.kind is Follow.STEPS
    status = RolloutStatus(
        target.version,
        len(plan["waves"]),
        len(plan["steps"]),
        next=ahead.steps[0] if follows and ahead.steps else None,
        verified_at=ahead.verified_at if follows else None,
    )
    at, began = position_of(family), step_began(family)
    # People may have shortened the plan since the step was decided.
    if at.wave is None or at.step is None or not _is_in_plan(plan, at.wave, at.step):
        return status
    return structs.replace(
        status,
        wave=at.wave + 1,
        step=at.step + 1,
        weight=plan["steps"][at.step]["weight"],
        regions=tuple(map(str, plan["waves"][at.wave])),
        began=format_time(began) if began else None,
        overdue_at=_overdue_at(family, began, at.step),
    )


def _is_in_plan(plan: Json, wave: int, step: int) -> bool:
    return wave < len(plan["waves"]) and step < len(plan["steps"])


def _overdue_at(family: Family, began: datetime | None, step: int) -> str | None:
    """When the owner is notified that a step still waits; None where the family says no time."""
    patience = value_at(family.spec, ("rollout", "patience"))
    ends = bake_ends(family, began, step) if began else None
    return format_time(later(ends, parse_duration(patience))) if ends and patience else None


def _skew(family: Family, now: datetime) -> SkewStatus:
    variants = current_variants(family).values()
    versions = tuple(sorted({v for each in variants for v in forms.serving_versions(each)}))
    since, ends = skew_since(family), skew_ends(family)
    if len(versions) < 2 or since is None:
        return SkewStatus(versions)
    until = format_time(ends) if ends else None
    return SkewStatus(versions, format_time(since), until, skew_breached(family, now))


def _judged(family: Family) -> Decision | None:
    """The newest decision with evidence about the version that the newest decision is about.

    Since that version was proposed; None where there is none, such as after a rollback by hand.
    """
    decisions = [r.decision for r in family.records if r.decision.action not in _ABOUT_OTHERS]
    for decision in reversed(decisions):
        if decision.target.version != decisions[-1].target.version:
            break
        if decision.evidence:
            return decision
        if decision.action in (Action.PROPOSE, Action.ADOPT):
            break
    return None


def _last(decision: Decision | None) -> LastDecision | None:
    if decision is None:
        return None
    return LastDecision(
        decision.sequence, decision.action, decision.target.version, decision.decided_at,
        decision.time_given, decision.actor, decision.reason, decision.verdict, decision.id,
    )  # fmt: skip


def _verdict(item: Evidence) -> GateVerdict:
    return GateVerdict(
        str(item.gate.get("name", "")), str(item.gate.get("source", "")), item.cluster,
        item.candidate_version, item.verdict, item.reason, item.asked_at,
    )  # fmt: skip


def _entry(family: Family, entry: Json) -> QuarantineEntry:
    """An entry with the number that its version has here, where it is of another registry."""
    # A line of quarantine.yaml that people wrote may be of any form.
    version, digest, registry, model, since, reason, decision = (
        str(entry.get(key, "")) for key in _OF_ENTRIES
    )
    made = QuarantineEntry(version, digest, registry, model, since, reason, decision)
    if not entry.get(OTHER_REGISTRY):
        return made
    pointer = ("spec", "identity", "digest")
    locks = family.locks.items()
    own = next((v for v, lock in locks if value_at(lock.value, pointer) == made.digest), None)
    return structs.replace(made, version=own or made.version, other_registry=own is None)


def _freezes(environment: Environment, family: Family, now: datetime) -> Iterator[FreezeInForce]:
    for each in freezes_in_force(environment, family.name, now):
        yield FreezeInForce(str(each["name"]), str(each["until"]), str(each["reason"]))


def _problems(family: Family, found: Sequence[Finding]) -> Iterator[FamilyProblem]:
    """What is malformed, broken or diverged, each file's own problem once."""
    broken = unsettled(family)
    own = list(_own_problems(family, found))
    listed = {each.file for each in own}
    yield from (FamilyProblem(each.file, each.line, each.message) for each in own)
    for file in broken:
        if file.path not in listed:
            problem = file.problem or "a later record does not rely on it"
            yield FamilyProblem(file.path, 1, problem)
    # Where the newest record is broken, the specs differ from an older one, as they have to.
    for each in () if broken else find_divergences(family):
        yield FamilyProblem(each.file, each.line, each.difference)


def _own_problems(family: Family, found: Sequence[Finding]) -> Iterator[Finding]:
    """The findings without those of one cause that another problem names.

    A record that was changed or removed is contradicted by the one after it, which can be relied on
    all the same. And a record that cannot be relied on may contradict the chain in several ways.
    """
    relied_on = {record.decision.path for record in family.records}
    listed: set[str] = set()
    for each in found:
        of_chain = each.rule in (GAP, CHAIN, POSITION, ID)
        if of_chain and (each.file in relied_on or each.file in listed):
            continue
        listed.add(each.file)
        yield each
