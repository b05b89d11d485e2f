"""Tests of counts: shares, and tables of two ways to sort the same things."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

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
    n, odds = int(n), math.log(share) - math.log1p(-share)
    p = _no_likelier(
        int(hits), 0, n, int((n + 1) * share), math.sqrt(n * share * (1 - share)),
        lambda k: np.log((n - k) / (k + 1)) + odds,
    )  # fmt: skip
    return Test(float(hits), p, n, "binomial, exact")


def fisher(table: ArrayLike) -> Test:
    """Fisher's exact test of a 2 x 2 table of counts, two-sided: tables no likelier than the one seen.

    The statistic is the sample odds ratio, infinite or NaN where a count is 0.
    """
    counts = contingency(table)
    if counts.shape != (2, 2):
        raise WrongInput("the table has another shape", f"shape {counts.shape}", "(2, 2)", field="table")
    (a, b), (c, d) = counts.astype(int).tolist()
    row, column, n = a + b, a + c, a + b + c + d
    spread = math.sqrt(row / n * (n - row) / n * column * (n - column) / max(n - 1, 1))
    p = _no_likelier(
        a, max(0, row + column - n), min(row, column), (row + 1) * (column + 1) // (n + 2), spread,
        lambda k: np.log((column - k) * (row - k) / ((k + 1) * (n - column - row + k + 1))),
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = float(np.float64(a * d) / np.float64(b * c))
    return Test(odds, p, n, "Fisher, exact")


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


def _no_likelier(
    seen: int, low: int, high: int, mode: int, spread: float, log_ratio: Callable[[Floats], Floats]
) -> float:
    """The chance of the outcomes from ``low`` to ``high`` that are no likelier than ``seen``.

    ``log_ratio`` gives the logarithm of how much likelier k + 1 is than k. Of very many outcomes those within 40
    standard deviations of the mode are summed: what is beyond is below float64.
    """
    if high - low > 100_000:
        reach = int(40 * spread) + 1000
        low, high = max(low, mode - reach), min(high, mode + reach)
        if not low <= seen <= high:
            return 0.0
    logs = np.concatenate([[0.0], np.cumsum(log_ratio(np.arange(low, high, dtype=np.float64)))])
    chances = np.exp(logs - logs.max())
    return float(chances[logs <= logs[seen - low] + 1e-7].sum() / chances.sum())
