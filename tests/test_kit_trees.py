"""kit.trees: scores equal to scikit-learn and LightGBM, with missing values and categories; neither is imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
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
from castalia.kit.trees import Trees


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
        monkeypatch.setattr(tree_table, "_cut", lambda trees, shape, most=most: min(most, max(shape.leaves)))
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
    for name, value in (("child", 10**6), ("feature", -1), ("roots", 10**6)):
        arrays = ours.save()
        arrays[name] = arrays[name].copy()
        arrays[name][0] = value
        with pytest.raises(WrongInput, match="these are no trees"):
            Trees.load(arrays)
    with pytest.raises(WrongInput, match="no value"):
        Trees.load({name: array for name, array in ours.save().items() if name != "value"})
