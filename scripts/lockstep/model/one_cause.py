"""Many findings of one cause as one finding, with how many there are and where.

A change of a template makes every rendered file differ, and a region that leaves an environment is
unknown to every cluster in it: hundreds of findings, all ended by one act.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lockstep.model.finding import Finding, Related, Severity, arrange

MOST = 20
"""As many findings of one cause are reported one by one, each with its own line."""

SAME = "the same"
"""The note of the other places of a finding that is the same in many places."""

_COUNT = re.compile(r" \(the same in [0-9]+ places\)\Z")
_RENDERED = {
    "render.different": "differ from what the specs and templates render",
    "render.missing": "are missing",
    "render.stale": "are not rendered any more",
}
"""What the comparison with ``rendered/`` finds: each has its own message, and all one fix."""


def by_cause(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in report order, those of one cause as one where they are more than MOST.

    Of one cause are rendered files that differ, and errors or warnings with the same message and
    fix. Approvals, notes and what is waived stay as they are, and so does what concerns several
    places already. The parts of a fleet may be given with theirs as one already: the result is
    that of all findings of the parts.
    """
    alone: list[Finding] = []
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        cause = _cause(finding)
        if cause is None:
            alone.append(finding)
        else:
            alike.setdefault(cause, []).append(finding)
    return arrange([*alone, *(each for same in alike.values() for each in _merged(same))])


def occurrences(finding: Finding) -> int:
    """How many findings it is: 1, or those that by_cause has made one."""
    return len(_places(finding))


def _cause(finding: Finding) -> tuple[str, ...] | None:
    """What is equal in findings of one cause; None where a finding has none of that kind."""
    counts = finding.severity in (Severity.ERROR, Severity.WARNING)
    # Each waiver is its own: whether one is unused is decided over all shards.
    if finding.suppression is not None or not counts or finding.rule.startswith("waiver."):
        return None
    if finding.rule in _RENDERED:
        return finding.rule, finding.severity, finding.fix
    if any(each.note != SAME for each in finding.related):
        return None
    return finding.rule, finding.severity, finding.fix, _COUNT.sub("", finding.message)


def _merged(same: Sequence[Finding]) -> Sequence[Finding]:
    places = sorted({place for finding in same for place in _places(finding)})
    if len(places) <= MOST:
        return same
    first = min(same)
    if first.rule in _RENDERED:
        folders = len({place.file.rpartition("/")[0] for place in places})
        message = f"{len(places)} rendered files in {folders} folders {_RENDERED[first.rule]}"
        return [replace(first, message=message, related=tuple(places))]
    message = f"{_COUNT.sub('', first.message)} (the same in {len(places)} places)"
    return [replace(first, message=message, related=tuple(places[1:]))]


def _places(finding: Finding) -> tuple[Related, ...]:
    """Every place that a finding is about, each with what tells it from the others of its cause."""
    if finding.rule in _RENDERED:
        own = Related(finding.file, finding.line, finding.column, finding.message)
        return finding.related or (own,)
    if any(each.note != SAME for each in finding.related):
        return (Related(finding.file, finding.line, finding.column, SAME),)
    return (Related(finding.file, finding.line, finding.column, SAME), *finding.related)
