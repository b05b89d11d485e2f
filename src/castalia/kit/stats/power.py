"""How many values are needed to see a difference, and how likely some are to show it."""

from __future__ import annotations

import math

from castalia.core.errors import WrongInput
from castalia.kit.stats.distributions import noncentral_t_cdf, normal_quantile, t_quantile
from castalia.kit.stats.values import fraction

MOST = 100_000_000


def power_of_t(effect: float, n: int, alpha: float = 0.05, *, paired: bool = False) -> float:
    """The probability that the two-sided t-test finds a standardised difference of ``effect``, with ``n`` values in
    each of two samples, or ``n`` pairs (``effect`` is then d_z). Normal data, equal spreads."""
    fraction(alpha, "alpha")
    if not math.isfinite(effect):
        raise WrongInput("no effect size", str(effect), "a finite number of standard deviations", field="effect")
    if n < 2:
        raise WrongInput("too few values", str(n), "2 or more", field="n")
    df, shift = (n - 1, abs(effect) * math.sqrt(n)) if paired else (2 * n - 2, abs(effect) * math.sqrt(n / 2))
    edge = -t_quantile(alpha / 2, df)
    if shift > edge * (1 + math.sqrt(80 / df)) + 9:
        return 1.0
    return 1 - noncentral_t_cdf(edge, df, shift) + noncentral_t_cdf(-edge, df, shift)


def samples_needed(effect: float, power: float = 0.8, alpha: float = 0.05, *, paired: bool = False) -> int:
    """The least ``n`` (of each sample, or pairs) at which ``power_of_t`` reaches ``power``.

    >>> samples_needed(0.5), samples_needed(0.5, paired=True)
    (64, 34)
    """
    fraction(power, "power")
    fraction(alpha, "alpha")
    if not math.isfinite(effect) or effect == 0:
        raise WrongInput("no effect to see", str(effect), "a number of standard deviations other than 0",
                         "Name the least difference that would matter to you.", field="effect")  # fmt: skip
    z = normal_quantile(power) - normal_quantile(alpha / 2) if power > alpha / 2 else 0.0
    about = (1 if paired else 2) * (z / effect) ** 2
    if about > MOST:
        raise WrongInput(
            "too small an effect", f"{effect}: about {about:.3g} values", f"at most {MOST:,}", field="effect"
        )
    if about > 10_000:  # the normal approximation is off by about two values there
        return math.ceil(about) + 1
    low, high = 1, max(4, math.ceil(about) + 8)
    while power_of_t(effect, high, alpha, paired=paired) < power:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of_t(effect, middle, alpha, paired=paired) >= power else (middle, high)
    return high


def samples_needed_for_shares(share: float, other: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """The least ``n`` on each side at which two shares are told apart, by Cohen's h (1988, equation 6.2.1).

    >>> samples_needed_for_shares(0.90, 0.92)
    3205
    """
    fraction(power, "power")
    fraction(alpha, "alpha")
    if not (0 <= share <= 1 and 0 <= other <= 1) or share == other:
        raise WrongInput("no difference to see", f"{share} and {other}", "two shares from 0 to 1", field="share")
    h = 2 * math.asin(math.sqrt(share)) - 2 * math.asin(math.sqrt(other))
    return math.ceil(2 * ((normal_quantile(power) - normal_quantile(alpha / 2)) / h) ** 2)
