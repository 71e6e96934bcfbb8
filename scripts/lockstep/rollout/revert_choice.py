"""What ``lockstep revert FAMILY [VERSION]`` does: a table, as a pure function of the family.

| ``revert`` when | what happens |
|---|---|
| VERSION is the candidate | RollBack: shift where it has weight, restore, quarantine |
| VERSION was shifted and the restore is due | RollBack: restore, once the shift is live |
| VERSION is in a role while another version rolls out | Nothing, 12: revert that one first |
| VERSION is stable and nothing else runs | RollBack: restore the state before, quarantine |
| VERSION is an arm of an experiment | RetireArm: its weight returns to the roles; quarantine |
| VERSION serves nowhere | Nothing, 0 |
| no VERSION, only proposed | RollBack without quarantine: the proposal is withdrawn |
| no VERSION, a rollout is running, held or shifted | RollBack of its candidate |
| no VERSION, diverged otherwise | ReturnToRecord: the newest record's state, no quarantine |
| no VERSION, the newest record is a restore | Nothing, 0: who rolled back, and when |
| no VERSION, steady otherwise | Nothing, 12: one command for each version that serves |

So a revert that is run twice does nothing the second time. The candidate stays the candidate
until it is verified, in the last step too, in which its role is stable. A candidate without weight
that is named is put into quarantine, because a person says that it is bad; without a name its
proposal is only withdrawn. *Only proposed* means that no step was taken, held or not, and that no
spec gives it weight: a candidate that people gave weight by hand has served. Roles and weights are
those of the specs, because they serve; which version is the candidate is what the records say. A
version that is an arm and in a role counts as in the role; its arms lose their weight with it.
"""

import shlex
from dataclasses import dataclass

from lockstep.model.decision import Action, Decision, Phase, Target
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Family
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.position import newest_decision, position_of, running_target
from lockstep.rollout.state_words import who_and_when
from lockstep.spec import variants as forms
from lockstep.text.sanitise import one_line, quoted


@dataclass(frozen=True, slots=True)
class RollBack:
    """Shift, restore or both halves of the rollback from ``version``, as they are due."""

    version: str
    quarantines: bool = True


@dataclass(frozen=True, slots=True)
class RetireArm:
    """The experiment arms of ``version`` lose their weight; it is put into quarantine."""

    version: str


@dataclass(frozen=True, slots=True)
class ReturnToRecord:
    """The variants of the newest record come back, where people edited the specs."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No commit: why, and the commands that would make one."""

    reason: str
    exit_code: ExitCode = ExitCode.CLEAN
    commands: tuple[str, ...] = ()


_BACK = (Action.RESTORE, Action.RETIRE)
"""The decisions that end a rollback."""

Choice = RollBack | RetireArm | ReturnToRecord | Nothing


def choose_revert(family: Family, version: str | None) -> Choice:
    """The row of the table that applies; ``family`` holds the records that count."""
    candidate = running_target(family)
    if newest_decision(family) is None:
        why = "it has no record yet, so there is no verified state to return to"
        command = f"lockstep adopt {_title(family)} --reason '...'"
        return Nothing(why, ExitCode.GATE_CLOSED, (command,))
    if version is None:
        return _unnamed(family, candidate)
    return _named(family, version, candidate)


def _named(family: Family, version: str, candidate: Target | None) -> Choice:
    # VERSION is the candidate, with weight or without; or it was shifted and the restore is due.
    if candidate is not None and candidate.version == version:
        return RollBack(version)
    if version in _in_roles(family):
        # VERSION is stable while another version rolls out: it is what a rollback returns to.
        if candidate is not None:
            return _first(family, candidate)
        # VERSION is stable and nothing else runs.
        return RollBack(version)
    # VERSION is an arm of an experiment, in a rollout or outside of one.
    if version in _in_arms(family):
        return RetireArm(version)
    # VERSION serves nowhere: it was rolled back already, or is not known at all.
    return Nothing(_serves_nowhere(family, version))


def _serves_nowhere(family: Family, version: str) -> str:
    serving = ", ".join(_serving(family)) or "none"
    reason = f"version {quoted(version)} serves nowhere; versions that serve: {serving}"
    newest = newest_decision(family)
    if newest and newest.action in _BACK and newest.target.version == version:
        return f"{_who_and_when(newest)}; {reason}"
    # Two digits exchanged at night: the version that was meant would go on serving.
    if not _is_known(family, version):
        unknown = "no spec, lock or record of the family names it: was another version meant?"
        return f"nothing was rolled back: {reason}; {unknown}"
    return reason


def _is_known(family: Family, version: str) -> bool:
    recorded = {record.decision.target.version for record in family.records}
    declared = {v["version"] for c in family.clusters for v in c.variants}
    return version in recorded | declared | family.locks.keys()


def _unnamed(family: Family, candidate: Target | None) -> Choice:
    if candidate is not None:
        # Only proposed: nothing says that the version is bad. Else a rollout is running or held,
        # or a restore is due. Where the family has diverged, the newest record says which.
        return RollBack(candidate.version, quarantines=not _only_proposed(family, candidate))
    # Diverged otherwise.
    if find_divergences(family):
        return ReturnToRecord()
    # The newest record is a restore, or an arm was retired: another run was faster.
    newest = newest_decision(family)
    if newest is not None and newest.action in _BACK:
        return Nothing(_who_and_when(newest))
    # Steady after verify, adopt or release: without a name a good version could be rolled back.
    return Nothing(
        "no rollout is running; name the version to roll back",
        ExitCode.GATE_CLOSED,
        tuple(_command(family, version) for version in _serving(family)),
    )


def _only_proposed(family: Family, candidate: Target) -> bool:
    at = position_of(family)
    no_step_yet = at.phase in (Phase.PROPOSED, Phase.HELD) and at.wave is None
    return no_step_yet and candidate.version not in _in_roles(family)


def _first(family: Family, candidate: Target) -> Nothing:
    verb = "being rolled back" if position_of(family).phase is Phase.SHIFTED else "rolling out"
    return Nothing(
        f"version {one_line(candidate.version, 80)} is {verb}; revert it first",
        ExitCode.GATE_CLOSED,
        (_command(family, candidate.version),),
    )


def _who_and_when(decision: Decision) -> str:
    version = one_line(decision.target.version, 80)
    did = f"version {version} was rolled back"
    if decision.action is Action.RETIRE:
        did = f"the experiment arms of version {version} were retired"
    elif is_return(decision):
        did = "the recorded variants came back"
    return f"nothing to do: {did} at {who_and_when(decision)}"


def is_return(decision: Decision) -> bool:
    """Whether a restore returned to its own target, and rolled no version back."""
    served = {v for each in decision.variants.values() for v in forms.serving_versions(each)}
    return decision.action is Action.RESTORE and decision.target.version in served


def _in_roles(family: Family) -> set[str]:
    return {v for c in family.clusters for v in forms.serving_versions(c.variants)}


def _in_arms(family: Family) -> set[str]:
    return {v for c in family.clusters for v in forms.arm_versions(c.variants)}


def _serving(family: Family) -> list[str]:
    # By length first, so that version 9 is before version 10.
    return sorted(_in_roles(family) | _in_arms(family), key=lambda v: (len(v), v))


def _command(family: Family, version: str) -> str:
    # Quoted: a forged record may hold anything, and people paste the command into a shell.
    return f"lockstep revert {_title(family)} {shlex.quote(one_line(version, 80))} --reason '...'"


def _title(family: Family) -> str:
    return f"{family.environment}/{family.name}"
