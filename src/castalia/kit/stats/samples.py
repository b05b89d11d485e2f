"""Tests of two samples that are not paired."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from castalia.kit.stats.distributions import normal_cdf, t_quantile, t_two_sided
from castalia.kit.stats.values import Floats, Interval, Test, average_ranks, fraction, sample


def welch_t(a: ArrayLike, b: ArrayLike) -> Test:
    """Welch's t-test of ``mean(a) = mean(b)``, whose spreads may differ. Two constants: p = 1 or 0.

    WrongInput for fewer than 2 values, or values that are not finite.
    """
    x, y = sample(a, "a", least=2), sample(b, "b", least=2)
    gap, error, df = _welch(x, y)
    n = x.size + y.size
    if error <= 1e-15 * max(abs(float(x.mean())), abs(float(y.mean()))):
        same = abs(gap) <= 1e-15 * max(abs(float(x.mean())), abs(float(y.mean())))
        return Test(0.0 if same else math.copysign(math.inf, gap), 1.0 if same else 0.0, n, "Welch t")
    return Test(gap / error, t_two_sided(gap / error, df), n, "Welch t")


def welch_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Welch's interval of ``mean(a) - mean(b)``; it has 0 outside exactly where ``welch_t`` has p < 1 - level."""
    x, y = sample(a, "a", least=2), sample(b, "b", least=2)
    fraction(level, "level")
    gap, error, df = _welch(x, y)
    half = t_quantile((1 + level) / 2, df) * error if error else 0.0
    return Interval(gap, gap - half, gap + half, level)


def mann_whitney(a: ArrayLike, b: ArrayLike) -> Test:
    """The Mann-Whitney U test; the statistic is U of a: pairs in which a is larger, ties counted half.

    Exact where there are no ties and neither sample has more than 20 values, else the normal approximation with the
    correction for ties and none for continuity.
    """
    x, y = sample(a, "a"), sample(b, "b")
    m, n = x.size, y.size
    pooled = np.concatenate([x, y])
    u = float(average_ranks(pooled)[:m].sum()) - m * (m + 1) / 2
    _, counts = np.unique(pooled, return_counts=True)
    if max(m, n) <= 20 and counts.max() == 1:
        ways = _u_ways(m, n)
        p = min(1.0, 2 * float(ways[: round(min(u, m * n - u)) + 1].sum()) / float(ways.sum()))
        return Test(u, p, m + n, "Mann-Whitney, exact")
    ties = float(np.sum(counts**3.0 - counts)) / ((m + n) * (m + n - 1))
    variance = m * n / 12 * (m + n + 1 - ties)
    if variance <= 0:
        return Test(u, 1.0, m + n, "Mann-Whitney, all equal")
    z = (u - m * n / 2) / math.sqrt(variance)
    return Test(u, 2 * normal_cdf(-abs(z)), m + n, "Mann-Whitney, normal approximation")


def permutation(a: ArrayLike, b: ArrayLike, draws: int = 20_000, seed: int = 0) -> Test:
    """Permutation test of the difference of means: under no difference any values could be those of a.

    Exact where there are at most 20,000 ways to choose them, else ``draws`` random ones, where p is never below
    1 / (draws + 1). The statistic is the difference of means.
    """
    x, y = sample(a, "a"), sample(b, "b")
    m, n = x.size, y.size
    pooled = np.concatenate([x, y])
    pooled = pooled - pooled.mean()
    gap, total = float(x.mean() - y.mean()), float(pooled.sum())
    slack = 1e-12 * max(float(np.abs(pooled).mean()), np.finfo(float).tiny)

    def gaps(sums: Floats) -> Floats:
        return np.abs(sums / m - (total - sums) / n)

    if math.comb(m + n, m) <= 20_000:
        sums = np.array([pooled[list(chosen)].sum() for chosen in combinations(range(m + n), m)])
        return Test(gap, float(np.mean(gaps(sums) >= abs(gap) - slack)), m + n, "permutation, exact")
    rng = np.random.default_rng(seed)
    sums = np.array([rng.permutation(pooled)[:m].sum() for _ in range(draws)])
    hits = int(np.sum(gaps(sums) >= abs(gap) - slack))
    return Test(gap, (hits + 1) / (draws + 1), m + n, f"permutation, {draws} draws")


def _welch(x: Floats, y: Floats) -> tuple[float, float, float]:
    """The difference of means, its standard error, and the degrees of freedom of Welch and Satterthwaite."""
    here, there = float(x.var(ddof=1)) / x.size, float(y.var(ddof=1)) / y.size
    both = here + there
    df = both**2 / (here**2 / (x.size - 1) + there**2 / (y.size - 1)) if both else 1.0
    return float(x.mean() - y.mean()), math.sqrt(both), df


def _u_ways(m: int, n: int) -> Floats:
    """How many orders of m and n different values have U = 0, 1, ..., mn (Mann & Whitney 1947)."""
    before = [np.ones(1)] * (n + 1)
    for i in range(1, m + 1):
        now = [np.ones(1)]
        for j in range(1, n + 1):  # the largest value is of the first sample, above j others, or of the second
            ways = np.zeros(i * j + 1)
            ways[j:] += before[j]
            ways[: len(now[-1])] += now[-1]
            now.append(ways)
        before = now
    return before[n]
