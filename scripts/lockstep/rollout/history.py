"""What a change may not do to the past: records are only added, and a locked identity stays."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from lockstep.model.canonical import digest_bytes
from lockstep.model.decision import Decision, Record
from lockstep.model.document import Document, Json, value_at
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.ledger import REWRITTEN, LedgerHistory
from lockstep.model.paths import RECORD_PATH
from lockstep.model.times import parse_time
from lockstep.rollout.chain import judged
from lockstep.rollout.gate_questions import gates_of_proposal
from lockstep.rollout.liveness import awaited, live_gates, live_gates_of_plan
from lockstep.rollout.promotion_gates import gates_not_passed
from lockstep.rollout.replay import replay
from lockstep.rollout.transitions import RULES, Need, StepChange
from lockstep.rollout.trust import replayed
from lockstep.spec.ledger import files_of
from lockstep.text.sanitise import cut, one_line, quoted

_IDENTITY = ("spec", "identity")

HistoryOf = Callable[[], LedgerHistory]
"""Reads git's history of the base's ledger, which takes time: it is called where it is needed."""


def check_history(
    new: Fleet, old: Fleet, history: HistoryOf | None = None, now: datetime | None = None
) -> list[Finding]:
    """What is wrong with how ``new`` goes on from ``old``, in the families that both have.

    A record that was added and does not follow from its own evidence or calls records broken that
    are not, and a lock of the same version with another identity. Without ``history`` it is not
    asked whether a commit had changed what a new record calls broken. A record from the future is
    broken; ``now`` is the time that counts, by default that of the record which calls it so.
    """
    findings: list[Finding] = []
    for family in new.families():
        environment = old.environments.get(family.environment)
        before = environment.families.get(family.name) if environment else None
        findings += _unfounded(family, before)
        findings += _called_broken(family, before, history, now)
        findings += _exchanged(family, before)
    return list(arrange(findings))


def check_rewritten(tree: Tree, before: Tree, history: HistoryOf | None) -> list[Finding]:
    """The records of a family that a change has edited or removed; one that is put back is not.

    By their files: whether tree and base declare the family or can read it makes no difference, or
    one that was removed could come back with another past.
    """
    return [
        _changed(path)
        for path, data in sorted(before.items())
        if RECORD_PATH.fullmatch(path) and tree.get(path) != data
        and not _restored(path, digest_bytes(tree[path]) if path in tree else None, history)
    ]  # fmt: skip


def check_left_behind(tree: Tree, before: Tree) -> list[Finding]:
    """New records of a family that its tree does not declare: their claims cannot be checked.

    A family of that name would have them later.
    """
    if any(path.startswith("clusters/") for path in tree):
        return []
    text, fix = "this is a record of a family that does not exist", "remove the file"
    new = [path for path in sorted(tree) if path.startswith("ledger/") and path not in before]
    return [Finding(path, 1, 1, "ledger.claim", text, fix) for path in new]


def is_put_back(record: Record, history: HistoryOf | None) -> bool:
    """Whether a record that a commit had changed or removed is again as it was added."""
    return _restored(record.decision.path, record.digest, history)


def _restored(path: str, digest: str | None, history: HistoryOf | None) -> bool:
    """Whether a record that a commit had changed is again as it was added."""
    return history is not None and digest in history().changed.get(path, ())[:1]


def _changed(path: str) -> Finding:
    text = "this record was changed or removed"
    fix = "restore it from git; records are never changed or removed, not even with their family"
    return Finding(path, 1, 1, REWRITTEN, text, fix)


def _unfounded(family: Family, before: Family | None) -> Iterator[Finding]:
    known = _digests(before)
    # Without a new record nothing is replayed: those of the base were checked when they came.
    if _digests(family).keys() - known.keys():
        yield from (finding for finding in replay(family) if finding.file not in known)
    if (asked := _newest_asked(family)) and asked.path not in known:
        yield from _other_gates(asked, family)
        if before and RULES[asked.action].in_pull_request:
            yield from _other_gates(asked, before)
    if before:
        yield from _not_asked_live(family, before)


def _not_asked_live(family: Family, before: Family) -> Iterator[Finding]:
    """New moves forward whose records leave out gates that say since when the step was live.

    A record names these gates itself, and people may add or remove one at any time: so only what
    both the base and the change declare counts.
    """
    both = [live_gates(each) for each in (family, before)]
    known = _digests(before)
    for index, record in enumerate(family.records if all(both) else ()):
        decision = record.decision
        transition = RULES[decision.action].find(decision.source.phase, decision.to.phase)
        if decision.path in known or not transition or Need.BAKED not in transition.needs:
            continue
        earlier = replace(family, records=family.records[:index])
        named = live_gates_of_plan(decision)
        missing = [
            f"{name} in {cluster}"
            for cluster, names in awaited(earlier, both[0]).items()
            for name in set(names) & set(both[1].get(cluster, ()))
            if name not in named.get(cluster, ())
        ]
        if missing:
            text = f"its plan leaves out what says since when the step was live: {missing[0]}"
            fix = "remove the record; lockstep advance makes it once the step has baked"
            yield Finding(decision.path, 1, 1, "replay.gates", text, fix)


def _called_broken(
    family: Family, before: Family | None, history: HistoryOf | None, now: datetime | None
) -> Iterator[Finding]:
    """Records that a new one calls broken, and that were not so before this change.

    Otherwise a pull request could edit a record and settle that by an adoption of its own.
    """
    known = _digests(before)
    added = [r.decision for r in family.records
             if r.decision.path not in known and r.decision.broken_records]  # fmt: skip
    if not added:
        return
    read = history() if history else LedgerHistory()
    if read.missing:
        text = f"git cannot show whether the records that it names are broken: {read.missing}"
        yield Finding(added[0].path, 1, 1, "ledger.shallow", text, "check out with fetch-depth: 0")
        return
    known_family = judged(before, read) if before else None
    for decision in added:
        at = now or parse_time(decision.decided_at)
        broken = (
            {f.path: f.digest for f in replayed(known_family, at).broken} if known_family else {}
        )
        for path, digest in decision.broken_records.items():
            # Without history, what only a commit's diff can show is taken as it is.
            is_broken = broken.get(path, "") == digest if history else known.get(path) == digest
            if not is_broken:
                text = f"it calls {quoted(path, 200)} broken, which the base does not show"
                fix = "undo the change of that record; lockstep adopt names what was broken before"
                yield Finding(decision.path, 1, 1, "ledger.settled", text, fix)


def _newest_asked(family: Family) -> Decision | None:
    """The newest decision that had to pass the gates of a proposal, while they still bind it.

    A hold after it changes nothing; once the rollout has gone on, the gates may change.
    """
    for record in reversed(family.records):
        decision = record.decision
        if Need.PROPOSE_GATES in RULES[decision.action].needs:
            transition = RULES[decision.action].find(decision.source.phase, decision.to.phase)
            return decision if transition and Need.PROPOSE_GATES in transition.needs else None
        if RULES[decision.action].step_change is not StepChange.SAME:
            return None
    return None


def _other_gates(asked: Decision, family: Family) -> Iterator[Finding]:
    """Whether a new proposal, or its first step, passed the gates that the family declares.

    A record says itself which gates it had to pass, so this is asked of the spec while the two
    belong together. Of a proposal it is asked of the base's spec, too: otherwise a pull request
    could weaken a gate for its own proposal.
    """
    missing = [
        f"{gate['name']} in {cluster}"
        for cluster, gates in gates_of_proposal(family).items()
        for gate in gates
        # A cluster that joined the family later was not there to be asked.
        if cluster in asked.variants and not _was_asked(gate, cluster, asked)
    ]
    if asked.promoted_from:
        missing += gates_not_passed(family, asked.evidence)
    if missing:
        listed = cut(", ".join(missing), 500)
        text = f"it did not pass these gates as the family declares them: {listed}"
        fix = "propose the version again, so that these gates are asked"
        yield Finding(asked.path, 1, 1, "replay.gates", text, fix)


def _was_asked(gate: Json, cluster: str, asked: Decision) -> bool:
    """With all of its settings: a record may name a gate that had other bounds."""
    return any(item.cluster == cluster and item.gate == gate for item in asked.evidence)


def recorded_locks(family: Family) -> Iterator[Document]:
    """The locks of a family whose digest is the one that its records name."""
    recorded = _recorded(family)
    for version, lock in family.locks.items():
        digest = value_at(lock.value, (*_IDENTITY, "digest"))
        if digest is not None and recorded.get(version) == digest:
            yield lock


def _recorded(family: Family) -> dict[str, str]:
    """The digest of each version by the newest record about it."""
    targets = (record.decision.target for record in family.records)
    return {target.version: target.digest for target in targets}


def _exchanged(family: Family, before: Family | None) -> Iterator[Finding]:
    locks = before.locks if before else {}
    recorded = _recorded(family)
    for version, lock in family.locks.items():
        if version not in locks or _identity(lock) == _identity(locks[version]):
            continue
        was = value_at(locks[version].value, (*_IDENTITY, "digest"))
        if recorded.get(version, was) == was:  # else a rollback has restored the right one
            place = lock.locate(_IDENTITY)
            text = f"the identity of version {one_line(version, 80)} differs from what was locked"
            fix = "restore the lock from git; register another model as another version"
            yield Finding(*place, "lock.identity", text, fix, "/spec/identity")


def _identity(lock: Document) -> object:
    return value_at(lock.value, _IDENTITY)


def _digests(family: Family | None) -> dict[str, str]:
    files = files_of(family) if family else ()
    return {file.path: file.digest for file in files if file.digest}
