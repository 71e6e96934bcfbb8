"""Freezes: when nothing of an environment, or of some of its families, moves forward.

A freeze happens once (``from`` and ``until``) or repeatedly: a cron expression says when it
begins, in UTC, and ``lasts`` how long it is. Freezes never block rollbacks.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment
from lockstep.model.times import format_time, later, parse_duration, parse_time
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import entries
from lockstep.text.phrases import brief, known_names

_POINTER = ("spec", "freezes")


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
        return {**shown, "until": format_time(ends[-1])} if ends else None
    except (KeyError, TypeError, ValueError, AttributeError):
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
    began = _began(freeze["cron"], moment)
    lasts = parse_duration(freeze["lasts"])
    if began and moment < later(began, lasts):
        yield later(began, lasts)


def _began(expression: str, moment: datetime) -> datetime | None:
    """The last time at or before the moment at which the expression came due."""
    if cron_problem(expression):
        return None
    from cronsim import CronSim

    # CronSim gives only times before its start, and a freeze may begin in this very minute.
    after = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return next(CronSim(expression, later(after, timedelta(minutes=1)), reverse=True), None)


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
