"""M3: scores by their definitions, pair by pair and row by row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def accuracy(actual: Array, predicted: Array) -> float:
    return sum(int(a == b) for a, b in zip(actual, predicted, strict=True)) / len(actual)


def precision(actual: Array, predicted: Array) -> float:
    called = [int(a) for a, b in zip(actual, predicted, strict=True) if b == 1]
    return sum(called) / len(called) if called else 0.0


def recall(actual: Array, predicted: Array) -> float:
    return precision(predicted, actual)


def f1(actual: Array, predicted: Array) -> float:
    a, b = precision(actual, predicted), recall(actual, predicted)
    return 2 * a * b / (a + b) if a + b else 0.0


DEFINED = {"accuracy": accuracy, "precision": precision, "recall": recall, "f1": f1}


def pairwise(actual: Array, scores: Array) -> float:
    """Every 1 with every 0, a tie being half."""
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a in scores[actual == 1] for b in scores[actual == 0]]
    return math.fsum(wins) / len(wins)


def log_loss(actual: Array, probabilities: Array) -> float:
    given = (p if a == 1 else 1.0 - p for a, p in zip(actual.tolist(), probabilities.tolist(), strict=True))
    return math.fsum(-math.log(max(p, 1e-15)) for p in given) / len(actual)


def calibration_error(actual: Array, probabilities: Array, bins: int = 10) -> float:
    total = 0.0
    for place in range(bins):
        inside = [(float(p), int(a)) for a, p in zip(actual, probabilities, strict=True)
                  if place / bins <= p < (place + 1) / bins or (p == 1.0 and place == bins - 1)]  # fmt: skip
        if inside:
            gap = math.fsum(p for p, _ in inside) / len(inside) - sum(a for _, a in inside) / len(inside)
            total += abs(gap) * len(inside) / len(actual)
    return total
