"""From anybody's picture of a digit to the small square that the network learnt from, and small movements of it.

MNIST and the UCI digits were made from scanned forms: light ink on dark, cropped to the ink, shrunk
with their proportions kept, and put into the middle. A drawing on a web page is none of that, so it is
treated the same way before the network sees it. Without this step a network that reads 98 % of a test
set fails on the first digit its owner draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.fields import Image

Array = NDArray[Any]

INK = 0.25
"""Share of the strongest ink that counts as ink when the digit is cropped."""
WEIGHT = 0.46
"""How much of its box a UCI digit's ink fills; other pens are thinner."""
WIDTH = 0.56
"""How wide most UCI digits are, as a share of their height: their machine narrowed the wide and set all upright."""
EVEN = 0.7
"""How far towards that width, and towards upright, a drawing is brought: all the way would widen every 1.

WEIGHT, WIDTH and EVEN were chosen on MNIST's first 700 test images, enlarged, for networks that learnt the UCI digits,
and are measured on the last 5,000 (README)."""


def look(image: Image, side: int, digit: bool = True) -> Array:
    """The picture as uint8 (side, side), light on dark.

    1. Grey; if the border is brighter than the middle of the scale, inverted: paper becomes dark.
    2. A picture that already has the network's size is left at that.
    3. ``digit``: the paper's own grey is taken away, the ink stretched to full strength, the digit cropped
       and shrunk: for 28 x 28 into 20 x 20 with its centre of mass in the middle, as MNIST was made; for
       8 x 8 to the full height, set upright, narrowed and, if thin, with thicker strokes, as the UCI digits
       are. Else (clothes): padded to a square and shrunk.

    WrongInput where there is nothing on the paper.
    """
    grey = np.asarray(image.array("L")).astype(np.float32)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    if paper > 127:
        grey, paper = 255 - grey, 255 - paper
    if grey.shape == (side, side):
        return grey.astype(np.uint8)
    if not digit:
        return _shrink(_square(grey), side, side)
    ink = np.clip(grey - paper, 0, None)
    if ink.max() < 24:
        raise WrongInput(
            "the picture is empty", "paper and no ink", "a digit, dark on light or light on dark", field="image"
        )
    ink *= 255 / ink.max()
    ink = _crop(ink)
    if side < 16:
        large = _thicken(_middle(_narrowed(_upright(_fit(ink, 8 * side)), 4 * side), 4 * side))
        blocks: Array = large.reshape(side, 4, side, 4).mean(axis=(1, 3)).round().astype(np.uint8)
        return blocks
    small = _fit(ink, round(side * 20 / 28))
    return _by_mass(_middle(small, side))


def _crop(ink: Array) -> Array:
    strong = ink > INK * 255
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _fit(ink: Array, size: int) -> Array:
    """Shrunk or grown so that the longer edge is ``size``."""
    height, width = ink.shape
    scale = size / max(height, width)
    return _shrink(ink, max(1, round(height * scale)), max(1, round(width * scale)))


def _upright(ink: Array) -> Array:
    """Slanted back by ``EVEN`` of the slant that its rows show: where their middles lie against their height."""
    from PIL import Image as Pillow

    weight = ink.astype(np.float64)
    total = weight.sum()
    down, right = np.mgrid[: ink.shape[0], : ink.shape[1]]
    middle = (weight * down).sum() / total
    down = down - middle
    spread = (weight * down * down).sum()
    slant = EVEN * (weight * down * right).sum() / spread if spread else 0.0
    slant = float(np.clip(slant, -0.7, 0.7))
    room = round(abs(slant) * len(ink)) + 1
    page = np.pad(ink, ((0, 0), (room, room)))
    rows = (1, slant, -slant * middle, 0, 1, 0)  # each row taken from further right the lower it lies
    turned = Pillow.fromarray(page).transform(
        page.shape[::-1], Pillow.Transform.AFFINE, rows, Pillow.Resampling.BILINEAR
    )
    return _crop(np.asarray(turned))


def _narrowed(ink: Array, size: int) -> Array:
    """Of the height ``size``, and ``EVEN`` of the way from its own width to that of most UCI digits."""
    height, width = ink.shape
    even = (WIDTH * size) ** EVEN * (size * width / height) ** (1 - EVEN)
    return _shrink(ink, size, min(size, max(1, round(even))))


def _thicken(page: Array) -> Array:
    """Strokes grown by half a pixel a side at a time, until the ink fills as much of its box as ``WEIGHT``."""
    from PIL import Image as Pillow
    from PIL import ImageFilter

    for _ in range(6):
        if _crop(page).mean() >= WEIGHT * 255:
            break
        grown = Pillow.fromarray(page).filter(ImageFilter.MaxFilter(3))
        page = ((page.astype(np.uint16) + np.asarray(grown)) // 2).astype(np.uint8)
    return page


def _shrink(pixels: Array, height: int, width: int) -> Array:
    from PIL import Image as Pillow

    picture = Pillow.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(picture.resize((width, height), Pillow.Resampling.HAMMING))


def _square(pixels: Array) -> Array:
    height, width = pixels.shape
    size = max(height, width)
    return _middle(pixels, size)


def _middle(pixels: Array, size: int) -> Array:
    """Put into the middle of a dark square."""
    page = np.zeros((size, size), pixels.dtype)
    top, left = (size - pixels.shape[0]) // 2, (size - pixels.shape[1]) // 2
    page[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return page


def _by_mass(page: Array) -> Array:
    """Moved by whole pixels so that the centre of mass is in the middle; ink never falls off the edge."""
    size = len(page)
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    total = float(page.sum(dtype=np.float64))
    moved = page
    for axis, inked in ((0, rows), (1, columns)):
        weight = page.sum(axis=1 - axis, dtype=np.float64)
        centre = float(weight @ np.arange(size)) / total
        step = round((size - 1) / 2 - centre)
        step = max(-int(inked[0]), min(size - 1 - int(inked[-1]), step))
        moved = np.roll(moved, step, axis=axis)
    return moved


class Jitter:
    """Moves, turns, slants and stretches whole batches a little, so that a digit is learnt and not its place.

    One movement a batch: the same four neighbours and weights serve every image of it, which makes it a
    handful of NumPy calls where a movement an image would cost more than the network itself.
    """

    def __init__(self, side: int, amount: float) -> None:
        self.side, self.amount = side, amount
        centre = (side - 1) / 2
        self._y, self._x = np.mgrid[:side, :side] - centre
        self._taken = np.empty((0, side * side), np.float32)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """A moved copy of ``x`` (n, side * side) float32. Consumes six numbers of ``rng``."""
        turn, slant, high, wide, down, right = rng.standard_normal(6) * self.amount
        sine, cosine = np.sin(0.1 * turn), np.cos(0.1 * turn)
        centre = (self.side - 1) / 2
        y, x_slanted = self._y, self._x + 0.25 * slant * self._y
        source_y = (cosine * y - sine * x_slanted) / np.exp(0.06 * high) + centre + 0.045 * self.side * down
        source_x = (sine * y + cosine * x_slanted) / np.exp(0.06 * wide) + centre + 0.045 * self.side * right
        if len(self._taken) < len(x):
            self._taken = np.empty_like(x)
        taken = self._taken[: len(x)]
        moved = np.zeros_like(x)
        for index, weight in self._neighbours(source_y, source_x):
            np.take(x, index, axis=1, out=taken, mode="clip")
            taken *= weight
            moved += taken
        return moved

    def _neighbours(self, y: Array, x: Array) -> list[tuple[Array, Array]]:
        """Bilinear: for each pixel the four around its source, with their weights; dark outside the picture."""
        top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
        down, right = y - top, x - left
        found = []
        for dy, dx, weight in (
            (0, 0, (1 - down) * (1 - right)),
            (0, 1, (1 - down) * right),
            (1, 0, down * (1 - right)),
            (1, 1, down * right),
        ):
            row, column = top + dy, left + dx
            inside = (row >= 0) & (row < self.side) & (column >= 0) & (column < self.side)
            index = np.where(inside, row * self.side + column, 0).ravel()
            found.append((index, (weight * inside).ravel().astype(np.float32)))
        return found
