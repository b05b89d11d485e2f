"""How two shares differ: as a difference, a ratio, a ratio of odds, or on Cohen's scale. Each with an interval.

All take ``hits`` of ``n`` of either side, and compare the first with the second.
"""

from __future__ import annotations

import math

from castalia.core.errors import WrongInput
from castalia.kit.stats.distributions import normal_quantile
from castalia.kit.stats.intervals import wilson
from castalia.kit.stats.values import Interval, fraction


def risk_difference(hits: float, n: float, other_hits: float, other_n: float, level: float = 0.95) -> Interval:
    """The difference of two shares; Newcombe's (1998) interval from Wilson's of each, his method 10."""
    _check(hits, n, other_hits, other_n, level)
    here, there = wilson(hits, n, level), wilson(other_hits, other_n, level)
    gap = here.estimate - there.estimate
    down = math.hypot(here.estimate - here.low, there.high - there.estimate)
    up = math.hypot(here.high - here.estimate, there.estimate - there.low)
    return Interval(gap, gap - down, gap + up, level)


def risk_ratio(hits: float, n: float, other_hits: float, other_n: float, level: float = 0.95) -> Interval:
    """The ratio of two shares, with Katz's interval on the logarithm (1978).

    No hits on one side: the ratio is 0 or infinite. There, and where every row of a side hits, the interval is that
    of half a hit and half a miss more on each side. No hits on either side: NaN, from 0 to infinity.
    """
    _check(hits, n, other_hits, other_n, level)
    if not hits and not other_hits:
        return Interval(math.nan, 0.0, math.inf, level)
    ratio = (hits / n) / (other_hits / other_n) if other_hits else math.inf
    add = 0.0 if 0 < hits < n and 0 < other_hits < other_n else 0.5
    a, m, c, k = hits + add, n + 2 * add, other_hits + add, other_n + 2 * add
    return _on_the_log(ratio, math.log(a / m) - math.log(c / k), 1 / a - 1 / m + 1 / c - 1 / k, level)


def odds_ratio(hits: float, n: float, other_hits: float, other_n: float, level: float = 0.95) -> Interval:
    """The ratio of two odds, with Woolf's interval on the logarithm (1955).

    Where a count is 0 the ratio is 0 or infinite (NaN where both say nothing), and the interval is that of half a
    count more in each cell (Haldane and Anscombe).
    """
    _check(hits, n, other_hits, other_n, level)
    a, b, c, d = hits, n - hits, other_hits, other_n - other_hits
    if a * d == 0 and b * c == 0:
        ratio = math.nan
    else:
        ratio = a * d / (b * c) if b * c else math.inf
    if a * b * c * d == 0:
        a, b, c, d = a + 0.5, b + 0.5, c + 0.5, d + 0.5
    return _on_the_log(ratio, math.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d, level)


def cohen_h(hits: float, n: float, other_hits: float, other_n: float, level: float = 0.95) -> Interval:
    """Cohen's h: the difference of two shares after 2 arcsin sqrt, where chance is about as large everywhere."""
    _check(hits, n, other_hits, other_n, level)
    gap = 2 * math.asin(math.sqrt(hits / n)) - 2 * math.asin(math.sqrt(other_hits / other_n))
    half = normal_quantile((1 + level) / 2) * math.sqrt(1 / n + 1 / other_n)
    return Interval(gap, gap - half, gap + half, level)


def _on_the_log(ratio: float, middle: float, variance: float, level: float) -> Interval:
    half = normal_quantile((1 + level) / 2) * math.sqrt(max(0.0, variance))
    return Interval(ratio, math.exp(middle - half), math.exp(middle + half), level)


def _check(hits: float, n: float, other_hits: float, other_n: float, level: float) -> None:
    fraction(level, "level")
    for field, x, of in (("hits", hits, n), ("other_hits", other_hits, other_n)):
        if not 0 <= x <= of or not 0 < of < math.inf:
            raise WrongInput("not a count of hits", f"{x} of {of}", "0 <= hits <= n, n above 0", field=field)
