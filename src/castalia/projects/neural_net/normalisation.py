"""Normalisation: numbers brought to mean 0 and variance 1, then scaled and shifted by what is learnt.

Batch normalisation takes mean and variance over the batch for each feature (Ioffe and Szegedy 2015), layer
normalisation over the features of each row (Ba et al. 2016). With z = (x - mean) / sqrt(variance + epsilon) and
y = scale z + shift, and g = dL/dy * scale, both go back by

    dL/dx = (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon)

with the means taken over what was normalised together: the two that are taken off are the ways by which x moved mean
and variance.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.projects.neural_net.layers import Layer, Shape

Array = NDArray[Any]
Generator = np.random.Generator | None


class _Normal(Layer):
    DECAYED: ClassVar[tuple[str, ...]] = ()

    def __init__(self, epsilon: float) -> None:
        if not epsilon > 0:
            raise WrongInput("epsilon out of bounds", f"{epsilon}", "above 0", field="epsilon")
        self.epsilon = epsilon

    def begin(self, rng: np.random.Generator) -> None:
        self.values["scale"][...] = 1
        self.values["shift"][...] = 0

    def _normalise(self, x: Array, axes: tuple[int, ...], shape: Shape) -> tuple[Array, Array, Array]:
        mean = x.mean(axis=axes, keepdims=True)
        z = np.subtract(x, mean, out=self._room("z", x.shape, x.dtype))
        variance = np.mean(z * z, axis=axes, keepdims=True)
        self._spread = np.sqrt(variance + x.dtype.type(self.epsilon))
        z /= self._spread
        self._z = z
        return self._scaled(z, shape), mean, variance

    def _scaled(self, z: Array, shape: Shape) -> Array:
        y = np.multiply(z, self.values["scale"].reshape(shape), out=self._room("y", z.shape, z.dtype))
        y += self.values["shift"].reshape(shape)
        return y

    def _parameters(self, gradient: Array, over: tuple[int, ...]) -> None:
        self.gradients["scale"][...] = np.sum(gradient * self._z, axis=over).ravel()
        self.gradients["shift"][...] = np.sum(gradient, axis=over).ravel()

    def _back(self, gradient: Array, axes: tuple[int, ...], shape: Shape) -> Array:
        gradient *= self.values["scale"].reshape(shape)
        along = np.mean(gradient * self._z, axis=axes, keepdims=True)
        gradient -= gradient.mean(axis=axes, keepdims=True)
        gradient -= self._z * along
        gradient /= self._spread
        return gradient


class BatchNorm(_Normal):
    """Over the batch, for each feature; for images over the batch and all places, for each channel.

    While learning, running mean and variance move by ``momentum`` towards the batch's (the variance as n / (n - 1) of
    it, as torch does); afterwards they take the batch's place. A batch of one row has no variance: WrongInput.
    """

    def __init__(self, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__(epsilon)
        if not 0 < momentum <= 1:
            raise WrongInput("momentum out of bounds", f"{momentum}", "above 0, at most 1", field="momentum")
        self.momentum = momentum

    def build(self, entry: Shape) -> Shape:
        self.entry = entry
        self._axes = (0, *range(2, len(entry) + 1))
        self._shape = (1, -1, *(1 for _ in entry[1:]))
        self.mean, self.variance = np.zeros(entry[0]), np.ones(entry[0])
        return entry

    def shapes(self) -> dict[str, Shape]:
        return {"scale": self.entry[:1], "shift": self.entry[:1]}

    def state(self) -> dict[str, Array]:
        return {"mean": self.mean, "variance": self.variance}

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._learning = learning
        if not learning:
            self._spread = np.sqrt(self.variance + self.epsilon).astype(x.dtype).reshape(self._shape)
            self._z = (x - self.mean.astype(x.dtype).reshape(self._shape)) / self._spread
            return self._scaled(self._z, self._shape)
        count = x.size // self.entry[0]
        if count < 2:
            raise WrongInput("one number has no variance", "a batch of one row", "at least two", field="x")
        y, mean, variance = self._normalise(x, self._axes, self._shape)
        if x.dtype.kind == "f":
            self.mean += self.momentum * (mean.ravel() - self.mean)
            self.variance += self.momentum * (variance.ravel() * (count / (count - 1)) - self.variance)
        return y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        self._parameters(gradient, self._axes)
        if self._learning:
            return self._back(gradient, self._axes, self._shape)
        gradient *= self.values["scale"].reshape(self._shape)
        gradient /= self._spread
        return gradient


class LayerNorm(_Normal):
    """Over all features of each row; what is learnt is a scale and a shift for each of them."""

    def __init__(self, epsilon: float = 1e-5) -> None:
        super().__init__(epsilon)

    def build(self, entry: Shape) -> Shape:
        self.entry = entry
        self._axes = tuple(range(1, len(entry) + 1))
        return entry

    def shapes(self) -> dict[str, Shape]:
        return {"scale": self.entry, "shift": self.entry}

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        return self._normalise(x, self._axes, (1, *self.entry))[0]

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        self.gradients["scale"][...] = np.sum(gradient * self._z, axis=0)
        self.gradients["shift"][...] = np.sum(gradient, axis=0)
        return self._back(gradient, self._axes, (1, *self.entry))
