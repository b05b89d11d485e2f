"""What a network is made of: a layer with parameters, dense layers, dropout and the change of shape.

A layer is asked three things. ``build``: which shape a row has after it. ``forward``: from a batch x (n, ...) to y.
``backward``: from dL/dy to dL/dx, while it writes dL/d(its parameters). So the chain rule is a loop over the layers
from the last to the first, and each layer knows only itself.

Arrays that a layer returns are its own, and are written over by its next call: training then allocates nothing. What
``backward`` is given it may use up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit import optim
from castalia.projects.neural_net import initial

Array = NDArray[Any]
Shape = tuple[int, ...]


class Layer:
    """A step of a network. Without parameters unless ``shapes`` names some."""

    DECAYED: ClassVar[tuple[str, ...]] = ("weight",)
    """The parameters that weight decay pulls at: never biases, nor the scales of a normalisation."""

    entry: Shape = ()
    """The shape of one row before it; set by ``build``."""

    def build(self, entry: Shape) -> Shape:
        """Take the shape of one row, return the shape it has afterwards. WrongInput where that does not fit."""
        self.entry = entry
        return entry

    def shapes(self) -> dict[str, Shape]:
        """The parameters by name, with their shapes."""
        return {}

    def bind(self, values: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Take the places in the network's vectors where the parameters and their gradients live."""
        self.values, self.gradients = dict(values), dict(gradients)
        self._rooms: dict[str, Array] = {}

    def begin(self, rng: np.random.Generator) -> None:
        """Fill the parameters with what training starts from."""

    def forward(self, x: Array, learning: bool, rng: np.random.Generator | None) -> Array:
        """y of a batch x (n, *entry). ``learning`` is what dropout and batch normalisation ask."""
        raise NotImplementedError

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        """dL/dx from dL/dy (n, ...), of the last ``forward``; ``wanted`` is False where nobody asks for dL/dx."""
        raise NotImplementedError

    def state(self) -> dict[str, Array]:
        """What is learnt and is no parameter, such as running means; arrays that ``forward`` changes."""
        return {}

    def _room(self, name: str, shape: Shape, dtype: Any) -> Array:
        """An array to write into: made for the largest batch so far, and cut for a smaller one."""
        room = self._rooms.get(name)
        if room is not None and room.shape == shape and room.dtype == dtype:
            return room
        if room is None or room.dtype != dtype or room.shape[1:] != shape[1:] or len(room) < shape[0]:
            room = self._rooms[name] = optim.aligned(shape, dtype)
        return room[: shape[0]]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Dense(Layer):
    """y = x W + b: every unit sees every number. x (n, inputs), W (inputs, units), b (units,)."""

    def __init__(self, units: int, *, start: initial.Start = initial.he) -> None:
        if units < 1:
            raise WrongInput("a dense layer without units", f"{units}", "at least 1", field="units")
        self.units, self._start = units, start

    def build(self, entry: Shape) -> Shape:
        if len(entry) != 1:
            cure = "Put a Flatten before it."
            raise WrongInput("a dense layer takes rows of numbers", f"shape {entry}", "one axis", cure)
        self.entry = entry
        return (self.units,)

    def shapes(self) -> dict[str, Shape]:
        return {"weight": (self.entry[0], self.units), "bias": (self.units,)}

    def begin(self, rng: np.random.Generator) -> None:
        self._start(self.values["weight"], self.entry[0], self.units, rng)
        self.values["bias"][...] = 0

    def forward(self, x: Array, learning: bool, rng: np.random.Generator | None) -> Array:
        self._x = x
        y = np.matmul(x, self.values["weight"], out=self._room("y", (len(x), self.units), x.dtype))
        y += self.values["bias"]
        return y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        np.matmul(self._x.T, gradient, out=self.gradients["weight"])
        np.add.reduce(gradient, axis=0, out=self.gradients["bias"])
        if not wanted:
            return gradient
        below = self._room("below", self._x.shape, gradient.dtype)
        return np.matmul(gradient, self.values["weight"].T, out=below)

    def __repr__(self) -> str:
        return f"Dense({self.units})"


class Flatten(Layer):
    """(n, channels, height, width) to (n, numbers)."""

    def build(self, entry: Shape) -> Shape:
        self.entry = entry
        return (int(np.prod(entry)),)

    def forward(self, x: Array, learning: bool, rng: np.random.Generator | None) -> Array:
        return x.reshape(len(x), int(np.prod(self.entry)))

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        return gradient.reshape(len(gradient), *self.entry)


class Reshape(Layer):
    """(n, numbers) to (n, *shape): rows of pixels to images."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def build(self, entry: Shape) -> Shape:
        if int(np.prod(entry)) != int(np.prod(self.shape)):
            raise WrongInput("another number of numbers", f"{entry} to {self.shape}", "as many before as after")
        self.entry = entry
        return self.shape

    def forward(self, x: Array, learning: bool, rng: np.random.Generator | None) -> Array:
        return x.reshape(len(x), *self.shape)

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        return gradient.reshape(len(gradient), *self.entry)

    def __repr__(self) -> str:
        return f"Reshape{self.shape}"


class Dropout(Layer):
    """While learning each number is dropped with probability ``rate``, and the others are divided by 1 - rate.

    So the expectation of y is x, and nothing needs scaling afterwards (Srivastava et al. 2014, "inverted").
    """

    def __init__(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise WrongInput("dropout out of bounds", f"{rate}", "0 <= rate < 1", field="rate")
        self.rate = rate

    def forward(self, x: Array, learning: bool, rng: np.random.Generator | None) -> Array:
        self._mask: Array | None = None
        if not learning or not self.rate:
            return x
        assert rng is not None, "dropout needs a generator"
        mask = self._mask = self._room("mask", x.shape, x.dtype)
        np.greater_equal(rng.random(x.shape, dtype=np.float32), self.rate, out=mask)
        mask /= 1 - self.rate
        return np.multiply(x, mask, out=self._room("y", x.shape, x.dtype))

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        if self._mask is not None:
            gradient *= self._mask
        return gradient

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"
