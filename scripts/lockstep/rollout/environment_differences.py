"""How the specs of a family differ between two environments, beyond the version that serves."""

from collections.abc import Collection, Iterator

from lockstep.model.canonical import canonical_json
from lockstep.model.document import Json, Pointer, value_at
from lockstep.model.fleet import Environment, Family
from lockstep.text.phrases import field_path, known_names
from lockstep.text.sanitise import shorten

_MOST = 40
"""Lines that are listed; the rest is counted."""
_LONGEST = 120
"""Characters of a value."""
_FIRST = (("spec", "serving", "replicas"), ("spec", "serving", "autoscaler"), ("spec", "residency"))
"""The fields that people ask about first."""
_BY_NATURE = (("spec", "region"), ("spec", "variants"))
"""Fields that always differ: where a cluster is, and what a promotion is about."""
_NOT_SET = "not set"
_TIER = "production"


def environment_differences(
    source: Family, before: Environment, target: Family, home: Environment
) -> list[str]:
    """What differs between a family of two environments, a line each: here, and in the predecessor.

    ``target`` is in ``home``, ``source`` in ``before``. Tier and regions, the clusters' effective
    specs, gates and rollout, at most 40 lines, and then how many more there are. Where the clusters
    of one environment differ among themselves, all of their values are shown.
    """
    fields = _fields_of_clusters(target), _fields_of_clusters(source)
    lines = [
        *_line("tier", _tier(home), _tier(before), before.name),
        *_line("regions", _regions(target), _regions(source), before.name),
        *_lines(*fields, before.name),
        *_lines(_flat(_rollout(target)), _flat(_rollout(source)), before.name),
    ]
    more = len(lines) - _MOST
    return [*lines[:_MOST], *([f"and {more} more"] if more > 0 else [])]


def _tier(environment: Environment) -> str:
    return str(value_at(environment.spec, ("tier",), _TIER))


def _regions(family: Family) -> str:
    return known_names({cluster.region for cluster in family.clusters})


def _rollout(family: Family) -> Json:
    """What decides how a version moves: gates by their name, so that their order does not count."""
    gates = value_at(family.spec, ("gates",), [])
    named = {str(value_at(gate, ("name",))): gate for gate in gates}
    keys = ("rollout", "consistency")
    return {"gates": named, **{key: value_at(family.spec, (key,)) for key in keys}}


def _fields_of_clusters(family: Family) -> dict[Pointer, str]:
    """The values of each field in the clusters of a family, as one text."""
    found: dict[Pointer, set[str]] = {}
    for cluster in family.clusters:
        spec = {"spec": value_at(cluster.effective, ("spec",), {})}
        for pointer, value in _flat(spec).items():
            if not any(pointer[: len(each)] == each for each in _BY_NATURE):
                found.setdefault(pointer, set()).add(value)
    return {pointer: _together(values) for pointer, values in found.items()}


def _together(values: Collection[str]) -> str:
    return " or ".join(sorted(values))


def _flat(value: Json, pointer: Pointer = ()) -> dict[Pointer, str]:
    """The values inside of mappings by their places; a list counts as one value."""
    if isinstance(value, dict) and value:
        inner = [_flat(each, (*pointer, str(key))) for key, each in value.items()]
        return {place: text for each in inner for place, text in each.items()}
    return {} if value is None else {pointer: canonical_json(value).decode()}


def _lines(here: dict[Pointer, str], there: dict[Pointer, str], before: str) -> Iterator[str]:
    for pointer in sorted(here.keys() | there.keys(), key=_order):
        own, other = here.get(pointer, _NOT_SET), there.get(pointer, _NOT_SET)
        yield from _line(field_path(pointer), own, other, before)


def _order(pointer: Pointer) -> tuple[int, Pointer]:
    ranks = (rank for rank, first in enumerate(_FIRST) if pointer[: len(first)] == first)
    return next(ranks, len(_FIRST)), pointer


def _line(what: str, here: str, there: str, before: str) -> Iterator[str]:
    if here != there:
        yield f"{what}: {shorten(here, _LONGEST)}; in {before}: {shorten(there, _LONGEST)}"
