"""What weights start from: random, of a size that keeps signals neither dying nor exploding with depth.

Through a dense layer without activation a variance is multiplied by inputs * Var(w). ReLU drops half of it. So He takes
Var(w) = 2 / inputs (He et al. 2015). Xavier looks at the way back as well and takes 2 / (inputs + outputs), for
activations that are the identity near zero, such as tanh (Glorot and Bengio 2010).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Start = Callable[[Array, int, int, np.random.Generator], None]
"""Fills an array of weights, told how many numbers go into a unit and how many units a number goes into."""


def he(weight: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
    """Normal, variance 2 / fan_in."""
    weight[...] = rng.standard_normal(weight.shape) * np.sqrt(2.0 / fan_in)


def he_uniform(weight: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
    """Uniform, variance 2 / fan_in: between plus and minus the square root of 6 / fan_in."""
    bound = np.sqrt(6.0 / fan_in)
    weight[...] = rng.uniform(-bound, bound, weight.shape)


def xavier(weight: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
    """Normal, variance 2 / (fan_in + fan_out)."""
    weight[...] = rng.standard_normal(weight.shape) * np.sqrt(2.0 / (fan_in + fan_out))


def xavier_uniform(weight: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
    """Uniform, variance 2 / (fan_in + fan_out)."""
    bound = np.sqrt(6.0 / (fan_in + fan_out))
    weight[...] = rng.uniform(-bound, bound, weight.shape)


def zeros(weight: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
    """All zeros: for a last layer that should start undecided. Hidden units that start alike stay alike."""
    weight[...] = 0
