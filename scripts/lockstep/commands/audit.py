"""``lockstep audit``: who decided what, what served when, and whether the records hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lockstep.check.audit import (
    Contradiction,
    Ledger,
    read_ledger,
    replay_ledger,
    summarise,
    unread_evidence,
    verify_ledger,
)
from lockstep.check.followed import Shown, find_shown
from lockstep.check.served import judged_families, read_served
from lockstep.edges.git import Git
from lockstep.model.audit_results import (
    AuditScope,
    AuditSelection,
    History,
    LedgerAudit,
    ServedThen,
)
from lockstep.model.errors import NothingToCheck
from lockstep.model.finding import Finding, arrange
from lockstep.model.timeline import LedgerEntry
from lockstep.model.times import parse_time
from lockstep.rollout.entries import entries_of, missing_records, newest_first


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """Whose records are read, from where, and at which time.

    ``time_given`` says that a person gave ``now``. ``work_tree``: not from the followed branch.
    Without ``fetch`` no server is asked: the branch is read as it was last fetched.
    """

    root: Path
    now: datetime
    family: str | None = None
    environment: str | None = None
    remote: str | None = None
    time_given: bool = False
    work_tree: bool = False
    fetch: bool = True


def show(request: AuditRequest, selection: AuditSelection) -> History:
    """The decisions that are selected, the newest first.

    A family that is gone, or whose head cannot be read, still has its records.
    """
    git, shown, ledger = _read(request)
    families = judged_families(git, ledger, shown.commit)
    findings = [
        *ledger.unreadable_records,
        *unread_evidence(ledger),
        *(finding for each in families for finding in missing_records(each)),
    ]
    found = [entry for each in families for entry in entries_of(each, request.now)]
    _refuse_nothing(bool(found or findings))
    chosen = [each for each in newest_first(found) if _is_selected(each, selection)]
    return History(
        tuple(chosen[: selection.last]),
        arrange(findings),
        _scope(request, shown),
        selection,
        len(found),
        len(chosen),
        tuple(dict.fromkeys(each.decision.target.version for each in found)),
    )


def show_served(request: AuditRequest, at: datetime) -> ServedThen:
    """What every family served at a time, by the records that can be relied on."""
    git, shown, ledger = _read(request)
    families = judged_families(git, ledger, shown.commit)
    _refuse_nothing(bool(ledger.decisions or ledger.unreadable_records))
    first = {
        (each.environment, each.name): parse_time(each.records[0].decision.decided_at)
        for each in families
        if each.records
    }
    served = tuple(read_served(git, each, at, request.now) for each in families)
    findings = arrange(ledger.unreadable_records)
    return ServedThen(at, served, first, findings, _scope(request, shown))


def judge(request: AuditRequest, *, verify: bool, again: bool) -> LedgerAudit:
    """What contradicts the records.

    ``verify`` checks the chain, that records fit their schema, that none is from after now, that
    git never saw one change, and that specs agree with the newest. ``again`` recomputes every
    verdict and action from the records alone.
    """
    git, shown, ledger = _read(request)
    found = list(_contradictions(git, ledger, request.now, shown.commit, verify, again))
    # Each once: what is wrong with a folder is about several families.
    findings: list[Finding] = list(dict.fromkeys(each.finding for each in found))
    if not verify:
        findings += [*ledger.unreadable_records, *unread_evidence(ledger)]
    _refuse_nothing(bool(ledger.decisions or findings))
    return LedgerAudit(
        summarise(ledger, found),
        arrange(findings),
        _scope(request, shown),
        verified=verify,
        replayed=again,
    )


def _contradictions(
    git: Git, ledger: Ledger, now: datetime, commit: str | None, verify: bool, again: bool
) -> Iterator[Contradiction]:
    if verify:
        yield from verify_ledger(git, ledger, now, commit)
    if again:
        yield from replay_ledger(ledger)


def _read(request: AuditRequest) -> tuple[Git, Shown, Ledger]:
    git = Git.find(request.root)
    shown = find_shown(git, request.remote, work_tree=request.work_tree, fetch=request.fetch)
    # A tree without clusters is not refused: their ledger can still be audited.
    tree = shown.read(git, ("clusters", "ledger"))
    return git, shown, read_ledger(tree, request.family, request.environment)


def _scope(request: AuditRequest, shown: Shown) -> AuditScope:
    return AuditScope(shown.words, request.now if request.time_given else None)


def _refuse_nothing(there: bool) -> None:
    if not there:
        raise NothingToCheck("the ledger holds no record", fix="lockstep adopt makes the first")


def _is_selected(entry: LedgerEntry, selection: AuditSelection) -> bool:
    about = selection.version in (None, entry.decision.target.version)
    early = selection.since is not None and entry.since < selection.since
    late = selection.until is not None and entry.since > selection.until
    return about and not early and not late
