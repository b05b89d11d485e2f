# ruff: noqa: E402  threads are set before NumPy is imported
"""kit beside scikit-learn, on one thread: `python benchmarks/kit.py`.

Every row is the same figure from both sides, checked to be equal before it is timed: minimum of seven (two where the
peer takes more than 30 s, and for ten million rows), in both orders. Of those, the largest memory that was held besides
the columns is kept too. Writes benchmarks/results/kit.json with every time.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import numpy as np
import pandas as pd
import sklearn
import sklearn.metrics as sk
from beside import in_turns, seconds
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from castalia.kit import metrics
from castalia.kit.tabular import Chain, Columns, Impute, OneHot, Prepare, Standardize, Target
from castalia.kit.trees import Trees

TIMES = 7
timed = partial(seconds, least=0.002)
"""Of one call; short ones are repeated."""
RESULT = Path(__file__).parent / "results" / "kit.json"


def beside(
    what: str, ours: Callable[[], Any], peer: Callable[[], Any], bar: float, close: float = 1e-12, count: int = 0
) -> dict[str, Any]:
    """One row: both answers are the same, then both are timed in turn."""
    mine, theirs = np.asarray(ours(), dtype=float), np.asarray(peer(), dtype=float)
    gap = float(np.max(np.abs(mine - theirs)))
    assert gap <= close, f"{what}: {mine} and {theirs}"
    count = count or (TIMES if timed(peer) < 30 else 2)
    times = in_turns({"ours": partial(timed, ours), "peer": partial(timed, peer)}, count)
    ratio = min(times["peer"]) / min(times["ours"])
    mine_ms, theirs_ms = (min(times[name]) * 1e3 for name in ("ours", "peer"))
    print(f"{what:60} {mine_ms:10.3f} ms {theirs_ms:10.3f} ms  {ratio:7.1f}x  bar {bar:g}x")
    return {"what": what, "ratio": round(ratio, 2), "bar": bar, "gap": gap, "seconds": times}


def twelve_of_the_peer(y: Any, p: Any) -> list[float]:
    """What `metrics.report` holds, from scikit-learn's functions."""
    called = p >= 0.5
    fpr, tpr, _ = sk.roc_curve(y, p)
    return [
        sk.roc_auc_score(y, p), sk.average_precision_score(y, p), float(np.max(tpr - fpr)), sk.log_loss(y, p),
        sk.brier_score_loss(y, p), sk.accuracy_score(y, called), sk.precision_score(y, called),
        sk.recall_score(y, called), sk.recall_score(y, called, pos_label=0), sk.f1_score(y, called),
        sk.matthews_corrcoef(y, called),
    ]  # fmt: skip


def twelve_of_ours(y: Any, p: Any) -> list[float]:
    """The same eleven; ours has the calibration error and the intervals besides."""
    r = metrics.report(y, p)
    return [
        r.roc_auc.estimate, r.average_precision, r.kolmogorov_smirnov, r.log_loss, r.brier, r.accuracy.estimate,
        r.precision.estimate, r.recall.estimate, r.specificity.estimate, r.f1, r.matthews,
    ]  # fmt: skip


def bootstrap_of_the_peer(y: Any, s: Any, draws: int) -> list[float]:
    generator, found = np.random.default_rng(7), list[float]()
    while len(found) < draws:
        rows = generator.integers(0, len(y), len(y))
        found.append(float(sk.roc_auc_score(y[rows], s[rows])))
    return [float(each) for each in np.quantile(found, [0.025, 0.975])]


def of_metrics(n: int, auc_bar: float, count_bar: float) -> list[dict[str, Any]]:
    """Classification on n rows."""
    rng = np.random.default_rng(n)
    p = rng.random(n)
    y = (rng.random(n) < p).astype(np.int64)
    called, ties = (p > 0.5).astype(np.int64), np.round(p, 2)
    pairs: list[tuple[str, Callable[..., Any], Callable[..., Any], Any, float, float]] = [
        ("ROC AUC", metrics.roc_auc, sk.roc_auc_score, p, auc_bar, 1e-12),
        ("ROC AUC with ties", metrics.roc_auc, sk.roc_auc_score, ties, auc_bar, 1e-12),
        ("f1", metrics.f1, sk.f1_score, called, count_bar, 1e-12),
        ("log loss", metrics.log_loss, sk.log_loss, p, count_bar, 1e-12),
        ("report of twelve", twelve_of_ours, twelve_of_the_peer, p, 10.0, 1e-9),
    ]
    return [
        beside(f"{what}, {n:,} rows", partial(ours, y, given), partial(peer, y, given), bar, close)
        for what, ours, peer, given, bar, close in pairs
    ]


def peak(act: Callable[[], object]) -> int:
    """The most bytes that one call held at a time, by NumPy's own account."""
    tracemalloc.start()
    act()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def of_many(n: int = 10_000_000) -> list[dict[str, Any]]:
    """The three that are asked for most, on ten million rows: time and memory."""
    rng = np.random.default_rng(n)
    p = rng.random(n)
    y = (rng.random(n) < p).astype(np.int64)
    called, found = (p > 0.5).astype(np.int64), []
    pairs: list[tuple[str, Callable[..., Any], Callable[..., Any], Any]] = [
        ("ROC AUC", metrics.roc_auc, sk.roc_auc_score, p),
        ("f1", metrics.f1, sk.f1_score, called),
        ("log loss", metrics.log_loss, sk.log_loss, p),
    ]
    for what, ours, peer, given in pairs:
        both = partial(ours, y, given), partial(peer, y, given)
        row = beside(f"{what}, {n:,} rows", *both, 0.0, count=2)
        found.append({**row, "peak_bytes": dict(zip(("ours", "peer"), map(peak, both), strict=True))})
        print(" " * 60, {name: f"{most / 1e6:.0f} MB" for name, most in found[-1]["peak_bytes"].items()})
    return found


def of_classes(n: int = 1_000_000, count: int = 10) -> list[dict[str, Any]]:
    """ROC AUC of ten classes."""
    rng = np.random.default_rng(n)
    y, p = rng.integers(0, count, n), rng.random((n, count))
    p[np.arange(n), y] += 0.3
    p /= p.sum(axis=1, keepdims=True)
    found = []
    for way, words, bar in (("ovr", "each against the rest", 5.0), ("ovo", "each pair", 0.0)):
        ours, peer = (partial(act, y, p, multi_class=way) for act in (metrics.multiclass_roc_auc, sk.roc_auc_score))
        found.append(beside(f"ROC AUC of {count} classes, {words}, {n:,} rows", ours, peer, bar))
    return found


def of_bootstrap() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    s = rng.normal(size=10_000)
    y = (rng.random(10_000) < 1 / (1 + np.exp(-s))).astype(np.int64)

    def ours() -> list[float]:
        interval = metrics.intervals.bootstrap_auc(y, s, draws=1000)
        return [interval.low, interval.high]

    what = "bootstrap interval of ROC AUC, 10,000 rows, 1,000 draws"
    return beside(what, ours, partial(bootstrap_of_the_peer, y, s, 1000), 20.0, 5e-3)


def of_trees() -> list[dict[str, Any]]:
    """One row through forests of 100 trees: a small real set, and a larger made one."""
    found = []
    made = make_classification(2000, 20, n_informative=8, random_state=0)
    for name, (x, y) in (("569 rows", load_breast_cancer(return_X_y=True)), ("2,000 rows", made)):
        forest = RandomForestClassifier(100, random_state=0, n_jobs=1).fit(x, y)
        ours, row = Trees.of(forest), x[0]
        what = f"one row through a forest of 100 trees on {name} ({len(ours.feature):,} nodes)"
        found.append(beside(what, partial(ours, row), partial(_one_row, forest, row[None]), 100.0, 1e-15))
    return found


def _one_row(forest: RandomForestClassifier, row: Any) -> Any:
    return forest.predict_proba(row)[0]


def of_tables() -> list[dict[str, Any]]:
    """Steps over a million rows, and one row through a pipeline. No bar where none was set before measuring.

    Folds are dealt differently, so out-of-fold encodings agree to sampling error only; the formula is checked in tests.
    """
    rng = np.random.default_rng(0)
    million = 1_000_000
    x, few, many = (
        rng.normal(size=(million, 20)),
        rng.integers(0, 10, (million, 1)),
        rng.integers(0, 1000, (million, 1)),
    )
    words = np.array([f"level {i}" for i in range(1000)], object)[many]
    y = rng.integers(0, 2, million)
    scale = partial(StandardScaler().fit_transform, x)
    hot, dense, sparse = OneHot(), OneHotEncoder(sparse_output=False), OneHotEncoder()
    found = [
        beside("standardize 1,000,000 x 20", lambda: Standardize().fit_transform(x), scale, 0.0, 1e-9),
        beside(
            "one-hot, 1,000,000 rows, 10 levels", lambda: hot.fit_transform(few), lambda: dense.fit_transform(few), 0.0
        ),
        beside(
            "one-hot, 1,000,000 rows, 10 levels, beside a sparse matrix (column sums compared)",
            lambda: hot.fit_transform(few).sum(axis=0),
            lambda: np.asarray(sparse.fit_transform(few).sum(axis=0)).ravel(),
            0.0,
        ),
    ]
    for what, column in (("whole numbers", many), ("text", words)):
        found.append(
            beside(
                f"target encoding in five folds, 1,000,000 rows, 1,000 levels of {what}",
                partial(_encoded, Target(smooth=5.0), column, y),
                partial(_encoded, TargetEncoder(smooth=5.0), column, y),
                0.0, 0.05,
            )
        )  # fmt: skip
    return [*found, *_of_one_row(rng)]


def _encoded(encoder: Any, x: Any, y: Any) -> Any:
    return encoder.fit_transform(x, y).ravel()


def _of_one_row(rng: Any) -> list[dict[str, Any]]:
    """20 columns: the same pipeline in both libraries; then a dirty row, beside a table of one row."""
    numbers, choices = [f"n{i}" for i in range(12)], [f"c{i}" for i in range(8)]
    table: dict[str, Any] = {name: rng.normal(size=2000) for name in numbers}
    table |= {name: np.array(["a", "b", "c", "d", "e"], object)[rng.integers(0, 5, 2000)] for name in choices}
    for name in numbers:
        table[name][rng.random(2000) < 0.1] = np.nan
    frame = pd.DataFrame(table)
    ours = Columns({tuple(numbers): Chain(Impute(), Standardize()), tuple(choices): OneHot()}).fit(frame)
    amounts = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    peer = ColumnTransformer([("n", amounts, numbers), ("c", hot, choices)]).fit(frame)
    row, one = {name: values[7] for name, values in table.items()}, frame.iloc[7:8]
    row = {name: float(value) if isinstance(value, float) else value for name, value in row.items()}
    what = "one row of 20 columns, filled, scaled, one-hot"
    found = [beside(what, lambda: ours.row(row), lambda: peer.transform(one)[0], 0.0)]
    dirty = {name: [f"{each:,.2f} €" for each in values * 1000] for name, values in list(table.items())[:6]}
    dirty |= {name: [None if each == "e" else f" {each} " for each in table[name]] for name in choices}
    dirty |= {f"b{i}": np.array(["yes", "No"])[rng.integers(0, 2, 2000)].tolist() for i in range(3)}
    dirty |= {f"d{i}": [f"{1 + i % 28:02}/{1 + i % 12:02}/2024" for i in rng.integers(0, 999, 2000)] for i in range(2)}
    dirty["note"] = [f"the customer of order {i} wrote that it was late" for i in range(2000)]
    step = Prepare().fit({name: [None if "nan" in str(v) else v for v in values] for name, values in dirty.items()})
    last = {name: values[8] for name, values in dirty.items()}
    table_of_one = pd.DataFrame({name: [value] for name, value in last.items()})
    what = "one dirty row of 20 columns (6 amounts, 8 choices, 3 yes/no, 2 dates, a text), beside a table of one row"
    row_of_ours = beside(what, lambda: step.row(last), lambda: step.transform(table_of_one)[0], 0.0, 0.0)
    return [*found, row_of_ours | {"at_most_ms": 2.0}]


def rows() -> list[dict[str, Any]]:
    return [
        *of_metrics(1_000, 0.0, 30.0),
        *of_metrics(1_000_000, 5.0, 15.0),
        *of_many(),
        *of_classes(),
        of_bootstrap(),
        *of_trees(),
        *of_tables(),
    ]


def import_seconds() -> dict[str, list[float]]:
    """A fresh process that imports it, less one that imports nothing."""
    times: dict[str, list[float]] = {"castalia.kit.metrics": [], "numpy": [], "sklearn.metrics": []}
    for _ in range(7):
        for module, kept in times.items():
            kept.append(timed(partial(subprocess.run, [sys.executable, "-c", f"import {module}"], check=True)))
    return times


def main() -> None:
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__},
        "threads": 1, "rows": rows(), "import_seconds": import_seconds(),
    }  # fmt: skip
    for module, times in result["import_seconds"].items():
        print(f"import {module:53} {min(times) * 1e3:10.1f} ms")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
