"""Regions: those of the environment, those of the clusters, and those of a rollout's waves."""

from collections.abc import Collection, Iterator, Sequence

from lockstep.model.document import Json, Pointer, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.spec.place import Place, related
from lockstep.spec.structure.lists import InvalidPlaces, entries
from lockstep.text.phrases import brief, known_names

_WAVES = ("spec", "rollout", "waves")


def regions_of(environment: Environment, invalid: InvalidPlaces) -> list[str]:
    """The names of the environment's regions, sorted; none where a name is not valid."""
    names = [value_at(item, ("name",)) for item in entries(environment.spec, ("regions",))]
    pointers = [("spec", "regions", index, "name") for index in range(len(names))]
    wrong = any(invalid.within(environment.document, pointer) for pointer in pointers)
    # Where one name is in doubt, a region that looks unknown may be that one.
    return [] if wrong or not all(isinstance(name, str) for name in names) else sorted(names)


def check_regions(
    cluster: Cluster, environment: Environment, known: Sequence[str]
) -> Iterator[Finding]:
    """Whether the environment has the region that a cluster names; ``known`` are regions_of it."""
    region = value_at(cluster.effective, ("spec", "region"))
    if isinstance(region, str) and known and region not in known:
        place = Place.in_cluster(cluster, ("spec", "region"))
        yield _unknown(place, region, known, environment)


def check_waves(
    family: Family,
    environment: Environment,
    known: Sequence[str],
    invalid: InvalidPlaces,
    *,
    whole: bool,
) -> Iterator[Finding]:
    """Whether the waves name each region that the family has a cluster in, and no other.

    ``known`` are regions_of the environment. With ``whole`` false some clusters may not have been
    read.
    """
    named: dict[str, Place] = {}
    unknown = False
    served = {cluster.region for cluster in family.clusters}
    # A cluster with a misspelt region may be the one that a wave seems to lack.
    whole = whole and bool(served) and (not known or served <= set(known))
    for pointer, region in _regions_in_waves(family):
        place = Place(family.document, pointer)
        if region in named:
            says = f"duplicate entry: the region {brief(region)} is already in a wave"
            first = named[region].related_as("the first of the two")
            fix = "name each region once"
            yield place.finding("structure.duplicate-region", says, fix, others=[first])
        elif known and region not in known:
            unknown = True
            yield _unknown(place, region, known, environment)
        elif whole and region not in served:
            says = f"a wave names {brief(region)}, where the family has no cluster"
            fix = "remove the region, or add a cluster in it"
            yield place.finding("structure.wave-without-cluster", says, fix)
        named.setdefault(region, place)
    # An unknown region may be the one that seems to be missing: one finding for one mistake.
    certain = not unknown and not invalid.within(family.document, _WAVES)
    if certain and _are_lists(value_at(family.document.value, _WAVES)):
        yield from _outside_waves(family, named.keys(), known)


def _regions_in_waves(family: Family) -> Iterator[tuple[Pointer, str]]:
    for index, wave in enumerate(entries(family.document.value, _WAVES)):
        for place, region in enumerate(entries(wave, ())):
            if isinstance(region, str):
                yield (*_WAVES, index, place), region


def _are_lists(waves: Json) -> bool:
    return isinstance(waves, list) and all(
        isinstance(wave, list) and all(isinstance(region, str) for region in wave) for wave in waves
    )


def _outside_waves(
    family: Family, in_waves: Collection[str], known: Sequence[str]
) -> Iterator[Finding]:
    for cluster in family.clusters:
        if cluster.region in known and cluster.region not in in_waves:
            yield Place.in_cluster(cluster, ("spec", "region")).finding(
                "structure.region-in-no-wave",
                f"no wave of the family names {brief(cluster.region)}, so no rollout reaches it",
                f"add the region to spec.rollout.waves in {family.document.path}",
                others=[related(family.document, _WAVES, "the waves")],
            )


def _unknown(place: Place, region: str, known: Sequence[str], environment: Environment) -> Finding:
    """None of the known is proposed: the most alike may be in another jurisdiction."""
    listed = related(environment.document, ("spec", "regions"), "the regions")
    return place.finding(
        "structure.unknown-region",
        f"{place.field} is {brief(region)}, which is not a region of this environment",
        f"its regions are {known_names(known)}; name one of them, or add this one to "
        f"{environment.document.path}",
        others=[listed],
    )
