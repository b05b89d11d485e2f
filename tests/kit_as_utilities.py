"""Our own library under the names of the contract of project 1.1: what a learner builds, we built too.

One line a name where the two agree, an adapter of a few lines where they differ. Checked by test_utilities_contract.py.
"""

from __future__ import annotations

import html
import math
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from castalia.core.errors import CastaliaError
from castalia.kit import metrics, optim, plots, tabular, training
from castalia.kit.metrics.states import Counts
from castalia.kit.plots.inputs import gappy
from castalia.kit.plots.marks import Axis, Line, Panel
from castalia.kit.plots.themes import themed
from castalia.kit.tabular.folding import random_folds


def _refusing(act: Callable[..., Any]) -> Callable[..., Any]:
    """Our errors as the ValueError that the contract asks for."""

    def asked(*arguments: Any, **named: Any) -> Any:
        try:
            return act(*arguments, **named)
        except CastaliaError as error:
            raise ValueError(str(error)) from None

    return asked


def _refuse(wrong: bool, why: str) -> None:
    if wrong:
        raise ValueError(why)


# --- M1: castalia.kit.tabular ---------------------------------------------------------------------
# Ours takes whole numbers and fractions as float64 and a missing one as nan, and NaN for a missing one; the contract
# has int, float and None, and no NaN. Ours reads " 1", "+1" and "nan" as numbers, the contract as text.

_KINDS = {"int": "integer", "float": "number", "str": "text"}
_PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_CSV: dict[str, Any] = {"format": "csv", "delimiter": ",", "missing": (), "strip": False}


@_refusing
def write_csv(path: Any, columns: dict[str, list[Any]]) -> None:
    finite = all(math.isfinite(each) for column in columns.values() for each in column if isinstance(each, float))
    _refuse(not finite, "a number is missing or infinite: write None for a missing one")
    tabular.write(columns, path, format="csv", check=False)


@_refusing
def infer_types(path: Any) -> dict[str, str]:
    names = {column.name: column.kind for column in tabular.describe(path, **_CSV)}
    types = {name: {"integer": "int", "number": "float"}.get(kind, "str") for name, kind in names.items()}
    for piece in tabular.stream(path, kinds=dict.fromkeys(names, "text"), **_CSV):
        for name, cells in piece.columns.items():
            if not all(_PLAIN.fullmatch(cell) for cell in cells if cell is not None):
                types[name] = "str"
    return types


@_refusing
def _pieces(path: Any, types: dict[str, str], rows: int) -> Iterator[dict[str, list[Any]]]:
    names = [column.name for column in tabular.describe(path, limit=0, **_CSV)]
    _refuse(set(types) != set(names), f"types of {sorted(types)}, and the columns are {names}")
    return tabular.stream(path, rows, kinds={name: _KINDS[types[name]] for name in names}, **_CSV)


def stream_csv(path: Any, types: dict[str, str], rows: int) -> Iterator[dict[str, list[Any]]]:
    pieces = _pieces(path, types, rows)
    following = _refusing(lambda: next(pieces, None))
    while (piece := following()) is not None:
        if len(piece):  # of a table without rows ours gives one piece, the contract none
            yield _values(piece, types)


@_refusing
def read_csv(path: Any, types: dict[str, str] | None = None) -> dict[str, list[Any]]:
    types = infer_types(path) if types is None else types
    return _values(tabular.read(path, kinds={name: _KINDS[kind] for name, kind in types.items()}, **_CSV), types)


def _values(table: Any, types: dict[str, str]) -> dict[str, list[Any]]:
    made = {}
    for name, cells in table.columns.items():
        read = {"int": int, "float": float, "str": str}[types[name]]
        made[name] = [None if cell is None or cell != cell else read(cell) for cell in cells.tolist()]
    return made


write_jsonl = _refusing(lambda path, records: tabular.write_records(records, path))
read_jsonl = _refusing(lambda path: list(tabular.read_records(path)))
save_arrays = _refusing(tabular.save_arrays)
load_arrays = _refusing(tabular.load_arrays)


# --- M2: castalia.kit.tabular ---------------------------------------------------------------------


class _Step:
    """A step of ours. One without a number in a column stays as it is here, the contract refuses it."""

    def __init__(self, step: Any) -> None:
        self.step = step

    @_refusing
    def fit(self, x: Any) -> None:
        _refuse(bool(np.isnan(x).all(axis=0).any()), "a column without a number")
        self.step.fit(x)

    @_refusing
    def transform(self, x: Any) -> Any:
        return self.step.transform(x)

    @_refusing
    def inverse(self, z: Any) -> Any:
        return self.step.inverse(z)


class Standardizer(_Step):
    def __init__(self) -> None:
        super().__init__(tabular.Standardize())


class MinMaxScaler(_Step):
    def __init__(self) -> None:
        super().__init__(tabular.MinMax())


class Imputer(_Step):
    def __init__(self) -> None:
        super().__init__(tabular.Impute())


class Pipeline(_Step):
    def __init__(self, *steps: _Step) -> None:
        super().__init__(tabular.Chain(*(each.step for each in steps)))


class OneHotEncoder:
    """Ours gives a missing value a column of its own where fit has seen one; here fit is not shown any."""

    def __init__(self) -> None:
        self.step = tabular.OneHot()
        self.categories: list[str] = []

    @_refusing
    def fit(self, values: list[str | None]) -> None:
        self.step.fit({"x": [value for value in values if value is not None]})
        self.categories = list(self.step.states["x"].levels)

    @_refusing
    def transform(self, values: list[str | None]) -> Any:
        made = self.step.transform({"x": np.array(values, object)})
        return np.stack([made[name] for name in self.step.features], axis=1)

    @_refusing
    def inverse(self, rows: Any) -> list[str | None]:
        made = self.step.inverse(dict(zip(self.step.features, np.asarray(rows).T, strict=True)))
        return list(made["x"])


class TargetEncoder:
    """Ours draws every fold towards one mean of all rows, so that a fold cannot be told by it; the contract has a mean
    of the other folds for each. The two differ by those means, which are changed over here.
    """

    def __init__(self, smoothing: float = 10.0, folds: int = 5, seed: int = 0) -> None:
        self.smoothing, self.folds, self.seed = smoothing, folds, seed
        self.step: Any = self._made(5)

    def _made(self, folds: int) -> Any:
        return tabular.Target(smooth=self.smoothing, folds=folds, seed=self.seed, target="amount", on_training="allow")

    @_refusing
    def fit(self, values: list[str], target: Any) -> None:
        self.step = self._made(5).fit({"x": values}, target)

    @_refusing
    def transform(self, values: list[str]) -> Any:
        return self.step.transform({"x": values})["x.target"]

    @_refusing
    def fit_transform(self, values: list[str], target: Any) -> Any:
        _refuse(self.folds > len(values), "more folds than rows")
        self.step, y = self._made(self.folds), np.asarray(target, float)
        made = self.step.fit_transform({"x": values}, y)["x.target"]
        classes = y.astype(int) if set(y) <= {0, 1} else None
        fold = random_folds(len(y), self.folds, classes, self.seed)
        return made - y.mean() + np.array([y[fold != each].mean() for each in range(self.folds)])[fold]


# --- M3: castalia.kit.metrics ---------------------------------------------------------------------


def _of_two(metric: Callable[..., Any]) -> Callable[..., Any]:
    """The contract knows the classes 0 and 1 only; ours takes any two and asks which is positive."""

    def asked(y: Any, other: Any) -> float:
        counts = Counts((0, 1))
        counts.update(y, other)
        counts.result()
        return float(metric(y, other, positive=1)) if np.any(np.equal(y, 1) | np.equal(other, 1)) else 0.0

    return _refusing(asked)


accuracy = _refusing(metrics.accuracy)
precision = _of_two(metrics.precision)
recall = _of_two(metrics.recall)
f1 = _of_two(metrics.f1)
roc_auc = _refusing(metrics.roc_auc)
log_loss = _refusing(lambda y, p: metrics.log_loss(y, p, clip=1e-15))


@_refusing
def calibration_error(y: Any, p: Any, bins: int = 10) -> float:
    return metrics.calibration_error(y, p, bins, strategy="width", debias=False)


class BinaryCounts:
    """castalia.kit.metrics.states.Counts of the classes 0 and 1."""

    def __init__(self) -> None:
        self.counts = Counts((0, 1))

    @_refusing
    def update(self, y: Any, predicted: Any) -> None:
        self.counts.update(y, predicted)

    def merge(self, other: BinaryCounts) -> None:
        self.counts.merge(other.counts)

    @_refusing
    def accuracy(self) -> float:
        return self.counts.result().accuracy()

    @_refusing
    def precision(self) -> float:
        return self.counts.result().precision(positive=1)

    @_refusing
    def recall(self) -> float:
        return self.counts.result().recall(positive=1)

    @_refusing
    def f1(self) -> float:
        return self.counts.result().f_score(positive=1)


# --- M4: castalia.kit.training, with a step of castalia.kit.optim -----------------------------------


class LinearModel:
    def __init__(self, columns: int) -> None:
        self.weights = np.zeros(columns + 1)

    def predict(self, x: Any) -> Any:
        return x @ self.weights[:-1] + self.weights[-1]

    def loss(self, x: Any, y: Any) -> float:
        return metrics.mean_squared_error(y, self.predict(x))

    def step(self, x: Any, y: Any, rate: float) -> None:
        error = 2 * (self.predict(x) - y) / len(y)
        optim.SGD(self.weights).step(np.append(error @ x, error.sum()), rate)


class EarlyStopping:
    """Ours stays stopped; the contract asks after every loss anew."""

    def __init__(self, patience: int) -> None:
        self.rule = training.EarlyStopping(patience)

    @property
    def best_loss(self) -> float:
        return math.inf if self.rule.best is None else self.rule.best

    @property
    def best_weights(self) -> Any:
        return self.rule.weights

    def update(self, loss: float, weights: Any) -> bool:
        self.rule.update(loss, weights)
        return self.rule.waited >= self.rule.patience


class Journal:
    def __init__(self) -> None:
        self.entries: list[str] = []


class Recorder:
    def __init__(self, name: str, journal: Journal) -> None:
        self.name, self.journal = name, journal

    def on(self, event: str) -> None:
        self.journal.entries.append(f"{self.name} {event}")


class _Told(training.Callback):
    """The contract's callbacks, told by the hooks of ours; and the state after the last epoch, for a later fit."""

    def __init__(self, recorders: list[Recorder]) -> None:
        self.recorders, self.last = recorders, None

    def tell(self, event: str) -> None:
        for each in self.recorders:
            each.on(event)

    def on_start(self, loop: training.Loop) -> None:
        self.tell("fit_start")

    def on_batch(self, loop: training.Loop, metrics: Any) -> None:
        self.tell("batch_end")

    def on_epoch(self, loop: training.Loop, metrics: Any) -> None:
        self.tell("epoch_end")
        self.last = loop.state()

    def on_end(self, loop: training.Loop, failed: bool) -> None:
        self.tell("fit_end")


class _Learner:
    """The model and its rows, as our Loop asks for them."""

    def __init__(self, model: LinearModel, rate: float, data: tuple[Any, ...]) -> None:
        self.model, self.rate, self.data = model, rate, data

    def step(self, batch: Any) -> dict[str, float]:
        self.model.step(*batch, self.rate)
        return {"rows": float(len(batch[1]))}

    def evaluate(self) -> dict[str, float]:
        x, y, x_val, y_val = self.data
        return {"train": self.model.loss(x, y), "loss": self.model.loss(x_val, y_val)}

    def state(self) -> Any:
        return self.model.weights.copy()

    def load(self, state: Any) -> None:
        self.model.weights = state.copy()


class Trainer:
    def __init__(self, model: LinearModel, rate: float, batch: int, seed: int, patience: int) -> None:
        self.model, self.rate, self.batch, self.seed, self.patience = model, rate, batch, seed, patience
        self.recorders: list[Recorder] = []
        self.last: Any = None

    def add(self, callback: Recorder) -> None:
        self.recorders.append(callback)

    def _loop(self, data: tuple[Any, ...], epochs: int) -> training.Loop:
        def batches(epoch: int) -> Iterator[Any]:
            told.tell("epoch_start")
            x, y = data[:2]
            order = training.spawn(self.seed, "rows", epoch).permutation(len(y))
            return ((x[part], y[part]) for part in np.split(order, range(self.batch, len(y), self.batch)))

        told = _Told(self.recorders)
        stop = training.callbacks.Stop(training.EarlyStopping(self.patience))
        learner = _Learner(self.model, self.rate, data)
        loop = training.Loop(learner, batches, epochs=epochs, callbacks=(stop, told), seed=None)
        if self.last is not None:
            loop.load(self.last)
        return loop

    def fit(self, x: Any, y: Any, x_val: Any, y_val: Any, epochs: int) -> list[dict[str, float]]:
        loop = self._loop((x, y, x_val, y_val), epochs)
        history = loop.fit()
        self.last = loop.callbacks[1].last or self.last
        return [
            {"epoch": epoch, "loss": row["validation_train"], "val_loss": row["validation_loss"]}
            for epoch, row in enumerate(history, start=1)
        ]

    def save(self, path: Any) -> None:
        training.archive.write(path, self._loop((), 1).state() if self.last is None else self.last)

    def restore(self, path: Any) -> None:
        self.last = training.archive.read(path)
        loop = self._loop((), 1)
        loop.callbacks[0].on_end(loop, False)  # the best weights, as after fit


# --- M7: castalia.kit.plots, figures of castalia.kit.metrics ----------------------------------------


@_refusing
def roc_points(y: Any, scores: Any) -> Any:
    curve = metrics.roc_curve(y, scores)
    return np.stack([curve.x, curve.y], axis=1)


@_refusing
def confusion_table(y: Any, predicted: Any, classes: int) -> Any:
    return metrics.confusion(y, predicted, classes=range(classes)).table


@_refusing
def learning_curve(history: list[dict[str, float]]) -> dict[str, Any]:
    columns = [{name: value for name, value in row.items() if name != "epoch"} for row in history]
    made = plots.learning_curves(columns, x=[row["epoch"] for row in history])
    panel = made.panels[0]
    return {
        "title": made.title,
        "x_label": panel.x.title,
        "y_label": panel.y.title,
        "series": [{"name": each.name, "x": each.x.tolist(), "y": each.y.tolist()} for each in panel.marks],
    }


@_refusing
def svg(figure: dict[str, Any]) -> str:
    """What Plot.save draws, with the curves in it as polylines and the comments that say its texts as <text>."""
    lines = []
    for style, each in enumerate(figure["series"]):
        x, y = np.array(each["x"], float), np.array(each["y"], float)
        there = np.isfinite(x) & np.isfinite(y)
        lines.append(Line(each["name"], x, np.where(there, y, np.nan), style))
    gappy(np.concatenate([each.y for each in lines] or [[]]), "series")
    panel = Panel(Axis(figure["x_label"]), Axis(figure["y_label"]), tuple(lines))
    with tempfile.TemporaryDirectory() as folder:
        path = plots.Plot(figure["title"], "", "", {}, (panel,)).save(Path(folder) / "a.svg")
        picture = ElementTree.fromstring(path.read_bytes(), ElementTree.XMLParser(target=_with_comments()))
    made = ElementTree.Element(picture.tag, {"viewBox": picture.attrib["viewBox"]})
    said = [html.unescape(each.text.strip()) for each in picture.iter(ElementTree.Comment)]
    for each in said:
        ElementTree.SubElement(made, _SVG + "text").text = each
    for line, colour in zip(lines, themed("light").colours, strict=False):
        drawn = [each for each in picture.iter(_SVG + "path")
                 if f"stroke: {colour}" in each.get("style", "") and "clip-path" in each.attrib]  # fmt: skip
        places = re.findall(r"[ML] (\S+) (\S+)", " ".join(each.get("d", "") for each in drawn))
        added = ElementTree.SubElement(made, _SVG + "polyline", points=" ".join(map(",".join, places)))
        ElementTree.SubElement(added, _SVG + "title").text = line.name if line.name in said else ""
    return ElementTree.tostring(made, "unicode")


_SVG = "{http://www.w3.org/2000/svg}"


def _with_comments() -> ElementTree.TreeBuilder:
    return ElementTree.TreeBuilder(insert_comments=True)
