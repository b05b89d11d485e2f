"""Intervals of means, shares, correlations and of whatever can be computed from rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.stats.distributions import normal_cdf, normal_quantile, t_quantile
from castalia.kit.stats.values import Floats, Interval, average_ranks, differences, fraction, sample


def mean_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Student's interval of ``mean(a - b)`` of pairs; it has 0 outside exactly where ``paired_t`` has p < 1 - level.

    WrongInput for fewer than 2 pairs, or values that are not finite.
    """
    d = differences(a, b, least=2)
    fraction(level, "level")
    mean = float(d.mean())
    half = t_quantile((1 + level) / 2, d.size - 1) * float(d.std(ddof=1)) / math.sqrt(d.size)
    return Interval(mean, mean - half, mean + half, level)


def bootstrap(
    values: ArrayLike,
    statistic: Callable[[Floats], float] = lambda x: float(np.mean(x)),
    level: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
    method: str = "bca",
) -> Interval:
    """A bootstrap interval of a statistic of independent values (rows, where ``values`` has two dimensions).

    ``method``: "bca", bias-corrected and accelerated (Efron 1987), or "percentile". Where all values give one
    statistic the interval is that point. Below about 10 values either is too narrow; from 1 value on it computes.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim == 0 or not len(x) or not np.isfinite(x).all():
        raise WrongInput("a bootstrap needs values", f"shape {x.shape}", "one finite value or more", field="values")
    fraction(level, "level")
    rng = np.random.default_rng(seed)
    estimate = float(statistic(x))
    drawn = np.sort([float(statistic(x[rng.integers(0, len(x), len(x))])) for _ in range(draws)])
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca" and len(x) > 1 and drawn[0] < drawn[-1]:
        ends = _bca_ends(x, statistic, estimate, drawn, ends)
    elif method not in ("bca", "percentile"):
        raise WrongInput("no such method", method, "bca or percentile", field="method")
    low, high = np.quantile(drawn, ends)
    return Interval(estimate, float(low), float(high), level)


def _bca_ends(x: Floats, statistic: Callable[[Floats], float], estimate: float, drawn: Floats, ends: Floats) -> Floats:
    """The two shares of the sorted draws between which a BCa interval lies."""
    share = (np.sum(drawn < estimate) + np.sum(drawn <= estimate)) / (2 * drawn.size)
    bias = normal_quantile(min(max(float(share), 1 / (2 * drawn.size)), 1 - 1 / (2 * drawn.size)))
    without = np.array([float(statistic(np.delete(x, i, axis=0))) for i in range(len(x))])
    off = without.mean() - without
    scale = float(np.sum(off**2)) ** 1.5
    acceleration = float(np.sum(off**3)) / (6 * scale) if scale else 0.0
    z = np.array([normal_quantile(float(end)) for end in ends])
    moved = bias + (bias + z) / (1 - acceleration * (bias + z))
    return np.array([normal_cdf(float(each)) for each in moved])


def wilson(hits: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion; with n = 0 it is all of [0, 1] around 0.5.

    >>> found = wilson(95, 100)
    >>> round(found.low, 4), round(found.high, 4)
    (0.8882, 0.9785)
    """
    if not 0 <= hits <= n:
        raise WrongInput("not a count of hits", f"{hits} of {n}", "0 <= hits <= n", field="hits")
    fraction(level, "level")
    if n == 0:
        return Interval(0.5, 0.0, 1.0, level)
    z, share = normal_quantile((1 + level) / 2), hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return Interval(share, low, 1.0 if hits == n else min(1.0, middle + half), level)


def correlation(
    a: ArrayLike, b: ArrayLike, method: Literal["pearson", "spearman"] = "pearson", level: float = 0.95
) -> Interval:
    """A correlation and its interval by Fisher's z; for Spearman's with the variance of Bonett & Wright (2000).

    WrongInput for fewer than 4 pairs, a constant column, or values that are not finite. At -1 and 1 only the order is
    believed: the interval is that of Spearman's halfway to the next order.
    """
    x, y = sample(a, "a", least=4), sample(b, "b", least=4)
    fraction(level, "level")
    if len(x) != len(y):
        raise WrongInput("lengths differ", f"{len(x)} and {len(y)}", "pairs", field="b")
    if method not in ("pearson", "spearman"):
        raise WrongInput("no such correlation", str(method), "pearson or spearman", field="method")
    if method == "spearman":
        x, y = average_ranks(x), average_ranks(y)
    x, y = x - x.mean(), y - y.mean()
    scale = math.sqrt(float(x @ x)) * math.sqrt(float(y @ y))
    if scale == 0:
        raise WrongInput("a constant has no correlation", "one value in a column", "values that vary", field="a")
    r = max(-1.0, min(1.0, float(x @ y) / scale))
    n, seen, ranked = len(x), r, method == "spearman"
    if abs(r) > 1 - 1e-15:
        r, seen, ranked = math.copysign(1.0, r), math.copysign(1 - 6 / (n * (n * n - 1)), r), True
    spread = math.sqrt((1 + (seen * seen / 2 if ranked else 0.0)) / (n - 3))
    half = normal_quantile((1 + level) / 2) * spread
    low, high = math.tanh(math.atanh(seen) - half), math.tanh(math.atanh(seen) + half)
    return Interval(r, min(low, r) if r > -1 else -1.0, max(high, r) if r < 1 else 1.0, level)
