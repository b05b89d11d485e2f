"""Pictures read at places between their pixels: bilinear for light, nearest for masks.

On NumPy the four neighbours are gathered here; on torch its own grid_sample does it, on the tensor's device. The
coordinates come from one place.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit.images.arrays import Pixels, kind_of, like, namespace, to_kind

Border = Literal["constant", "edge", "symmetric"]
BORDERS = {"constant": "zeros", "edge": "border", "symmetric": "reflection"}
"""What lies outside: one value, the nearest pixel, the picture mirrored at its edge. With torch's names."""

CHUNK = 1 << 14
"""Pixels worked on at a time, so that what lies between stays in the cache."""


def inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2, 3) of the way back. WrongInput where one has none."""
    linear = matrix[:, :, :2]
    if not np.isfinite(matrix).all() or (np.abs(np.linalg.det(linear)) < 1e-9).any():
        raise WrongInput(
            "a matrix has no way back", "determinant 0 or not finite", "(n, 2, 3), invertible", field="matrix"
        )
    back = np.linalg.inv(linear)
    return np.concatenate([back, -back @ matrix[:, :, 2:]], axis=2)


def sources(back: NDArray[np.float64], size: tuple[int, int], x: Pixels) -> tuple[Any, Any]:
    """Where every pixel of ``size`` comes from: (x, y) in pixel numbers, two arrays (n, h, w) of ``x``'s library."""
    kind = "float64" if kind_of(x) == "float64" else "float32"
    across = np.arange(size[1]) + 0.5
    down = np.arange(size[0]) + 0.5
    found = []
    for row in (0, 1):
        first = back[:, row, 0, None] * across - 0.5
        second = back[:, row, 1, None] * down + back[:, row, 2, None]
        found.append(to_kind(like(first, x), kind)[:, None, :] + to_kind(like(second, x), kind)[:, :, None])
    return found[0], found[1]


def bilinear(x: Pixels, back: NDArray[np.float64], border: Border = "constant", fill: float = 0.0) -> Pixels:
    """Floats (n, c, h, w), each picture read through its ``back`` (n, 2, 3)."""
    xp = namespace(x)
    size = (int(x.shape[2]), int(x.shape[3]))
    if xp is np:
        made = np.empty((len(x), *size, x.shape[1]), dtype=x.dtype)
        step = max(1, CHUNK // (size[0] * size[1]))
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            made[part] = _gathered(np.moveaxis(x[part], 1, -1), *sources(back[part], size, x), border, fill)
        return np.moveaxis(made, -1, 1)
    across, down = sources(back, size, x)
    grid = xp.stack([(2 * across + 1) / size[1] - 1, (2 * down + 1) / size[0] - 1], dim=-1)
    shift = fill if border == "constant" else 0.0
    read = xp.nn.functional.grid_sample(
        x - shift if shift else x, grid, mode="bilinear", padding_mode=BORDERS[border], align_corners=False
    )
    return read + shift if shift else read


def nearest(masks: Any, back: NDArray[np.float64], border: Border = "constant") -> Any:
    """Masks (n, h, w) of any dtype; 0 outside, or the border."""
    xp = namespace(masks)
    n, height, width = (int(each) for each in masks.shape)
    across, down = sources(back, (height, width), masks)
    column, row = xp.floor(_folded(across, width, border) + 0.5), xp.floor(_folded(down, height, border) + 0.5)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    base = like(np.arange(n)[:, None, None] * (height * width), masks)
    at = base + to_kind(xp.where(inside, row * width + column, 0 * row), "int64")
    read = masks.reshape(-1)[at]
    return xp.where(inside, read, xp.zeros_like(read))


def _folded(place: Any, length: int, border: Border) -> Any:
    """Places outside brought to where their value is: kept near the edge where it is one value, else inside."""
    xp = namespace(place)
    if border == "constant":
        return xp.clip(place, -1.0, float(length))
    if border == "symmetric":
        around = (place + 0.5) % (2.0 * length)
        place = xp.where(around > length, 2.0 * length - around, around) - 0.5
    return xp.clip(place, 0.0, length - 1.0)


def _gathered(x: NDArray[Any], across: NDArray[Any], down: NDArray[Any], border: Border, fill: float) -> NDArray[Any]:
    """(n, h, w, c) read at (n, h, w): a frame of ``fill`` around it makes every neighbour exist."""
    n, height, width, channels = x.shape
    wide = 4 if channels == 3 else channels  # NumPy gathers 4 numbers at once much faster than 3
    framed = np.full((n, height + 3, width + 3, wide), fill, dtype=x.dtype)
    framed[:, 1:-2, 1:-2, :channels] = x
    flat = framed.reshape(-1, wide)
    across, down = _folded(across, width, border), _folded(down, height, border)
    column, row = np.floor(across), np.floor(down)
    at = row.astype(np.int64) * (width + 3) + column.astype(np.int64)
    at += np.arange(n)[:, None, None] * ((height + 3) * (width + 3)) + (width + 4)
    right, low = (across - column)[..., None], (down - row)[..., None]
    upper = _between(flat.take(at, axis=0), flat.take(at + 1, axis=0), right)
    at += width + 3
    lower = _between(flat.take(at, axis=0), flat.take(at + 1, axis=0), right)
    return _between(upper, lower, low)[..., :channels]


def _between(a: NDArray[Any], b: NDArray[Any], part: NDArray[Any]) -> NDArray[Any]:
    b -= a
    b *= part
    b += a
    return b
