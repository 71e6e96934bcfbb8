"""Dates the locks of the reference fleet as read now: ``make reference-locks``.

The registry of the reference fleet is no real one, so ``lockstep lock`` cannot read it again, and
its facts never change. Without a new date a change that brings a version into a cluster would be
denied by ``lock-fresh``, which is right for every other fleet.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path

from lockstep.edges import clock
from lockstep.model.times import format_time, parse_time

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = "clusters/*/*/locks/*.yaml"
_READ = re.compile(r'(?<=^    readAt: ")[^"]+(?="$)', re.MULTILINE)


def read_at(root: Path = REPOSITORY) -> list[datetime]:
    """When each lock of the fleet says that it was read."""
    return [parse_time(_READ.findall(path.read_text())[0]) for path in sorted(root.glob(LOCKS))]


def time_of_checks(root: Path = REPOSITORY) -> str:
    """When the fleet's own checks take place: an hour after its newest lock was read."""
    return format_time(max(read_at(root)) + timedelta(hours=1))


def date_locks(root: Path, moment: datetime) -> None:
    """Date every lock of the fleet at ``root``; no manifest depends on that."""
    for path in sorted(root.glob(LOCKS)):
        text, changed = _READ.subn(format_time(moment), path.read_text())
        if changed != 1:
            raise SystemExit(f"{path}: it has {changed} lines with readAt, not one")
        path.write_text(text)


if __name__ == "__main__":
    date_locks(REPOSITORY, clock.now(None))
