"""Losses: how wrong a batch is, as a mean over its rows, and the gradient of that mean.

``loss(scores, target)`` returns the *sum* over rows and writes dL/dscores of the *mean* into ``scores``. The sum,
because then a short last batch counts by its rows in an epoch's mean; the mean's gradient, because then a step does not
depend on the size of the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.projects.neural_net.activations import sigmoid

Array = NDArray[Any]


class Loss:
    """A loss of scores (n, outputs) against a target."""

    def __call__(self, scores: Array, target: Array) -> Any:
        """The sum of the losses of n rows, a float; ``scores`` becomes the gradient of their mean, in place."""
        raise NotImplementedError

    def answers(self, scores: Array) -> Array:
        """What a person is told: probabilities for a class, the number itself for a regression."""
        return scores


class CrossEntropy(Loss):
    """-log softmax(scores)[target], for target (n,) of class numbers; the gradient is softmax minus one-hot.

    Fused, because the parts overflow where the whole does not: with the row's maximum taken off, scores of plus and
    minus ten thousand give finite losses even in float32.
    """

    def __call__(self, scores: Array, target: Array) -> Any:
        labels = _labels(scores, target)
        n, rows = len(labels), np.arange(len(labels))
        scores -= scores[rows, scores.real.argmax(axis=1)].real[:, None]  # as max(axis=1) does, but sooner
        right = scores[rows, labels]
        np.exp(scores, out=scores)
        totals = np.add.reduce(scores, axis=1, keepdims=True)
        loss = _total(np.log(totals[:, 0]) - right)
        scores /= totals
        scores[rows, labels] -= 1
        scores /= n
        return loss

    def answers(self, scores: Array) -> Array:
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


class BinaryCrossEntropy(Loss):
    """-y log s - (1 - y) log(1 - s) with s = sigmoid(score), for target (n,) or (n, outputs) between 0 and 1.

    As max(x, 0) - x y + log(1 + exp(-|x|)), which neither overflows nor takes the log of zero. Gradient: s - y.
    """

    def __call__(self, scores: Array, target: Array) -> Any:
        y = _like(scores, target)
        if y.size and (y.min() < 0 or y.max() > 1):
            raise WrongInput("targets are no probabilities", f"{y.min()} to {y.max()}", "0 to 1", field="target")
        size = np.where(scores.real > 0, scores, -scores)
        loss = _total(np.maximum(scores.real, 0) - scores * y + np.log1p(np.exp(-size)) + _tilt(scores))
        scores[...] = (sigmoid(scores) - y) / max(1, scores.shape[0])
        return loss

    def answers(self, scores: Array) -> Array:
        return sigmoid(scores)


class SquaredError(Loss):
    """Half the squared distance of a row's scores to its target (n, outputs); gradient: the difference."""

    def __call__(self, scores: Array, target: Array) -> Any:
        scores -= _like(scores, target)
        loss = 0.5 * _total(scores * scores)
        scores /= max(1, len(scores))
        return loss


class Huber(Loss):
    """Squared error for what is near, absolute error for what is farther than ``delta``: outliers pull less.

    d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2) (Huber 1964). The gradient is d, cut at delta and -delta.
    """

    def __init__(self, delta: float = 1.0) -> None:
        if not delta > 0:
            raise WrongInput("delta out of bounds", f"{delta}", "above 0", field="delta")
        self.delta = delta

    def __call__(self, scores: Array, target: Array) -> Any:
        scores -= _like(scores, target)
        cut = np.clip(scores, -self.delta, self.delta)
        loss = _total(cut * (scores - 0.5 * cut))
        scores[...] = cut / max(1, len(scores))
        return loss


def _tilt(scores: Array) -> Array | float:
    """The imaginary part of max(x, 0), for a derivative by a complex step."""
    return 1j * np.where(scores.real > 0, scores.imag, 0.0) if scores.dtype.kind == "c" else 0.0


def _total(values: Array) -> Any:
    """The sum, in double precision."""
    if values.dtype.kind == "c":
        return values.sum(dtype=np.complex128)
    return float(values.sum(dtype=np.float64))


def _labels(scores: Array, target: Array) -> Array:
    labels = np.asarray(target)
    if labels.shape != scores.shape[:1] or labels.dtype.kind not in "iu":
        got, expected = f"{labels.dtype} {labels.shape}", f"whole numbers ({len(scores)},)"
        raise WrongInput("labels do not fit", got, expected, field="target")
    if labels.size and (labels.min() < 0 or labels.max() >= scores.shape[1]):
        got = f"{labels.min()} to {labels.max()}"
        raise WrongInput("a label is no class", got, f"0 to {scores.shape[1] - 1}", field="target")
    return labels


def _like(scores: Array, target: Array) -> Array:
    values = np.asarray(target)
    if values.shape == scores.shape[:1] and scores.shape[1:] == (1,):
        values = values[:, None]
    if values.shape != scores.shape:
        raise WrongInput("targets do not fit", f"shape {values.shape}", f"{scores.shape}", field="target")
    return values
