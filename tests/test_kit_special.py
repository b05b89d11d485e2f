"""erf, erfc and the normal distribution against 40 digits, in the tails and at the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from castalia.kit import special

PAIRS: list[tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = [
    (special.erf, mp.erf, 1e-15),
    (special.erfc, mp.erfc, 1e-15),
    (special.normal_cdf, mp.ncdf, 2e-15),
]


def exact(peer: Callable[[Any], Any], x: Any) -> Any:
    with mp.workdps(40):
        return np.array([float(peer(mp.mpf(float(each)))) for each in x])


@pytest.mark.parametrize(("ours", "peer", "close"), PAIRS)
def test_all_digits_are_right(ours: Callable[[Any], Any], peer: Callable[[Any], Any], close: float) -> None:
    x = np.concatenate(
        [np.linspace(-26, 26, 1301), [1e-300, -1e-20, 0.5, np.nextafter(0.5, 0), 1.0, np.nextafter(1, 0)]]
    )
    expected = exact(peer, x)
    normal = np.abs(expected) > 1e-300
    assert np.max(np.abs(ours(x) - expected)[normal] / np.abs(expected[normal])) < close
    single = x.astype(np.float32)
    expected, got = exact(peer, single), ours(single)
    normal = np.abs(expected) > 1e-30
    assert got.dtype == np.float32
    assert np.max(np.abs(got - expected)[normal] / np.abs(expected[normal])) < 3e-6


@given(st.floats(-30, 30))
def test_reflections(x: float) -> None:
    assert special.erf(-x) == -special.erf(x)
    assert abs(special.erf(x) + special.erfc(x) - 1) < 3e-16
    assert abs(special.normal_cdf(x) + special.normal_cdf(-x) - 1) < 3e-16


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges(dtype: Any) -> None:
    x = np.array([-np.inf, -1e30, 0.0, 1e30, np.inf, np.nan], dtype)
    with np.errstate(all="raise", under="ignore", invalid="ignore"):
        assert np.array_equal(special.erf(x), [-1, -1, 0, 1, 1, np.nan], equal_nan=True)
        assert np.array_equal(special.erfc(x), [2, 2, 1, 0, 0, np.nan], equal_nan=True)
        assert np.array_equal(special.normal_cdf(x), [0, 0, 0.5, 1, 1, np.nan], equal_nan=True)
        assert np.array_equal(special.normal_pdf(x)[[0, 1, 3, 4]], np.zeros(4))


def test_shapes_and_kinds() -> None:
    assert special.erf(0.5).shape == () and special.erf([[1, 2]]).shape == (1, 2) and special.erf([]).shape == (0,)
    assert special.erf(1).dtype == np.float64
    slope = (special.normal_cdf(0.3 + 1e-6) - special.normal_cdf(0.3 - 1e-6)) / 2e-6
    assert special.normal_pdf(0.3) == pytest.approx(float(slope), rel=1e-9)
