"""Intervals and paired tests, with NumPy alone.

Everything here takes plain arrays and returns plain numbers. P-values are two-sided. What is random takes a seed.
SciPy is the oracle of the tests and is not imported here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and the interval around it, at ``level`` (0.95: 95 % of such intervals cover the truth)."""

    estimate: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True)
class Test:
    """A statistic and its two-sided p-value under "there is no difference"; ``n`` values took part."""

    __test__ = False  # for pytest: this is no class of tests

    statistic: float
    p: float
    n: int
    method: str


def paired_t(a: ArrayLike, b: ArrayLike) -> Test:
    """Student's paired t-test of ``mean(a - b) = 0``, for differences that are about normal.

    Differences that are all equal and not 0 give an infinite statistic and p = 0; all 0 give p = 1.
    WrongInput for fewer than 2 pairs, or values that are not finite.
    """
    d = _differences(a, b, least=2)
    spread, mean = float(d.std(ddof=1)), float(d.mean())
    if spread <= 1e-15 * abs(mean) or spread == 0.0:
        return Test(math.copysign(math.inf, mean) if mean else 0.0, 0.0 if mean else 1.0, d.size, "paired t")
    t = mean / (spread / math.sqrt(d.size))
    df = d.size - 1
    return Test(t, betainc(df / 2, 0.5, df / (df + t * t)), d.size, "paired t")


def mean_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Student's interval of ``mean(a - b)`` of pairs; it has 0 outside exactly where ``paired_t`` has p < 1 - level.

    WrongInput for fewer than 2 pairs, or values that are not finite.
    """
    d = _differences(a, b, least=2)
    _fraction(level, "level")
    mean = float(d.mean())
    half = t_quantile((1 + level) / 2, d.size - 1) * float(d.std(ddof=1)) / math.sqrt(d.size)
    return Interval(mean, mean - half, mean + half, level)


def sign_flip(a: ArrayLike, b: ArrayLike, draws: int = 20_000, seed: int = 0) -> Test:
    """Permutation test of the mean difference: under no difference each sign is a coin.

    No assumption but symmetry. Exact (every sign pattern) up to 14 pairs, else ``draws`` random patterns, where
    p is never below 1 / (draws + 1). The statistic is the mean difference.
    """
    d = _differences(a, b, least=1)
    seen = abs(float(d.mean()))
    slack = 1e-12 * max(float(np.abs(d).mean()), np.finfo(float).tiny)
    if d.size <= 14:
        signs = np.array(list(product((-1.0, 1.0), repeat=d.size)))
        p = float(np.mean(np.abs(signs @ d) / d.size >= seen - slack))
        return Test(float(d.mean()), p, d.size, "sign flip, exact")
    rng = np.random.default_rng(seed)
    hits = 0
    for start in range(0, draws, 1000):
        signs = rng.choice((-1.0, 1.0), size=(min(1000, draws - start), d.size))
        hits += int(np.sum(np.abs(signs @ d) / d.size >= seen - slack))
    return Test(float(d.mean()), (hits + 1) / (draws + 1), d.size, f"sign flip, {draws} draws")


def wilcoxon(a: ArrayLike, b: ArrayLike) -> Test:
    """Wilcoxon's signed-rank test of paired values; zero differences are left out, as Wilcoxon did.

    Exact up to 25 differences without ties, else the normal approximation with the correction for ties and
    without one for continuity. The statistic is the smaller of the two rank sums. All differences 0: p = 1.
    """
    d = _differences(a, b, least=1)
    d = d[d != 0]
    if d.size == 0:
        return Test(0.0, 1.0, 0, "Wilcoxon, no difference")
    ranks = average_ranks(np.abs(d))
    plus = float(ranks[d > 0].sum())
    n, total = d.size, d.size * (d.size + 1) / 2
    low = min(plus, total - plus)
    if n <= 25 and np.unique(np.abs(d)).size == n:
        ways = np.zeros(int(total) + 1)
        ways[0] = 1.0
        for rank in range(1, n + 1):  # ways[s]: how many subsets of the ranks sum to s
            ways[rank:] = ways[rank:] + ways[:-rank]
        p = min(1.0, 2.0 * float(ways[: int(low) + 1].sum()) / 2.0**n)
        return Test(low, p, n, "Wilcoxon, exact")
    _, counts = np.unique(np.abs(d), return_counts=True)
    variance = n * (n + 1) * (2 * n + 1) / 24 - float(np.sum(counts**3 - counts)) / 48
    return Test(low, 2 * normal_cdf((low - total / 2) / math.sqrt(variance)), n, "Wilcoxon, normal approximation")


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
    _fraction(level, "level")
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
    _fraction(level, "level")
    if n == 0:
        return Interval(0.5, 0.0, 1.0, level)
    z, share = normal_quantile((1 + level) / 2), hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return Interval(share, low, 1.0 if hits == n else min(1.0, middle + half), level)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: reject what is below alpha, at family-wise error alpha.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise WrongInput("not p-values", str(list(p_values))[:80], "numbers from 0 to 1", field="p_values")
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    adjusted = np.empty_like(p)
    adjusted[order] = stepped
    return [float(each) for each in adjusted]


def average_ranks(values: ArrayLike) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks."""
    x = np.asarray(values, dtype=np.float64)
    _, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[where], dtype=np.float64)


def t_quantile(p: float, df: float) -> float:
    """The t with P(T <= t) = p for Student's distribution with ``df`` degrees of freedom, to about 1e-10.

    WrongInput outside of (0, 1).
    """
    if not 0 < p < 1:
        raise WrongInput("no quantile there", str(p), "a number between 0 and 1", field="p")
    if p < 0.5:
        return -t_quantile(1 - p, df)
    tail, low, high = 2 * (1 - p), 0.0, 1.0  # x = df / (df + t²) falls from 1 to 0 as t grows
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if betainc(df / 2, 0.5, middle) < tail else (low, middle)
    return math.sqrt(df * (1 - high) / high)


def normal_cdf(z: float) -> float:
    """P(Z <= z) of the standard normal."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def normal_quantile(p: float) -> float:
    """The z with P(Z <= z) = p, to about 1e-15: Acklam's start, two Halley steps.

    WrongInput outside of (0, 1).
    """
    if not 0 < p < 1:
        raise WrongInput("no quantile there", str(p), "a number between 0 and 1", field="p")
    if p > 0.5:
        return -normal_quantile(1 - p)
    if p < 0.02425:
        q = math.sqrt(-2 * math.log(p))
        z = _ratio(q, _TAIL_UP, (*_TAIL_DOWN, 1.0))
    else:
        q = p - 0.5
        r = q * q
        z = q * _ratio(r, _MIDDLE_UP, (*_MIDDLE_DOWN, 1.0))
    for _ in range(2):
        step = (normal_cdf(z) - p) * math.sqrt(2 * math.pi) * math.exp(z * z / 2)
        z -= step / (1 + z * step / 2)
    return z


# Peter Acklam's rational approximation (2003), relative error 1.15e-9; highest power first.
_MIDDLE_UP = (-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716,
              2.506628277459239)  # fmt: skip
_MIDDLE_DOWN = (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572)
_TAIL_UP = (-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
            2.938163982698783)  # fmt: skip
_TAIL_DOWN = (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416)


def _ratio(x: float, up: Sequence[float], down: Sequence[float]) -> float:
    above = below = 0.0
    for each in up:
        above = above * x + each
    for each in down:
        below = below * x + each
    return above / below


def betainc(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (Numerical Recipes 6.4)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - betainc(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny, c = 1e-300, 1.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1) or tiny)
    value = d
    for m in range(1, 1000):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / ((1.0 + factor * d) or tiny)
            c = (1.0 + factor / c) or tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * value / a


def _differences(a: ArrayLike, b: ArrayLike, least: int) -> Floats:
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise WrongInput("pairs do not fit", f"shapes {x.shape} and {y.shape}", "two lists of one length")
    if x.size < least:
        raise WrongInput("too few pairs", str(x.size), f"{least} or more")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise WrongInput("a pair is not finite", "NaN or infinity", "finite numbers", "Leave such a pair out of both.")
    return x - y


def _fraction(value: float, field: str) -> None:
    if not 0 < value < 1:
        raise WrongInput(f"{field} does not fit", str(value), "a number between 0 and 1", field=field)
