"""Confidence intervals for proportions, as pure arithmetic.

Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference",
Journal of the American Statistical Association 22, 209-212. Newcombe, R. G. (1998), "Interval
estimation for the difference between independent proportions", Statistics in Medicine 17,
873-890, method 10.
"""

import math
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


def wilson(proportion: float, samples: int, confidence: float) -> Interval:
    """The two-sided Wilson score interval of ``proportion`` observed over ``samples`` trials.

    ``confidence`` is between 0 and 1, such as 0.99. Raises ValueError where an argument is
    outside of its range.
    """
    if not 0 <= proportion <= 1 or samples <= 0 or not 0 < confidence < 1:
        raise ValueError(f"no interval for {proportion} over {samples} at {confidence}")
    count = float(samples)  # the square of an integer may be too large for a float
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shrink = 1 + z * z / count
    centre = (proportion + z * z / (2 * count)) / shrink
    spread = proportion * (1 - proportion) / count + z * z / (4 * count * count)
    half = z / shrink * math.sqrt(spread)
    return Interval(
        0.0 if proportion == 0 else max(0.0, centre - half),
        1.0 if proportion == 1 else min(1.0, centre + half),
    )


def difference(
    first: float, first_samples: int, second: float, second_samples: int, confidence: float
) -> Interval:
    """Newcombe's interval of ``first - second``, two proportions observed independently.

    Raises ValueError as ``wilson`` does.
    """
    one = wilson(first, first_samples, confidence)
    two = wilson(second, second_samples, confidence)
    gap = first - second
    return Interval(
        gap - math.hypot(first - one.low, two.high - second),
        gap + math.hypot(one.high - first, second - two.low),
    )
