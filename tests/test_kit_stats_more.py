"""Effect sizes, tests of samples and of counts, corrections, sample sizes: against SciPy and what was printed."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import contingency

from castalia.core.errors import WrongInput
from castalia.kit import stats
from castalia.kit.stats import distributions

SEEDS = range(4)


def two(seed: int, m: int = 12, n: int = 17) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0.6, 1.5, m), rng.normal(0, 1, n)


# --- distributions ---------------------------------------------------------------------------------


@given(st.floats(0, 300), st.floats(0.5, 120))
def test_chi_square(x: float, df: float) -> None:
    assert distributions.chi2_upper(x, df) == pytest.approx(scipy.stats.chi2.sf(x, df), rel=1e-8, abs=1e-13)


@given(st.floats(-30, 30), st.integers(1, 200), st.floats(-20, 20))
def test_noncentral_t(t: float, df: int, shift: float) -> None:
    theirs = scipy.stats.nct.cdf(t, df, shift)
    if math.isfinite(theirs):
        assert distributions.noncentral_t_cdf(t, df, shift) == pytest.approx(theirs, abs=2e-9)


@given(st.floats(0, 40), st.integers(1, 9), st.integers(1, 200), st.just(0.0) | st.floats(1e-3, 200))
def test_noncentral_f_and_chi_square(f: float, df1: int, df2: int, shift: float) -> None:
    theirs = scipy.stats.ncf.cdf(f, df1, df2, shift) if shift else scipy.stats.f.cdf(f, df1, df2)
    if math.isfinite(theirs):  # SciPy gives NaN far out in the tail
        assert distributions.noncentral_f_cdf(f, df1, df2, shift) == pytest.approx(theirs, abs=1e-8)
    theirs = scipy.stats.ncx2.cdf(f, df1, shift) if shift else scipy.stats.chi2.cdf(f, df1)
    assert distributions.noncentral_chi2_cdf(f, df1, shift) == pytest.approx(theirs, abs=1e-8)


@pytest.mark.parametrize("df", [0.1, 0.5, 2, 3, 10, 99.5, 999, 1001, 1e4, 1e6, 1e10])
@pytest.mark.parametrize("p", [1e-300, 1e-17, 1e-12, 1e-4, 0.025, 0.3, 0.49, 0.5 + 1e-9, 0.975, 1 - 1e-12])
def test_student_quantiles_far_out_and_near_the_middle(p: float, df: float) -> None:
    t = stats.t_quantile(p, df)
    assert stats.t_quantile(0.75, df) == -stats.t_quantile(0.25, df)
    if 1e-140 < abs(t) < 1e140 and abs(p - 0.5) > 1e-3:  # SciPy's squares overflow beyond
        assert scipy.special.stdtr(df, t) == pytest.approx(p, rel=1e-10)
    density = scipy.stats.t.pdf(0, df)
    if abs(p - 0.5) < 1e-3 and df > 0.5:
        assert t * density == pytest.approx(p - 0.5, rel=1e-10), "a straight line there"


def test_quantiles_where_they_are_known() -> None:
    for p in (1e-17, 1e-12, 0.1, 0.5 - 1e-9, 0.7):
        assert stats.t_quantile(p, 1) == pytest.approx(-1 / math.tan(math.pi * p), rel=1e-12)
        assert stats.t_quantile(p, 2) == pytest.approx((p - 0.5) * 2 * math.sqrt(2 / (4 * p * (1 - p))), rel=1e-12)
    assert stats.t_quantile(0.999999, 0.1) == pytest.approx(1.604425705e56, rel=1e-9)
    assert stats.t_quantile(0.5, 3) == 0 and stats.t_quantile(1e-300, 0.1) == -math.inf
    for p in (5e-324, 1e-310, 9e-281, 2e-280, 1e-17, 0.24, 0.26, 0.5 + 1e-9):
        assert stats.normal_quantile(p) == pytest.approx(scipy.special.ndtri(p), rel=1e-14)
    assert 350 < stats.samples_needed(0.5, alpha=1e-17) < 800
    with pytest.raises(WrongInput, match="degrees"):
        stats.t_quantile(0.9, 0)


# --- two samples -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_welch_is_scipys(seed: int) -> None:
    a, b = two(seed)
    theirs = scipy.stats.ttest_ind(a, b, equal_var=False)
    ours, gap = stats.welch_t(a, b), stats.welch_difference(a, b)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    their_gap = theirs.confidence_interval(0.95)
    assert (gap.low, gap.high) == pytest.approx((their_gap.low, their_gap.high), rel=1e-8)
    assert (gap.low > 0 or gap.high < 0) == (ours.p < 0.05)


def test_welch_of_constants() -> None:
    assert stats.welch_t([2, 2], [2, 2, 2]).p == 1
    assert (stats.welch_t([3, 3], [2, 2]).statistic, stats.welch_t([3, 3], [2, 2]).p) == (math.inf, 0)
    assert stats.welch_difference([3, 3], [2, 2]).low == 1


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 9), (3, 4), (12, 20), (20, 20), (21, 8), (40, 60)])
@pytest.mark.parametrize("seed", SEEDS)
def test_mann_whitney_is_scipys(m: int, n: int, seed: int) -> None:
    a, b = two(seed, m, n)
    exact = max(m, n) <= 20
    theirs = scipy.stats.mannwhitneyu(a, b, use_continuity=False, method="exact" if exact else "asymptotic")
    ours = stats.mann_whitney(a, b)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    tied = np.round(a), np.round(b)
    if np.unique(np.concatenate(tied)).size in range(2, m + n):
        theirs = scipy.stats.mannwhitneyu(*tied, use_continuity=False, method="asymptotic")
        ours = stats.mann_whitney(*tied)
        assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    assert stats.mann_whitney([1, 1], [1, 1, 1]).p == 1


@pytest.mark.parametrize(("m", "n"), [(1, 3), (4, 5), (5, 5), (6, 9)])
def test_permutation_is_its_definition_where_exact_and_near_welch_where_drawn(m: int, n: int) -> None:
    a, b = two(m, m, n)
    hand = abs(a.mean() - b.mean())  # scipy doubles the smaller tail instead
    from itertools import combinations

    pooled = np.concatenate([a, b])
    gaps = [abs(pooled[list(c)].mean() - np.delete(pooled, list(c)).mean()) for c in combinations(range(m + n), m)]
    assert stats.permutation(a, b).p == pytest.approx(np.mean(np.array(gaps) >= hand - 1e-12), rel=1e-12)
    a, b = two(0, 40, 50)
    drawn = stats.permutation(a, b, draws=4000)
    assert drawn.p == pytest.approx(stats.welch_t(a, b).p, abs=0.02) and drawn == stats.permutation(a, b, draws=4000)
    assert stats.permutation(np.arange(30) + 100, np.arange(30), draws=99).p == 1 / 100


def test_tests_of_two_like_samples_keep_their_level() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.exponential(size=(400, 9)), rng.exponential(size=(400, 9))
    for test in (stats.welch_t, stats.mann_whitney, lambda x, y: stats.permutation(x, y, draws=200)):
        share = np.mean([test(x, y).p <= 0.05 for x, y in zip(a, b, strict=True)])
        assert share <= 0.05 + 4.5 * math.sqrt(0.05 * 0.95 / 400)


# --- pairs of answers ------------------------------------------------------------------------------


def test_mcnemar_is_the_binomial_of_the_rows_that_differ() -> None:
    a, b = np.repeat([1, 1, 0, 0], [60, 15, 5, 20]), np.repeat([1, 0, 1, 0], [60, 15, 5, 20])
    found = stats.mcnemar(a, b)
    assert found.p == pytest.approx(scipy.stats.binomtest(15, 20).pvalue, rel=1e-10) and found.n == 20
    assert stats.mcnemar([1, 0], [1, 0]).p == 1


def test_delong_by_its_definition_and_at_its_level() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [30, 20])
    a, b = y + rng.normal(size=50), np.round(y + rng.normal(size=50), 1)

    def components(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        psi = (s[y == 1][:, None] > s[y == 0]) + 0.5 * (s[y == 1][:, None] == s[y == 0])
        return psi.mean(axis=1), psi.mean(axis=0)

    (a10, a01), (b10, b01) = components(a), components(b)
    s = np.cov(a10, b10) / 20 + np.cov(a01, b01) / 30
    z = (a10.mean() - b10.mean()) / math.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])
    test, gap = stats.delong(y, a, b)
    assert test.statistic == pytest.approx(z, rel=1e-10)
    assert test.p == pytest.approx(2 * scipy.stats.norm.sf(abs(z)), rel=1e-9)
    assert gap.low == pytest.approx(gap.estimate - 1.959963984540054 * gap.estimate / z, rel=1e-9)
    alone = stats.delong(y, a, np.zeros(50))[1]
    from castalia.kit.metrics import roc_auc

    assert alone.estimate == pytest.approx(roc_auc(y, a) - 0.5, abs=1e-12)
    assert stats.delong(y, a, 3 * a + 1)[0].p == 1, "the same order"
    wrong = 0
    for _ in range(400):
        base = rng.normal(size=100) + np.repeat([0, 1], 50)
        wrong += (
            stats.delong(np.repeat([0, 1], 50), base + rng.normal(size=100), base + rng.normal(size=100))[0].p < 0.05
        )
    assert wrong / 400 < 0.05 + 4.5 * math.sqrt(0.05 * 0.95 / 400)


# --- counts ----------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1))
def test_binomial_is_scipys(hits: int, misses: int, share: float) -> None:
    if hits + misses and (share == 0 or share > 1e-9):
        theirs = scipy.stats.binomtest(hits, hits + misses, share).pvalue
        assert stats.binomial(hits, hits + misses, share).p == pytest.approx(theirs, rel=1e-5, abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.integers(0, 25), min_size=4, max_size=4))
def test_fisher_is_scipys(cells: list[int]) -> None:
    table = np.array(cells).reshape(2, 2)
    if table.any():
        theirs = scipy.stats.fisher_exact(table)
        ours = stats.fisher(table)
        assert ours.p == pytest.approx(theirs.pvalue, rel=1e-6)
        assert ours.statistic == pytest.approx(theirs.statistic, nan_ok=True)


@pytest.mark.parametrize("shape", [(2, 2), (3, 4)])
@pytest.mark.parametrize("seed", SEEDS)
def test_chi_square_and_cramers_v_are_scipys(shape: tuple[int, int], seed: int) -> None:
    table = np.random.default_rng(seed).integers(1, 40, shape)
    theirs = scipy.stats.chi2_contingency(table, correction=False)
    ours, v = stats.chi_square(table), stats.cramers_v(table)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-8)
    assert v.estimate == pytest.approx(contingency.association(table, "cramer"), rel=1e-12)
    total, df = table.sum() * (min(shape) - 1), theirs.dof
    for end, share in ((v.low, 0.975), (v.high, 0.025)):
        if 0 < end < 1:
            assert scipy.stats.ncx2.cdf(theirs.statistic, df, end**2 * total) == pytest.approx(share, abs=1e-6)
    empty = np.zeros((shape[0] + 1, shape[1]), int)
    empty[: shape[0]] = table
    assert stats.chi_square(empty) == ours, "a row without counts says nothing"
    assert stats.chi_square([[3, 4]]).p == 1


# --- shares ----------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_ratios_are_scipys(a: int, b: int, c: int, d: int) -> None:
    odds = contingency.odds_ratio([[a, b], [c, d]], kind="sample")
    theirs, ours = odds.confidence_interval(0.95), stats.odds_ratio(a, a + b, c, c + d)
    assert (ours.estimate, ours.low, ours.high) == pytest.approx((odds.statistic, theirs.low, theirs.high), rel=1e-9)
    risk = contingency.relative_risk(a, a + b, c, c + d)
    theirs, ours = risk.confidence_interval(0.95), stats.risk_ratio(a, a + b, c, c + d)
    assert (ours.estimate, ours.low, ours.high) == pytest.approx(
        (risk.relative_risk, theirs.low, theirs.high), rel=1e-9
    )


def test_newcombes_printed_interval() -> None:
    """56 of 70 against 48 of 80: 0.0524 to 0.3339 (Newcombe 1998, table II, method 10)."""
    found = stats.risk_difference(56, 70, 48, 80)
    assert (round(found.estimate, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)


def test_shares_at_their_ends() -> None:
    for effect in (stats.risk_ratio, stats.odds_ratio):
        assert math.isnan(effect(0, 10, 0, 10).estimate)
        none, all_ = effect(0, 10, 5, 10), effect(5, 10, 0, 10)
        assert none.estimate == 0 < none.high < math.inf and all_.estimate == math.inf > all_.low > 0
    assert stats.cohen_h(10, 10, 0, 10).estimate == pytest.approx(math.pi)
    assert stats.risk_difference(10, 10, 0, 10).high == 1
    assert stats.cohen_h(70, 100, 50, 100).estimate == pytest.approx(0.4115, abs=1e-4)  # 2(asin .8367 - asin .7071)


# --- effect sizes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_standardised_means_and_their_exact_intervals(seed: int) -> None:
    a, b = two(seed)
    d = stats.cohen_d(a, b)
    t = scipy.stats.ttest_ind(a, b).statistic
    scale = math.sqrt(12 * 17 / 29)
    assert d.estimate == pytest.approx(t / scale, rel=1e-12)
    assert scipy.stats.nct.cdf(t, 27, d.low * scale) == pytest.approx(0.975, abs=1e-7)
    assert scipy.stats.nct.cdf(t, 27, d.high * scale) == pytest.approx(0.025, abs=1e-7)
    g = stats.hedges_g(a, b)
    assert g.estimate == pytest.approx(d.estimate * (1 - 3 / (4 * 27 - 1)), rel=2e-4), "Hedges' own approximation"
    delta = stats.glass_delta(a, b)
    assert (
        delta.estimate == pytest.approx((a.mean() - b.mean()) / b.std(ddof=1))
        and delta.low < delta.estimate < delta.high
    )
    pairs = stats.cohen_d_paired(a, b[:12])
    t = scipy.stats.ttest_rel(a, b[:12]).statistic
    assert pairs.estimate == pytest.approx(t / math.sqrt(12), rel=1e-12)
    assert scipy.stats.nct.cdf(t, 11, pairs.high * math.sqrt(12)) == pytest.approx(0.025, abs=1e-7)
    mirrored = stats.cohen_d(b, a)
    assert (mirrored.low, mirrored.high) == pytest.approx((-d.high, -d.low), abs=1e-9)


def test_intervals_of_effects_cover_as_often_as_they_say() -> None:
    """At a true d of 0.8: delta is 2 Phi(d / sqrt 2) - 1, eta squared of two equal groups is d^2 / (d^2 + 4)."""
    rng = np.random.default_rng(3)
    truth = {"d": 0.8, "g": 0.8, "delta": 2 * stats.normal_cdf(0.8 / math.sqrt(2)) - 1, "eta": 0.64 / 4.64}
    hits = dict.fromkeys(truth, 0)
    for _ in range(120):
        a, b = rng.normal(0.8, 1, 20), rng.normal(0, 1, 20)
        found = {"d": stats.cohen_d(a, b), "g": stats.hedges_g(a, b), "delta": stats.cliff_delta(a, b),
                 "eta": stats.eta_squared(a, b)}  # fmt: skip
        for name, each in found.items():
            hits[name] += each.low <= truth[name] <= each.high
    assert all(0.88 <= each / 120 <= 0.99 for each in hits.values()), hits


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=12), st.lists(st.integers(-4, 4), min_size=2, max_size=12))
def test_cliffs_delta_by_its_definition(a: list[int], b: list[int]) -> None:
    signs = np.sign(np.subtract.outer(a, b))
    found = stats.cliff_delta(a, b)
    assert found.estimate == pytest.approx(signs.mean(), abs=1e-12)
    assert -1 <= found.low <= found.high <= 1
    assert found.low - 1e-12 <= found.estimate <= found.high + 1e-12
    m, n = signs.shape
    if 1e-9 < abs(found.estimate) < 1 and m > 1 < n:
        rows, columns = signs.mean(axis=1) - signs.mean(), signs.mean(axis=0) - signs.mean()
        variance = (n**2 * (rows**2).sum() + m**2 * (columns**2).sum() - ((signs - signs.mean()) ** 2).sum()) / (
            m * n * (m - 1) * (n - 1)
        )
        variance = max(variance, (1 - signs.mean() ** 2) / (m * n - 1))
        z, d = 1.959963984540054, float(signs.mean())
        low = (d - d**3 - z * math.sqrt(variance) * math.sqrt((1 - d * d) ** 2 + z * z * variance)) / (
            1 - d * d + z * z * variance
        )
        assert found.low == pytest.approx(low, abs=1e-9)


def test_rank_biserial_is_the_balance_of_wilcoxons_ranks() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.4, 1, 20), rng.normal(size=20)
    ranks = scipy.stats.rankdata(np.abs(a - b))
    plus = ranks[a > b].sum()
    found = stats.rank_biserial(a, b)
    assert found.estimate == pytest.approx((2 * plus - ranks.sum()) / ranks.sum())
    assert found.low < found.estimate < found.high
    assert stats.rank_biserial([1, 2], [1, 2]) == stats.Interval(0, -1, 1)
    assert stats.rank_biserial([2, 3], [1, 1]).estimate == 1


def test_eta_and_omega_squared_of_an_anova() -> None:
    groups = [np.array([1.0, 2, 3, 4]), np.array([2.0, 4, 5, 6]), np.array([5.0, 7, 8, 9])]
    f = scipy.stats.f_oneway(*groups).statistic
    eta, omega = stats.eta_squared(*groups), stats.omega_squared(*groups)
    assert eta.estimate == pytest.approx(f * 2 / (f * 2 + 9), rel=1e-12)
    assert omega.estimate == pytest.approx(2 * (f - 1) / (2 * (f - 1) + 12), rel=1e-12)
    assert (eta.low, eta.high) == (omega.low, omega.high)
    assert scipy.stats.ncf.cdf(f, 2, 9, 12 * eta.low / (1 - eta.low)) == pytest.approx(0.975, abs=1e-6)
    assert scipy.stats.ncf.cdf(f, 2, 9, 12 * eta.high / (1 - eta.high)) == pytest.approx(0.025, abs=1e-6)
    assert stats.eta_squared([1, 1], [1, 1]).estimate == 0 and stats.eta_squared([1, 1], [2, 2]).estimate == 1
    assert stats.omega_squared([1, 3], [1, 3]).estimate < 0


def test_no_spread_is_infinite_or_nothing() -> None:
    assert stats.cohen_d([2, 2], [1, 1]).estimate == math.inf
    assert stats.cohen_d([1, 1], [1, 1]) == stats.Interval(0, 0, 0)
    assert stats.cohen_d_paired([2, 3, 4], [1, 2, 3]).low == math.inf
    assert stats.cliff_delta([5, 6], [1, 2]).estimate == 1 > stats.cliff_delta([5, 6], [1, 2]).low


@given(st.integers(0, 50))
def test_correlations_are_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=15)
    b = np.round(a + rng.normal(size=15), 1)
    theirs = scipy.stats.pearsonr(a, b)
    ours, ends = stats.correlation(a, b), theirs.confidence_interval(0.95)
    assert (ours.estimate, ours.low, ours.high) == pytest.approx((theirs.statistic, ends.low, ends.high), rel=1e-8)
    ranked = stats.correlation(a, b, "spearman")
    assert ranked.estimate == pytest.approx(scipy.stats.spearmanr(a, b).statistic, rel=1e-10)
    assert ranked.high - ranked.low > 0
    assert 0.99 < stats.correlation(a, 2 * a).low < 1


# --- corrections -----------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_corrections(p: list[float]) -> None:
    for ours, name in ((stats.benjamini_hochberg, "bh"), (stats.benjamini_yekutieli, "by")):
        assert ours(p) == pytest.approx(scipy.stats.false_discovery_control(p, method=name).tolist(), rel=1e-12)
    stepped = {name: getattr(stats, name)(p) for name in ("benjamini_hochberg", "hochberg", "holm", "bonferroni")}
    for less, more in zip(list(stepped.values()), list(stepped.values())[1:], strict=False):
        assert all(x <= y + 1e-15 for x, y in zip(less, more, strict=True)), "each is no stronger than the next"
    for alpha in (0.01, 0.05, 0.2):  # Hochberg: the largest k with p_(k) <= alpha / (m - k + 1); all up to it go
        ordered, m = sorted(p), len(p)
        k = max((i + 1 for i in range(m) if ordered[i] * (m - i) <= alpha), default=0)
        assert sum(each <= alpha for each in stepped["hochberg"]) >= k
        assert {i for i in range(m) if stepped["hochberg"][i] <= alpha} == {
            i for i in range(m) if k and p[i] <= ordered[k - 1]
        }


def test_benjamini_and_hochbergs_own_example() -> None:
    """Fifteen p-values of their paper (1995, section 4): four are rejected at 0.05, Bonferroni rejects three."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    assert sum(each <= 0.05 for each in stats.benjamini_hochberg(p)) == 4
    assert sum(each <= 0.05 for each in stats.bonferroni(p)) == 3
    assert stats.benjamini_hochberg([]) == stats.bonferroni([]) == stats.hochberg([]) == []


# --- sample sizes ----------------------------------------------------------------------------------


def test_cohens_printed_sample_sizes() -> None:
    """Cohen 1992, table 2: 393, 64 and 26 in each sample for small, medium and large at 0.05 and power 0.80."""
    assert [stats.samples_needed(d) for d in (0.2, 0.5, 0.8)] == [394, 64, 26]  # 393.4 before rounding up
    assert stats.samples_needed(0.5, paired=True) == 34 and stats.samples_needed(-0.5) == 64
    assert stats.power_of_t(0.5, 64) == pytest.approx(0.8014596, abs=1e-6)
    assert stats.power_of_t(0.0, 20) == pytest.approx(0.05, abs=1e-9)
    assert stats.power_of_t(0.02, stats.samples_needed(0.02)) == pytest.approx(0.8, abs=1e-3)


def test_the_power_is_what_happens() -> None:
    rng = np.random.default_rng(0)
    n = stats.samples_needed(1.0, power=0.7)
    found = np.mean([scipy.stats.ttest_ind(rng.normal(1, 1, n), rng.normal(0, 1, n)).pvalue < 0.05 for _ in range(800)])
    assert found == pytest.approx(stats.power_of_t(1.0, n), abs=4.5 * math.sqrt(0.21 / 800))
    n = stats.samples_needed_for_shares(0.5, 0.7)
    a, b = rng.binomial(n, 0.5, 800), rng.binomial(n, 0.7, 800)
    seen = np.mean([abs(stats.cohen_h(int(x), n, int(y), n).estimate) > 1.959964 * math.sqrt(2 / n)
                    for x, y in zip(a, b, strict=True)])  # fmt: skip
    assert seen == pytest.approx(0.8, abs=4.5 * math.sqrt(0.16 / 800) + 0.01)


# --- wrong input, light import ---------------------------------------------------------------------


REFUSED: list[Callable[[], object]] = [
    lambda: stats.welch_t([1.0], [1.0, 2.0]),
    lambda: stats.welch_t([1.0, math.nan], [1.0, 2.0]),
    lambda: stats.welch_t(["a", "b"], [1, 2]),
    lambda: stats.welch_t([[1, 2]], [1, 2]),
    lambda: stats.mann_whitney([], [1.0]),
    lambda: stats.permutation([1.0], [math.inf]),
    lambda: stats.mcnemar([0, 1], [0, 2]),
    lambda: stats.mcnemar([0, 1], [0]),
    lambda: stats.delong([1, 1, 1], [1, 2, 3], [1, 2, 3]),
    lambda: stats.delong([0, 0, 1, 1], [1, 2], [1, 2, 3, 4]),
    lambda: stats.delong([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4], level=2),
    lambda: stats.binomial(3, 2),
    lambda: stats.binomial(0.5, 2),
    lambda: stats.binomial(0, 0),
    lambda: stats.binomial(1, 2, share=1.5),
    lambda: stats.fisher([[1, 2, 3], [1, 2, 3]]),
    lambda: stats.fisher([[1, -2], [3, 4]]),
    lambda: stats.chi_square([[0, 0], [0, 0]]),
    lambda: stats.chi_square([[0.5, 1], [1, 1]]),
    lambda: stats.chi_square([1, 2]),
    lambda: stats.chi_square("ab"),
    lambda: stats.cramers_v([[1, 2]]),
    lambda: stats.cohen_d([1.0], [1.0, 2.0]),
    lambda: stats.cohen_d([], []),
    lambda: stats.cohen_d([1, 2], [1, 3], level=0),
    lambda: stats.cohen_d_paired([1, 2], [1, 2, 3]),
    lambda: stats.glass_delta([1, 2], [1]),
    lambda: stats.cliff_delta([1], [1, 2]),
    lambda: stats.rank_biserial([], []),
    lambda: stats.paired_t(["a"], ["b"]),
    lambda: stats.eta_squared([1, 2]),
    lambda: stats.eta_squared([1], [2]),
    lambda: stats.omega_squared([1, math.nan], [2, 3]),
    lambda: stats.correlation([1, 2, 3], [1, 2, 3]),
    lambda: stats.correlation([1, 1, 1, 1], [1, 2, 3, 4]),
    lambda: stats.correlation([1, 2, 3, 4], [1, 2, 3]),
    lambda: stats.correlation([1, 2, 3, 4], [1, 2, 3, 5], "kendall"),  # type: ignore[arg-type]
    lambda: stats.risk_ratio(3, 2, 1, 2),
    lambda: stats.odds_ratio(0, 0, 1, 2),
    lambda: stats.cohen_h(1, 2, math.nan, 2),
    lambda: stats.bonferroni([2.0]),
    lambda: stats.hochberg([[0.1]]),
    lambda: stats.benjamini_hochberg([math.nan]),
    lambda: stats.benjamini_yekutieli([-0.1]),
    lambda: stats.samples_needed(0),
    lambda: stats.samples_needed(1e-9),
    lambda: stats.samples_needed(0.5, power=1),
    lambda: stats.power_of_t(math.nan, 5),
    lambda: stats.power_of_t(1, 1),
    lambda: stats.samples_needed_for_shares(0.5, 0.5),
]


@pytest.mark.parametrize("act", REFUSED)
def test_wrong_input_is_refused_and_says_what_was_expected(act: Callable[[], object]) -> None:
    with pytest.raises(WrongInput) as caught:
        act()
    assert caught.value.subject and caught.value.got and caught.value.expected


def test_importing_imports_numpy_alone() -> None:
    heavy = {"scipy", "sklearn", "pandas", "torch", "polars", "pyarrow", "matplotlib"}
    code = "import sys; from castalia.kit import stats; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded) and "numpy" in loaded
    from castalia.kit import stats as package

    modules = {
        "values",
        "distributions",
        "intervals",
        "paired",
        "samples",
        "counts",
        "effects",
        "shares",
        "corrections",
        "power",
    }
    assert not modules & set(package.__all__)


# --- the ends: what few rows cannot say -------------------------------------------------------------


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("k", [2, 5, 40])
def test_perfect_figures_of_few_rows_are_no_points(k: int, level: float) -> None:
    up, y = np.arange(float(2 * k)), np.repeat([0, 1], k)
    wilsons = stats.wilson(k, k, level).low
    found = stats.rank_biserial(np.arange(1.0, k + 1), np.zeros(k), level)
    assert (found.estimate, found.high) == (1, 1) and found.low == pytest.approx(2 * wilsons - 1)
    assert stats.rank_biserial(np.zeros(k), np.arange(1.0, k + 1), level).high == -found.low
    test, gap = stats.delong(y, up, -up, level)
    assert (gap.estimate, gap.high) == (1, 1) and gap.low == pytest.approx(max(-1, 1 - 2 * (1 - wilsons)))
    assert (test.p < 1 - level) == (gap.low > 0) and 0 < test.p < 1
    both = stats.delong(y, up, np.r_[up[:k][::-1], up[k:]], level)
    assert both[0].p == 1 and both[1].low == pytest.approx(max(-1, -2 * (1 - wilsons))), (
        "both perfect, in another order"
    )
    for a, b in ((k, k), (k, 3 * k)):
        found = stats.risk_ratio(a, a, b, b, level)
        assert found.estimate == 1 and found.low < 0.99 and found.high > 1.01
    for method in ("pearson", "spearman"):
        found = stats.correlation(up, up**3 if method == "spearman" else up, method, level)
        assert (found.estimate, found.high) == (1, 1) and found.low < 1 - 1e-9
        assert stats.correlation(up, -up, method, level).high == pytest.approx(-found.low)


def test_intervals_near_the_ends_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    y, hits = np.repeat([0, 1], 6), {"ratio": 0, "rank": 0, "correlation": 0, "delong": 0}
    rows = 600
    for _ in range(rows):
        a, b = rng.binomial(8, 0.95), rng.binomial(12, 0.9)
        found = stats.risk_ratio(a, 8, b, 12)
        hits["ratio"] += found.low <= 0.95 / 0.9 <= found.high
        found = stats.rank_biserial(rng.normal(1.2, 1, 6), np.zeros(6))
        hits["rank"] += found.low <= 0.9099 <= found.high  # of a million pairs
        x = rng.normal(size=6)
        found = stats.correlation(x, x + 0.2 * rng.normal(size=6), "spearman")
        hits["correlation"] += found.low <= 0.9786 <= found.high  # of a million pairs
        # normal scores at a distance d have the AUC Phi(d / sqrt 2)
        _, found = stats.delong(y, rng.normal(size=12) + 4 * y, rng.normal(size=12) + 3 * y)
        hits["delong"] += found.low <= 0.99766 - 0.98305 <= found.high
    assert all(count / rows > 0.92 for count in hits.values()), hits


def test_power_of_large_effects_and_many_values() -> None:
    for effect, n in ((1e6, 10), (5, 1_000_000), (1e300, 2)):
        assert stats.power_of_t(effect, n) == 1
    assert 0.97 < stats.power_of_t(1e6, 2, 1e-6, paired=True) < 0.98, "one degree of freedom"
    assert stats.power_of_t(1e3, 2, 1e-6, paired=True) == pytest.approx(0.0017725, rel=1e-4)


@pytest.mark.parametrize(
    ("t", "df", "shift"), [(1001.5, 20, 1100), (1e4, 2, 1500), (1001, 5000, 1005), (1100, 9e5, 1101)]
)
def test_noncentral_t_of_large_shifts(t: float, df: float, shift: float) -> None:
    assert distributions.noncentral_t_cdf(t, df, shift) == pytest.approx(scipy.stats.nct.cdf(t, df, shift), abs=1e-8)
    assert distributions.noncentral_t_cdf(-t, df, -shift) == pytest.approx(
        1 - scipy.stats.nct.cdf(t, df, shift), abs=1e-8
    )
    assert distributions.noncentral_t_cdf(t, df, -shift) == 1 and distributions.noncentral_t_cdf(-t, df, shift) == 0


@pytest.mark.parametrize(
    ("hits", "n", "share"),
    [(5_001_000, 10**7, 0.5), (90, 10**7, 1e-5), (0, 10**7, 1e-5), (10**6, 10**6, 0.99999), (300_000, 10**6, 0.301)],
)
def test_binomial_of_millions(hits: int, n: int, share: float) -> None:
    theirs = scipy.stats.binomtest(hits, n, share).pvalue
    assert stats.binomial(hits, n, share).p == pytest.approx(theirs, rel=1e-8)


def test_fisher_of_millions() -> None:
    table = [[500_000, 502_000], [499_900, 500_000]]
    # with so many the exact test and the chi-square agree to a few digits
    assert stats.fisher(table).p == pytest.approx(stats.chi_square(table).p, rel=0.01)
    assert stats.fisher([[10**6, 0], [0, 10**6]]).p == 0
