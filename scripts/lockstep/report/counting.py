"""How many findings there are of each kind, and in which part of the fleet, for people."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from lockstep.model.finding import Finding, Severity
from lockstep.model.outcome import BASE, CLUSTERS, OF, SHARD
from lockstep.text.sanitise import one_line


class Kind(StrEnum):
    """What a finding counts as in every report; the most urgent comes first.

    What needs approval is before errors, so that it is never what a limited report leaves out.
    """

    APPROVAL = "approval"
    ERROR = "error"
    WARNING = "warning"
    SUPPRESSED = "suppressed"
    NOTE = "note"


_KINDS = {severity: Kind(severity.value) for severity in Severity}

URGENCY = tuple(Kind)
"""The kinds in the order in which a report of limited size keeps them."""

_NAME = 100
"""Characters of the name of a base or a shard."""

Mark = Callable[[str], str]
"""How a format sets off a name from its own words; it is given a name on one line."""


def kind(finding: Finding) -> Kind:
    """A finding that a waiver suppresses counts as neither error nor warning."""
    if finding.suppression is not None:
        return Kind.SUPPRESSED
    return _KINDS[finding.severity]


def by_urgency(findings: Iterable[Finding]) -> list[Finding]:
    """By URGENCY; within a kind the order stays."""
    return sorted(findings, key=lambda finding: URGENCY.index(kind(finding)))


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """The numbers of a summary: ``errors``, ``warnings`` and so on, one for each kind."""
    found = Counter(map(kind, findings))
    return {
        "approvals": found[Kind.APPROVAL],
        "errors": found[Kind.ERROR],
        "warnings": found[Kind.WARNING],
        "suppressed": found[Kind.SUPPRESSED],
        "notes": found[Kind.NOTE],
    }


def count(number: int, noun: str) -> str:
    """``1 error``, ``3 errors``, ``no errors``, ``1,000 errors``."""
    return f"{f'{number:,}' if number else 'no'} {noun}{'' if number == 1 else 's'}"


def list_counts(findings: Iterable[Finding]) -> str:
    """The counts that are not zero: ``2 errors, 1 warning, 3 suppressed``."""
    found = counts(findings)
    parts = [count(found[f"{noun}s"], noun) for noun in ("error", "warning") if found[f"{noun}s"]]
    return ", ".join([*_approvals(found), *parts, *_rest(found)])


def headline(findings: Iterable[Finding], summary: Mapping[str, object], mark: Mark = str) -> str:
    """The outcome in one line: ``2 errors and 1 warning in 3 clusters; 1 suppressed``.

    ``summary`` is what was checked (see Outcome). Where that is not all, the line says what is
    with the rest: ``no errors in 3 of 1,000 clusters; the others are as on main``.
    """
    found = counts(findings)
    text = count(found["errors"], "error")
    if found["warnings"]:
        text += f" and {count(found['warnings'], 'warning')}"
    parts = _scope(summary, mark)
    if parts:
        text += f" in {parts.pop(0)}" if len(parts) > 1 else ""
        return "; ".join([text, *parts, *_approvals(found), *_rest(found)])
    clusters, shard = summary.get(CLUSTERS), _name(summary, SHARD, mark)
    if isinstance(clusters, int) and (clusters or shard):
        text += f" in {count(clusters, 'cluster')}"
    text += f" of shard {shard}" if shard else ""
    return "; ".join([text, *_approvals(found), *_rest(found)])


def scope(summary: Mapping[str, object], mark: Mark = str) -> str:
    """``3 of 1,000 clusters checked; the others are as on main``; empty where all were checked."""
    *checked, others = _scope(summary, mark) or [""]
    return "; ".join([*(f"{part} checked" for part in checked), others])


def _scope(summary: Mapping[str, object], mark: Mark) -> list[str]:
    """Which part was checked, and what is with the rest; only the latter if no cluster is touched.

    Empty where all clusters were checked.
    """
    clusters, of = summary.get(CLUSTERS, 0), summary.get(OF)
    if not isinstance(clusters, int) or not isinstance(of, int) or clusters >= of:
        return []
    base, shard = _name(summary, BASE, mark), _name(summary, SHARD, mark)
    whole = count(of, "cluster")
    part = f"{clusters:,} of {whole}"
    if shard:
        # Not "the others": the other shards check some of them.
        rest = f"are as on {base}" if base else "were not checked"
        return [f"{part} (shard {shard})", f"clusters that the change does not touch {rest}"]
    if base and not clusters and not summary.get("families"):
        return [f"the change touches none of {whole}; all are as on {base}"]
    # A run without a base is one of which a part failed.
    return [part, f"the others are as on {base}" if base else "the others were not checked"]


def _name(summary: Mapping[str, object], key: str, mark: Mark) -> str:
    """A name that people or a report chose, made safe; empty where there is none."""
    name = summary.get(key)
    return mark(one_line(name, _NAME)) if isinstance(name, str) and name else ""


def _approvals(found: Mapping[str, int]) -> list[str]:
    return [f"{count(found['approvals'], 'change')} to approve"] if found["approvals"] else []


def _rest(found: Mapping[str, int]) -> list[str]:
    suppressed = [f"{found['suppressed']:,} suppressed"] if found["suppressed"] else []
    return suppressed + ([count(found["notes"], "note")] if found["notes"] else [])
