"""The files of a family's ledger: which records count, by what later records say of them.

A decision names the broken records that it does not rely on, with their digests. Those are left
out from then on. An adoption settles them, too: they are no longer reported while they stay as it
has named them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from lockstep.model.decision import Action, Record
from lockstep.model.fleet import Family
from lockstep.model.ledger import LedgerFile
from lockstep.model.paths import RECORD_PATH


@dataclass(frozen=True)
class Named:
    """What records say of broken ones: ``settled`` by the newest adoption that names the path,
    ``left_out`` by all of them, as pairs of path and digest.
    """

    settled: Mapping[str, str | None]
    left_out: Collection[tuple[str, str | None]]


def files_of(family: Family) -> list[LedgerFile]:
    """Every number of the family's ledger that is known, in order; the broken ones too."""
    return sorted((*map(file_of, family.records), *family.broken), key=lambda each: each.sequence)


def file_of(record: Record) -> LedgerFile:
    """The file that a record is in."""
    decision = record.decision
    return LedgerFile(decision.path, decision.sequence, record.digest, record)


def named_by(records: Iterable[Record]) -> Named:
    """The broken records that these name; one that a later record names does not count itself."""
    settled: dict[str, str | None] = {}
    left_out: set[tuple[str, str | None]] = set()
    for record in sorted(records, key=lambda each: each.decision.sequence, reverse=True):
        decision = record.decision
        if (decision.path, record.digest) in left_out:
            continue
        folder = decision.path.rsplit("/", 1)[0]
        for path, digest in decision.broken_records.items():
            number = RECORD_PATH.fullmatch(path)
            # A record speaks of those before it in its own family, never of itself.
            if number and path.startswith(f"{folder}/") and path < decision.path:
                left_out.add((path, digest))
                if decision.action is Action.ADOPT:
                    settled.setdefault(path, digest)
    return Named(settled, left_out)


def with_trusted(
    family: Family, files: Iterable[LedgerFile], problems: Mapping[str, str] | None = None
) -> Family:
    """The family with the records among ``files`` that count, and all others as broken.

    ``problems`` says what is known to be wrong with a file, by its path: what such a record says
    of others does not count. Paths that no file has are numbers of removed records.
    """
    problems = problems or {}
    known = {file.path: file for file in files if file.digest is not None}
    readable = [f.record for f in known.values() if f.record and f.path not in problems]
    named = named_by(readable)
    removed = [path for path, digest in named.left_out if digest is None] + list(problems)
    for path in removed:
        if path not in known and (place := RECORD_PATH.fullmatch(path)):
            known[path] = LedgerFile(path, int(place["sequence"]), None)
    records, broken = [], []
    for file in sorted(known.values(), key=lambda each: each.sequence):
        counts = (file.path, file.digest) not in named.left_out and file.path not in problems
        if file.record and counts:
            records.append(file.record)
        else:
            settled = named.settled.get(file.path, "") == file.digest
            problem = problems.get(file.path, "")
            broken.append(replace(file, settled=settled, problem=problem))
    return replace(family, records=tuple(records), broken=tuple(broken))


def unsettled(family: Family) -> tuple[LedgerFile, ...]:
    """The broken records of a family that no adoption has settled: it has diverged."""
    return tuple(file for file in family.broken if not file.settled)
