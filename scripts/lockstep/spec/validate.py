"""Checks every document of a fleet against the schema of its kind."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from lockstep.model.document import Document, Pointer
from lockstep.model.finding import Finding
from lockstep.model.fleet import DEFAULTS, Cluster, Environment, Family, Fleet
from lockstep.spec.place import Place, related
from lockstep.spec.schema.messages import Problem
from lockstep.spec.schema.schemas import EFFECTIVE, Schemas, has_null, problem_finding
from lockstep.spec.structure.environment import check_environment
from lockstep.spec.structure.family import check_family_structure
from lockstep.spec.structure.lists import InvalidPlaces
from lockstep.text.phrases import field_path


def validate_environment(
    environment: Environment,
    fleet: Fleet,
    families: Collection[str],
    schemas: Schemas,
    reported: Iterable[Finding],
) -> list[Finding]:
    """What is wrong with an environment's own file; ``families`` are the names of all of its."""
    reported = tuple(reported)
    found = elsewhere(schemas.check("Environment", environment.document), reported)
    structure = check_environment(environment, fleet, families)
    return found + elsewhere(structure, [*reported, *found])


def validate_family(
    family: Family, environment: Environment, schemas: Schemas, reported: Iterable[Finding]
) -> list[Finding]:
    """What is wrong with the files of one family, and how they fit together.

    ``reported`` are findings of the loader, and those about its environment: what is wrong with
    that is not reported again, nor compared.
    """
    reported = tuple(reported)
    found = elsewhere(_documents(family, schemas), reported)
    # After the schemas: structure checks do not compare what those have rejected.
    faulty = {finding.file for finding in reported}
    rejected = (f for f in (*reported, *found) if not f.rule.startswith("structure."))
    invalid = InvalidPlaces(rejected)
    structure = check_family_structure(family, environment, faulty, invalid)
    return found + elsewhere(structure, [*reported, *found])


def validate_strays(
    strays: Iterable[tuple[str, Document]], schemas: Schemas, reported: Iterable[Finding]
) -> list[Finding]:
    """What is wrong with documents, by kind, whose environment or family could not be read."""
    found = (f for kind, stray in strays for f in schemas.check(kind, stray))
    return elsewhere(found, reported)


def elsewhere(findings: Iterable[Finding], known: Iterable[Finding]) -> list[Finding]:
    """The findings at places that have none yet: two at one place are echoes of one mistake."""
    places = {(f.file, f.line, f.column) for f in known}
    return [f for f in findings if (f.file, f.line, f.column) not in places]


def _documents(family: Family, schemas: Schemas) -> Iterator[Finding]:
    for lock in family.locks.values():
        yield from schemas.check("ModelLock", lock)
    if family.quarantine:
        yield from schemas.check("Quarantine", family.quarantine)
    yield from _family(family, schemas)


def _family(family: Family, schemas: Schemas) -> Iterator[Finding]:
    problems = schemas.problems(schemas.file_of("ModelFamily"), family.document.value)
    for problem in problems:
        yield problem_finding(Place(family.document, problem.pointer), problem)
    # A mistake in a default is reported once, not again by each cluster that uses it.
    inherited = {_key(p.pointer, p): p for p in problems if p.pointer[: len(DEFAULTS)] == DEFAULTS}
    wrong = {_field_in_doubt(problem) for problem in problems}
    # Without readable defaults, each cluster would seem to lack all that they give it.
    mergeable = not wrong & {DEFAULTS, DEFAULTS[:1]}
    missing: list[tuple[Cluster, Problem]] = []
    for cluster in family.clusters:
        for place, problem in _cluster(cluster, schemas, mergeable=mergeable):
            of_family = place.document is family.document
            known = inherited.get(_key(place.pointer, problem)) if of_family else None
            # Defaults exist for spec alone; only there may the family be the place for the field.
            if known is None and problem.missing and problem.pointer[:1] == ("spec",):
                if not _lost(problem.field, wrong):
                    missing.append((cluster, problem))
            else:
                # In the family's words, so that arrange merges it with the family's own finding.
                yield problem_finding(place, known or problem)
    yield from _missing(family, missing)


def _field_in_doubt(problem: Problem) -> Pointer:
    """The field of a family whose value is not known: it is wrong, misspelt, or missing."""
    if problem.at_key and problem.suggestion:
        return (*problem.pointer[:-1], problem.suggestion)
    return problem.field


def _lost(field: Pointer, wrong: Collection[Pointer]) -> bool:
    """Whether a cluster lacks a field because the family's default, or a parent of it, is wrong."""
    default = DEFAULTS + field[1:]
    return any(default[:depth] in wrong for depth in range(len(DEFAULTS), len(default) + 1))


def _key(pointer: Pointer, problem: Problem) -> tuple[Pointer, str, bool]:
    """What a problem of a default is known by, in the family and in each cluster that uses it."""
    return pointer, problem.missing, problem.at_key


def _cluster(
    cluster: Cluster, schemas: Schemas, *, mergeable: bool
) -> Iterator[tuple[Place, Problem]]:
    """The problems of a cluster with its defaults merged, and of empty fields in its own file."""
    own = cluster.document
    # A merge drops empty fields, so a misspelt one shows only before it.
    if not mergeable or has_null(own.value):
        for problem in schemas.problems(schemas.file_of("ModelCluster"), own.value):
            if problem.at_key or not mergeable:
                yield Place(own, problem.pointer), problem
    for problem in schemas.problems(EFFECTIVE, cluster.effective) if mergeable else ():
        yield Place.in_cluster(cluster, problem.pointer), problem


def _missing(family: Family, missing: list[tuple[Cluster, Problem]]) -> Iterator[Finding]:
    """A field may be added to a cluster or to the family; all lack it where no cluster has it."""
    lacking = Counter(problem.field for _, problem in missing)
    for cluster, problem in missing:
        inside_list = any(isinstance(part, int) for part in problem.pointer)
        name = field_path(problem.field)
        # One finding at the family, not one in each of its clusters: arrange merges them.
        if 1 < len(family.clusters) == lacking[problem.field] and not inside_list:
            fix = f"{problem.fix} under spec.defaults here, or in each cluster"
            says = f"no cluster of the family has {name}"
            lacks = related(cluster.document, problem.pointer, f"has no {problem.missing}")
            place = Place(family.document, DEFAULTS, (lacks,))
            yield place.finding(problem.rule, says, fix, at_key=True)
            continue
        if problem.field in cluster.document.key_spans:  # written and empty: a merge removes it
            yield _emptied(cluster, problem, name)
            continue
        fix = f"{problem.fix} here, or under spec.defaults in {family.document.path}"
        yield Place(cluster.document, problem.pointer).finding(
            problem.rule,
            f"{name} {problem.says}",
            problem.fix if inside_list else fix,
            at_key=True,
        )


def _emptied(cluster: Cluster, problem: Problem, name: str) -> Finding:
    """An empty field removes the family's default; here the field is needed."""
    place = Place.in_cluster(cluster, problem.field)
    says, fix = f"{name} is empty, and a cluster needs it", "give it a value"
    if place.related:
        says = f"{name} is empty, which removes the family's default"
        fix += ", or remove the line to use the default"
    return place.finding(problem.rule, says, fix, at_key=True)
