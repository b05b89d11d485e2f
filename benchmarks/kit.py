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
import time
import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import numpy as np
import sklearn
import sklearn.metrics as sk
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import RandomForestClassifier

from castalia.kit import metrics
from castalia.kit.trees import Trees

TIMES = 7
RESULT = Path(__file__).parent / "results" / "kit.json"


def seconds(act: Callable[[], object], least: float = 0.002) -> float:
    """Of one call; short ones are repeated within a measurement."""
    began = time.perf_counter()
    act()
    took = time.perf_counter() - began
    if took >= least:
        return took
    again = max(1, int(least / max(took, 1e-7)))
    began = time.perf_counter()
    for _ in range(again):
        act()
    return (time.perf_counter() - began) / again


def beside(
    what: str, ours: Callable[[], Any], peer: Callable[[], Any], bar: float, close: float = 1e-12, count: int = 0
) -> dict[str, Any]:
    """One row: both answers are the same, then both are timed in turn."""
    mine, theirs = np.asarray(ours(), dtype=float), np.asarray(peer(), dtype=float)
    gap = float(np.max(np.abs(mine - theirs)))
    assert gap <= close, f"{what}: {mine} and {theirs}"
    times: dict[str, list[float]] = {"ours": [], "peer": []}
    count = count or (TIMES if seconds(peer) < 30 else 2)
    for turn in range(count):
        pair = (("ours", ours), ("peer", peer))
        for name, act in pair if turn % 2 else pair[::-1]:
            times[name].append(seconds(act))
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


def rows() -> list[dict[str, Any]]:
    return [
        *of_metrics(1_000, 0.0, 30.0),
        *of_metrics(1_000_000, 5.0, 15.0),
        *of_many(),
        *of_classes(),
        of_bootstrap(),
        *of_trees(),
    ]


def import_seconds() -> dict[str, list[float]]:
    """A fresh process that imports it, less one that imports nothing."""
    times: dict[str, list[float]] = {"castalia.kit.metrics": [], "numpy": [], "sklearn.metrics": []}
    for _ in range(7):
        for module, kept in times.items():
            kept.append(seconds(partial(subprocess.run, [sys.executable, "-c", f"import {module}"], check=True)))
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
