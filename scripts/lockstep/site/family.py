"""What the page of one family shows: its state, its time line, its gates and its decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from lockstep.model.decision import Decision
from lockstep.model.evidence import Evidence, Measurement, Verdict
from lockstep.model.fleet_page import FamilyLedger, FleetPage
from lockstep.model.status import FamilyStatus
from lockstep.model.timeline import LedgerEntry
from lockstep.site.lanes import Chart, draw

MOST_WHOLE = 60
"""So many decisions are shown with their evidence, and of these only those that are new enough."""

MOST_SHORT = 200
"""So many older ones follow, a line each; lockstep audit has them all."""

MOST_EVIDENCE = 40
"""So many verdicts of one decision are shown, the worst first."""

_ORDER = tuple(reversed(Verdict))


@dataclass(frozen=True, slots=True)
class FamilyPage:
    """One page. ``status`` is None for a family whose own files are gone: its records are left.

    ``whole`` are the decisions that are shown with their evidence, ``short`` older ones that get a
    line each, and ``left`` is how many there are before them.
    """

    title: str
    status: FamilyStatus | None
    ledger: FamilyLedger
    chart: Chart
    whole: tuple[LedgerEntry, ...]
    short: tuple[LedgerEntry, ...]
    left: int
    judged: Decision | None

    def shows(self, sequence: int) -> bool:
        """Whether the page has a place for the record with this number."""
        return any(each.decision.sequence == sequence for each in (*self.whole, *self.short))


def family_page(page: FleetPage, status: FamilyStatus | None, ledger: FamilyLedger) -> FamilyPage:
    """The page of a family of the fleet; ``ledger`` is empty where it has no record."""
    since = page.now - timedelta(days=page.days)
    new = [each for each in ledger.entries if each.since >= since]
    # One at least: what moved last matters, however long ago that was.
    whole = tuple((new or ledger.entries[:1])[:MOST_WHOLE])
    older = ledger.entries[len(whole) :]
    return FamilyPage(
        f"{ledger.environment}/{ledger.family}",
        status,
        ledger,
        draw(ledger.spans, ledger.entries, page.now, page.days),
        whole,
        tuple(older[:MOST_SHORT]),
        len(older[MOST_SHORT:]),
        _judged(status, ledger.entries),
    )


def _judged(status: FamilyStatus | None, entries: Sequence[LedgerEntry]) -> Decision | None:
    """The decision whose verdicts the state of the family is about."""
    if status is None or status.judged is None:
        return None
    wanted = status.judged.decision
    return next((each.decision for each in entries if each.decision.id == wanted), None)


def worst_first(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The verdicts that are shown: the worst first, else as they were asked."""
    ordered = sorted(evidence, key=lambda each: _ORDER.index(each.verdict))
    return ordered[:MOST_EVIDENCE]


def measured(of: Measurement | None) -> str:
    """A measurement in a cell: its value, and behind how many samples; empty where there is none.

    Why a value cannot be used is part of the verdict's reason.
    """
    if of is None or of.value is None:
        return ""
    value = f"{of.value:.6g}" if isinstance(of.value, float) else str(of.value)
    return value if of.samples is None else f"{value} ({of.samples:,} samples)"
