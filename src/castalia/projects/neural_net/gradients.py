"""Is the gradient right? Three independent ways to know, none of which uses the chain rule.

- Finite differences: (L(t + h) - L(t - h)) / 2h, with h = eps^(1/3) max(1, |t|), where truncation and rounding are in
  balance: about ten digits are right in float64.
- A complex step: Im L(t + ih) / h with h = 1e-30. Nothing is subtracted, so all digits are right, but every function on
  the way must be analytic: not ReLU, not a maximum.
- torch, which differentiates by itself (``twin``).

Where ReLU or a maximum has its kink within reach of h, a difference says nothing; draw another point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from castalia.projects.neural_net import twin
from castalia.projects.neural_net.network import Network

Array = NDArray[Any]

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


class Found(NamedTuple):
    """The largest errors, each over the largest entry of the gradient that is checked."""

    parameters: float
    """By differences."""
    inputs: float
    """By differences."""
    complex_step: float | None
    """Of the parameters; None where it was not asked for."""
    torch: float | None = None
    """Of both; None where it was not asked for."""


def by_differences(loss: Callable[[], float], vector: Array) -> Array:
    """dL/d(vector) of a function that reads ``vector``, which is changed and put back, number by number."""
    slope = np.empty(vector.shape)
    for place in np.ndindex(vector.shape):
        kept = vector[place]
        step = STEP * max(1.0, abs(kept))
        vector[place] = kept + step
        above = loss()
        vector[place] = kept - step
        slope[place] = (above - loss()) / (2 * step)
        vector[place] = kept
    return slope


def by_complex_step(loss: Callable[[], complex], vector: Array) -> Array:
    """The same for a complex ``vector`` and an analytic function of it (Squire and Trapp 1998)."""
    slope = np.empty(vector.shape)
    for place in np.ndindex(vector.shape):
        kept = vector[place]
        vector[place] = kept + 1e-30j
        slope[place] = loss().imag / 1e-30
        vector[place] = kept
    return slope


def error(found: Array, expected: Array) -> float:
    """The largest difference over the largest entry; 0 for nothing."""
    if not expected.size:
        return 0.0
    return float(np.max(np.abs(found - expected)) / max(np.max(np.abs(expected)), 1e-300))


def check(
    make: Callable[[Any], Network], x: Array, target: Array, *, seed: int = 0, complex_step: bool = False,
    torch: bool = False,
) -> Found:  # fmt: skip
    """Check a whole network, and so each of its layers and its loss. ``make(dtype)`` makes it; x is float64.

    Parameters are moved off their start, so that biases are not zero. Dropout draws the same mask every time.
    """
    network = make(np.float64)
    network.parameters += 0.1 * np.random.default_rng(seed).standard_normal(len(network.parameters))
    x = x.copy()

    def loss(of: Network, rows: Array) -> Any:
        scores = of.forward(rows, learning=True, rng=np.random.default_rng(seed))
        return of.loss(scores, target) / len(rows)

    gradient = network.forward(x, learning=True, rng=np.random.default_rng(seed))
    network.loss(gradient, target)
    for layer in reversed(network.layers):
        gradient = layer.backward(gradient)
    parameters, inputs, other, third = network.gradient.copy(), gradient.copy(), None, None
    if torch:
        theirs = twin.gradients(network, x, target)
        third = max(error(parameters, theirs[0]), error(inputs, theirs[1]))
    if complex_step:
        copy = make(np.complex128)
        copy.parameters[...] = network.parameters
        slopes = by_complex_step(lambda: loss(copy, x.astype(np.complex128)), copy.parameters)
        other = error(parameters, slopes)
    return Found(
        error(parameters, by_differences(lambda: loss(network, x), network.parameters)),
        error(inputs, by_differences(lambda: loss(network, x), x)),
        other,
        third,
    )
