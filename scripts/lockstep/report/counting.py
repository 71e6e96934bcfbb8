"""How many findings there are of each kind, as numbers and as text."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from lockstep.model.finding import Finding, Severity
from lockstep.text.sanitise import one_line


class Kind(StrEnum):
    """What a finding counts as in every report; the most urgent comes first."""

    ERROR = "error"
    WARNING = "warning"
    SUPPRESSED = "suppressed"


URGENCY = tuple(Kind)
"""The kinds in the order in which a report of limited size keeps them."""


def kind(finding: Finding) -> Kind:
    """A finding that a waiver suppresses counts as neither error nor warning."""
    if finding.suppression is not None:
        return Kind.SUPPRESSED
    return Kind.ERROR if finding.severity is Severity.ERROR else Kind.WARNING


def by_urgency(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then what is suppressed; within a kind the order stays."""
    return sorted(findings, key=lambda finding: URGENCY.index(kind(finding)))


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """The numbers of a summary: ``errors``, ``warnings`` and ``suppressed``."""
    found = Counter(map(kind, findings))
    return {
        "errors": found[Kind.ERROR],
        "warnings": found[Kind.WARNING],
        "suppressed": found[Kind.SUPPRESSED],
    }


def count(number: int, noun: str) -> str:
    """``1 error``, ``3 errors``, ``no errors``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def listed(findings: Iterable[Finding]) -> str:
    """The counts that are not zero: ``2 errors, 1 warning, 3 suppressed``."""
    found = counts(findings)
    parts = [count(found[f"{noun}s"], noun) for noun in ("error", "warning") if found[f"{noun}s"]]
    parts += [f"{found['suppressed']} suppressed"] if found["suppressed"] else []
    return ", ".join(parts)


def headline(findings: Iterable[Finding], summary: Mapping[str, object]) -> str:
    """The outcome in one line: ``2 errors and 1 warning in 3 clusters; 1 suppressed``.

    ``summary`` is what was checked; its ``clusters`` (a number) and ``shard`` are shown.
    """
    found = counts(findings)
    text = count(found["errors"], "error")
    if found["warnings"]:
        text += f" and {count(found['warnings'], 'warning')}"
    clusters, shard = summary.get("clusters"), summary.get("shard")
    if isinstance(clusters, int) and (clusters or shard):
        text += f" in {count(clusters, 'cluster')}"
    if isinstance(shard, str):
        text += f" of shard {one_line(shard)}"
    return f"{text}; {found['suppressed']} suppressed" if found["suppressed"] else text
