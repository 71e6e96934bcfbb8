"""Freezes that never come, or end before they begin: no schema can say that."""

from collections.abc import Iterator

from lockstep.model.clock import parse_time
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment
from lockstep.spec.freezes import cron_problem
from lockstep.spec.placing import Place
from lockstep.spec.structure.lists import entries
from lockstep.text.phrases import brief

_POINTER = ("spec", "freezes")


def check_freezes(environment: Environment) -> Iterator[Finding]:
    """Whether a calendar can follow each freeze of an environment, and families exist."""
    for index, freeze in enumerate(entries(environment.document.value, _POINTER)):
        if isinstance(freeze, dict):
            yield from _times(environment, index, freeze)
            yield from _families(environment, index, freeze)


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
