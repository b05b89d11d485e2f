"""kit.stats against SciPy, closed forms and its own promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from castalia.core.errors import WrongInput
from castalia.kit import stats


@pytest.mark.parametrize("n", [2, 3, 5, 12, 60])
@pytest.mark.parametrize("seed", range(4))
def test_paired_t_is_scipys(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.4, 1, n), rng.normal(0, 1, n)
    theirs = scipy.stats.ttest_rel(a, b)
    ours = stats.paired_t(a, b)
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert stats.paired_t(b, a).p == pytest.approx(ours.p, rel=1e-12)


def test_paired_t_of_equal_differences() -> None:
    assert stats.paired_t([1, 2, 3], [1, 2, 3]).p == 1
    found = stats.paired_t([2, 3, 4], [1, 2, 3])
    assert (found.statistic, found.p) == (math.inf, 0)


@pytest.mark.parametrize("n", [1, 2, 7, 11, 25, 26, 80])
@pytest.mark.parametrize("seed", range(3))
def test_wilcoxon_is_scipys(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.3, 1, n), rng.normal(0, 1, n)
    method = "exact" if n <= 25 else "asymptotic"
    theirs = scipy.stats.wilcoxon(a, b, method=method, correction=False)
    ours = stats.wilcoxon(a, b)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)


def test_wilcoxon_with_ties_and_zeros_is_scipys() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 5, 40), rng.integers(0, 4, 40)
    theirs = scipy.stats.wilcoxon(a, b, method="asymptotic", correction=False, zero_method="wilcox")
    ours = stats.wilcoxon(a, b)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    assert stats.wilcoxon([1, 2], [1, 2]).p == 1


@pytest.mark.parametrize("n", [3, 8, 13])
def test_sign_flip_is_scipys_exact_permutation(n: int) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(0.5, 1, n), rng.normal(0, 1, n)
    theirs = scipy.stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert stats.sign_flip(a, b).p == pytest.approx(theirs.pvalue, rel=1e-12)


def test_sign_flip_by_draws_is_near_the_t_test_and_never_zero() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.2, 1, 60), rng.normal(0, 1, 60)
    assert stats.sign_flip(a, b).p == pytest.approx(stats.paired_t(a, b).p, abs=0.02)
    assert stats.sign_flip(np.arange(40) + 100.0, np.arange(40), draws=999).p == 1 / 1000


def test_a_test_of_nothing_keeps_its_level() -> None:
    """Under no difference about 5 % of p-values are below 0.05 (400 repetitions: within 4.5 standard errors)."""
    rng = np.random.default_rng(1)
    a, b = rng.exponential(size=(400, 10)), rng.exponential(size=(400, 10))
    for test in (stats.paired_t, stats.wilcoxon, stats.sign_flip):
        share = np.mean([test(x, y).p <= 0.05 for x, y in zip(a, b, strict=True)])
        assert share <= 0.05 + 4.5 * math.sqrt(0.05 * 0.95 / 400), test.__name__


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_bootstrap_is_scipys(method: str) -> None:
    values = np.random.default_rng(5).lognormal(size=50)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, method="BCa" if method == "bca" else method, n_resamples=20_000, rng=1
    ).confidence_interval
    ours = stats.bootstrap(values, draws=20_000, method=method)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.02)
    assert ours.estimate == values.mean()
    assert stats.bootstrap(values, method=method) == stats.bootstrap(values, method=method), "the seed decides"


def test_bootstrap_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for i in range(200):
        found = stats.bootstrap(rng.exponential(size=30), draws=600, seed=i)
        hits += found.low <= 1.0 <= found.high
    assert 0.86 <= hits / 200 <= 0.99


def test_bootstrap_of_rows_and_of_one_value() -> None:
    pairs = np.random.default_rng(0).normal((3, 1), size=(40, 2))
    found = stats.bootstrap(pairs, lambda x: float(x[:, 0].mean() / x[:, 1].mean()), draws=500)
    assert found.low < 3 < found.high
    assert stats.bootstrap([2.0]) == stats.Interval(2.0, 2.0, 2.0)
    assert stats.bootstrap([2.0, 2.0, 2.0]).high == 2.0


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (1, 3), (95, 100), (4000, 4210)])
def test_wilson_is_scipys(hits: int, n: int) -> None:
    theirs = scipy.stats.binomtest(hits, n).proportion_ci(method="wilson")
    ours = stats.wilson(hits, n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.low <= ours.estimate <= ours.high


def test_wilson_of_nothing_knows_nothing() -> None:
    assert (stats.wilson(0, 0).low, stats.wilson(0, 0).high) == (0, 1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_by_its_definition(p: list[float]) -> None:
    found = stats.holm(p)
    for alpha in (0.01, 0.05, 0.2):
        rejected, m = set(), len(p)
        for step, i in enumerate(sorted(range(m), key=lambda i: p[i])):
            if p[i] * (m - step) > alpha:
                break
            rejected.add(i)
        assert rejected == {i for i in range(m) if found[i] <= alpha}


@given(st.floats(1e-300, 1 - 1e-16))
def test_normal_quantile(p: float) -> None:
    assert stats.normal_quantile(p) == pytest.approx(special.ndtri(p), rel=1e-9, abs=1e-12)


@given(st.floats(0.5, 200), st.floats(0.5, 200), st.floats(0, 1))
def test_betainc(a: float, b: float, x: float) -> None:
    assert stats.betainc(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-12)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30))
def test_ranks(values: list[int]) -> None:
    assert stats.average_ranks(values).tolist() == scipy.stats.rankdata(values).tolist()


def test_what_does_not_fit_is_refused_by_name() -> None:
    for wrong in (
        lambda: stats.paired_t([1.0], [2.0]),
        lambda: stats.paired_t([1.0, 2.0], [1.0, 2.0, 3.0]),
        lambda: stats.sign_flip([1.0, math.nan], [1.0, 2.0]),
        lambda: stats.bootstrap([]),
        lambda: stats.bootstrap([1.0, 2.0], method="magic"),
        lambda: stats.wilson(3, 2),
        lambda: stats.wilson(1, 2, level=1.0),
        lambda: stats.holm([0.5, 1.5]),
        lambda: stats.normal_quantile(0.0),
    ):
        with pytest.raises(WrongInput):
            wrong()


# --- Student's interval ----------------------------------------------------------------------------


@pytest.mark.parametrize("df", [1, 2, 3, 4, 9, 30, 400])
@pytest.mark.parametrize("p", [0.001, 0.3, 0.5, 0.75, 0.95, 0.975, 0.9995])
def test_student_quantiles_are_those_of_scipy(p: float, df: int) -> None:
    assert stats.t_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-8, abs=1e-7)


def test_the_interval_of_a_difference_is_that_of_scipy_and_agrees_with_the_test() -> None:
    rng = np.random.default_rng(5)
    for n in (2, 5, 40):
        a, b = rng.normal(0.4, 1, n), rng.normal(0, 1, n)
        found, theirs = stats.mean_difference(a, b), scipy.stats.ttest_rel(a, b).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-8)
        assert (found.low > 0 or found.high < 0) == (stats.paired_t(a, b).p < 0.05)
    with pytest.raises(WrongInput):
        stats.t_quantile(1.0, 3)
