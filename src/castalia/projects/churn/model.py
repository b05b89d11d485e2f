"""Trees, measured on customers they never saw, with a risk that means what it says.

One procedure, ``_learn``, makes a model from rows: inner folds give each row a score from trees that
did not see it; on these scores the risk is calibrated (kept only where that helps, judged on yet
other folds); then the trees learn from all the rows. The reported figures come from running this
whole procedure inside each of the outer folds; the shipped model is the same procedure on all rows.
So nothing that was chosen on a customer is ever reported on that customer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import Unavailable, WrongInput
from castalia.core.system import Run
from castalia.kit.training import archive
from castalia.projects.churn.calibration import Sigmoid, calibrated, curve, expected_error, sigmoid
from castalia.projects.churn.table import Encoder, Task

if TYPE_CHECKING:
    from castalia.projects.churn.churn import Params

Array = NDArray[Any]

FORMAT = 1
SMALL = 100_000
"""Below this many rows one thread is faster than the talk between several."""


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError:
        cure = "pip install 'castalia[classical]'"
        raise Unavailable("churn needs LightGBM", "it is not installed", "the extra 'classical'", cure) from None
    return lightgbm


@dataclass
class Model:
    """The encoder, the trees and the calibration, with the report of how they were measured."""

    encoder: Encoder
    trees: Any
    calibration: Sigmoid
    target: str
    positive: str
    rate: float
    """Share of the positive class in training."""
    report: dict[str, Any]
    """metrics, folds, curve, reliability, importance, notes."""

    def risks(self, table: Mapping[str, Sequence[Any]]) -> Array:
        """(n,) probabilities of the positive class."""
        scores = self.trees.predict(self.encoder.matrix(table), raw_score=True)
        return sigmoid(self.calibration(scores))

    def answers(self, table: Mapping[str, Sequence[Any]], reasons: int) -> list[dict[str, Any]]:
        """One Output's fields a row. The effects are exact: they and the base add up to the log-odds."""
        matrix = self.encoder.matrix(table)
        parts = self.trees.predict(matrix, pred_contrib=True) * self.calibration.slope
        parts[:, -1] += self.calibration.offset
        order = np.argsort(-np.abs(parts[:, :-1]), axis=1, kind="stable")[:, :reasons]
        return [self._answer(table, row, parts[row], order[row]) for row in range(len(matrix))]

    def _answer(self, table: Mapping[str, Sequence[Any]], row: int, parts: Array, order: Array) -> dict[str, Any]:
        effects, base = parts[:-1], float(parts[-1])
        total = base + float(effects.sum())
        risk = float(sigmoid(np.array([total]))[0])
        named = [self._reason(place, table, row, float(effects[place])) for place in order]
        return {
            "risk": risk,
            "band": self._band(risk),
            "reasons": named,
            "base": base,
            "rest": float(np.delete(effects, order).sum()),
            "positive": f"{self.target} = {self.positive}",
        }

    def _reason(self, place: int, table: Mapping[str, Sequence[Any]], row: int, effect: float) -> dict[str, Any]:
        name = self.encoder.names[place]
        value = self.encoder.shown(place, table[name][row] if name in table else None)
        times = float(np.exp(min(abs(effect), 50)))
        moved = f"{'multiplies' if effect >= 0 else 'divides'} the odds by {times:.2f}"
        sentence = f"{name} is {value}: {moved if times >= 1.005 else 'leaves the odds nearly as they are'}"
        return {"feature": name, "value": value, "effect": effect, "sentence": sentence}

    def _band(self, risk: float) -> str:
        if risk < self.rate / 2:
            return "low"
        return "high" if risk >= max(self.rate, min(0.5, 2 * self.rate)) else "medium"

    def save(self, folder: Path) -> None:
        """``trees.txt`` and ``churn.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trees.txt").write_text(self.trees.model_to_string())
        about = {
            "format": FORMAT,
            "encoder": self.encoder.plain(),
            "calibration": [self.calibration.slope, self.calibration.offset],
            "target": self.target,
            "positive": self.positive,
            "rate": self.rate,
            "report": self.report,
        }
        (folder / "churn.json").write_text(json.dumps(about, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read what ``save`` wrote; WrongInput where it is of another format."""
        about = json.loads((folder / "churn.json").read_text())
        if about["format"] != FORMAT:
            raise WrongInput("this model was saved by another Castalia", f"format {about['format']}", f"{FORMAT}")
        trees = _lightgbm().Booster(model_str=(folder / "trees.txt").read_text())
        encoder, calibration = Encoder.of_plain(about["encoder"]), Sigmoid(*about["calibration"])
        if trees.num_feature() != len(encoder.names):
            raise WrongInput(
                "trees.txt is not of this model", f"{trees.num_feature()} columns", f"{len(encoder.names)}"
            )
        return cls(encoder, trees, calibration, about["target"], about["positive"], about["rate"], about["report"])


def train(params: Params, task: Task, run: Run) -> Model:
    """Measure fold by fold (those found in ``run.folder`` are kept), then learn from every row."""
    n = len(task.labels)
    least = int(min(task.labels.sum(), n - task.labels.sum()))
    if least < 2 * params.folds:
        got, cure = f"{least} of the rarer value", "Bring more rows, or ask for fewer folds."
        raise WrongInput(
            f"too few rows for {params.folds} folds", got, f"at least {2 * params.folds}", cure, field="data"
        )
    done = FoldBook(Path(run.folder), params, task)
    scores = np.zeros(n)
    for number, (train_rows, test_rows) in enumerate(_folds(n, params, task.labels)):
        fold = done.get(number)
        if fold is None:
            fold = _measure(params, task, train_rows, test_rows, run, number)
            done.put(number, fold)
        run.log(number + 1, **{f"fold_{name}": value for name, value in fold["metrics"].items()})
        run.progress(number + 1, params.folds + 1)
        scores[test_rows] = fold["scores"]
    outer = [done.get(number) or {} for number in range(params.folds)]
    # each row's score comes from trees that did not see it: this is what the shipped risk is calibrated on
    model = _finish(params, task, np.arange(n), scores)
    model.report = _report(params, task, outer, model)
    run.progress(params.folds + 1, params.folds + 1)
    return model


def _folds(n: int, params: Params, labels: Array) -> Any:
    from castalia import data

    return data.folds(n, params.folds, seed=params.seed, stratify=labels)


def _measure(params: Params, task: Task, train_rows: Array, test_rows: Array, run: Run, number: int) -> dict[str, Any]:
    """One outer fold: the whole procedure on its training rows, then its figures on the rest."""
    labels = task.labels[train_rows]
    inner = np.zeros(len(train_rows))
    for learn, ask in _folds(len(train_rows), params, labels):
        encoder, trees = _grow(params, task, train_rows[learn])
        inner[ask] = trees.predict(encoder.encode(task.rows(train_rows[ask]), len(ask)), raw_score=True)
        run.progress(number + 0.1, params.folds + 1)
    watched: list[float] = []

    def watch(step: int, loss: float) -> None:
        watched.append(loss)
        if step % 5 == 0 or step == params.trees:
            run.log(step, **{f"log_loss_fold_{number + 1}": loss})

    model = _finish(params, task, train_rows, inner, (test_rows, watch))
    matrix = model.encoder.encode(task.rows(test_rows), len(test_rows))
    raw = model.trees.predict(matrix, raw_score=True)
    figures = metrics(task.labels[test_rows], model.calibration(raw))
    figures["log_loss_uncalibrated"] = metrics(task.labels[test_rows], raw)["log_loss"]
    importance = np.abs(model.trees.predict(matrix, pred_contrib=True)[:, :-1]).mean(axis=0)
    return {
        "metrics": figures,
        "scores": raw.tolist(),
        "calibrated": model.calibration(raw).tolist(),
        "rows": test_rows.tolist(),
        "curve": watched,
        "importance": importance.tolist(),
        "calibration": [model.calibration.slope, model.calibration.offset],
    }


def _finish(
    params: Params,
    task: Task,
    rows: Array,
    scores: Array,
    watch: tuple[Array, Callable[[int, float], None]] | None = None,
) -> Model:
    """The last steps of the procedure: calibrate on ``scores`` made without their own rows, learn from all rows."""
    labels = task.labels[rows]
    calibration = calibrated(scores, labels, params.folds, params.seed) if params.calibrate else Sigmoid()
    encoder, trees = _grow(params, task, rows, watch)
    return Model(encoder, trees, calibration, task.target, task.positive, float(labels.mean()), {})


def _grow(
    params: Params, task: Task, rows: Array, watch: tuple[Array, Callable[[int, float], None]] | None = None
) -> tuple[Encoder, Any]:
    """An encoder and trees that have seen these rows and no others."""
    lightgbm = _lightgbm()
    content = task.rows(rows)
    encoder = Encoder.learn(task.columns, content)
    options = {
        "objective": "binary",
        "learning_rate": params.learning_rate,
        "num_leaves": params.leaves,
        "min_data_in_leaf": params.min_rows,
        "feature_fraction": params.columns_share,
        "bagging_fraction": params.rows_share,
        "bagging_freq": 1,
        "seed": params.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1 if len(rows) < SMALL else 0,
        "verbosity": -1,
    }
    given = {"categorical_feature": encoder.category_places, "params": {"verbosity": -1}}
    learn = lightgbm.Dataset(encoder.encode(content, len(rows)), task.labels[rows], **given)
    if watch is None:
        return encoder, lightgbm.train(options, learn, params.trees)
    held, tell = watch
    ask = lightgbm.Dataset(encoder.encode(task.rows(held), len(held)), task.labels[held], reference=learn, **given)

    def callback(env: Any) -> None:
        tell(env.iteration + 1, env.evaluation_result_list[0][2])

    # the held-out rows are only looked at, for the curve: nothing is stopped or chosen by them
    return encoder, lightgbm.train(options, learn, params.trees, valid_sets=[ask], callbacks=[callback])


def metrics(labels: Array, scores: Array) -> dict[str, float]:
    """auc, log_loss, brier, ece and accuracy of log-odds ``scores`` (n,) against ``labels`` (n,) of 0 and 1."""
    risk = sigmoid(scores)
    return {
        "auc": auc(labels, scores),
        "log_loss": float(np.mean(np.logaddexp(0, np.where(labels == 1, -scores, scores)))),
        "brier": float(np.mean((risk - labels) ** 2)),
        "ece": expected_error(labels, risk),
        "accuracy": float(np.mean((risk >= 0.5) == (labels == 1))),
    }


def auc(labels: Array, scores: Array) -> float:
    """Chance that a positive is scored above a negative, ties counting half: by ranks, exactly."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = labels == 1
    many, few = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))


def _report(params: Params, task: Task, outer: list[dict[str, Any]], model: Model) -> dict[str, Any]:
    names = outer[0]["metrics"]
    by_fold = {name: [fold["metrics"][name] for fold in outer] for name in names}
    figures = {f"test_{name}": float(np.mean(values)) for name, values in by_fold.items()}
    order = np.concatenate([fold["rows"] for fold in outer]).astype(int)
    risk = sigmoid(np.concatenate([fold["calibrated"] for fold in outer]))
    # ece is no mean over small folds: with few rows a bin it reads too high, so it is taken over all of them
    figures["test_ece"] = expected_error(task.labels[order], risk)
    importance = np.mean([fold["importance"] for fold in outer], axis=0)
    return {
        "metrics": figures,
        "folds": by_fold,
        "curve": np.mean([fold["curve"] for fold in outer], axis=0).tolist(),
        "reliability": curve(task.labels[order], risk),
        "importance": dict(zip(model.encoder.names, importance.tolist(), strict=True)),
        "notes": task.notes,
    }


class FoldBook:
    """Finished folds in one file, so that a killed fit goes on with the next one."""

    def __init__(self, folder: Path, params: Params, task: Task) -> None:
        about = json.dumps([FORMAT, params.plain(), task.digest, task.target, task.positive], sort_keys=True)
        self.key = hashlib.sha256(about.encode()).hexdigest()
        self.path = folder / "folds.npz"
        self.folds: dict[str, dict[str, Any]] = {}
        if self.path.exists() and archive.about_of(self.path).get("key") == self.key:
            self.folds = archive.read(self.path)

    def get(self, number: int) -> dict[str, Any] | None:
        """The fold, where it was finished under these very params and data."""
        return self.folds.get(str(number))

    def put(self, number: int, fold: dict[str, Any]) -> None:
        """Keep it; on disk when this returns, and the file is whole at every moment."""
        self.folds[str(number)] = fold
        archive.write(self.path, self.folds, {"key": self.key})
