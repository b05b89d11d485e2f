"""kit.tabular.leaks: published leaks are found in every seed, their honest twins are not, and noise is no leak."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from leak_toys import (
    CASES,
    Standardised,
    TargetMeans,
    auc,
    claim,
    coded,
    folds,
    patients,
    ridge,
    scaled,
    series,
    table,
    wide,
)
from tiers import quick_first

from castalia import data
from castalia.core.errors import CastaliaError, WrongInput
from castalia.kit import stats, tabular
from castalia.kit.tabular import leaks
from castalia.kit.tabular.leaks.noise import noise_target
from castalia.kit.tabular.leaks.running import differ
from castalia.kit.tabular.steps import HOME

Array = Any
SEEDS = 20


@pytest.mark.parametrize("case", quick_first(CASES, 4))
def test_a_leak_is_found_in_every_seed(case: str) -> None:
    for seed in range(SEEDS):
        report = CASES[case](seed, True)
        assert not report.ok, f"seed {seed}: {report}"
        worst = [each for each in report.findings if each.severity != "note"]
        assert all(each.cause and each.cure and each.evidence for each in worst)


@pytest.mark.parametrize("case", quick_first(CASES, 4))
def test_its_honest_twin_is_not(case: str) -> None:
    """The tests of scores are at 0.001, so one alarm in twenty seeds may be chance; two may not."""
    wrong = [seed for seed in range(SEEDS) if not CASES[case](seed, False).ok]
    assert len(wrong) <= (1 if case.startswith(("lint_score", "lint_step")) else 0), wrong


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_false_alarms_are_rare_over_two_hundred_seeds() -> None:
    alarms = {case: sum(not replay(seed, False).ok for seed in range(1000, 1200)) for case, replay in CASES.items()}
    share = stats.wilson(sum(alarms.values()), 200 * len(CASES))
    assert share.high < 0.01 and max(alarms.values()) <= 5, (alarms, share)


# --- lint ------------------------------------------------------------------------------------------


def stripped(x: Array) -> Array:
    """Rows of any library as an array."""
    if isinstance(x, pa.Table):
        x = x.to_pydict()
    return np.column_stack([np.asarray(each) for each in x.values()]) if isinstance(x, dict) else np.asarray(x)


@pytest.mark.parametrize(
    "of",
    [np.asarray, pd.DataFrame, lambda x: pd.DataFrame(x, index=np.arange(len(x)) * 7 + 3),
     lambda x: pl.DataFrame({f"c{j}": x[:, j] for j in range(x.shape[1])}),
     lambda x: pa.table({f"c{j}": x[:, j] for j in range(x.shape[1])}),
     lambda x: {f"c{j}": x[:, j] for j in range(x.shape[1])},
     lambda x: {f"c{j}": x[:, j].tolist() for j in range(x.shape[1])}],
    ids=["array", "pandas", "pandas with an index", "polars", "arrow", "dict of arrays", "dict of lists"],
)  # fmt: skip
def test_tables_of_any_library_are_changed_and_handed_back_as_what_they_were(of: Callable[[Array], Any]) -> None:
    x, y = table(0)
    kinds = set()

    def procedure(leaky: bool) -> Callable[..., Array]:
        def run(x: Any, y: Array, train: Array, test: Array) -> Array:
            kinds.add(type(x))
            return scaled(leaky)(stripped(x), y, train, test)

        return run

    made = of(x)
    before = stripped(made).copy()
    assert {each.check for each in leaks.lint(procedure(True), made, y).findings} == {"features", "append"}
    assert leaks.lint(procedure(False), made, y).findings == ()
    assert kinds == {type(made)} and np.array_equal(stripped(made), before), "the user's data stay as they are"
    assert leaks.lint_table(made, y).ok


def test_what_a_procedure_writes_into_its_data_reaches_nobody_else() -> None:
    def writes(x: Array, y: Array, train: Array, test: Array) -> Array:
        found = ridge(x[train], y[train], x[test])
        x[:], y[:], train[:], test[:] = 0, 0, 0, 0
        return found

    x, y = table(1)
    assert leaks.lint(writes, x, y).findings == ()
    assert x.any() and y.any()


def forest(x: Array, y: Array, train: Array, test: Array, rng: np.random.Generator, leaky: bool) -> Array:
    """Ridge on random rows and random scales: as random as a forest, and quick. The leak: of test rows too."""
    seen, found = np.arange(len(y)) if leaky else train, np.zeros(len(test))
    for _ in range(4):
        rows, noise = rng.choice(seen, len(seen)), rng.normal(size=x.shape[1])
        found += ridge(x[rows] * noise, y[rows], x[test] * noise)
    return found


@pytest.mark.parametrize("leaky", [True, False])
@pytest.mark.parametrize("how", ["takes a seed", "global generator", "own generator"])
def test_randomness_is_no_leak_and_hides_none(how: str, leaky: bool) -> None:
    free = np.random.default_rng(7)

    def with_seed(x: Array, y: Array, train: Array, test: Array, seed: int = 0) -> Array:
        return forest(x, y, train, test, np.random.default_rng(seed), leaky)

    def with_global(x: Array, y: Array, train: Array, test: Array) -> Array:
        return forest(x, y, train, test, np.random.default_rng(np.random.randint(1 << 30)), leaky)

    def with_own(x: Array, y: Array, train: Array, test: Array) -> Array:
        return forest(x, y, train, test, free, leaky)

    procedure = {"takes a seed": with_seed, "global generator": with_global, "own generator": with_own}[how]
    before = np.random.get_state()[1].copy()  # type: ignore[union-attr, index]
    for seed in range(5):
        x, y = table(seed)
        report = leaks.lint(procedure, x, y, seed=seed)
        assert report.ok == (not leaky), report
    assert np.array_equal(np.random.get_state()[1], before)  # type: ignore[index]


def test_random_procedures_keep_to_the_stated_rate_of_alarms() -> None:
    """At 0.002 and 25 seeds there is 0.05 of an alarm to be expected."""
    free, alarms = np.random.default_rng(11), 0
    for seed in range(25):
        x, y = table(seed)
        alarms += not leaks.lint(
            lambda x, y, a, b: ridge(x[a], y[a], x[b]) + free.normal(size=len(b)), x, y, seed=seed
        ).ok
    assert alarms <= 1


def test_two_runs_that_agree_by_chance_do_not_make_a_procedure_deterministic() -> None:
    """Two runs in five answer otherwise: often the first two are equal, and a probe is not."""
    free, alarms = np.random.default_rng(3), 0
    for seed in range(25):
        x, y = table(seed)
        slips = lambda x, y, a, b: ridge(x[a], y[a], x[b]) + (free.random() < 0.4)  # noqa: E731
        alarms += not leaks.lint(slips, x, y, seed=seed).ok
    assert alarms <= 1


def test_the_permutation_test_is_that_of_scipy() -> None:
    import scipy.stats

    rng = np.random.default_rng(0)
    here, there = rng.normal(size=(5, 1)), rng.normal(1.2, size=(5, 1))
    theirs = scipy.stats.permutation_test(
        (here[:, 0], there[:, 0]), lambda a, b: np.mean(a) - np.mean(b), n_resamples=np.inf
    )
    assert differ(list(here), list(there)) == pytest.approx(theirs.pvalue, rel=1e-12)
    assert differ([np.zeros(3)] * 4, [np.zeros(3)] * 4) == 1.0


def test_labels_and_class_probabilities_are_answers_too() -> None:
    x, y = table(2)
    words = np.where(y == 1, "leaves", "stays")

    def named(leaky: bool) -> Callable[..., Array]:
        def run(x: Array, y: Array, train: Array, test: Array) -> Array:
            score = scaled(leaky)(x, (y == "leaves").astype(float), train, test)
            return np.where(score > 0.25, "leaves", "stays")

        return run

    assert not leaks.lint(named(True), x, words).ok
    assert leaks.lint(named(False), x, words).ok

    def twofold(x: Array, y: Array, train: Array, test: Array) -> Array:
        score = ridge(x[train], y[train], x[test])
        return np.column_stack([1 - score, score])

    assert leaks.lint(twofold, x, y).ok


def test_regression_targets_and_three_classes() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(120, 3))
    for y in (x[:, 0] + rng.normal(size=120), rng.integers(0, 3, 120)):

        def leaky(x: Array, y: Array, train: Array, test: Array) -> Array:
            return ridge(x[train], y[train] - y.mean(), x[test])

        found = leaks.lint(leaky, x, y)
        assert {each.check for each in found.findings} == {"labels", "append"}
        assert leaks.lint(lambda x, y, a, b: ridge(x[a], y[a], x[b]), x, y).ok


def test_lags_of_known_labels_are_allowed_and_of_unknown_ones_not() -> None:
    x, y, when = series(0)

    def lagged(ahead: int) -> Callable[..., Array]:
        def run(x: Array, y: Array, train: Array, test: Array) -> Array:
            z = np.column_stack(
                [x, np.concatenate([y[ahead:], y[:1]]) if ahead > 0 else np.concatenate([y[:1], y[:-1]])]
            )
            return ridge(z[train], y[train], z[test])

        return run

    assert leaks.lint(lagged(-1), x, y, time=when).ok, "yesterday's label is known today"
    assert leaks.lint(lagged(1), x, y, time=when).of("labels"), "tomorrow's is not"
    assert not leaks.lint(lagged(-1), x, y).ok, "without time= no label of a test row is known"


def test_costs_are_counted_and_capped() -> None:
    calls = []

    def procedure(x: Array, y: Array, train: Array, test: Array) -> Array:
        calls.append(1)
        return ridge(x[train], y[train], x[test])

    x, y = table(0)
    full = leaks.lint(procedure, x, y)
    assert full.runs == len(calls) == 11
    calls.clear()
    short = leaks.lint(procedure, x, y, most=5)
    assert short.runs == len(calls) == 5
    assert [each.check for each in short.findings] == ["cost"]
    assert "labels" in short.checks and "append" not in short.checks


def test_a_procedure_that_learns_nothing_is_said_to_be_blind() -> None:
    x, y = table(0)
    found = leaks.lint(lambda x, y, train, test: x[test, 0], x, y)
    assert found.ok and [each.check for each in found.findings] == ["blind"]


def test_a_probe_that_is_refused_is_a_note() -> None:
    def picky(x: Array, y: Array, train: Array, test: Array) -> Array:
        if np.abs(x).max() > limit:
            raise ValueError("out of range")
        return ridge(x[train], y[train], x[test])

    x, y = table(0)
    limit = np.abs(x).max()
    found = leaks.lint(picky, x, y)
    assert found.ok and {each.severity for each in found.findings} == {"note"}
    assert "out of range" in str(found)


def test_a_procedure_that_refuses_all_changes_is_not_called_clean() -> None:
    x, y = table(0)
    known = x.copy(), y.copy()

    def stubborn(x: Array, y: Array, train: Array, test: Array) -> Array:
        if not (np.array_equal(x, known[0]) and np.array_equal(y, known[1])):
            raise KeyError("other data")
        return ridge(x[train], y[train], x[test])

    found = leaks.lint(stubborn, x, y)
    assert not found.ok and {each.severity for each in found.findings} == {"suspect"} and found.checks == ("split",)
    with pytest.raises(KeyError, match="other data"):
        leaks.lint(stubborn, x + 1, y)
    with pytest.raises(KeyError, match="other data"):
        leaks.lint_score(lambda x, y: stubborn(x, y, np.arange(80), np.arange(80, 120))[0], x, y)


# --- lint_score ------------------------------------------------------------------------------------


def test_the_noise_targets_keep_what_makes_a_leak_possible() -> None:
    rng = np.random.default_rng(0)
    _, y, who = patients(0)
    noise = noise_target(y, rng, groups=who)
    assert all(len(set(noise[who == each])) == 1 for each in set(who.tolist())), "one label a person"
    assert noise.mean() == y.mean() and (noise != y).any()
    _, y, when = series(0)
    order = rng.permutation(len(y))
    noise = noise_target(y[order], rng, time=when[order])
    assert noise.sum() == y.sum()
    turns = [int((np.diff(each) != 0).sum()) for each in (y, noise[np.argsort(order)], rng.permutation(y))]
    assert turns[1] < turns[2] * 0.75, "neighbours in time stay alike"
    words = np.where(y == 1, "b", "a")
    assert sorted(noise_target(words, rng, time=when)) == sorted(words)


def test_other_scores_than_auc() -> None:
    x, y = coded(0)

    def score(leaky: bool, error: bool) -> Callable[..., float]:
        def run(x: Array, y: Array, seed: int) -> float:
            if leaky:
                x = np.column_stack([x, y])
            pairs = folds(len(y), np.random.default_rng([seed, 3]))
            found = [ridge(x[a], y[a].astype(float), x[b]) - y[b] for a, b in pairs]
            squared = float(np.mean(np.concatenate(found) ** 2))
            return squared if error else 1 - squared / float(np.var(y))

        return run

    assert not leaks.lint_score(score(True, False), x, y, chance="r_squared").ok
    assert leaks.lint_score(score(False, False), x, y, chance="r_squared").ok
    assert not leaks.lint_score(score(True, True), x, y, chance=0.25, higher=False).ok
    assert leaks.lint_score(score(False, True), x, y, chance=0.25, higher=False).ok


def test_the_best_of_many_tries_is_above_chance() -> None:
    """Choosing a seed by the score that is then reported."""
    x, y = table(0)

    def best(x: Array, y: Array) -> float:
        rng = np.random.default_rng(0)
        late = np.arange(len(y)) >= 80
        return max(auc(y[late], x[late] @ rng.normal(size=4)) for _ in range(30))

    found = leaks.lint_score(best, x, y)
    assert not found.ok and found.findings[0].evidence["z"] > 5  # type: ignore[operator]


def test_a_claim_that_noise_reaches_is_a_note_and_a_real_one_is_none() -> None:
    plain, notes = claim(lambda x, y, a, b: ridge(x[a], y[a], x[b])), 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(80, 3)), rng.permutation(np.arange(80) % 2)
        weak = leaks.lint_score(plain, x, y, seed=seed)
        assert weak.ok and weak.runs == 21
        notes += len(weak.findings)
    assert notes >= 6, "nine of ten claims of noise lie below the best tenth of noise"
    strong = leaks.lint_score(plain, x + 2 * y[:, None], y)
    assert strong.ok and not strong.findings and strong.runs == 21


# --- lint_step -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_steps_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA
    from sklearn.feature_selection import SelectKBest
    from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

    rng = np.random.default_rng(0)
    x, y = coded(0, n=1000, levels=300)
    assert leaks.lint_step(TargetEncoder(), x[:, :1], y).ok

    class Careless(TargetEncoder):  # type: ignore[misc]
        """Encodes its training rows with their own labels: what fit().transform() does."""

        def fit_transform(self, x: Array, y: Array) -> Array:
            return self.fit(x, y).transform(x)

    assert leaks.lint_step(Careless(), x[:, :1], y).of("noise target")[0].severity == "leak"
    z = rng.normal(size=(200, 5))
    for step in (StandardScaler(), PCA(2)):
        assert leaks.lint_step(step, z, y[:200]).findings == ()
    frame = pd.DataFrame({"city": rng.choice(["a", "b", "c"], 200), "size": z[:200, 0]})
    assert leaks.lint_step(OneHotEncoder(), frame[["city"]], y[:200]).ok
    assert not leaks.lint_step(SelectKBest(k=5), *wide(0)).ok
    x, y = coded(0, n=1000, levels=40)
    many = leaks.lint_step(TargetEncoder(cv=100), x[:, :1], y)
    assert not many.ok, "many folds are leave-one-out again (cuml#4734)"


def test_leave_one_out_looks_clean_by_auc_and_is_read_by_fine_bins() -> None:
    x, y = coded(1, n=1000, levels=40)
    rng = np.random.default_rng(0)
    noise = rng.permutation(y)
    assert abs(auc(noise, TargetMeans("leave one out").fit_transform(x, noise)[:, 0]) - 0.5) < 0.03
    found = leaks.lint_step(TargetMeans("leave one out"), x, y).of("noise target")[0]
    assert found.severity == "leak" and found.evidence["AUC read from the output"].low > 0.8  # type: ignore[union-attr]


def test_the_published_figures_of_target_encoding_on_noise() -> None:
    """2,000 levels, 5,000 rows: 0.834 where a row's own label is in its code, below a half where it is not."""
    rng = np.random.default_rng(0)
    x, y = np.column_stack([rng.integers(0, 2000, 5000), np.zeros(5000)]).astype(float), rng.integers(0, 2, 5000)
    assert auc(y, TargetMeans("plain").fit_transform(x, y)[:, 0]) == pytest.approx(0.834, abs=0.02)
    assert auc(y, TargetMeans("folds").fit_transform(x, y)[:, 0]) < 0.5
    assert not leaks.lint_step(TargetMeans("plain"), x, y, draws=5).ok
    assert leaks.lint_step(TargetMeans("folds"), x, y, draws=5).ok


def test_a_prior_without_the_rows_own_label_tells_the_labels_of_singletons() -> None:
    """A category of one row gets the mean of all others: two values, one for each label (edaprep#36)."""

    class Prior(TargetMeans):
        def fit_transform(self, x: Array, y: Array) -> Array:
            self.fit(x, y)
            return ((y.sum() - y) / (len(y) - 1))[:, None]

    x, y = coded(0)
    found = leaks.lint_step(Prior("plain"), x, y).of("noise target")[0]
    assert found.severity == "leak" and found.evidence["AUC read from the output"].low > 0.99  # type: ignore[union-attr]


def test_a_step_that_learns_in_transform() -> None:
    class Running(Standardised):
        def transform(self, x: Array) -> Array:
            made = super().transform(x)
            self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0)
            return made

    x, y = table(0)
    step = Running(False)
    assert leaks.lint_step(step, x, y).of("state")
    assert not vars(step).get("mean", np.zeros(0)).size, "the user's own step is left alone"


def test_regression_and_three_classes_in_a_step() -> None:
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.integers(0, 100, 400), rng.normal(size=400)]).astype(float)
    for y in (rng.normal(size=400), rng.integers(0, 3, 400)):
        assert not leaks.lint_step(TargetMeans("plain"), x, y).ok
        assert leaks.lint_step(TargetMeans("folds"), x, y).ok


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [*HOME, "a supervised Prepare", "Columns of Target"])
def test_every_step_of_ours_can_be_linted(kind: str) -> None:
    """Target refuses the table of fit, and whatever holds a Target with it: that is a note, and no error."""
    rng = np.random.default_rng(0)
    n = 120
    words, amounts, days = rng.choice(list("abcdefgh"), n), rng.exponential(size=n), rng.integers(1, 28, n)
    y, kinds = rng.integers(0, 2, n), ("Standardize", "MinMax", "MedianIQR", "Quantile", "Log", "Power", "Impute")
    x = {"size": amounts} if kind in kinds else {"day": [f"2024-01-{day:02}" for day in days]}
    if kind in ("OneHot", "Ordinal", "Frequency", "Hashed", "Target", "Texts", "Columns of Target"):
        x = {"plan": words}
    mixed = {"size": amounts, "plan": words}
    made = {
        "Chain": (tabular.Chain(tabular.Impute(strategy="missing"), tabular.Target()), {"plan": words}),
        "Columns": (tabular.Columns({"plan": tabular.OneHot()}), mixed),
        "Columns of Target": (tabular.Columns({"plan": tabular.Target()}), x),
        "Prepare": (tabular.Prepare(), mixed), "a supervised Prepare": (tabular.Prepare(few=2), mixed),
    }  # fmt: skip
    step, x = made[kind] if kind in made else (getattr(tabular, kind)(), x)
    report = leaks.lint_step(step, x, y, draws=5)
    assert report.ok, str(report)
    supervised = kind in ("Chain", "Target", "Columns of Target", "a supervised Prepare")
    refused = [each for each in report.of("training rows") if "refuses" in each.subject]
    assert bool(refused) == supervised and len(report.findings) == len(refused)


def test_a_class_and_a_procedure_of_other_arguments_are_refused_in_words() -> None:
    x, y = table(0)
    for linted, words in (
        (lambda: leaks.lint_step(TargetMeans, x, y), r"TargetMeans\(\)"),
        (lambda: leaks.lint_step(type("T", (), {"transform": None})(), x, y), "fit and transform"),
        (lambda: leaks.lint(lambda x, y: y, x, y), "x, y, train, test"),
        (lambda: leaks.lint_score(lambda x, y, train, test: 0.5, x, y), "takes other arguments"),
    ):
        with pytest.raises(WrongInput, match=words):
            linted()


# --- lint_table ------------------------------------------------------------------------------------


def test_columns_that_are_the_answer() -> None:
    rng = np.random.default_rng(0)
    n = 200
    y = rng.integers(0, 2, n)
    x = {
        "copy": np.where(y == 1, "gone", "here"), "age": rng.normal(size=n), "one": ["same"] * n,
        "reason": [None if not each else str(rng.integers(9)) for each in y],
        "number": np.argsort(np.argsort(y + rng.normal(size=n))), "plan": rng.choice(["a", "b"], n),
    }  # fmt: skip
    found = {(each.check, each.subject.split()[1]): each.severity for each in leaks.lint_table(x, y).findings[:3]}
    report = leaks.lint_table(x, y)
    subjects = {each.check: each.subject for each in report.findings}
    assert subjects["disguise"] == "column copy is the target in disguise" and found[("disguise", "copy")] == "leak"
    assert subjects["gaps"] == "the gaps of column reason are the target"
    assert subjects["identifier"].startswith("column number") and subjects["constant"] == "column one is constant"
    assert len(report.findings) == 4
    words = leaks.lint_table({"code": np.array([3, 1, 2])[y3 := rng.integers(0, 3, n)]}, np.array(["x", "y", "z"])[y3])
    assert words.of("disguise")
    value = rng.normal(size=n)
    assert leaks.lint_table({"log": np.exp(value)}, value).of("disguise"), "any monotone function of a number"
    assert leaks.lint_table({"near": value + rng.normal(size=n)}, value).findings == ()


def test_identifiers_are_told_from_numbers_that_may_follow_the_target() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    rank = np.argsort(np.argsort(y + rng.normal(size=300)))
    assert leaks.lint_table({"ticket": [f"T{each:05d}" for each in rank]}, y).of("identifier")
    assert leaks.lint_table({"row": 40_000 + rank}, y).of("identifier")
    assert leaks.lint_table({"income": rank * 1000 + 17}, y).ok, "an honest number, different in each row"
    assert leaks.lint_table({"ticket": [f"T{each:05d}" for each in rng.permutation(300)]}, y).ok


def test_rows_in_the_order_of_the_target_are_noted() -> None:
    x, y = table(0)
    order = np.argsort(y, kind="stable")
    found = leaks.lint_table(x[order], y[order])
    assert found.ok and [each.check for each in found.findings] == ["order"]


def test_natural_twins_are_a_note_and_the_same_row_number_a_leak() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 2, (300, 3)), rng.integers(0, 2, 300)
    found = leaks.lint_table(x, y, train=np.arange(200), test=np.arange(200, 300))
    assert found.of("twins")[0].severity == "suspect", "eight rows are possible: copies cannot be told apart"
    x, y = table(0)
    found = leaks.lint_table(x, y, train=np.arange(100), test=np.arange(90, 120))
    assert [each.check for each in found.findings] == ["overlap"]
    assert found.findings[0].evidence == {"rows": 10}


# --- reports and wrong input -----------------------------------------------------------------------


def test_reports_are_printed_and_are_json() -> None:
    report = CASES["lint_score: oversampling before the split"](0, True)
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["ok"] is False and told["runs"] == 21 and told["checks"] == ["noise target"]
    assert set(told["findings"][0]["evidence"]["on noise"]) == {"estimate", "low", "high", "level"}
    assert "before the split" in str(report) and str(report).startswith("lint_score: 1 leak")
    endless = leaks.lint_score(lambda x, y: 1.0, *table(0))
    assert json.loads(json.dumps(endless.as_dict(), allow_nan=False))["findings"][0]["evidence"]["z"] == "inf"


X, Y = table(0)
FINE = scaled(False)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: leaks.lint(FINE, X[:0], []), "x is empty"),
        (lambda: leaks.lint(FINE, X, Y[:-1]), "y does not fit x"),
        (lambda: leaks.lint(FINE, X, np.ones(len(X))), "y has one value"),
        (lambda: leaks.lint(FINE, X, np.where(Y == 1, np.nan, 0.0)), "not finite"),
        (lambda: leaks.lint(FINE, X, [None, *Y[1:]]), "gaps"),
        (lambda: leaks.lint(FINE, 3.0, Y), "no table"),
        (lambda: leaks.lint(FINE, {"a": [1], "b": [1, 2]}, [0]), "no table"),
        (lambda: leaks.lint("magic", X, Y), "no procedure"),
        (lambda: leaks.lint(FINE, X, Y, train=[0, 1]), "half a split"),
        (lambda: leaks.lint(FINE, X, Y, train=[0, 1], test=[5, 6, 7, 999]), "test does not fit"),
        (lambda: leaks.lint(FINE, X, Y, train=[0.5], test=[5, 6, 7, 8]), "train does not fit"),
        (lambda: leaks.lint(FINE, X, Y, train=np.arange(99), test=[100]), "too few test rows"),
        (lambda: leaks.lint(FINE, X, Y, repeats=4), "repeats or most"),
        (lambda: leaks.lint(FINE, X, Y, most=1), "repeats or most"),
        (lambda: leaks.lint(FINE, X, Y, alpha=1e-6), "alpha does not fit"),
        (lambda: leaks.lint(FINE, X[:9], Y[:9]), "too few rows"),
        (lambda: leaks.lint(FINE, X, Y, groups=[1, 2]), "groups does not fit"),
        (lambda: leaks.lint(FINE, X, Y, groups=np.zeros(len(X))), "no split"),
        (lambda: leaks.lint(lambda x, y, a, b: [0.0], X, Y), "answer does not fit"),
        (lambda: leaks.lint(lambda x, y, a, b: np.full(len(b), math.nan), X, Y), "answer does not fit"),
        (lambda: leaks.lint_score(lambda x, y: math.nan, X, Y), "score does not fit"),
        (lambda: leaks.lint_score(lambda x, y: [0.5], X, Y), "score does not fit"),
        (lambda: leaks.lint_score(lambda x, y: 0.5, X, Y, chance="roc_auk"), "Did you mean 'roc_auc'"),
        (lambda: leaks.lint_score(lambda x, y: 0.5, X, Y, chance=math.inf), "no level of chance"),
        (lambda: leaks.lint_score(lambda x, y: 0.5, X, Y, draws=2), "too few draws"),
        (lambda: leaks.lint_step(object(), X, Y), "no step"),
        (lambda: leaks.lint_step(Standardised(False), X[:20], Y[:20]), "too few rows"),
        (lambda: leaks.lint_table(X, Y, test=[1]), "half a split"),
        (lambda: leaks.lint_table(X, Y, train=[], test=[1]), "train does not fit"),
    ],
)  # fmt: skip
def test_wrong_input_says_what_is_wrong(act: Callable[[], object], said: str) -> None:
    with pytest.raises(WrongInput, match=said.replace("(", r"\(")) as caught:
        act()
    assert caught.value.subject and caught.value.got and caught.value.expected


# --- the real one ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def telco() -> tuple[Array, Array]:
    """2,000 customers: features as codes, and who left."""
    try:
        found = data.open("telco")
    except CastaliaError as error:
        pytest.skip(f"telco is not on this machine: {error.subject}")
    columns = dict(found.table())
    rows = np.random.default_rng(0).permutation(len(columns["Churn"]))[:2000]
    y = (np.asarray(columns.pop("Churn"))[rows] == "Yes").astype(int)
    columns.pop("customerID")
    numbers = ("tenure", "MonthlyCharges", "TotalCharges", "SeniorCitizen")
    made = [
        pd.to_numeric(pd.Series(each), errors="coerce").fillna(0).to_numpy()
        if name in numbers
        else np.unique(np.asarray(each, dtype=str), return_inverse=True)[1]
        for name, each in columns.items()
    ]
    return np.column_stack(made).astype(float)[rows], y


def churn_claim(leaky: bool) -> Callable[..., float]:
    """What a tree claims where leavers are repeated before, or after, the rows are split."""
    from sklearn.tree import DecisionTreeClassifier

    def balanced(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        more = rng.choice(np.flatnonzero(y == 1), int((y == 0).sum() - y.sum()))
        return np.concatenate([x, x[more]]), np.concatenate([y, y[more]])

    def procedure(x: Array, y: Array, seed: int) -> float:
        rng = np.random.default_rng([seed, 9])
        if leaky:
            x, y = balanced(x, y, rng)
        found = []
        for a, b in folds(len(y), rng, 3):
            z, w = (x[a], y[a]) if leaky else balanced(x[a], y[a], rng)
            tree = DecisionTreeClassifier(min_samples_leaf=2, random_state=0).fit(z, w)
            found.append(auc(y[b], tree.predict_proba(x[b])[:, 1]))
        return float(np.mean(found))

    return procedure


def test_the_leak_of_the_churn_lesson_is_found_on_telco(telco: tuple[Array, Array]) -> None:
    x, y = telco
    leaky = leaks.lint_score(churn_claim(True), x, y)
    assert not leaky.ok
    evidence: dict[str, Any] = dict(leaky.findings[0].evidence)
    assert evidence["claimed"] > 0.8 and evidence["on noise"].low > 0.7
    honest = leaks.lint_score(churn_claim(False), x, y)
    assert honest.ok and not honest.findings, honest


def test_the_table_of_telco_split_honestly_and_not(telco: tuple[Array, Array]) -> None:
    x, y = telco
    rng = np.random.default_rng(0)
    late = rng.permutation(len(y)) < 400
    assert leaks.lint_table(x, y, train=~late, test=late).ok
    more = rng.choice(np.flatnonzero(y == 1), int((y == 0).sum() - y.sum()))
    x, y = np.concatenate([x, x[more]]), np.concatenate([y, y[more]])
    late = rng.permutation(len(y)) < 500
    found = leaks.lint_table(x, y, train=~late, test=late)
    assert found.of("twins")[0].severity == "leak", found


def test_importing_the_linter_imports_nothing_heavy() -> None:
    code = "import sys; from castalia.kit.tabular import leaks; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"scipy", "sklearn", "pandas", "torch", "polars", "pyarrow", "matplotlib"} & set(loaded)
