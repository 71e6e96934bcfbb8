"""The check of one family: a pure function of its files, its environment, and what others hold.

It has two halves, with the rules' evaluation between them, so that the items of many families go
to OPA in one request.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from lockstep.check.family_values import (
    NO_SOURCES,
    FamilyInput,
    FamilyResult,
    PreparedFamily,
    PromotionSources,
    Quarantines,
    ReadFamily,
    RenderedFamily,
    Terms,
)
from lockstep.check.past import (
    about_promotions,
    about_quarantine,
    about_the_past,
    bound_as,
    verified_in_predecessor,
    with_steps,
)
from lockstep.check.policy_sets import merge_findings
from lockstep.check.summary import summarise
from lockstep.check.well_formed import fitting_part, well_formed
from lockstep.model.document import Json
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.policy import (
    MalformedClusters,
    PolicyItem,
    RenderedObjects,
    RuleFinding,
    family_inputs,
    interpret,
)
from lockstep.policy.inputs import with_earlier
from lockstep.policy.renames import family_before
from lockstep.render import (
    Templates,
    objects_by_kind,
    render_family,
    render_family_folder,
    restorable_folders,
)
from lockstep.render.compare import compare
from lockstep.render.folder import RenderedFolder
from lockstep.render.names import family_folder
from lockstep.render.provenance import FILE_NAME
from lockstep.rollout.chain import verify_chain
from lockstep.rollout.quarantine import binding, bound_by
from lockstep.spec.editable import check_editable
from lockstep.spec.records import check_records
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.validate import validate_family, validate_strays
from lockstep.text.excerpts import excerpts


def read_family(given: FamilyInput, terms: Terms) -> ReadFamily:
    """Validate the files of a family, its records, and how they go on from the base."""
    read = validate_input(given, terms.schemas)
    past, asked = about_the_past(read, terms)
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


def render_read(
    read: ReadFamily, templates: Templates, kinds: Collection[str] = ()
) -> RenderedFamily:
    """Render the well-formed clusters of a family, and what watches all of them.

    ``kinds`` are those of the objects of clusters to give.
    """
    family, environment = read.valid, read.given.environment
    folders = render_family(family, environment, templates) if family and environment else []
    whole, empty = _render_whole(read, templates)
    every = [(cluster.path, folder) for cluster, folder in folders] + whole
    files = {path: data for _, folder in every for path, data in folder.by_path().items()}
    # A value of a cluster that cannot be read is wrong in its folder and in the family's.
    findings = dict.fromkeys(finding for _, folder in every for finding in folder.findings)
    unrendered = (each for each in read.summary.folders if f"{each}/{FILE_NAME}" not in files)
    return RenderedFamily(
        files,
        tuple((origin, folder.path, folder.claims) for origin, folder in every),
        tuple(findings),
        {c.path: objects_by_kind(folder, kinds) for c, folder in folders} if kinds else {},
        tuple(each for each in unrendered if each not in empty),
    )


def _render_whole(
    read: ReadFamily, templates: Templates
) -> tuple[list[tuple[str, RenderedFolder]], list[str]]:
    """The folder of what watches a family, with the family's file, and the folder if it is empty.

    Neither where a part of the family is malformed: the folder names all of its clusters.
    """
    family, environment = read.valid, read.given.environment
    if family is None or environment is None or read.summary.unseen:
        return [], []
    folder = render_family_folder(family, environment, templates)
    if folder is None:
        return [], [family_folder(family.environment, family.name)]
    return [(family.document.path, folder)], []


def prepare_family(
    read: ReadFamily,
    quarantines: Quarantines,
    terms: Terms,
    sources: PromotionSources = NO_SOURCES,
) -> PreparedFamily:
    """Render a family, compare it with what is committed, and collect what rules evaluate."""
    if read.valid is None:
        return PreparedFamily(read, read.invalid, (), ())
    rendered = render_read(read, terms.templates, terms.kinds)
    found = [*read.invalid]
    if terms.compared:
        found += _about_edits(read.valid, read.given.files)
        found += rendered.findings
        found += compare(rendered.files, read.given.rendered,
                         restorable=restorable_folders(read.fleet),
                         unrendered=rendered.unrendered)  # fmt: skip
    old = read.given.before
    former = fitting_part(old, terms.schemas[0], read.fleet) if old else None
    before = family_before(read.fleet, former, read.valid)
    bound = bound_as(read, read.valid, terms)
    quarantine = binding([*quarantines.held, *quarantines.base], read.valid.name, bound)
    if before and before.folder != read.valid.folder:  # a new name drops no entry of the old one
        earlier = binding(quarantines.renamed, before.name, bound_by(before))
        quarantine = with_earlier(quarantine, earlier)
    if terms.pull_request:
        found += about_quarantine(read, read.valid, quarantine)
    found += about_promotions(read, read.valid, sources)
    from_others = quarantine, verified_in_predecessor(read, sources)
    items = _items(read, read.valid, former, from_others, rendered.objects, terms)
    return PreparedFamily(read, arrange(found), items, rendered.claims)


def _about_edits(family: Family, files: Tree) -> Iterator[Finding]:
    """The files in which a rollout could not edit the variants; a move says so by itself."""
    for cluster in family.clusters:
        data = files.get(cluster.path)
        if data is not None and (finding := check_editable(cluster, data)):
            yield finding


def _items(
    read: ReadFamily,
    family: Family,
    former: Fleet | None,
    from_others: tuple[list[Json], Json],
    objects: RenderedObjects,
    terms: Terms,
) -> tuple[PolicyItem, ...]:
    """What rules evaluate; ``from_others`` are quarantine and predecessor (see family_inputs)."""
    if former and terms.published:
        former = with_steps(former, family, read.given.files_before)
    malformed = _malformed_before(read, family_before(read.fleet, former, family))
    args = read.fleet, former, family, terms.now, objects, malformed
    return tuple(family_inputs(*args, *from_others))


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
        interpret(items, mine, policy_set.active_rules, terms.trace, policy_set.policies)
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
