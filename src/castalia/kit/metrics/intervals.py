"""A metric with its interval: what this number would be on other rows from the same source.

Each metric has the interval that fits it: Wilson's for a share of rows, DeLong's for ROC AUC, the normal one (by the
central limit theorem) for a mean over rows; and a bootstrap for anything, which sorts once and then only draws
weights. Rows are taken to be independent: rows of one patient, or neighbours in time, need ``groups``.

>>> auc([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.35, 0.8, 0.2, 0.9]).estimate
0.8888888888888888
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import Bools, Floats, binary, both_classes, column, numbers, same_length
from castalia.kit.metrics.ranking import Ranked, rank
from castalia.kit.stats import Interval, normal_quantile, wilson

Metric = Callable[..., float]


def share(right: ArrayLike, level: float = 0.95) -> Interval:
    """The share of True, with Wilson's interval: accuracy of ``y == predicted``, recall of those of the positives."""
    values = binary(right, "right")
    return wilson(int(np.count_nonzero(values)), len(values), level)


def mean(losses: ArrayLike, level: float = 0.95) -> Interval:
    """The mean of independent per-row losses, with the normal interval. One row has an infinite one."""
    values = numbers(losses, "losses")
    middle = float(values.mean())
    if len(values) < 2:
        return Interval(middle, -math.inf, math.inf, level)
    half = normal_quantile((1 + level) / 2) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(middle, middle - half, middle + half, level)


def auc(y: ArrayLike, score: ArrayLike, level: float = 0.95, *, positive: Any = None) -> Interval:
    """ROC AUC with DeLong's interval (1988), formed on the logit scale so that it stays between 0 and 1.

    Where the classes are separated completely, or a class has but one row, the data tell no variance: then it is
    Wilson's interval of the area as a share of the rows of the smaller class, which is wide, as it should be.
    """
    labels = binary(y, positive=positive)
    both_classes(labels, "ROC AUC")
    return auc_of(rank(labels, score), level)


def auc_of(ranked: Ranked, level: float = 0.95) -> Interval:
    """The same of rows that are ranked already."""
    ups, downs = float(ranked.true_positives[-1]), float(ranked.false_positives[-1])
    # A group of equal scores shares its placement: the share of the other class below it, half of the ties.
    of_positive = (downs - ranked.false_positives + 0.5 * ranked.negatives) / downs
    of_negative = (ranked.true_positives - 0.5 * ranked.positives) / ups
    area = float(np.dot(ranked.positives, of_positive) / ups)
    variance = _spread(of_positive, ranked.positives) + _spread(of_negative, ranked.negatives)
    if variance <= 0 or min(ups, downs) < 2:
        fewer = min(ups, downs)
        return Interval(area, *_ends(wilson(area * fewer, fewer, level)), level)
    half = normal_quantile((1 + level) / 2) * math.sqrt(variance) / (area * (1 - area))
    middle = math.log(area / (1 - area))
    return Interval(area, _sigmoid(middle - half), _sigmoid(middle + half), level)


def _ends(found: Interval) -> tuple[float, float]:
    return found.low, found.high


def bootstrap(
    metric: Metric, y: ArrayLike, predicted: ArrayLike, *,
    groups: ArrayLike | None = None, draws: int = 1000, level: float = 0.95, seed: int = 0,
) -> Interval:  # fmt: skip
    """A percentile interval of any metric that takes ``weight``, from ``draws`` resamples of the rows.

    A resample is a weight for each row: how often it was drawn. Nothing is copied or sorted again but by the metric
    itself. With ``groups`` whole groups are drawn (patients, users, days). Draws on which the metric is not defined
    (one class only, say) are drawn again, up to ten times as many; more is WrongInput.
    """
    labels, values = column(y, "y"), np.asarray(predicted)
    same_length(labels, values, "predicted")
    if not 0 < level < 1 or draws < 100:
        raise WrongInput("level or draws do not fit", f"{level}, {draws}", "0 < level < 1, 100 draws or more")
    found = []
    for weight in _weights(len(labels), groups, 10 * draws, seed):
        try:
            found.append(float(metric(labels, values, weight)))
        except WrongInput:
            continue
        if len(found) == draws:
            break
    if len(found) < draws:
        cure = "There are too few rows of one class for an interval."
        raise WrongInput(
            "the metric is not defined on most resamples", f"{len(found)} of {10 * draws}", str(draws), cure
        )
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(metric(labels, values, None)), float(low), float(high), level)


def bootstrap_auc(
    y: ArrayLike, score: ArrayLike, *, draws: int = 1000, level: float = 0.95, seed: int = 0, positive: Any = None
) -> Interval:
    """A percentile interval of ROC AUC: sorted once, each resample is two passes over counts."""
    labels, values = binary(y, positive=positive), numbers(score, "score", infinite=True)
    same_length(labels, values, "score")
    both_classes(labels, "ROC AUC")
    order = np.argsort(values, kind="stable")
    sorted_labels, sorted_values = labels[order], values[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_values[1:] != sorted_values[:-1]]))
    tied = len(starts) < len(values)
    generator, found = np.random.default_rng(seed), []
    for _ in range(10 * draws):
        drawn = np.bincount(generator.integers(0, len(values), len(values)), minlength=len(values))
        area = _weighted_area(drawn, sorted_labels, starts if tied else None)
        if area is not None:
            found.append(area)
            if len(found) == draws:
                break
    if len(found) < draws:
        raise WrongInput("one class is missing in most resamples", f"{len(found)} of {10 * draws}", str(draws))
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(rank(labels, values).roc_auc(), float(low), float(high), level)


def _weighted_area(drawn: NDArray[np.int64], labels: Bools, starts: NDArray[np.int64] | None) -> float | None:
    """ROC AUC of rows in ascending order, each ``drawn`` so often; None where a class is missing."""
    ups = np.where(labels, drawn, 0)
    downs = drawn - ups
    if starts is not None:
        ups, downs = np.add.reduceat(ups, starts), np.add.reduceat(downs, starts)
    below = np.cumsum(downs)
    positives, negatives = int(ups.sum()), int(below[-1])
    if not positives or not negatives:
        return None
    # Twice the pairs, in whole numbers: a row drawn twice ties with itself only within its own class.
    twice = 2 * int(np.dot(below - downs, ups)) + int(np.dot(downs, ups))
    return twice / (2 * positives * negatives)


def _weights(rows: int, groups: ArrayLike | None, draws: int, seed: int) -> Any:
    generator = np.random.default_rng(seed)
    if groups is None:
        for _ in range(draws):
            yield np.bincount(generator.integers(0, rows, rows), minlength=rows).astype(np.float64)
        return
    names = column(groups, "groups")
    if len(names) != rows:
        raise WrongInput("lengths differ", f"{len(names)} in groups", str(rows), field="groups")
    _, number = np.unique(names, return_inverse=True)
    count = int(number.max()) + 1
    for _ in range(draws):
        yield np.bincount(generator.integers(0, count, count), minlength=count).astype(np.float64)[number]


def _spread(placements: Floats, rows: Floats) -> float:
    """Variance of the mean of placements that occur ``rows`` times each; 0 for a single row."""
    total = float(rows.sum())
    if total < 2:
        return 0.0
    middle = float(np.dot(rows, placements)) / total
    return float(np.dot(rows, (placements - middle) ** 2)) / (total - 1) / total


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
