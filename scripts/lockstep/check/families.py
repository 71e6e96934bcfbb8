"""The families of a check: each is read when it is needed, and its summary is known to others."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lockstep.check.family import read_family, validate_input
from lockstep.check.family_values import Held, ReadFamily, Terms
from lockstep.check.fleet import about_environment
from lockstep.check.reading import FamilyReader
from lockstep.check.summary import FamilySummary, held_in
from lockstep.check.units import Unit, split_by_unit
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.rollout.quarantine import up_to
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import Documents

Load = Callable[[Collection[Unit]], Tree]
"""Reads the files of families."""


About = Mapping[str, Sequence[Finding]]
"""What is wrong with the own file of each environment."""

Known = Callable[[About], Mapping[Unit, FamilySummary]]
"""Gives the summaries that are known. They depend on whether the environment is well-formed."""


@dataclass(frozen=True)
class FleetSource:
    """Where the files of a fleet come from.

    ``tree`` and ``before`` (None without a base) hold at least what belongs to no family. Families
    that they do not hold are read: their files in clusters/ and ledger/ by ``specs``, these and
    their folders under rendered/ by ``whole``, those at the base by ``past``. ``units`` are all
    families of the tree and of its base; ``present`` are those with files in clusters/ of the
    tree. ``left`` reads what is under rendered/ and in none of the given folders.
    """

    tree: Tree
    before: Tree | None
    units: tuple[Unit, ...]
    present: Collection[Unit]
    specs: Load
    whole: Load
    past: Load
    left: Callable[[Collection[str]], Tree]

    @classmethod
    def of_trees(
        cls, tree: Tree, before: Tree | None, others: Collection[Unit] = ()
    ) -> "FleetSource":
        """A source that holds every file but those of ``others``, which are not checked."""
        units = {*split_by_unit(tree), *split_by_unit(before or {})}
        specs = {path: data for path, data in tree.items() if path.startswith("clusters/")}
        present = {*split_by_unit(specs), *others}
        return cls(
            tree, before, tuple(sorted(units)), present,
            specs=lambda _: {}, whole=lambda _: {}, past=lambda _: {}, left=lambda _: {},
        )  # fmt: skip


class Families:
    """The families of a source, by the terms of a check.

    ``known`` gives summaries of families that need not be read; the others are read as a whole
    where that will be needed of all (``at_once``), or else as far as summaries need. ``around`` has
    families that are in no tree, and whose quarantine counts. ``about`` is what is wrong with each
    environment's own file; ``made`` are the summaries that were not known. ``fleet`` has all
    environments, and the families that were read so far; ``files`` are those that were read.
    ``documents`` has what was parsed before.
    """

    def __init__(
        self,
        source: FleetSource,
        terms: Terms,
        known: Known | None = None,
        around: Fleet | None = None,
        *,
        at_once: bool = False,
        documents: Documents | None = None,
    ) -> None:
        self._source = source
        self._terms = terms
        self._around = around or Fleet()
        self._at_once = at_once
        self._documents = documents or Documents()
        self.shared = FamilyReader(source.tree, source.before, self._documents)
        self.fleet = self.shared.fleet
        self.files: dict[str, bytes] = dict(source.tree)
        self._read: dict[Unit, ReadFamily] = {}
        self._held_before: dict[Unit, Held] = {}
        self._held: dict[str, Held] = {}
        # Of a pull request: what it releases itself still binds it.
        self.held_at_base: Callable[[str], Held] = lambda _: ()
        self.about = about_environments(self.shared, source.present, terms.schemas)
        summaries = known(self.about) if known else {}
        self.made = self._summaries([unit for unit in source.units if unit not in summaries])
        self.summaries = dict(sorted({**summaries, **self.made}.items()))

    def read(self, units: Iterable[Unit]) -> dict[Unit, ReadFamily]:
        """These families, read from their files where that was not done before."""
        units = tuple(units)
        wanted = [unit for unit in units if unit not in self._read]
        here = [unit for unit in wanted if self.shared.holds(unit)]
        self._add(self.shared, here)
        if missing := [unit for unit in wanted if unit not in self._read]:
            files, before = self._source.whole(missing), self._source.before
            if before is not None:
                before = {**before, **self._source.past(missing)}
            reader = FamilyReader({**self._source.tree, **files}, before, self._documents)
            self._add(reader, missing)
            self.files |= files
        return {unit: self._read[unit] for unit in units}

    def left(self) -> Tree:
        """The files under rendered/ that are in no folder of a cluster or family."""
        folders = {folder for each in self.summaries.values() for folder in each.folders}
        files = self._source.left(folders)
        self.files |= files
        return {**self.shared.left, **files}

    @property
    def found(self) -> list[Finding]:
        """What was found in the files of families that were read."""
        return [finding for each in self._read.values() for finding in each.invalid]

    def of_clusters(self, names: Collection[str]) -> list[Unit]:
        """The families with a well-formed cluster of one of these names."""
        shares = ((unit, each.share) for unit, each in self.summaries.items() if each.share)
        return [u for u, share in shares if any(c["name"] in names for c in share["clusters"])]

    def held(self, environment: str) -> Held:
        """The quarantine entries of an environment and those before it, by family."""
        if environment not in self._held:
            around = self._around.environments
            self._held[environment] = [
                each
                for home in up_to(self.fleet, environment)
                for each in held_in(home.name, self.summaries.values(), around.get(home.name))
            ]
        return self._held[environment]

    def held_before(self, unit: Unit) -> Held:
        """See FamilyReader.held_before; of a family that was read."""
        return self._held_before[unit]

    def _add(self, reader: FamilyReader, units: Iterable[Unit]) -> None:
        for unit in units:
            about = self.about.get(unit[0], ())
            self._read[unit] = read_family(reader.family_input(unit, about), self._terms)
            self._held_before[unit] = reader.held_before(unit)
        if reader is not self.shared:
            self.fleet = self.fleet.merged_with(reader.fleet)

    def _summaries(self, units: Collection[Unit]) -> dict[Unit, FamilySummary]:
        """The summaries of families, from their files in the tree alone where that is enough."""
        here = [unit for unit in units if self._at_once or self.shared.holds(unit)]
        summaries = {unit: read.summary for unit, read in self.read(here).items()}
        if missing := [unit for unit in units if unit not in summaries]:
            tree = {**self._source.tree, **self._source.specs(missing)}
            reader = FamilyReader(tree, None, self._documents)
            for unit in missing:
                given = reader.family_input(unit, self.about.get(unit[0], ()))
                summaries[unit] = validate_input(given, self._terms.schemas).summary
        return summaries


def about_environments(
    reader: FamilyReader, families: Collection[Unit], schemas: Sequence[Schemas]
) -> dict[str, list[Finding]]:
    """What is wrong with each environment's own file; ``families`` are those that have specs."""
    names: dict[str, set[str]] = {}
    for environment, family in families:
        names.setdefault(environment, set()).add(family)
    unreadable: dict[str, list[Finding]] = {}
    for finding in reader.unreadable:
        unreadable.setdefault(finding.file, []).append(finding)
    found: dict[str, list[Finding]] = {}
    for name, each in reader.fleet.environments.items():
        here = unreadable.get(each.document.path, [])
        args = each, reader.fleet, names.get(name, ()), here, schemas
        found[name] = [*here, *about_environment(*args)]
    return found
