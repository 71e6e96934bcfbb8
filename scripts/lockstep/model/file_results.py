"""What the verbs that read or write files did, as facts.

``lockstep.report.results`` writes them, with the results of the other verbs (see ``result``).
"""

from dataclasses import dataclass, field

from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, Severity
from lockstep.model.outcome import Outcome
from lockstep.model.side_by_side import SideBySide
from lockstep.model.status import FamilyStatus, RolloutState, ShownTree


@dataclass(frozen=True)
class Locked:
    """A lock that was written: its path, and what it locks."""

    path: str
    version: str
    digest: str
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class LockComparison:
    """What ``lock --check`` found, and how many locks it compared."""

    findings: tuple[Finding, ...]
    locks: int

    @property
    def exit_code(self) -> ExitCode:
        """13 where the registry contradicts a lock's identity; staleness is only reported."""
        wrong = any(finding.severity == Severity.ERROR for finding in self.findings)
        return ExitCode.VERIFICATION_FAILED if wrong else ExitCode.CLEAN


@dataclass(frozen=True)
class RenderedFiles:
    """The paths that ``render`` wrote and removed, and what kept a folder from being rendered.

    With ``staged`` what is staged was rendered: until they are added, a commit would lack them.
    With ``compared`` nothing was written: the paths are those that differ from the specs.
    """

    outcome: Outcome
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    staged: bool = False
    compared: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """10 where a folder could not be rendered, or what was compared or staged differs."""
        if (self.staged or self.compared) and (self.written or self.removed):
            return ExitCode.INVALID
        return self.outcome.exit_code


@dataclass(frozen=True)
class Scaffolded:
    """The files that ``init`` or ``add`` wrote for people, and the number of those it rendered.

    ``locked`` is the path of the lock that was written, and ``note`` why there is none; ``todo``
    says what to replace or to add by hand, and ``commands`` what to run next.
    """

    written: tuple[str, ...]
    rendered: int = 0
    locked: str = ""
    note: str = ""
    todo: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class Upgraded:
    """A fleet with another pin in its work tree; ``outcome`` is that of the check of the change.

    ``before`` and ``after`` are the pins in words. ``new`` and ``changed`` are the rules that the
    version before did not have, or had otherwise: name and title.
    """

    before: str
    after: str
    new: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]
    rendered: RenderedFiles
    outcome: Outcome

    @property
    def exit_code(self) -> ExitCode:
        """That of the check."""
        return self.outcome.exit_code


@dataclass(frozen=True)
class Pages:
    """Reference pages that are up to date or were written; ``findings`` name the stale ones."""

    paths: tuple[str, ...]
    written: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """10 where a page is out of date, and the verb was to compare only."""
        return ExitCode.INVALID if self.findings else ExitCode.CLEAN


@dataclass(frozen=True)
class Status:
    """The state of each family, and what is malformed in the files that it was read from.

    ``shown`` says which files those are and how old they may be, ``now`` (RFC 3339 UTC) for which
    time it was made. ``side_by_side`` are the families that are in several environments, with all
    environments of each; ``in_full`` says that they are wanted in full, not in a line each.
    """

    families: tuple[FamilyStatus, ...]
    findings: tuple[Finding, ...] = ()
    shown: ShownTree = field(default_factory=ShownTree)
    now: str = ""
    side_by_side: tuple[SideBySide, ...] = ()
    in_full: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """10 where a file is malformed or a record broken: a family may not be as it is shown."""
        broken = any(each.state is RolloutState.BROKEN for each in self.families)
        return ExitCode.INVALID if self.findings or broken else ExitCode.CLEAN
