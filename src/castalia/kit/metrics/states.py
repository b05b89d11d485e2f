"""Metrics of data that comes in pieces, or lies on many machines: update, merge, result.

Each state says what it promises. Counts are exact. Means and spreads are exact but for rounding (Chan, Golub and
LeVeque 1979). ROC AUC is exact where every score is kept (9 bytes a row), or bounded in memory, and then comes as a
lower and an upper bound that the exact value lies between. Merging is the same as having seen all rows at once, in any
order and any split. Scores are used as they are: a state that turned scores above 1 into probabilities piece by piece,
as some do, would give another answer for another split.

>>> Mean().update([1.0, 2.0]).merge(Mean().update([6.0])).result()
3.0
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.kit.metrics.counts import Confusion, confusion
from castalia.kit.metrics.inputs import Bools, Floats, binary, both_classes, numbers, same_length
from castalia.kit.metrics.probabilities import Reliability
from castalia.kit.metrics.ranking import roc_auc
from castalia.kit.stats import Interval, normal_quantile


class Counts:
    """A confusion matrix over known classes. Exact."""

    def __init__(self, classes: ArrayLike) -> None:
        self.classes = tuple(np.asarray(classes).tolist())
        self.table: Floats = np.zeros((len(self.classes), len(self.classes)))

    def update(self, y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Count further rows; none is allowed. WrongInput for a label that is no class."""
        if np.size(np.asarray(y)) or np.size(np.asarray(predicted)):
            self.table += confusion(y, predicted, weight, classes=self.classes).table
        return self

    def merge(self, other: Counts) -> Self:
        """Take in what another state has seen."""
        if other.classes != self.classes:
            raise WrongInput("states do not fit", f"classes {other.classes[:10]}", f"{self.classes[:10]}")
        self.table += other.table
        return self

    def result(self) -> Confusion:
        """WrongInput before the first row."""
        if not self.table.any():
            raise WrongInput("no rows yet", "0", "at least one")
        return Confusion(self.classes, self.table.copy())

    def __repr__(self) -> str:
        return f"Counts(rows={self.table.sum():g})"


class Mean:
    """Mean and spread of per-row values: squared errors, losses, hits. Exact but for rounding."""

    def __init__(self) -> None:
        self.rows = 0
        self._mean = 0.0
        self._squares = 0.0

    def update(self, values: ArrayLike) -> Self:
        """Take in further values; none is allowed."""
        if np.size(np.asarray(values)):
            x = numbers(values, "values")
            middle = float(x.mean())
            self._take(len(x), middle, float(((x - middle) ** 2).sum()))
        return self

    def merge(self, other: Mean) -> Self:
        """Take in what another state has seen."""
        if other.rows:
            self._take(other.rows, other._mean, other._squares)
        return self

    def result(self) -> float:
        """The mean; WrongInput before the first value."""
        if not self.rows:
            raise WrongInput("no values yet", "0", "at least one")
        return self._mean

    def variance(self) -> float:
        """The mean squared distance from the mean."""
        self.result()
        return self._squares / self.rows

    def interval(self, level: float = 0.95) -> Interval:
        """The mean with the normal interval; infinite after a single value."""
        middle = self.result()
        if self.rows < 2:
            return Interval(middle, -math.inf, math.inf, level)
        half = normal_quantile((1 + level) / 2) * math.sqrt(self._squares / (self.rows - 1) / self.rows)
        return Interval(middle, middle - half, middle + half, level)

    def _take(self, rows: int, middle: float, squares: float) -> None:
        total = self.rows + rows
        gap = middle - self._mean
        self._squares += squares + gap * gap * self.rows * rows / total
        self._mean += gap * rows / total
        self.rows = total

    def __repr__(self) -> str:
        return f"Mean(rows={self.rows})"


class Auc:
    """ROC AUC that is exact: every score is kept, as eight bytes and its label."""

    def __init__(self) -> None:
        self._labels: list[Bools] = []
        self._scores: list[Floats] = []

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return sum(map(len, self._labels))

    def update(self, y: ArrayLike, score: ArrayLike, *, positive: Any = None) -> Self:
        """Keep further rows; none is allowed."""
        if np.size(np.asarray(y)) or np.size(np.asarray(score)):
            labels, values = binary(y, positive=positive), numbers(score, "score", infinite=True)
            same_length(labels, values, "score")
            self._labels.append(labels.copy())
            self._scores.append(values.copy())
        return self

    def merge(self, other: Auc) -> Self:
        """Take in what another state has kept."""
        self._labels += other._labels
        self._scores += other._scores
        return self

    def result(self) -> float:
        """The area; WrongInput where nothing or one class alone was seen."""
        if not self._labels:
            raise WrongInput("no rows yet", "0", "at least one of each class")
        return roc_auc(np.concatenate(self._labels), np.concatenate(self._scores))


@dataclass(frozen=True)
class Bounds:
    """The exact value lies from ``low`` to ``high``."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


@dataclass
class BoundedAuc:
    """ROC AUC in constant memory: scores are counted in bins of equal width between ``low`` and ``high``.

    Pairs from different bins are in a known order; pairs within one bin are not, and open a gap between the bounds.
    Scores outside fall into the first or the last bin, and open it further, so the bounds hold whatever comes.
    """

    bins: int = 4096
    low: float = 0.0
    high: float = 1.0
    _counts: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.bins < 1 or not self.low < self.high:
            raise WrongInput("bins do not fit", f"{self.bins} from {self.low} to {self.high}", "1 or more, low < high")
        self._counts = np.zeros((2, self.bins), dtype=np.int64)

    def update(self, y: ArrayLike, score: ArrayLike, *, positive: Any = None) -> Self:
        """Count further rows; none is allowed."""
        if np.size(np.asarray(y)) or np.size(np.asarray(score)):
            labels, values = binary(y, positive=positive), numbers(score, "score", infinite=True)
            same_length(labels, values, "score")
            inside = np.clip(values, self.low, self.high) - self.low
            places = np.minimum((inside / (self.high - self.low) * self.bins).astype(np.int64), self.bins - 1)
            self._counts[0] += np.bincount(places[~labels], minlength=self.bins)
            self._counts[1] += np.bincount(places[labels], minlength=self.bins)
        return self

    def merge(self, other: BoundedAuc) -> Self:
        """Take in what another state has counted, in the same bins."""
        if (self.bins, self.low, self.high) != (other.bins, other.low, other.high):
            raise WrongInput("states do not fit", repr(other), repr(self))
        self._counts += other._counts
        return self

    def result(self) -> Bounds:
        """The bounds; WrongInput where one class is missing."""
        downs, ups = self._counts
        if not (downs.any() or ups.any()):
            _nothing()
        both_classes(np.repeat([False, True], [int(downs.any()), int(ups.any())]), "ROC AUC")
        below = np.cumsum(downs) - downs
        total = float(downs.sum()) * float(ups.sum())
        ordered = float(np.dot(below.astype(np.float64), ups.astype(np.float64)))
        together = float(np.dot(downs.astype(np.float64), ups.astype(np.float64)))
        return Bounds(ordered / total, (ordered + together) / total)


class Calibration:
    """Reliability in bins of equal width. Exact but for rounding; bins of equal mass would need all scores at once."""

    def __init__(self, bins: int = 15) -> None:
        if bins < 1:
            raise WrongInput("bins do not fit", str(bins), "1 or more", field="bins")
        self._sums = np.zeros((3, bins))

    def update(self, y: ArrayLike, probability: ArrayLike, *, positive: Any = None) -> Self:
        """Count further rows; none is allowed."""
        if np.size(np.asarray(y)) or np.size(np.asarray(probability)):
            labels, p = binary(y, positive=positive), numbers(probability, "probability")
            same_length(labels, p, "probability")
            if p.min() < 0 or p.max() > 1:
                raise WrongInput(
                    "probability does not fit", f"{p.min():g} to {p.max():g}", "0 to 1", field="probability"
                )
            bins = self._sums.shape[1]
            places = np.minimum((p * bins).astype(np.int64), bins - 1)
            for row, weight in enumerate((None, p, labels)):
                self._sums[row] += np.bincount(places, weights=weight, minlength=bins)
        return self

    def merge(self, other: Calibration) -> Self:
        """Take in what another state has counted, in the same bins."""
        if self._sums.shape != other._sums.shape:
            raise WrongInput("states do not fit", f"{other._sums.shape[1]} bins", f"{self._sums.shape[1]}")
        self._sums += other._sums
        return self

    def result(self) -> Reliability:
        """The bins that hold rows; WrongInput before the first row."""
        rows, promised, happened = self._sums[:, self._sums[0] > 0]
        if not len(rows):
            _nothing()
        return Reliability(promised / rows, happened / rows, rows.astype(np.int64))


def _nothing() -> None:
    raise WrongInput("no rows yet", "0", "at least one")
