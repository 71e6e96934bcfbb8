"""Checks many trees that differ in one file from a valid one, with one OPA."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lockstep.check.evaluation import answers_about
from lockstep.check.families import Families, FleetSource
from lockstep.check.family import conclude_family, prepare_family
from lockstep.check.family_values import PreparedFamily, Quarantines, ReadFamily, Terms
from lockstep.check.fleet import (
    FleetInput,
    check_fleet,
    colliding_families,
    environment_items,
    render_environments,
)
from lockstep.check.policy_sets import PolicySet
from lockstep.check.summary import FamilySummary
from lockstep.check.units import Unit, unit_of
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import Document, Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.model.times import Moment
from lockstep.policy import PolicyItem, batches
from lockstep.policy.findings import answers_by_id
from lockstep.render import Templates
from lockstep.spec.yaml.load import Documents, load_yaml

AT_ONCE = 200
"""How many trees are kept in memory and sent to OPA together."""

_COMPARED = {"render.missing", "render.different", "render.stale"}


@dataclass
class _Case:
    """One tree: its families as they were read, and what OPA evaluates."""

    fleet: FleetInput
    environments: list[PolicyItem]
    families: dict[Unit, PreparedFamily]

    @property
    def items(self) -> list[PolicyItem]:
        of_families = (item for each in self.families.values() for item in each.items)
        return [*self.environments, *of_families]


class _BaseDocuments(Documents):
    """Remembers the files of the base, which all trees share, and no other: there are too many."""

    def __init__(self, base: Tree) -> None:
        super().__init__()
        self._base = base

    def load(self, path: str, data: bytes) -> tuple[Document | None, list[Finding]]:
        if self._base.get(path) == data:
            return super().load(path, data)
        return load_yaml(path, data)


class MutantCheck:
    """Evaluates trees as a check does, without comparing ``rendered/``.

    ``base`` is the tree before the change, which has no findings. Where a tree differs in the
    folder of one family, only that family is checked, with the summaries of the others.
    """

    def __init__(self, policy_set: PolicySet, base: Tree, now: datetime) -> None:
        templates = Templates(base, read_kubernetes_schema)
        self._terms = Terms([policy_set.schemas], [policy_set], templates, now)
        self._base = base
        self._documents = _BaseDocuments(base)
        self._summaries: dict[Unit, FamilySummary] = {}
        self._summaries = {u: read.summary for u, read in self._read(base, base)[1].items()}

    def findings(self, changes: Iterable[tuple[str, bytes]]) -> Iterator[list[Finding]]:
        """What is found for each changed file.

        Where it is malformed, what schemas and structure find; else what rendering and rules find.
        """
        waiting: list[list[Finding] | _Case] = []
        for file, data in changes:
            waiting.append(self._validated(file, data))
            if len(waiting) == AT_ONCE:
                yield from self._evaluated(waiting)
                waiting = []
        yield from self._evaluated(waiting)

    def _validated(self, file: str, data: bytes) -> "list[Finding] | _Case":
        """What schemas and structure find where one file is replaced; the case if that is nothing
        that stops."""
        before = self._slice(file)
        fleet, read = self._read({**before, file: data}, before)
        about = (finding for each in fleet.about.values() for finding in each)
        found = [*fleet.unreadable, *about, *(f for each in read.values() for f in each.invalid)]
        if any(finding.stops for finding in found):
            return found
        summaries = {**self._summaries, **{unit: each.summary for unit, each in read.items()}}
        fleet = replace(fleet, summaries=summaries)
        prepared = {
            unit: prepare_family(each, Quarantines(()), self._terms) for unit, each in read.items()
        }
        return _Case(fleet, environment_items(fleet), prepared)

    def _evaluated(self, waiting: Sequence["list[Finding] | _Case"]) -> Iterator[list[Finding]]:
        cases = [each for each in waiting if isinstance(each, _Case)]
        (policy_set,) = self._terms.policy_sets
        # A request for each tree, because items of a request share documents by their path.
        moment = Moment(self._terms.now)
        requests = [b for case in cases for b in batches(case.items, policy_set.rules, moment)]
        answers = iter(policy_set.opa.evaluate_all(requests))
        for each in waiting:
            if isinstance(each, _Case):
                yield self._concluded(each, answers_by_id(next(answers) for _ in each.items))
            else:
                yield each

    def _concluded(self, case: _Case, answers: dict[str, Json]) -> list[Finding]:
        results = {
            unit: conclude_family(each, answers_about(each.items, [answers]), self._terms)
            for unit, each in case.families.items()
        }
        folders = render_environments(case.fleet, self._terms.templates, {})
        claims = {unit: each.claims for unit, each in results.items()}
        colliding = colliding_families(claims, folders)
        fleet = replace(case.fleet, claims={unit: claims[unit] for unit in colliding})
        about = answers_about(case.environments, [answers])
        spanning = check_fleet(fleet, folders, about, self._terms)
        invalid, denied = [*spanning.invalid], [*spanning.denied]
        for result in results.values():
            invalid += result.invalid
            denied += result.denied
        compared = [finding for finding in invalid if finding.rule not in _COMPARED]
        return [*compared, *(each.finding for each in denied)]

    def _slice(self, file: str) -> dict[str, bytes]:
        """Every file; or the family's and those of environments, where that is enough."""
        if unit_of(file) is None:
            return dict(self._base)
        folder = file.rpartition("/")[0] + "/"
        kept = (folder, folder.replace("clusters/", "ledger/", 1))
        return {
            path: data
            for path, data in self._base.items()
            if path.startswith(kept) or path.endswith("/environment.yaml")
        }

    def _read(self, tree: Tree, before: Tree) -> tuple[FleetInput, dict[Unit, ReadFamily]]:
        # An environment names families of which not each one is in the tree.
        source = FleetSource.of_trees(tree, before, self._summaries)
        families = Families(source, self._terms, documents=self._documents)
        fleet = FleetInput(
            families.fleet, families.shared.before, families.shared.unreadable, families.about,
            families.summaries, {}, families.found, {}, None,
        )  # fmt: skip
        return fleet, families.read(source.units)
