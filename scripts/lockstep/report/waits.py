"""What a family waits for, in words: one line for each thing, in the order in which they end."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from lockstep.model.status import FamilyStatus, RolloutState, WaitFor, WaitKind
from lockstep.model.times import format_duration, parse_time
from lockstep.report.block import Line, Style
from lockstep.report.counting import count
from lockstep.text.phrases import listed
from lockstep.text.sanitise import shorten

_LONGEST = 300


def describe_waits(family: FamilyStatus, now: datetime) -> Iterator[Line]:
    """What ends one after the other until the family moves; the first line is what is next."""
    for index, each in enumerate(family.waits_for):
        then = "then " if index else ""
        yield [(shorten(then + _describe(each, family, now), _LONGEST), _style(each))]
    if is_overdue(family, now) and family.rollout:
        yield [(f"overdue since {family.rollout.overdue_at}: notify the owner", Style.BAD)]


def is_overdue(family: FamilyStatus, now: datetime) -> bool:
    """Whether a step that has baked waits for longer than the family's patience."""
    at = family.rollout
    waits = family.state is RolloutState.ROLLING and at is not None and at.overdue_at is not None
    return waits and at is not None and now >= parse_time(at.overdue_at or "")


def _style(wait: WaitFor) -> Style:
    if wait.kind is WaitKind.SETTLE:
        return Style.BAD
    by_people = (WaitKind.RESUME, WaitKind.APPROVAL, WaitKind.ADOPTION, WaitKind.FREEZE)
    return Style.WARNING if wait.kind in by_people else Style.PLAIN


def _describe(wait: WaitFor, family: FamilyStatus, now: datetime) -> str:
    names = listed(wait.names)
    match wait.kind:
        case WaitKind.SETTLE:
            return _settle(wait, family)
        case WaitKind.ADOPTION:
            return f"its first record: lockstep adopt {family.title} --reason '...'"
        case WaitKind.RESUME:
            return f"people: lockstep resume {family.title} --reason '...' (held: {wait.reason})"
        case WaitKind.LIVE:
            where = _where(wait, family)
            return f"Argo CD to have it live in {where}; lockstep advance --dry-run asks"
        case WaitKind.BAKE if wait.until:
            return f"the bake, until {_until(wait.until, now)}"
        case WaitKind.BAKE:
            bake = format_duration(timedelta(seconds=wait.seconds or 0))
            return f"the bake, {bake} from when it is live"
        case WaitKind.FREEZE:
            return f"the end of the freeze {names}, {_until(wait.until or '', now)}"
        case WaitKind.GATES:
            gates = f"the gate {names}" if len(wait.names) == 1 else f"the gates {names}"
            return f"{gates} to pass in {_where(wait, family)}"
        case WaitKind.APPROVAL:
            people = count(wait.count or 1, "approval")
            how = f"lockstep advance {family.title} --dry-run says how"
            return f"{people} for the role {wait.role} (gate {names}); {how}"
        case WaitKind.DECISION:
            return "the next run of lockstep advance"


def _settle(wait: WaitFor, family: FamilyStatus) -> str:
    """What people have to do: it depends on what is wrong."""
    because = "--reason '...'"
    revert, adopt = (f"lockstep {verb} {family.title} {because}" for verb in ("revert", "adopt"))
    if wait.reason:
        return f"people: {wait.reason}; undo that, or roll back: {revert}"
    match family.state:
        case RolloutState.BROKEN if _in_rollout(family):
            return f"people: restore the record from git; {revert} works meanwhile"
        case RolloutState.BROKEN:
            return f"people: restore the record from git, or {adopt}; {revert} works meanwhile"
        case RolloutState.DIVERGED if _in_rollout(family):
            return f"people: {revert} restores what is recorded; or undo the edit"
        case RolloutState.DIVERGED:
            return f"people: {revert} restores what is recorded; {adopt} records what the files say"
        case _:
            return "people: correct the file by a pull request"


def _in_rollout(family: FamilyStatus) -> bool:
    """Whether some cluster has another role than a stable version: that is not adopted."""
    variants = (each for region in family.regions for each in region.variants)
    return any(each.name != "stable" for each in variants if not each.experiment)


def _until(time: str, now: datetime) -> str:
    return f"{time} (in {format_duration(parse_time(time) - now)})" if time else ""


def _where(wait: WaitFor, family: FamilyStatus) -> str:
    """The regions in which it is asked; only how many where there are many."""
    regions = {each.cluster: each.region or each.cluster for each in family.regions}
    places = list(dict.fromkeys(regions.get(cluster, cluster) for cluster in wait.clusters))
    return listed(places) if len(places) <= 3 else count(len(wait.clusters), "cluster")
