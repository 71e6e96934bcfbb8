"""A review as Markdown: the comment on a pull request, and the summary of a job.

The review may come from a run that the author of the pull request controls: every text of it is
shown as code. Links lead only where the trusted side says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.model.evidence import Verdict
from lockstep.model.finding import Finding, arrange
from lockstep.model.review import ClusterReview, FamilyReview, MetricReview, Review
from lockstep.report import review_words as say
from lockstep.report.counting import Kind, count, kind
from lockstep.report.difference_groups import DANGEROUS, DifferenceEntry, entries_of
from lockstep.report.differences import markdown_entry
from lockstep.report.excerpt import draw
from lockstep.report.markdown import notes
from lockstep.report.markup import cell, code, details, fence, link, path_in_url, table
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
    yield from _findings(review, links)
    yield _approvals(review)
    yield _dangers(review)
    yield Section(5, "family table", [_family(each, links) for each in review.families],
                  "#### Families")  # fmt: skip
    yield from _follows(review)
    yield from _metrics(review)
    yield _difference(review)
    yield from _folded(review, links)


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


def _findings(review: Review, links: Links) -> Iterator[Section]:
    for each, (rank, noun, head) in _OF_KIND.items():
        found = [f for f in arrange(review.findings) if kind(f) is each]
        yield Section(rank, noun, [_finding(f, review, links) for f in found], head)


def _finding(finding: Finding, review: Review, links: Links) -> str:
    where = _place(finding.file, finding.line, finding.column, links)
    lines = [f"**{kind(finding)}** {code(finding.rule)} {where}: {code(finding.message)}"]
    excerpt = review.outcome.excerpts.get((finding.file, finding.line))
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
        columns = ["region", "cluster", "wave", "version", "weights", "state"]
        rows = [_cluster(each) for each in family.clusters[:_ROWS]]
        lines.append(_limited(table(columns, rows), len(family.clusters), "cluster"))
    return "\n\n".join(lines)


def _cluster(cluster: ClusterReview) -> list[str]:
    wave = str(cluster.wave) if cluster.wave else "none"
    return [cell(cluster.region), cell(cluster.name), wave, say.versions(cluster, cell),
            say.weights(cluster, cell), say.state_of(cluster)]  # fmt: skip


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
    rows = [
        [str(each.wave), cell(", ".join(each.regions)), str(each.step), f"{each.weight} %",
         cell(each.at)]
        for each in steps[:_ROWS]
    ]  # fmt: skip
    drawn = table(["wave", "regions", "step", "weight", "at the earliest"], rows)
    return details(count(len(steps), "step"), [_limited(drawn, len(steps), "step")])


def _metrics(review: Review) -> Iterator[Section]:
    """A table a family, opened where a gate does not pass."""
    blocks = [_metric_table(each) for each in review.families if each.metrics]
    yield Section(8, "metric table", blocks, "#### Metrics")


def _metric_table(family: FamilyReview) -> str:
    columns = ["region", "gate", "candidate", "baseline", "bounds", "verdict"]
    # What does not pass comes first, so that it is never among the rows that are cut.
    metrics = sorted(family.metrics, key=lambda each: each.verdict is Verdict.PASS)
    rows = [_metric(each) for each in metrics[:_ROWS]]
    drawn = _limited(table(columns, rows), len(metrics), "metric")
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
    shown = say.metric_verdict(metric)
    if metric.verdict is not Verdict.PASS:
        shown = f"**{shown}**"
    return [cell(metric.region), cell(metric.gate), say.measured(metric.candidate, cell),
            say.measured(metric.baseline, cell), say.bounds(metric), shown]  # fmt: skip


def _dangers(review: Review) -> Section:
    entries = _entries(review)
    blocks = [markdown_entry(each) for each in entries if each.section == DANGEROUS]
    return Section(4, "danger", blocks, "#### Dangerous changes", gap="\n")


def _difference(review: Review) -> Section:
    """What changes in Kubernetes, by family, folded."""
    blocks, section = [], DANGEROUS
    for each in _entries(review):
        if each.section != DANGEROUS:
            # Blank lines, because a list ends before the title and begins after it.
            title = f"\n**{code(each.section)}**\n\n" if each.section != section else ""
            blocks.append(title + markdown_entry(each))
            section = each.section
    if not blocks:
        nothing = ["Nothing changes in manifests, policies and settings."] if review.diff else []
        return Section(9, "line", nothing)
    head, tail = _fold(f"{count(len(blocks), 'change')} in Kubernetes")
    return Section(9, "change", blocks, head, tail, gap="\n")


def _entries(review: Review) -> list[DifferenceEntry]:
    return list(entries_of(review.diff)) if review.diff else []


def _fold(summary: str) -> tuple[str, str]:
    """What stands before and after the blocks of a folded section."""
    head, _, tail = details(summary, ["\0"]).partition("\n\n\0\n\n")
    return head, tail


def _folded(review: Review, links: Links) -> Iterator[Section]:
    """What counts least: what waivers suppress, and notes."""
    for rank, each, noun in ((10, Kind.SUPPRESSED, "waived finding"), (11, Kind.NOTE, "note")):
        found = [f for f in arrange(review.findings) if kind(f) is each]
        blocks = [_finding(f, review, links) for f in found]
        yield Section(rank, noun, blocks, *_fold(count(len(found), noun)))


def _left_before(review: Review) -> list[str]:
    """What the review itself had to leave out."""
    left = {"finding": review.left_findings, "family table": review.left_families,
            "object": review.left_objects}  # fmt: skip
    return [count(number, noun) for noun, number in left.items() if number]
