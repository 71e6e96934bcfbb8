"""Reads all that the page of a fleet shows: the states of status, the records of audit, waivers."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from lockstep.check.audit import read_ledger
from lockstep.check.fleet_status import fleet_status
from lockstep.check.followed import Shown
from lockstep.check.served import judged_families
from lockstep.check.workspace import SOURCES
from lockstep.edges.git import Git
from lockstep.edges.resources import shipped_tree
from lockstep.model.fleet import Family, Tree
from lockstep.model.fleet_page import EndingWaiver, FamilyLedger, FleetPage
from lockstep.policy.waivers import FOLDER, Waiver, read_waivers
from lockstep.rollout.entries import entries_of, newest_first
from lockstep.rollout.timeline import spans_of, timeline_of
from lockstep.spec.schema.load import FOLDER as SCHEMAS
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import Documents

_SOON = timedelta(days=30)
"""How long before its end a waiver is shown."""


def read_fleet_page(git: Git, shown: Shown, now: datetime, days: int) -> FleetPage:
    """What the page shows of the whole fleet; ``days`` is how far back it goes.

    What is wrong with the files or the records of one family hides no other one. Raises
    NothingToCheck for a tree without clusters.
    """
    # Once for all three parts. A link in one family's ledger must not hide the others.
    tree, documents = shown.read(git, SOURCES, links=True), Documents()
    status = fleet_status(git, shown, now, tree=tree, documents=documents)
    ledger = read_ledger(tree, None, None, documents)
    families = judged_families(git, ledger, shown.commit)
    ledgers = {(each.environment, each.name): _ledger(each, now) for each in families}
    waivers = tuple(_ending(tree, now))
    return FleetPage(status, now, ledgers, waivers, days)


def _ledger(family: Family, now: datetime) -> FamilyLedger:
    timeline = timeline_of(family, now)
    entries = newest_first(entries_of(family, now))
    return FamilyLedger(
        family.environment, family.name, spans_of(timeline), tuple(entries), timeline.doubts
    )


def _ending(tree: Tree, now: datetime) -> Iterator[EndingWaiver]:
    """The waivers that count today and end soon, the first one to end first."""
    shipped = {path: data for path, data in shipped_tree().items() if path.startswith(SCHEMAS)}
    own = {path: data for path, data in tree.items() if path.startswith(FOLDER)}
    # A file with a mistake waives nothing, which check reports.
    waivers, _ = read_waivers(own, Schemas(shipped))
    today = now.date()
    soon = [each for each in waivers if today <= each.last_day <= (now + _SOON).date()]
    for each in sorted(soon, key=lambda one: (one.last_day, one.fields)):
        yield _waiver(each)


def _waiver(waiver: Waiver) -> EndingWaiver:
    place = waiver.related("")
    scope = "/".join(part or "*" for part in waiver.scope)
    return EndingWaiver(
        waiver.rule, scope.removesuffix("/*").removesuffix("/*"), waiver.owner, waiver.reason,
        waiver.ticket, waiver.last_day, place.file, place.line,
    )  # fmt: skip
