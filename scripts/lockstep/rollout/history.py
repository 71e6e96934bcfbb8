"""What a change may not do to the past: records are only added, and a locked identity stays."""

from collections.abc import Iterator

from lockstep.model.decision import Decision
from lockstep.model.document import Document, value_at
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.rollout.gate_questions import propose_gates
from lockstep.rollout.replay import replay
from lockstep.rollout.transitions import RULES, Need
from lockstep.text.sanitise import one_line

_IDENTITY = ("spec", "identity")


def check_history(new: Fleet, old: Fleet) -> list[Finding]:
    """What is wrong with how ``new`` goes on from ``old``, in the families that both have.

    A record that was edited or removed, one that was added and does not follow from its own
    evidence, and a lock of the same version with another identity.
    """
    findings: list[Finding] = []
    for family in new.families():
        environment = old.environments.get(family.environment)
        before = environment.families.get(family.name) if environment else None
        findings += _rewritten(family, before)
        findings += _unfounded(family, before)
        findings += _exchanged(family, before)
    return list(arrange(findings))


def check_left_behind(tree: Tree, before: Tree, fleet: Fleet) -> list[Finding]:
    """What is wrong with the records of families that the tree no longer declares.

    They stay as they were: without them nothing would say what is in quarantine.
    """
    declared = tuple(f"ledger/{each.environment}/{each.name}/" for each in fleet.families())
    return [
        _changed(path, "restore it from git; the records of a family stay when it goes")
        for path, data in sorted(before.items())
        if path.startswith("ledger/") and not path.startswith(declared) and tree.get(path) != data
    ]


def _rewritten(family: Family, before: Family | None) -> Iterator[Finding]:
    now = _digests(family)
    for path, digest in _digests(before).items():
        if now.get(path) != digest:
            yield _changed(path, "restore it from git; records are only added")


def _changed(path: str, fix: str) -> Finding:
    return Finding(path, 1, 1, "ledger.rewritten", "this record was changed or removed", fix)


def _unfounded(family: Family, before: Family | None) -> Iterator[Finding]:
    known = _digests(before)
    if _digests(family).keys() - known.keys():
        yield from (finding for finding in replay(family) if finding.file not in known)
    if family.records and (newest := family.records[-1].decision).path not in known:
        yield from _other_gates(family, newest)


def _other_gates(family: Family, newest: Decision) -> Iterator[Finding]:
    """Whether a new proposal, or its first step, passed the gates that the family declares now.

    A record says itself which gates it had to pass, so this is asked of the spec while the two
    belong together; later on, the gates of the family may change.
    """
    transition = RULES[newest.action].find(newest.source.phase, newest.to.phase)
    recorded = value_at(newest.plan, ("proposeGates",), {})
    if transition and Need.PROPOSE_GATES in transition.needs and recorded != propose_gates(family):
        text = "it did not have to pass the gates with when: propose that the family declares"
        fix = "propose the version again, so that these gates are asked"
        yield Finding(newest.path, 1, 1, "replay.gates", text, fix)


def _exchanged(family: Family, before: Family | None) -> Iterator[Finding]:
    locks = before.locks if before else {}
    recorded = {r.decision.target.version: r.decision.target.digest for r in family.records}
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
    records = family.records if family else ()
    return {record.decision.path: record.digest for record in records}
