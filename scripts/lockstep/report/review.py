"""A review as Markdown: the comment on a pull request, and the summary of a job.

The review may come from a run that the author of the pull request controls: every text of it is
shown as code. Links lead only where the trusted side says.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lockstep.model.evidence import Verdict
from lockstep.model.finding import Finding, arrange
from lockstep.model.review import FamilyReview, MetricReview, Review
from lockstep.report import review_words as say
from lockstep.report.counting import Kind, count, kind
from lockstep.report.difference_groups import DANGEROUS, DifferenceEntry, entries_of
from lockstep.report.differences import markdown_entry
from lockstep.report.excerpt import draw
from lockstep.report.markdown import notes
from lockstep.report.markup import cell, code, details, fence, fold, link, path_in_url, table
from lockstep.report.sections import Section, compose

LIMIT = 65_536
"""Characters of a comment on GitHub; others allow more."""

MARKER = "<!-- lockstep: review -->"
"""By which the comment is found again."""

_RESERVE = 1_500
"""Room for what is never left out: the note about what is left out, and the gaps."""

_ROWS = 60
"""Rows of one table; more are counted below it."""

_WHERE = "The reports of the check have all of it."


@dataclass(frozen=True)
class Links:
    """Where the links of a comment lead: known from the trusted side alone, and empty where not.

    ``files`` is the address of the files at the commit, ending in a slash; ``commit`` its id and
    ``commit_url`` its page; ``run`` the page of the run that made the review.
    """

    files: str = ""
    commit: str = ""
    commit_url: str = ""
    run: str = ""


def format_review(review: Review, links: Links | None = None, limit: int = LIMIT) -> str:
    """The review as Markdown of at most ``limit`` characters; what is left out is counted."""
    links = links or Links()
    body, left = compose(list(_sections(review, links)), limit - _RESERVE)
    left += _left_before(review)
    if left:
        body += f"\n\n**Not shown: {', '.join(left)}.** {_WHERE}"
    return f"{MARKER}\n{body}"


def format_failure(links: Links) -> str:
    """The comment where no review was made, because the check itself could not run."""
    text = "No review was stored for this commit: the job of the check failed before it could."
    return f"{MARKER}\n### Lockstep could not check this change\n\n{_about('', links)}\n\n{text}"


def _sections(review: Review, links: Links) -> Iterator[Section]:
    head = [f"### {say.verdict(review, code)}", _about(review.base, links)]
    missing = [f"- Not known: {code(text)}" for text in review.missing]
    yield Section(0, "line", [part for part in head if part])
    yield Section(1, "problem", missing, gap="\n")
    by_kind = _by_kind(review, links)
    for each, (rank, noun, title) in _OF_KIND.items():
        yield Section(rank, noun, by_kind[each], title)
    yield _approvals(review)
    entries = list(entries_of(review.diff)) if review.diff else []
    yield _dangers(entries)
    yield Section(5, "family table", [_family(each, links) for each in review.families],
                  "#### Families")  # fmt: skip
    yield from _follows(review)
    yield from _metrics(review)
    yield _difference(entries, known=review.diff is not None)
    # What counts least.
    for each, (rank, noun) in _FOLDED.items():
        blocks = by_kind[each]
        yield Section(rank, noun, blocks, *fold(count(len(blocks), noun)))


def _about(base: str, links: Links) -> str:
    parts = []
    if links.commit:
        parts.append(f"Commit {link(code(links.commit[:12]), links.commit_url)}")
    if base:
        parts.append(f"{'compared' if parts else 'Compared'} with {code(base)}")
    text = f"{', '.join(parts)}." if parts else ""
    run = f"{link('The run', links.run)} has all reports." if links.run else ""
    return " ".join(part for part in (text, run) if part)


_OF_KIND = {
    Kind.APPROVAL: (1, "approval", "#### Needs approval"),
    Kind.ERROR: (2, "error", "#### Errors"),
    Kind.WARNING: (7, "warning", "#### Warnings"),
}


_FOLDED = {Kind.SUPPRESSED: (10, "waived finding"), Kind.NOTE: (11, "note")}


def _by_kind(review: Review, links: Links) -> Mapping[Kind, list[str]]:
    """The findings as blocks, in the order of reports."""
    excerpts = review.outcome.excerpts
    blocks = defaultdict[Kind, list[str]](list)
    for finding in arrange(review.findings):
        excerpt = excerpts.get((finding.file, finding.line))
        blocks[kind(finding)].append(_finding(finding, excerpt, links))
    return blocks


def _finding(finding: Finding, excerpt: str | None, links: Links) -> str:
    where = _place(finding.file, finding.line, finding.column, links)
    lines = [f"**{kind(finding)}** {code(finding.rule)} {where}: {code(finding.message)}"]
    if excerpt is not None and finding.column <= len(excerpt) + 1:
        lines.append(fence(draw(excerpt, finding.line, finding.column)))
    below = notes(finding, lambda file, line, column: _place(file, line, column, links))
    listed = "\n".join(f"- {note}" for note in below)
    return "\n\n".join([*lines, listed] if listed else lines)


def _place(file: str, line: int, column: int, links: Links) -> str:
    return link(code(f"{file}:{line}:{column}"), _address(file, links, line))


def _address(file: str, links: Links, line: int = 0) -> str:
    path = path_in_url(file) if links.files else ""
    return f"{links.files}{path}{f'#L{line}' if line else ''}" if path else ""


def _approvals(review: Review) -> Section:
    """Whose approval is needed: owners of what changes, and gates on the way."""
    who = say.approvers(review, code)
    blocks = [f"- {who}"] if who else []
    for family in review.families:
        owner = f"owner {code(family.owner)}" if family.owner else "it names no owner"
        lines = [f"- {code(family.title)}: {owner}"]
        lines += [f"  - {say.approval_gate(gate, code)}" for gate in family.approvals]
        blocks.append("\n".join(lines))
    return Section(3, "owner", blocks, "#### Who approves", gap="\n")


def _family(family: FamilyReview, links: Links) -> str:
    lines = [f"**{code(family.title)}** {say.states(family, code)}"]
    if family.problem:
        lines.append(f"It cannot be read: {code(family.problem)}")
    decisions = [
        f"- {code(each.action)} of version {code(each.version)} "
        f"({link(code(each.record), _address(each.record, links))}) "
        f"by {code(each.actor)}: {code(each.reason)}"
        for each in family.decisions
    ]
    lines += ["\n".join(decisions)] if decisions else []
    if family.clusters:
        rows = [say.cluster_row(each, cell) for each in family.clusters[:_ROWS]]
        drawn = table(say.CLUSTER_COLUMNS, rows)
        lines.append(_limited(drawn, len(family.clusters), "cluster"))
    return "\n\n".join(lines)


def _limited(drawn: str, rows: int, noun: str) -> str:
    more = rows - _ROWS
    return f"{drawn}\n\nand {count(more, f'more {noun}')}" if more > 0 else drawn


def _follows(review: Review) -> Iterator[Section]:
    blocks, plans = [], []
    for family in review.families:
        lines = say.follows(family, code)
        blocks.append("\n".join([f"- {code(family.title)}", *(f"  - {each}" for each in lines)]))
        if family.follows and len(family.follows.steps) > 1:
            title = [code(family.title)] if len(review.families) > 1 else []
            plans.append("\n\n".join([*title, _plan(family)]))
    yield Section(6, "forecast", blocks, "#### After the merge", gap="\n")
    yield Section(9, "plan", plans)


def _plan(family: FamilyReview) -> str:
    steps = family.follows.steps if family.follows else ()
    drawn = table(say.STEP_COLUMNS, [say.step_row(each, cell) for each in steps[:_ROWS]])
    return details(count(len(steps), "step"), [_limited(drawn, len(steps), "step")])


def _metrics(review: Review) -> Iterator[Section]:
    """A table a family, opened where a gate does not pass."""
    blocks = [_metric_table(each) for each in review.families if each.metrics]
    yield Section(8, "metric table", blocks, "#### Metrics")


def _metric_table(family: FamilyReview) -> str:
    # What does not pass comes first, so that it is never among the rows that are cut.
    metrics = sorted(family.metrics, key=lambda each: each.verdict is Verdict.PASS)
    rows = [_metric(each) for each in metrics[:_ROWS]]
    drawn = _limited(table(say.METRIC_COLUMNS, rows), len(metrics), "metric")
    reasons = [
        f"- {code(each.gate)} in {code(each.cluster)}: {code(each.reason)}"
        for each in metrics[:_ROWS]
        if each.verdict is not Verdict.PASS
    ]
    passed = sum(each.verdict is Verdict.PASS for each in metrics)
    summary = f"{passed} of {count(len(metrics), 'gate')} passed"
    folded = details(summary, [drawn, *(["\n".join(reasons)] if reasons else [])],
                     opened=passed < len(metrics))  # fmt: skip
    return f"{code(family.title)}\n\n{folded}"


def _metric(metric: MetricReview) -> list[str]:
    *row, shown = say.metric_row(metric, cell)
    return [*row, shown if metric.verdict is Verdict.PASS else f"**{shown}**"]


def _dangers(entries: Iterable[DifferenceEntry]) -> Section:
    blocks = [markdown_entry(each) for each in entries if each.section == DANGEROUS]
    return Section(4, "danger", blocks, "#### Dangerous changes", gap="\n")


def _difference(entries: Iterable[DifferenceEntry], *, known: bool) -> Section:
    """What changes in Kubernetes, by family, folded; ``known`` says that it was worked out."""
    blocks, section = [], DANGEROUS
    for each in entries:
        if each.section != DANGEROUS:
            # Blank lines, because a list ends before the title and begins after it.
            title = f"\n**{code(each.section)}**\n\n" if each.section != section else ""
            blocks.append(title + markdown_entry(each))
            section = each.section
    if not blocks:
        nothing = ["Nothing changes in manifests, policies and settings."] if known else []
        return Section(9, "line", nothing)
    head, tail = fold(f"{count(len(blocks), 'change')} in Kubernetes")
    return Section(9, "change", blocks, head, tail, gap="\n")


def _left_before(review: Review) -> list[str]:
    """What the review itself had to leave out."""
    left = {"finding": review.left_findings, "family table": review.left_families,
            "object": review.left_objects}  # fmt: skip
    return [count(number, noun) for noun, number in left.items() if number]
