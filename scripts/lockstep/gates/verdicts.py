"""Verdicts on what a gate source answered: pure, so that a record alone gives the verdict again.

A verdict is ``pass`` only where a usable number is inside of every bound, and a condition holds.
No number, NaN, a stale one or too few samples are ``inconclusive``; a source that could not be
asked, or a gate whose settings are not valid, is ``error``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lockstep.gates.block_bounds import Judgement, counts_in_blocks, judge_block_bound
from lockstep.gates.intervals import Interval, difference, wilson
from lockstep.gates.measurements import InvalidGate, number, why_outdated, why_unusable
from lockstep.gates.served import judge_served
from lockstep.model.blocks import Block
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import (
    ARGOCD,
    LEDGER,
    Answer,
    Condition,
    Evidence,
    Measurement,
    Question,
    Verdict,
    worst,
)
from lockstep.model.times import parse_time

_VERSION = ("identity", "version")
_BOUNDS = ("min", "max", "maxDropVsStable", "maxRiseVsStable")

COMPARE = "compare"
"""The field of a gate that compares the candidate with the stable version, block by block."""


def has_bounds(gate: Mapping[str, Json]) -> bool:
    """Whether a gate has a bound, which is judged in each cluster alone."""
    return any(name in gate for name in _BOUNDS)


def judge_question(question: Question, answer: Answer) -> Evidence:
    """The evidence for one question: its answer, the verdict and the reason."""
    verdict, reason = judge(
        question.gate, answer, parse_time(question.since), parse_time(question.now)
    )
    return Evidence(
        gate=question.gate,
        cluster=question.cluster,
        candidate_version=str(value_at(question.candidate, _VERSION, "")),
        stable_version=str(value_at(question.stable, _VERSION, "")) if question.stable else None,
        since=question.since,
        asked_at=question.now,
        answer=answer,
        verdict=verdict,
        reason=reason,
    )


def judge_again(evidence: Evidence) -> Judgement:
    """The judgement that follows from recorded evidence alone; for a replay.

    A record whose gate or times cannot be read gives ``error``.
    """
    if not isinstance(evidence.gate, dict):
        return Verdict.ERROR, "the recorded gate is not a mapping"
    try:
        since, now = parse_time(evidence.since), parse_time(evidence.asked_at)
    except (TypeError, ValueError) as error:
        return Verdict.ERROR, f"a recorded time is not valid: {error}"
    return judge(evidence.gate, evidence.answer, since, now)


def judge(gate: Json, answer: Answer, since: datetime, now: datetime) -> Judgement:
    """What an answer means for a gate, for a step decided at ``since`` and asked about at ``now``.

    Reads the gate's ``min``, ``max``, ``maxDropVsStable``, ``maxRiseVsStable``, ``minSamples``,
    ``maxAge``, ``live`` and ``confidence``. With ``live`` only a measurement taken at or after
    ``since`` counts. With ``confidence`` the value is a proportion of ``samples``, and its
    interval is compared: fail where all of it is beyond the bound, pass where all of it is inside.
    Where the newest measurement cannot be used, the one before it can fail the gate, and cannot
    pass it. Of Argo CD's answer, the condition and the synced content count alone, and of a
    ledger's how the version has served.
    """
    if answer.failure:
        return Verdict.ERROR, f"could not be asked: {answer.failure}"
    if gate.get("source") == ARGOCD:
        return _judge_live(answer)
    if gate.get("source") == LEDGER:
        return judge_served(gate, answer.served, now)
    # A gate with a condition may do without bounds; any other needs one (see _judge_bounds).
    judgements: list[Judgement] = []
    if COMPARE in gate and not has_bounds(gate):
        # Never a pass from here: only the family's evidence together can give it.
        judgements.append((Verdict.INCONCLUSIVE, "it is compared with the whole family only"))
    try:
        if answer.condition:
            judgements.append(
                _judge_condition(answer.condition, answer.candidate, gate, since, now)
            )
        if not judgements or has_bounds(gate):
            judgements += _judge_bounds(gate, answer, since, now)
    except InvalidGate as error:
        return Verdict.ERROR, str(error)
    verdict = worst(found for found, _ in judgements)
    reasons = [reason for found, reason in judgements if found is verdict]
    # Each once: all bounds may wait for the same measurement.
    return verdict, "; ".join(dict.fromkeys(reasons + _ignored(answer)))


def _judge_live(answer: Answer) -> Judgement:
    """What Argo CD's answer means: it counts only for the content that git says has to serve.

    It never passes before the move has been synced; what it says of another content, good or bad,
    is about another state.
    """
    condition, live = answer.condition, answer.live
    if condition is None:
        return Verdict.ERROR, "the answer does not say whether the cluster is live"
    if condition.holds is None:
        return Verdict.INCONCLUSIVE, condition.reason
    if live is None or not live.is_wanted:
        return Verdict.INCONCLUSIVE, f"{condition.reason}; it is not about what git says now"
    if not condition.holds:
        return Verdict.FAIL, condition.reason
    try:
        parse_time(str(live.since))
    except ValueError:
        return Verdict.INCONCLUSIVE, f"{condition.reason}; since when it is live is not known"
    return Verdict.PASS, condition.reason


def _ignored(answer: Answer) -> list[str]:
    sides = {"candidate": answer.candidate, "stable": answer.stable}
    return [f"{who}: {side.ignored}" for who, side in sides.items() if side and side.ignored]


def _judge_condition(
    condition: Condition, measured: Measurement, gate: Json, since: datetime, now: datetime
) -> Judgement:
    if condition.holds is None:
        return Verdict.INCONCLUSIVE, condition.reason
    # An old fact, or one about too few, neither passes nor fails.
    if why := why_outdated("candidate", measured, gate, since, now):
        return Verdict.INCONCLUSIVE, f"{condition.reason}; {why}"
    return Verdict.PASS if condition.holds else Verdict.FAIL, condition.reason


def _judge_bounds(gate: Json, answer: Answer, since: datetime, now: datetime) -> list[Judgement]:
    """A verdict for each bound of the gate."""
    if counts_in_blocks(gate):
        return [_judge_blocks(name, gate, answer.blocks) for name in _BOUNDS if name in gate]
    candidate = _usable("candidate", answer.candidate, gate, since, now)
    stable = _usable("stable", answer.stable, gate, since, now) if answer.stable else None
    found = [_judge_bound(name, gate, candidate, stable) for name in _BOUNDS if name in gate]
    # The worst of no verdicts is inconclusive, but waiting gives this gate no bound.
    return found or [(Verdict.ERROR, f"the gate has none of the bounds {', '.join(_BOUNDS)}")]


def _judge_blocks(name: str, gate: Json, blocks: Sequence[Block]) -> Judgement:
    try:
        return judge_block_bound(name, gate, blocks)
    except (TypeError, ValueError) as error:  # a record may hold anything
        return Verdict.ERROR, f"the blocks are not valid: {error}"


@dataclass(frozen=True, slots=True)
class _Usable:
    """The newest measurement of one version that a gate can use; None where it can use none.

    ``newer`` says why a newer one cannot be used; empty where this is the newest.
    """

    measured: Measurement | None
    newer: str


def _usable(who: str, measured: Measurement, gate: Json, since: datetime, now: datetime) -> _Usable:
    why = why_unusable(who, measured, gate, since, now)
    if not why:
        return _Usable(measured, "")
    earlier = measured.earlier
    if earlier is None or why_unusable(who, earlier, gate, since, now):
        return _Usable(None, why)
    return _Usable(earlier, why)


def _judge_bound(name: str, gate: Json, candidate: _Usable, stable: _Usable | None) -> Judgement:
    bound = number(gate, name)
    if candidate.measured is None:
        return Verdict.INCONCLUSIVE, candidate.newer
    if name in ("min", "max"):
        found = _judge_value(name, bound, gate, candidate.measured)
        return _unless_newer(found, candidate)
    if stable is None:
        return Verdict.INCONCLUSIVE, "there is no stable version to compare with"
    if stable.measured is None:
        return Verdict.INCONCLUSIVE, stable.newer
    found = _judge_gap(name, bound, gate, candidate.measured, stable.measured)
    return _unless_newer(_unless_newer(found, stable), candidate)


def _unless_newer(found: Judgement, side: _Usable) -> Judgement:
    """The judgement on an earlier measurement: what came after it hides no failure.

    Nor does it pass: the newest is NaN, or of too few samples, and what it hides is not known.
    """
    verdict, reason = found
    if not side.newer:
        return found
    if verdict is not Verdict.FAIL or side.measured is None:
        return Verdict.INCONCLUSIVE, side.newer
    return verdict, f"{reason} (measured at {side.measured.time}; the newest: {side.newer})"


def _judge_value(name: str, bound: float, gate: Json, measured: Measurement) -> Judgement:
    value, samples = _value(measured), measured.samples
    count = f" over {samples} samples" if samples is not None else ""
    low, high = value, value
    if "confidence" in gate:
        low, high = _interval(gate, measured)
        count += f" ({_between(Interval(low, high), gate)})"
    relation = "at least" if name == "min" else "at most"
    # Not opposites: an interval around the bound is neither, so the verdict is inconclusive.
    inside, beyond = (low >= bound, high < bound) if name == "min" else (high <= bound, low > bound)
    return _verdict(inside, beyond), f"{value:.6g}{count}, must be {relation} {bound:g}"


def _judge_gap(
    name: str, bound: float, gate: Json, candidate: Measurement, stable: Measurement
) -> Judgement:
    """How far the candidate is below the stable version, or above it for ``maxRiseVsStable``."""
    drops = name == "maxDropVsStable"
    upper, lower = (stable, candidate) if drops else (candidate, stable)
    here, there = _value(candidate), _value(stable)
    # Exact for numbers as they are written.
    gap = Decimal(repr(_value(upper))) - Decimal(repr(_value(lower)))
    if "confidence" in gate:
        for measured in (candidate, stable):  # refuses values that are not proportions
            _interval(gate, measured)
        span = difference(
            _value(upper), upper.samples or 0, _value(lower), lower.samples or 0,
            float(gate["confidence"]),
        )  # fmt: skip
        inside, beyond = span.high <= bound, span.low > bound
        note = f" ({_between(span, gate)})"
    else:
        inside = gap <= Decimal(repr(bound))
        beyond, note = not inside, ""
    way = "below" if drops else "above"
    side = f"{abs(gap):.5g} {'below' if here < there else 'above'}" if gap else "the same as"
    return _verdict(inside, beyond), (
        f"{here:.6g} is {side} the stable version's {there:.6g}{note}, "
        f"must be at most {bound:g} {way}"
    )


def _verdict(inside: bool, beyond: bool) -> Verdict:
    if inside:
        return Verdict.PASS
    return Verdict.FAIL if beyond else Verdict.INCONCLUSIVE


def _interval(gate: Json, measured: Measurement) -> Interval:
    confidence = number(gate, "confidence")
    if not 0 < confidence < 1:
        raise InvalidGate(f"confidence {confidence:g} is not between 0 and 1")
    if not 0 <= _value(measured) <= 1:
        raise InvalidGate(
            f"confidence needs a proportion from 0 to 1, and the value is {measured.value:g}"
        )
    return wilson(_value(measured), measured.samples or 0, confidence)


def _between(span: Interval, gate: Json) -> str:
    return f"{span.low:.5f} to {span.high:.5f} at confidence {gate['confidence']:g}"


def _value(measured: Measurement) -> float:
    # Never None here: why_unusable has refused it.
    return float(measured.value or 0.0)
