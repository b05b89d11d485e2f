"""Tests of counts: shares, and tables of two ways to sort the same things."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.kit.stats.distributions import chi2_upper
from castalia.kit.stats.values import Floats, Test


def binomial(hits: int, n: int, share: float = 0.5) -> Test:
    """The exact binomial test of "a hit has the probability ``share``": outcomes no likelier than the one seen."""
    if not (0 <= hits <= n and n >= 1 and int(hits) == hits and int(n) == n):
        raise WrongInput("not a count of hits", f"{hits} of {n}", "whole numbers, 0 <= hits <= n, n >= 1", field="hits")
    if not 0 <= share <= 1:
        raise WrongInput("share does not fit", str(share), "a number from 0 to 1", field="share")
    if share in (0.0, 1.0):
        return Test(float(hits), 1.0 if hits == n * share else 0.0, int(n), "binomial, exact")
    k = np.arange(int(n) + 1)
    logs = _log_choose(int(n), k) + k * math.log(share) + (n - k) * math.log1p(-share)
    chances = np.exp(logs)
    return Test(float(hits), min(1.0, float(chances[logs <= logs[int(hits)] + 1e-7].sum())), int(n), "binomial, exact")


def fisher(table: ArrayLike) -> Test:
    """Fisher's exact test of a 2 x 2 table of counts, two-sided: tables no likelier than the one seen.

    The statistic is the sample odds ratio, infinite or NaN where a count is 0.
    """
    counts = contingency(table)
    if counts.shape != (2, 2):
        raise WrongInput("the table has another shape", f"shape {counts.shape}", "(2, 2)", field="table")
    (a, b), (c, d) = counts.astype(int).tolist()
    row, column, n = a + b, a + c, a + b + c + d
    k = np.arange(max(0, row + column - n), min(row, column) + 1)
    logs = _log_choose(column, k) + _log_choose(n - column, row - k) - float(_log_choose(n, np.array([row]))[0])
    p = float(np.exp(logs)[logs <= logs[a - k[0]] + 1e-7].sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = float(np.float64(a * d) / np.float64(b * c))
    return Test(odds, min(1.0, p), n, "Fisher, exact")


def chi_square(table: ArrayLike) -> Test:
    """Pearson's chi-square test of independence, without Yates' correction; rows and columns without counts are
    left out. Below about 5 expected in a cell prefer ``fisher``."""
    counts = contingency(table)
    statistic, df = chi_square_of(counts)
    p = chi2_upper(statistic, df) if df else 1.0
    return Test(statistic, p, int(counts.sum()), f"chi-square, {df} degrees of freedom")


def chi_square_of(counts: Floats) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom."""
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(((counts - expected) ** 2 / expected).sum()), (counts.shape[0] - 1) * (counts.shape[1] - 1)


def contingency(table: ArrayLike) -> Floats:
    """A table of counts: two axes, whole numbers from 0 on, at least one of them above."""
    try:
        counts = np.asarray(table, dtype=np.float64)
    except (TypeError, ValueError):
        raise WrongInput("no table of counts", repr(table)[:80], "rows of counts", field="table") from None
    if counts.ndim != 2 or min(counts.shape) < 1:
        raise WrongInput("no table of counts", f"shape {counts.shape}", "rows and columns", field="table")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.floor(counts)).any() or not counts.any():
        raise WrongInput("these are not counts", "negative, broken, NaN, or all zero", "whole numbers from 0 on",
                         "Hand in how often each pair occurred, not shares.", field="table")  # fmt: skip
    return counts


def _log_choose(n: int, k: NDArray[np.int64]) -> Floats:
    return np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k.tolist()])
