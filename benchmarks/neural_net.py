# ruff: noqa: E402  threads are set before NumPy is imported
"""What the NumPy network gets right, beside scikit-learn, on one thread: `python benchmarks/neural_net.py`.

Digits: five seeds, the same held-out fifth, both on all other images; the peer has the same layers and its own
defaults. Digits in five folds (the deal of seed 0): the default network and one with convolutions, over seeds, beside
MLPClassifier. MNIST and Fashion-MNIST (CASTALIA_DATA): the official test images. How fast it is stands in
benchmarks/network.py. Writes benchmarks/results/neural_net.json.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import numpy as np
import sklearn
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier

from castalia import data
from castalia.core.errors import CastaliaError
from castalia.core.fields import Dataset
from castalia.kit.training import schedules
from castalia.projects.neural_net.fitting import fit
from castalia.projects.neural_net.neural_net import NeuralNet, Params
from castalia.projects.neural_net.picture import Jitter
from castalia.projects.neural_net.shape import network_of, rule_of, shape_of


class Quiet:
    """A Run that keeps nothing but the checkpoints."""

    device = "cpu"

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def log(self, step: int, **values: float) -> None: ...

    def progress(self, done: float, total: float) -> None: ...

    def artifact(self, name: str, content: object) -> None: ...

    def child(self, name: str) -> Quiet:
        return self


def ours(name: str, seed: int, changes: dict[str, Any] | None = None) -> dict[str, float]:
    """Held-out accuracy and seconds of a fit, data and checkpoints included."""
    with tempfile.TemporaryDirectory() as folder:
        start, busy = time.perf_counter(), time.process_time()
        accuracy = NeuralNet(Params(data=Dataset(name), seed=seed, **(changes or {}))).fit(Quiet(folder))[
            "test_accuracy"
        ]
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        # the second is what the first would be on a machine that does nothing else
        return {"accuracy": accuracy, "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2)}


def peer_on_digits(seed: int) -> dict[str, float]:
    found = data.open("digits")
    arrays = found.arrays()
    x = arrays["train_images"].reshape(len(arrays["train_labels"]), -1).astype(np.float32) / found.peak
    y = arrays["train_labels"]
    train, test = data.split_rows(len(y), test=0.2, seed=seed, stratify=y)
    start = time.perf_counter()
    model = MLPClassifier((256, 128), random_state=seed, max_iter=300).fit(x[train], y[train])
    return {"accuracy": float(model.score(x[test], y[test])), "seconds": time.perf_counter() - start}


def interval(values: list[float]) -> list[float]:
    """95 % for the mean over seeds, Student's t."""
    from scipy import stats

    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return [round(float(np.mean(values) - half), 4), round(float(np.mean(values) + half), 4)]


CONVOLUTIONS = {
    "channels": (24, 48), "hidden": (64,), "normalisation": "batch", "dropout": 0.2, "jitter": 0.6,
    "learning_rate": 0.003, "epochs": 40,
}  # fmt: skip
LARGER = {"channels": (16, 32), "hidden": (128,), "dropout": 0.3, "batch": 64, "jitter": 0.0, "epochs": 5}
CLOTHES = {"batch": 64, "jitter": 0.0, "dropout": 0.2, "learning_rate": 0.001, "epochs": 15}


def in_folds(changes: dict[str, Any], seed: int) -> dict[str, float]:
    """Mean accuracy over the five held-out folds, and seconds."""
    found = data.open("digits")
    arrays = found.arrays()
    x, y = arrays["train_images"].reshape(-1, 64).astype(np.float32) / found.peak, arrays["train_labels"]
    params = Params(seed=seed, **changes)
    began, right = time.perf_counter(), []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        network = network_of(shape_of(params, 8, 10), seed)
        epochs = params.epochs or 100
        steps = epochs * -(-len(train) // params.batch)
        fit(
            network, x[train], y[train], epochs=epochs, batch=params.batch, seed=seed,
            rule=rule_of(params, network), rate=schedules.Cosine(params.learning_rate, steps),
            change=Jitter(8, params.jitter),
        )  # fmt: skip
        right.append(float((network.scores(x[test]).argmax(axis=1) == y[test]).mean()))
    return {"accuracy": float(np.mean(right)), "seconds": round(time.perf_counter() - began, 1)}


def peer_in_folds(seed: int) -> dict[str, float]:
    found = data.open("digits")
    arrays = found.arrays()
    x, y = arrays["train_images"].reshape(-1, 64) / found.peak, arrays["train_labels"]
    began = time.perf_counter()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    right = cross_val_score(MLPClassifier((256, 128), random_state=seed, max_iter=300), x, y, cv=folds)
    return {"accuracy": float(right.mean()), "seconds": round(time.perf_counter() - began, 1)}


def over(seeds: int, run: Callable[[int], dict[str, float]]) -> dict[str, Any]:
    """A figure over seeds, with its interval."""
    rows = [run(seed) for seed in range(seeds)]
    accuracy = [row["accuracy"] for row in rows]
    return {
        "accuracy": round(float(np.mean(accuracy)), 4), "interval": interval(accuracy),
        "by_seed": [round(value, 4) for value in accuracy], "seconds": min(row["seconds"] for row in rows),
    }  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__},
        "threads": 1,
        "digits": {},
    }
    for name, run in (("castalia", lambda seed: ours("digits", seed)), ("sklearn MLPClassifier", peer_on_digits)):
        result["digits"][name] = over(5, run)
    result["digits_in_folds"] = {
        "castalia": over(5, lambda seed: in_folds({}, seed)),
        "castalia, convolutions": over(3, lambda seed: in_folds(CONVOLUTIONS, seed)),
        "sklearn MLPClassifier": over(5, peer_in_folds),
    }
    pair = result["digits"]
    result["digits_time_ratio"] = round(pair["sklearn MLPClassifier"]["seconds"] / pair["castalia"]["seconds"], 2)
    try:
        result["mnist"] = [{"seed": seed, **ours("mnist", seed)} for seed in range(2)]
        result["mnist_convolutions"] = [{"seed": seed, **ours("mnist", seed, LARGER)} for seed in range(2)]
        result["fashion_mnist"] = [{"seed": seed, **ours("fashion-mnist", seed, CLOTHES)} for seed in range(3)]
    except CastaliaError as error:
        result["mnist"] = f"not run: {error.subject}"
    target = Path(__file__).parent / "results" / "neural_net.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
