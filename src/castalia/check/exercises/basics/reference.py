"""Six small things that every later project stands on."""

# mypy: disable-error-code="no-any-return"
# (what NumPy computes with arrays is Any to mypy; the annotations say what it is)

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def standardize(x: npt.ArrayLike) -> Array:
    """Columns with mean 0 and standard deviation 1; a column of equal numbers becomes zeros."""
    table = np.asarray(x, dtype=float)
    constant = table.max(axis=0) == table.min(axis=0)
    centred = table - table.mean(axis=0)
    return np.divide(centred, table.std(axis=0), out=np.zeros_like(centred), where=~constant)


def one_hot(labels: npt.ArrayLike, classes: int) -> Array:
    """A row for each label, 1 in the label's column. Raises ValueError for a label outside 0 … classes − 1."""
    numbers = np.asarray(labels, dtype=int)
    if np.any(numbers < 0) or np.any(numbers >= classes):
        raise ValueError(f"labels must be 0 to {classes - 1}")
    return (numbers[:, None] == np.arange(classes)).astype(float)


def accuracy(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """The share of equal entries. Raises ValueError for different lengths and for no entries."""
    mine, theirs = np.asarray(predicted), np.asarray(actual)
    if mine.shape != theirs.shape or mine.size == 0:
        raise ValueError("predicted and actual must have the same length, and at least one entry")
    return float(np.mean(mine == theirs))


def log_loss(actual: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Mean of −log of the probability of the right class, no probability counted as less than 1e-15."""
    labels, table = np.asarray(actual, dtype=int), np.asarray(probabilities, dtype=float)
    right = table[np.arange(len(labels)), labels]
    return float(-np.mean(np.log(np.maximum(right, 1e-15))))


def cosine_similarity(a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """The cosine of the angle between each row of a and each row of b; 0 where a row is all zeros."""
    left, right = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    lengths = np.outer(np.sqrt((left**2).sum(axis=1)), np.sqrt((right**2).sum(axis=1)))
    return np.divide(left @ right.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)


class RunningMean:
    """Mean and variance of all numbers so far, without keeping them (Welford 1962, in the form of Chan et al. 1979)."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = 0.0
        self._squares = 0.0

    def update(self, values: npt.ArrayLike) -> None:
        """Take in some more numbers; none at all is allowed."""
        batch = np.asarray(values, dtype=float).ravel()
        if batch.size == 0:
            return
        total = self.count + batch.size
        gap = float(batch.mean()) - self._mean
        self._squares += float(((batch - batch.mean()) ** 2).sum()) + gap**2 * self.count * batch.size / total
        self._mean += gap * batch.size / total
        self.count = total

    def mean(self) -> float:
        """The mean so far. Raises ValueError before the first number."""
        if self.count == 0:
            raise ValueError("no numbers yet")
        return self._mean

    def variance(self) -> float:
        """The mean squared deviation from the mean. Raises ValueError before the first number."""
        if self.count == 0:
            raise ValueError("no numbers yet")
        return self._squares / self.count
