"""The ledger of a family is a chain: each record holds the digest of the file before it.

``verify_chain`` reports where it is broken. ``judged`` leaves out the records that cannot be
relied on, so that the newest valid one says what state the family is in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lockstep.model.decision import Phase, Position, Record
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.model.ledger import NO_HISTORY, LedgerFile, LedgerHistory
from lockstep.model.paths import RECORD_PATH, ledger_folder
from lockstep.spec.ledger import files_of, named_by, with_trusted
from lockstep.text.sanitise import one_line

GAP, CHAIN, POSITION, ID = "ledger.gap", "ledger.chain", "ledger.position", "ledger.id"
"""The rules of a chain, which the record after a broken one may be the first to contradict."""

_FIX = "restore the ledger from git; records are added, never edited or removed"
_LAST_NUMBER = 999_999


@dataclass(frozen=True)
class _Break:
    """What is wrong at one record, and the files that are not relied on because of it."""

    finding: Finding
    suspects: tuple[str, ...]


def verify_chain(family: Family) -> list[Finding]:
    """What is broken in a family's chain: missing or changed records, and ids that do not fit.

    Each finding is in the record that shows it: a changed record is found by the one after it.
    What an adoption has settled is left out; a file that cannot be read has its own finding.
    """
    return [each.finding for each in _breaks(family, NO_HISTORY)]


def judged(family: Family, history: LedgerHistory = NO_HISTORY) -> Family:
    """The family with its valid records only; the others are in ``broken``, with the reason.

    Broken are records that the chain contradicts, that cannot be read, and that a commit has
    changed or removed. Without the history it is not known which of two records that do not fit
    each other is to blame: then neither counts.
    """
    problems: dict[str, str] = {}
    files = files_of(family)
    while True:
        split = with_trusted(family, files, problems)
        found = _problems(split, history)
        # What a broken adoption has named is no longer settled, so it is asked again.
        if found.keys() <= problems.keys():
            return split
        problems = found | problems


def chain_end(family: Family) -> tuple[int, str | None]:
    """The number of the next record, and the digest of the file before it.

    Broken files count: a number is never used twice. Raises LockstepError after the last one.
    """
    files = files_of(family)
    number = files[-1].sequence + 1 if files else 1
    if number > _LAST_NUMBER:
        fix = "remove that file if Lockstep did not write it, and run it again"
        raise LockstepError("there is no number left after it", where=files[-1].path, fix=fix)
    return number, next((file.digest for file in reversed(files) if file.digest), None)


def _problems(family: Family, history: LedgerHistory) -> dict[str, str]:
    """What is wrong with each file that is not relied on, by its path."""
    problems: dict[str, str] = {}
    settled = {file.path for file in family.broken if file.settled}
    folder = f"{ledger_folder(family.environment, family.name)}/"
    for path in history.changed:
        if path.startswith(folder) and RECORD_PATH.fullmatch(path):
            problems[path] = "a commit has changed or removed it after it was made"
    for file in family.broken:
        if file.digest and not file.record:
            problems.setdefault(file.path, "it cannot be read")
    for each in _breaks(family, history):
        for path in each.suspects:
            problems.setdefault(path, each.finding.message)
    return {path: text for path, text in problems.items() if path not in settled}


def _breaks(family: Family, history: LedgerHistory) -> Iterator[_Break]:
    files = files_of(family)
    for index, file in enumerate(files):
        # A file that cannot be read says nothing; a settled one is known not to fit.
        if file.record and not file.settled:
            yield from _at(file, file.record, files[:index], history)
    present = {file.path: file.digest for file in files if file.digest}
    for path, digest in named_by(family.records).settled.items():
        if path in present and present[path] != digest:
            text = "this record was changed after lockstep adopt had named it as broken"
            yield _Break(Finding(path, 1, 1, "ledger.rewritten", text, _FIX), (path,))


def _at(
    file: LedgerFile, record: Record, before: Sequence[LedgerFile], history: LedgerHistory
) -> Iterator[_Break]:
    """What is wrong with one record after those before it."""
    decision = record.decision
    prior = before[-1] if before else None
    text = _gap(file, decision.broken_records, before)
    known = history.changed.get(_path_before(file), ())
    # The record before it was changed or removed since: git still knows what this one followed.
    explained = decision.previous in known
    if text:
        yield _break(file, GAP, text, () if explained else (file.path,))
    elif not (prior and prior.settled) and decision.previous != _digest(before):
        text = "spec.previous is not the digest of the record before this one"
        both = (file.path, prior.path) if prior and history.missing else (file.path,)
        yield _break(file, CHAIN, text, () if explained else both)
    expected = None if text else _position(decision.broken_records, before)
    if expected and decision.source != expected:
        says = f"it starts from {decision.source}; the record before it ended in {expected}"
        yield _break(file, POSITION, says, () if explained else (file.path,))
    # No record follows the newest one yet: in the chain, only its id can show an edit.
    if record.stated_id != decision.id:
        says = f"the id is {one_line(record.stated_id, 80)}; its content gives {decision.id}"
        yield _break(file, ID, says, (file.path,))


def _break(file: LedgerFile, rule: str, message: str, suspects: tuple[str, ...]) -> _Break:
    return _Break(Finding(file.path, 1, 1, rule, message, _FIX), suspects)


def _gap(file: LedgerFile, named: Mapping[str, str | None], before: Sequence[LedgerFile]) -> str:
    """Which record is missing before this one; empty where none is, or it is known to be."""
    last = next((each.sequence for each in reversed(before) if each.digest), 0)
    missing = last + 1
    if missing >= file.sequence:  # nearly always: a ledger may have thousands of records
        return ""
    known = {f.sequence for f in before if not f.digest and (f.settled or f.path in named)}
    while missing in known:
        missing += 1
    return (
        f"record {missing} is missing; the next record is {file.sequence}"
        if missing < file.sequence
        else ""
    )


def _path_before(file: LedgerFile) -> str:
    folder, _, _ = file.path.rpartition("/")
    return f"{folder}/{file.sequence - 1:06d}.json"


def _digest(before: Sequence[LedgerFile]) -> str | None:
    """The digest of the newest file that is there."""
    return next((file.digest for file in reversed(before) if file.digest), None)


def _position(named: Mapping[str, str | None], before: Sequence[LedgerFile]) -> Position | None:
    """Where a record must start, which does not rely on those that it names; None: not known."""
    for file in reversed(before):
        if file.path in named:
            continue
        # It was settled after this record was made: what it said then is not known.
        return file.record.decision.to if file.record and not file.settled else None
    return Position(Phase.NEW)
