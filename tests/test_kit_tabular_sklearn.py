"""kit.tabular's steps as scikit-learn uses them: copied, configured, fitted in pipelines and searched over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from castalia.core.errors import WrongInput
from castalia.kit import tabular
from castalia.kit.tabular.steps import HOME


def customers(n: int = 120, seed: int = 0) -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.normal(40, 9, n), "plan": rng.choice(list("abcdefgh"), n)})
    return frame, (frame.age + 9 * rng.normal(size=n) > 40).astype(int)


def a_step(kind: str) -> Any:
    made = {"Chain": lambda: tabular.Chain(tabular.Impute(), tabular.Standardize()),
            "Columns": lambda: tabular.Columns({"age": tabular.Standardize()}, rest="keep")}  # fmt: skip
    return made.get(kind, getattr(tabular, kind))()


@pytest.mark.parametrize("kind", HOME)
def test_every_step_is_cloned_without_what_it_learnt(kind: str) -> None:
    frame, y = customers()
    x = {"Columns": frame, "Prepare": frame, "Dates": pd.DataFrame({"day": ["2024-01-31"] * 120})}.get(kind)
    if x is None:
        words = kind in ("OneHot", "Ordinal", "Frequency", "Hashed", "Target", "Texts")
        x = frame[["plan"]] if words else frame[["age"]]
    step = a_step(kind)
    step.fit(x, y)
    check_is_fitted(step)
    fresh = clone(step)
    assert not fresh.fitted and fresh == a_step(kind) and step.fitted
    assert type(step)._of_options(step.get_params(deep=False)) == fresh
    again = clone(step).fit(x, y)
    assert again == step and again.get_feature_names_out().tolist() == list(step.features)


def test_a_pipeline_gives_what_scikit_learns_own_steps_give() -> None:
    frame, y = customers()
    ours = ColumnTransformer([("a", tabular.Standardize(), ["age"]), ("p", tabular.OneHot(), ["plan"])])
    theirs = ColumnTransformer([("a", StandardScaler(), ["age"]), ("p", OneHotEncoder(sparse_output=False), ["plan"])])
    train, test = frame[:90], frame[90:]
    np.testing.assert_allclose(
        np.asarray(ours.fit(train, y[:90]).transform(test)), theirs.fit(train, y[:90]).transform(test), atol=1e-12
    )
    assert list(ours.get_feature_names_out()) == ["a__age", *(f"p__plan={each}" for each in "abcdefgh")]
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    scores = [
        cross_val_score(make_pipeline(before, LogisticRegression()), frame, y, cv=folds) for before in (ours, theirs)
    ]
    np.testing.assert_allclose(*scores)


def test_a_supervised_step_is_cross_fitted_in_a_pipeline() -> None:
    """On the rows it learns from a pipeline asks fit_transform: noise in 2,000 levels stays noise."""
    rng = np.random.default_rng(1)
    frame, y = pd.DataFrame({"who": rng.integers(0, 150, 600).astype(str)}), rng.integers(0, 2, 600)
    whole = make_pipeline(tabular.Target(smooth=1.0), LogisticRegression(C=1e6)).fit(frame, y)
    direct = tabular.Target(smooth=1.0).fit_transform(frame, y)
    assert whole[-1].coef_[0, 0] == pytest.approx(LogisticRegression(C=1e6).fit(direct, y).coef_[0, 0], rel=1e-6)
    assert whole.predict(frame[:7]).shape == (7,)
    with pytest.raises(WrongInput, match="the table of fit"):
        whole.score(frame, y)


def test_a_search_sets_options_and_options_of_options() -> None:
    frame, y = customers()
    frame["when"] = "3/4/2024"
    frame.loc[::2, "when"] = "5/6/2024"
    whole = Pipeline([("x", tabular.Prepare(few=2)), ("m", LogisticRegression())])
    grid = {"x__few": [2, 30], "x__clean__order": ["day", "month"]}
    found = GridSearchCV(whole, grid, cv=3, error_score="raise").fit(frame, y)
    assert len(found.cv_results_["params"]) == 4 and found.best_score_ > 0.6
    assert found.best_estimator_["x"].few == found.best_params_["x__few"]
    assert whole["x"] == tabular.Prepare(few=2), "the step that was handed in stays as it is"


def test_options_that_do_not_fit_change_nothing() -> None:
    frame, y = customers()
    step = tabular.Prepare().fit(frame, y)
    for options, words in (({"fwe": 3}, "Did you mean 'few'"), ({"few": -1}, "few"), ({"clean__order": "x"}, "order"),
                           ({"few__more": 1}, "few")):  # fmt: skip
        with pytest.raises(WrongInput, match=words):
            step.set_params(**options)
    assert step.fitted and step.few == 30
    assert not step.set_params(few=7, clean__order="day").fitted and (step.few, step.clean.order) == (7, "day")
    with pytest.raises(WrongInput, match="library that goes in"):
        step.set_output(transform="pandas")
    assert step.set_output(transform="default") is step
