"""Light and colour changed: brightness, contrast, saturation, hue. Alpha, boxes and masks stay as they are.

Pixels are shares of full light from 0 to 1 (uint8 over 255), and are cut to that after every step. Grey is
ITU-R BT.601. Pictures of one channel have no colour: saturation and hue leave them alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit.images.arrays import Pixels, kind_of, like, namespace, to_kind
from castalia.kit.images.augment.composing import Transform, share
from castalia.kit.images.augment.draws import Draws
from castalia.kit.images.augment.pictures import Work

GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class _Factor(Transform):
    """Away from something dull, or towards it: dull + factor * (x - dull), factor within 1 - amount and 1 + amount."""

    amount: float
    p: float = 1.0

    def __post_init__(self) -> None:
        share(self.amount, "amount", 10.0)
        share(self.p, "p")

    def apply(self, work: Work, draws: Draws) -> None:
        """Each picture by a factor of its own; one below 0 counts as 0."""
        work.shares()
        factor = np.maximum(draws.uniform(1, 1 - self.amount, 1 + self.amount), 0.0)[:, 0]
        colour = colours(work.x)
        times, dull = per_image(factor, colour), self.dull(colour)
        recoloured(work, colour * times if dull is None else dull + (colour - dull) * times)

    def dull(self, x: Pixels) -> Pixels | None:
        """What a factor of 0 would leave; None is black."""
        raise NotImplementedError


@dataclass(frozen=True)
class Brightness(_Factor):
    """Lighter and darker: a factor of 0 would be black."""

    def dull(self, x: Pixels) -> Pixels | None:
        """Black."""
        return None


@dataclass(frozen=True)
class Contrast(_Factor):
    """Stronger and weaker: a factor of 0 would be the picture's mean grey."""

    def dull(self, x: Pixels) -> Pixels | None:
        """The mean grey of each picture."""
        grey = greyed(x)
        return grey.reshape(grey.shape[0], -1).mean(1).reshape(-1, 1, 1, 1)


@dataclass(frozen=True)
class Saturation(_Factor):
    """More and less colourful: a factor of 0 would be grey."""

    def dull(self, x: Pixels) -> Pixels | None:
        """The grey of each pixel."""
        return greyed(x)


@dataclass(frozen=True)
class Hue(Transform):
    """Colours turned around the wheel by up to ``amount`` of a whole turn on either side, at most a half."""

    amount: float
    p: float = 1.0

    def __post_init__(self) -> None:
        share(self.amount, "amount", 0.5)
        share(self.p, "p")

    def apply(self, work: Work, draws: Draws) -> None:
        """By way of hue, saturation and value (Smith 1978)."""
        if work.x.shape[1] < 3:
            return
        work.shares()
        turns = per_image(draws.uniform(1, -self.amount, self.amount)[:, 0], work.x)
        hue, saturation, value = to_hsv(work.x[:, :3])
        recoloured(work, from_hsv(hue + turns[:, 0], saturation, value))


def to_hsv(x: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """Hue, saturation and value, each from 0 to 1, (n, h, w) of pixels (n, 3, h, w) from 0 to 1. Grey has hue 0."""
    xp = namespace(x)
    red, green, blue = x[:, 0], x[:, 1], x[:, 2]
    value = xp.maximum(xp.maximum(red, green), blue)
    chroma = value - xp.minimum(xp.minimum(red, green), blue)
    some = xp.where(chroma > 0, chroma, xp.ones_like(chroma))
    sixth = xp.where(
        value == red, (green - blue) / some,
        xp.where(value == green, 2 + (blue - red) / some, 4 + (red - green) / some),
    )  # fmt: skip
    return sixth / 6 % 1.0, chroma / xp.where(value > 0, value, xp.ones_like(value)), value


def from_hsv(hue: Pixels, saturation: Pixels, value: Pixels) -> Pixels:
    """Pixels (n, 3, h, w) again; hue counts in whole turns, whichever."""
    xp = namespace(hue)
    chroma, channels = value * saturation, []
    for start in (5.0, 3.0, 1.0):
        place = (start + hue * 6) % 6.0
        channels.append(value - chroma * xp.clip(xp.minimum(place, 4 - place), 0.0, 1.0))
    return xp.stack(channels, 1)


def greyed(x: Pixels) -> Pixels:
    """(n, 1, h, w); one channel is grey already."""
    if x.shape[1] < 3:
        return x[:, :1]
    return GREY[0] * x[:, :1] + GREY[1] * x[:, 1:2] + GREY[2] * x[:, 2:3]


def colours(x: Pixels) -> Pixels:
    """Without alpha, which is the second or fourth channel."""
    return x[:, :-1] if x.shape[1] in (2, 4) else x


def recoloured(work: Work, colour: Pixels) -> None:
    """Other colours, cut to 0..1; alpha as it was."""
    xp = namespace(colour)
    colour = xp.clip(colour, 0.0, 1.0)
    if colour.shape[1] < work.x.shape[1]:
        colour = xp.concatenate([colour, work.x[:, -1:]], 1)
    work.x, work.owned = colour, True


def per_image(values: NDArray[Any], x: Pixels) -> Pixels:
    """(n,) as (n, 1, 1, 1), of the dtype, library and device of ``x``."""
    return to_kind(like(np.ascontiguousarray(values), x), kind_of(x)).reshape(-1, 1, 1, 1)
