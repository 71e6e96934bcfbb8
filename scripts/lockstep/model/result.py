"""What a verb did, as facts; lockstep.report.results writes them as text or as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from lockstep.model.audit_results import History, LedgerAudit, ServedThen
from lockstep.model.decision import Decision
from lockstep.model.document import Json
from lockstep.model.dry_proposal import DryProposal
from lockstep.model.evidence import Evidence
from lockstep.model.exit_codes import ExitCode
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
from lockstep.model.forge import CommitState
from lockstep.model.rule_results import RuleBundle, RuleExplanation, RuleList, RuleTests
from lockstep.model.tool_results import BuiltTool, Diagnosis, FetchedModel, NewFiles

# What the verbs that move a family did


@dataclass(frozen=True)
class Decided:
    """Decisions that were made and published in one commit."""

    decisions: tuple[Decision, ...]
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class Promoted(Decided):
    """A promotion: ``differences`` are those between the two environments, which stay."""

    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class RolledBack(Decided):
    """A rollback: shift, restore, or both.

    ``unchecked`` names what could not be asked; ``restore_waits_for`` is the problem that a
    restore waits for, and empty where the restore was made; ``awaits_shift`` says that it waits for
    nothing but the shift to be live. ``quarantined`` says whether the version is in quarantine now:
    not where a proposal was withdrawn, or edited specs returned to their record.
    """

    unchecked: tuple[str, ...] = ()
    restore_waits_for: str = ""
    awaits_shift: bool = False
    quarantined: bool = True


@dataclass(frozen=True)
class Offer:
    """The pull request for a branch that was pushed.

    ``url`` and ``number`` are empty and 0 where none is open. ``problem`` says why, or what was
    left out of an open one, and ``fix`` what to do. ``failed`` is true where a forge is known and
    did not open it: then nobody is asked to merge the branch.
    """

    url: str = ""
    number: int = 0
    created: bool = False
    problem: str = ""
    fix: str = ""
    failed: bool = False

    def to_json(self) -> Json:
        """Every field by its name."""
        return asdict(self)


NO_OFFER = Offer()
"""For a branch without a remote: there is nowhere to open a pull request."""


@dataclass(frozen=True)
class Placed:
    """Where a branch that is to be merged is now.

    ``commit`` is its tip (40 hex digits), ``into`` the branch that it is to be merged into.
    ``remote`` is the name of the remote that it was pushed to; empty where the repository has none.
    """

    commit: str
    remote: str
    into: str


@dataclass(frozen=True)
class NotLive:
    """Decisions on a branch that is to be merged: nothing has moved yet.

    ``refused`` is what the server said, where it did not take them on the followed branch.
    """

    decided: Decided
    branch: str
    refused: str = ""
    offer: Offer = NO_OFFER
    placed: Placed | None = None

    @property
    def exit_code(self) -> ExitCode:
        """12 where they were meant to be live, 1 where only the pull request is missing."""
        if self.refused:
            return ExitCode.GATE_CLOSED
        return ExitCode.COULD_NOT_RUN if self.offer.failed else ExitCode.CLEAN


@dataclass(frozen=True)
class NotMade:
    """What a dry run would have decided: nothing was published."""

    decided: Decided

    @property
    def exit_code(self) -> ExitCode:
        """That of the decision."""
        return self.decided.exit_code


@dataclass(frozen=True)
class Due:
    """A forward decision that this run was not to make: its gates have passed, and it is due."""

    decided: Decided

    @property
    def decision(self) -> Decision:
        """The decision; its id is what ``advance --decision`` takes."""
        return self.decided.decisions[-1]

    @property
    def exit_code(self) -> ExitCode:
        """0: nothing keeps the decision from being made."""
        return ExitCode.CLEAN


@dataclass(frozen=True)
class NotDue:
    """A forward decision that was asked for by its id, and that is not due; none replaces it.

    ``family`` is empty where no family has such a decision as its next one.
    """

    decision: str
    reason: str
    family: str = ""
    exit_code: ExitCode = ExitCode.GATE_CLOSED


@dataclass(frozen=True)
class Proposed:
    """A candidate with weight 0, committed to a branch that people merge.

    ``differences`` are those between the environments of a promotion, which stay. ``chosen`` says
    why it is this version, where none was named.
    """

    decision: Decision
    branch: str
    offer: Offer = NO_OFFER
    placed: Placed | None = None
    differences: tuple[str, ...] = ()
    chosen: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """1 where a forge is known and opened no pull request: the branch is there."""
        return ExitCode.COULD_NOT_RUN if self.offer.failed else ExitCode.CLEAN


@dataclass(frozen=True)
class AlreadyDecided:
    """Another run made the same decision first; nothing was committed."""

    decision: Decision
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class Waiting:
    """No decision was made: the gates' evidence, and why the family stays where it is.

    ``notify`` is the owner of the family where a person has to act, and empty otherwise;
    ``for_person`` says that it waits for a person who knows: to resume a hold, to approve, or to
    bring another version, as a gate of the proposal has failed.
    """

    family: str
    position: str
    move: str
    reason: str
    evidence: Sequence[Evidence]
    exit_code: ExitCode
    notify: str = ""
    skew_breached: bool = False
    for_person: bool = False

    @property
    def needs_person(self) -> bool:
        """Whether time and evidence alone do not end it as they should."""
        return bool(self.notify) or self.for_person or self.skew_breached


@dataclass(frozen=True)
class Blocked:
    """A hold or a rollback that made no decision, and the owner who has to act."""

    family: str
    reason: str
    notify: str
    exit_code: ExitCode = ExitCode.GATE_CLOSED


@dataclass(frozen=True)
class NothingToDo:
    """A verb that made no decision: why, and the commands that would make one."""

    family: str
    reason: str
    exit_code: ExitCode
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """A family of several that could not be decided about; the others were."""

    family: str
    error: str
    diagnostics: str
    fix: str
    exit_code: ExitCode


# These must not hide the exit code of a family that could not be decided about.
_EXPECTED = (ExitCode.CLEAN, ExitCode.NOTHING_TO_CHECK, ExitCode.GATE_CLOSED)


@dataclass(frozen=True)
class OnBranch:
    """What a verb did with each family, in the order in which they were asked for.

    ``followed`` names the remote and the branch that it was decided on; ``left_behind`` says why
    the work tree does not show yet what was published, and is empty where it does. With
    ``waiting_is_clean`` a family that only bakes or waits for evidence is clean, and one that waits
    for a person is not.
    """

    followed: str
    results: "tuple[Moved | Proposed, ...]"
    left_behind: str = ""
    waiting_is_clean: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a dry run found wrong with what it would have committed."""
        dry = (each for each in self.results if isinstance(each, DryProposal))
        return tuple(finding for each in dry for finding in each.findings)

    @property
    def exit_code(self) -> ExitCode:
        """The code that needs most attention: an error, else a closed gate, else clean."""
        # Not the highest number: 12 (gate closed) is normal, and 1 (could not run) is not.
        codes = (self._code(result) for result in self.results)
        return max(codes, default=ExitCode.CLEAN, key=_attention)

    def _code(self, result: "Moved | Proposed") -> ExitCode:
        if not isinstance(result, Waiting) or not self.waiting_is_clean:
            return result.exit_code
        if result.needs_person:
            return max(result.exit_code, ExitCode.GATE_CLOSED, key=_attention)
        waits = result.exit_code is ExitCode.GATE_CLOSED
        return ExitCode.CLEAN if waits else result.exit_code


@dataclass(frozen=True)
class Advanced(OnBranch):
    """What ``advance`` did with each family, and which decisions it left for another run."""

    @property
    def due(self) -> tuple[str, ...]:
        """The ids of the decisions that are due and were not to be made."""
        return tuple(each.decision.id for each in self.results if isinstance(each, Due))


def _attention(code: ExitCode) -> int:
    return _EXPECTED.index(code) if code in _EXPECTED else len(_EXPECTED) + code


# What the verb that sets the status of approvals did


@dataclass(frozen=True)
class ApprovalStatus:
    """The status ``lockstep/approval`` of a commit: what of it needs an approval, and who gave it.

    ``notes`` says why approvals do not count. With ``dry_run`` the status was not set.
    """

    followed: str
    head: str
    pull_requests: tuple[str, ...]
    findings: tuple[Finding, ...]
    state: CommitState
    description: str
    notes: tuple[str, ...] = ()
    dry_run: bool = False
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class Comment:
    """A comment on a pull request: its address, and whether it is new; or only its ``body``."""

    url: str = ""
    created: bool = False
    body: str = ""


@dataclass(frozen=True)
class Commented:
    """The comments that a review became, and why there is none."""

    comments: tuple[Comment, ...]
    note: str = ""
    exit_code: ExitCode = ExitCode.CLEAN


Moved = (
    Decided | RolledBack | NotLive | NotMade | Due | NotDue | AlreadyDecided | Waiting | Blocked
    | NothingToDo | Failed | DryProposal
)  # fmt: skip
"""The outcome for one family that is moved on the branch itself."""

Result = (
    Moved | Proposed | OnBranch | Locked | LockComparison | RenderedFiles | Upgraded | Scaffolded
    | Pages | Status | History | ServedThen | LedgerAudit | RuleList | RuleExplanation | RuleTests
    | RuleBundle | BuiltTool | FetchedModel | NewFiles | Diagnosis | ApprovalStatus | Commented
    | SiteWritten
)  # fmt: skip
"""Everything that lockstep.report.results can write."""
