"""kit.tabular's encoders: equal to scikit-learn's where they do the same, and blind to noise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.preprocessing as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from castalia.core.errors import WrongInput
from castalia.kit import metrics, stats
from castalia.kit.tabular import (
    Chain,
    Columns,
    Frequency,
    Hashed,
    Impute,
    Leak,
    OneHot,
    Ordinal,
    Standardize,
    Step,
    Target,
)
from castalia.kit.tabular.folding import group_folds, random_folds, time_blocks
from castalia.kit.tabular.levels import Levels, factorize

FEW = settings(max_examples=50, deadline=None)

texts = st.lists(st.sampled_from(["a", "b", "c", "ä", "", "z z"]), min_size=1, max_size=30)
values = st.one_of(
    texts,
    st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    st.lists(st.sampled_from([0.5, -1.0, 2.0, 1e9]), min_size=1, max_size=30),
    st.lists(st.booleans(), min_size=1, max_size=30),
    st.lists(st.sampled_from([2**60, 2**60 + 1, -5]), min_size=1, max_size=30),
)


def column(listed: list[Any]) -> np.ndarray:
    out = np.empty(len(listed), object)
    out[:] = listed
    return out


def stacked(made: dict[str, np.ndarray]) -> np.ndarray:
    return np.column_stack(list(made.values()))


# --- levels ------------------------------------------------------------------------------------


@FEW
@given(values, st.data())
def test_levels_and_codes_are_numpys(listed: list[Any], data: st.DataObject) -> None:
    holes = data.draw(st.lists(st.booleans(), min_size=len(listed), max_size=len(listed)))
    plain = np.array(listed)
    levels, codes = factorize(plain if plain.dtype.kind != "U" else column(listed), "c")
    distinct, inverse = np.unique(plain, return_inverse=True)
    assert levels == distinct.tolist() and (codes == inverse).all()
    holed = [None if hole else each for each, hole in zip(listed, holes, strict=True)]
    levels, codes = factorize(column(holed), "c")
    assert [levels[code] if code >= 0 else None for code in codes] == holed
    known = Levels(levels)
    assert (known.codes(column(holed), "c") == codes).all()
    assert [known.code(each) for each in holed] == codes.tolist()
    if plain.dtype.kind in "iufb":
        assert [levels[c] if c >= 0 else c for c in known.codes(plain, "c")] == [
            each if each in levels else -2 for each in listed
        ]


def test_numbers_beyond_two_to_the_53_keep_their_neighbours_apart() -> None:
    known, values = Levels([1, 2**60]), np.array([1, 2**60, 2**60 + 1])
    assert known.codes(values, "c").tolist() == [0, 1, -2] == [known.code(each) for each in values.tolist()]


# --- as scikit-learn does ----------------------------------------------------------------------


@FEW
@given(texts, texts)
def test_one_hot_and_ordinal_equal_scikit_learn(train: list[str], test: list[str]) -> None:
    x, z = column(train)[:, None], column(test)[:, None]
    peer = sk.OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(x)
    ours = OneHot().fit(x)
    assert (ours.fit_transform(x) == peer.transform(x)).all() and (ours.transform(z) == peer.transform(z)).all()
    assert [name.split("=", 1)[1] for name in ours.features] == peer.categories_[0].tolist()
    for drop, theirs in (("first", "first"), ("binary", "if_binary")):
        want = sk.OneHotEncoder(drop=theirs, sparse_output=False).fit_transform(x)
        assert (OneHot(drop=drop).fit_transform(x) == want).all()
    ordinal = sk.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(x)
    assert (Ordinal(unknown="minus one").fit(x).transform(z) == ordinal.transform(z)).all()
    rare = sk.OneHotEncoder(min_frequency=3, handle_unknown="infrequent_if_exist", sparse_output=False).fit(x)
    assert (OneHot(rare=3, unknown="rare").fit(x).transform(z) == rare.transform(z)).all()


@FEW
@given(st.lists(st.sampled_from(["a", "b", None, "c"]), min_size=1, max_size=20))
def test_encodings_come_back(listed: list[Any]) -> None:
    table = {"c": column(listed)}
    for step in (OneHot(), OneHot(drop="first"), Ordinal()):
        first = isinstance(step, OneHot) and step.drop == "first"
        if not (first and (None in listed or len(set(listed)) == 1)):
            assert step.inverse(step.fit_transform(table))["c"].tolist() == listed, step


@FEW
@given(texts, st.data())
def test_smoothing_is_scikit_learns_formula(train: list[str], data: st.DataObject) -> None:
    y = np.array(data.draw(st.lists(st.floats(-5, 5), min_size=len(train), max_size=len(train))))
    smooth = data.draw(st.sampled_from([0.5, 1.0, 10.0, 100.0]))
    x = column(train)[:, None]
    peer = sk.TargetEncoder(target_type="continuous", smooth=smooth).fit(x, y)
    ours = Target(smooth=smooth, target="amount", on_training="allow").fit(x, y)
    assert np.abs(ours.transform(x) - peer.transform(x)).max() < 1e-9
    assert abs(ours.transform(column(["never"])[:, None])[0, 0] - y.mean()) < 1e-9


@pytest.mark.parametrize("kinds", [2, 3])
def test_classes_are_encoded_as_scikit_learn_does(kinds: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, (400, 1)), np.array(["no", "yes", "other"])[rng.integers(0, kinds, 400)]
    peer = sk.TargetEncoder(smooth=3.0).fit(x, y)
    ours = Target(smooth=3.0, on_training="allow").fit(x, y)
    theirs = peer.transform(x)
    assert np.abs(ours.transform(x) - theirs).max() < 1e-12
    assert ours.features == (("x0.target",) if kinds == 2 else tuple(f"x0.target={c}" for c in sorted(set(y.tolist()))))


def test_levels_that_missed_are_a_level() -> None:
    table = {"c": ["a", None, "a", None, "b"]}
    hot = OneHot().fit(table)
    assert hot.features == ("c=a", "c=b", "c=(missing)")
    assert stacked(hot.transform(table))[1].tolist() == [0, 0, 1]
    assert stacked(OneHot().fit({"c": ["a", "b"]}).transform({"c": [None, "z"]})).tolist() == [[0, 0], [0, 0]]
    assert Frequency().fit(table).transform({"c": ["a", None, "zz"]})["c.frequency"].tolist() == [0.4, 0.4, 0.0]
    target = Target(smooth=0.0).fit(table, [1.0, 5.5, 3.0, 6.5, 9.0])
    assert target.transform({"c": [None, "a", "new"]})["c.target"].tolist() == [6.0, 2.0, 5.0]


def test_an_order_of_ones_own() -> None:
    step = Ordinal(order={"size": ("S", "M", "L")}).fit({"size": ["L", "S"]})
    assert step.transform({"size": ["M", "L", "S"]})["size"].tolist() == [1, 2, 0]
    assert step.inverse({"size": [1.0, float("nan")]})["size"].tolist() == ["M", None]
    assert step.merge(Ordinal(order={"size": ("S", "M", "L")}).fit({"size": ["M"]})).features == ("size",)
    with pytest.raises(WrongInput, match="its order has not"):
        Ordinal(order={"size": ("S",)}).fit({"size": ["S", "XL"]})


def test_a_hole_makes_integers_floats_and_not_other_levels() -> None:
    for table in (pd.DataFrame({"c": [1, 2, None]}), pl.DataFrame({"c": [1, 2, None]}), {"c": [1, 2, None]}):
        assert OneHot().fit(table).features == ("c=1", "c=2", "c=(missing)")
    step = OneHot().fit(pd.DataFrame({"c": [1, 2]}))
    assert np.asarray(step.transform(pd.DataFrame({"c": [2.0, None]}))).tolist() == [[0, 1], [0, 0]]


@FEW
@given(texts, texts)
def test_counts_merge_exactly(one: list[str], two: list[str]) -> None:
    both = {"c": column([*one, *two, None])}
    for make in (OneHot, Frequency, lambda: Ordinal(unknown="minus one")):
        whole = make().fit(both)
        assert make().fit({"c": column(one)}).merge(make().fit({"c": column([*two, None])})) == whole
        assert make().fit({"c": column(one)}).partial_fit({"c": column([*two, None])}) == whole


def test_hashes_do_not_depend_on_the_process() -> None:
    step = Hashed(buckets=8).fit({"c": ["a"]})
    made = stacked(step.transform({"c": ["a", "Zürich", 1, 1.0, None]}))
    assert made.argmax(axis=1).tolist()[:4] == [step.bucket(each) for each in ("a", "Zürich", 1, 1)]
    assert made.sum(axis=1).tolist() == [1, 1, 1, 1, 0]
    assert [step.bucket(each) for each in ("a", "b", "c", "d")] == [0, 4, 7, 5]


# --- target encoding ---------------------------------------------------------------------------


def test_a_row_does_not_see_its_own_y() -> None:
    """Change one y: the encoding of that row, from rows of other folds, moves by the constant mean of all alone."""
    rng = np.random.default_rng(0)
    table, y = {"c": rng.integers(0, 40, 300)}, rng.normal(size=300)
    before = Target(smooth=3.0).fit_transform(table, y)["c.target"] - y.mean()
    for row in range(0, 300, 10):
        other = y.copy()
        other[row] += 100
        after = Target(smooth=3.0).fit_transform(table, other)["c.target"] - other.mean()
        assert abs(after[row] - before[row]) < 1e-12
        assert np.abs(after - before).max() > 0.01


def test_levels_without_others_are_the_same_number_in_every_fold() -> None:
    """edaprep#36: the mean of a fold would tell the fold, and with it something of y."""
    rng = np.random.default_rng(0)
    table, y = {"c": np.arange(100)}, rng.normal(size=100)
    assert len(set(Target().fit_transform(table, y)["c.target"].tolist())) == 1
    assert len(set(Target(smooth=2.0).fit_transform(table, y)["c.target"].tolist())) == 1


def test_the_table_of_fit_is_recognised() -> None:
    table, y = {"c": ["a", "b", "a", "b", "c"]}, [1, 0, 1, 0, 1]
    step = Target().fit(table, y)
    for same in (table, pd.DataFrame(table), pl.DataFrame(table)):
        with pytest.raises(WrongInput, match="the table of fit") as caught:
            step.transform(same)
    assert "fit_transform" in caught.value.cure
    step.transform({"c": ["a", "b", "a", "b", "b"]})
    again = Step.of_plain(json.loads(json.dumps(step.plain())))
    with pytest.raises(WrongInput, match="the table of fit"):
        again.transform(table)
    with pytest.warns(Leak, match="know their own y"):
        Target(on_training="warn").fit(table, y).transform(table)
    assert len(Target(on_training="allow").fit(table, y).transform(table)["c.target"]) == 5
    with pytest.raises(WrongInput, match="the table of fit"):
        Chain(Target(), Standardize()).fit(table, y).transform(table)


def test_smoothing_is_estimated_and_beats_any_guess() -> None:
    """Levels that differ by t and rows by s: the estimated means are nearer the truth than with fixed weights."""
    errors: dict[Any, list[float]] = {"auto": [], 0.0: [], 5.0: [], 500.0: []}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = rng.normal(0, 0.3, 200)
        x = rng.integers(0, 200, 4000)
        y = truth[x] + rng.normal(0, 1, 4000)
        for smooth, kept in errors.items():
            made = Target(smooth=smooth, on_training="allow").fit({"c": x}, y).transform({"c": np.arange(200)})
            kept.append(float(((made["c.target"] - truth) ** 2).mean()))
    for smooth in (0.0, 5.0, 500.0):
        assert stats.mean_difference(errors["auto"], errors[smooth]).high < 0, smooth


def test_groups_stay_together_and_time_looks_back() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 30, 500)
    fold = group_folds(groups, 5, 0)
    assert all(len(set(fold[groups == g].tolist())) == 1 for g in range(30)) and set(fold) == set(range(5))
    time = rng.integers(0, 50, 500)
    block = time_blocks(time, 5)
    order = np.argsort(time, kind="stable")
    assert (np.diff(block[order]) >= 0).all() and all(len(set(block[time == t].tolist())) == 1 for t in range(50))
    fold = random_folds(103, 5, (np.arange(103) < 20).astype(int), 1)
    assert {int(((fold == k) & (np.arange(103) < 20)).sum()) for k in range(5)} == {4}
    table, y = {"c": rng.integers(0, 9, 500)}, rng.normal(size=500)
    before = Target().fit_transform(table, y, time=time)["c.target"]
    late = time >= 40
    other = np.where(late, y + 50, y)
    after = Target().fit_transform(table, other, time=time)["c.target"]
    early = (block > 0) & (block < block[late].min())
    assert np.abs(after - before)[early].max() < 1e-12, "what is later changes nothing earlier"
    assert (before[block == 0] == y.mean()).all(), "the first block has no past"
    by_group = Target().fit_transform(table, y, groups=groups)["c.target"] - y.mean()
    inside = groups == 3
    other = np.where(inside, y + 50, y)
    after = Target().fit_transform(table, other, groups=groups)["c.target"] - other.mean()
    assert np.abs(after - by_group)[inside].max() < 1e-12


@pytest.mark.parametrize(
    ("y", "names", "subject"),
    [
        (None, "", "learns from y"),
        (["a"] * 6, "", "one class"),
        ([1, 1, 1, 1, 1, 1], "", "one class"),
        ([1.5, 2.5, float("inf"), 1, 2, 3], "", "no amount"),
        ([1, 2, float("inf"), 1, 2, 1], "", "no amount"),
        ([0, 1, 0, 1, 0, 1], "c.target", ""),
        ([0, 1, 2, 0, 1, 2], "c.target=0 c.target=1 c.target=2", ""),
        ([0.5, 1, 2, 0, 1, 2], "c.target", ""),
    ],
)
def test_what_y_may_be(y: Any, names: str, subject: str) -> None:
    table = {"c": list("aabbcc")}
    if subject:
        with pytest.raises(WrongInput, match=subject):
            Target().fit_transform(table, y)
    else:
        step = Target()
        assert list(step.fit_transform(table, y)) == names.split() == list(step.features)


def test_wrong_uses() -> None:
    table = {"c": list("aabb")}
    with pytest.raises(WrongInput, match="one group"):
        Target().fit_transform(table, [0, 1, 0, 1], groups=[1, 1, 1, 1])
    with pytest.raises(WrongInput, match="two ways"):
        Target().fit_transform(table, [0, 1, 0, 1], groups=[1, 2, 1, 2], time=[1, 2, 3, 4])
    with pytest.raises(WrongInput):
        Target(smooth=-1)
    with pytest.raises(WrongInput):
        Target(folds=1000)
    with pytest.raises(WrongInput, match="not seen"):
        Ordinal().fit(table).transform({"c": ["z"]})
    with pytest.raises(WrongInput, match="holds list"):
        OneHot().fit({"c": [["a"], ["b"]]})
    with pytest.raises(WrongInput, match="no inverse"):
        Frequency().fit(table).inverse({"c.frequency": [1.0]})


# --- noise -------------------------------------------------------------------------------------

ROWS, LEVELS, SEEDS = 5000, 2000, 12


def noise(seed: int, skewed: bool) -> tuple[dict[str, Any], np.ndarray, dict[str, Any], np.ndarray]:
    """Levels that say nothing of y; skewed: few of them have most rows, which is where leave-one-out leaks most."""
    rng = np.random.default_rng(seed)

    def table() -> dict[str, Any]:
        at = (LEVELS * rng.random(ROWS) ** (4 if skewed else 1)).astype(int)
        return {"c": column([f"level {each}" for each in at])}

    return table(), rng.integers(0, 2, ROWS), table(), rng.integers(0, 2, ROWS)


def scores(train: np.ndarray, y: np.ndarray, test: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """AUC of the first feature on its training rows; of a deep tree on test rows; of one on held-out training rows."""
    tree = DecisionTreeClassifier(max_depth=12, random_state=0)
    held_out = cross_val_predict(tree, train, y, cv=3, method="predict_proba")[:, 1]
    tested = tree.fit(train, y).predict_proba(test)[:, 1]
    alone = max(metrics.roc_auc(y, each) for each in train.T) if train.shape[1] == 1 else 0.5
    return alone, metrics.roc_auc(truth, tested), metrics.roc_auc(y, held_out)


def over_seeds(make: Callable[[], Any], skewed: bool) -> list[stats.Interval]:
    """Of each of the scores less one half, the interval of 99 % over the seeds."""
    found = []
    for seed in range(SEEDS):
        table, y, other, truth = noise(seed, skewed)
        step = make()
        train = step.fit_transform(table, y)
        test = step.transform(other)
        made = [each if isinstance(each, np.ndarray) else stacked(each) for each in (train, test)]
        found.append(scores(made[0], y, made[1], truth))
    return [stats.mean_difference(each, [0.5] * SEEDS, level=0.99) for each in np.array(found).T]


def everything() -> Columns:
    parts = [Target(), Frequency(), Ordinal(unknown="minus one"), Hashed(buckets=8), OneHot(most=8, unknown="rare")]
    return Columns([("c", each) for each in parts])


def prepared() -> Any:
    from castalia.kit.tabular import Prepare

    return Prepare()


@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize(
    "make",
    [Target, lambda: Target(folds=20), Frequency, lambda: Ordinal(unknown="minus one"),
     lambda: Hashed(buckets=8), lambda: OneHot(most=8), everything, prepared],
    ids=["target", "20 folds", "frequency", "ordinal", "hashed", "one-hot", "all", "prepare"],
)  # fmt: skip
def test_no_encoder_sees_anything_in_noise(make: Callable[[], Any], skewed: bool) -> None:
    alone, tested, held_out = over_seeds(make, skewed)
    assert alone.low <= 0 and alone.high < 0.02, alone
    assert tested.low <= 0 and tested.high < 0.02, tested
    # Beside a code of the level itself, the five numbers of a level tell a little of its sum: known, and bounded.
    assert (held_out.low <= 0 or make is everything) and held_out.high < 0.04, held_out


def test_a_fixed_smoothing_is_nearly_blind() -> None:
    """Folds alone leave a trace: the five numbers of a level tell its sum. Held-out trees find about 0.51 of AUC."""
    for interval in over_seeds(lambda: Target(smooth=0.0), True):
        assert interval.high < 0.03


class LeaveOneOut:
    """The published trap: the mean of the other rows of the level is a code of one's own y."""

    def fit_transform(self, table: dict[str, Any], y: np.ndarray) -> np.ndarray:
        self.levels, codes = factorize(table["c"], "c")
        self.rows, self.sums, self.mean = np.bincount(codes), np.bincount(codes, y), y.mean()
        others = np.maximum(self.rows - 1, 1)[codes]
        return np.where(self.rows[codes] > 1, (self.sums[codes] - y) / others, self.mean)[:, None]

    def transform(self, table: dict[str, Any]) -> np.ndarray:
        codes = Levels(self.levels).codes(table["c"], "c")
        return np.where(codes >= 0, (self.sums / self.rows)[codes], self.mean)[:, None]


class FitThenTransform(Target):
    """The other trap, scikit-learn#32318."""

    def fit_transform(self, table: Any, y: Any = None, **rows: Any) -> Any:
        return self.fit(table, y).transform(table)


def test_the_published_leaks_are_seen_by_the_same_test() -> None:
    assert over_seeds(LeaveOneOut, True)[2].low > 0.2
    naive = over_seeds(lambda: FitThenTransform(on_training="allow", smooth=1.0), True)
    assert naive[0].low > 0.2 and naive[2].low > 0.2


one_level = st.one_of(st.sampled_from(["1", "'1'", "(missing)", "(rare)", "c", "b=c", "True"]), st.integers(0, 2))


@given(st.lists(st.one_of(one_level, st.none()), min_size=1, max_size=12), st.integers(1, 2))
@settings(max_examples=200, deadline=None)
def test_levels_that_read_alike_have_columns_of_their_own(listed: list[Any], rare: int) -> None:
    step = OneHot(rare=rare)
    made = step.fit_transform({"a": listed})
    assert len(step.features) == len(made) and (sum(made.values()) == 1).all()
    counts = Counter(listed)
    back = step.inverse(made)["a"].tolist()
    assert back == [value if value is not None and counts[value] >= rare else None for value in listed]


def test_two_columns_of_one_name_are_refused() -> None:
    clash = {"a": ["b=c", "x"], "a=b": ["c", "y"]}
    for step in (OneHot(), Chain(OneHot(), Standardize())):
        with pytest.raises(WrongInput, match="two columns of one name"):
            step.fit(clash)
    with pytest.raises(WrongInput, match="two columns of one name"):
        Impute(indicator="seen").fit({"k": [1.0, None], "k?": [0.0, 1.0]})
    parts = OneHot().fit({"a": ["b=c"], "a=b": ["x"]})
    with pytest.raises(WrongInput, match="two columns of one name"):
        parts.partial_fit({"a": ["b=c"], "a=b": ["c"]})
