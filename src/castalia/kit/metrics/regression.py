"""How far off numbers are: mean errors, R squared, explained variance, pinball and Poisson deviance.

Means and spreads are computed around the mean, in float64: with numbers of 1e8 and a spread of 1, the mean of the
squares minus the square of the mean has no digit left.

>>> r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
0.5
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import Floats, numbers, same_length, weights


def mean_squared_error(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean squared error, in squared units of ``y``."""
    actual, called, w = _read(y, predicted, weight)
    gap = actual - called
    return _mean(gap * gap, w)


def root_mean_squared_error(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Its root, in the units of ``y``."""
    return math.sqrt(mean_squared_error(y, predicted, weight))


def mean_absolute_error(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean distance, in the units of ``y``."""
    actual, called, w = _read(y, predicted, weight)
    return _mean(np.abs(actual - called), w)


def median_absolute_error(y: ArrayLike, predicted: ArrayLike) -> float:
    """The median distance: half of the rows are nearer."""
    actual, called, _ = _read(y, predicted, None)
    return float(np.median(np.abs(actual - called)))


def mean_absolute_percentage_error(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean distance as a share of ``y`` (0.1 is 10 %). WrongInput where a ``y`` is 0: the share has no meaning."""
    actual, called, w = _read(y, predicted, weight)
    if not actual.all():
        cure = "Use mean_absolute_error, or leave these rows out."
        raise WrongInput(
            "y has a zero", f"row {int(np.argmin(np.abs(actual)))}", "numbers other than 0", cure, field="y"
        )
    return _mean(np.abs((actual - called) / actual), w)


def r_squared(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The share of the variance of ``y`` that is explained; below 0 is worse than the mean.

    A constant ``y`` has no variance to explain: then it is 1 for an exact answer and NaN for any other. Others say 0
    there, which reads like "as good as the mean".
    """
    actual, called, w = _read(y, predicted, weight)
    return _share(actual, (actual - called) ** 2, w)


def explained_variance(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """As R squared, without the part of the error that is the same in every row."""
    actual, called, w = _read(y, predicted, weight)
    gap = actual - called
    return _share(actual, (gap - _mean(gap, w)) ** 2, w)


def pinball_loss(y: ArrayLike, predicted: ArrayLike, quantile: float, weight: ArrayLike | None = None) -> float:
    """The loss that the ``quantile`` of the outcome minimises (Koenker and Bassett 1978)."""
    if not 0 < quantile < 1:
        raise WrongInput("quantile does not fit", str(quantile), "a number between 0 and 1", field="quantile")
    actual, called, w = _read(y, predicted, weight)
    gap = actual - called
    return _mean(np.maximum(quantile * gap, (quantile - 1) * gap), w)


def poisson_deviance(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Mean Poisson deviance of counts: 0 for exact. ``predicted`` must be above 0, ``y`` not below."""
    actual, called, w = _read(y, predicted, weight)
    if actual.min() < 0 or called.min() <= 0:
        raise WrongInput("counts do not fit", "below zero", "y from 0 on, predicted above 0")
    ratio = np.divide(actual, called, out=np.ones_like(actual), where=actual > 0)
    return 2 * _mean(actual * np.log(ratio) - actual + called, w)


def _read(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats, Floats | None]:
    actual, called = numbers(y, "y"), numbers(predicted, "predicted")
    same_length(actual, called, "predicted")
    return actual, called, weights(weight, actual)


def _mean(values: Floats, w: Floats | None) -> float:
    return float(values.mean()) if w is None else float(np.dot(w, values) / w.sum())


def _share(actual: Floats, squares: Floats, w: Floats | None) -> float:
    spread, left = _mean((actual - _mean(actual, w)) ** 2, w), _mean(squares, w)
    constant = actual.min() == actual.max() if w is None else np.ptp(actual[w > 0]) == 0
    if constant:
        return 1.0 if left == 0 else math.nan
    return 1 - left / spread
