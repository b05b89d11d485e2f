"""Our own library under the names of the contract of project 1.1: what a learner builds, we built too.

One line a name where the two agree, an adapter of a few lines where they differ. Checked by test_utilities_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from castalia.core.errors import WrongInput
from castalia.kit import metrics
from castalia.kit.metrics.states import Counts

# --- M1, M2: castalia.kit.tabular -----------------------------------------------------------------

# --- M3: castalia.kit.metrics ---------------------------------------------------------------------


def _refusing(metric: Callable[..., Any]) -> Callable[..., Any]:
    """Our WrongInput as the ValueError that the contract asks for."""

    def asked(*arguments: Any, **named: Any) -> Any:
        try:
            return metric(*arguments, **named)
        except WrongInput as error:
            raise ValueError(str(error)) from None

    return asked


def _of_two(metric: Callable[..., Any]) -> Callable[..., Any]:
    """The contract knows the classes 0 and 1 only; ours takes any two and asks which is positive."""

    def asked(y: Any, other: Any) -> float:
        counts = Counts((0, 1))
        counts.update(y, other)
        counts.result()
        return float(metric(y, other, positive=1)) if np.any(np.equal(y, 1) | np.equal(other, 1)) else 0.0

    return _refusing(asked)


accuracy = _refusing(metrics.accuracy)
precision = _of_two(metrics.precision)
recall = _of_two(metrics.recall)
f1 = _of_two(metrics.f1)
roc_auc = _refusing(metrics.roc_auc)
log_loss = _refusing(lambda y, p: metrics.log_loss(y, p, clip=1e-15))


@_refusing
def calibration_error(y: Any, p: Any, bins: int = 10) -> float:
    return metrics.calibration_error(y, p, bins, strategy="width", debias=False)


class BinaryCounts:
    """castalia.kit.metrics.states.Counts of the classes 0 and 1."""

    def __init__(self) -> None:
        self.counts = Counts((0, 1))

    @_refusing
    def update(self, y: Any, predicted: Any) -> None:
        self.counts.update(y, predicted)

    def merge(self, other: BinaryCounts) -> None:
        self.counts.merge(other.counts)

    @_refusing
    def accuracy(self) -> float:
        return self.counts.result().accuracy()

    @_refusing
    def precision(self) -> float:
        return self.counts.result().precision(positive=1)

    @_refusing
    def recall(self) -> float:
        return self.counts.result().recall(positive=1)

    @_refusing
    def f1(self) -> float:
        return self.counts.result().f_score(positive=1)


# --- M4: castalia.kit.training ----------------------------------------------------------------------

# --- figures: castalia.kit.plots --------------------------------------------------------------------


@_refusing
def roc_points(y: Any, scores: Any) -> Any:
    curve = metrics.roc_curve(y, scores)
    return np.stack([curve.x, curve.y], axis=1)


@_refusing
def confusion_table(y: Any, predicted: Any, classes: int) -> Any:
    return metrics.confusion(y, predicted, classes=range(classes)).table
