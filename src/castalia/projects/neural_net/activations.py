"""Activations: what stands between two linear maps, so that they are more than one.

Each is y = f(x) for every number by itself (softmax: for every row), with dL/dx = dL/dy * f'(x). They are written so
that no input overflows: an exponential only ever gets what is not positive.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit import special
from castalia.projects.neural_net.layers import Layer

Array = NDArray[Any]
Generator = np.random.Generator | None


class ReLU(Layer):
    """max(x, 0). Its slope at 0 is taken as 0."""

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._y = np.maximum(x, 0, out=self._room("y", x.shape, x.dtype))
        return self._y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        gradient *= self._y > 0
        return gradient


class LeakyReLU(Layer):
    """x, or ``slope`` times x where x is negative: no unit is ever dead (Maas et al. 2013)."""

    def __init__(self, slope: float = 0.01) -> None:
        if not 0 <= slope <= 1:
            raise WrongInput("slope out of bounds", f"{slope}", "0 to 1", field="slope")
        self.slope = slope

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._x, y = x, self._room("y", x.shape, x.dtype)
        np.multiply(x, x.dtype.type(self.slope), out=y)
        return np.maximum(y, x, out=y)

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        gradient *= np.where(self._x > 0, gradient.dtype.type(1), gradient.dtype.type(self.slope))
        return gradient

    def __repr__(self) -> str:
        return f"LeakyReLU({self.slope})"


class Tanh(Layer):
    """tanh(x); f' = 1 - y^2."""

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._y = np.tanh(x, out=self._room("y", x.shape, x.dtype))
        return self._y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        gradient *= 1 - self._y * self._y
        return gradient


class Sigmoid(Layer):
    """1 / (1 + exp(-x)); f' = y (1 - y)."""

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._y = sigmoid(x)
        return self._y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        gradient *= self._y * (1 - self._y)
        return gradient


class SiLU(Layer):
    """x sigmoid(x), also called swish; f' = s + x s (1 - s) with s = sigmoid(x) (Elfwing et al. 2018)."""

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._x, self._s = x, sigmoid(x)
        return np.asarray(x * self._s)

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        gradient *= self._s * (1 + self._x * (1 - self._s))
        return gradient


class GELU(Layer):
    """x times the probability that a standard normal number is below x (Hendrycks and Gimpel 2016), exactly.

    f' = Phi(x) + x phi(x), with the normal's cdf Phi and density phi.
    """

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._x, self._below = x, special.normal_cdf(x)
        return np.asarray(x * self._below)

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        gradient *= self._below + self._x * special.normal_pdf(self._x)
        return gradient


class Softmax(Layer):
    """exp(x) over its sum along the last axis, as a layer of its own.

    dL/dx = y (dL/dy - sum(dL/dy y)): every output depends on every input of its row. Before a cross-entropy leave it
    out: ``losses.CrossEntropy`` has it inside, where nothing can overflow.
    """

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._y = softmax(x)
        return self._y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        gradient -= np.sum(gradient * self._y, axis=-1, keepdims=True)
        gradient *= self._y
        return gradient


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), split by sign: exp(-|x|) never overflows, and small values keep their digits."""
    small = np.exp(-np.abs(x)) if x.dtype.kind != "c" else np.exp(np.where(x.real > 0, -x, x))
    return np.asarray(np.where(x.real >= 0, x.dtype.type(1), small) / (1 + small))


def softmax(x: Array) -> Array:
    """exp(x) over its sum along the last axis. The row's maximum is taken off first: the ratio stays the same."""
    powers = np.exp(x - x.real.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
