"""How good an order is: NDCG, reciprocal rank, precision and recall of the first k. Ties are averaged over.

A query is a row: how relevant each candidate is, and how it was scored. Candidates of equal score stand in no order,
so the expected figure over their orders is what counts: a constant score earns what chance earns.

>>> round(ndcg([[3, 0, 1]], [[0.9, 0.8, 0.1]]), 4)
0.9639
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import Floats


def ndcg(relevance: ArrayLike, scores: ArrayLike, k: int | None = None) -> float:
    """Normalised discounted cumulative gain over the first ``k`` (Jarvelin and Kekalainen 2002), mean over queries.

    The gain is the relevance itself, the discount log2(rank + 1). Queries without a relevant candidate count 0.
    """
    gains, values, k = _read(relevance, scores, k)
    if gains.min() < 0:
        raise WrongInput("relevance does not fit", str(gains.min()), "numbers from 0 on", field="relevance")
    discount = np.where(np.arange(gains.shape[1]) < k, 1 / np.log2(np.arange(gains.shape[1]) + 2.0), 0.0)
    best = -np.sort(-gains, axis=1) @ discount
    reached = np.array([_in_order(gain, value, discount) for gain, value in zip(gains, values, strict=True)])
    return float(np.mean(np.divide(reached, best, out=np.zeros_like(reached), where=best > 0)))


def mean_reciprocal_rank(relevant: ArrayLike, scores: ArrayLike) -> float:
    """The mean of 1 / rank of the first relevant candidate; 0 for a query without one."""
    hits, values, _ = _read(relevant, scores, None)
    found = []
    for hit, value in zip(hits > 0, values, strict=True):
        if not hit.any():
            found.append(0.0)
            continue
        best = value[hit].max()
        above, tied = int(np.sum(value > best)), int(np.sum(value == best))
        relevant_tied = int(np.sum(hit & (value == best)))
        found.append(_first_of(above, tied, relevant_tied))
    return float(np.mean(found))


def precision_at(relevant: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Of the first ``k``, the share that is relevant, mean over queries."""
    hits, values, k = _read(relevant, scores, k)
    first = np.where(np.arange(hits.shape[1]) < k, 1.0, 0.0)
    return float(np.mean([_in_order(hit, value, first) / k for hit, value in zip(hits > 0, values, strict=True)]))


def recall_at(relevant: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Of the relevant candidates, the share among the first ``k``; queries without one are left out."""
    hits, values, k = _read(relevant, scores, k)
    some = (hits > 0).any(axis=1)
    if not some.any():
        raise WrongInput("no query has a relevant candidate", "0", "at least one", field="relevant")
    first = np.where(np.arange(hits.shape[1]) < k, 1.0, 0.0)
    pairs = zip(hits[some] > 0, values[some], strict=True)
    return float(np.mean([_in_order(hit, value, first) / hit.sum() for hit, value in pairs]))


def _read(relevance: ArrayLike, scores: ArrayLike, k: int | None) -> tuple[Floats, Floats, int]:
    gains, values = np.atleast_2d(np.asarray(relevance, np.float64)), np.atleast_2d(np.asarray(scores, np.float64))
    if gains.shape != values.shape or gains.ndim != 2 or not gains.size:
        got = f"shapes {gains.shape} and {values.shape}"
        raise WrongInput("relevance and scores do not fit", got, "one shape: queries, candidates", field="scores")
    if not np.isfinite(gains).all() or np.isnan(values).any():
        raise WrongInput("relevance or scores have NaN", "NaN", "numbers")
    if k is not None and k < 1:
        raise WrongInput("k does not fit", str(k), "1 or more", field="k")
    return gains, values, gains.shape[1] if k is None else min(k, gains.shape[1])


def _in_order(gain: Floats, value: Floats, discount: Floats) -> float:
    """Sum of gain times the discount of its place; candidates of equal score share the mean of their discounts."""
    _, group = np.unique(-value, return_inverse=True)
    sizes = np.bincount(group)
    upto = np.concatenate([[0.0], np.cumsum(discount)])
    ends = np.cumsum(sizes)
    shared = (upto[ends] - upto[ends - sizes]) / sizes
    return float(np.dot(gain, shared[group]))


def _first_of(above: int, tied: int, relevant: int) -> float:
    """The expected 1 / rank of the first of ``relevant`` among ``tied`` in random order, behind ``above``."""
    expected, none_so_far = 0.0, 1.0
    for place in range(tied - relevant + 1):
        here = relevant / (tied - place)
        expected += none_so_far * here / (above + place + 1)
        none_so_far *= 1 - here
    return expected
