"""kit.trees: scores equal to scikit-learn and LightGBM, with missing values and categories; neither is imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from castalia.core.errors import WrongInput
from castalia.kit import tree_table
from castalia.kit.trees import Trees, growing


def rows(classes: int = 2, missing: bool = False) -> tuple[np.ndarray, np.ndarray]:
    if classes:
        x, y = make_classification(300, 8, n_informative=5, n_classes=classes, random_state=0)
    else:
        x, y = make_regression(300, 8, noise=5.0, random_state=0)
    if missing:
        x[np.random.default_rng(1).random(x.shape) < 0.2] = np.nan
    return x, y


MODELS: dict[str, tuple[Callable[[], Any], int, bool]] = {
    "tree": (lambda: DecisionTreeClassifier(random_state=0), 3, False),
    "stump": (lambda: DecisionTreeClassifier(max_depth=1), 2, False),
    "forest": (lambda: RandomForestClassifier(30, random_state=0), 3, False),
    "forest, missing values": (lambda: RandomForestClassifier(30, random_state=0), 2, True),
    "weighted forest": (lambda: RandomForestClassifier(20, class_weight="balanced", random_state=0), 2, False),
    "forest, numbers": (lambda: RandomForestRegressor(30, random_state=0), 0, True),
    "extra trees": (lambda: ExtraTreesRegressor(20, random_state=0), 0, False),
    "boosting": (lambda: GradientBoostingClassifier(n_estimators=30, random_state=0), 2, False),
    "boosting, three classes": (lambda: GradientBoostingClassifier(n_estimators=20, random_state=0), 3, False),
    "boosting, numbers": (lambda: GradientBoostingRegressor(n_estimators=30, random_state=0), 0, False),
    "lightgbm": (lambda: lightgbm.LGBMClassifier(n_estimators=30, verbose=-1, n_jobs=1), 2, False),
    "lightgbm, missing values": (lambda: lightgbm.LGBMClassifier(n_estimators=30, verbose=-1, n_jobs=1), 2, True),
    "lightgbm, three classes": (lambda: lightgbm.LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1), 3, True),
    "lightgbm, numbers": (lambda: lightgbm.LGBMRegressor(n_estimators=30, verbose=-1, n_jobs=1), 0, True),
    "lightgbm, zero is missing": (
        lambda: lightgbm.LGBMClassifier(n_estimators=30, zero_as_missing=True, verbose=-1, n_jobs=1), 2, True,
    ),
    "lightgbm, counts": (
        lambda: lightgbm.LGBMRegressor(n_estimators=20, objective="poisson", verbose=-1, n_jobs=1), 0, False,
    ),
}  # fmt: skip


def scores(model: Any, x: np.ndarray) -> np.ndarray:
    found = model.predict_proba(x) if hasattr(model, "predict_proba") else model.predict(x)[:, None]
    return np.asarray(found)


@pytest.mark.parametrize("name", MODELS)
def test_scores_are_equal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, classes, missing = MODELS[name]
    x, y = rows(classes, missing)
    model = make().fit(x, np.abs(y) if "counts" in name else y)
    asked = np.vstack([x, np.zeros((1, 8)), np.full((1, 8), 1e-40), x[:20].round(1)])
    if missing:
        asked = np.vstack([asked, np.full((1, 8), np.nan)])
    elif "lightgbm" in name:
        asked[5, 3] = np.nan  # no missing value was seen: it is read as 0
    ours, expected = Trees.of(model), scores(model, asked)
    np.testing.assert_allclose(ours.predict(asked), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose([ours(row) for row in asked], expected, rtol=1e-12, atol=1e-14)
    again = Trees.load(ours.save())
    np.testing.assert_array_equal(again.predict(asked), ours.predict(asked))
    for most in (ours.depth * 1000, 3, 9, 0):  # looked up whole, upper parts alone, only walked
        monkeypatch.setattr(tree_table, "_cut", lambda _, shape, most=most: min(most, max(shape.leaves)))
        again = Trees.load(ours.save())
        np.testing.assert_array_equal([again(row) for row in asked], ours.predict(asked))


def test_categories_and_categories_that_were_never_seen() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 40, 500), "b": rng.normal(size=500)})
    y = (frame.a % 3 == 0) ^ (frame.b > 0)
    model = lightgbm.LGBMClassifier(n_estimators=30, verbose=-1, n_jobs=1, min_child_samples=5)
    model.fit(frame.to_numpy(), y, categorical_feature=[0])
    ours = Trees.of(model)
    assert len(ours.categorical)
    asked = np.array([[1, 0.5], [77, 0.5], [-1, 0.5], [np.nan, 0.5], [3.7, -1.0], [39, -1.0], [1e12, 0.0]])
    expected = model.predict_proba(asked)
    np.testing.assert_allclose(ours.predict(asked), expected, rtol=1e-12)
    np.testing.assert_allclose([ours(row) for row in asked], expected, rtol=1e-12)


def test_forests_are_equal_to_the_last_bit() -> None:
    x, y = rows(3)
    model = RandomForestClassifier(100, random_state=0, n_jobs=1).fit(x, y)
    np.testing.assert_allclose(Trees.of(model).predict(x), model.predict_proba(x), rtol=4e-16, atol=0)


EDGES = [-np.inf, -1.0, -1e-35, -1e-36, 0.0, 1e-36, 1e-35, 0.5, 1.0, 1.5, 2.0, 3.7, 5.0, np.inf]


def drawn(seed: int, count: int, most: int) -> Trees:
    """Trees of any shape, with every rule for missing values, sets of categories, and thresholds at the edges."""
    rng = np.random.default_rng(seed)
    parts, sets, offset = list[dict[str, Any]](), list[tuple[int, np.ndarray]](), 0
    for _ in range(count):
        left, right = [-1], [-1]
        for _ in range(int(rng.integers(0, most))):  # a leaf becomes a node; the last one often: deep chains
            leaves = [at for at, child in enumerate(left) if child < 0]
            at = leaves[-1] if rng.random() < 0.5 else int(rng.choice(leaves))
            left[at], right[at] = len(left), len(left) + 1
            left, right = [*left, -1, -1], [*right, -1, -1]
        size = len(left)
        feature = rng.integers(0, 4, size)
        for at in range(size):
            if left[at] >= 0 and feature[at] == 3:
                sets.append((offset + at, rng.random(5) < 0.5))
        parts.append({
            "feature": feature, "threshold": rng.choice(EDGES, size), "left": np.array(left), "right": np.array(right),
            "value": np.arange(offset, offset + size)[:, None], "missing_left": rng.random(size) < 0.5,
            "missing": rng.integers(0, 3, size),
        })  # fmt: skip
        offset += size
    made: dict[str, Any] = {
        "features": 4, "start": np.zeros(1), "categorical": np.array([at for at, _ in sets], dtype=np.intp),
        "categories": np.array([each for _, each in sets], dtype=bool).reshape(-1, 5), **growing(iter(parts)),
    }  # fmt: skip
    return Trees(**made)


def walked(trees: Trees, row: np.ndarray) -> list[int]:
    """The leaf of each tree, node by node, as LightGBM's documentation puts its rules."""
    sets = dict(zip(trees.categorical.tolist(), trees.categories, strict=True))
    found = []
    for node in trees.roots.tolist():
        while trees.child[2 * node] != node:
            x, kind = float(row[trees.feature[node]]), int(trees.missing[node])
            if node in sets:
                goes_left = -1 < x < len(sets[node]) and bool(sets[node][int(x)])
            elif (kind and np.isnan(x)) or (kind == 1 and abs(x) <= 1e-35):
                goes_left = bool(trees.missing_left[node])
            else:
                goes_left = (0.0 if np.isnan(x) else x) <= trees.threshold[node]
            node = int(trees.child[2 * node + (not goes_left)])
        found.append(node)
    return found


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 150), st.sampled_from([0, 2, 7, 40, 1000]))
@settings(max_examples=150, deadline=None)
def test_a_row_ends_where_a_walk_ends(seed: int, count: int, most: int, looked_up: int) -> None:
    ours, rng = drawn(seed, count, most), np.random.default_rng(seed)
    largest = max(tree_table.Shape(ours).leaves)
    with mock.patch.object(tree_table, "_cut", return_value=min(looked_up, largest) if largest > 1 else 0):
        for _ in range(4):
            row = rng.choice([*EDGES, np.nan, *rng.normal(size=3), -0.5, 4.2], 4)
            assert ours(row) == [sum(walked(ours, row))]  # a leaf is worth its number
            assert ours.predict(row[None])[0] == [sum(walked(ours, row))]


def test_what_would_take_too_much_memory_is_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = rows(3)
    model = RandomForestClassifier(20, random_state=0).fit(x, y)
    whole, cut = Trees.of(model), Trees.of(model)
    assert whole._table is not None and whole._table.below is None
    monkeypatch.setattr(tree_table, "BYTES", 20_000)
    assert cut._table is None
    np.testing.assert_array_equal([cut(row) for row in x[:20]], [whole(row) for row in x[:20]])


def test_one_leaf_and_no_rows() -> None:
    x, _ = rows(2)
    ours = Trees.of(DecisionTreeClassifier().fit(x, np.ones(300)))
    assert ours.depth == 0 and ours(x[0]).tolist() == [1.0]
    assert ours.predict(x[:0]).shape == (0, 1)


def test_neither_library_is_imported() -> None:
    said = (
        "import sys, castalia.kit.trees, castalia.kit.tree_readers; print({'sklearn', 'lightgbm'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_wrong_models_rows_and_arrays_are_refused() -> None:
    x, y = rows(2)
    with pytest.raises(WrongInput, match="no trees to read"):
        Trees.of(LogisticRegression().fit(x, y))
    with pytest.raises(WrongInput, match="no trees to read"):
        Trees.of(RandomForestClassifier())
    with pytest.raises(WrongInput, match="several targets"):
        Trees.of(RandomForestRegressor(2).fit(x, np.column_stack([y, y])))
    ours = Trees.of(DecisionTreeClassifier().fit(x, y))
    with pytest.raises(WrongInput, match="the row does not fit"):
        ours(x[0, :-1])
    with pytest.raises(WrongInput, match="rows do not fit"):
        ours.predict(x[0])
    for name, at, value in (
        ("child", 0, 10**6), ("feature", 0, -1), ("roots", 0, 10**6), ("threshold", 0, np.nan),
        ("child", 0, 0), ("child", 2, 0), ("child", 0, ours.child[1]), ("roots", 0, 1),
    ):  # fmt: skip
        arrays = ours.save()
        arrays[name] = arrays[name].copy()
        arrays[name][at] = value
        with pytest.raises(WrongInput, match="these are no trees"):
            Trees.load(arrays)
    with pytest.raises(WrongInput, match="depth"):
        Trees.load({**ours.save(), "depth": np.array(ours.depth - 1)})
    with pytest.raises(WrongInput, match="no value"):
        Trees.load({name: array for name, array in ours.save().items() if name != "value"})
