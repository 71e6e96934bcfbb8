"""The ledger of a family is a chain: each record holds the digest of the one before it."""

from lockstep.model.decision import Phase, Position, Record
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family

_FIX = "restore the ledger from git; records are added, never edited or removed"


def verify_chain(family: Family) -> list[Finding]:
    """What is broken in a family's chain: gaps, changed predecessors, ids that do not fit."""
    findings: list[Finding] = []
    previous: Record | None = None
    for expected, record in enumerate(family.records, start=1):
        decision = record.decision
        if decision.sequence != expected:
            text = f"record {expected} is missing: the next one is {decision.sequence}"
            findings.append(_finding(record, "ledger.gap", text))
            break
        if decision.previous != (previous.digest if previous else None):
            text = "the record before this one is not the one that it was decided on"
            findings.append(_finding(record, "ledger.chain", text))
        if decision.source != (previous.decision.to if previous else Position(Phase.NEW)):
            text = f"it starts from {decision.source}, where the record before it did not lead"
            findings.append(_finding(record, "ledger.position", text))
        if record.stated_id != decision.id:
            text = f"the id is {record.stated_id[:80]}; the record's content gives {decision.id}"
            findings.append(_finding(record, "ledger.id", text))
        previous = record
    return findings


def _finding(record: Record, rule: str, message: str) -> Finding:
    return Finding(record.decision.path, 1, 1, rule, message, _FIX)
