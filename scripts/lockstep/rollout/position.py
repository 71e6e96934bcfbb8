"""Where a family stands: its newest record, and whether the specs still agree with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from lockstep.model.clock import later, parse_duration, parse_time
from lockstep.model.decision import Action, Decision, Phase, Position, Target, Variants
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Family
from lockstep.spec import variants as forms

_ROLLING_ACTIONS = (Action.PROPOSE, Action.ADVANCE)


@dataclass(frozen=True)
class Divergence:
    """A cluster whose variants are not those of the newest record."""

    cluster: str
    file: str
    line: int
    recorded: Variants | None
    found: Variants | None

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.cluster} has {brief(self.found)}, "
            f"the record says {brief(self.recorded)}"
        )


def newest(family: Family) -> Decision | None:
    """The newest decision of a family, or None for one that has no ledger."""
    return family.records[-1].decision if family.records else None


def position(family: Family) -> Position:
    """Where the newest record left the family."""
    decision = newest(family)
    return decision.to if decision else Position(Phase.NEW)


def current_variants(family: Family) -> dict[str, Variants]:
    """The variants in the specs, by cluster name."""
    return {cluster.name: cluster.variants for cluster in family.clusters}


def divergences(family: Family) -> list[Divergence]:
    """How the specs differ from the newest record; empty where there is none to differ from."""
    decision = newest(family)
    if decision is None:
        return []
    clusters = {cluster.name: cluster for cluster in family.clusters}
    names = sorted(clusters.keys() | decision.variants.keys())
    found = (_compare(name, clusters.get(name), decision, family) for name in names)
    return [divergence for divergence in found if divergence]


def _compare(
    name: str, cluster: Cluster | None, decision: Decision, family: Family
) -> Divergence | None:
    recorded = decision.variants.get(name)
    if cluster is None:
        return Divergence(name, family.document.path, 1, recorded, None)
    if recorded is not None and same_variants(recorded, cluster.variants):
        return None
    where = cluster.locate(("spec", "variants"))
    return Divergence(name, where.file, where.line, recorded, cluster.variants)


def target(family: Family) -> Target | None:
    """The version that the running rollout is about, or None outside of one.

    A release in the middle of it is about another version, and changes nothing.
    """
    if position(family).phase in (Phase.NEW, Phase.STEADY):
        return None
    decisions = (record.decision for record in reversed(family.records))
    return next((d.target for d in decisions if d.action is not Action.RELEASE), None)


def verified_decision(family: Family, *, barred: Collection[str] = ()) -> Decision | None:
    """The newest decision with a verified state to return to in which no barred version serves."""
    for record in reversed(family.records):
        decision = record.decision
        if decision.verified_state and not (_versions(decision) & set(barred)):
            return decision
    return None


def step_began(family: Family) -> datetime | None:
    """When the running step was decided (aware, UTC): the bake counts from here."""
    for record in reversed(family.records):
        if record.decision.action in (*_ROLLING_ACTIONS, Action.RESUME):
            return parse_time(record.decision.decided_at)
    return None


def bake_ends(family: Family, began: datetime, step: int) -> datetime | None:
    """When a step has baked; None where people have taken it out of the plan since it began."""
    steps = family.spec["rollout"]["steps"]
    return later(began, parse_duration(steps[step]["bake"])) if step < len(steps) else None


def plan_changed(family: Family) -> bool:
    """Whether people have changed waves or weights since the running step was decided.

    A position counts in them, so in others it would leave out a cluster or move one twice. Other
    bakes are only longer or shorter.
    """
    for record in reversed(family.records):
        if record.decision.action is Action.ADVANCE:
            now: Json = family.spec["rollout"]
            return _order(record.decision.plan) != _order(now)
    return False


def _order(plan: Json) -> tuple[Json, list[Json]]:
    steps = value_at(plan, ("steps",), [])
    return value_at(plan, ("waves",)), [value_at(step, ("weight",)) for step in steps]


def clusters_of_wave(family: Family, wave: int) -> tuple[Cluster, ...]:
    """The clusters that move together in that wave, by their regions."""
    regions = family.spec["rollout"]["waves"][wave]
    return tuple(cluster for cluster in family.clusters if cluster.region in regions)


def following(family: Family, at: Position) -> Position | None:
    """The position after ``at``; None after the last step of the last wave."""
    waves, steps = family.spec["rollout"]["waves"], family.spec["rollout"]["steps"]
    if at.wave is None or at.step is None:
        return Position(Phase.ROLLING, 0, 0)
    if at.step + 1 < len(steps):
        return Position(Phase.ROLLING, at.wave, at.step + 1)
    if at.wave + 1 < len(waves):
        return Position(Phase.ROLLING, at.wave + 1, 0)
    return None


def skew_since(family: Family) -> datetime | None:
    """Since when more than one version serves, by the records; None where one does."""
    since = None
    for record in reversed(family.records):
        if versions_with_weight(record.decision.variants) < 2:
            break
        since = parse_time(record.decision.decided_at)
    return since


def skew_breached(family: Family, now: datetime) -> bool:
    """Whether the skew has lasted longer than ``consistency.maxSkewDuration``."""
    since = skew_since(family)
    bound = family.spec.get("consistency", {}).get("maxSkewDuration")
    return bool(since and bound and now - since > parse_duration(bound))


def versions_with_weight(variants: Mapping[str, Variants]) -> int:
    """How many distinct versions serve in a family, experiments left out."""
    return len({v for each in variants.values() for v in forms.serving_versions(each)})


def rollout_facts(family: Family, now: datetime) -> Json:
    """What rules may know of the rollout: position, way-back versions, whether specs agree."""
    at = position(family)
    decision = newest(family)
    adopted = decision is not None and decision.action is Action.ADOPT
    differences = divergences(family)
    return {
        **at.to_json(),
        "verified": sorted(verified_versions(family)),
        "adopted": adopted and not differences,
        "diverged": bool(differences),
        "divergences": [
            {"cluster": d.cluster, "found": brief(d.found), "recorded": brief(d.recorded)}
            for d in differences
        ],
        "skewBreached": skew_breached(family, now),
    }


def moved_at(family: Family, now: datetime) -> datetime:
    """When the family came to stand as it does: its newest decision's time, else ``now``."""
    decision = newest(family)
    if decision is None or divergences(family):
        return now
    return parse_time(decision.decided_at)


def verified_versions(family: Family) -> set[str]:
    """The versions of all states that the family can return to."""
    return {
        version
        for record in family.records
        if record.decision.verified_state
        for version in _versions(record.decision)
    }


def _versions(decision: Decision) -> set[str]:
    return {variant["version"] for each in decision.variants.values() for variant in each}


def brief(variants: Variants | None) -> str:
    """``stable 41@90, candidate 42@10`` for a message."""
    if variants is None:
        return "no variants"
    return ", ".join(f"{v.get('name')} {v.get('version')}@{v.get('weight')}" for v in variants)


def same_variants(one: Variants, other: Variants) -> bool:
    """Whether two lists hold the same variants, in whatever order."""
    return _by_name(one) == _by_name(other)


def _by_name(variants: Variants) -> list[Json]:
    return sorted(variants, key=lambda v: str(v.get("name")))
