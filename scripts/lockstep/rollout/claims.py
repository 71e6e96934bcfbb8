"""What a new record claims: its time, the version that it is about, and the state after it.

Claims are checked once, when a change adds the record, on the result of merging that change. What
people edit later makes no record wrong.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lockstep.model.decision import Action, Decision, GitObject, Record
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Tree
from lockstep.model.git_ids import algorithm_of, git_blob_id, git_tree_id
from lockstep.model.promotion import VerifiedVersion
from lockstep.model.times import parse_time
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.position import latest_decision
from lockstep.rollout.transitions import RULES
from lockstep.rollout.trust import TIME, why_ahead
from lockstep.spec.ledger import files_of, with_trusted
from lockstep.text.sanitise import cut, one_line

_CLAIM = "ledger.claim"

_MAKES_SERVE = (Action.PROPOSE, Action.ADOPT)
"""Actions about a version that serves after them or is to serve: it needs a lock."""

_KEEPS_VARIANTS = (Action.HOLD, Action.RETIRE)
"""Actions that are possible where the specs differ from the record, and record that again."""

_FIX = "remove the record, and have Lockstep write it again on the newest state"


@dataclass(frozen=True)
class StateFiles:
    """The files of a family in the merge result: specs and locks by path, and rendered folders.

    ``folders`` has the files of each folder by their names; None where rendered/ is not checked.
    """

    files: Tree
    folders: Mapping[str, Tree] | None


def added_records(family: Family, known: Collection[str]) -> list[Record]:
    """The records of a family at other paths than the ``known`` ones, which the base has."""
    return [record for record in family.records if record.decision.path not in known]


def check_claims(
    family: Family, before: Family | None, new: Sequence[Record], state: StateFiles, now: datetime
) -> list[Finding]:
    """What is wrong with the claims of the ``new`` records of a family.

    The state is that after the newest record, so only what that one claims of it can be compared.
    """
    found: list[Finding] = []
    for record in new:
        index = family.records.index(record)
        found += _about_time(record.decision, family.records[:index], now)
        found += _about_target(record.decision, family, family.records[:index])
    if new and new[-1] is family.records[-1]:
        found += _about_variants(new[-1].decision, family, before)
        found += _about_state(new[-1].decision, family, state)
    return found


def check_promotion(
    decision: Decision, predecessor: str | None, known: Sequence[Sequence[VerifiedVersion] | None]
) -> Iterator[Finding]:
    """A finding where a new promotion is not of what the predecessor has verified.

    Each of ``known`` is what it has verified, without what was rolled back since; all of them
    must have it, with the very record that the promotion names.
    """
    source = decision.promoted_from
    if source is None:
        return
    where = f"{one_line(source.environment, 80)}/{decision.family}"
    if decision.action is not Action.PROPOSE:
        yield _finding(decision, _CLAIM, f"{decision.action} cannot be a promotion", _FIX)
    elif source.environment != predecessor:
        text = f"it promotes from {where}, and the predecessor of {decision.environment} is " + (
            predecessor or "not declared"
        )
        yield _finding(decision, _CLAIM, text, _FIX)
    elif not all(_has_verified(each or (), decision) for each in known):
        text = (
            f"it promotes version {one_line(source.version, 80)} of {where}, which record "
            f"{source.sequence} there has not verified, or which was rolled back there since"
        )
        fix = f"withdraw it, and run lockstep promote {decision.environment}/{decision.family}"
        yield _finding(decision, _CLAIM, text, fix)


def _has_verified(known: Sequence[VerifiedVersion], decision: Decision) -> bool:
    return any(
        each.source == decision.promoted_from and each.digest == decision.target.digest
        for each in known
    )


def _about_time(
    decision: Decision, earlier: Sequence[Record], now: datetime
) -> Iterator[Finding]:  # fmt: skip
    if ahead := why_ahead(decision, now):
        fix = "remove the record, correct the clock of the machine that wrote it, and decide again"
        yield _finding(decision, TIME, ahead, fix)
    last = latest_decision(earlier)
    if last is None or RULES[decision.action].any_time:
        return
    at = decision.decided_at
    if parse_time(at) < parse_time(last.decided_at):
        text = f"it was decided at {at}, before record {last.sequence}, at {last.decided_at}"
        yield _finding(decision, TIME, text, _FIX)


def _about_target(
    decision: Decision, family: Family, earlier: Sequence[Record]
) -> Iterator[Finding]:
    """Whether the version has the digest that the lock or an earlier record gives it."""
    if decision.action is Action.RELEASE:  # quarantine outlives the lock
        return
    target = decision.target
    recorded = any(record.decision.target == target for record in earlier)
    if family.digest_of(target.version) == target.digest or (
        recorded and decision.action not in _MAKES_SERVE
    ):
        return
    version = one_line(target.version, 80)
    text = f"it is about version {version} with a digest that no lock of the family has"
    yield _finding(decision, _CLAIM, text, _FIX)


def _about_variants(decision: Decision, family: Family, before: Family | None) -> Iterator[Finding]:
    differing = find_divergences(family)
    # A family that had diverged can be held, and is still reported as diverged.
    if not differing:
        return
    if (
        decision.action in _KEEPS_VARIANTS
        and before
        and find_divergences(relied_on(before, decision))
    ):
        return
    listed = cut("; ".join(map(str, differing)), 500)
    yield _finding(decision, _CLAIM, f"its variants are not those of the specs: {listed}", _FIX)


def _about_state(decision: Decision, family: Family, state: StateFiles) -> Iterator[Finding]:
    """Whether the state to return to is the one that is merged, each part at its own path.

    Otherwise a rollback could install bytes from anywhere in the repository.
    """
    if not RULES[decision.action].makes_verified_state:
        return
    claimed = decision.verified_state
    if claimed is None:
        yield _finding(decision, _CLAIM, "it holds no state that a rollback can return to", _FIX)
        return
    served = {v["version"] for each in decision.variants.values() for v in each}
    unused = {lock.path for version, lock in family.locks.items() if version not in served}
    # Locks of other versions may have come with another change.
    own = [path for path in own_files(family) if path not in unused or path in claimed.files]
    wrong = _differing(claimed.files, {path: state.files.get(path) for path in own})
    if state.folders is not None:
        wrong += _differing(claimed.folders, state.folders)
    if wrong:
        listed = cut(", ".join(one_line(path, 200) for path in wrong), 500)
        text = f"the state that it records is not the one of this change: {listed}"
        yield _finding(decision, _CLAIM, text, _FIX)


def relied_on(before: Family, decision: Decision) -> Family:
    """The family that a decision is about, without the records that it calls broken.

    Whether these are broken is checked elsewhere, by git's history.
    """
    named = dict.fromkeys(decision.broken_records, "a later record names it as broken")
    return with_trusted(before, files_of(before), named)


def own_files(family: Family) -> list[str]:
    """The paths of the specs and locks that a state of the family consists of.

    Not of its environment's file: that is shared with others, and a rollback leaves it as it is.
    """
    return [
        family.document.path,
        *(cluster.path for cluster in family.clusters),
        *(lock.path for lock in family.locks.values()),
    ]


def _differing(
    claimed: Mapping[str, GitObject], found: Mapping[str, bytes | Tree | None]
) -> list[str]:
    """The paths whose claimed object is not that of the content, and those of one side only."""
    return [
        path
        for path in sorted(claimed.keys() | found.keys())
        if path not in claimed or _id(found.get(path), algorithm_of(claimed[path])) != claimed[path]
    ]


def _id(content: bytes | Tree | None, algorithm: str) -> str:
    if content is None:
        return ""
    if isinstance(content, bytes):
        return git_blob_id(content, algorithm=algorithm)
    return git_tree_id(content, algorithm=algorithm)


def _finding(decision: Decision, rule: str, text: str, fix: str) -> Finding:
    return Finding(decision.path, 1, 1, rule, text, fix)
