"""P-values corrected for having asked several times, in the order given: reject what is at most alpha.

Of the whole family: ``bonferroni``, ``holm`` (never weaker, no assumption), ``hochberg`` (sharper, for tests that are
independent or positively dependent). Of the share of false ones among those rejected: ``benjamini_hochberg``, and
``benjamini_yekutieli`` whatever the dependence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit.stats.values import Floats


def bonferroni(p_values: Sequence[float]) -> list[float]:
    """Bonferroni's: each times their number."""
    p = _checked(p_values)
    return [float(each) for each in np.minimum(1.0, p * p.size)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values: reject what is below alpha, at family-wise error alpha.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    return _back(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), order)


def hochberg(p_values: Sequence[float]) -> list[float]:
    """Hochberg's (1988) step-up: Holm's factors, from the largest p-value down."""
    p = _checked(p_values)
    order = np.argsort(-p, kind="stable")
    return _back(np.minimum.accumulate(p[order] * np.arange(1, p.size + 1)), order)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini & Hochberg's (1995): at most alpha of what is rejected is expected to be false.

    >>> benjamini_hochberg([0.01, 0.02, 0.03])
    [0.03, 0.03, 0.03]
    """
    p = _checked(p_values)
    order = np.argsort(-p, kind="stable")
    return _back(np.minimum.accumulate(p[order] * p.size / np.arange(p.size, 0, -1)), order)


def benjamini_yekutieli(p_values: Sequence[float]) -> list[float]:
    """Benjamini & Yekutieli's (2001): the same for tests that depend on each other in any way."""
    p = _checked(p_values)
    order = np.argsort(-p, kind="stable")
    harmonic = float(np.sum(1 / np.arange(1, p.size + 1)))
    return _back(np.minimum.accumulate(p[order] * p.size * harmonic / np.arange(p.size, 0, -1)), order)


def _checked(p_values: Sequence[float]) -> Floats:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise WrongInput("not p-values", str(list(p_values))[:80], "numbers from 0 to 1", field="p_values")
    return p


def _back(stepped: Floats, order: NDArray[np.int64]) -> list[float]:
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(1.0, stepped)
    return [float(each) for each in adjusted]
