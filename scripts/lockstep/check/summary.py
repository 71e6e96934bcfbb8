"""What the check of other families, and of the fleet, needs to know of a family: its summary."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lockstep.check.units import Unit
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family, Fleet, Subject, Tree
from lockstep.model.promotion import VerifiedVersion
from lockstep.model.times import format_time
from lockstep.policy.environment_summary import share_of
from lockstep.render.names import cluster_folder, family_folder, family_name
from lockstep.rollout.chain import judged
from lockstep.rollout.quarantine import Bound, bound_by, entries_of
from lockstep.rollout.skew import skew_ends
from lockstep.rollout.verified_versions import all_verified
from lockstep.spec.assemble import assemble, cluster_files
from lockstep.spec.selection import missing_heads
from lockstep.spec.structure.duplicates import taken_by


@dataclass(frozen=True, slots=True)
class FamilySummary:
    """One family as others see it; every part is plain data, so that it can be kept.

    ``clusters`` counts what its files declare, ``declared`` says whether its family.yaml can be
    read, ``first_file`` is its first file that can. ``folders`` are those under rendered/ that
    belong to it and its clusters, well-formed or not. ``taken`` are the names and hosts of its
    clusters, ``share`` is what the summary of its environment has of it (None where nothing in it
    is well-formed). ``unseen`` are the clusters that no rule sees, ``held`` the entries of its
    quarantine, those of a removed family by its records; ``bound`` is what the quarantine of others
    is compared with. ``verified`` is what it has verified, by records that can be relied on.
    ``skew_ends`` is when a skew will have lasted too long (RFC 3339, UTC); empty without one.
    ``decided`` is the latest time in its records, empty without any. Families can collide only
    where they share one of ``neighbourhood``.
    """

    unit: Unit
    clusters: int
    declared: bool
    first_file: str
    folders: tuple[str, ...]
    taken: tuple[tuple[str, str], ...]
    share: Json
    unseen: tuple[Subject, ...]
    held: tuple[Json, ...]
    bound: Bound | None
    verified: tuple[VerifiedVersion, ...]
    skew_ends: str
    decided: str
    neighbourhood: tuple[tuple[str, str], ...]


def summarise(
    unit: Unit, files: Tree, declared: Family | None, valid: Family | None, first_file: str
) -> FamilySummary:
    """The summary of a family: as its files declare it, and the part of it that is well-formed."""
    named = cluster_files(files).values()
    seen = {cluster.subject for cluster in valid.clusters} if valid else set()
    clusters = declared.clusters if declared else ()
    names = {name for _, _, name in named} | {cluster.name for cluster in clusters}
    return FamilySummary(
        unit=unit,
        clusters=len(clusters),
        declared=declared is not None,
        first_file=first_file,
        folders=_folders(unit, names, files),
        taken=tuple(taken_by(declared)) if declared else (),
        share=share_of(valid) if valid else None,
        unseen=tuple(sorted(set(named) - seen)),
        held=_held(declared or _removed(files)),
        bound=bound_by(valid) if valid else None,
        verified=all_verified(judged(declared)) if declared else (),
        skew_ends=format_time(ends) if valid and (ends := skew_ends(valid)) else "",
        decided=max((r.decision.decided_at for r in declared.records), default="")
        if declared
        else "",
        neighbourhood=tuple(sorted({_of_family(unit), *_places(valid.clusters)})) if valid else (),
    )


def _folders(unit: Unit, names: Iterable[str], files: Tree) -> tuple[str, ...]:
    """The folders under rendered/ of a family's clusters, and its own."""
    found = sorted(cluster_folder(unit[0], name) for name in names)
    # What is left of a removed family has none.
    is_there = bool(found) or f"clusters/{unit[0]}/{unit[1]}/family.yaml" in files
    return (*found, family_folder(*unit)) if is_there else ()


def _of_family(unit: Unit) -> tuple[str, str]:
    """What the objects of a whole family are named by, those of all families in one namespace."""
    return "name", family_name(*unit)


def _held(family: Family | None) -> tuple[Json, ...]:
    return tuple(entries_of(family)) if family and family.has_quarantine else ()


def _removed(files: Tree) -> Family | None:
    """The family that only records are left of: what they put into quarantine stays there."""
    records = {path: data for path, data in files.items() if path.startswith("ledger/")}
    fleet, _ = assemble({**records, **missing_heads(records, Fleet())})
    return next(iter(fleet.families()), None)


def _places(clusters: Iterable[Cluster]) -> Iterator[tuple[str, str]]:
    """What the objects of clusters are named by.

    Objects are in a namespace, a VirtualService has one host, and folders and Applications are
    named by environment and cluster.
    """
    for cluster in clusters:
        spec = value_at(cluster.effective, ("spec",), {})
        yield "name", f"{cluster.environment}-{cluster.name}"
        yield "host", str(value_at(spec, ("host",)))
        for host in value_at(spec, ("hosts",), []):
            yield "host", str(host)
        yield "namespace", str(value_at(spec, ("namespace",)))


def held_in(
    environment: str, summaries: Iterable[FamilySummary], around: Environment | None
) -> list[tuple[str, tuple[Json, ...]]]:
    """The quarantine entries of the families in one environment, by family.

    ``around`` has families that no summary is of.
    """
    held = {s.unit[1]: s.held for s in summaries if s.unit[0] == environment}
    for family in around.families.values() if around else ():
        if family.name not in held and family.has_quarantine:
            held[family.name] = tuple(entries_of(family))
    return sorted((name, entries) for name, entries in held.items() if entries)
