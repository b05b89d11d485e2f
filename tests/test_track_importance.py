"""Importance of params: planted effects are found, noise is not, beside scikit-learn's forest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from castalia.core.errors import WrongInput
from castalia.track.board.importance import importance


def rows_of(params: dict[str, list], metric: list[float]) -> list[dict]:
    return [{"params": {name: str(values[i]) for name, values in params.items() if values[i] is not None},
             "metrics": {"acc": value}} for i, value in enumerate(metric)]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_planted_effects_are_found_in_their_order(seed):
    chance = np.random.default_rng(seed)
    rate, kind = 10 ** chance.uniform(-5, -1, 200), chance.choice(["adam", "sgd", "lion"], 200)
    noise, width = chance.integers(0, 100, 200), chance.choice([32, 64, 128], 200)
    metric = -((np.log10(rate) + 3) ** 2) + 1.0 * (kind == "adam") + 0.2 * chance.normal(size=200)
    params = {"rate": list(rate), "kind": list(kind), "noise": list(noise), "width": list(width)}
    said = importance(rows_of(params, list(metric)), "acc")
    names = [one["name"] for one in said["params"]]
    assert names[:2] == ["rate", "kind"] and said["explained"] > 0.5 and said["runs"] == 200
    shares = {one["name"]: one["importance"] for one in said["params"]}
    assert math.isclose(sum(shares.values()), 1.0) and shares["noise"] < 0.05 and shares["width"] < 0.05
    kinds = {one["name"]: (one["kind"], one["values"]) for one in said["params"]}
    assert kinds["kind"] == ("choice", 3) and kinds["width"] == ("number", 3)


def test_an_interaction_without_any_correlation_is_found():
    chance = np.random.default_rng(0)
    a, b, noise = chance.integers(0, 2, 300), chance.integers(0, 2, 300), chance.random(300)
    said = importance(rows_of({"a": list(a), "b": list(b), "noise": list(noise)}, list((a ^ b) * 1.0)), "acc")
    assert {one["name"] for one in said["params"][:2]} == {"a", "b"} and said["params"][2]["importance"] < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_noise_explains_nothing(seed):
    chance = np.random.default_rng(seed)
    said = importance(rows_of({str(i): list(chance.random(100)) for i in range(5)}, list(chance.random(100))), "acc")
    assert said["explained"] < 0.1


@pytest.mark.slow
def test_it_ranks_as_the_forest_of_scikit_learn_does():
    ensemble = pytest.importorskip("sklearn.ensemble")
    inspection = pytest.importorskip("sklearn.inspection")
    stats = pytest.importorskip("scipy.stats")
    chance = np.random.default_rng(3)
    x = chance.random((400, 6))
    y = 4 * x[:, 0] + 2 * x[:, 1] ** 2 + x[:, 2] * x[:, 3] + 0.1 * chance.normal(size=400)
    forest = ensemble.ExtraTreesRegressor(100, random_state=0, bootstrap=True).fit(x[:300], y[:300])
    theirs = inspection.permutation_importance(forest, x[300:], y[300:], n_repeats=10, random_state=0).importances_mean
    said = importance(rows_of({f"p{i}": list(x[:, i]) for i in range(6)}, list(y)), "acc")
    ours = {one["name"]: one["importance"] for one in said["params"]}
    assert stats.spearmanr([ours[f"p{i}"] for i in range(6)], theirs).statistic >= 0.9
    for one in said["params"]:
        column = x[:, int(one["name"][1:])]
        assert one["correlation"] == pytest.approx(stats.spearmanr(column, y).statistic, abs=1e-12)


def test_missing_params_nan_metrics_and_params_that_never_change():
    chance = np.random.default_rng(1)
    rate = [None if i % 3 == 0 else value for i, value in enumerate(chance.random(60))]
    metric = [math.nan if i % 10 == 0 else (0.0 if value is None else 1 + value) for i, value in enumerate(rate)]
    said = importance(rows_of({"rate": rate, "same": [1] * 60}, metric), "acc")
    assert said["runs"] == 54 and [one["name"] for one in said["params"]] == ["rate"]
    assert said["params"][0]["importance"] == 1.0 and said["params"][0]["correlation"] == pytest.approx(1.0)
    assert importance(rows_of({"rate": rate}, [1.0] * 60), "acc")["params"] == []
    assert importance(rows_of({}, list(chance.random(60))), "acc")["params"] == []


def test_too_few_runs_and_the_same_answer_twice():
    rows = rows_of({"a": list(range(7))}, [float(i) for i in range(7)])
    with pytest.raises(WrongInput, match="too few runs"):
        importance(rows, "acc")
    with pytest.raises(WrongInput):
        importance(rows * 3, "absent")
    assert importance(rows * 3, "acc") == importance(rows * 3, "acc")
