# ruff: noqa: E402  threads are set before NumPy is imported
"""The NumPy network beside scikit-learn's MLPClassifier, on one thread: `python benchmarks/neural_net.py`.

Digits: five seeds, the same held-out fifth, both on all other images; the peer has the same layers and its
own defaults. Speed: one pass over 20,000 random images of 784 numbers, 784-128-10, Adam, float32 (the peer
computes in float32 where its input is), minimum of five in both orders. MNIST (needs CASTALIA_DATA): the
official test images. Writes benchmarks/results/neural_net.json.
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
from sklearn.neural_network import MLPClassifier

from castalia import data
from castalia.core.errors import CastaliaError
from castalia.core.fields import Dataset
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.neural_net import NeuralNet, Params


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


def ours(name: str, seed: int) -> dict[str, float]:
    """Held-out accuracy and seconds of a fit with default parameters, data and checkpoints included."""
    with tempfile.TemporaryDirectory() as folder:
        start, busy = time.perf_counter(), time.process_time()
        accuracy = NeuralNet(Params(data=Dataset(name), seed=seed)).fit(Quiet(folder))["test_accuracy"]
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


def speed(batch: int) -> dict[str, float]:
    """Seconds of one pass over 20,000 images, and their ratio."""
    rng = np.random.default_rng(0)
    x, y = rng.random((20_000, 784), dtype=np.float32), rng.integers(0, 10, 20_000)

    def castalia() -> None:
        network = Network((784, 128, 10))
        adam = network.adam()
        for index in data.batches(len(y), batch):
            network.learn(x[index], y[index])
            adam.step(network.gradient, 0.001)

    def sklearn_mlp() -> None:
        MLPClassifier((128,), batch_size=batch, max_iter=1, random_state=0).fit(x, y)

    def took(function: Callable[[], None]) -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    orders = [(castalia, sklearn_mlp), (sklearn_mlp, castalia)] * 5
    times: dict[str, list[float]] = {"castalia": [], "sklearn_mlp": []}
    for order in orders:
        for function in order:
            times[function.__name__].append(took(function))
    ours_s, peer_s = min(times["castalia"]), min(times["sklearn_mlp"])
    return {"castalia": round(ours_s, 4), "sklearn": round(peer_s, 4), "ratio": round(peer_s / ours_s, 2)}


def main() -> None:
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__},
        "threads": 1,
        "digits": {},
    }
    for name, run in (("castalia", lambda seed: ours("digits", seed)), ("sklearn MLPClassifier", peer_on_digits)):
        rows = [run(seed) for seed in range(5)]
        accuracy = [row["accuracy"] for row in rows]
        result["digits"][name] = {
            "accuracy": round(float(np.mean(accuracy)), 4),
            "interval": interval(accuracy),
            "by_seed": [round(value, 4) for value in accuracy],
            "seconds": round(min(row["seconds"] for row in rows), 2),
        }
    pair = result["digits"]
    result["digits_time_ratio"] = round(pair["sklearn MLPClassifier"]["seconds"] / pair["castalia"]["seconds"], 2)
    result["speed_784_128_10_20k_images"] = {f"batch {size}": speed(size) for size in (128, 32)}
    try:
        result["mnist"] = [{"seed": seed, **ours("mnist", seed)} for seed in range(2)]
    except CastaliaError as error:
        result["mnist"] = f"not run: {error.subject}"
    target = Path(__file__).parent / "results" / "neural_net.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
