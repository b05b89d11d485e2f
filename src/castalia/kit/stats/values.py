"""What this package answers with, and how it looks at what it is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and the interval around it, at ``level`` (0.95: 95 % of such intervals cover the truth)."""

    estimate: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True)
class Test:
    """A statistic and its two-sided p-value under "there is no difference"; ``n`` values took part."""

    __test__ = False  # for pytest: this is no class of tests

    statistic: float
    p: float
    n: int
    method: str


def sample(values: ArrayLike, field: str, least: int = 1) -> Floats:
    """One axis of finite numbers, at least ``least`` of them."""
    try:
        x = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise WrongInput(f"{field} is not made of numbers", repr(values)[:80], "numbers", field=field) from None
    if x.ndim != 1:
        raise WrongInput(f"{field} has another shape", f"shape {x.shape}", "one axis", field=field)
    if x.size < least:
        raise WrongInput(f"{field} is too short", f"{x.size} values", f"{least} or more", "Measure more.", field=field)
    if not np.isfinite(x).all():
        at = int(np.argmax(~np.isfinite(x)))
        raise WrongInput(f"{field} has {x[at]}", f"row {at}", "finite numbers", "Leave such rows out.", field=field)
    return x


def average_ranks(values: ArrayLike) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks."""
    x = np.asarray(values, dtype=np.float64)
    _, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[where], dtype=np.float64)


def differences(a: ArrayLike, b: ArrayLike, least: int) -> Floats:
    """a - b of pairs."""
    try:
        x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    except (TypeError, ValueError):
        raise WrongInput("pairs are not made of numbers", f"{a!r:.40} and {b!r:.40}", "numbers", field="a") from None
    if x.ndim != 1 or x.shape != y.shape:
        raise WrongInput("pairs do not fit", f"shapes {x.shape} and {y.shape}", "two lists of one length")
    if x.size < least:
        raise WrongInput("too few pairs", str(x.size), f"{least} or more")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise WrongInput("a pair is not finite", "NaN or infinity", "finite numbers", "Leave such a pair out of both.")
    return x - y


def fraction(value: float, field: str) -> None:
    """WrongInput outside of (0, 1)."""
    if not 0 < value < 1:
        raise WrongInput(f"{field} does not fit", str(value), "a number between 0 and 1", field=field)
