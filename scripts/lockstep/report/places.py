"""Paths as a person sees them: in text they are relative to the folder that the person is in.

JSON and the formats of CI keep them relative to the repository.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from msgspec import structs

from lockstep.model.audit_results import History, LedgerAudit, ServedThen
from lockstep.model.differences import Differences
from lockstep.model.dry_proposal import DryProposal
from lockstep.model.file_results import (
    LockComparison,
    Locked,
    Pages,
    RenderedFiles,
    Scaffolded,
    Status,
    Upgraded,
)
from lockstep.model.finding import Finding
from lockstep.model.fleet_page import SiteWritten
from lockstep.model.outcome import SHIPPED, Outcome
from lockstep.model.result import OnBranch
from lockstep.model.status import FamilyStatus
from lockstep.model.tool_results import NewFiles

T = TypeVar("T")


def path_seen_from(path: str, folder: str) -> str:
    """A path of the repository as seen from a folder of it; both with ``/`` as separator.

    An absolute path, and that of a file that ships with the program, stay as they are.
    """
    if not path or path.startswith(("/", SHIPPED)):
        return path
    return posixpath.relpath(path, folder)


def seen_from(found: T, folder: str) -> T:
    """What a verb found, with all paths as seen from ``folder``; empty: the top, nothing changes.

    Words that quote a path, and commands, stay: they are about the repository.
    """
    if not folder:
        return found
    seen: object = found
    match found:
        case Outcome():
            seen = _outcome(found, folder)
        case Differences():
            seen = structs.replace(found, findings=_findings(found.findings, folder))
        case RenderedFiles():
            seen = _rendered(found, folder)
        case Upgraded():
            rendered, outcome = _rendered(found.rendered, folder), _outcome(found.outcome, folder)
            seen = replace(found, rendered=rendered, outcome=outcome)
        case Status(families):
            seen = replace(
                found,
                families=tuple(_family(each, folder) for each in families),
                findings=_findings(found.findings, folder),
            )
        case History() | ServedThen() | LedgerAudit() | LockComparison() | SiteWritten():
            seen = replace(found, findings=_findings(found.findings, folder))
        case Pages(paths, written, findings):
            files, new = _paths(paths, folder), _paths(written, folder)
            seen = replace(found, paths=files, written=new, findings=_findings(findings, folder))
        case Locked(path):
            seen = replace(found, path=path_seen_from(path, folder))
        case Scaffolded(written, locked=locked):
            where = path_seen_from(locked, folder)
            seen = replace(found, written=_paths(written, folder), locked=where)
        case NewFiles(paths):
            seen = replace(found, paths=_paths(paths, folder))
        case OnBranch(results=results):
            seen = replace(found, results=tuple(_moved(each, folder) for each in results))
    return seen  # type: ignore[return-value]


def _moved(result: T, folder: str) -> T:
    """Of what verbs do with families, only a dry run shows places."""
    seen: object = result
    if isinstance(result, DryProposal):
        missing = (
            replace(each, findings=_findings(each.findings, folder)) for each in result.missing
        )
        seen = replace(result, missing=tuple(missing))
    return seen  # type: ignore[return-value]


def _paths(paths: Iterable[str], folder: str) -> tuple[str, ...]:
    return tuple(path_seen_from(path, folder) for path in paths)


def _family(family: FamilyStatus, folder: str) -> FamilyStatus:
    problems = tuple(
        structs.replace(each, file=path_seen_from(each.file, folder)) for each in family.problems
    )
    return structs.replace(family, problems=problems)


def _rendered(found: RenderedFiles, folder: str) -> RenderedFiles:
    return replace(
        found,
        outcome=_outcome(found.outcome, folder),
        written=_paths(found.written, folder),
        removed=_paths(found.removed, folder),
    )


def _outcome(found: Outcome, folder: str) -> Outcome:
    excerpts = {
        (path_seen_from(file, folder), line): text for (file, line), text in found.excerpts.items()
    }
    return replace(found, findings=_findings(found.findings, folder), excerpts=excerpts)


def _findings(findings: Iterable[Finding], folder: str) -> tuple[Finding, ...]:
    return tuple(_finding(each, folder) for each in findings)


def _finding(finding: Finding, folder: str) -> Finding:
    waiver = finding.suppression
    return replace(
        finding,
        file=path_seen_from(finding.file, folder),
        related=tuple(
            replace(each, file=path_seen_from(each.file, folder)) for each in finding.related
        ),
        suppression=waiver and replace(waiver, file=path_seen_from(waiver.file, folder)),
    )
