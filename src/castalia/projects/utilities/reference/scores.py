"""Scores of two classes, 0 and 1, whole or in parts."""

# mypy: disable-error-code="no-any-return"
# (what NumPy computes with arrays is Any to mypy; the annotations say what it is)

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def accuracy(actual: Array, predicted: Array) -> float:
    """The share of rows that are right."""
    actual, predicted = pairs(actual, predicted)
    return float(np.mean(actual == predicted))


def precision(actual: Array, predicted: Array) -> float:
    """Of what was called 1, the share that is; 0 where nothing was."""
    return _counted(actual, predicted).precision()


def recall(actual: Array, predicted: Array) -> float:
    """Of what is 1, the share that was found; 0 where there is none."""
    return _counted(actual, predicted).recall()


def f1(actual: Array, predicted: Array) -> float:
    """The harmonic mean of precision and recall; 0 where both are."""
    return _counted(actual, predicted).f1()


def roc_auc(actual: Array, scores: Array) -> float:
    """How often a 1 scores above a 0, a tie being half: the area under the ROC curve."""
    points = roc_points(actual, scores)
    return float(np.sum(np.diff(points[:, 0]) * (points[1:, 1] + points[:-1, 1])) / 2)


def roc_points(actual: Array, scores: Array) -> Array:
    """Shape (k, 2): false and true positive rate from (0, 0) to (1, 1), one point for each distinct score."""
    actual, scores = pairs(actual, scores)
    if set(actual.tolist()) != {0, 1}:
        raise ValueError("labels are 0 and 1, and both of them are there")
    _, place = np.unique(-scores, return_inverse=True)
    counts = np.array([np.bincount(place, weights=actual == label) for label in (0, 1)]).T
    return np.vstack([[0.0, 0.0], np.cumsum(counts, axis=0) / counts.sum(axis=0)])


def log_loss(actual: Array, probabilities: Array) -> float:
    """The mean of -log of the probability given to what happened, none below 1e-15."""
    actual, p = _probable(actual, probabilities)
    return float(-np.mean(np.log(np.maximum(np.where(actual == 1, p, 1 - p), 1e-15))))


def calibration_error(actual: Array, probabilities: Array, bins: int = 10) -> float:
    """Over bins of equal width, the gap between mean probability and share of ones, weighted by rows."""
    actual, p = _probable(actual, probabilities)
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=p - actual, minlength=bins)
    return float(np.sum(np.abs(gaps)) / len(p))


class BinaryCounts:
    """Right and wrong calls so far, without the rows: parts that were counted apart can be put together."""

    def __init__(self) -> None:
        self.table = np.zeros((2, 2), dtype=int)

    def update(self, actual: Array, predicted: Array) -> None:
        """Count further rows, perhaps none."""
        if np.size(actual) or np.size(predicted):
            actual, predicted = pairs(actual, predicted, binary=True)
            self.table += np.bincount(2 * actual.astype(int) + predicted.astype(int), minlength=4).reshape(2, 2)

    def merge(self, other: BinaryCounts) -> None:
        """Take in what another has counted; the other stays as it is."""
        self.table += other.table

    def accuracy(self) -> float:
        return _share(self.table, self.table[0, 0] + self.table[1, 1], self.table.sum())

    def precision(self) -> float:
        return _share(self.table, self.table[1, 1], self.table[:, 1].sum())

    def recall(self) -> float:
        return _share(self.table, self.table[1, 1], self.table[1].sum())

    def f1(self) -> float:
        return _share(self.table, 2 * self.table[1, 1], self.table[:, 1].sum() + self.table[1].sum())


def _share(table: Array, part: int, whole: int) -> float:
    if not table.any():
        raise ValueError("no rows yet")
    return float(part / whole) if whole else 0.0


def _counted(actual: Array, predicted: Array) -> BinaryCounts:
    counts = BinaryCounts()
    counts.update(actual, predicted)
    return counts


def pairs(actual: Array, other: Array, binary: bool = False) -> tuple[Array, Array]:
    """Two columns that can be compared row by row; ValueError otherwise."""
    actual, other = np.asarray(actual), np.asarray(other)
    if actual.shape != other.shape or actual.ndim != 1 or actual.size == 0:
        raise ValueError("two columns of the same length, and at least one row")
    if np.isnan(actual).any() or np.isnan(other).any():
        raise ValueError("a row without a number")
    if binary and not (np.isin(actual, (0, 1)).all() and np.isin(other, (0, 1)).all()):
        raise ValueError("labels are 0 and 1")
    return actual, other


def _probable(actual: Array, probabilities: Array) -> tuple[Array, Array]:
    actual, p = pairs(actual, probabilities)
    if not (np.isin(actual, (0, 1)).all() and np.all((p >= 0) & (p <= 1))):
        raise ValueError("labels 0 and 1, probabilities from 0 to 1")
    return actual, p
