"""A review as text for a terminal: what the comment on a pull request says, without its links."""

from collections.abc import Iterator

from lockstep.model.differences import Differences
from lockstep.model.evidence import Verdict
from lockstep.model.forecast import Forecast
from lockstep.model.review import FamilyReview, Review
from lockstep.report import review_words as say
from lockstep.report.differences import format_text
from lockstep.report.table import format_table
from lockstep.report.text import format_outcome


def format_review(review: Review) -> str:
    """The whole review; nothing is left out. What others wrote is on lines of its own."""
    parts = [say.verdict(review, str)]
    parts += [format_outcome(review.outcome)] if review.outcome.findings else []
    parts += [who] if (who := say.approvers(review, str)) else []
    parts += [f"not known: {text}" for text in review.missing]
    parts += [_family(each) for each in review.families]
    parts += [format_text(Differences(review.diff))] if review.diff else []
    return "\n\n".join(parts)


def _family(family: FamilyReview) -> str:
    owner = family.owner or "nobody"
    lines = [f"{family.title} (owner: {owner}): {say.states(family, str)}"]
    lines += [f"  {each.action} of version {each.version} by {each.actor}: {each.reason}"
              for each in family.decisions]  # fmt: skip
    lines += _clusters(family)
    lines += [f"  approval: {say.approval_gate(gate, str)}" for gate in family.approvals]
    lines += _metrics(family)
    lines += [f"  {text}" for text in say.follows(family, str)]
    if family.follows and family.follows.steps:
        lines.append(_plan(family.follows))
    return "\n".join(lines)


def _clusters(family: FamilyReview) -> Iterator[str]:
    rows = [say.cluster_row(each, str) for each in family.clusters]
    if rows:
        yield format_table(say.CLUSTER_COLUMNS, rows)


def _metrics(family: FamilyReview) -> Iterator[str]:
    rows = [say.metric_row(each, str) for each in family.metrics]
    if rows:
        yield format_table(say.METRIC_COLUMNS, rows)
    for each in family.metrics:
        if each.verdict is not Verdict.PASS:
            yield f"  {each.verdict.value}: {each.gate} in {each.cluster}: {each.reason}"


def _plan(found: Forecast) -> str:
    return format_table(say.STEP_COLUMNS, [say.step_row(each, str) for each in found.steps])
