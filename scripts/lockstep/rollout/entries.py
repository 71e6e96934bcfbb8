"""The records of families as one history, the newest first, with what each decision changed."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from lockstep.model.decision import Decision
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.model.ledger import REWRITTEN
from lockstep.model.timeline import LedgerEntry, TrafficChange
from lockstep.model.times import parse_time
from lockstep.rollout.timeline import weighted
from lockstep.rollout.trust import why_ahead
from lockstep.spec.ledger import files_of, unsettled

_NAMED = "a later record has named it as broken"


def entries_of(family: Family, now: datetime) -> Iterator[LedgerEntry]:
    """Every record of a family that can be read, oldest first, by what ``chain.judged`` gives.

    Those that cannot be relied on are among them, each with the reason.
    """
    regions = {each.name: each.region for each in family.clusters}
    clock, before = None, None
    trusted = {record.decision.path for record in family.records}
    for file in files_of(family):
        if file.record is None:
            continue
        decision = file.record.decision
        problem = why_ahead(decision, now)
        if decision.path not in trusted:
            problem = file.problem or _NAMED
        decided = parse_time(decision.decided_at)
        since = decided if clock is None else max(decided, clock)
        yield LedgerEntry(decision, since, tuple(_changes(before, decision, regions)), problem)
        # What a record that cannot be relied on says delays and changes nothing after it.
        if not problem:
            clock, before = since, decision


def missing_records(family: Family) -> Iterator[Finding]:
    """The records of a judged family that are gone, and that no adoption has settled.

    A history without them would seem to be whole.
    """
    for file in unsettled(family):
        if file.digest is None:
            text = f"record {file.sequence} is missing here: {file.problem}"
            fix = "restore it from git; lockstep audit --verify shows all that is wrong"
            yield Finding(file.path, 1, 1, REWRITTEN, text, fix)


def newest_first(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """The entries of several families as one history.

    In a family by their numbers, whatever times a forged record claims.
    """
    by_family: dict[tuple[str, str], list[LedgerEntry]] = {}
    for entry in entries:
        key = (entry.decision.environment, entry.decision.family)
        by_family.setdefault(key, []).append(entry)
    placed = []
    for key, own in by_family.items():
        own.sort(key=lambda each: each.decision.sequence)
        latest = next((each.since for each in own if not each.problem), own[0].since)
        for entry in own:
            latest = max(latest, entry.since) if not entry.problem else latest
            placed.append(((latest, key, entry.decision.sequence), entry))
    return [entry for _, entry in sorted(placed, key=lambda each: each[0], reverse=True)]


def _changes(
    before: Decision | None, decision: Decision, regions: Mapping[str, str]
) -> Iterator[TrafficChange]:
    was = before.variants if before else {}
    for name in sorted(was.keys() | decision.variants.keys()):
        old = weighted(was[name]) if name in was else None
        new = weighted(decision.variants[name]) if name in decision.variants else None
        if old != new:
            yield TrafficChange(name, regions.get(name, ""), old, new)
