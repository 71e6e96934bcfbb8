"""The rules of promotions: what one environment has verified, and what the next may take over.

All of it is judged by records alone. A number means a version of one registry, and environments
may have registries of their own, so versions of two environments are compared by the digest of
their content.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lockstep.model.decision import Action, Decision, Phase, Record
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment, Family, Fleet
from lockstep.model.promotion import Obstacle, VerifiedVersion
from lockstep.model.times import format_time, later, parse_duration, parse_time
from lockstep.rollout.divergence import has_diverged
from lockstep.rollout.position import (
    is_verified_state,
    position_of,
    running_target,
    verified_decision,
)
from lockstep.rollout.quarantine import depths, in_force, matches
from lockstep.spec import variants as forms
from lockstep.text.sanitise import one_line, record_line

_POLICY = ("spec", "promotion")


@dataclass(frozen=True, slots=True)
class Route:
    """A family in an environment, and in the predecessor that its versions come from."""

    source: Family
    target: Family

    @property
    def title(self) -> str:
        """The full name of the family that a version is promoted to: ``prod/fraud-detection``."""
        return f"{self.target.environment}/{self.target.name}"


@dataclass(frozen=True, slots=True)
class PromotionPolicy:
    """``spec.promotion`` of an environment: how long versions bake in the predecessor, and which
    families need nobody to merge their proposals.
    """

    bake: str | None
    automatic: frozenset[str]


def routes(fleet: Fleet, name: str | None = None) -> list[Route]:
    """The routes of a family, or of all, by family and from the first environment to the last."""
    found = [
        Route(before.families[family.name], family)
        for home in fleet.environments.values()
        if (before := fleet.environments.get(home.predecessor or ""))
        for family in home.families.values()
        if family.name in before.families and name in (None, family.name)
    ]
    depth = depths(fleet)
    return sorted(
        found, key=lambda each: (each.target.name, depth[each.target.environment], each.title)
    )


def policy_of(environment: Environment) -> PromotionPolicy | None:
    """The promotion policy of an environment; None where it declares none."""
    declared = value_at(environment.document.value, _POLICY)
    if not isinstance(declared, dict):
        return None
    listed = declared.get("automatic")
    names = frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
    return PromotionPolicy(declared.get("bake"), names)


def verified_now(family: Family) -> VerifiedVersion | None:
    """The version that a family has verified and returns to: after a rollback that of the state
    restored.

    None where there is none, or where that state has several versions in the role stable.
    """
    decision = verified_decision(family)
    record = decision and next(r for r in family.records if r.decision is decision)
    return _verified(family, record) if record and _has_one_version(record.decision) else None


def verified_of(family: Family, digest: str) -> VerifiedVersion | None:
    """The newest record that verified this content, unless it was rolled back since then."""
    for record in reversed(family.records):
        decision = record.decision
        if _verifies(decision, digest):
            rolled_back = rolled_back_since(family, decision.sequence, digest)
            return None if rolled_back else _verified(family, record)
    return None


def all_verified(family: Family) -> tuple[VerifiedVersion, ...]:
    """Every version that a record verified and that was not rolled back since, in their order."""
    return tuple(
        _verified(family, record)
        for record in family.records
        if (decision := record.decision) and _verifies(decision, decision.target.digest)
        and not rolled_back_since(family, decision.sequence, decision.target.digest)
    )  # fmt: skip


def rolled_back_since(family: Family, sequence: int, digest: str) -> Decision | None:
    """The first decision after a record that rolled this content back, or put it into quarantine;
    None where there is none.
    """
    later_on = (r.decision for r in family.records if r.decision.sequence > sequence)
    return next((each for each in later_on if _rolls_back(each, sequence, digest)), None)


def _rolls_back(decision: Decision, sequence: int, digest: str) -> bool:
    if decision.target.digest != digest:
        return False
    # A restore names the version that it rolls back; or, of specs that were edited, the one that
    # they return to. Of a proposal that is withdrawn, the state is one that came later.
    restored = decision.restored.sequence if decision.restored else sequence
    away = decision.action in (Action.SHIFT, Action.RETIRE)
    return decision.quarantines or away or restored < sequence


def serves_since(family: Family, verified: VerifiedVersion) -> datetime:
    """Since when a verified version has had traffic in every cluster (aware, UTC), by records.

    Since the record that verified it, or the one that brought it back later.
    """
    since, served = parse_time(verified.since), True
    for record in family.records:
        each = record.decision
        if each.sequence <= verified.sequence:
            continue
        serves = all(forms.weight_of(own, verified.version) > 0 for own in each.variants.values())
        if serves and not served:
            since = max(since, parse_time(each.decided_at))
        served = serves
    return since


def why_unsettled(source: Family) -> Obstacle | None:
    """Why nothing may be promoted from a family as it is now, whichever version; None: it may."""
    title = f"{source.environment}/{source.name}"
    at = position_of(source)
    if has_diverged(source):
        return Obstacle(
            f"{title} has diverged from its records, so it is not known what is verified there",
            f"settle it first: lockstep status {title} shows what differs",
        )
    if at.phase is Phase.SHIFTED:
        target = running_target(source)
        return Obstacle(
            f"{title} is being rolled back from version {target.version if target else '?'}: its "
            "traffic is shifted, and what it returns to is not restored yet",
            f"let lockstep advance {title} finish the rollback, then promote again",
            waits=True,
        )
    return None


def promotable(fleet: Fleet, source: Family) -> VerifiedVersion | Obstacle:
    """The version that a family may give to the next environment, or why it has none.

    ``source`` holds only records that can be relied on (see ``chain.judged``), and ``fleet`` has
    its quarantines and those of earlier environments.
    """
    if obstacle := why_unsettled(source):
        return obstacle
    verified = verified_now(source)
    if verified is None:
        title = f"{source.environment}/{source.name}"
        several = verified_decision(source) is not None
        what = "serves several versions in its verified state" if several else "has verified none"
        return Obstacle(
            f"{title} {what}, so there is no version to promote",
            f"bring one version through its rollout there: lockstep propose {title} VERSION",
            waits=True,
        )
    return quarantined(fleet, source, verified) or verified


def quarantined(fleet: Fleet, family: Family, verified: VerifiedVersion) -> Obstacle | None:
    """Why a verified version may serve neither where it was verified, nor in an environment from
    there up to that of ``family``: it is in quarantine. None where it is not.
    """
    named = family.environment == verified.environment
    registry, model = (value_at(family.spec, ("model", key)) for key in ("registry", "name"))
    version = verified.version if named else ""  # its number in another environment is another's
    known = {"registry": registry, "model": model, "version": version, "digest": verified.digest}
    for entry in in_force(fleet, family.environment, family.name, [verified.digest]):
        if matches(entry, **known):
            return Obstacle(
                f"version {verified.version} of {verified.environment}/{verified.family} is in "
                f"quarantine since {one_line(str(entry.get('since')), 80)}: "
                f"{record_line(str(entry.get('reason')))}",
                "promote a version in which that is corrected; only where the quarantine was a "
                "mistake, end it with lockstep release where it was made",
            )
    return None


def serves_everywhere(family: Family, digest: str) -> bool:
    """Whether this content has all traffic of the roles in every cluster of a family."""
    serving = [forms.serving_versions(cluster.variants) for cluster in family.clusters]
    return bool(serving) and all(
        bool(versions) and all(family.digest_of(each) == digest for each in versions)
        for versions in serving
    )


def why_older(
    source: Family, target: Family, verified: VerifiedVersion, number: str | None = None
) -> str:
    """Why a version is older than what serves in the target; empty where it is not.

    Older is what the source verified before it verified what serves there. Of what the source
    does not know, the one with the lower ``number`` in the target's registry; None where the
    number is not known yet.
    """
    title = f"{target.environment}/{target.name}"
    serving = {v for each in target.clusters for v in forms.serving_versions(each.variants)}
    for version in sorted(serving):
        digest = target.digest_of(version)
        if digest == verified.digest:
            continue
        last = _last_verified(source, digest)
        if last is not None and last.sequence > verified.sequence:
            return (
                f"version {version} serves in {title}, which {source.environment}/{source.name} "
                f"has verified later, as its version {last.target.version} in record "
                f"{last.sequence}"
            )
        if last is None and number is not None and not _is_higher(number, version):
            return (
                f"version {version} serves in {title}, and version {number} was registered before "
                "it"
            )
    return ""


def still_bakes(
    environment: Environment, source: Family, verified: VerifiedVersion, now: datetime
) -> Obstacle | None:
    """Why a version has not baked in the predecessor for as long as the environment asks for."""
    policy = policy_of(environment)
    if policy is None or policy.bake is None:
        return None
    since = serves_since(source, verified)
    ends = later(since, parse_duration(policy.bake))
    if now >= ends:
        return None
    return Obstacle(
        f"version {verified.version} has served as verified in {source.environment}/{source.name} "
        f"since {format_time(since)}, and {environment.name} asks for {policy.bake}: until "
        f"{format_time(ends)}",
        "promote it then",
        until=format_time(ends),
        waits=True,
    )


def _verified(family: Family, record: Record) -> VerifiedVersion:
    decision = record.decision
    target = decision.target
    return VerifiedVersion(
        family.environment, family.name, target.version, target.digest, decision.sequence,
        record.digest, decision.decided_at,
    )  # fmt: skip


def _verifies(decision: Decision, digest: str) -> bool:
    same = decision.target.digest == digest
    return same and is_verified_state(decision) and _has_one_version(decision)


def _has_one_version(decision: Decision) -> bool:
    """Whether the version that a record names is stable in every cluster after it.

    An adoption names one version of a state in which clusters may differ.
    """
    stable = {_stable(variants) for variants in decision.variants.values()}
    return stable == {decision.target.version}


def _stable(variants: Json) -> str | None:
    found = forms.role(variants, forms.STABLE)
    return found["version"] if found else None


def _last_verified(family: Family, digest: str | None) -> Decision | None:
    """The newest decision that verified this content, whatever became of it since."""
    decisions: Iterator[Decision] = (record.decision for record in reversed(family.records))
    return next((each for each in decisions if digest and _verifies(each, digest)), None)


def _is_higher(number: str, than: str) -> bool:
    """Whether a version has the higher number; what cannot be compared is not higher."""
    return number.isdigit() and than.isdigit() and int(number) > int(than)
