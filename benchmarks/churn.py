"""Churn on Telco beside its peers, in the same folds: `python benchmarks/churn.py`.

Five seeds of a stratified shuffled 5-fold split. Peers: scikit-learn's logistic regression (one-hot,
scaled, fitted inside each fold) and LightGBM with its defaults. Differences are paired by fold; their
intervals use the variance of Nadeau and Bengio, since folds share training rows. Then the leak: the same
model measured wrongly, by repeating the leavers before the split instead of inside the folds.
Needs CASTALIA_DATA with Telco. Writes benchmarks/results/churn.json.
"""

from __future__ import annotations

import json
import platform
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import sklearn
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from castalia import data
from castalia.core.fields import Dataset
from castalia.projects.churn.churn import Churn, Params
from castalia.projects.churn.model import metrics
from castalia.projects.churn.table import Encoder, Task

SEEDS = range(5)
FIGURES = ("auc", "log_loss", "ece", "brier")


class Quiet:
    """A Run that keeps nothing."""

    device = "cpu"

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def log(self, step: int, **values: float) -> None: ...

    def progress(self, done: float, total: float) -> None: ...

    def artifact(self, name: str, content: object) -> None: ...

    def child(self, name: str) -> Quiet:
        return self


def ours(seed: int) -> tuple[list[dict[str, float]], float]:
    """The figures of each fold, and the seconds of the whole fit (31 trainings: nested calibration, then all rows)."""
    with tempfile.TemporaryDirectory() as folder:
        system, start = Churn(Params(data=Dataset("telco"), seed=seed)), time.perf_counter()
        system.fit(Quiet(folder))
        seconds = time.perf_counter() - start
    folds = system.model.report["folds"]
    return [{name: folds[name][i] for name in FIGURES} for i in range(5)], seconds


def peer(task: Task, seed: int, fit: Any) -> tuple[list[dict[str, float]], float]:
    """The figures of each fold for ``fit(train rows, test rows) -> log-odds of the test rows``."""
    found, start = [], time.perf_counter()
    for train, test in data.folds(len(task.labels), 5, seed=seed, stratify=task.labels):
        found.append({k: v for k, v in metrics(task.labels[test], fit(train, test)).items() if k in FIGURES})
    return found, time.perf_counter() - start


def peers(task: Task) -> dict[str, Any]:
    """Each peer as a function of training and test rows."""
    matrix = Encoder.learn(task.columns, task.rows(np.arange(len(task.labels))))
    whole = matrix.encode(task.table, len(task.labels))
    codes, labels = matrix.category_places, task.labels
    amounts = [i for i in range(whole.shape[1]) if i not in codes]

    def logistic(train: Any, test: Any) -> Any:
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        columns = ColumnTransformer([("n", numbers, amounts), ("c", OneHotEncoder(handle_unknown="ignore"), codes)])
        model = make_pipeline(columns, LogisticRegression(max_iter=2000)).fit(whole[train], labels[train])
        return model.decision_function(whole[test])

    def lightgbm_default(train: Any, test: Any) -> Any:
        options = {"objective": "binary", "verbosity": -1, "num_threads": 1}
        learn = lightgbm.Dataset(
            whole[train], labels[train], categorical_feature=codes, params={"verbosity": -1}, free_raw_data=False
        )
        return lightgbm.train(options, learn, 100).predict(whole[test], raw_score=True)

    return {"sklearn LogisticRegression": logistic, "LightGBM default": lightgbm_default}


def interval(values: np.ndarray) -> list[float]:
    """95 % for the mean of (seeds, folds) figures; Nadeau-Bengio: variance times (1/k + test/train)."""
    k = values.size
    half = stats.t.ppf(0.975, k - 1) * np.sqrt(values.var(ddof=1) * (1 / k + 1 / (values.shape[1] - 1)))
    return [round(float(values.mean() - half), 5), round(float(values.mean() + half), 5)]


def summary(values: np.ndarray) -> dict[str, Any]:
    return {
        "mean": round(float(values.mean()), 5),
        "interval": interval(values),
        "by_seed": values.mean(axis=1).tolist(),
    }


def leak(task: Task) -> dict[str, float]:
    """AUC of a LightGBM with leaves to spare when leavers are repeated before the split, and inside it."""
    n, labels = len(task.labels), task.labels
    matrix = Encoder.learn(task.columns, task.rows(np.arange(n))).encode(task.table, n)
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 127, "learning_rate": 0.1}

    def balanced(rows: Any, rng: np.random.Generator) -> Any:
        leavers, stayers = rows[labels[rows] == 1], rows[labels[rows] == 0]
        return np.concatenate([stayers, leavers, rng.choice(leavers, len(stayers) - len(leavers))])

    def score(train: Any, test: Any) -> float:
        learn = lightgbm.Dataset(matrix[train], labels[train], params={"verbosity": -1})
        return metrics(labels[test], lightgbm.train(options, learn, 200).predict(matrix[test], raw_score=True))["auc"]

    rng = np.random.default_rng(0)
    repeated = balanced(np.arange(n), rng)
    wrong = [score(repeated[a], repeated[b]) for a, b in data.folds(len(repeated), 5, 0, stratify=labels[repeated])]
    right = [score(balanced(a, rng), b) for a, b in data.folds(n, 5, 0, stratify=labels)]
    return {"repeated_before_the_split": float(np.mean(wrong)), "repeated_inside_the_folds": float(np.mean(right))}


def main() -> None:
    warnings.simplefilter("ignore")
    task = Task.open(Params(data=Dataset("telco")))
    tables: dict[str, list[list[dict[str, float]]]] = {"castalia churn": []}
    seconds: dict[str, list[float]] = {"castalia churn": []}
    for seed in SEEDS:
        folds, took = ours(seed)
        tables["castalia churn"].append(folds)
        seconds["castalia churn"].append(took)
        for name, fit in peers(task).items():
            folds, took = peer(task, seed, fit)
            tables.setdefault(name, []).append(folds)
            seconds.setdefault(name, []).append(took)
    arrays = {
        name: {figure: np.array([[fold[figure] for fold in folds] for folds in by_seed]) for figure in FIGURES}
        for name, by_seed in tables.items()
    }
    result = {
        "data": {"name": "telco", "digest": task.digest, "rows": len(task.labels)},
        "seeds": list(SEEDS),
        "versions": {
            "python": platform.python_version(),
            "lightgbm": lightgbm.__version__,
            "sklearn": sklearn.__version__,
        },
        "figures": {name: {f: summary(values) for f, values in found.items()} for name, found in arrays.items()},
        "ours_minus_peer": {
            name: {f: summary(arrays["castalia churn"][f] - found[f]) for f in FIGURES}
            for name, found in arrays.items()
            if name != "castalia churn"
        },
        "seconds_a_seed": {name: round(min(took), 2) for name, took in seconds.items()},
        "leak": leak(task),
        "by_fold": tables,
    }
    target = Path(__file__).parent / "results" / "churn.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "by_fold"}, indent=1))


if __name__ == "__main__":
    main()
