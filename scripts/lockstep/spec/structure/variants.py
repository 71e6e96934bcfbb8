"""The roles of the variants of one cluster."""

from collections.abc import Iterator
from itertools import compress

from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import InvalidPlaces, entries, keys_of
from lockstep.spec.variants import CANDIDATE, PREVIOUS, ROLES, STABLE
from lockstep.text.phrases import alternatives, brief, closest, known_names

_VARIANTS = ("spec", "variants")
_TERMS = ("spec", "experiments")


def check_variants(cluster: Cluster, invalid: InvalidPlaces) -> Iterator[Finding]:
    """One stable variant, each name once, one rollout at a time, experiments marked as such."""
    variants = entries(cluster.effective, _VARIANTS)
    if not variants:
        return
    named = [v for v in variants if isinstance(v, dict) and isinstance(v.get("name"), str)]
    # The schema reports a missing name; without all names the roles are not known.
    if len(named) < len(variants):
        return
    names = [variant["name"] for variant in variants]
    yield from _duplicates(cluster, names)
    places = [cluster.origin((*_VARIANTS, index)) for index in range(len(names))]
    certain = [not invalid.within(*place) for place in places]
    yield from _experiments(cluster, list(compress(enumerate(variants), certain)))
    yield from _roles(cluster, names, variants, whole=all(certain))
    # A misspelt arm may be the one that the terms belong to.
    if all(certain):
        yield from _terms(cluster, [name for name in names if name not in ROLES])


def _duplicates(cluster: Cluster, names: list[str]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name in names[:index]:
            first = Place.in_cluster(cluster, (*_VARIANTS, names.index(name), "name"))
            yield Place.in_cluster(cluster, (*_VARIANTS, index, "name")).finding(
                "structure.duplicate-variant",
                f"duplicate entry: the variant {brief(name)} is already in this list",
                "give each variant a name of its own, or remove one of the two",
                others=[first.related_as("the first of the two")],
            )


def _roles(cluster: Cluster, names: list[str], variants: Json, *, whole: bool) -> Iterator[Finding]:
    whole = whole and not any(map(_is_unmarked_arm, variants))  # the same mistake, reported already
    if STABLE not in names and whole:
        yield Place.in_cluster(cluster, _VARIANTS).finding(
            "structure.no-stable-variant",
            "no variant has the name stable",
            "give the variant that serves the traffic now the name stable",
            at_key=True,
        )
    if CANDIDATE in names and PREVIOUS in names:
        yield Place.in_cluster(cluster, (*_VARIANTS, names.index(PREVIOUS), "name")).finding(
            "structure.candidate-and-previous",
            "the variants have a candidate and a previous version, which belong to two rollouts",
            "finish or revert one rollout before the next begins",
        )


def _experiments(cluster: Cluster, variants: list[tuple[int, Json]]) -> Iterator[Finding]:
    for index, variant in variants:
        name = variant["name"]
        place = Place.in_cluster(cluster, (*_VARIANTS, index, "name"))
        if name in ROLES and variant.get("experiment") is True:
            yield place.finding(
                "structure.experiment",
                f"{name} is a role of a rollout, but the variant has experiment: true",
                "give the arm of the experiment another name, or remove experiment: true",
            )
        elif _is_unmarked_arm(variant):
            suggestion = closest(name, ROLES)
            guess = f"; did you mean {suggestion}?" if suggestion else ""
            yield place.finding(
                "structure.experiment",
                f"{brief(name)} is not a role of a rollout, and has no experiment: true",
                f"add experiment: true, or name it {alternatives(ROLES)}{guess}",
            )


def _terms(cluster: Cluster, arms: list[str]) -> Iterator[Finding]:
    """The terms of experiments belong to arms that exist."""
    unknown = [name for name in keys_of(cluster.effective, _TERMS) if name not in arms]
    fix = "remove its terms, or add the variant"
    if arms:
        fix = f"the arms here are {known_names(arms)}; name one of them, or {fix}"
    for name in unknown:
        yield Place.in_cluster(cluster, (*_TERMS, name)).finding(
            "structure.unknown-arm",
            f"there is no experiment arm with the name {brief(name)}",
            fix,
            at_key=True,
        )


def _is_unmarked_arm(variant: Json) -> bool:
    return variant["name"] not in ROLES and variant.get("experiment") is not True
