"""Recomputes from a record alone what was decided: anyone can do it, offline, years later."""

from lockstep.gates.verdicts import judge_again
from lockstep.model.decision import Action, Decision, Phase
from lockstep.model.evidence import Verdict, worst
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family

_FIX = "compare the record with git's history; the evidence in it does not carry the decision"
_FORWARD = (Action.ADVANCE, Action.VERIFY)


def replay(family: Family) -> list[Finding]:
    """Each way in which a record's evidence does not lead to what the record says."""
    return [finding for record in family.records for finding in _replay(record.decision)]


def _replay(decision: Decision) -> list[Finding]:
    findings = []
    for item in decision.evidence:
        verdict, _ = judge_again(item)
        if verdict is not item.verdict:
            name = str(item.gate.get("name"))[:80]
            text = f"gate {name} in {item.cluster}: recorded {item.verdict}, recomputed {verdict}"
            findings.append(_finding(decision, "replay.verdict", text))
    overall = worst(judge_again(item)[0] for item in decision.evidence)
    if decision.evidence and decision.verdict is not overall:
        text = f"the record says {decision.verdict}, its evidence says {overall}"
        findings.append(_finding(decision, "replay.verdict", text))
    if not _carried(decision, overall):
        text = f"{decision.action} does not follow from the verdict {overall}"
        findings.append(_finding(decision, "replay.action", text))
    return findings


def _carried(decision: Decision, overall: Verdict) -> bool:
    """Forward needs a pass, except the first step, before which nothing could be asked."""
    if decision.action not in _FORWARD or decision.source.phase is Phase.PROPOSED:
        return True
    return overall is Verdict.PASS


def _finding(decision: Decision, rule: str, message: str) -> Finding:
    return Finding(decision.path, 1, 1, rule, message, _FIX)
