"""From the files of a tree and of its base to the inputs of its families."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from lockstep.check.family_values import FamilyInput, Held
from lockstep.check.units import Unit, rendered_folder_of, split_by_unit, unit_of
from lockstep.check.unreadable_base import unreadable_base
from lockstep.model.document import Document
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment, Family, Fleet, Tree
from lockstep.policy.renames import environment_before
from lockstep.render.names import cluster_folder, family_folder
from lockstep.rollout.quarantine import held_up_to
from lockstep.spec.assemble import assemble, cluster_files
from lockstep.spec.yaml.load import Documents


class FamilyReader:
    """Reads a tree and its base once, and gives the input of each family in them.

    ``fleet`` and ``before`` (None without a base) are what they declare; ``unreadable`` is what the
    loader found in files that belong to no family, ``unread`` what it could not read of those at
    the base; ``left`` are the files under rendered/ that are in no folder of a family or cluster.
    """

    def __init__(self, tree: Tree, before: Tree | None, documents: Documents | None = None) -> None:
        documents = documents or Documents()  # the base shares most of its files with the tree
        self.fleet, found = assemble(tree, documents)
        self.before, unread = None, []
        if before is not None:
            self.before, found_before = assemble(before, documents)
            unread = unreadable_base(before, self.before, found_before, tree)
        self._files = split_by_unit(tree)
        self._files_before = split_by_unit(before or {})
        self._owners = _owners(tree)
        self._rendered, self.left = self._split_rendered(tree)
        self._found, self.unreadable = self._split_findings(found)
        self._unread, self.unread = self._split_findings(unread)
        self._strays: dict[Unit | None, list[tuple[str, Document]]] = {}
        for stray in self.fleet.strays:
            self._strays.setdefault(unit_of(stray[1].path), []).append(stray)
        self._bare = _bare(self.fleet)
        self._bare_before = _bare(self.before or Fleet())

    @property
    def units(self) -> tuple[Unit, ...]:
        """The families that have files in the tree, in order."""
        return tuple(self._files)

    def holds(self, unit: Unit) -> bool:
        """Whether the tree or its base has files of the family."""
        return unit in self._files or unit in self._files_before

    def family_input(self, unit: Unit, about_environment: Sequence[Finding]) -> FamilyInput:
        """What the result of a family is made from (see FamilyInput)."""
        return FamilyInput(
            unit=unit,
            fleet=_alone(self._bare, self.fleet, unit),
            strays=self._strays.get(unit, ()),
            unreadable=self._found.get(unit, ()),
            about_environment=about_environment,
            files=self._files.get(unit, {}),
            rendered=self._rendered.get(unit, {}),
            before=self._before_of(unit),
            files_before=self._files_before.get(unit, {}),
            unread_before=self._unread.get(unit, ()),
        )

    def held_before(self, unit: Unit) -> Held:
        """The quarantine entries at the base that a family had under another name.

        Those of all families in its environment, as that was called, and in earlier ones; none for
        a family that the base has.
        """
        here = self.fleet.environments.get(unit[0])
        if self.before is None or here is None or _declares(self.before, unit):
            return ()
        was = environment_before(self.fleet, self.before, here)
        return list(held_up_to(self.before, was.name)) if was else ()

    def _before_of(self, unit: Unit) -> Fleet | None:
        """The base with the family, or else with those that it may have been renamed from."""
        if self.before is None or _declares(self.before, unit):
            return self.before and _alone(self._bare_before, self.before, unit)
        now = self.fleet.environments
        return Fleet(
            {
                name: gone if name == unit[0] or name not in now else self._bare_before[name]
                for name, gone in self._gone.items()
            }
        )

    @cached_property
    def _gone(self) -> dict[str, Environment]:
        """The environments of the base, each with those of its families that are not there now."""
        now, before = self.fleet.environments, self.before or Fleet()
        found: dict[str, Environment] = {}
        for name, home in before.environments.items():
            names = now[name].families if name in now else ()
            gone = {n: f for n, f in home.families.items() if n not in names}
            found[name] = replace(home, families=gone)
        return found

    def _split_rendered(self, tree: Tree) -> tuple[dict[Unit, Tree], Tree]:
        of_families: dict[Unit, dict[str, bytes]] = {}
        left: dict[str, bytes] = {}
        for path, data in tree.items():
            if path.startswith("rendered/"):
                owner = self._owners.get(rendered_folder_of(path))
                (of_families.setdefault(owner, {}) if owner else left)[path] = data
        return dict(of_families), left

    def _split_findings(
        self, found: Sequence[Finding]
    ) -> tuple[Mapping[Unit, list[Finding]], list[Finding]]:
        of_families: dict[Unit, list[Finding]] = {}
        others: list[Finding] = []
        for finding in found:
            # That an environment is missing is said once, by the check of the fleet.
            if finding.rule == "layout.environment":
                continue
            path = finding.file
            owner = unit_of(path) or self._owners.get(rendered_folder_of(path))
            (of_families.setdefault(owner, []) if owner else others).append(finding)
        return of_families, others


def _owners(tree: Tree) -> dict[str, Unit]:
    """The family of each folder under rendered/ that belongs to one, by the folder's path."""
    owners: dict[str, Unit] = {}
    for environment, family, name in cluster_files(tree).values():
        owners[cluster_folder(environment, name)] = (environment, family)
        owners[family_folder(environment, family)] = (environment, family)
    # A family without clusters is one, too.
    heads = (unit_of(path) for path in tree if path.endswith("/family.yaml"))
    return owners | {family_folder(*unit): unit for unit in heads if unit}


def _bare(fleet: Fleet) -> dict[str, Environment]:
    """The environments without their families."""
    return {name: replace(each, families={}) for name, each in fleet.environments.items()}


def _declares(fleet: Fleet, unit: Unit) -> bool:
    home = fleet.environments.get(unit[0])
    return home is not None and unit[1] in home.families


def _alone(bare: Mapping[str, Environment], fleet: Fleet, unit: Unit) -> Fleet:
    """All environments of a fleet, and of its families this one alone."""
    home = fleet.environments.get(unit[0])
    if home is None:
        return Fleet(bare)
    family = home.families.get(unit[1])
    families: dict[str, Family] = {family.name: family} if family else {}
    return Fleet({**bare, home.name: replace(home, families=families)})
