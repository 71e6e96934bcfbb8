"""``lockstep review``: what the reviewers of a pull request need, from files alone."""

from datetime import datetime
from pathlib import Path

from lockstep.check.review import review_change
from lockstep.edges.files import read_file
from lockstep.edges.git import Git
from lockstep.model.errors import Invalid
from lockstep.model.outcome import Outcome
from lockstep.model.review import Review
from lockstep.report.json_report import read_report
from lockstep.text.sanitise import one_line

_LARGEST = 64 * 1024 * 1024
"""Bytes of the report of a check: with some 100,000 findings."""


def run(root: Path, checked: Path, base: str | None, now: datetime) -> Review:
    """Review the change of the work tree around ``root``; ``checked`` is the report of its check.

    Raises Invalid for a file that is no report of a check, LockstepError where it cannot be read.
    """
    return review_change(Git.find(root), _read(checked), base, now)


def _read(path: Path) -> Outcome:
    data = read_file(path, _LARGEST)
    try:
        return read_report(data)
    except ValueError as error:
        raise Invalid(
            f"this is not the report of a check: {one_line(str(error), 300)}",
            where=str(path),
            fix="give what lockstep check --report json=FILE has written",
        ) from error
