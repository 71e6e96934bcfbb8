"""``lockstep merge-reports``: the JSON reports of several runs as the outcome of one."""

from collections.abc import Sequence
from pathlib import Path

from lockstep.check.merge_reports import merge_reports
from lockstep.model.outcome import Outcome


def run(paths: Sequence[Path]) -> Outcome:
    """The outcome that one run over everything would have had, whatever the order of the paths.

    Raises LockstepError for what is not a report, for the same file twice, and where the reports
    are of shards, unless every shard is there exactly once.
    """
    return merge_reports(paths)
