"""Distribution functions and quantiles, in float64 and without SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput

Floats = NDArray[np.float64]


def t_quantile(p: float, df: float) -> float:
    """The t with P(T <= t) = p for Student's distribution with ``df`` degrees of freedom, to about 1e-10 of it.

    Infinite where it is beyond float64. WrongInput for p outside of (0, 1), or df not above 0.
    """
    if not 0 < p < 1:
        raise WrongInput("no quantile there", str(p), "a number between 0 and 1", field="p")
    if not df > 0:
        raise WrongInput("no such distribution", str(df), "degrees of freedom above 0", field="df")
    tail, centre = min(p, 1 - p), abs(p - 0.5)  # both exact
    if centre == 0:
        return 0.0
    z = -normal_quantile(tail)
    if df > 1000 and z * z < 3e-3 * df:  # Cornish and Fisher's expansion (Abramowitz & Stegun 26.7.5)
        s = z * z
        more = (s + 1) / 4 / df + ((5 * s + 16) * s + 3) / 96 / df**2
        more += (((3 * s + 19) * s + 17) * s - 15) / 384 / df**3
        return math.copysign(z * (1 + more), p - 0.5)
    low, high = -745.0, 709.0  # of log t
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_short_of(middle, df, tail, centre) else (low, middle)
    return math.copysign(math.exp(low) if low < 708.9 else math.inf, p - 0.5)


def _t_short_of(log_t: float, df: float, tail: float, centre: float) -> bool:
    """Whether less than ``centre`` lies between 0 and t, and more than ``tail`` beyond: told by the smaller one."""
    odds = 2 * log_t - math.log(df)  # of t² / df
    log_x, log_y = -float(np.logaddexp(0.0, odds)), -float(np.logaddexp(0.0, -odds))
    x = math.exp(log_x)
    if x <= (df / 2 + 1) / (df / 2 + 2.5):
        return _beta_part(df / 2, 0.5, x, log_x, log_y) / 2 > tail
    return _beta_part(0.5, df / 2, math.exp(log_y), log_y, log_x) / 2 < centre


def normal_cdf(z: float) -> float:
    """P(Z <= z) of the standard normal."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def normal_quantile(p: float) -> float:
    """The z with P(Z <= z) = p, to about 1e-15: Acklam's start, two Halley steps.

    WrongInput outside of (0, 1).
    """
    if not 0 < p < 1:
        raise WrongInput("no quantile there", str(p), "a number between 0 and 1", field="p")
    if p > 0.5:
        return -normal_quantile(1 - p)
    if p < 0.02425:
        q = math.sqrt(-2 * math.log(p))
        z = _ratio(q, _TAIL_UP, (*_TAIL_DOWN, 1.0))
    else:
        q = p - 0.5
        r = q * q
        z = q * _ratio(r, _MIDDLE_UP, (*_MIDDLE_DOWN, 1.0))
    for _ in range(2):
        if p < 1e-280:  # the logarithm's own series: what is below 1e-308 has few digits
            r = 1 / (z * z)
            log = (
                -z * z / 2 - math.log(-z * math.sqrt(2 * math.pi)) + math.log1p(-r * (1 - r * (3 - r * (15 - 105 * r))))
            )
            z += (log - math.log(p)) / (z + 1 / z)
            continue
        off = 0.5 * math.erf(z / math.sqrt(2)) - (p - 0.5) if p > 0.25 else normal_cdf(z) - p
        step = off * math.sqrt(2 * math.pi) * math.exp(z * z / 2)
        z -= step / (1 + z * step / 2)
    return z


# Peter Acklam's rational approximation (2003), relative error 1.15e-9; highest power first.
_MIDDLE_UP = (-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716,
              2.506628277459239)  # fmt: skip
_MIDDLE_DOWN = (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572)
_TAIL_UP = (-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
            2.938163982698783)  # fmt: skip
_TAIL_DOWN = (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416)


def _ratio(x: float, up: Sequence[float], down: Sequence[float]) -> float:
    above = below = 0.0
    for each in up:
        above = above * x + each
    for each in down:
        below = below * x + each
    return above / below


@lru_cache(maxsize=256)  # an interval asks for the same one at every shift
def betainc(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (Numerical Recipes 6.4)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta_part(b, a, 1 - x, math.log1p(-x), math.log(x))
    return _beta_part(a, b, x, math.log(x), math.log1p(-x))


def _log_beta(a: float, b: float) -> float:
    """-log B(a, b), where the difference of large logarithms of gamma functions would leave few digits."""
    a, b = max(a, b), min(a, b)
    if a < 1000 or b > 10:
        return math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    stirling = (a - 0.5) * math.log1p(b / a) + b * math.log(a + b) - b
    return stirling + (1 / (a + b) - 1 / a) / 12 - (1 / (a + b) ** 3 - 1 / a**3) / 360 - math.lgamma(b)


def _beta_part(a: float, b: float, x: float, log_x: float, log_y: float) -> float:
    """I_x(a, b) for x up to its middle, where the fraction converges; y is 1 - x."""
    front = math.exp(_log_beta(a, b) + a * log_x + b * log_y)
    tiny, c = 1e-300, 1.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1) or tiny)
    value = d
    for m in range(1, 1000):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / ((1.0 + factor * d) or tiny)
            c = (1.0 + factor / c) or tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * value / a


def t_two_sided(t: float, df: float) -> float:
    """P(|T| >= |t|) of Student's distribution."""
    return 0.0 if math.isinf(t) else betainc(df / 2, 0.5, df / (df + t * t))


def chi2_upper(x: float, df: float) -> float:
    """P(X >= x) of the chi-square distribution."""
    return 1.0 - _gammainc(df / 2, x / 2) if x < df + 2 else _gamma_tail(df / 2, x / 2)


def _gamma_front(a: float, x: float) -> float:
    return math.exp(a * math.log(x) - x - math.lgamma(a)) if x > 1e-300 else 0.0


def _gammainc(a: float, x: float) -> float:
    """The regularised lower incomplete gamma function P(a, x), by its series (Numerical Recipes 6.2)."""
    term = total = 1.0 / a
    n = a
    while abs(term) > 1e-17 * abs(total) and n < a + 10_000:
        n += 1
        term *= x / n
        total += term
    return min(1.0, total * _gamma_front(a, x))


def _gamma_tail(a: float, x: float) -> float:
    """1 - P(a, x), by Lentz's continued fraction; for x > a + 1."""
    b = x + 1.0 - a
    c, d = 1e300, 1.0 / b
    value = d
    for i in range(1, 10_000):
        up = -i * (i - a)
        b += 2.0
        d = 1.0 / (up * d + b)
        c = b + up / c
        value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value * _gamma_front(a, x)


def noncentral_t_cdf(t: float, df: float, shift: float) -> float:
    """P(T <= t) of the noncentral t distribution, to about 1e-10 (Lenth 1989, AS 243).

    Beyond a shift of 1000 by quadrature over the normal part, to about 1e-8 up to a million degrees of freedom, and
    as a normal distribution from there on (Abramowitz & Stegun 26.7.10), to about 1e-5.
    """
    if t < 0:
        return 1.0 - noncentral_t_cdf(-t, df, -shift)
    if abs(shift) > 1000:
        if shift < 0 or t == 0:
            return 1.0 if shift < 0 else 0.0
        if df > 1e6:
            return normal_cdf((t * (1 - 1 / (4 * df)) - shift) / math.sqrt(1 + t * t / (2 * df)))
        nodes, weights = np.polynomial.hermite_e.hermegauss(32)
        parts = [chi2_upper(df * ((shift + z) / t) ** 2, df) for z in nodes.tolist()]
        return min(1.0, float(weights @ np.array(parts)) / math.sqrt(2 * math.pi))
    half = shift * shift / 2
    j = np.arange(_terms(half))
    # log of the Poisson weights and of those shifted by a half
    log_half = math.log(half) if half > 0 else -745.0
    p = np.exp(-half + j * log_half - _log_gamma(1.0, len(j)))
    q = shift / math.sqrt(2) * np.exp(-half + j * log_half - _log_gamma(1.5, len(j)))
    x = t * t / (t * t + df)
    even, odd = _betas(0.5, df / 2, x, len(j)), _betas(1.0, df / 2, x, len(j))
    return min(1.0, max(0.0, normal_cdf(-shift) + 0.5 * float(p @ even + q @ odd)))


def noncentral_f_cdf(f: float, df1: float, df2: float, shift: float) -> float:
    """P(F <= f) of the noncentral F distribution: a Poisson mixture of beta functions."""
    half = shift / 2
    j = np.arange(_terms(half))
    weights = np.exp(-half + j * (math.log(half) if half > 0 else -745.0) - _log_gamma(1.0, len(j)))
    return min(1.0, float(weights @ _betas(df1 / 2, df2 / 2, df1 * f / (df1 * f + df2), len(j))))


def noncentral_chi2_cdf(x: float, df: float, shift: float) -> float:
    """P(X <= x) of the noncentral chi-square distribution: a Poisson mixture of gamma functions."""
    half = shift / 2
    j = np.arange(_terms(half))
    weights = np.exp(-half + j * (math.log(half) if half > 0 else -745.0) - _log_gamma(1.0, len(j)))
    a = df / 2 + j
    drops = np.exp(a * math.log(x / 2) - x / 2 - _log_gamma(df / 2 + 1.0, len(j))) if x > 1e-300 else np.zeros(len(j))
    first = 1.0 - chi2_upper(x, df)
    return min(1.0, float(weights @ np.maximum(0.0, first - np.concatenate([[0.0], np.cumsum(drops)[:-1]]))))


def shift_between(cdf: Callable[[float], float], low: float, high: float, share: float) -> float:
    """The shift in [low, high] at which ``cdf``, which falls with it, is ``share``, or the nearer end."""
    at_low, at_high = cdf(low) - share, cdf(high) - share
    if at_low <= 0 or at_high >= 0:
        return low if at_low <= 0 else high
    side = 0
    for turn in range(200):  # regula falsi as of Illinois, after four bisections
        middle = (low + high) / 2 if turn < 4 else low + (high - low) * at_low / (at_low - at_high)
        here = cdf(middle) - share
        if abs(here) < 1e-12 or high - low < 1e-12 * max(1.0, abs(middle)):
            return middle
        if here > 0:
            at_high = at_high / 2 if side > 0 else at_high
            low, at_low, side = middle, here, 1
        else:
            at_low = at_low / 2 if side < 0 else at_low
            high, at_high, side = middle, here, -1
    return (low + high) / 2


def _betas(a: float, b: float, x: float, n: int) -> Floats:
    """I_x(a + j, b) for j < n, by the recurrence from j = 0."""
    k = a + np.arange(n - 1)
    if x <= 0 or x >= 1:
        return np.full(n, 0.0 if x <= 0 else 1.0)
    logs = k * math.log(x) + b * math.log1p(-x) - _log_gamma(a + 1.0, n - 1) - math.lgamma(b) + _log_gamma(a + b, n - 1)
    return np.maximum(0.0, betainc(a, b, x) - np.concatenate([[0.0], np.cumsum(np.exp(logs))]))


def _terms(half: float) -> int:
    """How many Poisson terms hold all but about 1e-14 of the mass."""
    return int(half + 9 * math.sqrt(half) + 40)


def _log_gamma(start: float, n: int) -> Floats:
    """The logarithm of gamma(start + j) for j < n, by gamma(x + 1) = x gamma(x)."""
    return math.lgamma(start) + np.concatenate([[0.0], np.cumsum(np.log(start + np.arange(n - 1)))])
