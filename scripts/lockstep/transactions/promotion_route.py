"""From which environment to which one a promotion goes."""

from collections.abc import Sequence

from lockstep.model.errors import UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Fleet
from lockstep.model.promotion import Obstacle
from lockstep.model.result import NothingToDo
from lockstep.rollout.promotion import Route, promotable, routes, serves_everywhere
from lockstep.spec.selection import choose_families
from lockstep.text.phrases import alternatives, listed
from lockstep.text.sanitise import quoted
from lockstep.transactions.run import Run


def routes_to(heads: Fleet, to: str | None) -> list[Route]:
    """The routes of all families, or those to one environment.

    Raises UsageError where there is no such environment, or it has no predecessor.
    """
    choose_families(heads, None, to)
    found = [each for each in routes(heads) if to in (None, each.target.environment)]
    if not found:
        which = f"{quoted(to, 80)} has" if to else "no environment has"
        raise UsageError(
            f"{which} {'no' if to else 'a'} predecessor with a family of its own",
            fix="name the environment that versions pass first in spec.predecessor of "
            f"clusters/{to or 'ENVIRONMENT'}/environment.yaml",
        )
    return found


def choose_route(run: Run, family: str, to: str | None, *, named: bool) -> Route | NothingToDo:
    """The route of a family: to the environment that is named, or to the one where it is due.

    ``named`` says that a version is named, which may be one that serves nowhere any more. Raises
    UsageError where there is no such route, or several are due.
    """
    heads = run.snapshot.heads
    name, to = _asked_for(family, to)
    choose_families(heads, name, to)
    found = [each for each in routes(heads, name) if to in (None, each.target.environment)]
    if not found:
        which = f"{quoted(to, 80)} has no" if to else "no environment has a"
        raise UsageError(
            f"{which} predecessor with the family {name}",
            fix=f"lockstep propose {family} VERSION makes a version a candidate without one",
        )
    every = named or len(found) == 1
    due = [each for each in found if every or _is_due(run, each)]
    if len(due) == 1:
        return due[0]
    if not due:
        places = listed([each.target.environment for each in found])
        text = f"nothing is due in {places}: what their predecessors have verified serves there"
        commands = tuple(f"lockstep promote {each.title}" for each in found)
        return NothingToDo(name, text, ExitCode.CLEAN, commands)
    raise UsageError(
        f"{name} can be promoted to several environments: {_targets(due)}",
        fix=f"choose one with --to: {alternatives([each.target.environment for each in due])}",
    )


def _asked_for(family: str, to: str | None) -> tuple[str, str | None]:
    """The name of the family, and the environment that it or ``to`` names.

    Raises UsageError where they name two.
    """
    place, _, name = family.rpartition("/")
    if place and to is not None and place != to:
        raise UsageError(
            f"{quoted(family, 100)} is not in the environment {quoted(to, 80)}",
            fix=f"leave out --to, or write the family as {name}",
        )
    return name, to or place or None


def _is_due(run: Run, route: Route) -> bool:
    """Whether the predecessor has a version to give that does not serve in the target yet."""
    source = run.state(route.source_title)
    verified = promotable(source.fleet, source.family)
    target = run.state(route.title).family
    return not isinstance(verified, Obstacle) and not serves_everywhere(target, verified.digest)


def _targets(found: Sequence[Route]) -> str:
    return ", ".join(
        f"{each.target.environment} (from {each.source.environment})" for each in found
    )
