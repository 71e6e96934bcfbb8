"""The ledger as text: who decided what, when, why, and on which evidence."""

from collections.abc import Iterator, Sequence

from lockstep.model.decision import Decision
from lockstep.model.document import Json
from lockstep.model.evidence import Evidence
from lockstep.model.finding import Finding
from lockstep.model.outcome import Outcome
from lockstep.report.counting import count
from lockstep.report.text import format_outcome
from lockstep.text.phrases import OUT_OF_FORCE
from lockstep.text.sanitise import one_line


def format_history(
    decisions: Sequence[Decision], findings: Sequence[Finding], *, verified: bool, replayed: bool
) -> str:
    """Each decision with its evidence, then what was verified, or the findings."""
    lines = [line for decision in decisions for line in _decision(decision)]
    # Nothing is called verified or replayed where any record is contradicted.
    if findings:
        lines += ["", format_outcome(Outcome(tuple(findings)))]
    else:
        records = count(len(decisions), "record")
        lines += [f"verified: the chain of {records} is complete"] if verified else []
        lines += [f"replayed: {records} give the same verdicts again"] if replayed else []
    return "\n".join(lines)


def _decision(decision: Decision) -> Iterator[str]:
    where = f"{decision.environment}/{decision.family} {decision.sequence}"
    verdict = f" [{decision.verdict}]" if decision.verdict else ""
    what = (
        f"{decision.action} version {decision.target.version}: {decision.source} -> {decision.to}"
    )
    yield one_line(f"{decision.decided_at}  {where}  {what}{verdict}")
    yield one_line(f"    who: {decision.actor}")
    # Reasons and actors come from people and registries: one_line keeps each on its own line.
    yield one_line(f"    why: {decision.reason}")
    given = "; its time was given by --now" if decision.time_given else ""
    yield one_line(f"    with: Lockstep {decision.program_version}{given}")
    if decision.restored:
        yield one_line(f"    how: {_restored(decision)}")
    yield from (
        one_line(f"    without the broken record {path}") for path in decision.broken_records
    )
    yield from (one_line(f"    {describe_evidence(item)}") for item in decision.evidence)
    yield from (one_line(f"    unchecked: {text}") for text in decision.unchecked)


def _restored(decision: Decision) -> str:
    restored = decision.restored
    if restored is None:
        return ""
    if restored.bytes_from:
        text = f"the verified bytes of {restored.bytes_from}; the renderer has changed since"
        kept = f"; {OUT_OF_FORCE}: {', '.join(restored.changed)}" if restored.changed else ""
        return text + kept
    if restored.exact:
        return f"exactly as verified in record {restored.sequence}"
    kept = ", ".join(restored.changed) or "what this clone could not compare"
    return f"as verified in record {restored.sequence}, except for what people changed: {kept}"


def describe_evidence(item: Evidence) -> str:
    """The verdict of one gate in one cluster, in a line."""
    # 12 characters are the longest verdict, inconclusive.
    return f"{item.verdict.value:12} {item.gate.get('name')} in {item.cluster}: {item.reason}"


def decision_to_json(decision: Decision) -> Json:
    """One decision for ``--format json``: what an auditor asks of it, with its evidence."""
    return {
        "family": f"{decision.environment}/{decision.family}",
        "sequence": decision.sequence,
        "decidedAt": decision.decided_at,
        "timeGiven": decision.time_given,
        "programVersion": decision.program_version,
        "actor": decision.actor,
        "action": decision.action.value,
        "version": decision.target.version,
        "from": decision.source.to_json(),
        "to": decision.to.to_json(),
        "verdict": decision.verdict.value if decision.verdict else None,
        "reason": decision.reason,
        "id": decision.id,
        "evidence": [item.to_json() for item in decision.evidence],
        "unchecked": list(decision.unchecked),
        "brokenRecords": dict(decision.broken_records),
    }
