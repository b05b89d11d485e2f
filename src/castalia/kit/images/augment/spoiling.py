"""Pictures made worse, as cameras and hands do: blurred, noisy, with a piece missing. Boxes and masks stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from castalia.kit.images.arrays import Pixels, kind_of, like, namespace, to_kind
from castalia.kit.images.augment.colour import colours, per_image, recoloured
from castalia.kit.images.augment.composing import Transform, share, span
from castalia.kit.images.augment.draws import Draws
from castalia.kit.images.augment.pictures import Work


@dataclass(frozen=True)
class Blur(Transform):
    """A Gaussian of a width of its own for each picture, in pixels; mirrored at the edges.

    The kernel reaches four times the widest ``sigma``, as SciPy's does.
    """

    sigma: tuple[float, float] = (0.1, 2.0)
    p: float = 1.0

    def __post_init__(self) -> None:
        share(self.p, "p")
        span(self.sigma, "sigma", 0.0, 50.0)

    def apply(self, work: Work, draws: Draws) -> None:
        """Rows, then columns."""
        width = np.maximum(draws.uniform(1, *self.sigma), 1e-3)
        reach = int(4 * self.sigma[1] + 0.5)
        if not reach:
            return
        taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
        taps /= taps.sum(axis=1, keepdims=True)
        for axis in (2, 3):
            work.x = _smoothed(work.x, taps, axis)
        work.owned = True


@dataclass(frozen=True)
class Noise(Transform):
    """Gaussian noise on every pixel and channel; ``sigma`` is a share of full light."""

    sigma: float = 0.05
    p: float = 1.0

    def __post_init__(self) -> None:
        share(self.sigma, "sigma")
        share(self.p, "p")

    def apply(self, work: Work, draws: Draws) -> None:
        """Drawn by NumPy and carried to the tensor's device, so that every device sees the same."""
        work.shares()
        colour = colours(work.x)
        n, channels, height, width = colour.shape
        grain = draws.normal(channels * height * width).reshape(n, height, width, channels)
        xp = namespace(colour)
        grain = xp.moveaxis(to_kind(like(grain, colour), kind_of(colour)), -1, 1)
        recoloured(work, colour + self.sigma * grain)


@dataclass(frozen=True)
class Erase(Transform):
    """A rectangle of each picture is overwritten (random erasing, Zhong 2017).

    ``area`` is a share of the picture, ``aspect`` height over width, drawn evenly in its logarithm; a side that is
    longer than the picture is cut. ``fill`` is a share of full light.
    """

    area: tuple[float, float] = (0.02, 0.33)
    aspect: tuple[float, float] = (0.3, 3.3)
    fill: float = 0.0
    p: float = 0.5

    def __post_init__(self) -> None:
        share(self.p, "p")
        share(self.fill, "fill")
        span(self.area, "area", 0.0, 1.0)
        span(self.aspect, "aspect", 0.01, 100.0)

    def apply(self, work: Work, draws: Draws) -> None:
        """Wholly inside the picture."""
        drawn, (height, width) = draws.uniform(4), work.size
        covered = (self.area[0] + (self.area[1] - self.area[0]) * drawn[:, 0]) * height * width
        low, high = np.log(self.aspect)
        aspect = np.exp(low + (high - low) * drawn[:, 1])
        sides = np.stack([np.sqrt(covered * aspect), np.sqrt(covered / aspect)], 1)
        sides = np.minimum(np.rint(sides), [height, width])
        start = np.floor(drawn[:, 2:] * (np.array([height, width]) - sides + 1))
        xp = namespace(work.x)
        inside = like(rectangles(start, start + sides, work.size), work.x)[:, None]
        work.x, work.owned = xp.where(inside, xp.full_like(work.x, self.fill), work.x), True


@dataclass(frozen=True)
class Cutout(Transform):
    """A square of ``size`` pixels is blackened, its middle anywhere: at the edge a part of it (DeVries 2017)."""

    size: int
    p: float = 1.0
    floats: ClassVar[bool] = False

    def __post_init__(self) -> None:
        share(self.p, "p")
        share(self.size, "size", 100_000)

    def apply(self, work: Work, draws: Draws) -> None:
        """Exact: the rest is as it was."""
        start = np.floor(draws.uniform(2) * np.array(work.size)) - self.size // 2
        xp = namespace(work.x)
        inside = like(rectangles(start, start + self.size, work.size), work.x)[:, None]
        work.x, work.owned = xp.where(inside, xp.zeros_like(work.x), work.x), True


def rectangles(start: NDArray[np.float64], stop: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """(n, h, w), true from ``start`` (row, column) on and before ``stop``."""
    found = []
    for axis in (0, 1):
        place = np.arange(size[axis])
        found.append((place >= start[:, axis, None]) & (place < stop[:, axis, None]))
    return np.asarray(found[0][:, :, None] & found[1][:, None, :])


def _smoothed(x: Pixels, taps: NDArray[np.float64], axis: int) -> Pixels:
    """Each picture by its own taps (n, 2 r + 1), along one axis."""
    reach, length = taps.shape[1] // 2, int(x.shape[axis])
    around = np.arange(-reach, length + reach) % (2 * length)
    places = like(np.where(around >= length, 2 * length - 1 - around, around), x)
    wide = x[:, :, places] if axis == 2 else x[:, :, :, places]
    total = x * per_image(taps[:, reach], x)
    for step in range(reach):  # both sides of the middle weigh the same
        one, other = slice(step, step + length), slice(2 * reach - step, 2 * reach - step + length)
        both = wide[:, :, one] + wide[:, :, other] if axis == 2 else wide[..., one] + wide[..., other]
        both *= per_image(taps[:, step], x)
        total += both
    return total
