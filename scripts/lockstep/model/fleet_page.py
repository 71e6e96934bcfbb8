"""What the page of a fleet shows, as values that ``status`` and ``audit`` have, too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from lockstep.model.exit_codes import ExitCode
from lockstep.model.file_results import Status
from lockstep.model.finding import Finding
from lockstep.model.status import ShownTree
from lockstep.model.timeline import Doubt, LedgerEntry, ServingSpan


@dataclass(frozen=True, slots=True)
class FamilyLedger:
    """What the records of one family say: what served when, and every decision, newest first.

    ``doubts`` are the records that cannot be relied on.
    """

    environment: str
    family: str
    spans: tuple[ServingSpan, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class EndingWaiver:
    """A waiver that ends soon: it counts until the end of ``last_day``, for ``scope``.

    ``scope`` is ``environment/family/cluster``, as much of it as the waiver names.
    """

    rule: str
    scope: str
    owner: str
    reason: str
    ticket: str
    last_day: date
    file: str
    line: int


@dataclass(frozen=True)
class FleetPage:
    """Everything on the page of a fleet at ``now`` (aware).

    ``ledgers`` are by environment and family, those of families that are gone too. ``days`` is how
    far back the time lines and the decisions that are shown whole go.
    """

    status: Status
    now: datetime
    ledgers: Mapping[tuple[str, str], FamilyLedger] = field(default_factory=dict)
    waivers: tuple[EndingWaiver, ...] = ()
    days: int = 30

    @property
    def gone(self) -> tuple[FamilyLedger, ...]:
        """The records of families whose own files are gone."""
        there = {(each.environment, each.family) for each in self.status.families}
        return tuple(each for name, each in self.ledgers.items() if name not in there)


@dataclass(frozen=True)
class SiteWritten:
    """The files of a fleet's page, by their paths in ``folder``.

    ``shown`` says what they show, ``now`` (aware) for which time. ``removed`` are pages of an
    earlier run that nothing refers to any more. ``exit_code`` is that of the status that is shown:
    where it is 10, the pages are there, and say which families are not as they should be.
    """

    folder: str
    files: tuple[str, ...]
    removed: tuple[str, ...]
    families: int
    shown: ShownTree
    now: datetime
    findings: tuple[Finding, ...] = ()
    exit_code: ExitCode = ExitCode.CLEAN
