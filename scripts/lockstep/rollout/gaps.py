"""Replays a ledger that lacks records: what came after a missing one is not blamed for it.

A decision is made again from the records before it. Where one of these is missing or cannot be
read, nobody can say whether the next one follows: that is another finding than a forged move.
"""

from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.rollout.replay import replay_moves, replay_verdicts
from lockstep.spec.ledger import files_of, named_by

GAP = "replay.gap"
"""The rule of records that cannot be replayed because the one before is missing."""


def replay_around_gaps(family: Family) -> list[Finding]:
    """As ``replay``, but a record after a missing one has a finding that says so, and no other
    about what it follows from.
    """
    gaps = gaps_of(family)
    return [
        *replay_verdicts(family, gaps.keys()),
        *(each for each in replay_moves(family) if each.file not in gaps),
        *gaps.values(),
    ]


def gaps_of(family: Family) -> dict[str, Finding]:
    """The findings of records that follow missing ones, by their paths.

    What an adoption or a rollback has named as broken is no gap: no record relies on it.
    """
    named = {path for path, _ in named_by(family.records).left_out}
    found: dict[str, Finding] = {}
    absent, expected = "", 1
    for file in files_of(family):
        # Of many only the first one: a forged number may be far ahead.
        if file.sequence > expected:
            absent = absent or f"record {expected} is missing"
        expected = file.sequence + 1
        if file.settled or file.path in named:
            absent = ""  # what is missing before it is why it was named
            continue
        if file.record is None:
            state = "cannot be read" if file.digest else "is missing"
            absent = absent or f"record {file.sequence} {state}"
        elif file.record.decision.broken_records:
            # An adoption or a rollback that goes on without what is broken before it.
            absent = ""
        elif absent:
            found[file.path] = _finding(file.path, absent)
            absent = ""
    return found


def _finding(path: str, absent: str) -> Finding:
    folder = path.rpartition("/")[0]
    text = f"it cannot be replayed, because {absent}"
    fix = f"restore that record from git; git log -- {folder} shows the commits that changed some"
    return Finding(path, 1, 1, GAP, text, fix)
