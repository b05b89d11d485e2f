"""Two things timed beside each other: alternately and in both orders, so that a warming or busy machine hits both."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.kit.stats import Interval, bootstrap, mean_difference

FLOOR = 0.05
"""Two processes that run the same code differ by as much, whatever the interval within them says."""
FEW = 10
"""Below so many pairs a bootstrap is too narrow."""


@dataclass(frozen=True)
class Speed:
    """Seconds of a and b, and how many times as long a takes: the ratio of the medians, with its interval."""

    what: str
    rounds: int
    a_min: float
    a_median: float
    b_min: float
    b_median: float
    ratio: Interval

    @property
    def differs(self) -> bool:
        """The interval leaves out 1, and everything within ``FLOOR`` of it."""
        return self.ratio.low > 1 + FLOOR or self.ratio.high < 1 - FLOOR

    def as_dict(self) -> dict[str, Any]:
        """Flat numbers, and the interval as an object."""
        return asdict(self)


def alternately(
    what: str, a: Callable[[], float], b: Callable[[], float], rounds: int = 25, seconds: float = 2.0
) -> Speed:
    """Call ``a`` and ``b``, which return the seconds to count, in turns: ab, ba, ab, ...

    One round before the first is not counted. It stops after ``seconds`` of wall time, but not before 5 rounds.
    """
    a(), b()
    times: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    for number in range(rounds):
        if number % 2:
            second = b()
            times.append((a(), second))
        else:
            first = a()
            times.append((first, b()))
        if number >= 4 and time.perf_counter() > end:
            break
    return speed(what, times)


def speed(what: str, times: ArrayLike) -> Speed:
    """From pairs of seconds, (a, b) a row.

    The ratio is that of the medians with a percentile bootstrap over the pairs; below ten pairs it is the geometric
    mean of the pairs' ratios with Student's interval, and for a single pair it has no width.

    >>> speed("x", [[2.0, 1.0], [2.0, 1.0], [2.2, 1.1]]).ratio.estimate
    2.0
    """
    pairs = np.maximum(np.asarray(times, dtype=np.float64), 1e-9)  # a clock that did not move
    if len(pairs) >= FEW:
        ratio = bootstrap(
            pairs, lambda x: float(np.median(x[:, 0]) / np.median(x[:, 1])), draws=2000, method="percentile"
        )
    elif len(pairs) > 1:
        logs = mean_difference(np.log(pairs[:, 0]), np.log(pairs[:, 1]))
        ratio = Interval(math.exp(logs.estimate), math.exp(logs.low), math.exp(min(logs.high, 700.0)))
    else:
        once = float(pairs[0, 0] / pairs[0, 1])
        ratio = Interval(once, once, once)
    (a_min, b_min), (a_mid, b_mid) = pairs.min(axis=0), np.median(pairs, axis=0)
    return Speed(what, len(pairs), float(a_min), float(a_mid), float(b_min), float(b_mid), ratio)
