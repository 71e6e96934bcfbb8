"""Which records of a family nothing that moves forward may go on from.

``chain.judged`` leaves out what the chain and git's history contradict. Of the others, some may
contradict themselves: a replay finds that their evidence does not support them. And one may be
from the future, where a clock or a person was wrong: a bake would count from it.
"""

from datetime import datetime

from lockstep.model.decision import Decision
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family
from lockstep.model.times import is_ahead
from lockstep.rollout.gaps import gaps_of
from lockstep.rollout.replay import replay
from lockstep.spec.ledger import files_of, with_trusted

TIME = "ledger.time"
"""The rule of times that a record may have."""


def replayed(family: Family, now: datetime) -> Family:
    """A judged family with those records only that a replay confirms; the others are broken, too.

    So are those that were decided after ``now``, by more than clocks may differ.
    """
    problems = {file.path: file.problem for file in family.broken if not file.settled}
    # Evidence that cannot be read is a finding of its own, which says what is wrong with it.
    unread = {record.decision.path for record in family.records if record.unreadable}
    gaps = gaps_of(family)
    for finding in replay(family):
        if finding.file not in unread:
            # Where the record before it is missing, that is why it does not follow.
            cause = gaps.get(finding.file, finding)
            problems.setdefault(finding.file, cause.message)
    for record in family.records:
        if ahead := why_ahead(record.decision, now):
            problems.setdefault(record.decision.path, ahead)
    return with_trusted(family, files_of(family), problems)


def check_times(family: Family, now: datetime) -> list[Finding]:
    """The records of a family that are from the future, by more than clocks may differ."""
    fix = "correct the clock that wrote it, and settle the record with lockstep adopt --reason"
    decisions = (record.decision for record in family.records)
    return [
        Finding(each.path, 1, 1, TIME, ahead, fix)
        for each in decisions
        if (ahead := why_ahead(each, now))
    ]


def why_ahead(decision: Decision, now: datetime) -> str:
    """What is wrong with a decision from the future; empty for one that is not from there."""
    at = decision.decided_at
    return f"it was decided at {at}, which is in the future" if is_ahead(at, now) else ""
