# ruff: noqa: E402  threads are set before NumPy is imported
"""How well drawings are read by networks that learnt other people's digits: `python benchmarks/drawings.py`.

The last 5,000 test digits of MNIST, blown up to 168 pixels, dark on light and moved off the middle, stand in for
drawings. They go through `picture.look` as a drawing does, and are read by the network that learnt the 8 x 8 digits
(five seeds) and by the one that learnt MNIST. Needs MNIST (CASTALIA_DATA). Writes benchmarks/results/drawings.json.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import numpy as np
from neural_net import Quiet, interval
from numpy.typing import NDArray

from castalia import data
from castalia.core.fields import Dataset, Image
from castalia.projects.neural_net.neural_net import NeuralNet, Params
from castalia.projects.neural_net.picture import look

ROWS, SCALE, PAGE = 5_000, 6, 300
RESULTS = Path(__file__).parent / "results"


def drawings() -> tuple[list[Image], NDArray[Any]]:
    """Each digit somewhere on a page, and what it is."""
    arrays = data.open("mnist").arrays()
    rng = np.random.default_rng(0)
    pages = []
    for digit in arrays["test_images"][-ROWS:]:
        large = np.kron(digit.reshape(28, 28), np.ones((SCALE, SCALE), np.uint8))
        page = np.full((PAGE, PAGE), 235, np.uint8)
        down, right = rng.integers(0, PAGE - len(large), 2)
        page[down : down + len(large), right : right + len(large)] -= (large * (215 / 255)).astype(np.uint8)
        pages.append(Image.of_array(page))
    return pages, arrays["test_labels"][-ROWS:]


def read(params: Params, seen: NDArray[Any], labels: NDArray[Any]) -> dict[str, float]:
    """The share that is read right, beside the share of the network's own test digits."""
    with tempfile.TemporaryDirectory() as folder:
        system = NeuralNet(params)
        own = system.fit(Quiet(folder))["test_accuracy"]
    x = seen.reshape(len(seen), -1).astype(np.float32) / 255
    right = system.model.network.scores(x).argmax(axis=1) == labels
    return {"drawings": round(float(right.mean()), 4), "own_test": round(own, 4)}


def main() -> None:
    pages, labels = drawings()
    small, large = (np.stack([look(page, side) for page in pages]) for side in (8, 28))
    digits = [read(Params(seed=seed), small, labels) for seed in range(5)]
    for row in digits:
        print("learnt digits", row, flush=True)
    result = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "rows": ROWS,
        "learnt digits": {"by_seed": digits, "interval": interval([row["drawings"] for row in digits])},
        "learnt mnist": read(Params(data=Dataset("mnist")), large, labels),
    }
    print("learnt mnist", result["learnt mnist"])
    (RESULTS / "drawings.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
