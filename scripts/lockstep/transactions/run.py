"""One run of a verb that moves families: it reads the followed branch once, decides, publishes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from lockstep.check.followed import Followed, find_followed, refreshed
from lockstep.edges.git import Git, PushRefused, Raced
from lockstep.edges.git.history import LedgerReader
from lockstep.edges.git.leftovers import RunNote, run_note
from lockstep.model.decision import Decision
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.record import read_record
from lockstep.model.result import (
    AlreadyDecided,
    Moved,
    NotLive,
    NotMade,
    Offer,
    OnBranch,
    Placed,
    Proposed,
    RolledBack,
    Waiting,
)
from lockstep.rollout.commit_message import commit_message, pull_request_text
from lockstep.rollout.next_decision import DecisionContext
from lockstep.spec.selection import choose_family
from lockstep.spec.yaml.load import Documents
from lockstep.text.sanitise import quoted, record_line
from lockstep.transactions.branches import decisions_of, existing_branch, put_on_branch
from lockstep.transactions.idle import idle
from lockstep.transactions.publication import PlannedCommit, follow_in_work_tree, publish_commit
from lockstep.transactions.pull_requests import offer_branch
from lockstep.transactions.snapshot import Snapshot, read_snapshot
from lockstep.transactions.state import FamilyState, read_state

_ATTEMPTS = 5
"""A run that loses so many races is more likely refused for another reason, which git names."""


@dataclass(frozen=True)
class RunOptions:
    """How a verb that moves families was called.

    ``now`` is the time to decide at (aware), ``time_given`` whether the caller gave it: unless it
    says that it did not, the records say that it did;
    ``registry`` overrides MLFLOW_TRACKING_URI; ``remote`` names the remote of the fleet where
    ``lockstep.yaml`` does not tell, and ``branch`` a branch to be merged that takes the commit.
    With ``dry_run`` nothing is published.
    """

    root: Path
    now: datetime
    environment: str | None = None
    registry: str | None = None
    time_given: bool = True
    remote: str | None = None
    branch: str | None = None
    dry_run: bool = False


Decide = Callable[[Git, FamilyState], PlannedCommit | Moved]


class Run:
    """The followed branch as this run knows it, which its own decisions move on."""

    def __init__(
        self,
        git: Git,
        options: RunOptions,
        followed: Followed,
        note: RunNote,
        *,
        reads_branch: bool = False,
    ) -> None:
        """With ``reads_branch``, the state is that of the branch that ``options`` names."""
        self.git = git
        self.options = options
        self._note = note
        self._on_branch = reads_branch and options.branch is not None
        self._to_merge_into = followed
        if options.branch is not None and reads_branch:
            followed = existing_branch(git, followed, options.branch)
        self.followed = followed
        self._documents = Documents()
        self._history = LedgerReader(git)
        self._context = DecisionContext(options.now, git.actor(), None, options.time_given)
        self._published = False
        self._behind = ""
        self.snapshot = self._read()

    def state(self, family: str, *, rollback: bool = False) -> FamilyState:
        """The family that a name means (see choose_family and read_state), read once a snapshot."""
        key = (family, rollback)
        if key not in self._states:
            self._states[key] = find_state(
                self.snapshot, family, self.options.environment,
                history=self._history, rollback=rollback,
            )  # fmt: skip
        return self._states[key]

    def idle(self, family: str) -> Waiting | None:
        """The result for a family that is as it was verified (see there); None for others."""
        home, chosen = choose_family(self.snapshot.heads, family, self.options.environment)
        history = self._history.at(self.snapshot.base)
        return idle(self.snapshot, home.name, chosen.name, history)

    def refresh(self) -> None:
        """Read the followed branch anew: another run was faster."""
        self.followed = refreshed(self.git, self.followed)
        self.snapshot = self._read()

    def decide(self, family: str, decide: Decide, *, rollback: bool = False) -> Moved:
        """Run ``decide`` on the newest state of a family, and publish what it plans.

        A push that comes too late means: read the branch again, and decide again on its new tip.
        Nothing is rebased: the decision was made on a state that is no longer the newest.
        ``rollback`` says that it moves nothing forward (see read_state).
        """
        mine: tuple[Decision, ...] = ()
        lost = ""
        for _ in range(_ATTEMPTS):
            # Only after a lost race: two runners that decide the same must make one commit.
            if mine and all(_is_made(self.snapshot, decision) for decision in mine):
                return AlreadyDecided(mine[-1])
            planned = decide(self.git, self.state(family, rollback=rollback))
            if not isinstance(planned, PlannedCommit):
                return planned
            mine = planned.result.decisions
            if self.options.dry_run:
                return NotMade(planned.result)
            try:
                return self._publish(planned)
            except Raced as error:
                lost = error.message
                self.refresh()
        raise LockstepError(
            f"the decision could not be published in {_ATTEMPTS} attempts: {lost}",
            fix="fix what git reports, or run it again",
        )

    def finish(self, *results: Moved | Proposed) -> OnBranch:
        """The results of this run, once the work tree has followed what it published.

        Pull requests for branches come last, so that no rollback of a family waits for a forge.
        """
        behind = self._behind
        if self._published and self.followed.remote and not self._on_branch:
            behind = follow_in_work_tree(self.git, self.followed, self._note)
        offered = tuple(self._offered(result) for result in results)
        return OnBranch(str(self.followed), offered, behind)

    def _offered(self, result: Moved | Proposed) -> Moved | Proposed:
        """The result with the pull request, where it is on a branch that is to be merged."""
        match result:
            case Proposed(decision, branch):
                offer = self._offer(branch, [decision], result.differences)
                return replace(result, offer=offer)
            case NotLive(decided, branch):
                return replace(result, offer=self._offer(branch, decided.decisions))
        return result

    def _offer(
        self, branch: str, decisions: Sequence[Decision], differences: Sequence[str] = ()
    ) -> Offer:
        text = pull_request_text(decisions, differences)
        # A branch that the state was read from has commits of people, and their words about them.
        return offer_branch(self.git, self._to_merge_into, branch, text, keep_text=self._on_branch)

    def commit(self, planned: PlannedCommit) -> str:
        """The commit that holds a planned change; no branch names it yet."""
        message = commit_message(planned.result.decisions)
        return self.git.commit_tree(planned.tree, [self.snapshot.base], message)

    def put_on(self, name: str, planned: PlannedCommit) -> Placed:
        """Put a planned change on a branch that is to be merged; its tip may be an earlier run's
        (see put_on_branch)."""
        commit = self.commit(planned)
        return self._placed(put_on_branch(self.git, self.followed, name, commit, self._note))

    def _placed(self, commit: str) -> Placed:
        onto = self._to_merge_into
        return Placed(commit, onto.remote.name if onto.remote else "", onto.branch)

    def _put_beside(self, name: str, planned: PlannedCommit) -> NotLive:
        """The decisions on the branch: an earlier run may have made the same."""
        placed = self.put_on(name, planned)
        there = decisions_of(self.git, placed.commit)
        same = [each.id for each in there] == [each.id for each in planned.result.decisions]
        made = planned.result if same else replace(planned.result, decisions=there)
        return NotLive(made, name, placed=placed)

    def _publish(self, planned: PlannedCommit) -> Moved:
        branch = self.options.branch
        if branch is not None and not self._on_branch:
            return self._put_beside(branch, planned)
        commit = self.commit(planned)
        try:
            self._behind = publish_commit(self.git, self.followed, commit, self._note)
        except PushRefused as error:
            # A branch may be protected from pushes: a person can still merge a rollback.
            if not isinstance(planned.result, RolledBack):
                raise
            return self._not_live(planned, error)
        self._published = True
        self.followed = Followed(self.followed.branch, self.followed.remote, commit)
        self.snapshot = self._read()
        if branch is None:
            return planned.result
        return NotLive(planned.result, branch, placed=self._placed(commit))

    def _not_live(self, planned: PlannedCommit, refused: PushRefused) -> Moved:
        # The first decision: the id of one after it holds the digest, and so the time, of this one.
        first = planned.result.decisions[0]
        name = f"lockstep/revert/{first.environment}/{first.family}-{first.id[-12:]}"
        try:
            return replace(self._put_beside(name, planned), refused=refused.message)
        except LockstepError:
            raise refused from None

    def _read(self) -> Snapshot:
        self._states: dict[tuple[str, bool], FamilyState] = {}
        return read_snapshot(self.git, self.followed, self._context, self._documents)


@contextmanager
def open_run(options: RunOptions, *, reads_branch: bool = False) -> Iterator[Run]:
    """A run on the followed branch, after what dead runs left in the repository was cleaned up.

    With ``reads_branch`` it reads the branch that ``options`` names, if any. Raises UsageError
    where it is not clear what is followed, LockstepError where it cannot be read, NothingToCheck
    where it declares no cluster.
    """
    git = Git.find(options.root)
    if options.branch is not None and not git.is_branch_name(options.branch):
        text = f"{quoted(options.branch)} is not a valid name for a branch"
        raise UsageError(text, fix="give another --branch")
    with run_note(git) as note:
        yield Run(git, options, _find_followed(git, options), note, reads_branch=reads_branch)


def _find_followed(git: Git, options: RunOptions) -> Followed:
    for _ in range(_ATTEMPTS):
        try:
            return find_followed(git, options.remote)
        except Raced:  # it was rewritten between two questions
            continue
    return find_followed(git, options.remote)


def move_family(
    options: RunOptions,
    family: str,
    decide: Decide,
    *,
    rollback: bool = False,
    reads_branch: bool = False,
) -> OnBranch:
    """Run ``decide`` on the newest state of one family, and publish what it plans (see Run)."""
    with open_run(options, reads_branch=reads_branch) as run:
        return run.finish(run.decide(family, decide, rollback=rollback))


def find_state(
    snapshot: Snapshot,
    family: str,
    environment: str | None,
    *,
    history: LedgerReader,
    rollback: bool = False,
) -> FamilyState:
    """The family that a name means, as it was read (see choose_family and read_state)."""
    home, chosen = choose_family(snapshot.heads, family, environment)
    return read_state(snapshot, home.name, chosen.name, history=history, rollback=rollback)


def require_reason(reason: str) -> str:
    """The reason as one printable line. Raises UsageError where nothing of it can be printed."""
    text = record_line(reason)
    if not text:
        raise UsageError("the reason is empty", fix="give --reason with a sentence")
    return text


def _is_made(snapshot: Snapshot, decision: Decision) -> bool:
    """Whether the ledger has this decision: the id leaves out time and runner, so both match."""
    data = snapshot.tree.get(decision.path)
    try:
        return data is not None and read_record(data).decision.id == decision.id
    except ValueError:
        return False
