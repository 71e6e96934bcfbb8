"""What served at a time, and whether the records hold, as text: a block or a line a family."""

from collections import Counter
from collections.abc import Iterator

from lockstep.model.audit_results import FamilyAudit, LedgerAudit, LedgerCheck, ServedThen
from lockstep.model.decision import Decision
from lockstep.model.outcome import Outcome
from lockstep.model.timeline import DecisionPeriod, Doubt, ServedAt
from lockstep.model.times import format_time
from lockstep.report.counting import count
from lockstep.report.history import approvers_of, describe_weights, format_scope
from lockstep.report.text import format_outcome
from lockstep.report.wrapping import wrapped
from lockstep.text.phrases import listed
from lockstep.text.sanitise import one_line

_VERIFIED = (
    LedgerCheck.CHAIN, LedgerCheck.SCHEMA, LedgerCheck.TIMES, LedgerCheck.GIT, LedgerCheck.SPECS,
)  # fmt: skip


def format_ledger_audit(audit: LedgerAudit) -> str:
    """A line for each family, what is wrong, and only if nothing is: what was verified."""
    checks = [*(_VERIFIED if audit.verified else ()),
              *([LedgerCheck.REPLAY] if audit.replayed else [])]  # fmt: skip
    lines = [*format_scope(audit.scope)]
    lines += [wrapped(_family(each, checks), "", "    ") for each in audit.families]
    # Nothing is called verified or replayed where any record is contradicted.
    if audit.findings:
        lines += ["", format_outcome(Outcome(audit.findings))]
        return "\n".join(lines)
    total = sum(each.records for each in audit.families)
    records = count(total, "record")
    lines += [f"verified: the chain of {records} is complete"] if audit.verified else []
    give = "gives" if total == 1 else "give"
    lines += [f"replayed: {records} {give} the same verdicts again"] if audit.replayed else []
    return "\n".join(lines)


def _family(family: FamilyAudit, checks: list[LedgerCheck]) -> str:
    name = f"{family.environment}/{family.family}"
    records = count(family.records, "record")
    wrong = {check: found for check, found in family.findings.items() if found}
    if wrong:
        each = ", ".join(f"{check} {found}" for check, found in wrong.items())
        return f"{name}: {records}, {count(sum(wrong.values()), 'problem')} ({each})"
    if not family.records:
        return f"{name}: no record; lockstep adopt makes the first"
    right = f"all right ({', '.join(checks)})"
    if family.settled:  # they were changed, removed or forged, and stay so: that is no secret
        return f"{name}: {records}, {family.settled} named as broken by an adoption; else {right}"
    return f"{name}: {records}, {right}"


def format_served(result: ServedThen) -> str:
    """What each family served at the time, and by which decision."""
    lines = [*format_scope(result.scope)]
    at = format_time(result.at)
    lines += [wrapped(f"What served at {at}, by the records alone; times are in UTC")]
    for served in result.families:
        lines += ["", one_line(f"{served.environment}/{served.family}")]
        lines += _served(served, result)
    if result.findings:
        lines += ["", format_outcome(Outcome(result.findings))]
    return "\n".join(lines)


def _served(served: ServedAt, result: ServedThen) -> Iterator[str]:
    # First: they make what follows uncertain.
    for doubt in served.doubts:
        yield wrapped(_doubtful(doubt), "    DOUBTFUL: ", "        ")
    if served.period:
        yield from _clusters(served.period)
        yield from _in_force(served.period)
        for decision in served.decisions:
            yield from _decision(decision)
    else:
        first = result.first.get((served.environment, served.family))
        why = f"its first record is of {format_time(first)}" if first else "it has no record"
        yield f"    not known: {why}"


def _clusters(period: DecisionPeriod) -> Iterator[str]:
    """A line for each cluster: its region, its weights, since when and by which record."""
    regions = Counter(each.region for each in period.clusters)
    rows = sorted(
        (
            # The name only where the region does not say which cluster it is.
            one_line(each.region if regions[each.region] == 1 and each.region else
                     f"{each.region or '?'} {each.cluster}"),
            one_line(describe_weights(each.variants)),
            f"since {format_time(each.since)}, record {each.record}",
        )
        for each in period.clusters
    )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)] if rows else [0, 0]
    for place, weights, since in rows:
        yield f"    {place:{widths[0]}}  {weights:{widths[1]}}  {since}"
    if not rows:
        yield "    no cluster"


def _in_force(period: DecisionPeriod) -> Iterator[str]:
    """How long the newest decision of that time was the newest."""
    number, since = period.decision.sequence, format_time(period.since)
    end = format_time(period.until) if period.until else "now"
    yield _line("newest", f"record {number}, from {since} to {end}")
    if period.live_since and period.live_since != period.since:
        live = format_time(period.live_since)
        yield _line("live in the clusters", f"since {live}, as record {number + 1} says")
    if period.decision.decided_at != since:
        dated = f"record {number} is dated {period.decision.decided_at}, before the one it follows"
        yield _line("late clock", dated)


def _decision(decision: Decision) -> Iterator[str]:
    verdict = f" [{decision.verdict}]" if decision.verdict else ""
    what = f"{decision.action} version {decision.target.version}{verdict}"
    yield _line(f"record {decision.sequence}", f"{decision.decided_at} {what}")
    yield wrapped(f"{decision.source} -> {decision.to}", "        step: ", " " * 12)
    yield wrapped(decision.actor, "        who: ", " " * 12)
    if approvers := approvers_of(decision):
        names = listed([f"{name} ({role})" if role else name for name, role in approvers.items()])
        yield wrapped(names, "        approved by: ", " " * 12)
    yield wrapped(decision.reason, "        why: ", " " * 12)


def _line(label: str, text: str) -> str:
    return wrapped(text, f"    {label}: ", "        ")


def _doubtful(doubt: Doubt) -> str:
    why = doubt.problem or "an adoption has named it as broken"
    return f"record {doubt.sequence} cannot be relied on, and may have changed it by then: {why}"
