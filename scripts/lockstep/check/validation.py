"""Validates a tree by the same halves as a check, and gives the part of it that is well-formed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lockstep.check.families import about_environments
from lockstep.check.family import validate_input
from lockstep.check.family_values import ReadFamily
from lockstep.check.fleet import FleetInput, validate_spanning
from lockstep.check.reading import FamilyReader
from lockstep.check.summary import FamilySummary
from lockstep.check.units import Unit, unit_of
from lockstep.check.well_formed import well_formed
from lockstep.model.finding import Finding, Severity, arrange
from lockstep.model.fleet import Environment, Fleet, Tree
from lockstep.model.one_cause import by_cause
from lockstep.model.outcome import CLUSTERS, Outcome, RuleText
from lockstep.model.paths import SETTINGS
from lockstep.policy.in_force import shipped_paths
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import Documents
from lockstep.text.excerpts import excerpts


@dataclass(frozen=True)
class Checked:
    """A fleet with what a check has found in it so far.

    ``invalid`` is what schemas, structure and rendering find, ``denied`` what policies find.
    ``counts`` says how many clusters and families were checked, ``lines`` has at least the source
    lines of the findings, by file and line, and ``rules`` are those that were evaluated.
    ``shipped`` are the files that the program brings.
    """

    fleet: Fleet
    invalid: tuple[Finding, ...] = ()
    denied: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[tuple[str, int], str] = field(default_factory=dict)
    rules: tuple[RuleText, ...] = ()
    shipped: frozenset[str] = frozenset()

    def outcome(self) -> Outcome:
        """What a report needs of it."""
        findings = by_cause((*self.invalid, *self.denied))
        wanted = {(finding.file, finding.line) for finding in findings}
        shown = {place: text for place, text in self.lines.items() if place in wanted}
        return Outcome(findings, dict(self.counts), shown, self.rules).naming_shipped(self.shipped)


@dataclass(frozen=True)
class ValidatedTree:
    """A tree whose families were validated, and what spans them.

    ``given`` is what the check of a fleet is made from. ``found`` is all that is wrong,
    ``repeated`` are the files of clusters that take the name or the host of another.
    """

    tree: Tree
    read: Mapping[Unit, ReadFamily]
    given: FleetInput
    found: tuple[Finding, ...]
    repeated: frozenset[str]

    def checked(self, further: Iterable[Finding] = ()) -> Checked:
        """What is wrong with it, ``further`` findings included."""
        invalid = arrange((*self.found, *further))
        counts = counts_of(self.given.summaries.values())
        lines = excerpts(invalid, self.tree)
        shipped = shipped_paths(self.tree)
        return Checked(self.given.fleet, invalid, counts=counts, lines=lines, shipped=shipped)


def counts_of(summaries: Iterable[FamilySummary]) -> dict[str, int]:
    """How many clusters and families their files declare."""
    listed = tuple(summaries)
    return {
        CLUSTERS: sum(each.clusters for each in listed),
        "families": sum(each.declared for each in listed),
    }


def validate_families(
    tree: Tree,
    documents: Documents | None = None,
    schemas: Sequence[Schemas] | None = None,
    others: Collection[Unit] = (),
) -> ValidatedTree:
    """Validate files, schemas, structure and the chains of records; no policy and no rendering.

    Files must fit all of ``schemas``: the base's and the tree's own, by default the latter alone.
    ``others`` are families that the fleet has and ``tree`` need not hold (see CheckInput).
    """
    schemas = schemas or [Schemas(tree)]
    reader = FamilyReader(tree, None, documents)
    present = {unit for path in tree if path.startswith("clusters/") and (unit := unit_of(path))}
    about = about_environments(reader, {*present, *others}, schemas)
    read = {
        unit: validate_input(reader.family_input(unit, about.get(unit[0], ())), schemas)
        for unit in reader.units
    }
    of_families = [finding for each in read.values() for finding in each.invalid]
    given = FleetInput(
        reader.fleet, None, reader.unreadable, about,
        {unit: each.summary for unit, each in read.items()}, {}, of_families, reader.left,
        tree.get(SETTINGS),
    )  # fmt: skip
    spanning, repeated = validate_spanning(given, schemas)
    return ValidatedTree(tree, read, given, (*of_families, *spanning), frozenset(repeated))


def validate_tree(
    tree: Tree,
    documents: Documents | None = None,
    schemas: Sequence[Schemas] | None = None,
    others: Collection[Unit] = (),
) -> Checked:
    """A tree's fleet, and all that is wrong with its files (see validate_families)."""
    return validate_families(tree, documents, schemas, others).checked()


def without_malformed(checked: Checked) -> Fleet:
    """The part of the fleet in which no file has an error, so that one mistake stays one finding.

    Without a malformed environment or family its clusters are left out, too; without a malformed
    lock its family. Broken records are no reason: a rollback goes on without them, and its result
    must be checked all the same.
    """
    errors = [f for f in checked.invalid if f.severity is Severity.ERROR]
    broken = {finding.file for finding in errors}
    # By folder: a search through all findings for each family would grow with their product.
    near: dict[str, list[Finding]] = {}
    for finding in errors:
        near.setdefault("/".join(finding.file.split("/")[:3]), []).append(finding)

    def part(environment: Environment) -> Environment:
        parts = (
            well_formed(family, near.get(family.folder, ()))
            for family in environment.families.values()
        )
        return replace(environment, families={each.name: each for each in parts if each})

    return Fleet(
        {
            name: part(environment)
            for name, environment in checked.fleet.environments.items()
            if environment.document.path not in broken
        }
    )
