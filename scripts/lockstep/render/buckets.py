"""Sticky assignment: which of the buckets 0-99 belongs to which version, as regular expressions.

Weights alone are not sticky: a proxy draws anew for each request. A user who carries a bucket in
a header stays with one version, and as a candidate's weight grows it keeps its users.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

# One bucket for each percent of weight.
BUCKETS = 100
_DECADE = 10


class Share(NamedTuple):
    """A variant's name and version, its percentage, and whether it is an experiment's arm.

    ``learns`` says that the arm keeps learning from its own answers.
    """

    name: str
    version: str
    weight: int
    arm: bool = False
    learns: bool = False


def assign_buckets(shares: Iterable[Share]) -> dict[str, list[int]]:
    """The buckets of each version that has any, ascending; the order of the shares is irrelevant.

    Arms come first, by name: a rollout next to them does not move their users. The candidate
    gets the top ones downwards, so that a growing weight only adds users to it. Weights that
    go beyond 100 get what is left.
    """
    buckets: dict[str, list[int]] = {}
    start = 0
    for share in sorted(shares, key=_place):
        end = min(BUCKETS, start + max(0, share.weight))
        if end > start:
            buckets.setdefault(share.version, []).extend(range(start, end))
        start = end
    return buckets


def learners(shares: Iterable[Share]) -> dict[str, tuple[str, ...]]:
    """The versions that only learning arms serve, with the names of those arms."""
    serving = [share for share in shares if share.weight > 0]
    shared = {share.version for share in serving if not share.learns}
    alone: dict[str, tuple[str, ...]] = {}
    for share in sorted(serving):
        if share.version not in shared:
            alone[share.version] = (*alone.get(share.version, ()), share.name)
    return alone


def fallback_weights(shares: Collection[Share]) -> dict[str, int]:
    """The percentage of each version among the requests that carry no bucket.

    A version of ``learners`` gets none: it must learn from its own users only. What it leaves
    goes to the stable version as a whole, because a candidate may not get more than its step and
    an arm not more than its ceiling, as they would in proportion. Where the stable version serves
    nothing, it goes to the largest weight; of equal ones to the version that is first in order.
    """
    # By length first, so that version 9 is before version 10.
    weights: dict[str, int] = {}
    for share in sorted(shares, key=lambda share: (len(share.version), share.version)):
        weights[share.version] = weights.get(share.version, 0) + share.weight
    alone = learners(shares)
    left = sum(weights.pop(version) for version in alone)
    serving = [version for version, weight in weights.items() if weight > 0]
    if alone and serving:
        stable = [s.version for s in shares if s.name == "stable" and s.version in serving]
        receiver = stable[0] if stable else max(serving, key=weights.__getitem__)
        weights[receiver] += left
    return {version: weights[version] for version in serving}


def bucket_pattern(buckets: Collection[int]) -> str:
    """A regular expression that matches these buckets, written as 0 to 99, and nothing else.

    RE2 syntax; anchored, so that it means the same where a part of the header would do.
    """
    # Decades with the same last digits share one alternative: whole decades are [1-8][0-9]. A
    # proxy runs this expression on every request, so it should be short.
    decades: dict[str, list[int]] = {}
    for decade in range(BUCKETS // _DECADE):
        units = [unit for unit in range(_DECADE) if decade * _DECADE + unit in buckets]
        if units:
            decades.setdefault(_digits(units), []).append(decade)
    parts = []
    for units_class, tens in decades.items():
        if tens[0] == 0:
            parts.append(units_class)
        if higher := [ten for ten in tens if ten]:
            parts.append(_digits(higher) + units_class)
    return f"^(?:{'|'.join(parts)})$"


def _place(share: Share) -> tuple[int, str, str]:
    """The rank of a share: stable next to the arms, so that only the candidate moves users."""
    rank = 0 if share.arm else {"stable": 1, "previous": 2, "candidate": 3}.get(share.name, 0)
    return rank, share.name, share.version


def _digits(digits: Sequence[int]) -> str:
    """A character class for ascending digits, runs of three and more as ranges."""
    if len(digits) == 1:
        return str(digits[0])
    runs: list[list[int]] = []
    for digit in digits:
        if runs and digit == runs[-1][-1] + 1:
            runs[-1].append(digit)
        else:
            runs.append([digit])
    inside = (f"{r[0]}-{r[-1]}" if len(r) > 2 else "".join(map(str, r)) for r in runs)
    return f"[{''.join(inside)}]"
