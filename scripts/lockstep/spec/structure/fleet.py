"""How the files of a fleet fit together, which no schema can express."""

import re
from collections.abc import Collection, Iterator, Sequence

from lockstep.model.document import Document, Pointer, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.spec.assemble import cluster_name
from lockstep.spec.freezes import check_freezes
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import InvalidPlaces, entries
from lockstep.spec.structure.regions import check_regions, check_waves, regions_of
from lockstep.spec.structure.rollout import check_gates, check_step_bounds, check_steps
from lockstep.spec.structure.variants import check_variants
from lockstep.text.phrases import brief

_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""What a name may be, as the schemas say: a fix proposes no other one."""


def check_structure(
    fleet: Fleet, faulty: Collection[str] = (), invalid: InvalidPlaces | None = None
) -> list[Finding]:
    """Names against folders, regions and waves against each other, duplicates, variants' roles.

    Accepts documents of any shape. ``faulty`` are paths of files that were not read whole: what
    such a file says, and whether it exists, is not certain. ``invalid`` is what schemas reject:
    comparing with it would only repeat that.
    """
    invalid = invalid or InvalidPlaces()
    findings: list[Finding] = []
    incomplete = {"/".join(path.split("/", 3)[:-1]) for path in faulty}
    circular = _circular(fleet)
    for environment in fleet.environments.values():
        findings += _environment(environment, fleet, circular)
        findings += check_freezes(environment)
        regions = regions_of(environment, invalid)
        findings += _clusters_of(environment, regions)
        for family in environment.families.values():
            whole = family.folder not in incomplete
            findings += _family(family, whole=whole)
            findings += check_waves(family, environment, regions, invalid, whole=whole)
            findings += check_steps(family, invalid)
            findings += check_gates(family, invalid)
            findings += check_step_bounds(family, invalid)
            findings += _machine_files(family)
    for cluster in fleet.clusters():
        findings += check_variants(cluster, invalid)
    return findings


def _environment(
    environment: Environment, fleet: Fleet, circular: Collection[str]
) -> Iterator[Finding]:
    document = environment.document
    yield from _named(document, environment.name, f"the folder is clusters/{environment.name}/")
    yield from _repeated(document, ("spec", "regions"), "name", "region")
    predecessor = Place(document, ("spec", "predecessor"))
    if environment.predecessor is None:
        return
    if environment.predecessor not in fleet.environments:
        # brief escapes the name; its quotes are cut off in the path.
        yield predecessor.finding(
            "structure.unknown-predecessor",
            f"there is no environment {brief(environment.predecessor)}",
            f"add clusters/{brief(environment.predecessor)[1:-1]}/environment.yaml, or remove it",
        )
    elif environment.name in circular:
        yield predecessor.finding(
            "structure.predecessor-circle",
            "the predecessors lead back to this environment",
            "remove spec.predecessor from the first environment",
        )


def _circular(fleet: Fleet) -> set[str]:
    """The environments whose predecessors lead back to themselves."""
    circular: set[str] = set()
    seen: set[str] = set()  # each environment is visited once, however long the chains are
    for start in fleet.environments:
        walk: list[str] = []
        name: str | None = start
        while name and name in fleet.environments and name not in seen:
            seen.add(name)
            walk.append(name)
            name = fleet.environments[name].predecessor
        if name in walk:
            circular.update(walk[walk.index(name) :])
    return circular


def _clusters_of(environment: Environment, regions: Sequence[str]) -> Iterator[Finding]:
    names: dict[str, Place] = {}
    # Across families: one cluster owns a host, because two VirtualServices for it conflict.
    hosts: dict[str, Place] = {}
    for family in environment.families.values():
        for cluster in family.clusters:
            stem = cluster.path.rsplit("/", 1)[-1].removesuffix(".yaml")
            wanted = cluster_name(family.name, stem)
            yield from _named(cluster.document, wanted, f"the file is {family.name}/{stem}.yaml")
            yield from check_regions(cluster, environment, regions)
            # A wrong name is reported already, and may look like a duplicate because it is wrong.
            if cluster.name == wanted:
                yield from _taken(cluster, ("metadata", "name"), names, "name")
            yield from _taken(cluster, ("spec", "host"), hosts, "host")


def _named(document: Document, wanted: str, because: str) -> Iterator[Finding]:
    name = value_at(document.value, ("metadata", "name"))
    # A name that is missing or not text is reported by the schema.
    if isinstance(name, str) and name != wanted:
        rename = "rename the file or folder"
        yield Place(document, ("metadata", "name")).finding(
            "structure.name",
            f"metadata.name is {brief(name)}, but {because}",
            f"write {wanted}, or {rename}"
            if _LABEL.fullmatch(wanted)
            else f"{rename}: lower-case letters, digits and hyphens, beginning with a letter",
        )


def _taken(
    cluster: Cluster, pointer: Pointer, taken: dict[str, Place], what: str
) -> Iterator[Finding]:
    value = value_at(cluster.effective, pointer)
    if not isinstance(value, str):
        return
    place = Place.in_cluster(cluster, pointer)
    first = taken.setdefault(value, place)
    if first is not place:
        yield place.finding(
            f"structure.duplicate-{what}",
            f"the {what} {brief(value)} is already used by {first.document.path}",
            f"choose another {what}" if what == "host" else "rename one of the two files",
            others=[first.related_as("uses it already")],
        )


def _family(family: Family, *, whole: bool) -> Iterator[Finding]:
    yield from _named(family.document, family.name, f"the folder is {family.folder}/")
    yield from _repeated(family.document, ("spec", "gates"), "name", "gate")
    # A file that cannot be read may be the cluster that seems to be missing.
    if whole and not family.clusters:
        yield Place(family.document, ()).finding(
            "structure.empty-family",
            f"the family {family.name} has no cluster",
            f"add {family.folder}/<region>.yaml, or remove the folder",
        )


def _machine_files(family: Family) -> Iterator[Finding]:
    documents = [*family.locks.values(), *([family.quarantine] if family.quarantine else [])]
    # A lock that was copied from another family is valid in itself, but has the wrong facts.
    wanted = {"environment": family.environment, "family": family.name}
    for document in documents:
        for field, value in wanted.items():
            found = value_at(document.value, ("metadata", field))
            if isinstance(found, str) and found != value:
                yield Place(document, ("metadata", field)).finding(
                    "structure.name",
                    f"metadata.{field} is {brief(found)}, but the file is in {family.folder}/",
                    "restore the file from git; machine files are never moved or edited",
                )
    # The file's name says which version the facts are about, and readers look locks up by it.
    for name, lock in family.locks.items():
        version = value_at(lock.value, ("spec", "identity", "version"))
        if isinstance(version, str) and version != name:
            yield Place(lock, ("spec", "identity", "version")).finding(
                "structure.lock-name",
                f"the lock is of version {brief(version)}, but its file is named {brief(name)}",
                "write the lock again: lockstep lock",
            )


def _repeated(document: Document, pointer: Pointer, field: str, what: str) -> Iterator[Finding]:
    seen: dict[str, Place] = {}
    for index, item in enumerate(entries(document.value, pointer)):
        value = value_at(item, (field,)) if isinstance(item, dict) else None
        if not isinstance(value, str):
            continue
        place = Place(document, (*pointer, index, field))
        first = seen.setdefault(value, place)
        if first is not place:
            yield place.finding(
                f"structure.duplicate-{what}",
                f"duplicate entry: the {what} {brief(value)} is already in this list",
                f"give each {what} a name of its own, or remove one of the two",
                others=[first.related_as("the first of the two")],
            )
