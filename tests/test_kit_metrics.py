"""kit.metrics: equal to scikit-learn and to brute force, at the edges too; every trap that is known has a test."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from castalia.core.errors import WrongInput
from castalia.kit import metrics
from castalia.kit.metrics import intervals, states
from castalia.kit.metrics.ranking import MANY
from castalia.kit.stats import wilson

FEW = settings(max_examples=60, deadline=None)

score = st.one_of(
    st.floats(-5, 5), st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, 1e-300, -1e-300, 5e-324]), st.floats(width=32)
).filter(lambda x: not math.isnan(x) and not math.isinf(x))


@st.composite
def ranked_rows(draw: st.DrawFn, finite: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of both classes, scores with ties, weights some of which are 0."""
    size = draw(st.integers(2, 40))
    y = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    y[0], y[1] = True, False
    few = draw(st.lists(score, min_size=1, max_size=size))
    values = np.array(draw(st.lists(st.sampled_from(few), min_size=size, max_size=size)))
    w = np.array(draw(st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.25]), min_size=size, max_size=size)))
    w[2:] *= draw(hnp.arrays(np.bool_, size - 2))
    return y, values, w


def pairs_in_order(y: np.ndarray, s: np.ndarray, w: np.ndarray) -> float:
    """ROC AUC by its definition."""
    above = total = 0.0
    for i in np.flatnonzero(y):
        for j in np.flatnonzero(~y):
            total += w[i] * w[j]
            above += w[i] * w[j] * (1.0 if s[i] > s[j] else 0.5 if s[i] == s[j] else 0.0)
    return above / total


# --- ranking -----------------------------------------------------------------------------------


@FEW
@given(ranked_rows())
def test_roc_auc_is_the_share_of_pairs_in_order(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    y, s, w = rows
    assert metrics.roc_auc(y, s) == pytest.approx(pairs_in_order(y, s, np.ones(len(y))), abs=1e-12)
    assert metrics.roc_auc(y, s, w) == pytest.approx(pairs_in_order(y, s, w), abs=1e-12)
    assert metrics.roc_auc(~y, -s, w) == pytest.approx(metrics.roc_auc(y, s, w), abs=1e-12)


@FEW
@given(ranked_rows())
def test_ranking_equals_scikit_learn(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    y, s, w = rows
    kept = w > 0
    assert metrics.roc_auc(y, s) == pytest.approx(sk.roc_auc_score(y, s), abs=1e-12)
    assert metrics.average_precision(y, s) == pytest.approx(sk.average_precision_score(y, s), abs=1e-12)
    expected = sk.average_precision_score(y[kept], s[kept], sample_weight=w[kept])
    assert metrics.average_precision(y, s, w) == pytest.approx(expected, abs=1e-12)
    fpr, tpr, thresholds = sk.roc_curve(y, s, drop_intermediate=False)
    ours = metrics.roc_curve(y, s)
    np.testing.assert_allclose([ours.x, ours.y], [fpr, tpr], atol=1e-12)
    np.testing.assert_array_equal(ours.thresholds, thresholds)
    precision, recall, _ = sk.precision_recall_curve(y, s)
    np.testing.assert_allclose(metrics.precision_recall_curve(y, s).y[::-1], precision, atol=1e-12)
    np.testing.assert_allclose(metrics.precision_recall_curve(y, s).x[::-1], recall, atol=1e-12)
    expected = scipy_stats.ks_2samp(s[y], s[~y]).statistic
    assert metrics.rank(y, s).kolmogorov_smirnov() == pytest.approx(expected, abs=1e-12)


def many(kind: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    made: dict[str, Callable[[], np.ndarray]] = {
        "even": lambda: rng.random(n),
        "normal": lambda: rng.normal(size=n),
        "clipped": lambda: np.clip(rng.normal(0.5, 0.4, n), 0, 1),
        "float32": lambda: rng.random(n).astype(np.float32),
        "rounded": lambda: np.round(rng.random(n), 2),
        "tail": lambda: rng.random(n) ** 12,
        "neighbours": lambda: 0.5 + rng.integers(0, 50, n) * 2.0**-53,
        "far": lambda: rng.integers(0, 9, n) * 1e-12 + 1e8,
        "infinite": lambda: np.where(rng.random(n) < 0.1, np.inf, rng.normal(size=n)),
        "constant": lambda: np.full(n, 0.3),
        "outlier": lambda: np.append(rng.random(n - 1), 1e300),
        "huge": lambda: rng.choice([-1.7e308, 0.0, 1.7e308], n),
        "heap": lambda: np.where(rng.random(n) < 0.99, rng.random(n) * 1e-7, rng.random(n)),
    }
    return made[kind]()


KINDS = ("even", "normal", "clipped", "float32", "rounded", "tail", "neighbours", "far", "infinite", "constant",
         "outlier", "huge", "heap")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_way_for_many_rows_is_as_exact(kind: str) -> None:
    n = MANY + 20_001
    s = many(kind, n)
    y = np.random.default_rng(6).random(n) < 0.3
    codes = np.unique(s, return_inverse=True)[1]  # ranks: scikit-learn refuses infinities
    expected = sk.roc_auc_score(y, codes)
    assert metrics.roc_auc(y, s) == pytest.approx(expected, abs=1e-12)
    assert metrics.rank(y, s).roc_auc() == pytest.approx(expected, abs=1e-12)
    assert metrics.average_precision(y, s) == pytest.approx(sk.average_precision_score(y, codes), abs=1e-12)


def test_ties_count_half_and_minus_zero_ties_with_zero() -> None:
    assert metrics.roc_auc([0, 1], [0.5, 0.5]) == 0.5
    assert metrics.roc_auc([0, 1, 1], [0.0, -0.0, 1.0]) == 0.75
    assert metrics.roc_auc([0, 1], np.array([0.1, 0.1 + 1e-9], dtype=np.float32)) == 0.5
    assert metrics.roc_auc([0, 1], [0.5, 0.5 + 2.0**-53]) == 1.0
    assert metrics.roc_auc([0, 1, 0, 1], [-np.inf, np.inf, np.inf, 3.0]) == 0.625


def test_pairs_do_not_overflow() -> None:
    n = 200_000  # 1e10 pairs: more than 32 bits hold
    y = np.arange(n) % 2 == 1
    assert metrics.roc_auc(y, np.arange(n)) == pytest.approx(0.5 + 1 / n, abs=1e-12)
    y = y.astype(np.int8)
    assert metrics.matthews(y, y) == 1.0


# --- counts ------------------------------------------------------------------------------------


@FEW
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([1.0, 0.5, 2.0])), min_size=1, max_size=40)
)
def test_counts_equal_scikit_learn(rows: list[tuple[int, int, float]]) -> None:
    y, p, w = (np.array(each) for each in zip(*rows, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for average in ("macro", "micro", "weighted"):
            for ours, theirs in (
                (metrics.precision, sk.precision_score),
                (metrics.recall, sk.recall_score),
                (metrics.f1, sk.f1_score),
            ):
                expected = theirs(y, p, average=average, sample_weight=w, zero_division=0)
                assert ours(y, p, w, average=average) == pytest.approx(expected, abs=1e-12)
        assert metrics.accuracy(y, p, w) == pytest.approx(sk.accuracy_score(y, p, sample_weight=w), abs=1e-12)
        expected = sk.balanced_accuracy_score(y, p, sample_weight=w)
        assert metrics.balanced_accuracy(y, p, w) == pytest.approx(expected, abs=1e-12)
        assert metrics.matthews(y, p, w) == pytest.approx(sk.matthews_corrcoef(y, p, sample_weight=w), abs=1e-9)
        expected = sk.cohen_kappa_score(y, p, sample_weight=w)
        assert metrics.kappa(y, p, w) == pytest.approx(0.0 if math.isnan(expected) else expected, abs=1e-9)
        found = metrics.confusion(y, p, w)
        np.testing.assert_allclose(
            found.table, sk.confusion_matrix(y, p, labels=found.classes, sample_weight=w), atol=1e-12
        )
        two = (y > 1, p > 1)
        expected = sk.f1_score(*two, sample_weight=w, zero_division=0)
        assert metrics.f1(*two, w) == pytest.approx(expected, abs=1e-12)
        expected = sk.fbeta_score(*two, beta=2, zero_division=0)
        assert metrics.confusion(*two).f_score(2.0) == pytest.approx(expected, abs=1e-12)


def test_words_and_sparse_numbers_are_classes_too() -> None:
    y, p = ["b", "a", "c", "a"], ["b", "c", "c", "a"]
    assert metrics.confusion(y, p).classes == ("a", "b", "c")
    assert metrics.recall(y, p, positive="a") == 0.5
    assert metrics.confusion([7, 900], [7, 7]).table.tolist() == [[1, 0], [1, 0]]
    assert metrics.confusion([-5, 10**12], [-5, -5]).classes == (-5, 10**12)
    ordered = metrics.confusion(y, p, classes=["c", "b", "a"])
    assert ordered.table.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]


def test_what_has_nothing_below_the_line_is_zero() -> None:
    never = [0, 0, 0]
    assert metrics.precision([1, 0, 1], never) == 0.0
    assert metrics.recall(never, [1, 0, 1]) == 0.0
    assert metrics.f1([1, 1, 1], never) == 0.0
    assert metrics.matthews([1, 0, 1], never) == 0.0
    assert metrics.kappa([1, 1, 1], [1, 1, 1]) == 0.0
    assert metrics.matthews([1, 1, 1], [1, 1, 1]) == 0.0
    assert metrics.confusion([1, 1], [1, 0]).specificity() == 0.0


def test_a_class_that_is_absent_does_not_lower_the_macro_average() -> None:
    assert metrics.f1([0, 2], [0, 2], average="macro") == 1.0
    known = metrics.confusion([0, 2], [0, 2], classes=[0, 1, 2])
    assert known.f_score(average="macro") == 1.0
    assert metrics.f1([0, 0, 2], [0, 1, 2], average="macro") == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_top_k_gives_ties_the_accuracy_of_chance() -> None:
    rng = np.random.default_rng(0)
    y, table = rng.integers(5, size=200), rng.random((200, 5))
    for k in (1, 2, 4):
        assert metrics.top_k_accuracy(y, table, k) == pytest.approx(sk.top_k_accuracy_score(y, table, k=k))
    for k in (1, 3):
        assert metrics.top_k_accuracy(y, np.zeros((200, 5)), k) == pytest.approx(k / 5)
    assert metrics.top_k_accuracy([0], [[0.4, 0.4, 0.9]], 2) == 0.5


# --- probabilities -----------------------------------------------------------------------------


@FEW
@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.999), st.sampled_from([0.5, 1, 2])), min_size=1))
def test_probabilities_equal_scikit_learn(rows: list[tuple[bool, float, float]]) -> None:
    y, p, w = (np.array(each) for each in zip(*rows, strict=True))
    expected = sk.log_loss(y, p, labels=[False, True], sample_weight=w)
    assert metrics.log_loss(y, p, w) == pytest.approx(expected, rel=1e-12)
    table = np.column_stack([1 - p, p])
    assert metrics.log_loss(y.astype(int), table, w) == pytest.approx(expected, rel=1e-9)
    expected = float(np.average((p - y) ** 2, weights=w))
    assert metrics.brier(y, p, w) == pytest.approx(expected, rel=1e-12)


def test_a_probability_of_zero_for_what_happened_is_infinite_and_clipped_only_when_asked() -> None:
    assert metrics.log_loss([1], [0.0]) == math.inf
    for kind in (np.float32, np.float64):  # scikit-learn says 15.94 here and 36.04 there
        p = np.array([0.0, 1.0], dtype=kind)
        assert metrics.log_loss([1, 0], p) == math.inf
        assert metrics.log_loss([1, 0], p, clip=1e-15) == pytest.approx(-math.log(1e-15), rel=1e-3)
        assert metrics.log_loss([0, 1], p) == 0.0
    assert metrics.log_loss([1, 0], [0.0, 0.5], [0.0, 1.0]) == pytest.approx(math.log(2))


def test_three_classes_and_rows_that_do_not_sum_to_one() -> None:
    y, table = np.array([0, 2, 1]), np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]])
    assert metrics.log_loss(y, table) == pytest.approx(sk.log_loss(y, table), rel=1e-12)
    with pytest.raises(WrongInput, match="does not sum to one"):
        metrics.log_loss(y, table * 1.01)


def test_calibration_error_of_a_perfect_model_is_about_nothing_and_of_a_wrong_one_is_not() -> None:
    rng = np.random.default_rng(3)
    plain, unbiased, wrong = [], [], []
    for _ in range(40):
        p = rng.random(600)
        y = rng.random(600) < p
        plain.append(metrics.calibration_error(y, p, debias=False))
        unbiased.append(metrics.calibration_error(y, p))
        wrong.append(metrics.calibration_error(rng.random(600) < p**2, p))
    assert np.mean(unbiased) < 0.6 * np.mean(plain)
    assert 0.14 < np.mean(wrong) < 0.19  # the mean of p - p**2 is 1/6
    expected = [0.05, 0.5]
    found = metrics.reliability([0, 0, 1, 0], [0.05, 0.05, 0.5, 0.5], bins=2)
    np.testing.assert_allclose([found.predicted, found.observed], [expected, [0, 0.5]])
    assert found.rows.tolist() == [2, 2]


def test_equal_probabilities_share_a_bin_and_width_equals_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    p = np.round(rng.random(500), 1)
    y = rng.random(500) < p
    by_mass = metrics.reliability(y, p, bins=15)
    assert len(by_mass.rows) <= 11 and by_mass.rows.sum() == 500
    from sklearn.calibration import calibration_curve

    p = rng.random(500)
    y = rng.random(500) < p
    by_width = metrics.reliability(y, p, bins=10, strategy="width")
    observed, predicted = calibration_curve(y, p, n_bins=10)
    np.testing.assert_allclose([by_width.observed, by_width.predicted], [observed, predicted], atol=1e-12)


# --- regression --------------------------------------------------------------------------------


@FEW
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.sampled_from([0.5, 1.0, 2.0])), min_size=2))
def test_regression_equals_scikit_learn(rows: list[tuple[float, float, float]]) -> None:
    y, p, w = (np.array(each) for each in zip(*rows, strict=True))
    for ours, theirs in (
        (metrics.mean_squared_error, sk.mean_squared_error),
        (metrics.root_mean_squared_error, sk.root_mean_squared_error),
        (metrics.mean_absolute_error, sk.mean_absolute_error),
    ):
        assert ours(y, p, w) == pytest.approx(theirs(y, p, sample_weight=w), rel=1e-9, abs=1e-9)
    assert metrics.median_absolute_error(y, p) == pytest.approx(sk.median_absolute_error(y, p), abs=1e-9)
    expected = sk.mean_pinball_loss(y, p, alpha=0.3, sample_weight=w)
    assert metrics.pinball_loss(y, p, 0.3, w) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    if np.ptp(y) > 1e-3:
        assert metrics.r_squared(y, p, w) == pytest.approx(sk.r2_score(y, p, sample_weight=w), rel=1e-6, abs=1e-6)
        expected = sk.explained_variance_score(y, p, sample_weight=w)
        assert metrics.explained_variance(y, p, w) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    counts, rate = np.round(np.abs(y)), np.abs(p) + 0.1
    expected = sk.mean_poisson_deviance(counts, rate, sample_weight=w)
    assert metrics.poisson_deviance(counts, rate, w) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_constant_target_and_numbers_far_from_zero() -> None:
    assert metrics.r_squared([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert math.isnan(metrics.r_squared([2.0, 2.0], [2.0, 3.0]))
    rng = np.random.default_rng(0)
    y = rng.normal(size=1000)
    p = y + rng.normal(scale=0.1, size=1000)
    far = (y + 1e8).astype(np.float64)
    assert metrics.r_squared(far, p + 1e8) == pytest.approx(metrics.r_squared(y, p), abs=1e-6)
    spread = states.Mean().update((y + 1e8).astype(np.float32).astype(np.float64)).variance()
    assert spread == pytest.approx(float(np.var((y + 1e8).astype(np.float32), dtype=np.float64)), rel=1e-9)
    with pytest.raises(WrongInput, match="y has a zero"):
        metrics.mean_absolute_percentage_error([1.0, 0.0], [1.0, 1.0])


# --- intervals ---------------------------------------------------------------------------------


def delong(y: np.ndarray, s: np.ndarray) -> float:
    """DeLong's variance by its definition, pair by pair."""
    above = (s[y][:, None] > s[~y][None, :]) + 0.5 * (s[y][:, None] == s[~y][None, :])
    return float(above.mean(axis=1).var(ddof=1) / y.sum() + above.mean(axis=0).var(ddof=1) / (~y).sum())


def test_delongs_interval_is_that_of_its_definition_and_covers() -> None:
    rng = np.random.default_rng(1)
    y = rng.random(80) < 0.4
    s = np.round(rng.normal(size=80) + y, 1)
    found = intervals.auc(y, s)
    area = metrics.roc_auc(y, s)
    half = scipy_stats.norm.ppf(0.975) * math.sqrt(delong(y, s)) / (area * (1 - area))
    expected = [1 / (1 + math.exp(-(math.log(area / (1 - area)) + sign * half))) for sign in (-1, 1)]
    assert [found.low, found.high] == pytest.approx(expected, rel=1e-9)
    truth, inside = scipy_stats.norm.cdf(1 / math.sqrt(2)), 0
    for _ in range(400):
        y = np.arange(60) < 24
        one = intervals.auc(y, rng.normal(size=60) + y)
        inside += one.low <= truth <= one.high
    assert 0.92 <= inside / 400 <= 0.98


def test_a_complete_separation_has_an_interval_too() -> None:
    found = intervals.auc([0, 0, 0, 1, 1], [1, 2, 3, 4, 5])
    assert found.estimate == found.high == 1.0 and 0.05 < found.low < 0.5
    found = intervals.auc([0, 0, 0, 1], [1, 2, 4, 3])
    assert found.low < found.estimate < found.high
    more = intervals.auc([0] * 300 + [1] * 300, range(600))
    assert more.low > 0.98


def test_the_bootstrap_of_auc_is_that_of_resampled_rows() -> None:
    rng = np.random.default_rng(2)
    y = rng.random(150) < 0.4
    s = np.round(rng.normal(size=150) + y, 1)
    found = intervals.bootstrap_auc(y, s, draws=300, seed=7)
    again = np.random.default_rng(7)
    order = np.argsort(s, kind="stable")
    drawn: list[float] = []
    while len(drawn) < 300:
        rows = order[again.integers(0, 150, 150)]
        drawn.append(sk.roc_auc_score(y[rows], s[rows]))
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]).tolist(), abs=1e-12)
    general = intervals.bootstrap(metrics.roc_auc, y, s, draws=600, seed=1)
    assert general.low == pytest.approx(found.low, abs=0.03) and general.high == pytest.approx(found.high, abs=0.03)


def test_groups_widen_the_interval_where_rows_repeat() -> None:
    rng = np.random.default_rng(3)
    hits = np.repeat(rng.random(40) < 0.7, 20)
    y, groups = np.ones(800, dtype=int), np.repeat(np.arange(40), 20)
    plain = intervals.bootstrap(metrics.accuracy, y, hits.astype(int), draws=400)
    grouped = intervals.bootstrap(metrics.accuracy, y, hits.astype(int), groups=groups, draws=400)
    assert grouped.high - grouped.low > 3 * (plain.high - plain.low)
    assert intervals.share(hits).low == pytest.approx(wilson(int(hits.sum()), 800).low)

    def seldom(y: np.ndarray, p: np.ndarray, weight: np.ndarray | None) -> float:
        if weight is not None and weight[0] < 4:
            raise WrongInput("not defined here")
        return 1.0

    with pytest.raises(WrongInput, match="most resamples"):
        intervals.bootstrap(seldom, [0, 1, 1], [0, 1, 1])


# --- states ------------------------------------------------------------------------------------


@FEW
@given(ranked_rows(), st.lists(st.integers(0, 40), max_size=5))
def test_states_do_not_see_how_rows_were_split(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray], cuts: list[int]
) -> None:
    y, s, _ = rows
    p = 1 / (1 + np.exp(-np.clip(s, -500, 500)))
    places = sorted({0, len(y), *(cut for cut in cuts if cut < len(y))})
    pieces = [slice(a, b) for a, b in itertools.pairwise(places)]

    def merged(make: Callable[[], Any], *columns: np.ndarray) -> tuple[Any, Any]:
        parts = [make().update(*(column[piece] for column in columns)) for piece in pieces]
        first = parts[0]
        for part in reversed(parts[1:]):
            first.merge(part)
        return first, make().update(*columns)

    apart, whole = merged(states.Auc, y, s)
    assert apart.result() == whole.result() == metrics.roc_auc(y, s)
    apart, whole = merged(lambda: states.BoundedAuc(64), y, p)
    assert apart.result() == whole.result()
    assert whole.result().low - 1e-12 <= metrics.roc_auc(y, p) <= whole.result().high + 1e-12
    apart, whole = merged(lambda: states.Counts([0, 1]), y, s > 0)
    np.testing.assert_array_equal(apart.result().table, metrics.confusion(y, s > 0).table)
    apart, whole = merged(states.Mean, (p - y) ** 2)
    assert apart.result() == pytest.approx(metrics.brier(y, p), abs=1e-12)
    assert apart.variance() == pytest.approx(whole.variance(), abs=1e-12)
    apart, whole = merged(states.Calibration, y, p)
    np.testing.assert_allclose(apart.result().predicted, whole.result().predicted, atol=1e-12)
    np.testing.assert_array_equal(apart.result().rows, whole.result().rows)


def test_scores_above_one_are_used_as_they_are_in_every_piece() -> None:
    """torchmetrics 1.9 takes them for logits piece by piece: 1.0 in one call, 0.0 in three (its issue 1989)."""
    state = states.Auc()
    for label, one in ((0, 0.2), (0, 0.8), (1, 1.5)):
        state.update([label], [one])
    assert state.result() == metrics.roc_auc([0, 0, 1], [0.2, 0.8, 1.5]) == 1.0


def test_bounds_hold_for_scores_outside_and_close_with_bins() -> None:
    rng = np.random.default_rng(0)
    y = rng.random(5000) < 0.5
    s = rng.normal(size=5000) + y
    exact = metrics.roc_auc(y, s)
    loose, tight = (states.BoundedAuc(bins).update(y, s).result() for bins in (16, 4096))
    assert loose.low <= exact <= loose.high
    tight = states.BoundedAuc(65536, -6.0, 7.0).update(y, s).result()
    assert tight.low <= exact <= tight.high and tight.high - tight.low < 1e-4
    assert tight.middle == pytest.approx(exact, abs=1e-4)


def test_states_say_when_there_is_nothing_and_refuse_others() -> None:
    for state in (states.Auc(), states.BoundedAuc(), states.Counts([0, 1]), states.Mean(), states.Calibration()):
        state.update([]) if isinstance(state, states.Mean) else state.update([], [])
        with pytest.raises(WrongInput, match=r"no (rows|values) yet"):
            state.result()
    with pytest.raises(WrongInput, match="needs both classes"):
        states.BoundedAuc().update([1, 1], [0.1, 0.2]).result()
    with pytest.raises(WrongInput, match="states do not fit"):
        states.BoundedAuc(8).merge(states.BoundedAuc(9))
    with pytest.raises(WrongInput, match="states do not fit"):
        states.Counts(["a"]).merge(states.Counts(["b"]))
    with pytest.raises(WrongInput, match="is no class"):
        states.Counts(["a"]).update(["b"], ["a"])


# --- the report --------------------------------------------------------------------------------


@FEW
@given(st.integers(0, 2**32 - 1), st.integers(4, 200), st.sampled_from([1, 2, 16]), st.floats(0, 1))
def test_the_report_equals_its_parts(seed: int, n: int, digits: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), digits)
    y = rng.random(n) < p
    y[:2] = True, False
    found = metrics.report(y, p, threshold=threshold)
    called = p >= threshold
    assert found.roc_auc == intervals.auc(y, p)
    assert found.average_precision == pytest.approx(metrics.average_precision(y, p), abs=1e-12)
    assert found.log_loss == pytest.approx(metrics.log_loss(y, p), rel=1e-9)
    assert found.brier == pytest.approx(metrics.brier(y, p), abs=1e-12)
    assert found.calibration_error == pytest.approx(metrics.calibration_error(y, p), abs=1e-9)
    assert found.accuracy.estimate == pytest.approx(metrics.accuracy(y, called))
    assert found.precision.estimate == pytest.approx(metrics.precision(y, called))
    assert found.recall.estimate == pytest.approx(metrics.recall(y, called))
    assert found.specificity.estimate == pytest.approx(metrics.confusion(y, called).specificity())
    assert found.f1 == pytest.approx(metrics.f1(y, called))
    assert found.matthews == pytest.approx(metrics.matthews(y, called), abs=1e-9)
    assert (found.rows, found.positives) == (n, int(y.sum()))
    assert found.as_dict()["roc_auc"]["low"] <= found.roc_auc.estimate


# --- what comes in -----------------------------------------------------------------------------


def test_columns_of_other_libraries_give_the_same_numbers() -> None:
    y, s = [0, 1, 1, 0, 1], [0.2, 0.7, 0.4, 0.4, 0.9]
    expected = metrics.roc_auc(y, s), metrics.f1(y, np.array(s) > 0.3), metrics.log_loss(y, s)
    for make in (np.array, pd.Series, pl.Series, pa.array, lambda v: pa.chunked_array([v]), tuple):
        labels, scores = make(y), make(s)
        found = metrics.roc_auc(labels, scores), metrics.f1(labels, np.array(s) > 0.3), metrics.log_loss(labels, scores)
        assert found == expected
    assert metrics.roc_auc(np.array(["no", "yes", "yes", "no", "yes"]), s, positive="yes") == expected[0]
    assert metrics.roc_auc(np.array(y)[:, None], s) == expected[0]


@pytest.mark.parametrize(
    "act, said",
    [
        (lambda: metrics.roc_auc([], []), "y is empty"),
        (lambda: metrics.accuracy([], []), "y is empty"),
        (lambda: metrics.mean_squared_error([], []), "y is empty"),
        (lambda: metrics.roc_auc([1, 1], [0.1, 0.2]), "needs both classes"),
        (lambda: metrics.average_precision([0, 0], [0.1, 0.2]), "needs both classes"),
        (lambda: metrics.report([1, 1], [0.1, 0.2]), "needs both classes"),
        (lambda: metrics.roc_auc([0, 1], [0.1, math.nan]), "score has nan"),
        (lambda: metrics.roc_auc([0, 1, 1], [0.1, 0.2]), "lengths differ"),
        (lambda: metrics.accuracy([0, 1, 1], [0, 1]), "lengths differ"),
        (lambda: metrics.roc_auc([0, 2], [0.1, 0.2]), "not of two classes"),
        (lambda: metrics.roc_auc([0, math.nan], [0.1, 0.2]), "not of two classes"),
        (lambda: metrics.roc_auc(["a", "b"], [0.1, 0.2]), "is not 0 and 1"),
        (lambda: metrics.roc_auc([0, 1], ["x", "y"]), "not made of numbers"),
        (lambda: metrics.roc_auc([0, 1], [[0.1, 0.2], [0.3, 0.4]]), "another shape"),
        (lambda: metrics.log_loss([0, 1], [0.1, 1.2]), "probability does not fit"),
        (lambda: metrics.log_loss([0, 1], [0.1, math.inf]), "probability has inf"),
        (lambda: metrics.log_loss([0, 5], [[0.5, 0.5], [0.5, 0.5]]), "y does not fit"),
        (lambda: metrics.mean_squared_error([1.0, math.inf], [1.0, 2.0]), "y has inf"),
        (lambda: metrics.accuracy([0.0, math.nan], [0.0, 1.0]), "y has NaN"),
        (lambda: metrics.roc_auc([0, 1], [0.1, 0.2], [1.0, -1.0]), "weight does not fit"),
        (lambda: metrics.roc_auc([0, 1], [0.1, 0.2], [0.0, 1.0]), "needs both classes"),
        (lambda: metrics.f1(["a", "b"], ["a", "b"]), "which class is looked for"),
        (lambda: metrics.f1(["a", "b"], ["a", "b"], positive="c"), "no such class"),
        (lambda: metrics.confusion(np.array(["a", 3.5, None], dtype=object), ["a", "b", "c"]), "labels do not compare"),
        (lambda: metrics.top_k_accuracy([0, 7], [[0.1, 0.2], [0.3, 0.4]], 1), "y does not fit"),
        (lambda: metrics.pinball_loss([1.0], [1.0], 1.5), "quantile does not fit"),
    ],
)
def test_wrong_input_says_what_is_wrong(act: Callable[[], object], said: str) -> None:
    with pytest.raises(WrongInput, match=said) as caught:
        act()
    assert caught.value.expected
