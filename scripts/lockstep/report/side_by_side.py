"""Families over their environments: in full, or a line for each family where there are many."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from lockstep.model.side_by_side import EnvironmentStatus, ObstacleKind, ObstacleStatus, SideBySide
from lockstep.model.status import RolloutState
from lockstep.model.times import format_duration, parse_time
from lockstep.report.block import Line, Style, format_block
from lockstep.report.counting import count
from lockstep.text.phrases import listed
from lockstep.text.sanitise import shorten

_LONGEST = 300

_IN_BRIEF = {
    ObstacleKind.PREDECESSOR: "nothing to promote", ObstacleKind.QUARANTINE: "in quarantine",
    ObstacleKind.OLDER: "older", ObstacleKind.STATE: "not steady",
    ObstacleKind.PROPOSAL: "proposed", ObstacleKind.BAKE: "bakes", ObstacleKind.FREEZE: "frozen",
}  # fmt: skip
"""What comes first, where a family has one line: the whole of it is shown in full."""

_MOVING = (RolloutState.PROPOSED, RolloutState.ROLLING, RolloutState.HELD, RolloutState.SHIFTED)

Row = tuple[str, Line]


def format_side_by_side(
    shown: Sequence[SideBySide], now: datetime, *, in_full: bool, width: int, colour: bool
) -> list[str]:
    """Blocks of text without a final line break, of families that are in several environments.

    ``in_full`` gives a block for each family, otherwise one block has a line for each.
    """
    if not shown:
        return []
    if in_full:
        return [
            format_block(_head(each), list(_rows(each, now)), width=width, colour=colour)
            for each in shown
        ]
    head = [("in several environments  ", Style.BOLD), ("lockstep status FAMILY shows each",
            Style.DIM)]  # fmt: skip
    rows = [(each.family, list(_brief(each))) for each in shown]
    return [format_block(head, rows, width=width, colour=colour)]


def _head(family: SideBySide) -> Line:
    names = [each.environment for each in family.environments]
    return [(f"{family.family}  ", Style.BOLD), (f"in {listed(names)}", Style.PLAIN)]


def _rows(family: SideBySide, now: datetime) -> Iterator[Row]:
    for each in family.environments:
        for index, line in enumerate(_lines(each, family.family, now)):
            yield "" if index else each.environment, line


def _lines(at: EnvironmentStatus, family: str, now: datetime) -> Iterator[Line]:
    yield [*_verified(at, now), *_moving(at)]
    if at.behind is not None and at.predecessor is not None:
        yield from _behind(at, now)
    yield from _due(at, family, now)
    yield from describe_later_quarantine(at)


def describe_later_quarantine(at: EnvironmentStatus) -> Iterator[Line]:
    """A line for each version of an environment that may not serve in a later one."""
    for later in at.quarantined_later:
        text = f"version {later.version} is quarantined in {later.environment}"
        since = f" since {later.since}" if later.since else ""
        yield [(shorten(f"{text}{since}: {later.reason}", _LONGEST), Style.WARNING)]


def _verified(at: EnvironmentStatus, now: datetime) -> Line:
    if at.verified is None:
        return [("no verified version", Style.WARNING)]
    since = f"{at.verified.since} ({_ago(at.verified.since, now)})"
    return [(f"version {at.verified.version}, verified since {since}", Style.PLAIN)]


def _moving(at: EnvironmentStatus) -> Line:
    """What else is to be known of the state: a rollout, or what is wrong."""
    if at.state is RolloutState.STEADY:
        return []
    about = f"version {at.rollout} " if at.rollout and at.state in _MOVING else ""
    style = Style.RUNNING if at.state in _MOVING else Style.BAD
    return [("; ", Style.PLAIN), (f"{about}{at.state.value.upper()}", style)]


def _behind(at: EnvironmentStatus, now: datetime) -> Iterator[Line]:
    behind = at.behind
    if behind is None or at.verified is None:
        return
    mine = f"version {at.verified.version}"
    if behind.versions == 0:
        yield [(f"the same as in {at.predecessor}", Style.GOOD)]
    elif behind.versions is not None and behind.since is not None:
        number, since = count(behind.versions, "version"), behind.since
        text = f"{number} behind {at.predecessor} since {since} ({_ago(since, now)})"
        yield [(text, Style.PLAIN)]
    elif behind.rolled_back_at is not None:
        when = f"{behind.rolled_back_at} ({_ago(behind.rolled_back_at, now)})"
        yield [(f"{at.predecessor} has rolled {mine} back at {when}", Style.BAD)]
    else:
        yield [(f"{at.predecessor} has never verified {mine}", Style.WARNING)]


def _due(at: EnvironmentStatus, family: str, now: datetime) -> Iterator[Line]:
    """What comes next, or each thing that keeps it from coming."""
    version = f"version {at.due.version}" if at.due else "nothing"
    what = f"{version} of {at.predecessor}"
    if at.due and not at.is_blocked:
        command = f"lockstep promote {at.environment}/{family}"
        yield [(f"{what} can be promoted: {command}", Style.GOOD)]
    for each in at.obstacles:
        text = _obstacle(each, at, now)
        if each.kind is not ObstacleKind.POLICY:
            text = f"{what} {'waits' if at.due else 'is promoted'}{text}"
        patient = each.kind in (ObstacleKind.POLICY, ObstacleKind.BAKE)
        yield [(shorten(text, _LONGEST), Style.PLAIN if patient else Style.WARNING)]


def _obstacle(each: ObstacleStatus, at: EnvironmentStatus, now: datetime) -> str:
    colon = "" if each.kind is ObstacleKind.POLICY else ": "
    if each.until is None:
        return f"{colon}{each.reason}"
    until = f"until {each.until} (in {format_duration(parse_time(each.until) - now)})"
    if each.kind is ObstacleKind.BAKE:
        return f" for its bake in {at.predecessor}, {until}"
    return f"{colon}{each.reason}, {until}"


def _brief(family: SideBySide) -> Iterator[tuple[str, Style]]:
    """``dev 5, staging 4 (1 behind: its bake, until …), prod 3``."""
    for index, each in enumerate(family.environments):
        text = f"{each.environment} {each.verified.version if each.verified else '-'}"
        yield (", " if index else "") + text, Style.PLAIN
        if notes := list(_notes(each)):
            yield f" ({'; '.join(notes)})", _style(each)


def _notes(at: EnvironmentStatus) -> Iterator[str]:
    if at.state is not RolloutState.STEADY:
        about = f"{at.rollout} " if at.rollout and at.state in _MOVING else ""
        yield f"{about}{at.state.value}"
    behind = at.behind
    if behind is not None and behind.versions:
        yield f"{behind.versions} behind{_why(at)}"
    elif behind is not None and behind.rolled_back_at:
        yield f"rolled back in {at.predecessor}"
    for later in at.quarantined_later:
        yield f"{later.version} quarantined in {later.environment}"


def _why(at: EnvironmentStatus) -> str:
    blocking = (each for each in at.obstacles if each.kind is not ObstacleKind.POLICY)
    first = next(blocking, None)
    if first is None:
        return ": due" if at.due else ""
    return f": {_IN_BRIEF[first.kind]}" + (f" until {first.until}" if first.until else "")


def _style(at: EnvironmentStatus) -> Style:
    return Style.WARNING if at.is_blocked or at.quarantined_later else Style.RUNNING


def _ago(time: str, now: datetime) -> str:
    then = parse_time(time)
    return f"{format_duration(abs(now - then))} {'ago' if then <= now else 'ahead'}"
