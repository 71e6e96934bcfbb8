"""A family over its environments: a pure function of the specs, the ledgers and the time.

What may be promoted is what ``lockstep.rollout.promotion`` says. Only what a registry would have to
be asked for is left out: which version of the next environment has the same content.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import structs

from lockstep.model.decision import Action
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment, Family, Fleet
from lockstep.model.promotion import Obstacle, VerifiedVersion
from lockstep.model.side_by_side import (
    BehindStatus,
    EnvironmentStatus,
    ObstacleKind,
    ObstacleStatus,
    OpenProposal,
    QuarantinedLater,
    SideBySide,
    VersionSince,
)
from lockstep.model.status import FamilyStatus, RolloutState
from lockstep.model.times import format_time
from lockstep.rollout.position import verified_decisions
from lockstep.rollout.promotion import (
    Route,
    policy_of,
    promotable,
    quarantined,
    serves_everywhere,
    still_bakes,
    why_older,
)
from lockstep.rollout.quarantine import depths, entries_of, matches, seen_from, up_to
from lockstep.rollout.registries import other_registry
from lockstep.rollout.verified_versions import serves_since, verified_now
from lockstep.spec.freezes import freezes_in_force
from lockstep.text.sanitise import quoted, record_line

_UNRELIABLE = (RolloutState.MALFORMED, RolloutState.BROKEN)

Proposals = Sequence[OpenProposal] | str
"""The open proposals of a family; a text says why they are not known."""


def side_by_side(
    fleet: Fleet,
    states: Collection[FamilyStatus],
    proposals: Mapping[str, Proposals],
    now: datetime,
) -> tuple[SideBySide, ...]:
    """The families that ``states`` has of several environments, by name.

    ``fleet`` has them with their judged records; one that cannot be read is missing from it.
    ``proposals`` are those of a family by ``<environment>/<family>``.
    """
    by_name: dict[str, list[FamilyStatus]] = {}
    for each in states:
        by_name.setdefault(each.family, []).append(each)
    depth = depths(fleet)
    return tuple(
        SideBySide(
            name,
            tuple(
                _environment(fleet, each, found, proposals.get(each.title, ()), now)
                for each in sorted(
                    found, key=lambda one: (depth.get(one.environment, 0), one.environment)
                )
            ),
        )
        for name, found in sorted(by_name.items())
        if len(found) > 1
    )


def _environment(
    fleet: Fleet,
    status: FamilyStatus,
    beside: Sequence[FamilyStatus],
    proposals: Proposals,
    now: datetime,
) -> EnvironmentStatus:
    serving = sorted({v.version for region in status.regions for v in region.serving})
    made = EnvironmentStatus(
        status.environment, status.state, tuple(serving),
        rollout=status.rollout.version if status.rollout else None,
    )  # fmt: skip
    home = fleet.environments.get(status.environment)
    family = home.families.get(status.family) if home else None
    if home is None or family is None:  # it cannot be read
        return made
    later = tuple(_quarantined_later(fleet, home, family))
    verified = verified_now(family)
    made = structs.replace(
        made, verified=verified and _since(family, verified), quarantined_later=later
    )
    before = fleet.environments.get(home.predecessor or "")
    source = before.families.get(family.name) if before else None
    if before is None or source is None:
        return made
    route = Route(source, family)
    state = next((each.state for each in beside if each.environment == before.name), None)
    due = _due(fleet, route, state)
    made = structs.replace(
        made, predecessor=before.name, behind=_behind(source, verified) if verified else None
    )
    if due is None:
        return made
    if isinstance(due, Obstacle):
        return structs.replace(made, obstacles=(_obstacle(ObstacleKind.PREDECESSOR, due),))
    found = tuple(_obstacles(fleet, home, route, due, status, proposals, now))
    return structs.replace(made, due=_since(source, due), obstacles=found)


def _since(family: Family, verified: VerifiedVersion) -> VersionSince:
    since = format_time(serves_since(family, verified))
    return VersionSince(verified.version, verified.digest, since, verified.sequence)


def _due(
    fleet: Fleet, route: Route, state: RolloutState | None
) -> VerifiedVersion | Obstacle | None:
    """The predecessor's version, unless it is here; or why the predecessor has none to give."""
    source, target = route.source, route.target
    given = verified_now(source)
    here = verified_now(target)
    same = given is not None and here is not None and given.digest == here.digest
    if same and given and serves_everywhere(target, given.digest):
        return None
    if state in _UNRELIABLE:
        title = f"{source.environment}/{source.name}"
        return Obstacle(
            f"{title} is {state.value}, so it is not known what is verified there",
            f"settle it first: lockstep status {title} shows the problem",
        )
    return promotable(fleet, source)


def _behind(source: Family, verified: VerifiedVersion) -> BehindStatus:
    """How far the version of here is behind what the predecessor can return to."""
    newer: dict[str, str] = {}
    for decision in verified_decisions(source):
        if decision.target.digest == verified.digest:
            return BehindStatus(len(newer), list(newer.values())[-1] if newer else None)
        # The first record of a version counts: an adoption may repeat it.
        newer[decision.target.digest] = decision.decided_at
    away = (Action.SHIFT, Action.RESTORE)
    back = next(
        (
            record.decision.decided_at
            for record in reversed(source.records)
            if record.decision.action in away and record.decision.target.digest == verified.digest
        ),
        None,
    )
    return BehindStatus(None, rolled_back_at=back)


def _obstacles(
    fleet: Fleet,
    home: Environment,
    route: Route,
    due: VerifiedVersion,
    status: FamilyStatus,
    proposals: Proposals,
    now: datetime,
) -> Iterator[ObstacleStatus]:
    """What keeps a version from the next environment, what time does not end first."""
    target = route.target
    if barred := quarantined(fleet, target, due):
        yield _obstacle(ObstacleKind.QUARANTINE, barred)
    if older := why_older(route.source, target, due, _number_here(fleet, home, route, due)):
        fix = f"lockstep promote {route.title} VERSION promotes it all the same"
        yield ObstacleStatus(ObstacleKind.OLDER, f"it is older: {older}", fix)
    if status.state is not RolloutState.STEADY:
        yield _of_state(status, due, target)
    if isinstance(proposals, str):
        text = f"open proposals are not known: {record_line(proposals)}"
        yield ObstacleStatus(ObstacleKind.PROPOSAL, text)
    else:
        yield from (_of_proposal(each, due) for each in proposals)
    if bakes := still_bakes(home, route.source, due, now):
        yield _obstacle(ObstacleKind.BAKE, bakes)
    for each in freezes_in_force(home, target.name, now):
        name, reason = quoted(str(each["name"]), 80), record_line(str(each["reason"]))
        text = f"the freeze {name} holds: {reason}"
        yield ObstacleStatus(ObstacleKind.FREEZE, text, until=str(each["until"]))
    if policy_of(home) is None:
        text = f"lockstep promote --all leaves {home.name} out: it has no spec.promotion"
        yield ObstacleStatus(ObstacleKind.POLICY, text)


def _number_here(fleet: Fleet, home: Environment, route: Route, due: VerifiedVersion) -> str | None:
    """The version's number in the registry of the target; None where that is another registry."""
    models = [value_at(each.spec, ("model",)) for each in (route.source, route.target)]
    registry = value_at(models[1], ("registry",))
    other = other_registry(home, fleet.environments[due.environment], registry)
    return due.version if models[0] == models[1] and not other else None


def _obstacle(kind: ObstacleKind, found: Obstacle) -> ObstacleStatus:
    return ObstacleStatus(kind, found.text, found.fix, found.until)


def _of_state(status: FamilyStatus, due: VerifiedVersion, target: Family) -> ObstacleStatus:
    """That the family here is not steady: a rollout is not over, or something is wrong."""
    title, state = status.title, status.state.value
    if status.rollout is None:
        show = f"lockstep status {title} shows what to do"
        return ObstacleStatus(ObstacleKind.STATE, f"{title} is {state}", show)
    version = status.rollout.version
    if target.digest_of(version) == due.digest:
        return ObstacleStatus(ObstacleKind.STATE, f"it is {state} there as version {version}")
    fix = f"verify version {version} or roll it back first: lockstep revert {title} {version}"
    return ObstacleStatus(ObstacleKind.STATE, f"version {version} is {state} there", fix)


def _of_proposal(proposal: OpenProposal, due: VerifiedVersion) -> ObstacleStatus:
    branch = quoted(proposal.branch, 200)
    if proposal.digest == due.digest:
        text = f"its proposal is open on {branch}"
        return ObstacleStatus(ObstacleKind.PROPOSAL, text, "merge that branch")
    return ObstacleStatus(
        ObstacleKind.PROPOSAL,
        f"version {quoted(proposal.version, 80)} is proposed on {branch}",
        "merge that branch, or delete it",
    )


def _quarantined_later(
    fleet: Fleet, home: Environment, family: Family
) -> Iterator[QuarantinedLater]:
    """The versions that a family has in use, and that a later environment has in quarantine."""
    registry, model = (value_at(family.spec, ("model", key)) for key in ("registry", "name"))
    used = dict(_in_use(family))
    for later in fleet.environments.values():
        known = later.families.get(family.name)
        if (
            known is None
            or later is home
            or home.name not in (e.name for e in up_to(fleet, later.name))
        ):
            continue
        for entry in seen_from(home, later, entries_of(known)):
            for version, digest in used.items():
                if matches(entry, registry=registry, model=model, version=version, digest=digest):
                    yield _entry(later.name, version, entry)


def _entry(environment: str, version: str, entry: Json) -> QuarantinedLater:
    # A line of quarantine.yaml that people wrote may be of any form.
    since, reason, decision = (str(entry.get(key, "")) for key in ("since", "reason", "decision"))
    return QuarantinedLater(environment, version, since, reason, decision)


def _in_use(family: Family) -> Iterator[tuple[str, str]]:
    """The versions with a place in a cluster, each with the digest of its content."""
    for cluster in family.clusters:
        for variant in cluster.variants:
            version = str(variant["version"])
            yield version, family.digest_of(version) or ""
