"""Pictures moved: flipped, cropped, turned, scaled, slanted, shifted. Boxes and masks go along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit.images.arrays import Pixels, like, namespace, to_kind
from castalia.kit.images.augment.composing import Transform, share, span
from castalia.kit.images.augment.draws import Draws
from castalia.kit.images.augment.pictures import Work
from castalia.kit.images.augment.sampling import BORDERS, Border, bilinear, inverse, nearest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Flip(Transform):
    """Left and right change sides."""

    p: float = 0.5
    floats: ClassVar[bool] = False

    def __post_init__(self) -> None:
        share(self.p, "p")

    def apply(self, work: Work, draws: Draws) -> None:
        """Exact."""
        _mirrored(work, 1)


@dataclass(frozen=True)
class FlipVertical(Transform):
    """Top and bottom change sides."""

    p: float = 0.5
    floats: ClassVar[bool] = False

    def __post_init__(self) -> None:
        share(self.p, "p")

    def apply(self, work: Work, draws: Draws) -> None:
        """Exact."""
        _mirrored(work, 0)


@dataclass(frozen=True)
class Crop(Transform):
    """A part of ``size`` (height, width) at a place of its own in every picture, after ``padding`` on all sides."""

    size: tuple[int, int]
    padding: int = 0
    border: Border = "constant"
    fill: float = 0.0
    """As a share of full light."""
    p: float = 1.0
    floats: ClassVar[bool] = False
    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _border(self.border)
        share(self.fill, "fill")
        if self.p != 1:
            raise WrongInput("p does not fit", f"p = {self.p}", "1", "A batch has one size: crop all.", field="p")
        if min(self.size) < 1 or self.padding < 0:
            raise WrongInput(
                "size or padding do not fit", f"{self.size}, {self.padding}", "1 or more; 0 or more", field="size"
            )

    def apply(self, work: Work, draws: Draws) -> None:
        """Exact: pixels are moved, none is mixed."""
        (height, width), (high, wide) = work.size, self.size
        room = height + 2 * self.padding - high, width + 2 * self.padding - wide
        if min(room) < 0:
            raise WrongInput(
                "the crop is larger than the picture", f"{high} x {wide}",
                f"at most {height + 2 * self.padding} x {width + 2 * self.padding}", "Raise padding=.", field="size",
            )  # fmt: skip
        where = np.floor(draws.uniform(2) * (np.array(room) + 1)).astype(np.int64) - self.padding
        rows, columns = where[:, :1] + np.arange(high), where[:, 1:] + np.arange(wide)
        fill = round(self.fill * 255) if str(work.x.dtype).endswith("uint8") else self.fill
        xp = namespace(work.x)
        work.x = xp.moveaxis(_taken(xp.moveaxis(work.x, 1, -1), rows, columns, self.border, fill), -1, 1)
        work.owned = True
        if work.masks is not None:
            work.masks = _taken(work.masks, rows, columns, self.border, 0)
        if work.boxes is not None:
            work.boxes = clipped(work.boxes - np.tile(where[:, None, ::-1], 2), self.size)


@dataclass(frozen=True)
class Affine(Transform):
    """Turned, scaled, slanted and shifted about the middle; read bilinearly.

    ``degrees`` turns counter-clockwise by up to as much on either side; ``scale`` is a span; ``shear`` in degrees on
    either side, along x; ``translate`` as a share of width and height on either side. Outside the picture lies
    ``border``: "constant" (``fill``, a share of full light), "edge" or "symmetric".
    """

    degrees: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0
    translate: float = 0.0
    border: Border = "constant"
    fill: float = 0.0
    p: float = 1.0

    def __post_init__(self) -> None:
        _border(self.border)
        share(self.p, "p")
        share(self.fill, "fill")
        share(self.degrees, "degrees", 180.0)
        share(self.shear, "shear", 80.0)
        share(self.translate, "translate")
        span(self.scale, "scale", 0.01, 100.0)

    def apply(self, work: Work, draws: Draws) -> None:
        """Each picture by its own draw."""
        drawn = draws.uniform(5)
        side = 2 * drawn - 1
        low, high = np.log(self.scale)
        warp(
            work,
            matrices(
                work.size, self.degrees * side[:, 0], np.exp(low + (high - low) * drawn[:, 1]), self.shear * side[:, 2],
                self.translate * side[:, 3:],
            ),
            self.border, self.fill,
        )  # fmt: skip


def matrices(size: tuple[int, int], degrees: Floats, scale: Floats, shear: Floats, translate: Floats) -> Floats:
    """(n, 2, 3): from (x, y) of the old picture to the new one. Slanted first, then scaled, turned and shifted."""
    turn, slant = np.deg2rad(degrees), np.tan(np.deg2rad(shear))
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    # y points down: counter-clockwise to the eye.
    linear = np.stack([np.stack([cosine, slant * cosine + sine], 1), np.stack([-sine, cosine - slant * sine], 1)], 1)
    wide_high = np.array(size[::-1], dtype=np.float64)
    shift = wide_high / 2 - linear @ (wide_high / 2) + translate * wide_high
    return np.concatenate([linear, shift[:, :, None]], axis=2)


def warp(work: Work, matrix: Floats, border: Border = "constant", fill: float = 0.0) -> None:
    """Every picture through its own matrix (n, 2, 3), old to new; masks by the nearest pixel, boxes by corners."""
    back = inverse(matrix)
    work.x, work.owned = bilinear(work.x, back, border, fill), True
    if work.masks is not None:
        work.masks = nearest(work.masks, back, border)
    if work.boxes is not None:
        corners = work.boxes[:, :, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(work.n, -1, 2)
        moved = (corners @ matrix[:, :, :2].swapaxes(1, 2) + matrix[:, None, :, 2]).reshape(work.n, -1, 4, 2)
        work.boxes = clipped(np.concatenate([moved.min(axis=2), moved.max(axis=2)], axis=2), work.size)


def clipped(boxes: Floats, size: tuple[int, int]) -> Floats:
    """Boxes cut at the picture's edge; NaN where nothing is left."""
    high = np.tile(np.array(size[::-1], dtype=np.float64), 2)
    inside = np.clip(boxes, 0, high)
    gone = (inside[..., 2] <= inside[..., 0]) | (inside[..., 3] <= inside[..., 1])
    inside[gone] = np.nan
    return inside


def _mirrored(work: Work, axis: int) -> None:
    """``axis`` 0 is down, 1 is across."""
    if isinstance(work.x, np.ndarray):  # a channel at a time: NumPy copies runs of 3 numbers ten times as slowly
        flipped = np.empty_like(work.x)
        for channel in range(work.x.shape[1]):
            flipped[:, channel] = np.flip(work.x[:, channel], 1 + axis)
        work.x = flipped
    else:
        work.x = work.x.flip(2 + axis)
    work.owned = True
    if work.masks is not None:
        work.masks = namespace(work.masks).flip(work.masks, (1 + axis,))
    if work.boxes is not None:
        length, near, far = work.size[axis], 1 - axis, 3 - axis
        turned = work.boxes.copy()
        turned[..., near], turned[..., far] = length - work.boxes[..., far], length - work.boxes[..., near]
        work.boxes = turned


def _taken(x: Pixels, rows: Ints, columns: Ints, border: Border, fill: float) -> Pixels:
    """Rows (n, h) and columns (n, w) of each picture of (n, H, W, ...); numbers outside follow ``border``."""
    xp = namespace(x)
    if xp is np:
        return _windows(x, rows, columns, border, fill)
    found = []
    for numbers, length in ((rows, int(x.shape[1])), (columns, int(x.shape[2]))):
        if border == "symmetric":
            around = numbers % (2 * length)
            numbers = np.where(around >= length, 2 * length - 1 - around, around)
        found.append((np.clip(numbers, 0, length - 1), (numbers >= 0) & (numbers < length)))
    (down, high), (across, wide) = found
    each = np.arange(len(rows))[:, None, None]
    read = x[like(each, x), like(down[:, :, None], x), like(across[:, None, :], x)]
    inside = high[:, :, None] & wide[:, None, :]
    if border == "constant" and not inside.all():
        keep = like(inside.reshape(*inside.shape, *[1] * (read.ndim - 3)), x)
        read = xp.where(keep, read, to_kind(like(np.array(fill), x), str(read.dtype).removeprefix("torch.")))
    return read


def _windows(x: NDArray[Any], rows: Ints, columns: Ints, border: Border, fill: float) -> NDArray[Any]:
    """The same of NumPy's: every possible window is a view of the padded pictures, of which each picks its own."""
    high, wide = rows.shape[1], columns.shape[1]
    before = max(0, -int(rows.min())), max(0, -int(columns.min()))
    after = max(0, int(rows.max()) + 1 - x.shape[1]), max(0, int(columns.max()) + 1 - x.shape[2])
    around = [(0, 0), (before[0], after[0]), (before[1], after[1]), *[(0, 0)] * (x.ndim - 3)]
    more: Any = {"mode": border, "constant_values": fill} if border == "constant" else {"mode": border}
    padded: NDArray[Any] = np.pad(x, around, **more)
    padded = np.ascontiguousarray(padded)
    n, height, width, step = *padded.shape[:3], padded.strides[2]
    whole = padded.view(np.uint8).reshape(n, height, width * step)
    windows = np.lib.stride_tricks.as_strided(
        whole, (n, height - high + 1, width - wide + 1, high, wide * step),
        (whole.strides[0], whole.strides[1], step, whole.strides[1], 1), writeable=False,
    )  # fmt: skip
    picked = windows[np.arange(n), rows[:, 0] + before[0], columns[:, 0] + before[1]]
    return np.asarray(picked.view(x.dtype).reshape(n, high, wide, *x.shape[3:]))


def _border(border: str) -> None:
    if border not in BORDERS:
        raise WrongInput("border is unknown", repr(border), ", ".join(BORDERS), field="border")
