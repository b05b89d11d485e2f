"""Tests of pairs: two systems on the same folds, seeds, rows."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.stats.counts import binomial
from castalia.kit.stats.distributions import betainc, normal_cdf, normal_quantile
from castalia.kit.stats.values import Floats, Interval, Test, average_ranks, differences, fraction, sample


def paired_t(a: ArrayLike, b: ArrayLike) -> Test:
    """Student's paired t-test of ``mean(a - b) = 0``, for differences that are about normal.

    Differences that are all equal and not 0 give an infinite statistic and p = 0; all 0 give p = 1.
    WrongInput for fewer than 2 pairs, or values that are not finite.
    """
    d = differences(a, b, least=2)
    spread, mean = float(d.std(ddof=1)), float(d.mean())
    if spread <= 1e-15 * abs(mean) or spread == 0.0:
        return Test(math.copysign(math.inf, mean) if mean else 0.0, 0.0 if mean else 1.0, d.size, "paired t")
    t = mean / (spread / math.sqrt(d.size))
    df = d.size - 1
    return Test(t, betainc(df / 2, 0.5, df / (df + t * t)), d.size, "paired t")


def sign_flip(a: ArrayLike, b: ArrayLike, draws: int = 20_000, seed: int = 0) -> Test:
    """Permutation test of the mean difference: under no difference each sign is a coin.

    No assumption but symmetry. Exact (every sign pattern) up to 14 pairs, else ``draws`` random patterns, where
    p is never below 1 / (draws + 1). The statistic is the mean difference.
    """
    d = differences(a, b, least=1)
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
    d = differences(a, b, least=1)
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


def mcnemar(a: ArrayLike, b: ArrayLike) -> Test:
    """McNemar's exact test of two systems that were right (1) or wrong (0) on the same rows.

    Only rows on which they differ count; the statistic is how many of them a had right. No such row: p = 1.
    """
    x, y = sample(a, "a"), sample(b, "b")
    if len(x) != len(y) or not np.isin(np.concatenate([x, y]), (0, 1)).all():
        got, expected = f"{len(x)} and {len(y)} values", "0 or 1 for each row, of both"
        cure = "Compare answers with the truth first."
        raise WrongInput("no rights and wrongs of the same rows", got, expected, cure, field="a")
    only_a, only_b = int(np.sum(x > y)), int(np.sum(y > x))
    p = binomial(only_a, only_a + only_b).p if only_a + only_b else 1.0
    return Test(float(only_a), p, only_a + only_b, "McNemar, exact")


def delong(y: ArrayLike, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> tuple[Test, Interval]:
    """DeLong, DeLong & Clarke-Pearson's (1988) test of two ROC AUCs of the same rows, and the interval of a - b.

    ``y`` is 0 or 1, ``a`` and ``b`` are scores. The statistic is z; scores in the same order give p = 1 and a point.
    Where the rows have no spread otherwise, as of AUCs of 0 and 1, each AUC is taken to be off by as much as Wilson's
    bound of k hits of k, k rows being in the smaller class. WrongInput for fewer than 2 rows of either class.
    """
    truth = sample(y, "y")
    fraction(level, "level")
    if not np.isin(truth, (0, 1)).all() or min(np.sum(truth == 0), np.sum(truth == 1)) < 2:
        raise WrongInput("y does not fit", "one class, or other values than 0 and 1", "two rows or more of 0 and of 1",
                         "An AUC compares rows of one class with rows of the other.", field="y")  # fmt: skip
    parts, orders = [], []
    for field, scores in (("a", a), ("b", b)):
        score = sample(scores, field)
        if len(score) != len(truth):
            raise WrongInput("lengths differ", f"{len(score)} in {field}", str(len(truth)), field=field)
        orders.append(average_ranks(score))
        parts.append(placements(score[truth == 1], score[truth == 0]))
    gap = parts[0][0].mean() - parts[1][0].mean()
    above, below = parts[0][0] - parts[1][0], parts[0][1] - parts[1][1]
    error = math.sqrt(float(above.var(ddof=1)) / above.size + float(below.var(ddof=1)) / below.size)
    k, gap, quantile = min(above.size, below.size), float(gap), normal_quantile((1 + level) / 2)
    if error >= 1e-15:
        z, half = gap / error, quantile * error
    elif np.array_equal(orders[0], orders[1]):
        z, half = 0.0, 0.0
    else:
        z = math.copysign(math.sqrt(k * abs(gap) / (2 - abs(gap))), gap)
        half = 2 * quantile**2 / (k + quantile**2)
    test = Test(z, 2 * normal_cdf(-abs(z)), len(truth), "DeLong")
    return test, Interval(gap, max(-1.0, gap - half), min(1.0, gap + half), level)


def placements(above: Floats, below: Floats) -> tuple[Floats, Floats]:
    """For each of ``above`` the share of ``below`` that is less, for each of ``below`` the share of ``above`` that is
    more; equal ones count half. The mean of either is the AUC."""

    def under(x: Floats, of: Floats) -> Floats:
        ordered = np.sort(of)
        both = np.searchsorted(ordered, x, "left") + np.searchsorted(ordered, x, "right")
        return np.asarray(both / (2 * of.size), dtype=np.float64)

    return under(above, below), 1 - under(below, above)
