"""Asks the registry about the versions that serve, and which ones its aliases name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lockstep.drift import registry as registry_drifts
from lockstep.model.document import Json, value_at
from lockstep.model.drift import Drift, Unread
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Family, Fleet
from lockstep.model.times import format_time
from lockstep.registry.base import NotInRegistry, Registry, Unreachable
from lockstep.registry.factory import open_registry
from lockstep.spec.lock import build_lock, compare_lock


@dataclass
class RegistryRead:
    """The drifts that the registry shows, what it could not say, and the versions asked about."""

    drifts: list[Drift] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    versions: int = 0


def read_registry(
    fleet: Fleet, families: Sequence[Family], address: str | None, now: datetime, seconds: float
) -> RegistryRead:
    """What the registry says of every version with weight in some families of a fleet."""
    read = RegistryRead()
    try:
        registry = open_registry(address, seconds)
        for family in families:
            for drift in _of_family(fleet, family, registry, now, read):
                read.drifts.append(drift)
    except LockstepError as error:
        fix = error.fix or "check the registry"
        read.unread.append(
            Unread("the registry", error.located(), f"{fix}; --no-registry leaves it out")
        )
    # One registry and model may be served in several environments: one alias is one drift.
    read.drifts = list({(each.drift, each.name, each.what): each for each in read.drifts}.values())
    return read


def _of_family(
    fleet: Fleet, family: Family, registry: Registry, now: datetime, read: RegistryRead
) -> Iterator[Drift]:
    place = (family.environment, family.name)
    model = _model(family)
    for version in sorted(_served(family)):
        read.versions += 1
        try:
            yield from _of_version(family, version, registry, now)
        except Unreachable:
            raise
        except LockstepError as error:
            read.unread.append(Unread(f"{model} {version}", error.located(), error.fix))
    served = {
        version
        for each in fleet.families()
        if _model(each) == model and each.spec["model"] == family.spec["model"]
        for version in _served(each)
    }
    try:
        aliases = registry.serving_aliases(model)
    except NotInRegistry:
        return  # which each of its versions has said
    yield from registry_drifts.alias_drifts(place, model, aliases, served)


def _of_version(family: Family, version: str, registry: Registry, now: datetime) -> Iterator[Drift]:
    place, model = (family.environment, family.name), _model(family)
    lock = family.locks.get(version)
    if lock is None:
        return  # a check refuses that
    known: Json = value_at(lock.value, ("spec",))
    try:
        facts = registry.facts(model, version, format_time(now), known)
    except NotInRegistry as error:
        yield registry_drifts.removed(place, model, version, error.message)
        return
    fresh = build_lock(family.environment, family.name, facts)
    # Facts such as tags and metrics may change; another identity is another model.
    wrong = [each for each in compare_lock(lock, fresh) if each.rule == "lock.identity"]
    if wrong:
        said = "; ".join(each.message for each in wrong)
        yield registry_drifts.replaced(place, model, version, said)
    if value_at(facts, ("facts", "archived")) is True:
        yield registry_drifts.archived(place, model, version)


def _model(family: Family) -> str:
    return str(value_at(family.spec, ("model", "name"), ""))


def _served(family: Family) -> set[str]:
    """The versions with weight anywhere in a family, those of experiments too."""
    return {
        str(variant["version"])
        for cluster in family.clusters
        for variant in cluster.variants
        if variant["weight"] > 0
    }
