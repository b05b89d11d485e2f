"""How large a difference is: standardised means, orders, and variance explained, each with an interval.

Intervals of standardised means are exact for normal data: the shifts of the noncentral t distribution at which the
statistic that was seen lies at either end (Steiger & Fouladi 1997). A difference without any spread is infinite, and
so is its interval; no difference and no spread is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.stats.counts import chi_square_of, contingency
from castalia.kit.stats.distributions import (
    noncentral_chi2_cdf,
    noncentral_f_cdf,
    noncentral_t_cdf,
    normal_quantile,
    shift_between,
)
from castalia.kit.stats.paired import placements
from castalia.kit.stats.values import Interval, average_ranks, differences, fraction, sample


def cohen_d(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Cohen's d: the difference of means in pooled standard deviations (n - 1). Needs 2 values of each."""
    x, y = sample(a, "a", least=2), sample(b, "b", least=2)
    df = x.size + y.size - 2
    pooled = math.sqrt((float(x.var(ddof=1)) * (x.size - 1) + float(y.var(ddof=1)) * (y.size - 1)) / df)
    return _standardised(float(x.mean() - y.mean()), pooled, math.sqrt(x.size * y.size / (x.size + y.size)), df, level)


def cohen_d_paired(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """d_z: the mean of paired differences in their own standard deviations. It is t / sqrt(n)."""
    d = differences(a, b, least=2)
    return _standardised(float(d.mean()), float(d.std(ddof=1)), math.sqrt(d.size), d.size - 1, level)


def hedges_g(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Hedges' g: d without its bias in small samples, by the exact factor (Hedges 1981)."""
    d = cohen_d(a, b, level)
    df = np.size(a) + np.size(b) - 2
    factor = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2) if df > 1 else 0.0
    low, estimate, high = (factor * each if factor else math.nan for each in (d.low, d.estimate, d.high))
    return Interval(estimate, low, high, level)


def glass_delta(a: ArrayLike, control: ArrayLike, level: float = 0.95) -> Interval:
    """Glass's delta: the difference in standard deviations of ``control``; the interval takes spreads to be equal."""
    x, y = sample(a, "a", least=1), sample(control, "control", least=2)
    scale = math.sqrt(x.size * y.size / (x.size + y.size))
    return _standardised(float(x.mean() - y.mean()), float(y.std(ddof=1)), scale, y.size - 1, level)


def cliff_delta(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Cliff's delta: how much likelier a value of a is above one of b than below; 2 AUC - 1, and the rank-biserial
    correlation of two samples. The interval is Cliff's (1996), with Feng & Cliff's (2004) at -1 and 1."""
    x, y = sample(a, "a", least=2), sample(b, "b", least=2)
    fraction(level, "level")
    z, m, n = normal_quantile((1 + level) / 2), x.size, y.size
    above, below = (2 * part - 1 for part in placements(x, y))
    delta = float(above.mean())
    if abs(delta) > 1 - 1e-15:
        return _at_the_end(delta, min(m, n), level)
    ordered = np.sort(y)
    ties = int((np.searchsorted(ordered, x, "right") - np.searchsorted(ordered, x, "left")).sum())
    pairs = (m * n - ties) - m * n * delta**2
    rows, columns = float(((above - delta) ** 2).sum()), float(((below - delta) ** 2).sum())
    variance = (m * m * columns + n * n * rows - pairs) / (m * n * (m - 1) * (n - 1))
    variance = max(variance, (1 - delta**2) / (m * n - 1))
    half = z * math.sqrt(variance) * math.sqrt((1 - delta**2) ** 2 + z * z * variance)
    base = 1 - delta**2 + z * z * variance
    return Interval(delta, (delta - delta**3 - half) / base, (delta - delta**3 + half) / base, level)


def rank_biserial(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """The matched-pairs rank-biserial correlation (Kerby 2014): what Wilcoxon's signed ranks say for a, less what they
    say for b, as a share. Zero differences are left out; none left is 0, of which nothing is known. The interval is by
    Fisher's z with the spread of the signed ranks, at -1 and 1 as ``cliff_delta``'s, which is the same figure for two
    samples that are not paired."""
    d = differences(a, b, least=1)
    fraction(level, "level")
    d = d[d != 0]
    if not d.size:
        return Interval(0.0, -1.0, 1.0, level)
    ranks, n = average_ranks(np.abs(d)), d.size
    r = float((np.sign(d) * ranks).sum() / ranks.sum())
    if abs(r) > 1 - 1e-15:
        return _at_the_end(r, n, level)
    half = normal_quantile((1 + level) / 2) * math.sqrt(n * (n + 1) * (2 * n + 1) / 6) / (n * (n + 1) / 2)
    return Interval(r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half), level)


def _at_the_end(delta: float, n: int, level: float) -> Interval:
    """Of a delta of -1 or 1 from ``n`` values (Feng & Cliff 2004): Wilson's bound of n hits of n, on this scale."""
    z = normal_quantile((1 + level) / 2)
    end = (n - z * z) / (n + z * z)
    return Interval(delta, end, 1.0, level) if delta > 0 else Interval(delta, -1.0, -end, level)


def cramers_v(table: ArrayLike, level: float = 0.95) -> Interval:
    """Cramer's V of a table of counts, from 0 to 1, uncorrected; the interval is by the noncentral chi-square."""
    counts = contingency(table)
    fraction(level, "level")
    statistic, df = chi_square_of(counts)
    if not df:
        raise WrongInput("the table has one row or column", f"shape {counts.shape}", "two of each that have counts",
                         "An association is between two things that vary.", field="table")  # fmt: skip
    used = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    total = float(counts.sum()) * (min(used.shape) - 1)
    low, high = _shifts(lambda shift: noncentral_chi2_cdf(statistic, df, shift), total, level)
    low, high = (min(1.0, math.sqrt(each / total)) for each in (low, high))
    return Interval(math.sqrt(statistic / total), low, high, level)


def eta_squared(*groups: ArrayLike, level: float = 0.95) -> Interval:
    """The share of variance that lies between groups, of one-way ANOVA; biased upward in small samples."""
    return _explained(groups, "eta", level)


def omega_squared(*groups: ArrayLike, level: float = 0.95) -> Interval:
    """Eta squared with most of its bias removed (Hays 1963); negative where groups differ less than chance has them."""
    return _explained(groups, "omega", level)


def _explained(groups: tuple[ArrayLike, ...], kind: Literal["eta", "omega"], level: float) -> Interval:
    """The interval is of the population's share, by the noncentral F (Steiger 2004), and the same for either."""
    fraction(level, "level")
    if len(groups) < 2:
        raise WrongInput("too few groups", str(len(groups)), "two or more", "Hand in each group as an argument.")
    parts = [sample(each, f"group {i}") for i, each in enumerate(groups)]
    n, df1 = sum(each.size for each in parts), len(parts) - 1
    df2 = n - len(parts)
    if df2 < 1:
        raise WrongInput("too few values", f"{n} in {len(parts)} groups", "more values than groups")
    grand = float(np.concatenate(parts).mean())
    between = sum(each.size * (float(each.mean()) - grand) ** 2 for each in parts)
    within = sum(float(((each - each.mean()) ** 2).sum()) for each in parts)
    if between + within == 0:
        return Interval(0.0, 0.0, 0.0, level)
    if within <= 1e-28 * between:
        return Interval(1.0, 1.0, 1.0, level)
    f = between / df1 / (within / df2)
    low, high = (
        each / (each + n) for each in _shifts(lambda s: noncentral_f_cdf(f, df1, df2, s), max(n, df1 * f), level)
    )
    error = within / df2
    share = between / (between + within) if kind == "eta" else (between - df1 * error) / (between + within + error)
    return Interval(share, low, high, level)


def _standardised(gap: float, spread: float, scale: float, df: int, level: float) -> Interval:
    """A gap in spreads, where gap / spread * scale has a noncentral t distribution with ``df``."""
    fraction(level, "level")
    if spread <= 1e-15 * abs(gap) or spread == 0.0:
        estimate = math.copysign(math.inf, gap) if gap else 0.0
        return Interval(estimate, estimate, estimate, level)
    t = gap / spread * scale
    reach = abs(t) + 10 + 8 * abs(t) / math.sqrt(df)
    low, high = (
        shift_between(lambda shift: noncentral_t_cdf(t, df, shift), -reach, reach, share) / scale
        for share in ((1 + level) / 2, (1 - level) / 2)
    )
    return Interval(gap / spread, low, high, level)


def _shifts(cdf: Callable[[float], float], size: float, level: float) -> tuple[float, float]:
    """The shifts from 0 on at which the statistic lies at either end."""
    reach = 4 * size + 100.0
    low = shift_between(cdf, 0.0, reach, (1 + level) / 2)
    return low, shift_between(cdf, 0.0, reach, (1 - level) / 2)
