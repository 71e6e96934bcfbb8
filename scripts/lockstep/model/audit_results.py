"""What ``audit`` found, as facts: a history, what served at a time, or whether records hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding
from lockstep.model.timeline import LedgerEntry, ServedAt


@dataclass(frozen=True, slots=True)
class AuditSelection:
    """Which decisions are asked for: from a time to another, the last so many, about a version."""

    since: datetime | None = None
    until: datetime | None = None
    last: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class AuditScope:
    """Where the records were read, and at what time.

    ``shown`` says which branch, or that it was the work tree. ``now`` is None where the machine's
    clock counted, and else the time that was given by ``--now``.
    """

    shown: str = ""
    now: datetime | None = None


@dataclass(frozen=True)
class History:
    """Decisions, the newest first, and the number of all that the families asked for have.

    ``selected`` is how many fit the selection, before it was cut to the last so many. ``versions``
    are those that any of their records is about.
    """

    entries: tuple[LedgerEntry, ...]
    findings: tuple[Finding, ...] = ()
    scope: AuditScope = AuditScope()
    selection: AuditSelection = AuditSelection()
    decisions: int = 0
    selected: int = 0
    versions: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """13 where evidence or a record cannot be read, or one is missing."""
        return ExitCode.VERIFICATION_FAILED if self.findings else ExitCode.CLEAN


@dataclass(frozen=True)
class ServedThen:
    """What each family served at a time, by its records alone.

    ``first`` has the time of the first record of each family that has one, by environment and name.
    """

    at: datetime
    families: tuple[ServedAt, ...]
    first: Mapping[tuple[str, str], datetime]
    findings: tuple[Finding, ...] = ()
    scope: AuditScope = AuditScope()

    @property
    def exit_code(self) -> ExitCode:
        """13 where a record that may have changed the answer cannot be relied on."""
        doubtful = any(not d.settled for served in self.families for d in served.doubts)
        wrong = doubtful or self.findings
        return ExitCode.VERIFICATION_FAILED if wrong else ExitCode.CLEAN


class LedgerCheck(StrEnum):
    """What ``--verify`` asks of the records of a family, and what ``--replay`` does."""

    CHAIN = "chain"
    SCHEMA = "schema"
    TIMES = "times"
    GIT = "git"
    SPECS = "specs"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class FamilyAudit:
    """The number of records of one family, and of the findings that each check has.

    ``settled`` is how many of the records an adoption has named as broken: no finding is about
    these.
    """

    environment: str
    family: str
    records: int
    findings: Mapping[LedgerCheck, int] = field(default_factory=dict)
    settled: int = 0


@dataclass(frozen=True)
class LedgerAudit:
    """Whether the records hold, family by family, and everything that contradicts them."""

    families: tuple[FamilyAudit, ...]
    findings: tuple[Finding, ...] = ()
    scope: AuditScope = AuditScope()
    verified: bool = False
    replayed: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """13 where a record does not hold."""
        return ExitCode.VERIFICATION_FAILED if self.findings else ExitCode.CLEAN
