"""Functions of the normal distribution that NumPy lacks: erf, erfc, the standard normal cdf and pdf.

Chebyshev series: erf(x) / x in x squared near zero, and exp(x^2) erfc(x) (1 + 2x) in (x - 3.75) / (x + 3.75) elsewhere
(the mapping of Shepherd and Laframboise 1981; the coefficients were computed with 40 digits). A few units in the last
place of float64, in the tails too: erfc(26) is 5.66e-296 and not zero. float32 stays float32, with shorter series.

>>> round(float(normal_cdf(1.959963984540054)), 12)
0.975
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

_NEAR = (
    0.9754769393826541, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485, 2.741993125219606e-05,
    -1.1043175507344507e-06, 3.8488755420345036e-08, -1.1808582533875466e-09, 3.2334215826050907e-11,
    -7.991015947004549e-13, 1.7990725113961456e-14, -3.718635487818693e-16, 7.103599003714253e-18,
)  # fmt: skip
_FAR = (
    1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753,
    0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-05, 4.13902798607301e-06,
    7.74038306619849e-07, -2.1886401049234397e-07, 1.076499946567091e-08, 4.521959811218287e-09,
    -7.754400208831351e-10, -6.318088340886684e-11, 2.86879501093067e-11, 1.9455868545777347e-13,
    -9.65469674843344e-13, 3.25254814814874e-14, 3.3478119482868056e-14, -1.864562880419313e-15,
    -1.2507950530688648e-15, 7.418235256624044e-17, 5.0681489047961116e-17,
)  # fmt: skip
_SINGLE_NEAR, _SINGLE_FAR = 8, 14
"""How many terms float32 can tell."""


def erf(x: ArrayLike) -> Array:
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    x = _floats(x)
    size = np.abs(x)
    return np.where(size < 1, _erf_near(x), np.copysign(1 - _falling(size) * _bell(size, 1.0), x))


def erfc(x: ArrayLike) -> Array:
    """1 - erf(x), without cancellation for large x."""
    x = _floats(x)
    size = np.abs(x)
    return _complement(x, size, _falling(size) * _bell(size, 1.0))


def normal_cdf(x: ArrayLike) -> Array:
    """The probability that a standard normal variable is at most x."""
    x = _floats(x)
    place = x * x.dtype.type(-math.sqrt(0.5))
    size = np.abs(place)
    # the bell of x itself: that of the rounded place would be wrong by x^2 times its error
    return np.asarray(0.5 * _complement(place, size, _falling(size) * _bell(np.abs(x), 0.5)))


def normal_pdf(x: ArrayLike) -> Array:
    """The density of the standard normal distribution at x."""
    x = _floats(x)
    return np.asarray(_bell(np.abs(x), 0.5) * x.dtype.type(1 / math.sqrt(2 * math.pi)))


def _floats(x: ArrayLike) -> Array:
    array = np.asarray(x)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _erf_near(x: Array) -> Array:
    """For |x| up to 1; anything finite beyond."""
    x = np.clip(x, -1, 1)
    terms = _NEAR[:_SINGLE_NEAR] if x.dtype.itemsize <= 4 else _NEAR
    return np.asarray(x * _series(2 * x * x - 1, terms))


def _complement(x: Array, size: Array, far: Array) -> Array:
    """erfc(x) from erfc(|x|), and from erf where that has more digits."""
    return np.where(size < 0.5, 1 - _erf_near(x), np.where(x < 0, 2 - far, far))


def _falling(x: Array) -> Array:
    """exp(x^2) erfc(x), for x from 0."""
    x = np.minimum(x, 60)  # zero long before; an infinity would make NaN of it
    terms = _FAR[:_SINGLE_FAR] if x.dtype.itemsize <= 4 else _FAR
    return np.asarray(_series((x - 3.75) / (x + 3.75), terms) / (1 + 2 * x))


def _bell(x: Array, half: float) -> Array:
    """exp(-half x^2), for x from 0.

    x squared is rounded, and the exponential makes a large error of it: the square of a shortened x is exact.
    """
    x = np.minimum(x, 60)
    short = x.astype(np.float32).astype(x.dtype) if x.dtype.itemsize > 4 else x.astype(np.float16).astype(x.dtype)
    return np.asarray(np.exp(-half * short * short) * np.exp(half * (short - x) * (short + x)))


def _series(t: Array, terms: tuple[float, ...]) -> Array:
    """The sum of terms[k] T_k(t), by Clenshaw's recurrence."""
    twice = 2 * t
    last = np.zeros_like(t)
    this = np.full_like(t, terms[-1])
    for term in terms[-2:0:-1]:
        this, last = twice * this - last + t.dtype.type(term), this
    return np.asarray(t * this - last + t.dtype.type(terms[0]))
