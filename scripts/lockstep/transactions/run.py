"""One run of a verb that moves a family: its options, and the decision on the newest state."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.errors import UsageError
from lockstep.model.result import Moved
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import choose_family, only_heads
from lockstep.text.sanitise import record_line
from lockstep.transactions.publish import PlannedCommit, Snapshot, publish_decision
from lockstep.transactions.state import FamilyState, read_state


@dataclass(frozen=True)
class RunOptions:
    """How a verb that moves families was called.

    ``now`` is the time to decide at (aware), ``time_given`` whether the caller gave it: unless it
    says that it did not, the records say that it did;
    ``registry`` overrides MLFLOW_TRACKING_URI.
    """

    root: Path
    now: datetime
    environment: str | None = None
    registry: str | None = None
    time_given: bool = True


def move_family(
    options: RunOptions,
    family: str,
    decide: Callable[[Git, FamilyState], PlannedCommit | Moved],
    *,
    rollback: bool = False,
) -> Moved:
    """Run ``decide`` on the newest published state of a family and publish what it plans.

    ``rollback`` says that it moves nothing forward (see read_state).
    """
    git = Git.find(options.root)
    history = LedgerReader(git)

    def decide_on(snapshot: Snapshot) -> PlannedCommit | Moved:
        # Read anew at each attempt: after a lost race the old state is out of date.
        state = find_state(
            snapshot, family, options.environment, history=history, rollback=rollback
        )
        return decide(git, state)

    return publish_decision(git, options.now, decide_on, time_given=options.time_given)


def find_state(
    snapshot: Snapshot,
    family: str,
    environment: str | None,
    *,
    history: LedgerReader,
    rollback: bool = False,
) -> FamilyState:
    """The family that a name means, as it was read (see choose_family and read_state)."""
    # Heads are enough to find one family; parsing all clusters would cost time with the fleet.
    fleet, _ = assemble(only_heads(snapshot.tree))
    home, chosen = choose_family(fleet, family, environment)
    return read_state(snapshot, home.name, chosen.name, history=history, rollback=rollback)


def require_reason(reason: str) -> str:
    """The reason as one printable line. Raises UsageError where nothing of it can be printed."""
    text = record_line(reason)
    if not text:
        raise UsageError("the reason is empty", fix="give --reason with a sentence")
    return text
