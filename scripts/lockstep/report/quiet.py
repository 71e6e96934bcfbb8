"""What ``--quiet`` leaves of a verb's text: findings and errors."""

from collections.abc import Iterator
from dataclasses import replace

from lockstep.model.drift import DriftReport
from lockstep.model.dry_proposal import DryProposal
from lockstep.model.file_results import RenderedFiles, Status, Upgraded
from lockstep.model.outcome import Outcome
from lockstep.model.result import Failed, OnBranch
from lockstep.model.rule_results import RuleTests
from lockstep.model.status import RolloutState
from lockstep.model.tool_results import Diagnosis, Health
from lockstep.report import drift
from lockstep.report.moves import format_move
from lockstep.report.results import format_differing
from lockstep.report.text import format_findings
from lockstep.report.tools import format_diagnosis


def format_quiet(found: object, *, colour: bool = False) -> str:
    """The findings and errors of what a verb found or did; empty where there are none.

    ``colour`` is for a terminal only.
    """
    match found:
        case Outcome():
            return format_findings(found, colour=colour)
        case DriftReport():
            return drift.format_text(found) if found.drifts or found.unread else ""
        case OnBranch(results=results):
            shown = (each for each in results if isinstance(each, Failed) or _lacks(each))
            return "\n".join(map(format_move, shown))
        case RenderedFiles():
            return "\n".join(_rendered(found))
        case Upgraded():
            return format_findings(found.outcome)
        case RuleTests(problems=problems):
            return "\n".join(problems)
        case Status():
            return "\n".join(_status(found, colour))
        case Diagnosis(probes):
            wrong = tuple(each for each in probes if each.health is not Health.OK)
            return format_diagnosis(replace(found, probes=wrong)) if wrong else ""
    # Found by the name of the field: not every result has findings.
    return format_findings(Outcome(tuple(getattr(found, "findings", ()))), colour=colour)


def _lacks(result: object) -> bool:
    """Whether a dry run has found that something is missing."""
    return isinstance(result, DryProposal) and bool(result.missing)


def _status(found: Status, colour: bool) -> Iterator[str]:
    """The findings, and the problems of broken families that only git's history shows."""
    if found.findings:
        yield format_findings(Outcome(found.findings), colour=colour)
    listed = {each.file for each in found.findings}
    for family in found.families:
        if family.state is RolloutState.BROKEN:
            wrong = (each for each in family.problems if each.file not in listed)
            yield from (
                f"{each.file}:{each.line}: {family.title}: {each.message}" for each in wrong
            )


def _rendered(found: RenderedFiles) -> Iterator[str]:
    if found.outcome.findings:
        yield format_findings(found.outcome)
    if found.compared and (found.written or found.removed):
        yield from format_differing(found)
