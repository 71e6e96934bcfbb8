"""Freezes: when nothing of an environment, or of some of its families, moves forward.

A freeze happens once (``from`` and ``until``) or repeatedly: a cron expression says when it
begins, by the clocks of ``timeZone`` (by default UTC), and ``lasts`` how long it is. Freezes never
block rollbacks.

Where clocks are put forward or back, a time of day can be skipped, or come twice. A freeze then
begins at both of the two moments that it can mean: one hour too much is frozen, and never one too
little.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment
from lockstep.model.times import format_time, later, parse_duration, parse_time
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import entries
from lockstep.text.phrases import brief, known_names

_POINTER = ("spec", "freezes")
_WIDEST_CHANGE = timedelta(hours=3)
"""By how much the clocks of a zone are changed at once, at most; two hours were the most so far."""


_UNKNOWN_ZONE = (
    "and no time zone has that name",
    "write a name of the IANA database, such as Europe/Berlin, or remove it for UTC",
)
_NO_ZONES = (
    "and this machine has no time zones, so it cannot say when the freeze begins",
    "install the time zones of the system (tzdata), or the Python package tzdata",
)


def freezes_in_force(environment: Environment, family: str | None, moment: datetime) -> list[Json]:
    """The freezes that hold at ``moment`` (aware), each with ``name``, ``reason`` and ``until``.

    With ``family`` None the freezes of all families count. A malformed freeze blocks nothing here:
    the schema reports it.
    """
    freezes = value_at(environment.document.value, _POINTER)
    listed = freezes if isinstance(freezes, list) else []
    return [held for freeze in listed if (held := _held(freeze, family, moment))]


def check_freezes(environment: Environment, families: Collection[str]) -> Iterator[Finding]:
    """Whether each freeze of an environment can happen, and names only ``families`` of it."""
    for index, freeze in enumerate(entries(environment.document.value, _POINTER)):
        if isinstance(freeze, dict):
            yield from _times(environment, index, freeze)
            yield from _zone(environment, index, freeze)
            yield from _families(environment, index, freeze, families)


def cron_problem(expression: str) -> str:
    """Why a cron expression is not valid or never comes due; empty where it is valid."""
    from cronsim import CronSim, CronSimError  # here, because few environments have a freeze

    try:
        # From a fixed time, so that the answer does not depend on the day of the check.
        next(CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return str(error)
    except StopIteration:
        return "it never comes due"
    return ""


def _held(freeze: Json, family: str | None, moment: datetime) -> Json:
    """A freeze that holds, with its end; None where it does not hold, or is malformed."""
    try:
        ends = list(_ends(freeze, moment)) if _concerns(freeze, family) else []
        shown = {"name": freeze["name"], "reason": freeze["reason"]}
        return {**shown, "until": format_time(max(ends))} if ends else None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        return None


def _concerns(freeze: Json, family: str | None) -> bool:
    named = value_at(freeze, ("families",))
    # A freeze that names no family is for all of them.
    return family is None or not named or family in named


def _ends(freeze: Json, moment: datetime) -> Iterator[datetime]:
    """When the freeze ends, if it holds at the moment; it may do so once and by its calendar."""
    if "from" in freeze and parse_time(freeze["from"]) <= moment < parse_time(freeze["until"]):
        yield parse_time(freeze["until"])
    if "cron" not in freeze:
        return
    began = _began(freeze["cron"], moment, zone_of(freeze))
    lasts = parse_duration(freeze["lasts"])
    if began and moment < later(began, lasts):
        yield later(began, lasts)


def _began(expression: str, moment: datetime, zone: tzinfo) -> datetime | None:
    """The last moment at or before this one at which the expression came due in the zone, in UTC.

    CronSim has a rule of its own for changes of clocks, under which a freeze that begins in a
    skipped or repeated hour would leave a hole. So it sees times of day only, labelled as UTC.
    """
    if cron_problem(expression):
        return None
    from cronsim import CronSim

    shown = moment.astimezone(zone).replace(second=0, microsecond=0, tzinfo=UTC, fold=0)
    # CronSim gives only times before its start. Where clocks change, those that follow another in
    # the day need not follow it in time, so that all near the change are looked at.
    near = timedelta(minutes=1) if zone is UTC else _WIDEST_CHANGE
    newest: datetime | None = None
    for due in CronSim(expression, later(shown, near), reverse=True):
        if newest is not None and due < shown - near:
            break
        for began in _meanings(due, zone):
            if began <= moment and (newest is None or began > newest):
                newest = began
    return newest


def _meanings(shown: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The moments, in UTC, that a time of day can mean: two where the clocks of the zone change."""
    for fold in (0, 1):
        yield shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def zone_of(freeze: Json) -> tzinfo:
    """The time zone of a freeze. Raises KeyError or ValueError where there is none of that name."""
    name = freeze.get("timeZone", "UTC")
    # Looked up in the database of the machine, or in the package tzdata where that is installed.
    return UTC if name == "UTC" else ZoneInfo(name)


def _zone(environment: Environment, index: int, freeze: Json) -> Iterator[Finding]:
    name = freeze.get("timeZone")
    if not isinstance(name, str) or "cron" not in freeze:
        return  # the schema reports it
    try:
        zone_of(freeze)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        says, fix = _UNKNOWN_ZONE if has_zones() else _NO_ZONES
        yield Place(environment.document, (*_POINTER, index, "timeZone")).finding(
            "structure.time-zone",
            f"spec.freezes[{index}].timeZone is {brief(name)}, {says}",
            fix,
        )


@cache
def has_zones() -> bool:
    """Whether this machine has a database of time zones: a small image may lack it."""
    try:
        ZoneInfo("Etc/UTC")
    except (ZoneInfoNotFoundError, OSError):
        return False
    return True


def _times(environment: Environment, index: int, freeze: Json) -> Iterator[Finding]:
    expression = freeze.get("cron")
    problem = cron_problem(expression) if isinstance(expression, str) else ""
    if problem:
        yield Place(environment.document, (*_POINTER, index, "cron")).finding(
            "structure.cron",
            f"spec.freezes[{index}].cron is {brief(expression)}, which is not valid: {problem}",
            "write minute, hour, day of month, month and day of week, such as 0 16 * * FRI",
        )
    try:
        backwards = parse_time(freeze["until"]) <= parse_time(freeze["from"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return
    if backwards:
        yield Place(environment.document, (*_POINTER, index, "until")).finding(
            "structure.freeze-ends-first",
            f"the freeze ends at {freeze['until']} but begins at {freeze['from']}",
            "set until to a time after from",
        )


def _families(
    environment: Environment, index: int, freeze: Json, families: Collection[str]
) -> Iterator[Finding]:
    for place, name in enumerate(entries(freeze, ("families",))):
        if isinstance(name, str) and name not in families:
            yield Place(environment.document, (*_POINTER, index, "families", place)).finding(
                "structure.unknown-family",
                f"the freeze names the family {brief(name)}, which is not in this environment",
                f"its families are {known_names(families)}; name one of them, or remove the name"
                if families
                else "remove the name",
            )
