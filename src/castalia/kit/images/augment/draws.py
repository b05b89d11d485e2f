"""Random numbers that belong to one image: what image 17 draws depends on the seed and on 17, on nothing beside it.

A generator hands out numbers in order, so that an image's luck depends on who stood before it in the batch. Here every
number is a hash of (seed, place in the composition, image, which draw), for all images at once: SplitMix64's finaliser
(Steele, Lea and Flood 2014) over a counter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput

Seed = int | tuple[int, ...]

_ALL = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Draws:
    """The draws of some images under one key."""

    key: int
    index: NDArray[np.uint64]

    @classmethod
    def of(cls, seed: Seed, index: NDArray[np.int64]) -> Draws:
        """``seed`` is a whole number from 0, or several: (seed, epoch), say."""
        key = 0
        for part in seed if isinstance(seed, tuple) else (seed,):
            if not isinstance(part, int | np.integer) or isinstance(part, bool) or part < 0:
                raise WrongInput(
                    "seed does not fit", repr(seed), "a whole number from 0, or a tuple of them", field="seed"
                )
            key = _mixed(key, int(part))
        return cls(key, index.astype(np.uint64))

    def then(self, number: int) -> Draws:
        """Draws that have nothing to do with these: of another transform, or another quantity."""
        return Draws(_mixed(self.key, number), self.index)

    def rows(self, chosen: NDArray[np.int64]) -> Draws:
        """Those of some of the images."""
        return Draws(self.key, self.index[chosen])

    def uniform(self, count: int, low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
        """(n, count), from ``low`` on and below ``high``."""
        share = (self._bits(count) >> np.uint64(11)) * 2.0**-53
        return np.asarray(low + (high - low) * share)

    def normal(self, count: int) -> NDArray[np.float32]:
        """(n, count) of the standard normal distribution (Box and Muller 1958), two from every hash."""
        bits = self._bits((count + 1) // 2)
        radius = np.sqrt(
            -2 * np.log(((bits >> np.uint64(32)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-32))
        )
        angle = (bits & np.uint64(0xFFFFFFFF)).astype(np.float32) * np.float32(2 * np.pi * 2.0**-32)
        both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        return np.asarray(both[:, :count])

    def _bits(self, count: int) -> NDArray[np.uint64]:
        start = _finished(self.index * np.uint64(_GOLDEN) + np.uint64(self.key))
        steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
        return _finished(start[:, None] + steps)


def _finished(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _mixed(key: int, part: int) -> int:
    """A new key. Python's own integers: NumPy warns where a single one overflows."""
    z = (key + (part + 1) * _GOLDEN) & _ALL
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _ALL
    return z ^ (z >> 31)
