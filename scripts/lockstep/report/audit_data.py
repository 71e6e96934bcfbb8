"""What ``audit`` found as data for ``--format json``: values, never text for display."""

from collections.abc import Sequence
from datetime import datetime

from lockstep.model.audit_results import AuditScope, History, LedgerAudit, ServedThen
from lockstep.model.decision import Decision, Variant
from lockstep.model.document import Json
from lockstep.model.paths import record_path
from lockstep.model.timeline import Doubt, LedgerEntry, ServedAt, ServedCluster, TrafficChange
from lockstep.model.times import format_time
from lockstep.report.history import approvers_of


def audit_data(result: History | ServedThen | LedgerAudit) -> tuple[dict[str, Json], list[Json]]:
    """The summary and the items; ``about`` in the summary says what the items are."""
    match result:
        case History():
            return _history(result)
        case ServedThen():
            summary = {**_scope("served", result.scope), "at": format_time(result.at)}
            return summary, [_served(each) for each in result.families]
        case LedgerAudit():
            summary = {
                **_scope("families", result.scope),
                "verified": result.verified,
                "replayed": result.replayed,
                "records": sum(each.records for each in result.families),
            }
            return summary, [
                {
                    "family": f"{each.environment}/{each.family}",
                    "records": each.records,
                    "problems": {check.value: found for check, found in each.findings.items()},
                }
                for each in result.families
            ]


def _history(result: History) -> tuple[dict[str, Json], list[Json]]:
    asked = result.selection
    summary = {
        **_scope("decisions", result.scope),
        "since": _time(asked.since),
        "until": _time(asked.until),
        "last": asked.last,
        "version": asked.version,
        "decisions": result.decisions,
        "selected": result.selected,
    }
    return summary, [_entry(entry) for entry in result.entries]


def _scope(about: str, scope: AuditScope) -> dict[str, Json]:
    return {"about": about, "shown": scope.shown, "now": _time(scope.now)}


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None


def _entry(entry: LedgerEntry) -> Json:
    decision = entry.decision
    return {
        **_decision(decision),
        "problem": entry.problem,
        "programVersion": decision.program_version,
        "from": decision.source.to_json(),
        "changes": [_change(each) for each in entry.changes],
        "evidence": [item.to_json() for item in decision.evidence],
        "unchecked": list(decision.unchecked),
        "brokenRecords": dict(decision.broken_records),
        **promoted_from_data(decision),
    }


def promoted_from_data(decision: Decision) -> dict[str, Json]:
    """Where the version of a promotion comes from; nothing of other decisions."""
    source = decision.promoted_from
    if source is None:
        return {}
    path = record_path(source.environment, decision.family, source.sequence)
    return {
        "promotedFrom": {
            "family": f"{source.environment}/{decision.family}",
            "version": source.version,
            "record": path,
            "digest": source.record,
        }
    }


def _decision(decision: Decision) -> dict[str, Json]:
    """What an auditor asks of one decision first."""
    return {
        "family": f"{decision.environment}/{decision.family}",
        "sequence": decision.sequence,
        "record": decision.path,
        "id": decision.id,
        "decidedAt": decision.decided_at,
        "timeGiven": decision.time_given,
        "actor": decision.actor,
        "approvals": [
            {"name": name, "role": role} for name, role in approvers_of(decision).items()
        ],
        "action": decision.action.value,
        "version": decision.target.version,
        "to": decision.to.to_json(),
        "verdict": decision.verdict.value if decision.verdict else None,
        "reason": decision.reason,
    }


def _change(change: TrafficChange) -> Json:
    return {
        "cluster": change.cluster,
        "region": change.region or None,
        "before": _variants(change.before),
        "after": _variants(change.after),
    }


def _variants(variants: Sequence[Variant] | None) -> Json:
    return None if variants is None else [_variant(each) for each in variants]


def _variant(variant: Variant) -> Json:
    return {name: variant.get(name) for name in ("name", "version", "weight")}


def _served(served: ServedAt) -> Json:
    period = served.period
    return {
        "family": f"{served.environment}/{served.family}",
        "known": period is not None,
        "clusters": [_cluster(each) for each in period.clusters] if period else [],
        "since": _time(period.since) if period else None,
        "until": _time(period.until) if period else None,
        "liveSince": _time(period.live_since) if period else None,
        "decisions": [_decision(each) for each in served.decisions],
        "doubts": [_doubt(each) for each in served.doubts],
    }


def _cluster(cluster: ServedCluster) -> Json:
    return {
        "cluster": cluster.cluster,
        "region": cluster.region or None,
        "variants": _variants(cluster.variants),
        "since": format_time(cluster.since),
        "record": cluster.record,
    }


def _doubt(doubt: Doubt) -> Json:
    return {
        "record": doubt.path,
        "sequence": doubt.sequence,
        "problem": doubt.problem,
        "settled": doubt.settled,
    }
