"""The check of one family: a pure function of its files, its environment, and what others hold.

It has two halves, with the rules' evaluation between them, so that the items of many families go
to OPA in one request.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from lockstep.check.policy_sets import PolicySet, merge_findings
from lockstep.check.summary import FamilySummary, summarise
from lockstep.check.units import Unit
from lockstep.check.well_formed import fitting_part, well_formed
from lockstep.model.decision import Record
from lockstep.model.document import Document, Json
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Environment, Family, Fleet, Tree
from lockstep.model.ledger import LedgerHistory
from lockstep.policy import (
    MalformedClusters,
    PolicyItem,
    RenderedObjects,
    RuleFinding,
    family_inputs,
    interpret,
)
from lockstep.policy.findings import FindOrigin, trace_by
from lockstep.policy.inputs import with_earlier
from lockstep.policy.renames import family_before
from lockstep.render import Templates, objects_by_kind, render_family, restorable_folders
from lockstep.render.collisions import Claims
from lockstep.render.compare import compare
from lockstep.render.names import cluster_folder
from lockstep.render.provenance import FILE_NAME
from lockstep.render.restored import files_in
from lockstep.rollout.chain import verify_chain
from lockstep.rollout.claims import StateFiles, added_records, check_claims
from lockstep.rollout.history import (
    HistoryOf,
    check_history,
    check_left_behind,
    is_put_back,
    recorded_locks,
)
from lockstep.rollout.pull_requests import check_arrivals
from lockstep.rollout.quarantine import binding, bound_by
from lockstep.spec.records import check_records
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.validate import validate_family, validate_strays
from lockstep.text.excerpts import excerpts

Held = Sequence[tuple[str, Sequence[Json]]]
"""Quarantine entries by the family that holds them, of one environment and those before it."""


@dataclass(frozen=True)
class Terms:
    """What all families of a check are checked by, the base's schemas and policy set first.

    Without policy sets no rule is evaluated. ``compared`` says whether ``rendered/`` must be as
    rendered, and whether what cannot be rendered is reported. ``history`` reads git's history of
    the base's ledger. ``pull_request`` says that the commits are not on the followed branch yet.
    """

    schemas: Sequence[Schemas]
    policy_sets: Sequence[PolicySet]
    templates: Templates
    now: datetime
    compared: bool = True
    history: HistoryOf | None = None
    pull_request: bool = False

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
    those in clusters/ and ledger/, ``rendered`` those of its clusters' folders. ``before`` is the
    base's fleet with this family, or with those that it may have been renamed from, None where
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
"""What each folder claims for itself alone: the file of its cluster, its own path, the claims."""


@dataclass(frozen=True)
class RenderedFamily:
    """The folders of a family's well-formed clusters: their files by path, and what they claim.

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


def read_family(given: FamilyInput, terms: Terms) -> ReadFamily:
    """Validate the files of a family, its records, and how they go on from the base."""
    read = validate_input(given, terms.schemas)
    past, asked = _about_the_past(read, terms)
    return replace(read, invalid=arrange([*read.invalid, *past]), asked_history=asked)


def validate_input(given: FamilyInput, schemas: Sequence[Schemas]) -> ReadFamily:
    """Validate the files of a family alone: all that its summary needs."""
    family, environment = given.family, given.environment
    known = [*given.unreadable, *given.about_environment]
    found = [*given.unreadable]
    for each in schemas:
        found += validate_strays(given.strays, each, known)
        if family and environment:
            found += validate_family(family, environment, each, known)
            found += check_records(family, each)
    found += verify_chain(family) if family else ()
    valid = well_formed(family, [*found, *given.about_environment]) if family else None
    documents = [stray for _, stray in given.strays] + ([family.document] if family else [])
    first_file = min((document.path for document in documents), default="")
    summary = summarise(given.unit, given.files, family, valid, first_file)
    return ReadFamily(given, arrange(found), valid, summary)


def _about_the_past(read: ReadFamily, terms: Terms) -> tuple[list[Finding], bool]:
    """What the change does to records and locks, and whether git's history was asked for that."""
    given, asked = read.given, False

    def history() -> LedgerHistory:
        nonlocal asked
        asked = True
        return terms.history() if terms.history else LedgerHistory()

    asking = history if terms.history else None
    now = terms.now if terms.pull_request else None
    found = check_history(read.fleet, given.before or Fleet(), asking, now)
    declared = given.family
    # Of a family with a malformed cluster the state is not known, and that is a finding already.
    whole = read.valid and declared and len(read.valid.clusters) == len(declared.clusters)
    if read.valid and whole and given.before is not None:
        found += _about_new_records(read, read.valid, terms, asking)
    found += check_left_behind(given.files, given.files_before, read.fleet)
    locked = {lock.path for lock in recorded_locks(read.valid)} if read.valid else set()
    # What the base's lock held, the ledger says, too: a rollback may have restored it.
    return [*found, *(f for f in given.unread_before if f.file not in locked)], asked


def _about_new_records(
    read: ReadFamily, family: Family, terms: Terms, history: HistoryOf | None
) -> list[Finding]:
    """What is wrong with the records that the base does not have, and what needs approval."""
    home = read.given.before.environments.get(family.environment) if read.given.before else None
    before = home.families.get(family.name) if home else None
    # By path: those of a family that cannot be read at the base are not new either.
    new = added_records(family, read.given.files_before)
    found = _checked_records(read, family, before, new, terms)
    if not found:
        return []
    # Only now, because it takes time: a record that was removed and is put back is not new.
    new = [record for record in new if not is_put_back(record, history)]
    return _checked_records(read, family, before, new, terms)


def _checked_records(
    read: ReadFamily, family: Family, before: Family | None, new: Sequence[Record], terms: Terms
) -> list[Finding]:
    if not new:
        return []
    folders = None
    if terms.compared:
        paths = [cluster_folder(each.environment, each.name) for each in family.clusters]
        folders = {path: files_in(read.given.rendered, path) for path in paths}
    state = StateFiles(read.given.files, folders)
    found = check_claims(family, before, new, state, terms.now)
    return found + (check_arrivals(family, before, new) if terms.pull_request else [])


def render_read(
    read: ReadFamily, templates: Templates, kinds: Collection[str] = ()
) -> RenderedFamily:
    """Render the well-formed clusters of a family; ``kinds`` are those of the objects to give."""
    family, environment = read.valid, read.given.environment
    folders = render_family(family, environment, templates) if family and environment else []
    files = {path: data for _, folder in folders for path, data in folder.by_path().items()}
    return RenderedFamily(
        files,
        tuple((cluster.path, folder.path, folder.claims) for cluster, folder in folders),
        tuple(finding for _, folder in folders for finding in folder.findings),
        {c.path: objects_by_kind(folder, kinds) for c, folder in folders} if kinds else {},
        tuple(each for each in read.summary.folders if f"{each}/{FILE_NAME}" not in files),
    )


def prepare_family(read: ReadFamily, held: Held, held_before: Held, terms: Terms) -> PreparedFamily:
    """Render a family, compare it with what is committed, and collect what rules evaluate.

    ``held`` are the quarantine entries of all families in its environment and those before it,
    ``held_before`` the same at the base, which counts for a family that was renamed.
    """
    if read.valid is None:
        return PreparedFamily(read, read.invalid, (), ())
    rendered = render_read(read, terms.templates, terms.kinds)
    found = [*read.invalid]
    if terms.compared:
        found += rendered.findings
        found += compare(rendered.files, read.given.rendered,
                         restorable=restorable_folders(read.fleet),
                         unrendered=rendered.unrendered)  # fmt: skip
    items = _items(read, read.valid, held, held_before, rendered.objects, terms)
    return PreparedFamily(read, arrange(found), items, rendered.claims)


def _items(
    read: ReadFamily,
    family: Family,
    held: Held,
    held_before: Held,
    objects: RenderedObjects,
    terms: Terms,
) -> tuple[PolicyItem, ...]:
    fleet, old = read.fleet, read.given.before
    former = fitting_part(old, terms.schemas[0], fleet) if old else None
    before = family_before(fleet, former, family)
    quarantine = binding(held, family.name, bound_by(family))
    if before and before.folder != family.folder:  # a new name does not drop the old one's entries
        quarantine = with_earlier(quarantine, binding(held_before, before.name, bound_by(before)))
    malformed = _malformed_before(read, before)
    args = fleet, former, family, terms.now, objects, malformed, quarantine
    return tuple(family_inputs(*args))


def _malformed_before(read: ReadFamily, before: Family | None) -> MalformedClusters:
    """What rules must know of clusters that they do not see: these were not removed."""
    unseen = set(read.summary.unseen)
    known = before.clusters if before else ()
    return MalformedClusters(not unseen, [each for each in known if each.subject in unseen])


def findings_of(
    items: Sequence[PolicyItem], answers: Sequence[Sequence[Json]], terms: Terms
) -> list[RuleFinding]:
    """What the rules find in items, each finding once; ``answers`` are those of each policy set."""
    found = [
        interpret(items, mine, policy_set.active_rules, terms.trace)
        for policy_set, mine in zip(terms.policy_sets, answers, strict=True)
    ]
    return merge_findings(terms.policy_sets, found)


def conclude_family(
    prepared: PreparedFamily, answers: Sequence[Sequence[Json]], terms: Terms
) -> FamilyResult:
    """The result of a family; ``answers`` are those about its items, of each policy set."""
    denied = findings_of(prepared.items, answers, terms)
    given = prepared.read.given
    lines = excerpts([*prepared.invalid, *(each.finding for each in denied)],
                     {**given.files, **given.rendered})  # fmt: skip
    return FamilyResult(
        invalid=prepared.invalid,
        denied=tuple(denied),
        claims=prepared.claims,
        excerpts=tuple((file, line, text) for (file, line), text in lines.items()),
        asked_history=prepared.read.asked_history,
    )


def without_render_echo(invalid: Iterable[Finding], denied: Iterable[RuleFinding]) -> list[Finding]:
    """Without findings of rendering at a value that policy denies: one mistake, one finding."""
    places = {(each.finding.file, each.finding.line, each.finding.column) for each in denied}
    return [
        finding
        for finding in invalid
        if not finding.rule.startswith("render.")
        or (finding.file, finding.line, finding.column) not in places
    ]
