"""The rules of promotions: what one environment has verified, and what the next may take over.

All of it is judged by records alone. A number means a version of one registry, and environments
may have registries of their own, so versions of two environments are compared by the digest of
their content.
"""

from dataclasses import dataclass
from datetime import datetime

from lockstep.model.decision import Phase
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment, Family, Fleet
from lockstep.model.promotion import Obstacle, VerifiedVersion
from lockstep.model.times import format_time, later, parse_duration
from lockstep.rollout.divergence import has_diverged
from lockstep.rollout.position import position_of, running_target, verified_decision
from lockstep.rollout.quarantine import depths, in_force, matches
from lockstep.rollout.verified_versions import serves_since, verified_now, verifying_record
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

    @property
    def source_title(self) -> str:
        """The full name of the family that a version is promoted from."""
        return f"{self.source.environment}/{self.source.name}"


@dataclass(frozen=True, slots=True)
class PromotionPolicy:
    """``spec.promotion`` of an environment: how long versions bake in the predecessor, and which
    families need nobody to merge their proposals. ``bake`` is as written: None where it is not.
    """

    bake: Json
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
        record = verifying_record(source, digest)
        last = record.decision if record else None
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
    try:
        bake = parse_duration(policy.bake)
    except (TypeError, ValueError):  # the file is malformed, which stops what follows, too
        place = environment.document.path
        return Obstacle(f"spec.promotion.bake is not a length of time in {place}", f"edit {place}")
    since = serves_since(source, verified)
    ends = later(since, bake)
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


def _is_higher(number: str, than: str) -> bool:
    """Whether a version has the higher number; what cannot be compared is not higher."""
    return number.isdigit() and than.isdigit() and int(number) > int(than)
