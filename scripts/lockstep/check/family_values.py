"""What the check of a family takes and gives, from the files that were read to its result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from lockstep.check.policy_sets import PolicySet
from lockstep.check.summary import FamilySummary
from lockstep.check.units import Unit
from lockstep.model.document import Document, Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment, Family, Fleet, Tree
from lockstep.model.promotion import VerifiedVersion
from lockstep.policy import (
    PolicyItem,
    RenderedObjects,
    RuleFinding,
)
from lockstep.policy.findings import FindOrigin, trace_by
from lockstep.render import Templates
from lockstep.render.collisions import Claims
from lockstep.rollout.history import (
    HistoryOf,
)
from lockstep.spec.schema.schemas import Schemas

Held = Sequence[tuple[str, Sequence[Json]]]
"""Quarantine entries by the family that holds them, of one environment and those before it."""


@dataclass(frozen=True)
class Quarantines:
    """What may bind a family: the entries of all families in its environment and earlier ones.

    ``renamed`` are those at the base that count for a family that had another name there, ``base``
    those at the base that bind a pull request, whatever it releases itself.
    """

    held: Held
    renamed: Held = ()
    base: Held = ()


VerifiedVersions = Sequence[VerifiedVersion] | None
"""What a family has verified in the predecessor; None where there is no such family."""


@dataclass(frozen=True)
class PromotionSources:
    """What the predecessor of its environment has verified of a family: in the tree that is
    checked, and at the base of a pull request.
    """

    now: VerifiedVersions = None
    base: VerifiedVersions = None


NO_SOURCES = PromotionSources()
"""Of a family that no promotion can be for."""


@dataclass(frozen=True)
class Terms:
    """What all families of a check are checked by, the base's schemas and policy set first.

    Without policy sets no rule is evaluated. ``compared`` says whether ``rendered/`` must be as
    rendered, and whether what cannot be rendered is reported. ``history`` reads git's history of
    the base's ledger; a verb that checks its own decision gives none. ``pull_request`` says that
    the commits are not on the followed branch yet.
    """

    schemas: Sequence[Schemas]
    policy_sets: Sequence[PolicySet]
    templates: Templates
    now: datetime
    compared: bool = True
    history: HistoryOf | None = None
    pull_request: bool = False

    @property
    def published(self) -> bool:
        """Whether the commits are on the followed branch already."""
        return self.history is not None and not self.pull_request

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of rendered objects that rules read; others are dropped at once.

        Many live objects slow Python's collector down.
        """
        rules = (rule for each in self.policy_sets for rule in each.active_rules)
        return frozenset(kind for rule in rules for kind in rule.reads)

    @cached_property
    def trace(self) -> FindOrigin:
        """Finds where a value of a rendered object is written."""
        return trace_by(self.templates)


@dataclass(frozen=True)
class FamilyInput:
    """The files of one family as they were read, and what it reads of its surroundings.

    ``fleet`` has all environments, and of the families this one alone; ``strays`` are its documents
    where its environment or family.yaml cannot be read. ``unreadable`` is what the loader found in
    its files, ``about_environment`` what is wrong with the environment's own file. ``files`` are
    those in clusters/ and ledger/, ``rendered`` those of its folders under rendered/. ``before`` is
    the base's fleet with this family, or with those that it may have been renamed from, None where
    there is no base; ``files_before`` are its own files there, and ``unread_before`` says which of
    them cannot be read.
    """

    unit: Unit
    fleet: Fleet
    strays: Sequence[tuple[str, Document]]
    unreadable: Sequence[Finding]
    about_environment: Sequence[Finding]
    files: Tree
    rendered: Tree
    before: Fleet | None
    files_before: Tree
    unread_before: Sequence[Finding] = ()

    @property
    def environment(self) -> Environment | None:
        """Its environment; None where that cannot be read."""
        return self.fleet.environments.get(self.unit[0])

    @property
    def family(self) -> Family | None:
        """The family as its files declare it; None where its family.yaml cannot be read."""
        home = self.environment
        return home.families.get(self.unit[1]) if home else None


@dataclass(frozen=True)
class ReadFamily:
    """A family whose files were validated: ``valid`` is the part that rules can read.

    ``asked_history`` says that the findings depend on what commits did before this change.
    """

    given: FamilyInput
    invalid: tuple[Finding, ...]
    valid: Family | None
    summary: FamilySummary
    asked_history: bool = False

    @property
    def fleet(self) -> Fleet:
        """All environments, with the well-formed part of this family alone."""
        environments = self.given.fleet.environments
        home = self.given.environment
        if home is None:
            return self.given.fleet
        families = {self.valid.name: self.valid} if self.valid else {}
        return Fleet({**environments, home.name: replace(home, families=families)})


FolderClaims = tuple[tuple[str, str, Claims], ...]
"""What each folder claims for itself alone: the file of its cluster or family, its own path, the
claims."""


@dataclass(frozen=True)
class RenderedFamily:
    """The folders of a family and its well-formed clusters: their files by path, what they claim.

    ``objects`` are those of the kinds that rules read, by the path of the cluster. ``unrendered``
    are the folders that have no files, because something in them is malformed.
    """

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    claims: FolderClaims = ()
    findings: tuple[Finding, ...] = ()
    objects: RenderedObjects = field(default_factory=dict, repr=False)
    unrendered: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreparedFamily:
    """A family that was rendered, and what is left for the rules to evaluate."""

    read: ReadFamily
    invalid: tuple[Finding, ...]
    items: tuple[PolicyItem, ...]
    claims: FolderClaims


@dataclass(frozen=True)
class FamilyResult:
    """What the check of one family has found, before any waiver; plain data, so it can be kept.

    ``invalid`` is what schemas, structure, records and rendering find, ``denied`` what rules find.
    ``claims`` is what each folder claims for itself alone, ``excerpts`` are the source lines of the
    findings, as (file, line, text).
    """

    invalid: tuple[Finding, ...]
    denied: tuple[RuleFinding, ...]
    claims: FolderClaims
    excerpts: tuple[tuple[str, int, str], ...]
    asked_history: bool = False
