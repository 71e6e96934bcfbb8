"""Branches that are to be merged: a commit that is there already is used again, and an older one
of Lockstep's is replaced. What people have added to a branch is never lost."""

import msgspec

from lockstep.check.followed import Followed
from lockstep.edges.git import Git, Raced
from lockstep.edges.git.leftovers import RunNote
from lockstep.model.decision import Action, Decision
from lockstep.model.document import Json
from lockstep.model.errors import Denied, LockstepError, UsageError
from lockstep.model.fleet import Family
from lockstep.model.paths import RECORD_PATH, record_path
from lockstep.model.record import body_of, read_record
from lockstep.rollout.chain import chain_end
from lockstep.spec.lock import same_facts
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import quoted
from lockstep.transactions.publication import place_branch

_ATTEMPTS = 5
_OWN = "lockstep/"
_MOST_BRANCHES = 2_000
_TRAILER = "Lockstep-Decision: "
# What differs between two runs that decide the same: who ran, where, when, with what at hand.
_OF_THE_RUN = frozenset(
    ("actor", "askedAt", "base", "commit", "decidedAt", "programVersion", "signature", "since",
     "time", "timeGiven")
)  # fmt: skip
# Of a record after another one of the same commit: both hold the digest, and so the time, of that.
_OF_THE_CHAIN = frozenset(("id", "previous"))


def branch_tip(git: Git, followed: Followed, name: str) -> str | None:
    """The tip of a branch beside the followed one, fetched; None where it does not exist."""
    if followed.remote is None:
        return git.resolve(f"refs/heads/{name}")
    tip = git.tips(followed.remote, [name]).commits.get(name)
    if tip is not None:
        git.fetch(followed.remote, name, tip)
    return tip


def existing_branch(git: Git, followed: Followed, name: str) -> Followed:
    """A branch that is to be merged, read in the place of the followed one.

    Raises UsageError where it does not exist, or lacks commits of the followed branch: what is
    decided on it would then be decided on an old state.
    """
    tip = branch_tip(git, followed, name)
    if tip is None:
        where = followed.remote.name if followed.remote else "this repository"
        fix = "push it first: this verb reads the state that is on it"
        raise UsageError(f"{where} has no branch {quoted(name)}", fix=fix)
    if not git.is_ancestor(followed.tip, tip):
        raise UsageError(
            f"the branch {quoted(name)} lacks commits of {followed.branch}",
            fix=f"merge {followed.branch} into it, push it, and run it again",
        )
    return Followed(name, followed.remote, tip)


def open_proposals(git: Git, followed: Followed, family: Family) -> dict[str, Decision]:
    """The proposals of a family that wait on branches below lockstep/ to be merged, by branch.

    Those whose record would be the next one of the family's chain: of others nothing can come any
    more. Raises LockstepError where the branches cannot be read.
    """
    number, previous = chain_end(family)
    path = record_path(family.environment, family.name, number)
    tips = git.branches(followed.remote, _OWN)
    if len(tips) > _MOST_BRANCHES:
        raise LockstepError(
            f"there are {len(tips)} branches below {_OWN}, too many to look for open proposals",
            fix="delete those whose pull requests are closed",
        )
    found: dict[str, Decision] = {}
    if not tips:
        return found
    with git.storing() as reading:
        if followed.remote:
            reading.fetch_references(followed.remote, [f"refs/heads/{name}" for name in tips])
        for name, tip in sorted(tips.items()):
            decision = _decision_at(reading, tip, path)
            if decision and decision.action is Action.PROPOSE and decision.previous == previous:
                found[name] = decision
    return found


def _decision_at(git: Git, commit: str, path: str) -> Decision | None:
    """The decision of the record at a path of a commit; None where there is none to be read."""
    data = git.read_tree(commit, [path]).get(path)
    try:
        return read_record(data).decision if data is not None else None
    except ValueError:  # what cannot be read is no record when it is merged, either
        return None


def put_on_branch(git: Git, followed: Followed, name: str, commit: str, note: RunNote) -> str:
    """Make a commit the tip of a branch; its tip, which may be that of an earlier run.

    A tip that brings the same, apart from times, actor and signature, stays. Otherwise one that
    Lockstep made is replaced. Raises Denied for a branch with commits of people.
    """
    for _ in range(_ATTEMPTS):
        try:
            tip = branch_tip(git, followed, name)
            if tip is not None and _brings_the_same(git, tip, commit):
                return tip
            if tip is not None and not _is_ours(git, tip):
                raise Denied(
                    f"the branch {quoted(name, 200)} has commits that Lockstep did not make",
                    fix="name another one with --branch, or delete that one",
                )
            place_branch(git, followed, name, commit, tip, note)
            return commit
        except Raced:  # another run has written to it: look again at what is there
            continue
    raise LockstepError(f"other runs keep changing the branch {name}", fix="run it again")


def decisions_of(git: Git, commit: str) -> tuple[Decision, ...]:
    """The decisions in the records that a commit of Lockstep's brings, the first one first."""
    parents, _ = git.read_commit(commit)
    changed = git.changed_files(parents[0], commit)
    paths = sorted(filter(RECORD_PATH.fullmatch, changed))
    stored = git.read_tree(commit, paths)
    return tuple(read_record(stored[path]).decision for path in paths if path in stored)


def _is_ours(git: Git, tip: str) -> bool:
    """Whether Lockstep made the commit: it brings the very decision that its trailers name."""
    parents, message = git.read_commit(tip)
    if len(parents) != 1:
        return False
    changed = git.changed_files(parents[0], tip)
    named = {line.removeprefix(_TRAILER) for line in message.splitlines()}
    records = filter(RECORD_PATH.fullmatch, changed)
    brought = (_decision_at(git, tip, path) for path in records)
    return any(decision.id in named for decision in brought if decision)


def _brings_the_same(git: Git, one: str, other: str) -> bool:
    """Whether two commits change the same files to the same, apart from what is the run's own."""
    changes = []
    for commit in (one, other):
        parents, _ = git.read_commit(commit)
        if len(parents) != 1:
            return False
        changes.append(git.changed_files(parents[0], commit))
    if changes[0].keys() != changes[1].keys():
        return False
    differing = [path for path, blob in changes[0].items() if changes[1][path] != blob]
    here, there = (git.read_tree(commit, differing) if differing else {} for commit in (one, other))
    records = sorted(path for path in changes[0] if RECORD_PATH.fullmatch(path))
    return all(
        path in here and path in there
        and _same(path, here[path], there[path], follows=path in records[1:])
        for path in differing
    )  # fmt: skip


def _same(path: str, one: bytes, other: bytes, *, follows: bool) -> bool:
    """Whether two versions of a file say the same, apart from what is the run's own.

    ``follows`` says that it is a record after another one of the same commit.
    """
    if RECORD_PATH.fullmatch(path):
        return _same_records(one, other, _OF_THE_RUN | _OF_THE_CHAIN if follows else _OF_THE_RUN)
    if "/locks/" in path:
        return _same_locks(one, other)
    return path.endswith("/quarantine.yaml") and _same_quarantine(one, other)


def _same_records(one: bytes, other: bytes, apart: frozenset[str]) -> bool:
    try:
        bodies = [_without(apart, body_of(read_record(data))) for data in (one, other)]
    except (ValueError, msgspec.MsgspecError):
        return False
    return bool(bodies[0] == bodies[1])


def _without(names: frozenset[str], value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _without(names, v) for k, v in value.items() if k not in names}
    return [_without(names, item) for item in value] if isinstance(value, list) else value


def _same_quarantine(one: bytes, other: bytes) -> bool:
    """Its entries repeat what the records say, which are compared themselves."""
    apart = _OF_THE_RUN | {"decision"}
    documents = [load_yaml("quarantine", data)[0] for data in (one, other)]
    values = [_without(apart, each.value) for each in documents if each]
    return len(values) == 2 and bool(values[0] == values[1])


def _same_locks(one: bytes, other: bytes) -> bool:
    documents = [load_yaml("lock", data)[0] for data in (one, other)]
    return all(documents) and same_facts(*(each.value for each in documents if each))
