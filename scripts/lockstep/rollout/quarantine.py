"""Which versions may not serve: those that a rollback put into quarantine and no release ended."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lockstep.model.decision import API_VERSION, Action, Decision
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment, Family, Fleet
from lockstep.rollout.position import verified_versions
from lockstep.rollout.registries import other_registry
from lockstep.spec.ledger import files_of
from lockstep.spec.yaml.write import dump_yaml

OTHER_REGISTRY = "otherRegistry"
"""Set in an entry that binds by content only; policies/lib/quarantine.rego reads it, too."""


def in_force(
    fleet: Fleet, environment: str, family: str, digests: Collection[str] = ()
) -> list[Json]:
    """The quarantine entries that bind a family, in its environment and in earlier ones.

    These are its own, and those of other families about its model or about the content of one of
    its versions (``digests`` in addition to those of its locks), except for versions that it has
    verified itself. An entry holds registry, model, version, digest, since, decision and reason,
    and ``otherRegistry`` where it is of an environment with a registry of its own: by its number
    it means nothing here.
    The ledger is the truth, so deleting a line of ``quarantine.yaml`` releases nothing; a line that
    the ledger does not know binds too.
    """
    here = fleet.environments.get(environment)
    bound = here.families.get(family) if here else None
    held = held_up_to(fleet, environment)
    return binding(held, family, bound_by(bound, digests) if bound else None)


def held_up_to(fleet: Fleet, environment: str) -> Iterator[tuple[str, list[Json]]]:
    """The entries of all families in an environment and those before it, by family."""
    for home in up_to(fleet, environment):
        # Only these, because entries_of goes through all records of a family.
        for family in home.with_quarantine:
            yield family.name, seen_from(fleet.environments[environment], home, entries_of(family))


def seen_from(here: Environment, home: Environment, entries: Iterable[Json]) -> list[Json]:
    """The entries of ``home`` as they bind in ``here``: those of another registry by content only.

    Numbers of two registries mean different content, though the registries have one name.
    """
    return [
        {**entry, OTHER_REGISTRY: True}
        if other_registry(here, home, entry.get("registry"))
        else entry
        for entry in entries
    ]


@dataclass(frozen=True, slots=True)
class Bound:
    """What the quarantine of another family is compared with: a family's model and versions.

    ``digests`` are those of its locks by version; ``verified`` are versions that it has verified
    itself; ``others`` are further digests that it would serve.
    """

    registry: Json
    model: Json
    digests: Mapping[str, Json]
    verified: Collection[str]
    others: Collection[str] = ()


def bound_by(family: Family, others: Collection[str] = ()) -> Bound:
    """What the quarantine of another family is compared with."""
    pointer = ("spec", "identity", "digest")
    registry, model = (value_at(family.spec, ("model", key)) for key in ("registry", "name"))
    digests = {v: value_at(lock.value, pointer) for v, lock in family.locks.items()}
    return Bound(registry, model, digests, sorted(verified_versions(family)), others)


def binding(
    held: Iterable[tuple[str, Sequence[Json]]], family: str, bound: Bound | None
) -> list[Json]:
    """Those entries that bind a family, of all that are ``held``, each with its family's name.

    ``held`` has the entries of families in its environment and in earlier ones, in their order.
    """
    entries: dict[tuple[str, str, bool], Json] = {}
    # Once: in a large fleet nearly all entries are about other models.
    served = {*bound.others, *map(str, bound.digests.values())} if bound else set()
    for name, listed in held:
        for entry in listed:
            if name == family or (bound and _binds(entry, bound, served)):
                names = str(entry.get("version")), str(entry.get("digest"))
                entries.setdefault((*names, not _has_name(entry)), entry)
    return [entries[key] for key in sorted(entries)]


def up_to(fleet: Fleet, environment: str) -> Iterator[Environment]:
    """An environment and those before it."""
    # A malformed fleet may name predecessors in a circle.
    seen: set[str] = set()
    name: str | None = environment
    while name and name in fleet.environments and name not in seen:
        seen.add(name)
        yield fleet.environments[name]
        name = fleet.environments[name].predecessor


def depths(fleet: Fleet) -> dict[str, int]:
    """How many environments there are up to each one, itself included: 1 for a first one."""
    return {name: len(list(up_to(fleet, name))) for name in fleet.environments}


def _binds(entry: Json, bound: Bound, served: Collection[str]) -> bool:
    """Whether the quarantine of another family binds this one too; it has ``served`` digests."""
    named = entry.get("registry"), entry.get("model")
    same_model = _has_name(entry) and named == (bound.registry, bound.model)
    if not same_model and str(entry.get("digest")) not in served:
        return False
    return not any(
        entry.get("digest") == bound.digests.get(version)
        or (same_model and entry.get("version") == version)
        for version in bound.verified
    )


def entries_of(family: Family) -> list[Json]:
    """The entries of one family's own quarantine, from its file and from its ledger."""
    # A mistake in the file does not stop a rollback, so any form must be readable here.
    written = value_at(family.quarantine.value, ("spec", "versions")) if family.quarantine else None
    listed = written if isinstance(written, list) else []
    # What a line says about registries frees nothing: that is for the environments to say.
    entries = [
        {key: value for key, value in each.items() if key != OTHER_REGISTRY}
        for each in listed
        if isinstance(each, dict)
    ]
    released = _released(family)
    known = {_identity(entry) for entry in entries}
    return [e for e in entries if str(e.get("digest")) not in released] + [
        entry for entry in from_ledger(family) if _identity(entry) not in known
    ]


def from_ledger(family: Family) -> list[Json]:
    """The entries that the records demand: put in by a rollback, not ended by a release."""
    entries: dict[str, Json] = {}
    for decision in _decisions(family):
        if decision.action is Action.RELEASE:
            entries.pop(decision.target.digest, None)
        elif decision.quarantines:
            entries[decision.target.digest] = {
                "registry": value_at(family.spec, ("model", "registry")),
                "model": value_at(family.spec, ("model", "name")),
                "version": decision.target.version,
                "digest": decision.target.digest,
                "since": decision.decided_at,
                "decision": decision.id,
                "reason": decision.reason,
            }
    return list(entries.values())


def _decisions(family: Family) -> Iterator[Decision]:
    """Those that put a version into quarantine or release one, in order.

    A broken record may put one in, to be on the safe side, and releases none.
    """
    broken = {file.path for file in family.broken}
    for file in files_of(family):
        decision = file.record.decision if file.record else None
        if decision and not (decision.action is Action.RELEASE and file.path in broken):
            yield decision


def matches(entry: Json, *, registry: str, model: str, version: str, digest: str) -> bool:
    """Whether an entry means this version: by its content, or by its name in the registry."""
    by_name = (entry.get("registry"), entry.get("model"), entry.get("version"))
    same_name = _has_name(entry) and by_name == (registry, model, version)
    return entry.get("digest") == digest or same_name


def _has_name(entry: Json) -> bool:
    """Whether the names in an entry mean the same version here."""
    return not entry.get(OTHER_REGISTRY)


def _identity(entry: Json) -> tuple[str, ...]:
    """What a line must share with the ledger's entry to be the same: all that it matches by."""
    return tuple(str(entry.get(key)) for key in ("registry", "model", "version", "digest"))


def _released(family: Family) -> set[str]:
    """Digests whose last word in the ledger is a release."""
    last: dict[str, bool] = {}
    for decision in _decisions(family):
        if decision.quarantines or decision.action is Action.RELEASE:
            last[decision.target.digest] = decision.action is Action.RELEASE
    return {digest for digest, released in last.items() if released}


def write_quarantine(family: Family, entries: list[Json]) -> bytes | None:
    """The bytes of ``quarantine.yaml`` with these entries; None (no file) where there are none."""
    if not entries:
        return None
    document = {
        "apiVersion": API_VERSION,
        "kind": "Quarantine",
        "metadata": {"environment": family.environment, "family": family.name},
        "spec": {"versions": entries},
    }
    return dump_yaml(document, by="lockstep revert and lockstep release")
