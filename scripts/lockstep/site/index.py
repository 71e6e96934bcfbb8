"""What the first page shows: the families, what needs people first, freezes and waivers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lockstep.model.fleet_page import FleetPage
from lockstep.model.status import (
    FamilyStatus,
    FreezeInForce,
    RegionStatus,
    RolloutState,
    VariantStatus,
)

_URGENCY = tuple(RolloutState)

_LOOKS = {
    RolloutState.MALFORMED: "bad", RolloutState.BROKEN: "bad", RolloutState.DIVERGED: "bad",
    RolloutState.SHIFTED: "bad", RolloutState.HELD: "warning", RolloutState.ROLLING: "running",
    RolloutState.PROPOSED: "running", RolloutState.NEW: "warning", RolloutState.STEADY: "good",
}  # fmt: skip


MOST_WHOLE = 500
"""So many families are shown with what they wait for and serve: those that need people first.

The others have their name and state, so that the first page of a large fleet stays one that a
phone can load; their own pages have everything.
"""

_NAMED = 6
"""Clusters that are named where several serve the same: a family may have hundreds."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze that holds now, with the families that it stops, of one environment."""

    environment: str
    freeze: FreezeInForce
    families: tuple[str, ...]
    everything: bool


def by_urgency(families: Sequence[FamilyStatus]) -> list[FamilyStatus]:
    """What needs people most first; by name where that is the same."""
    return sorted(families, key=lambda each: (_URGENCY.index(each.state), each.title))


def states(families: Sequence[FamilyStatus]) -> list[tuple[RolloutState, int]]:
    """The states that families are in, and how many each has, the most urgent first."""
    found = Counter(each.state for each in families)
    return [(state, found[state]) for state in _URGENCY if found[state]]


def look(state: RolloutState) -> str:
    """The class of a state: ``bad``, ``warning``, ``running`` or ``good``."""
    return _LOOKS[state]


def freezes(page: FleetPage) -> list[Frozen]:
    """The freezes that hold now, the first one to end first."""
    return sorted(_freezes(page), key=lambda each: (each.freeze.until, each.environment))


def _freezes(page: FleetPage) -> Iterator[Frozen]:
    found: dict[tuple[str, FreezeInForce], list[str]] = {}
    sizes = Counter(each.environment for each in page.status.families)
    for family in page.status.families:
        for each in family.freezes:
            found.setdefault((family.environment, each), []).append(family.family)
    for (environment, freeze), names in found.items():
        yield Frozen(environment, freeze, tuple(names), len(names) == sizes[environment])


def alike(regions: Sequence[RegionStatus]) -> list[tuple[str, RegionStatus]]:
    """What serves, once for all clusters that have the same: their names, and one of them."""
    found: dict[object, list[RegionStatus]] = {}
    for each in regions:
        found.setdefault(each.serving, []).append(each)
    times = Counter(each.region for each in regions)
    return [
        (", ".join(_place(each, times) for each in same[:_NAMED]) + _more(len(same)), same[0])
        for same in found.values()
    ]


def served(variants: Sequence[VariantStatus]) -> str:
    """``90% version 2, 10% version 3``: who gets the traffic; the arms of an experiment by name."""
    # Arms are marked: they are no part of the rollout.
    return ", ".join(
        f"{each.weight}% version {each.version}"
        + (f" (arm {each.name})" if each.experiment else "")
        for each in variants
    ) or "nothing"  # fmt: skip


def _more(number: int) -> str:
    return f" and {number - _NAMED} more" if number > _NAMED else ""


def _place(region: RegionStatus, times: Counter[str]) -> str:
    # By the region where it is the only cluster of the family there.
    return region.region if region.region and times[region.region] == 1 else region.cluster
