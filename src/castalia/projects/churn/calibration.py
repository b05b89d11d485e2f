"""Making a score mean what it says: of a hundred people at 0.3, about thirty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(scores: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow, float64."""
    return np.exp(-np.logaddexp(0, -np.asarray(scores, dtype=np.float64)))


@dataclass(frozen=True)
class Sigmoid:
    """Platt's correction of log-odds: slope * score + offset. The slope is positive, so no ranking changes."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, scores: Array) -> Array:
        return self.slope * np.asarray(scores, dtype=np.float64) + self.offset

    @classmethod
    def fit(cls, scores: Array, labels: Array) -> Sigmoid:
        """The slope and offset of least log loss, by Newton's method; the identity where it would turn the ranking."""
        x = np.stack([scores, np.ones_like(scores)], axis=1)
        theta = np.array([1.0, 0.0])
        for _ in range(50):
            risk = sigmoid(x @ theta)
            gradient = x.T @ (risk - labels)
            hessian = (x * (risk * (1 - risk))[:, None]).T @ x + 1e-9 * np.eye(2)
            step = np.linalg.solve(hessian, gradient)
            theta = theta - step
            if np.abs(step).max() < 1e-10:
                break
        if not (np.isfinite(theta).all() and theta[0] > 0):
            return cls()
        return cls(float(theta[0]), float(theta[1]))


def calibrated(scores: Array, labels: Array, folds: int, seed: int) -> Sigmoid:
    """The correction fitted on all ``scores``, if corrections fitted on parts of them help on the other parts."""
    from castalia import data

    before = after = 0.0
    for learn, ask in data.folds(len(labels), folds, seed=seed + 1, stratify=labels):
        part = Sigmoid.fit(scores[learn], labels[learn])
        sign = np.where(labels[ask] == 1, -1.0, 1.0)
        before += float(np.logaddexp(0, sign * scores[ask]).sum())
        after += float(np.logaddexp(0, sign * part(scores[ask])).sum())
    return Sigmoid.fit(scores, labels) if after < before else Sigmoid()


def curve(labels: Array, risk: Array, bins: int = 15) -> list[dict[str, float]]:
    """Bins of equal width that hold anyone: mean risk said, share that came true, how many."""
    place = np.minimum((risk * bins).astype(int), bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            said, came = float(risk[inside].mean()), float(labels[inside].mean())
            found.append({"said": said, "came": came, "rows": int(inside.sum())})
    return found


def expected_error(labels: Array, risk: Array, bins: int = 15) -> float:
    """ECE: the gap between what was said and what came true, averaged over people in bins of equal width."""
    rows = curve(labels, risk, bins)
    return float(sum(row["rows"] * abs(row["said"] - row["came"]) for row in rows) / len(labels))
