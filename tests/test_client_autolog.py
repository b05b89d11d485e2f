"""autolog: what is fitted is noted once, learns the same, and is left alone afterwards."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import castalia
from castalia.core.errors import WrongInput
from castalia.core.settings import Settings
from castalia.track import Store

sklearn = pytest.importorskip("sklearn")

RNG = np.random.default_rng(7)
X = RNG.normal(size=(200, 5))
Y = (X[:, 0] + 0.3 * RNG.normal(size=200) > 0).astype(int)


@pytest.fixture(autouse=True)
def off(settings: Settings) -> Iterator[None]:
    yield
    castalia.autolog(False)


def runs(settings: Settings, experiment: str | None = None, parent: str | None = None) -> list[dict[str, Any]]:
    with Store.open(settings.home) as store:
        return [store.run(each["run_id"]) for each in store.runs(experiment, parent=parent, limit=1000).items]


def test_a_fit_is_one_run_with_its_params_and_score(settings: Settings) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with castalia.autolog():
        StandardScaler().fit_transform(X)  # prepares, and is no result
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(X, Y)
    (run,) = runs(settings)
    assert (run["experiment"], run["name"], run["status"]) == ("autolog", "Pipeline", "done")
    assert run["params"]["logisticregression__C"] == "0.5"
    assert run["tags"]["castalia.estimator"] == "sklearn.pipeline.Pipeline"
    assert run["metrics"]["training_score"] == model.score(X, Y) and run["metrics"]["rows"] == 200


def test_a_search_has_its_candidates_as_children(settings: Settings) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    with castalia.autolog():
        search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0, 100.0]}, cv=3).fit(X, Y)
    (run,) = [each for each in runs(settings) if each["parent"] is None]
    assert run["metrics"]["best_score"] == search.best_score_
    assert run["params"]["best_C"] == str(search.best_params_["C"])
    children = sorted(runs(settings, parent=run["run_id"]), key=lambda each: str(each["name"]))
    assert [each["params"]["C"] for each in children] == ["0.01", "1.0", "100.0"]
    assert [each["metrics"]["mean_test_score"] for each in children] == list(search.cv_results_["mean_test_score"])
    assert {each["status"] for each in children} == {"done"}
    assert len(runs(settings)) == 4, "the fits of the folds are part of the search"


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_fits_in_threads_and_processes_of_a_fit_are_part_of_it(settings: Settings, backend: str) -> None:
    import joblib
    from sklearn.ensemble import BaggingClassifier, VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    voters = [("a", LogisticRegression()), ("b", BaggingClassifier(DecisionTreeClassifier(), n_estimators=3))]
    with castalia.autolog(), joblib.parallel_config(backend=backend, n_jobs=2):
        VotingClassifier(voters).fit(X, Y)
    assert [each["name"] for each in runs(settings)] == ["VotingClassifier"]


def test_fits_inside_a_run_are_its_children(settings: Settings) -> None:
    from sklearn.cluster import KMeans
    from sklearn.linear_model import Ridge

    with castalia.autolog(), castalia.run("mine", capture="none") as outer:
        Ridge().fit(X, Y)
        Ridge(alpha=2.0).fit(X, Y)
        KMeans(2, n_init=1).fit_predict(X)
    names = {each["name"]: each for each in runs(settings, parent=outer.run_id)}
    assert set(names) == {"Ridge", "Ridge-2", "KMeans"} and names["Ridge-2"]["params"]["alpha"] == "2.0"
    assert len(runs(settings)) == 4


def test_a_failed_fit_is_a_failed_run_and_its_error_is_the_same(settings: Settings) -> None:
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(ValueError) as plain:
        LogisticRegression().fit(X, Y[:5])
    with castalia.autolog(), pytest.raises(ValueError) as logged:
        LogisticRegression().fit(X, Y[:5])
    assert str(plain.value) == str(logged.value)
    (run,) = runs(settings)
    assert run["status"] == "failed" and "ValueError" in run["tags"]["castalia.error"]


def models() -> list[Any]:
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import RandomizedSearchCV
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    return [
        RandomForestClassifier(10),
        SGDClassifier(),
        KMeans(3, n_init=1),
        MLPClassifier((8,), max_iter=20),
        SVC(probability=False),
        RandomizedSearchCV(KNeighborsClassifier(), {"n_neighbors": list(range(1, 30))}, n_iter=4, cv=2),
    ]


def answers(number: int) -> tuple[Any, float]:
    """Predictions of a model whose seed is the global one, and the draw that comes after it."""
    np.random.seed(3)
    model = models()[number]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = model.fit(X, Y).predict(X)
    return predicted, float(np.random.random())


@pytest.mark.parametrize("number", range(6))
def test_what_is_learnt_is_the_same(settings: Settings, number: int) -> None:
    before = answers(number)
    with castalia.autolog():
        during = answers(number)
    after = answers(number)
    assert np.array_equal(before[0], during[0]) and np.array_equal(before[0], after[0])
    assert before[1] == during[1] == after[1], "the draws that follow are the same too"
    assert len([each for each in runs(settings) if each["parent"] is None]) == 1


def test_everything_is_put_back(settings: Settings) -> None:
    import lightgbm
    import torch
    from sklearn.base import BaseEstimator
    from sklearn.linear_model import Ridge

    def state() -> list[Any]:
        hooks = dict(sys.modules["torch.optim.optimizer"]._global_optimizer_post_hooks)
        lazily = [lightgbm.train, lightgbm.engine.train, vars(lightgbm.sklearn)["train"], torch.Tensor.backward]
        return [Ridge.fit, vars(BaseEstimator).get("__init_subclass__"), *lazily, hooks, list(sys.meta_path)]

    before = state()
    handle = castalia.autolog()
    assert all(now is not then for now, then in zip(state()[:1] + state()[2:6], before[:1] + before[2:6], strict=True))

    class Later(Ridge):
        def fit(self, X: Any, y: Any) -> Later:
            """Mine."""
            return super().fit(X, y)

    assert Later.fit.__doc__ == "Mine." and hasattr(Later.fit, "castalia_autolog")
    castalia.autolog(False)
    assert state() == before and not hasattr(Later.fit, "castalia_autolog")
    handle.off()  # once more does no harm
    Later().fit(X, Y)
    assert runs(settings) == []
    with castalia.autolog(), castalia.autolog():  # the second takes the place of the first
        Ridge().fit(X, Y)
    assert state() == before and len(runs(settings)) == 1


def test_what_goes_wrong_in_logging_stays_out_of_the_fit(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.linear_model import Ridge

    settings.home.mkdir(parents=True)
    (settings.home / "castalia.db").write_bytes(b"this is no database" * 1000)
    with castalia.autolog():
        model = Ridge().fit(X, Y)
    assert model.predict(X).shape == (200,)


def test_parameters_that_cannot_be_kept(settings: Settings) -> None:
    from sklearn.base import BaseEstimator

    class Odd(BaseEstimator):  # type: ignore[misc]
        def __init__(self, text: str = "\ud800", table: Any = None) -> None:
            self.text, self.table = text, table

        def fit(self, X: Any, y: Any = None) -> Odd:
            return self

    with castalia.autolog():
        assert isinstance(Odd(table=np.zeros(10_000)).fit(X), Odd)
        Odd("plain", table="x" * 100_000).fit(X)
    first, second = sorted(runs(settings), key=lambda each: str(each["params"].get("text")))
    assert second["params"]["text"] == "plain" and len(second["params"]["table"]) == 6000
    assert first["status"] == "done"


def test_lightgbm_rounds(settings: Settings) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    params = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1}

    def train(seen: dict[str, Any]) -> Any:
        data = lightgbm.Dataset(X[:150], Y[:150])
        callbacks = [lightgbm.record_evaluation(seen), lightgbm.early_stopping(5, verbose=False)]
        valid = lightgbm.Dataset(X[150:], Y[150:], reference=data)
        return lightgbm.train(params, data, 40, valid_sets=[valid], callbacks=callbacks)

    plain, kept = {}, {}  # type: dict[str, Any], dict[str, Any]
    before = train(plain)
    with castalia.autolog():
        during = train(kept)
    assert plain == kept and before.model_to_string() == during.model_to_string()
    (run,) = runs(settings)
    assert run["params"]["objective"] == "binary" and run["params"]["num_boost_round"] == "40"
    assert run["metrics"]["best_iteration"] == during.best_iteration
    with Store.open(settings.home) as store:
        series = store.metrics(run["run_id"], ["valid_0-binary_logloss"])["valid_0-binary_logloss"]
    assert series["value"] == kept["valid_0"]["binary_logloss"] and series["step"] == list(range(len(series["step"])))


def test_lightgbms_estimators_are_one_run_with_rounds(settings: Settings) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    from sklearn.model_selection import cross_val_score

    model = lightgbm.LGBMClassifier(n_estimators=7, verbose=-1, n_jobs=1)
    before = model.fit(X, Y).predict_proba(X)
    with castalia.autolog():
        fitted = lightgbm.LGBMClassifier(n_estimators=7, verbose=-1, n_jobs=1).fit(X, Y, eval_X=(X,), eval_y=(Y,))
        with castalia.run("cv", capture="none") as outer:
            cross_val_score(model, X, Y, cv=2)  # no fit around them: each is a fit of its own
    assert np.array_equal(fitted.predict_proba(X), before)
    (run,) = runs(settings, "autolog")
    assert run["name"] == "LGBMClassifier" and run["params"]["n_estimators"] == "7"
    with Store.open(settings.home) as store:
        series = store.metrics(run["run_id"])
    ((name, kept),) = fitted.evals_result_.items()
    assert series[f"{name}-binary_logloss"]["value"] == kept["binary_logloss"] and len(kept["binary_logloss"]) == 7
    assert len(runs(settings, parent=outer.run_id)) == 2


def loop(steps: int) -> list[float]:
    import torch

    torch.manual_seed(0)
    model = torch.nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    inputs, targets = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(inputs)[:, 0], targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_torch_loops(settings: Settings) -> None:
    pytest.importorskip("torch")
    before = loop(25)
    with castalia.autolog(every=10):
        assert loop(25) == before  # no run is open: nothing is noted
        with castalia.run("torch", capture="none") as run:
            assert loop(25) == before
    assert loop(25) == before
    with Store.open(settings.home) as store:
        series = store.metrics(run.run_id)
    assert series["torch/loss"]["step"] == [1, 10, 20]
    assert series["torch/loss"]["value"] == [before[0], before[9], before[19]]
    assert set(series["torch/learning_rate"]["value"]) == {0.1} and len(runs(settings)) == 1


def test_libraries_are_watched_for_and_not_imported(settings: Settings) -> None:
    code = """
        import sys, castalia
        castalia.autolog()
        assert not {"sklearn", "lightgbm", "torch"} & set(sys.modules), "autolog imported what nobody asked for"
        from sklearn.linear_model import Ridge
        import sklearn.base, importlib
        assert type(sklearn.base.__loader__).__name__ == type(sklearn.__loader__).__name__
        Ridge().fit([[1.0], [2.0]], [1, 2])
        castalia.autolog(False)
        Ridge().fit([[1.0], [2.0]], [1, 2])
        assert not [each for each in sys.meta_path if "castalia" in type(each).__module__]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=50)
    assert [each["name"] for each in runs(settings)] == ["Ridge"]


def test_wrong_options(settings: Settings) -> None:
    with pytest.raises(WrongInput, match="framework"):
        castalia.autolog(frameworks=["keras"])
    with pytest.raises(WrongInput, match="every"):
        castalia.autolog(every=0)
