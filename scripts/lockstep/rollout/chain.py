"""The ledger of a family is a chain: each record holds the digest of the one before it."""

from lockstep.model.decision import Phase, Position, Record
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.text.sanitise import one_line

_FIX = "restore the ledger from git; records are added, never edited or removed"


def verify_chain(family: Family) -> list[Finding]:
    """What is broken in a family's chain: missing or changed records, and ids that do not fit.

    Each finding is in the record that shows it: a changed record is found by the one after it.
    """
    findings: list[Finding] = []
    previous: Record | None = None
    for expected, record in enumerate(family.records, start=1):
        decision = record.decision
        if decision.sequence != expected:
            text = f"record {expected} is missing; the next record is {decision.sequence}"
            findings.append(_finding(record, "ledger.gap", text))
            # Every number after a gap would be off as well, so one finding says it.
            break
        if decision.previous != (previous.digest if previous else None):
            text = "spec.previous is not the digest of the record before this one"
            findings.append(_finding(record, "ledger.chain", text))
        before = previous.decision.to if previous else Position(Phase.NEW)
        if decision.source != before:
            text = f"it starts from {decision.source}; the record before it ended in {before}"
            findings.append(_finding(record, "ledger.position", text))
        # No record follows the newest one yet: in the chain, only its id can show an edit.
        if record.stated_id != decision.id:
            text = f"the id is {one_line(record.stated_id, 80)}; its content gives {decision.id}"
            findings.append(_finding(record, "ledger.id", text))
        previous = record
    return findings


def _finding(record: Record, rule: str, message: str) -> Finding:
    return Finding(record.decision.path, 1, 1, rule, message, _FIX)
