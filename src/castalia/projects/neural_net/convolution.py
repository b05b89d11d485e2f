"""Layers for images (n, channels, height, width): convolution and pooling.

A convolution is a dense layer that looks at one window after another with the same weights. So it is computed as one
matrix product an image: the numbers under each place of the window are laid side by side ("im2col"), here by copying
whole planes, each shifted by one place. With stride 1 a shifted plane is one piece of memory: rows follow each other,
and what comes out beyond a row's end is cut off afterwards. That is why this is several times faster than gathering
windows one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.projects.neural_net import initial
from castalia.projects.neural_net.layers import Layer, Shape

Array = NDArray[Any]
Generator = np.random.Generator | None

_CHUNK = 1 << 18
"""Numbers of planes at a time."""


class Conv(Layer):
    """y[o] = b[o] + sum over c, i, j of W[o, c, i, j] x[c, top + i * dilation, left + j * dilation].

    ``padding`` zeros on each side; a step of ``stride`` between windows. As everywhere in this field the kernel is not
    turned round, so it is a cross-correlation. It leaves (height + 2 padding - dilation (kernel - 1) - 1) // stride + 1
    rows.
    """

    def __init__(
        self, channels: int, kernel: int | tuple[int, int] = 3, *, stride: int = 1, padding: int = 0, dilation: int = 1,
        start: initial.Start = initial.he,
    ) -> None:  # fmt: skip
        self.channels, self.stride, self.padding, self.dilation = channels, stride, padding, dilation
        self.kernel = (kernel, kernel) if isinstance(kernel, int) else tuple(kernel)
        self._start = start
        if min(channels, stride, dilation, *self.kernel) < 1 or padding < 0:
            raise WrongInput("a convolution that is none", repr(self), "channels, kernel, stride, dilation from 1")

    def build(self, entry: Shape) -> Shape:
        self.entry = _image(entry, "a convolution")
        _, height, width = entry
        self._padded = (height + 2 * self.padding, width + 2 * self.padding)
        self._out = tuple(
            (size - self.dilation * (kernel - 1) - 1) // self.stride + 1
            for size, kernel in zip(self._padded, self.kernel, strict=True)
        )
        if min(self._out) < 1:
            got = f"a window of {self.kernel}, dilation {self.dilation}"
            raise WrongInput("the window is larger than the image", got, f"at most {self._padded}")
        return (self.channels, *self._out)

    def shapes(self) -> dict[str, Shape]:
        return {"weight": (self.channels, self.entry[0], *self.kernel), "bias": (self.channels,)}

    def begin(self, rng: np.random.Generator) -> None:
        places = self.kernel[0] * self.kernel[1]
        self._start(self.values["weight"], self.entry[0] * places, self.channels * places, rng)
        self.values["bias"][...] = 0

    @property
    def _columns(self) -> int:
        """Planes that are shifted whole have as many columns as the padded image; with a stride, as the answer."""
        return self._padded[1] if self.stride == 1 else self._out[1]

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._x = self._pad(x)
        rows, columns = self._out[0], self._columns
        y = self._room("y", (len(x), self.channels, rows, columns), x.dtype)
        weight = self._flat(self.values["weight"])
        for some in self._chunks(len(x)):
            np.matmul(weight, self._unfold(self._x[some]), out=y[some].reshape(-1, self.channels, rows * columns))
        y += self.values["bias"][:, None, None]
        return y[..., : self._out[1]]

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        n, rows, columns = len(gradient), self._out[0], self._columns
        if columns != self._out[1]:  # what stands beyond a row's end was nobody's answer
            wide = self._room("wide", (n, self.channels, rows, columns), gradient.dtype)
            wide[..., self._out[1] :] = 0
            wide[..., : self._out[1]] = gradient
            gradient = wide
        slopes = gradient.reshape(n, self.channels, rows * columns)
        np.sum(slopes, axis=(0, 2), out=self.gradients["bias"])
        weight = self._flat(self.values["weight"])
        total = np.zeros(weight.shape, gradient.dtype)
        below = self._room("below", self._x.shape, gradient.dtype) if wanted else self._x
        for some in self._chunks(n):
            planes = self._unfold(self._x[some])
            total += np.matmul(slopes[some], planes.transpose(0, 2, 1)).sum(axis=0)
            if wanted:
                np.matmul(weight.T, slopes[some], out=planes)
                self._fold(planes, below[some])
        shape = (self.channels, *self.kernel, self.entry[0])
        self.gradients["weight"][...] = total.reshape(shape).transpose(0, 3, 1, 2)
        return self._crop(below) if wanted else gradient

    def _chunks(self, n: int) -> list[slice]:
        """Images whose planes fit into the cache together."""
        size = max(1, _CHUNK // (self._places * self.entry[0] * self._out[0] * self._columns))
        return [slice(at, min(n, at + size)) for at in range(0, n, size)]

    @property
    def _places(self) -> int:
        return self.kernel[0] * self.kernel[1]

    def _flat(self, weight: Array) -> Array:
        """(channels, places * channels before): in the order in which planes are laid."""
        return np.ascontiguousarray(weight.transpose(0, 2, 3, 1)).reshape(self.channels, -1)

    def _shifted(self, images: Array, place: int) -> Array:
        """What stands under one place of the window as it moves over each image: a view (n, channels, ...)."""
        down, right = (each * self.dilation for each in divmod(place, self.kernel[1]))
        if self.stride == 1:
            start = down * self._padded[1] + right
            return images[:, :, start : start + self._out[0] * self._padded[1]]
        whole = images[:, :, : self._padded[0] * self._padded[1]].reshape(*images.shape[:2], *self._padded)
        rows, columns = ((size - 1) * self.stride + 1 for size in self._out)
        return whole[:, :, down : down + rows : self.stride, right : right + columns : self.stride]

    def _unfold(self, images: Array) -> Array:
        """(n, places * channels, rows * columns) of padded images."""
        before, n = self.entry[0], len(images)
        planes = self._room("planes", (n, self._places * before, self._out[0] * self._columns), images.dtype)
        for place in range(self._places):
            view = self._shifted(images, place)
            planes[:, place * before : (place + 1) * before].reshape(view.shape)[...] = view
        return planes

    def _fold(self, planes: Array, images: Array) -> None:
        """The way back of ``_unfold``: what was copied to several windows gets the sum of their gradients."""
        before = self.entry[0]
        images[...] = 0
        for place in range(self._places):
            view = self._shifted(images, place)
            view += planes[:, place * before : (place + 1) * before].reshape(view.shape)

    def _pad(self, x: Array) -> Array:
        """(n, channels, padded height * padded width and a little more, so that the last shift stays inside)."""
        height, width = self._padded
        spare = self.dilation * (self.kernel[1] - 1)
        room = self._room("padded", (len(x), self.entry[0], height * width + spare), x.dtype)
        if self.padding or spare:
            room[...] = 0
        self._crop(room)[...] = x
        return room

    def _crop(self, room: Array) -> Array:
        height, width = self._padded
        whole = room[:, :, : height * width].reshape(len(room), self.entry[0], height, width)
        return whole[:, :, self.padding : height - self.padding, self.padding : width - self.padding]

    def __repr__(self) -> str:
        usual = {"stride": 1, "padding": 0, "dilation": 1}
        more = "".join(
            f", {name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value
        )
        kernel = self.kernel[0] if self.kernel[0] == self.kernel[1] else self.kernel
        return f"Conv({self.channels}, {kernel}{more})"


class MaxPool(Layer):
    """The largest number of each window of ``size`` by ``size``. Windows do not overlap; the edge's rest is left out.

    Its gradient goes to the first of those that are largest, as in torch.
    """

    def __init__(self, size: int = 2) -> None:
        if size < 1:
            raise WrongInput("a window without numbers", f"{size}", "at least 1", field="size")
        self.size = size

    def build(self, entry: Shape) -> Shape:
        self.entry = _image(entry, "pooling")
        out = (entry[0], entry[1] // self.size, entry[2] // self.size)
        if min(out) < 1:
            raise WrongInput("the window is larger than the image", f"{self.size}", f"at most {min(entry[1:])}")
        return out

    def _windows(self, x: Array) -> list[Array]:
        """x at each place of its window, in the order of reading: (n, channels, height // size, width // size)."""
        rows, columns = (length // self.size * self.size for length in self.entry[1:])
        places = range(self.size)
        return [x[:, :, i : rows : self.size, j : columns : self.size] for i in places for j in places]

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._x, windows = x, self._windows(x)
        y = self._room("y", windows[0].shape, x.dtype)
        y[...] = windows[0]
        for window in windows[1:]:
            np.maximum(y, window, out=y)
        self._y = y
        return y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        below = self._room("below", self._x.shape, gradient.dtype)
        below[...] = 0
        open_ = np.ones(gradient.shape, np.bool_)
        for window, under in zip(self._windows(self._x), self._windows(below), strict=True):
            chosen = open_ & (window == self._y)
            np.multiply(gradient, chosen, out=under)
            open_ &= ~chosen
        return below

    def __repr__(self) -> str:
        return f"MaxPool({self.size})"


class MeanPool(MaxPool):
    """The mean of each window of ``size`` by ``size``."""

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        self._x, windows = x, self._windows(x)
        y = self._room("y", windows[0].shape, x.dtype)
        y[...] = windows[0]
        for window in windows[1:]:
            y += window
        y /= len(windows)
        return y

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        below = self._room("below", self._x.shape, gradient.dtype)
        below[...] = 0
        gradient /= self.size * self.size
        for under in self._windows(below):
            under[...] = gradient
        return below

    def __repr__(self) -> str:
        return f"MeanPool({self.size})"


class GlobalMean(Layer):
    """The mean of each channel's plane: (n, channels, height, width) to (n, channels)."""

    def build(self, entry: Shape) -> Shape:
        self.entry = _image(entry, "pooling")
        return entry[:1]

    def forward(self, x: Array, learning: bool, rng: Generator) -> Array:
        return np.asarray(x.mean(axis=(2, 3)))

    def backward(self, gradient: Array, wanted: bool = True) -> Array:
        share = gradient / (self.entry[1] * self.entry[2])
        return np.broadcast_to(share[:, :, None, None], (len(gradient), *self.entry)).copy()


def _image(entry: Shape, what: str) -> Shape:
    if len(entry) != 3:
        cure = "Put a Reshape(channels, height, width) before it."
        raise WrongInput(f"{what} takes images", f"rows of shape {entry}", "(channels, height, width)", cure)
    return entry
