"""Verdicts on how a version has served in the environment that it is promoted from: pure."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from lockstep.gates.block_bounds import Judgement
from lockstep.gates.measurements import InvalidGate, number
from lockstep.model.document import Json
from lockstep.model.evidence import ServedBefore, Verdict, worst
from lockstep.model.times import (
    format_duration,
    format_time,
    later,
    parse_duration,
    parse_time,
)


def judge_served(gate: Mapping[str, Json], served: ServedBefore | None, now: datetime) -> Judgement:
    """What a ledger's answer means for a gate, asked at ``now``.

    Reads the gate's ``served``, ``requests`` and ``verdicts``. A version that was rolled back
    fails. What is not enough yet is inconclusive; a gate that names none of the three, or has a
    setting or an answer that cannot be read, is an error.
    """
    if served is None:
        return Verdict.ERROR, "the answer does not say how the version has served"
    if served.rolled_back:
        return Verdict.FAIL, f"in {served.environment} it {served.rolled_back}"
    asked = [judge for name, judge in _JUDGES.items() if name in gate]
    if not asked:
        return Verdict.ERROR, f"the gate has none of {', '.join(_JUDGES)}"
    try:
        found = [judge(gate, served, now) for judge in asked]
    except InvalidGate as error:
        return Verdict.ERROR, str(error)
    except (TypeError, ValueError) as error:  # a record may hold anything
        return Verdict.ERROR, f"the answer is not valid: {error}"
    verdict = worst(each for each, _ in found)
    return verdict, "; ".join(reason for each, reason in found if each is verdict)


def _for_long(gate: Mapping[str, Json], served: ServedBefore, now: datetime) -> Judgement:
    needed = _duration(gate["served"])
    since = parse_time(served.since)
    until = parse_time(served.until) if served.until else None
    ends = later(since, needed)
    place = f"{served.environment} since {served.since}"
    if until is None and now >= ends:
        return Verdict.PASS, f"verified in {place}, for {format_duration(now - since)}"
    if until is not None and until >= ends:
        return Verdict.PASS, f"it served in {place}, until {served.until}"
    if until is not None:
        text = f"it served in {place}, and only until {served.until}: {gate['served']} are needed"
        return Verdict.INCONCLUSIVE, text
    text = f"verified in {place}, and has to serve there until {format_time(ends)}"
    return Verdict.INCONCLUSIVE, text


def _enough(gate: Mapping[str, Json], served: ServedBefore, now: datetime) -> Judgement:
    needed, found = number(gate, "requests"), served.requests
    text = f"the gates of its rollout counted {found} requests in {served.environment}"
    if found >= needed:
        return Verdict.PASS, text
    return Verdict.INCONCLUSIVE, f"{text}, {needed:.0f} are needed"


def _all_passed(gate: Mapping[str, Json], served: ServedBefore, now: datetime) -> Judgement:
    if gate["verdicts"] != Verdict.PASS:
        raise InvalidGate(f"verdicts is {gate['verdicts']!r}; it must be pass")
    others = {name: count for name, count in served.verdicts.items() if name != Verdict.PASS}
    if others:
        listed = ", ".join(f"{count} {name}" for name, count in sorted(others.items()))
        failed = Verdict.FAIL in others
        return Verdict.FAIL if failed else Verdict.INCONCLUSIVE, f"of its verification: {listed}"
    passed = served.verdicts.get(Verdict.PASS, 0)
    if not passed:
        text = f"no gate was asked about it in {served.environment}: {served.record} adopts it"
        return Verdict.INCONCLUSIVE, text
    return Verdict.PASS, f"of its verification: {passed} pass"


_JUDGES: Mapping[str, Callable[[Mapping[str, Json], ServedBefore, datetime], Judgement]] = {
    "served": _for_long,
    "requests": _enough,
    "verdicts": _all_passed,
}
"""How each field of a gate is judged, in the order in which reasons name them."""


def _duration(text: Json) -> timedelta:
    try:
        return parse_duration(text)
    except (TypeError, ValueError) as error:
        raise InvalidGate(f"served {text!r} is not a duration") from error
