"""A small module that is given, for tests of your own: write own_tests.py so that a wrong version of it is noticed.

Nothing here is to be changed. Each docstring says what holds; wrong versions break one sentence of one of them.
"""

from __future__ import annotations

from collections.abc import Sequence


def f1(truth: Sequence[int], answers: Sequence[int]) -> float:
    """2 tp / (2 tp + fp + fn) of the class 1; 0.0 where neither column has a 1.

    Raises ValueError for columns of different lengths, and for none at all.
    """
    if len(truth) != len(answers):
        raise ValueError("the columns differ in length")
    if not truth:
        raise ValueError("there are no rows")
    hits = misses = false_alarms = 0
    for true, answer in zip(truth, answers):  # noqa: B905 (3.8)
        if true == 1 and answer == 1:
            hits += 1
        elif true == 1:
            misses += 1
        elif answer == 1:
            false_alarms += 1
    if hits + misses + false_alarms == 0:
        return 0.0
    return 2 * hits / (2 * hits + misses + false_alarms)


def ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1.0 for the smallest; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            found[place] = (start + end) / 2 + 1
        start = end + 1
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie: the smallest at 0, the largest at 1, in between on a line.

    The values may come in any order and stay as they are. Raises ValueError for none of them, and for a share that is
    not between 0 and 1.
    """
    if not values:
        raise ValueError("there are no values")
    if share < 0 or share > 1:
        raise ValueError("a share lies between 0 and 1")
    kept = sorted(values)
    place = share * (len(kept) - 1)
    below = int(place)
    if below == len(kept) - 1:
        return kept[-1]
    return kept[below] + (place - below) * (kept[below + 1] - kept[below])


class Stopper:
    """Tells when a loss has not become smaller for ``patience`` steps in a row; NaN is never smaller."""

    def __init__(self, patience: int = 2) -> None:
        if patience < 1:
            raise ValueError("patience is at least 1")
        self.patience = patience
        self.best = float("inf")
        self.best_step = -1
        self._step = -1

    def update(self, loss: float) -> bool:
        """Take in the loss of the next step; True where it is time to stop. An equal loss is not smaller."""
        self._step += 1
        if loss < self.best:
            self.best = loss
            self.best_step = self._step
            return False
        return self._step - self.best_step >= self.patience
