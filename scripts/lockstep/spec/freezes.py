"""Freezes: when nothing of an environment, or of some of its families, moves forward.

A freeze comes once (``from`` and ``until``) or again and again: a cron expression says when it
begins, in UTC, and ``lasts`` how long it is.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lockstep.model.clock import format_time, later, parse_duration, parse_time
from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import entries
from lockstep.text.phrases import brief

_POINTER = ("spec", "freezes")


def freezes_in_force(environment: Environment, family: str | None, moment: datetime) -> list[Json]:
    """The freezes that hold at ``moment`` (aware), each with ``name``, ``reason`` and ``until``.

    ``family`` None takes the freezes of all families. What is malformed is for the schema to
    report and holds nobody up here.
    """
    freezes = value_at(environment.document.value, _POINTER)
    listed = freezes if isinstance(freezes, list) else []
    return [held for freeze in listed if (held := _held(freeze, family, moment))]


def check_freezes(environment: Environment) -> Iterator[Finding]:
    """Whether a calendar can follow each freeze of an environment, and families exist."""
    for index, freeze in enumerate(entries(environment.document.value, _POINTER)):
        if isinstance(freeze, dict):
            yield from _times(environment, index, freeze)
            yield from _families(environment, index, freeze)


def cron_problem(expression: str) -> str:
    """Why no calendar could follow a cron expression; empty where it can be followed."""
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return str(error)
    except StopIteration:
        return "it never comes"
    return ""


def _held(freeze: Json, family: str | None, moment: datetime) -> Json:
    """What a freeze that holds says of itself; None where it does not hold, or is malformed."""
    try:
        ends = list(_ends(freeze, moment)) if _concerns(freeze, family) else []
        told = {"name": freeze["name"], "reason": freeze["reason"]}
        return {**told, "until": format_time(ends[-1])} if ends else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _concerns(freeze: Json, family: str | None) -> bool:
    named = value_at(freeze, ("families",))
    return family is None or not named or family in named


def _ends(freeze: Json, moment: datetime) -> Iterator[datetime]:
    """When the freeze ends, if it holds at the moment: once, or by the latest that began."""
    if "from" in freeze and parse_time(freeze["from"]) <= moment < parse_time(freeze["until"]):
        yield parse_time(freeze["until"])
    if "cron" not in freeze:
        return
    began = _began(freeze["cron"], moment)
    lasts = parse_duration(freeze["lasts"])
    if began and moment < later(began, lasts):
        yield later(began, lasts)


def _began(expression: str, moment: datetime) -> datetime | None:
    """The last time at or before the moment that the expression names."""
    if cron_problem(expression):
        return None
    from cronsim import CronSim

    after = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return next(CronSim(expression, later(after, timedelta(minutes=1)), reverse=True), None)


def _times(environment: Environment, index: int, freeze: Json) -> Iterator[Finding]:
    expression = freeze.get("cron")
    problem = cron_problem(expression) if isinstance(expression, str) else ""
    if problem:
        yield Place(environment.document, (*_POINTER, index, "cron")).finding(
            "structure.cron",
            f"spec.freezes[{index}].cron is {brief(expression)}, which no calendar has: {problem}",
            "write minute, hour, day of month, month and day of week, such as 0 16 * * FRI",
        )
    try:
        backwards = parse_time(freeze["until"]) <= parse_time(freeze["from"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return
    if backwards:
        yield Place(environment.document, (*_POINTER, index, "until")).finding(
            "structure.freeze-ends-first",
            f"the freeze ends at {freeze['until']} and begins at {freeze['from']}",
            "let it end after it begins",
        )


def _families(environment: Environment, index: int, freeze: Json) -> Iterator[Finding]:
    for place, name in enumerate(entries(freeze, ("families",))):
        if isinstance(name, str) and name not in environment.families:
            yield Place(environment.document, (*_POINTER, index, "families", place)).finding(
                "structure.unknown-family",
                f"the freeze names the family {brief(name)}, which is not in this environment",
                "name a family of the environment, or take the name out",
            )
