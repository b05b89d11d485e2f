"""Right and wrong, counted: a confusion matrix, and what is computed from one. Exact, weighted, and quick.

Everything here is a function of the matrix, so a report asks the data once. Where a ratio has nothing below the line
(precision without a single positive prediction, say) it is 0, as in the field's usual libraries, except for Matthews'
coefficient and Cohen's kappa, which are 0 for a constant answer because that is chance level.

>>> accuracy([0, 1, 1], [0, 1, 0])
0.6666666666666666
>>> confusion(["cat", "dog"], ["cat", "cat"]).classes
('cat', 'dog')
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import Floats, column, same_length, weights

Average = Literal["binary", "macro", "micro", "weighted"]
_PIECE = 1 << 15
_FEW = 1024
"""Whole numbers from 0 below this are counted where they stand; others are looked up first."""


@dataclass(frozen=True)
class Confusion:
    """``table[i, j]``: the weight of rows of class ``classes[i]`` that were called ``classes[j]``."""

    classes: tuple[Any, ...]
    table: Floats

    @property
    def hits(self) -> Floats:
        """Of each class, what was called by its name."""
        return np.diagonal(self.table).copy()

    @property
    def actual(self) -> Floats:
        """Rows of each class."""
        return np.asarray(self.table.sum(axis=1))

    @property
    def called(self) -> Floats:
        """Rows that were called each class."""
        return np.asarray(self.table.sum(axis=0))

    def accuracy(self) -> float:
        """The share that is right."""
        return float(self.hits.sum() / self.table.sum())

    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that occur."""
        there = self.actual > 0
        return float(np.mean(self.hits[there] / self.actual[there]))

    def precision(self, average: Average = "binary", positive: Any = None) -> float:
        """Of what was called a class, the share that is of it."""
        return self._averaged(self.hits, self.called, average, positive)

    def recall(self, average: Average = "binary", positive: Any = None) -> float:
        """Of a class, the share that was found."""
        return self._averaged(self.hits, self.actual, average, positive)

    def f_score(self, beta: float = 1.0, average: Average = "binary", positive: Any = None) -> float:
        """The weighted harmonic mean of precision and recall; beta 1 weighs them alike (van Rijsbergen 1979)."""
        if not 0 <= beta < math.inf:
            raise WrongInput("beta does not fit", str(beta), "a number from 0 on", field="beta")
        square = beta * beta
        return self._averaged((1 + square) * self.hits, square * self.actual + self.called, average, positive)

    def specificity(self, positive: Any = None) -> float:
        """Of what is not the positive class, the share that was not called it."""
        at = self._positive(positive)
        negatives = self.table.sum() - self.actual[at]
        right = negatives - (self.called[at] - self.hits[at])
        return float(right / negatives) if negatives else 0.0

    def matthews(self) -> float:
        """Matthews' correlation coefficient, for two classes and more (Gorodkin 2004)."""
        total = self.table.sum()
        # Divided by the total first: products of counts pass 2**53 from 1e8 rows on.
        hits, actual, called = self.hits.sum() / total, self.actual / total, self.called / total
        above = hits - float(np.dot(actual, called))
        spread = (1 - float(np.dot(called, called))) * (1 - float(np.dot(actual, actual)))
        return float(above / math.sqrt(spread)) if spread > 1e-15 else 0.0

    def kappa(self) -> float:
        """Cohen's kappa: agreement above chance (1960)."""
        total = self.table.sum()
        chance = float(np.dot(self.actual / total, self.called / total))
        return float((self.accuracy() - chance) / (1 - chance)) if chance < 1 else 0.0

    def _averaged(self, above: Floats, below: Floats, average: Average, positive: Any) -> float:
        if average == "micro":
            return float(above.sum() / below.sum()) if below.sum() else 0.0
        ratios = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
        if average == "binary":
            return float(ratios[self._positive(positive)])
        there = (self.actual > 0) | (self.called > 0)
        if average == "macro":
            return float(ratios[there].mean())
        if average == "weighted":
            return float(np.dot(ratios, self.actual) / self.actual.sum())
        raise WrongInput("no such average", str(average), "binary, macro, micro or weighted", field="average")

    def _positive(self, positive: Any) -> int:
        if positive is not None:
            if positive not in self.classes:
                raise WrongInput("no such class", repr(positive), f"one of {list(self.classes)[:20]}", field="positive")
            return self.classes.index(positive)
        if self.classes == (0, 1):
            return 1
        raise WrongInput(
            "which class is looked for?", f"classes {list(self.classes)[:20]}", "0 and 1",
            "Name it with positive=, or average over classes with average='macro'.", field="average",
        )  # fmt: skip


def confusion(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None, *, classes: Any = None) -> Confusion:
    """Count the pairs of class and prediction. ``classes`` gives order and names; else those found, sorted.

    Labels 0 and 1 (or booleans) always give both classes. Raises WrongInput for lengths that differ, nothing at all,
    NaN, and a label that is not among ``classes``.
    """
    actual, called = column(y, "y"), column(predicted, "predicted")
    same_length(actual, called, "predicted")
    w = weights(weight, actual)
    rows, columns, names = _codes(actual, called, classes)
    size, table = len(names), np.zeros(len(names) ** 2)
    # In pieces that stay in the cache; weights in one, so that they are added in one order.
    some = _PIECE if w is None and size * size <= _PIECE else len(rows)
    for at in range(0, len(rows), some):
        piece = slice(at, at + some)
        places = rows[piece] * size
        places += columns[piece]
        table += np.bincount(places, weights=w, minlength=size * size)
    return Confusion(names, table.reshape(size, size))


def accuracy(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The share of predictions that are right."""
    actual, called = column(y, "y"), column(predicted, "predicted")
    same_length(actual, called, "predicted")
    _no_nan(actual, "y")
    _no_nan(called, "predicted")
    right = np.asarray(actual == called)
    w = weights(weight, actual)
    return float(np.count_nonzero(right) / len(right)) if w is None else float(w[right].sum() / w.sum())


def precision(
    y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None, *,
    average: Average = "binary", positive: Any = None,
) -> float:  # fmt: skip
    """Of what was called positive, the share that is; 0 where nothing was."""
    return confusion(y, predicted, weight).precision(average, positive)


def recall(
    y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None, *,
    average: Average = "binary", positive: Any = None,
) -> float:  # fmt: skip
    """Of the positives, the share that was found."""
    return confusion(y, predicted, weight).recall(average, positive)


def f1(
    y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None, *,
    average: Average = "binary", positive: Any = None,
) -> float:  # fmt: skip
    """The harmonic mean of precision and recall."""
    return confusion(y, predicted, weight).f_score(1.0, average, positive)


def matthews(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Matthews' correlation coefficient; 0 for a constant answer."""
    return confusion(y, predicted, weight).matthews()


def balanced_accuracy(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean recall of the classes that occur in ``y``."""
    return confusion(y, predicted, weight).balanced_accuracy()


def kappa(y: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Cohen's kappa."""
    return confusion(y, predicted, weight).kappa()


def top_k_accuracy(y: ArrayLike, scores: ArrayLike, k: int = 5, weight: ArrayLike | None = None) -> float:
    """The share of rows whose class is among the ``k`` highest scores; ``scores`` has a column for each class 0, 1, ...

    Where scores tie at the border, the class gets the share of the places left that a fair draw would give it, so
    that a constant score has the accuracy of chance and no order of columns is favoured.
    """
    table, labels = np.asarray(scores, dtype=np.float64), column(y, "y")
    if table.ndim != 2 or len(table) != len(labels):
        raise WrongInput(
            "scores do not fit", f"shape {table.shape}", f"{len(labels)} rows, a column each class", field="scores"
        )
    if not np.isfinite(table).all():
        raise WrongInput("scores do not fit", "NaN or infinity", "finite numbers", field="scores")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= table.shape[1]:
        raise WrongInput("y does not fit", f"{labels.min()} to {labels.max()}", f"0 to {table.shape[1] - 1}", field="y")
    if not 1 <= k <= table.shape[1]:
        raise WrongInput("k does not fit", str(k), f"1 to {table.shape[1]}", field="k")
    mine = table[np.arange(len(labels)), labels][:, None]
    above, same = (table > mine).sum(axis=1), (table == mine).sum(axis=1)
    chance = np.clip((k - above) / same, 0.0, 1.0)
    w = weights(weight, labels)
    return float(chance.mean() if w is None else np.dot(w, chance) / w.sum())


def _codes(
    actual: NDArray[Any], called: NDArray[Any], classes: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[Any, ...]]:
    """Both columns as numbers of classes, and the classes."""
    _no_nan(actual, "y")
    _no_nan(called, "predicted")
    if classes is None and actual.dtype.kind in "biu" and called.dtype.kind in "biu":
        low = min(int(actual.min()), int(called.min()))
        high = max(int(actual.max()), int(called.max()))
        if low >= 0 and high <= 1:
            return actual.astype(np.int64, copy=False), called.astype(np.int64, copy=False), (0, 1)
        if low >= 0 and high < _FEW:
            return _dense(actual.astype(np.int64, copy=False), called.astype(np.int64, copy=False), high + 1)
    if classes is not None:
        names = np.asarray(list(classes))
        if len(names) != len(set(names.tolist())) or not len(names):
            raise WrongInput("classes do not fit", str(list(classes))[:80], "each name once", field="classes")
    else:
        try:
            names = np.unique(np.concatenate([np.unique(actual), np.unique(called)]))
        except TypeError:
            raise WrongInput(
                "labels do not compare", f"{actual.dtype} and {called.dtype}", "labels of one kind"
            ) from None
    order = np.argsort(names, kind="stable")
    coded = []
    for values, field in ((actual, "y"), (called, "predicted")):
        at = np.searchsorted(names, values, sorter=order).clip(0, len(names) - 1)
        found = order[at]
        wrong = np.asarray(names[found] != values)
        if wrong.any():
            got = str(values[int(np.argmax(wrong))])
            raise WrongInput(f"{field} has a label that is no class", got, f"one of {names.tolist()[:20]}", field=field)
        coded.append(found.astype(np.int64))
    return coded[0], coded[1], tuple(names.tolist())


def _dense(
    rows: NDArray[np.int64], columns: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[Any, ...]]:
    """Small whole numbers: those that occur, renumbered where some do not."""
    there = (np.bincount(rows, minlength=size) + np.bincount(columns, minlength=size)) > 0
    names = tuple(int(each) for each in np.flatnonzero(there))
    if len(names) == size:
        return rows, columns, names
    number = np.cumsum(there) - 1
    return number[rows], number[columns], names


def _no_nan(values: NDArray[Any], field: str) -> None:
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise WrongInput(f"{field} has NaN", f"row {int(np.argmax(np.isnan(values)))}", "labels", field=field)
