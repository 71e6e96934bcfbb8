"""``lockstep audit``: who decided what and why, recomputed from records and compared with git."""

from datetime import datetime
from pathlib import Path

from lockstep.check.audit import read_ledger, replay_ledger, unread_evidence, verify_ledger
from lockstep.check.followed import find_shown
from lockstep.edges.git import Git
from lockstep.model.errors import NothingToCheck
from lockstep.model.file_results import History
from lockstep.model.finding import arrange


def run(
    root: Path,
    family: str | None,
    environment: str | None,
    now: datetime,
    remote: str | None = None,
    *,
    verify: bool,
    again: bool,
    work_tree: bool = False,
) -> History:
    """The decision records of the followed branch; with ``work_tree``, of the work tree instead.

    ``verify`` checks the chain, that records fit their schema, that none is from after ``now``,
    that git never saw one change, and that specs agree with the newest. ``again`` recomputes every
    verdict and action from the records alone. A family that is gone, or whose head cannot be read,
    still has its records.
    """
    git = Git.find(root)
    shown = find_shown(git, remote, work_tree=work_tree)
    # A tree without clusters is not refused: their ledger can still be audited.
    ledger = read_ledger(shown.read(git, ("clusters", "ledger")), family, environment)
    findings = ledger.unreadable_records
    findings += verify_ledger(git, ledger, now, shown.commit) if verify else unread_evidence(ledger)
    findings += replay_ledger(ledger) if again else ()
    if not ledger.decisions and not findings:
        raise NothingToCheck("the ledger holds no record", fix="lockstep adopt makes the first")
    return History(
        ledger.decisions, arrange(findings), verified=verify, replayed=again, shown=shown.words
    )
