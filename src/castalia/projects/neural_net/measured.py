"""What the lesson measures besides gradients: starts, schedules, clipping, decay, early stopping."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit import optim
from castalia.kit.training import schedules
from castalia.projects.neural_net import initial
from castalia.projects.neural_net.activations import ReLU, Tanh
from castalia.projects.neural_net.checks import LOSSES
from castalia.projects.neural_net.fitting import ask, fit
from castalia.projects.neural_net.layers import Dense, Dropout, Layer
from castalia.projects.neural_net.network import Network

Array = NDArray[Any]
WIDTH, DEPTH, SEEDS = 256, 50, 5


def small(weight: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
    """Normal with deviation 0.01, whatever the width: what was usual before 2010, and dies out."""
    weight[...] = rng.standard_normal(weight.shape) * 0.01


STARTS: dict[str, tuple[initial.Start, type[Layer] | None]] = {
    "He, ReLU": (initial.he, ReLU),
    "He uniform, ReLU": (initial.he_uniform, ReLU),
    "Xavier, no activation": (initial.xavier, None),
    "Xavier, tanh": (initial.xavier, Tanh),
    "Xavier, ReLU": (initial.xavier, ReLU),
    "deviation 0.01, ReLU": (small, ReLU),
}


@cache
def signals(name: str) -> Array:
    """The root mean square after each of 50 layers of 256 units, of noise that starts with 1; the median of 5 seeds."""
    start, activation = STARTS[name]
    found = []
    for seed in range(SEEDS):
        layers: list[Layer] = []
        for _ in range(DEPTH):
            layers += [Dense(WIDTH, start=start), *([activation()] if activation else [])]
        network = Network(layers, WIDTH, seed=seed, dtype=np.float64)
        x, sizes = np.random.default_rng(seed).standard_normal((64, WIDTH)), []
        for layer in network.layers:
            x = layer.forward(x, False, None)
            if activation is None or isinstance(layer, activation):
                sizes.append(float(np.sqrt(np.mean(x * x))))
        found.append(sizes)
    return np.asarray(np.median(found, axis=0))


SCHEDULES: dict[str, schedules.Schedule] = {
    "constant": schedules.Constant(1.0),
    "step": schedules.Step(1.0, every=40, factor=0.5),
    "exponential": schedules.Exponential(1.0, 0.97),
    "cosine": schedules.Cosine(1.0, 100),
    "cosine after a warm-up": schedules.Warmup(schedules.Cosine(1.0, 80), 20),
    "one cycle": schedules.OneCycle(1.0, 101),
}
"""Over a hundred steps, with a largest rate of 1."""


def clipped() -> tuple[float, float, float]:
    """The length of a gradient before and after clipping to 1, and the cosine of the angle between the two."""
    gradient = np.random.default_rng(0).standard_normal(1000)
    before = gradient.copy()
    length = optim.clip_by_norm(gradient, 1.0)
    after = float(np.linalg.norm(gradient))
    return length, after, float(before @ gradient) / (length * after)


def decayed() -> tuple[float, float]:
    """What a weight of 1 and a bias of 1 become in a step without a gradient: rate 0.1, decay 0.5."""
    network = Network([Dense(2)], 3, dtype=np.float64)
    network.parameters[:] = 1
    network.adam(decay=0.5).step(network.gradient, 0.1)
    values = network.layers[0].values
    return float(values["weight"].max()), float(values["bias"].max())


def stopped() -> tuple[int, int, float, float]:
    """Thirty noisy rows: epochs that ran, the best of them, its loss on held-out rows, and the loss that came back."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((230, 20))
    labels = (x[:, 0] + rng.standard_normal(230) > 0).astype(int)
    network = Network.dense((20, 64, 2), dtype=np.float64)
    held = (x[30:], labels[30:])
    history = fit(network, x[:30], labels[:30], epochs=200, rate=0.003, patience=8, validation=held)
    losses = [row["validation_loss"] for row in history]
    return len(losses), int(np.argmin(losses)) + 1, min(losses), ask(network, *held)[0]


def dropped() -> tuple[float, float]:
    """The mean of a million ones after dropout with rate 0.4, and the share that was dropped."""
    network = Network([Dropout(0.4)], 1000)
    y = network.forward(np.ones((1000, 1000), np.float32), learning=True, rng=np.random.default_rng(0))
    return float(y.mean(dtype=np.float64)), float(np.mean(y == 0))


def extremes() -> dict[str, tuple[float, float]]:
    """The mean loss of two rows of scores of plus and minus 10,000 in float32, and the largest slope."""
    found = {}
    for name, (loss, _, _) in LOSSES.items():
        scores = np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32)
        target: Array = np.array([0, 0]) if name == "cross_entropy" else np.array([[1.0, 0.0], [1.0, 0.0]])
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            total = float(loss(scores, target)) / 2
        found[name] = (total, float(np.abs(scores).max()))
    return found
