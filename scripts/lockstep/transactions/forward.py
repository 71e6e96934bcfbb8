"""Which forward decisions a run of ``advance`` may make, and what became of those it was asked for.

A deployment gate of a forge or of a pipeline is in front of a run that gets ids of decisions. An id
holds no evidence: the gates are asked again by that run, and must pass again.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lockstep.model.decision import Action, Decision
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.paths import RECORD_PATH
from lockstep.model.result import (
    AlreadyDecided,
    Decided,
    Due,
    Moved,
    NotDue,
    NotMade,
    Waiting,
)
from lockstep.rollout.next_id import id_of_next_move
from lockstep.text.sanitise import quoted
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.run import Run
from lockstep.transactions.state import FamilyState

_FORWARD = (Action.ADVANCE, Action.VERIFY)
"""What moves a version on. A shift, a restore or a hold protects, and waits for nobody."""

_ID = re.compile(r"sha256:[0-9a-f]{64}")

_NOT_DUE = (
    "it is not due: of the families that were asked, and that could be read, none has it as its"
    " next decision; nothing was made in its place"
)


@dataclass(frozen=True)
class Permitted:
    """The forward decisions that a run may make: all, none, or those with one of ``ids``."""

    rollbacks_only: bool = False
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise UsageError for ids that are none, and for ids where none may be made."""
        wrong = next((each for each in self.ids if not _ID.fullmatch(each)), None)
        if wrong is not None:
            raise UsageError(
                f"--decision {quoted(wrong, 100)} is not the id of a decision",
                fix="give one as lockstep advance --rollbacks-only lists it: sha256: and 64 digits",
            )
        if self.ids and self.rollbacks_only:
            raise UsageError(
                "--decision makes forward decisions, and --rollbacks-only makes none",
                fix="leave one of them out",
            )

    def left_for_another_run(self, planned: PlannedCommit) -> Due | None:
        """The result for a planned decision that this run may not make; None where it may."""
        newest = planned.result.decisions[-1]
        everything = not self.rollbacks_only and not self.ids
        if everything or newest.action not in _FORWARD or newest.id in self.ids:
            return None
        return Due(planned.result)


def unmade(
    run: Run, ids: Sequence[str], results: Mapping[str, Moved], states: Mapping[str, FamilyState]
) -> list[Moved]:
    """What became of the decisions with these ids that this run did not make, in their order.

    ``results`` and ``states`` are those of the families that were asked, by title.
    """
    made = {decision.id for result in results.values() for decision in _decisions(result)}
    known = {id_of_next_move(state.family): title for title, state in states.items()}
    left = (each for each in dict.fromkeys(ids) if each not in made)
    return [_about(run, each, known.get(each, ""), results) for each in left]


def _decisions(result: Moved) -> tuple[Decision, ...]:
    match result:
        case Decided(decisions):
            return decisions
        case NotMade(decided):
            return decided.decisions
        case AlreadyDecided(decision):
            return (decision,)
    return ()


def _about(run: Run, wanted: str, title: str, results: Mapping[str, Moved]) -> Moved:
    if recorded := _recorded(run, wanted):
        return AlreadyDecided(recorded)
    if not title:
        return NotDue(wanted, _NOT_DUE)
    result = results[title]
    why = result.reason if isinstance(result, Waiting) else "see what is said of the family"
    return NotDue(wanted, f"it is not due now: {why}", title)


def _recorded(run: Run, wanted: str) -> Decision | None:
    """The decision with this id in the ledger, where another run was faster."""
    said = wanted.encode()
    # By their bytes: to read every record of a fleet would take long, and most hold other ids.
    for path, data in run.snapshot.tree.items():
        place = RECORD_PATH.fullmatch(path) if said in data else None
        if place is None:
            continue
        environment, family = path.split("/")[1:3]
        try:
            records = run.state(f"{environment}/{family}").family.records
        except LockstepError:  # it was removed, or is malformed: nothing shows that it was made
            continue
        found = next((r.decision for r in records if r.decision.id == wanted), None)
        if found:
            return found
    return None
