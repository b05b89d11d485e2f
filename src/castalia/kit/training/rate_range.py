"""A learning-rate range test: try rates that grow until the loss rises instead of falling (after Smith 2017).

The usual test trains on while the rate grows. Smaller rates have then flattened the steep directions before a large
one comes, and the loss shows too late that it diverges along them. Here every rate starts from the same weights.

>>> theta = [1.0]
>>> def step(rate):  # gradient descent on 5 theta^2 diverges from a rate of 0.2 on
...     loss = 5 * theta[0] ** 2
...     theta[0] -= rate * 10 * theta[0]
...     return loss
>>> found = find_rate(step, keep=theta.copy, put_back=lambda kept: theta.__setitem__(0, kept[0]))
>>> 0.2 / 1.2 < found.edge <= 0.2, theta
(True, [1.0])
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput

Floats = NDArray[np.float64]
_FIRST = 10
"""Rates at the low end that tell what the loss is, and how noisy, where nothing is learnt."""


@dataclass(frozen=True)
class RateRange:
    """What a range test saw."""

    rates: Floats
    losses: Floats
    """The loss after a few steps with each rate."""
    edge: float
    """The last rate before the first with which the loss rose."""
    diverged: bool
    """False: the loss rose with none of them, and the edge lies above the highest."""

    @property
    def suggested(self) -> float:
        """Half the edge: on a quadratic, the step straight to the floor of the steepest direction."""
        return self.edge / 2


def find_rate(
    step: Callable[[float], float], *, keep: Callable[[], Any], put_back: Callable[[Any], object],
    low: float = 1e-6, high: float = 10.0, count: int = 100, each: int = 4,
) -> RateRange:  # fmt: skip
    """Try ``count`` rates from ``low`` to ``high``, evenly spaced in the logarithm, for ``each`` steps from one start.

    ``step(rate)`` makes one training step with that rate and returns the loss before it. ``keep()`` gives the weights
    (and the optimizer's state) as a copy, ``put_back(kept)`` takes them; at the end they are as before, whatever
    happened. The test ends where the loss is not finite, or has risen with three rates in a row.
    """
    if not 0 < low < high < math.inf:
        raise WrongInput("the range does not fit", f"{low} to {high}", "0 < low < high", field="low")
    if count <= _FIRST or each < 2:
        got, expected = f"{count} rates of {each} steps", f"more than {_FIRST} rates, 2 steps or more"
        raise WrongInput("the test does not fit", got, expected, field="count")
    kept, losses, risen = keep(), list[float](), 0
    rates = np.geomspace(low, high, count)
    try:
        for rate in rates.tolist():
            put_back(kept)
            losses.append([float(step(rate)) for _ in range(each)][-1])
            if not math.isfinite(losses[-1]):
                break
            risen = risen + 1 if len(losses) > _FIRST and losses[-1] > _ceiling(losses) else 0
            if risen == 3:
                break
    finally:
        put_back(kept)
    return _read_off(rates[: len(losses)], np.array(losses))


def _ceiling(losses: list[float] | Floats) -> float:
    """What a loss does not pass by noise alone."""
    first = np.asarray(losses[:_FIRST])
    middle = float(np.median(first))
    return middle + 5 * float(np.median(np.abs(first - middle)))


def _read_off(rates: Floats, losses: Floats) -> RateRange:
    if not np.isfinite(losses[:_FIRST]).all() or len(losses) < _FIRST:
        got = f"{losses[-1]:g} with the rate {rates[-1]:g}"
        cure = "Begin with a lower rate; where that does not help, mend the model or the data."
        raise WrongInput("the loss rises from the start", got, "a loss that the lowest rates keep", cure, field="low")
    ceiling = _ceiling(losses)
    bad = np.flatnonzero(~(losses <= ceiling))
    bad = bad[bad >= _FIRST]
    # one that rose and fell again was noise; a run that ends the test is not
    start = len(losses)
    for at in bad[::-1].tolist():
        if at != start - 1:
            break
        start = at
    return RateRange(rates, losses, float(rates[start - 1]), start < len(losses))
