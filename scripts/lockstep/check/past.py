"""How a family goes on from the base: its records, its locks, and what new records claim."""

from collections.abc import Sequence

from lockstep.check.family_values import ReadFamily, Terms
from lockstep.model.decision import Record
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet
from lockstep.model.ledger import LedgerHistory
from lockstep.render.names import cluster_folder
from lockstep.render.restored import files_in
from lockstep.rollout.claims import StateFiles, added_records, check_claims
from lockstep.rollout.history import (
    HistoryOf,
    check_history,
    check_left_behind,
    is_put_back,
    recorded_locks,
)
from lockstep.rollout.pull_requests import check_arrivals


def about_the_past(read: ReadFamily, terms: Terms) -> tuple[list[Finding], bool]:
    """What the change does to records and locks, and whether git's history was asked for that."""
    given, asked = read.given, False

    def history() -> LedgerHistory:
        nonlocal asked
        asked = True
        return terms.history() if terms.history else LedgerHistory()

    asking = history if terms.history else None
    now = terms.now if terms.pull_request else None
    found = check_history(read.fleet, given.before or Fleet(), asking, now)
    declared = given.family
    # Of a family with a malformed cluster the state is not known, and that is a finding already.
    whole = read.valid and declared and len(read.valid.clusters) == len(declared.clusters)
    if read.valid and whole and given.before is not None:
        found += _about_new_records(read, read.valid, terms, asking)
    found += check_left_behind(given.files, given.files_before, read.fleet)
    locked = {lock.path for lock in recorded_locks(read.valid)} if read.valid else set()
    # What the base's lock held, the ledger says, too: a rollback may have restored it.
    return [*found, *(f for f in given.unread_before if f.file not in locked)], asked


def _about_new_records(
    read: ReadFamily, family: Family, terms: Terms, history: HistoryOf | None
) -> list[Finding]:
    """What is wrong with the records that the base does not have, and what needs approval."""
    home = read.given.before.environments.get(family.environment) if read.given.before else None
    before = home.families.get(family.name) if home else None
    # By path: those of a family that cannot be read at the base are not new either.
    new = added_records(family, read.given.files_before)
    found = _check_records(read, family, before, new, terms)
    if not found:
        return []
    # Only now, because it takes time: a record that was removed and is put back is not new.
    new = [record for record in new if not is_put_back(record, history)]
    return _check_records(read, family, before, new, terms)


def _check_records(
    read: ReadFamily, family: Family, before: Family | None, new: Sequence[Record], terms: Terms
) -> list[Finding]:
    if not new:
        return []
    folders = None
    if terms.compared:
        paths = [cluster_folder(each.environment, each.name) for each in family.clusters]
        folders = {path: files_in(read.given.rendered, path) for path in paths}
    state = StateFiles(read.given.files, folders)
    found = check_claims(family, before, new, state, terms.now)
    return found + (check_arrivals(family, before, new) if terms.pull_request else [])
