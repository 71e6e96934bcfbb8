"""What the verbs that move a family share: options, records and reports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lockstep.edges.git import Git
from lockstep.model.decision import Decision
from lockstep.model.document import value_at
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import choose_family, only_heads
from lockstep.text.sanitise import record_line
from lockstep.transactions.publish import Proposal, Snapshot, publish
from lockstep.transactions.state import State, read_state


@dataclass(frozen=True)
class Steering:
    """How a verb that moves families was called.

    ``now`` is the time to decide at (aware); ``registry`` overrides MLFLOW_TRACKING_URI.
    """

    root: Path
    now: datetime
    environment: str | None = None
    registry: str | None = None


def steer(
    steering: Steering,
    family: str,
    act: Callable[[Git, State], Proposal | Report],
    *,
    rollback: bool = False,
) -> Report:
    """Run ``act`` on the newest published state of a family and publish what it proposes.

    ``rollback`` says that it moves nothing forward (see read_state).
    """
    git = Git.find(steering.root)

    def decide(snapshot: Snapshot) -> Proposal | Report:
        return act(git, find_state(snapshot, family, steering.environment, rollback=rollback))

    return publish(git, steering.now, decide)


def find_state(
    snapshot: Snapshot, family: str, environment: str | None, *, rollback: bool = False
) -> State:
    """The family that a person means, as it was read (see choose_family and read_state)."""
    fleet, _ = assemble(only_heads(snapshot.tree))
    home, chosen = choose_family(fleet, family, environment)
    return read_state(snapshot, home.name, chosen.name, rollback=rollback)


def require_reason(reason: str) -> str:
    """The reason as one printable line. Raises UsageError where it says nothing."""
    text = record_line(reason)
    if not text:
        raise UsageError("a reason must say something", fix="give --reason with a sentence")
    return text


def require_agreement(state: State) -> None:
    """Raise LockstepError where the specs are not those of the newest record."""
    if divergences := rollout.divergences(state.family):
        listed = "\n  ".join(str(each) for each in divergences)
        raise Diverged(
            f"{title(state)} has diverged from its newest record:\n  {listed}",
            fix=f"undo the edit, or go back: lockstep revert {title(state)} --reason '...'; "
            "a state without a candidate can also be adopted: lockstep adopt",
        )


class Diverged(LockstepError):
    """The specs were changed by hand behind the ledger's back: nothing moves forward."""

    exit_code = ExitCode.GATE_CLOSED


def title(state: State) -> str:
    """``prod/fraud-detection``."""
    return f"{state.family.environment}/{state.family.name}"


def owner(state: State) -> str:
    """Whom to tell about a family."""
    return str(state.family.document.value["metadata"].get("owner", "its owner"))


def report_data(decisions: tuple[Decision, ...]) -> list[dict[str, object]]:
    """What machines may read of decisions that were made."""
    return [
        {
            "family": f"{d.environment}/{d.family}",
            "action": d.action.value,
            "version": d.target.version,
            "to": d.to.to_json(),
            "decision": d.id,
            "record": d.path,
            "reason": d.reason,
        }
        for d in decisions
    ]


def digest_of(state: State, version: str) -> str:
    """The content digest of a locked version. Raises UsageError where it has no lock."""
    lock = state.family.locks.get(version)
    digest = value_at(lock.value, ("spec", "identity", "digest")) if lock else None
    if not isinstance(digest, str):
        fix = f"lockstep lock {title(state)} {version}, and commit it"
        raise UsageError(f"{title(state)} has no lock of version {version}", fix=fix)
    return digest
