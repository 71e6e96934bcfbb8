"""Verdicts on the comparisons of a family: they share one mean of evidence.

Pure, so that the records of a rollout alone give the verdicts again.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import astuple, replace

from lockstep.gates.block_bounds import Judgement, why_wait
from lockstep.gates.comparison import Comparison, FamilyEvidence, evidence_of
from lockstep.gates.eprocess import ALPHA, ENOUGH_TO_PASS, METHOD, fresh_starts
from lockstep.gates.measurements import InvalidGate, number
from lockstep.gates.pairs import Pair, pairs_of
from lockstep.gates.verdicts import COMPARE, has_bounds
from lockstep.model.blocks import Block, closed_blocks
from lockstep.model.document import Json
from lockstep.model.evidence import ComparisonResult, Evidence, Verdict, worst
from lockstep.model.times import format_time, parse_time

_MARGINS = ((5, 10.0), (25, 2.5), (100, 1.0))
"""Up to which weight (percent) a step can show how many times the gate's margin."""

_OF_HARM = 0.6
_LARGEST_MARGIN = 0.5
"""The margin of a gate that gives none: this part of what its harm is above 1, at most so much."""

_MOST_EVIDENCE = 1e12
"""More is recorded as this much: JSON has no infinity."""

_TOLERANCE = 1e-4
"""Relative: the logarithms of two machines differ in their last digits."""

Key = tuple[str, str]
"""The names of a gate and of a cluster."""


@dataclass(frozen=True, slots=True)
class ComparisonsSoFar:
    """What a rollout knows of its comparisons without the open step's own blocks.

    ``settings`` are the gates' ``compare`` by gate, and ``clusters`` the clusters that each is
    asked of: both as they were when the version was proposed, and never changed since. ``blocks``
    are those of the steps before, from the records. ``began`` are the times at which steps began
    (seconds), of ``steps`` planned ones; ``weight`` is the candidate's in the open step (percent).
    """

    settings: Mapping[str, Json] = field(default_factory=dict)
    clusters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    blocks: Mapping[Key, Sequence[Block]] = field(default_factory=dict)
    began: Sequence[float] = ()
    steps: int = 1
    weight: int = 100

    @property
    def denominator(self) -> int:
        """All comparisons of the rollout: each gate in each of its clusters."""
        return sum(map(len, self.clusters.values()))

    def holds(self, key: Key) -> bool:
        """Whether a gate was a comparison in a cluster from the proposal on."""
        gate, cluster = key
        return gate in self.settings and cluster in self.clusters.get(gate, ())


def judge_comparisons(evidence: Sequence[Evidence], so_far: ComparisonsSoFar) -> list[Evidence]:
    """The evidence of a family, asked at one time, with the verdicts of its comparisons.

    Takes evidence in which each gate was judged alone, and changes nothing of those that compare
    nothing. What cannot be computed with is an ``error``.
    """
    if not any(map(_compares, evidence)):
        return list(evidence)
    try:
        found = _Comparisons(evidence, so_far)
    except (InvalidGate, TypeError, ValueError) as error:
        why = f"the comparisons cannot be computed: {error}"
        return [
            replace(each, verdict=Verdict.ERROR, reason=why) if _compares(each) else each
            for each in evidence
        ]
    return [found.judge(each) if _compares(each) else each for each in evidence]


def margin_factor(weight: int) -> float:
    """How many times the gate's margin a step can show in which the candidate has that weight.

    ``weight`` in percent: with little traffic only a great harm can be excluded.
    """
    return next((times for most, times in _MARGINS if weight <= most), 1.0)


def same_numbers(one: ComparisonResult | None, other: ComparisonResult | None) -> bool:
    """Whether two results are equal, but for what the arithmetic of two machines may differ in."""
    if one is None or other is None:
        return one is other
    return all(
        math.isclose(mine, theirs, rel_tol=_TOLERANCE)
        if isinstance(mine, float) and isinstance(theirs, float)
        else mine == theirs
        for mine, theirs in zip(astuple(one), astuple(other), strict=True)
    )


def _compares(item: Evidence) -> bool:
    return COMPARE in item.gate and not item.answer.failure


def _key(item: Evidence) -> Key:
    return str(item.gate.get("name", "")), item.cluster


class _Comparisons:
    """All comparisons of a family, from the blocks of the steps before and of this evidence."""

    def __init__(self, evidence: Sequence[Evidence], so_far: ComparisonsSoFar) -> None:
        self._so_far = so_far
        self._gates = {
            name: _comparison(settings, so_far.weight) for name, settings in so_far.settings.items()
        }
        mine = [each for each in evidence if _compares(each) and so_far.holds(_key(each))]
        self._found = self._compute(mine)
        # The family fails, and people need a gate to look at.
        self._worst = max(mine, key=lambda each: self._harm(_key(each)), default=None)

    def _compute(self, mine: Sequence[Evidence]) -> FamilyEvidence:
        pairs = {key: list(pairs_of(blocks)) for key, blocks in self._so_far.blocks.items()}
        # As far as all sources have answered: one that is late must not change an earlier edge.
        edge = min(map(_last_edge, mine), default=-math.inf)
        for each in mine:
            before = pairs.setdefault(_key(each), [])
            before += _after(before, (p for p in pairs_of(each.answer.blocks) if p.end <= edge))
        return evidence_of(self._gates, pairs, _starts(self._so_far), self._so_far.denominator)

    def _harm(self, key: Key) -> float:
        return self._found.harm.get(key, 1.0)

    def judge(self, item: Evidence) -> Evidence:
        """The evidence with the verdict of its comparison, and of its bounds if it has any."""
        if not self._so_far.holds(_key(item)):
            why = "it was no comparison when the version was proposed: it is one from the next on"
            return replace(item, verdict=Verdict.ERROR, reason=why)
        result = self._result(_key(item))
        judgements = [self._judge(item, result)]
        if has_bounds(item.gate):
            judgements.append((item.verdict, item.reason))
        verdict = worst(found for found, _ in judgements)
        # Both wait for the same blocks: a reason that they share is given once.
        shared = dict.fromkeys(reason for found, reason in judgements if found is verdict)
        reason = "; ".join(shared)
        return replace(item, verdict=verdict, reason=reason, comparison=result)

    def _judge(self, item: Evidence, result: ComparisonResult) -> Judgement:
        counts = _counts(item.answer.blocks)
        crossing = self._found.crossing
        if crossing and (item is self._worst or self._harm(_key(item)) >= crossing.mean):
            return Verdict.FAIL, (
                f"{counts}; at {_text(crossing.at)} the family's evidence of harm was "
                f"{_shown(crossing.mean)}, and {1 / ALPHA:g} is enough (here {_shown(result.harm)})"
            )
        if waiting := why_wait(item.answer.blocks):
            return Verdict.INCONCLUSIVE, waiting
        shown = f"{counts}; evidence that it is at most {result.margin:.0%} more: "
        shown += f"{result.no_harm:.3g}"
        if self._found.passes(*_key(item)):
            return Verdict.PASS, shown
        return Verdict.INCONCLUSIVE, f"{shown}, {ENOUGH_TO_PASS:g} needed"

    def _result(self, key: Key) -> ComparisonResult:
        found, crossing = self._found, self._found.crossing
        factor = found.factors.get(key[0])
        return ComparisonResult(
            method=METHOD,
            harm=_rounded(self._harm(key)),
            no_harm=_rounded(found.no_harm.get(key, 1.0)),
            margin=_rounded(self._gates[key[0]].margin),
            dispersion=None if factor is None else _rounded(factor),
            family_mean=_rounded(found.mean),
            denominator=self._so_far.denominator,
            failed_at=_text(crossing.at) if crossing else None,
        )


def _comparison(settings: Json, weight: int) -> Comparison:
    """A gate's comparison as a step of that weight can make it.

    Raises InvalidGate or ValueError for settings that are not valid.
    """
    if not isinstance(settings, dict):
        raise InvalidGate("compare is not a mapping")
    harm = number(settings, "harm")
    margin = number(settings, "margin", min(_LARGEST_MARGIN, _OF_HARM * (harm - 1)))
    return Comparison(harm, margin * margin_factor(weight), number(settings, "tolerated", 1.0))


def _starts(so_far: ComparisonsSoFar) -> list[tuple[float, float]]:
    """When processes start, for each planned step; those to come have not begun."""
    to_come = [math.inf] * so_far.steps
    later = [*so_far.began[1:], *to_come][: max(0, so_far.steps - 1)]
    return fresh_starts(-math.inf, later)


def _last_edge(item: Evidence) -> float:
    spans = closed_blocks(item.gate, parse_time(item.since), parse_time(item.asked_at))
    return spans[-1].end.timestamp() if spans else -math.inf


def _after(before: Sequence[Pair], found: Iterable[Pair]) -> list[Pair]:
    """Those that begin when the earlier ones have ended: no block counts twice."""
    end = max((pair.end for pair in before), default=-math.inf)
    return [pair for pair in found if pair.start >= end]


def _counts(blocks: Sequence[Block]) -> str:
    """``214 of 6480 bad (3.302 %), of the stable version's 9103 2.811 %``, over a step's blocks."""
    both = [(b.candidate, b.baseline) for b in blocks if b.candidate and b.baseline]
    bad, total = sum(c.bad for c, _ in both), sum(c.total for c, _ in both)
    stable_bad, stable_total = sum(s.bad for _, s in both), sum(s.total for _, s in both)
    if not total or not stable_total:
        return "no requests of both versions in this step"
    return (
        f"{bad} of {total} requests bad ({bad / total:.3%}), of the stable version's "
        f"{stable_total} {stable_bad / stable_total:.3%}"
    )


def _text(seconds: float) -> str:
    return format_time(datetime.fromtimestamp(seconds, UTC))


def _shown(evidence: float) -> str:
    return f"over {_MOST_EVIDENCE:.0e}" if evidence >= _MOST_EVIDENCE else f"{evidence:.4g}"


def _rounded(value: float) -> float:
    return float(f"{min(value, _MOST_EVIDENCE):.6g}")
