# ruff: noqa: E402  threads are set before NumPy is imported
"""One row through forests and boosted trees, beside the libraries that grew them: `python benchmarks/trees.py`.

Every row of the result is the same scores from both sides, checked on 100 rows before they are timed; then those rows
are scored one by one, in turns and both orders, so that no row is in the cache because it was just asked. The time is
the least of 35 spans of each, five in a turn. ``attempts`` keeps what was tried instead, in the same run: asking all
nodes at once, and walking nested tuples. Writes benchmarks/results/trees.json.
"""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import lightgbm
import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import RandomForestClassifier

from castalia.kit.trees import Trees

RESULT = Path(__file__).parent / "results" / "trees.json"
ROWS, TURNS, SPANS = 100, 7, 5
Answer = Callable[[Any], Any]


def a_row(act: Answer, rows: list[Any]) -> float:
    """Mean seconds of one row."""
    began = time.perf_counter()
    for row in rows:
        act(row)
    return (time.perf_counter() - began) / len(rows)


def in_turns(acts: dict[str, Answer], rows: list[Any]) -> dict[str, list[float]]:
    """Seconds a row, one figure a span; every second turn goes the other way round."""
    times: dict[str, list[float]] = {name: [] for name in acts}
    for turn in range(TURNS):
        for name, act in list(acts.items())[:: 1 if turn % 2 else -1]:
            for at in range(SPANS):  # the peer's spans are short, so that as few of them as of ours are interrupted
                times[name].append(a_row(act, rows if name != "peer" else rows[SPANS * turn + at :][:2]))
    return times


def asked(trees: Trees) -> Answer:
    """Attempt: all nodes are asked at once, then each tree walks by looking up."""
    slots = np.arange(len(trees.feature)) * 2

    def leaves(x: Any) -> Any:
        after, node = trees.child.take(slots + (x.take(trees.feature) > trees.threshold)), trees.roots
        for _ in range(trees.depth):
            node = after.take(node)
        return node

    return _scoring(trees, leaves)


def nested(trees: Trees) -> Answer:
    """Attempt: each tree as nested tuples, walked by Python."""
    feature, threshold, child = trees.feature.tolist(), trees.threshold.tolist(), trees.child.tolist()
    made: list[Any] = list(range(len(feature)))
    for node in reversed(range(len(feature))):  # children stand after their parents
        if child[2 * node] != node:
            made[node] = (feature[node], threshold[node], made[child[2 * node]], made[child[2 * node + 1]])
    roots = [made[root] for root in trees.roots.tolist()]

    def leaves(x: Any) -> Any:
        seen, found = x.tolist(), []
        for node in roots:
            while type(node) is tuple:
                at, limit, left, right = node
                node = left if seen[at] <= limit else right
            found.append(node)
        return found

    return _scoring(trees, leaves)


def _scoring(trees: Trees, leaves: Answer) -> Answer:
    return lambda row: trees._scored(trees.value.take(leaves(trees._row(row)), axis=0)[None])[0]


def beside(what: str, trees: Trees, peer: Answer, x: Any, bar: float, close: float) -> dict[str, Any]:
    """One row of the result."""
    rows = list(x[:ROWS])
    began = time.perf_counter()
    trees(rows[0])
    first = time.perf_counter() - began
    gap = max(float(np.max(np.abs(trees(row) - peer(row)))) for row in rows[:20])
    acts = {"ours": trees, "peer": peer, "asked at once": asked(trees), "nested walk": nested(trees)}
    for name, act in acts.items():
        assert name == "peer" or all(np.array_equal(act(row), trees(row)) for row in rows), name
    assert gap <= close, f"{what}: {gap}"
    times = in_turns(acts, rows)
    least = {name: min(each) for name, each in times.items()}
    table = trees._table
    shown = "  ".join(f"{name} {seconds * 1e6:.1f} us" for name, seconds in least.items())
    print(f"{what:70} {least['peer'] / least['ours']:6.1f}x  {shown}")
    return {
        "what": what, "ratio": round(least["peer"] / least["ours"], 2), "bar": bar, "gap": gap,
        "nodes": len(trees.feature), "first_row_seconds": first, "table_bytes": table.cells.nbytes if table else 0,
        "cut": bool(table and table.below), "least_seconds": least,
        "attempts": {name: round(least[name] / least["ours"], 2) for name in ("asked at once", "nested walk")},
        "seconds": times,
    }  # fmt: skip


def made(n: int, features: int) -> tuple[Any, Any]:
    x, y = make_classification(n, features, n_informative=8, random_state=0)
    return x, y


def forests() -> list[dict[str, Any]]:
    """100 trees each, from small to large and from narrow to wide."""
    found = []
    data = {
        "569 rows, 30 columns": load_breast_cancer(return_X_y=True),
        "2,000 rows, 20 columns": made(2000, 20),
        "10,000 rows, 20 columns": made(10_000, 20),
        "30,000 rows, 20 columns": made(30_000, 20),
        "digits, 64 columns": load_digits(return_X_y=True),
        "2,000 rows, 784 columns": made(2000, 784),
    }
    for name, (x, y) in data.items():
        forest = RandomForestClassifier(100, random_state=0, n_jobs=1).fit(x, y)
        trees = Trees.of(forest)
        what = f"scikit-learn's forest of 100 trees, {name} ({len(trees.feature):,} nodes)"
        peer: Answer = lambda row, forest=forest: forest.predict_proba(row[None])[0]  # noqa: E731
        found.append(beside(what, trees, peer, x, 100.0, 1e-15))
    return found


def boosted() -> list[dict[str, Any]]:
    """LightGBM of churn's size and larger, beside both of its ways to ask."""
    found = []
    x, y = made(7000, 20)
    for count, leaves in ((300, 8), (300, 31), (300, 255)):
        model = lightgbm.LGBMClassifier(n_estimators=count, num_leaves=leaves, n_jobs=1, verbose=-1).fit(x, y)
        trees = Trees.of(model)
        peers: dict[str, Answer] = {
            "LGBMClassifier": lambda row, model=model: model.predict_proba(row[None])[0],
            "Booster": lambda row, booster=model.booster_: _both(booster.predict(row[None], num_threads=1)[0]),
        }
        for name, peer in peers.items():
            what = f"LightGBM's {name}, {count} trees of {leaves} leaves ({len(trees.feature):,} nodes)"
            found.append(beside(what, trees, peer, x, 0.0, 1e-12))
    return found


def _both(positive: float) -> Any:
    return np.array([1 - positive, positive])


def main() -> None:
    warnings.simplefilter("ignore")
    result = {
        "versions": {
            "python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__,
            "lightgbm": lightgbm.__version__,
        },
        "threads": 1, "load": os.getloadavg()[0], "rows": [*forests(), *boosted()],
    }  # fmt: skip
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
