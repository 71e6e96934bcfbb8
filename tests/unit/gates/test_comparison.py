"""The mean of a family's evidence: at every block edge in order, whenever somebody looks."""

import math
import random

import pytest

from lockstep.gates.comparison import Comparison, FamilyEvidence, FamilyProcess, evidence_of
from lockstep.gates.pairs import Pair
from lockstep.model.blocks import Count

GATES = {"errors": Comparison(harm=3.0, margin=0.5), "fpr": Comparison(harm=1.17, margin=0.1)}
STARTS = [(-math.inf, 1.0)]
Blocks = dict[tuple[str, str], list[Pair]]


def blocks(ratio: float = 1.0, *, seed: int = 1, count: int = 40, shifted: bool = False) -> Blocks:
    """Of both gates in two regions; the errors of one are ``ratio`` times the stable version's.

    ``shifted``: the candidate gets more of a segment that has ten times the errors.
    """
    rng = random.Random(seed)
    found: Blocks = {}
    for gate, rate in (("errors", 0.01), ("fpr", 0.05)):
        for region in ("eu", "us"):
            harm = ratio if (gate, region) == ("errors", "eu") else 1.0
            made = found.setdefault((gate, region), [])
            for n in range(count):
                for segment, level, part in (("", 1.0, 0.1), ("vip", 10.0, 0.5)):
                    if segment and not shifted:
                        continue
                    mine = round(2000 * part)
                    bad = [sum(rng.random() < min(1, rate * level * r) for _ in range(total))
                           for r, total in ((harm, mine), (1.0, 2000 - mine))]  # fmt: skip
                    made.append(Pair(300.0 * n, 300.0 * (n + 1), Count(bad[0], mine),
                                     Count(bad[1], 2000 - mine), segment))  # fmt: skip
    return found


def evidence(found: Blocks, denominator: int = 4) -> FamilyEvidence:
    return evidence_of(GATES, found, STARTS, denominator)


def test_a_harmless_candidate_passes_every_gate_and_fails_nothing() -> None:
    found = evidence(blocks())
    assert found.crossing is None and found.mean < 10
    wide = {name: Comparison(gate.harm, 2.0) for name, gate in GATES.items()}
    shown = evidence_of(wide, blocks(), STARTS, 4)
    assert all(shown.passes(*key) for key in blocks(count=1))


def test_harm_of_one_gate_in_one_region_fails_the_family() -> None:
    found = evidence(blocks(4.0))
    assert found.crossing is not None and found.crossing.mean >= 100
    assert found.harm["errors", "eu"] > 400 > found.harm["errors", "us"]
    assert not found.passes("errors", "eu")


def test_the_first_crossing_counts_whenever_somebody_looks() -> None:
    whole = blocks(4.0)
    crossing = evidence(whole).crossing
    assert crossing is not None
    for edge in range(1, 41):
        known = {key: [p for p in pairs if p.end <= 300 * edge] for key, pairs in whole.items()}
        seen = evidence(known).crossing
        assert seen == (crossing if 300 * edge >= crossing.at else None)


def test_it_stays_failed_though_the_evidence_falls_again() -> None:
    family = FamilyProcess({"errors": GATES["errors"]}, STARTS, 1)
    for n in range(40):
        family.add(n + 1.0, {("errors", "eu"): [Pair(n, n + 1, Count(9, 500), Count(1, 500))]})
    failed = family.evidence().crossing
    assert failed is not None
    for n in range(40, 400):
        family.add(n + 1.0, {("errors", "eu"): [Pair(n, n + 1, Count(0, 500), Count(9, 500))]})
    assert family.evidence().mean < 1 and family.evidence().crossing == failed


def test_the_order_of_blocks_does_not_matter() -> None:
    found = blocks(4.0)
    turned = {key: found[key][::-1] for key in reversed(found)}
    assert evidence(turned).crossing == evidence(found).crossing
    assert evidence(turned).mean == pytest.approx(evidence(found).mean)


def test_comparisons_without_data_count_in_the_mean() -> None:
    few, many = evidence(blocks(4.0), 4), evidence(blocks(4.0), 400)
    assert few.crossing is not None
    assert many.mean == pytest.approx((few.mean * 4 + 396) / 400, rel=1e-6)


def test_a_shift_of_the_mix_is_no_harm_where_segments_are_kept_apart() -> None:
    """Half of the bad segment goes to the candidate, and a tenth of the good one."""
    apart = blocks(shifted=True)
    assert evidence(apart).crossing is None
    pooled: Blocks = {}
    for key, pairs in apart.items():
        ends = sorted({p.end for p in pairs})
        for end in ends:
            both = [p for p in pairs if p.end == end]
            mine, theirs = [p.candidate for p in both], [p.baseline for p in both]
            pooled.setdefault(key, []).append(
                Pair(end - 300, end, Count(sum(c.bad for c in mine), sum(c.total for c in mine)),
                     Count(sum(c.bad for c in theirs), sum(c.total for c in theirs)))
            )  # fmt: skip
    assert evidence(pooled).crossing is not None, "or this test shows nothing"


def test_there_is_no_evidence_before_the_dispersion_is_known() -> None:
    found = evidence(blocks(4.0, count=3))
    assert found.factors["errors"] is None and found.mean == 1
