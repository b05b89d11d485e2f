"""The figures of the lesson, measured, every seed fixed: ``python -m castalia.projects.utilities.traps``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from castalia.kit.metrics.states import Mean
from castalia.projects.utilities import reference as ours

Array = np.ndarray[Any, Any]
SEEDS = 100


def leaking_targets() -> dict[str, str]:
    """ROC AUC of 200 texts, encoded by a target that is pure noise, over 600 rows."""
    own, crossed = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        values = [f"c{each}" for each in rng.integers(200, size=600)]
        target = rng.integers(2, size=600)
        encoder = ours.TargetEncoder(smoothing=1.0, seed=seed)
        crossed.append(ours.roc_auc(target, encoder.fit_transform(values, target)))
        own.append(ours.roc_auc(target, encoder.transform(values)))
    return {"every row sees its own target": _mean(own), "cross-fitted": _mean(crossed)}


def leaking_statistics() -> dict[str, str]:
    """The first of 20 training rows, standardized without and with one far row of the test set in the statistics."""
    rows = np.arange(20.0).reshape(-1, 1)
    scaler = ours.Standardizer()
    scaler.fit(rows)
    alone = scaler.transform(rows)[0, 0]
    scaler.fit(np.vstack([rows, [[1000.0]]]))
    return {"fitted on the training rows": f"{alone:.2f}", "one test row with": f"{scaler.transform(rows)[0, 0]:.2f}"}


def ties() -> dict[str, str]:
    """ROC AUC of 200 rows whose scores are whole numbers, counted by sorting, equal scores in either order."""
    rng = np.random.default_rng(0)
    actual = rng.integers(2, size=200)
    scores = np.round(rng.normal(size=200) + actual, 0)
    found = {"a tie is half": f"{ours.roc_auc(actual, scores):.3f}"}
    for words, first in (("ones first", 1), ("zeros first", 0)):
        order = np.lexsort((actual if first else -actual, scores))
        ranks = np.empty(200)
        ranks[order] = np.arange(1, 201)
        ones = int(actual.sum())
        area = (ranks[actual == 1].sum() - ones * (ones + 1) / 2) / (ones * (200 - ones))
        found[f"sorted, equal scores {words}"] = f"{area:.3f}"
    return found


def one_class() -> dict[str, str]:
    """Test sets of 20 rows with 5 % ones: how many have one class only, and 0.5 in the place of their area."""
    areas, missing = [], 0
    for seed in range(20 * SEEDS):
        rng = np.random.default_rng(seed)
        actual = (rng.random(20) < 0.05).astype(int)
        try:
            areas.append(ours.roc_auc(actual, rng.normal(size=20) + 2 * actual))
        except ValueError:
            missing += 1
    halves = [*areas, *[0.5] * missing]
    return {
        "test sets of one class": f"{100 * missing / len(halves):.0f} %",
        "mean area of the others": _mean(areas),
        "with 0.5 in place of the missing": _mean(halves),
    }


def forgotten_weights() -> dict[str, str]:
    """Validation loss at the end of a fit with a patience of 10, last weights against best ones."""
    ratios, epochs = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        x, x_val = rng.normal(size=(20, 15)), rng.normal(size=(200, 15))
        weights = rng.normal(size=15)
        y, y_val = x @ weights + 3 * rng.normal(size=20), x_val @ weights + 3 * rng.normal(size=200)
        model = ours.LinearModel(15)
        trainer = ours.Trainer(model, rate=0.02, batch=5, seed=seed, patience=10)
        history = trainer.fit(x, y, x_val, y_val, 1000)
        ratios.append(history[-1]["val_loss"] / model.loss(x_val, y_val))
        epochs.append(len(history))
    return {"last loss / best loss": _mean(ratios), "largest of them": f"{max(ratios):.2f}"}


def types_by_piece() -> dict[str, str]:
    """2,000 codes of four digits, the last of them with a letter, in pieces of 500: how many come back."""
    codes = [f"{number:04d}" for number in range(1999)] + ["19A9"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codes.csv"
        ours.write_csv(path, {"code": codes})
        whole = ours.infer_types(path)
        back: dict[str, list[str]] = {"by piece": [], "by all rows": []}
        for piece in ours.stream_csv(path, whole, 500):
            back["by all rows"] += piece["code"]
            numbers = all(code.isdigit() for code in piece["code"])
            back["by piece"] += [str(int(code)) if numbers else code for code in piece["code"]]
    return {
        f"types decided {words}": f"{sum(a == b for a, b in zip(codes, got, strict=True))} of 2000"
        for words, got in back.items()
    }


def mean_of_batches() -> dict[str, str]:
    """F1 of 1,000 rows with 10 % ones, whole, and as the mean of the F1 of batches of 20."""
    rng = np.random.default_rng(0)
    actual = (rng.random(1000) < 0.1).astype(int)
    predicted = np.where(rng.random(1000) < 0.9, actual, 1 - actual)
    batches = [ours.f1(actual[at : at + 20], predicted[at : at + 20]) for at in range(0, 1000, 20)]
    counts = [ours.BinaryCounts() for _ in range(2)]
    counts[0].update(actual[:300], predicted[:300])
    counts[1].update(actual[300:], predicted[300:])
    counts[0].merge(counts[1])
    return {
        "all rows": f"{ours.f1(actual, predicted):.3f}",
        "counted apart and merged": f"{counts[0].f1():.3f}",
        "mean of the batches": f"{np.mean(batches):.3f}",
    }


TRAPS: Mapping[str, Callable[[], dict[str, str]]] = {
    each.__name__: each
    for each in (
        leaking_targets,
        leaking_statistics,
        ties,
        one_class,
        mean_of_batches,
        forgotten_weights,
        types_by_piece,
    )
}


def _mean(values: list[float]) -> str:
    mean = Mean().update(values)
    return f"{mean.result():.3f} ({mean.interval().low:.3f} to {mean.interval().high:.3f})"


if __name__ == "__main__":
    for name, measure in TRAPS.items():
        print(name)
        for words, figure in measure().items():
            print(f"  {words}: {figure}")
