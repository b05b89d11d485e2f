"""Patterns in the plane: points of two or three classes, made from a seed, on which learning can be watched.

>>> x, labels = pattern("spirals", count=200, noise=0.1, seed=0)
>>> x.shape, np.unique(labels).tolist()
((200, 2), [0, 1])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput, did_you_mean

Array = NDArray[Any]

NOISE = 0.3
"""Standard deviation of a coordinate at noise 1; the patterns themselves reach from about -1 to 1."""


def pattern(name: str, *, count: int, noise: float = 0.1, seed: int = 0) -> tuple[Array, Array]:
    """``count`` points as float32 (count, 2) and their classes (count,), as many of each class as can be.

    ``noise`` from 0 to 1 spreads them normally. The same seed gives the same points. WrongInput for another name, for
    fewer than two points a class, and for noise out of bounds.
    """
    if name not in PATTERNS:
        cure = did_you_mean(str(name), PATTERNS).strip()
        raise WrongInput("no such pattern", repr(name), f"one of {', '.join(PATTERNS)}", cure, field="pattern")
    made, classes = PATTERNS[name]
    if count < 2 * classes:
        raise WrongInput("too few points", f"{count}", f"at least {2 * classes}, two a class", field="count")
    if not 0 <= noise <= 1:
        raise WrongInput("noise out of bounds", f"{noise}", "0 to 1", field="noise")
    rng = np.random.default_rng([seed, 3])
    labels = np.arange(count) % classes
    x = made(labels, rng) + NOISE * noise * rng.standard_normal((count, 2))
    order = rng.permutation(count)
    return x[order].astype(np.float32), labels[order]


def _round(angle: Array, radius: Array | float) -> Array:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _spirals(arms: int) -> Callable[[Array, np.random.Generator], Array]:
    def made(labels: Array, rng: np.random.Generator) -> Array:
        """Arms wound one and a quarter times; along each the points stand evenly."""
        along = np.sqrt(rng.uniform(0.01, 1.0, len(labels)))
        return _round(2.5 * np.pi * along + 2 * np.pi * labels / arms, along)

    return made


def _moons(labels: Array, rng: np.random.Generator) -> Array:
    """Two half circles, each with an end in the hollow of the other."""
    half = _round(rng.uniform(0, np.pi, len(labels)), 0.67)
    return np.where(labels[:, None] == 0, half - [0.33, 0.17], [0.33, 0.17] - half)


def _circles(labels: Array, rng: np.random.Generator) -> Array:
    """A ring, and a smaller one inside."""
    return _round(rng.uniform(0, 2 * np.pi, len(labels)), np.where(labels == 0, 0.95, 0.45))


def _xor(labels: Array, rng: np.random.Generator) -> Array:
    """Quarters of a square, opposite ones of the same class: no straight line divides them."""
    x = rng.uniform(0.08, 1.0, (len(labels), 2))
    sides = rng.choice([-1.0, 1.0], len(labels))
    return np.stack([x[:, 0] * sides, x[:, 1] * sides * np.where(labels == 0, 1, -1)], axis=1)


def _blobs(labels: Array, rng: np.random.Generator) -> Array:
    """Three heaps: a straight line divides each from the others, so no hidden layer is needed."""
    return _round(2 * np.pi * labels / 3 + 0.5, 0.7) + 0.12 * rng.standard_normal((len(labels), 2))


PATTERNS: Mapping[str, tuple[Callable[[Array, np.random.Generator], Array], int]] = {
    "spirals": (_spirals(2), 2), "three spirals": (_spirals(3), 3), "moons": (_moons, 2), "circles": (_circles, 2),
    "xor": (_xor, 2), "blobs": (_blobs, 3),
}  # fmt: skip
"""By name: where the points of given classes lie, and how many classes there are."""
