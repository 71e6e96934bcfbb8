"""A family with its clusters: names against folders, regions, waves, variants, machine files."""

from collections.abc import Collection, Iterator, Sequence

from lockstep.model.document import value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment, Family
from lockstep.spec.assemble import cluster_name
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import InvalidPlaces
from lockstep.spec.structure.names import check_name, check_repeated
from lockstep.spec.structure.regions import check_regions, check_waves, regions_of
from lockstep.spec.structure.rollout import check_gates, check_step_bounds, check_steps
from lockstep.spec.structure.variants import check_variants
from lockstep.text.phrases import brief


def check_family_structure(
    family: Family, environment: Environment, faulty: Collection[str], invalid: InvalidPlaces
) -> Iterator[Finding]:
    """How the files of one family fit together; documents may have any shape.

    ``faulty`` are paths of files that were not read whole: what such a file says, and whether it
    exists, is not certain. ``invalid`` is what schemas reject: comparing with it would repeat that.
    """
    whole = not any(path.startswith(f"{family.folder}/") for path in faulty)
    regions = regions_of(environment, invalid)
    yield from _clusters(family, environment, regions)
    yield from _family(family, whole=whole)
    yield from check_waves(family, environment, regions, invalid, whole=whole)
    yield from check_steps(family, invalid)
    yield from check_gates(family, environment, invalid)
    yield from check_step_bounds(family, invalid)
    yield from _machine_files(family)
    for cluster in family.clusters:
        yield from check_variants(cluster, invalid)


def _clusters(
    family: Family, environment: Environment, regions: Sequence[str]
) -> Iterator[Finding]:
    for cluster in family.clusters:
        stem = cluster.path.rsplit("/", 1)[-1].removesuffix(".yaml")
        because = f"the file is {family.name}/{stem}.yaml"
        yield from check_name(cluster.document, cluster_name(family.name, stem), because)
        yield from check_regions(cluster, environment, regions)


def _family(family: Family, *, whole: bool) -> Iterator[Finding]:
    yield from check_name(family.document, family.name, f"the folder is {family.folder}/")
    yield from check_repeated(family.document, ("spec", "gates"), "name", "gate")
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
                f"write it again: lockstep lock {family.environment}/{family.name} {name}",
            )
