"""A neural network in NumPy alone: what somebody who keeps the contract ends up with."""
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray[Any, Any]
LOSSES = ("cross_entropy", "binary_cross_entropy", "squared_error", "huber")
LEAK = 0.01


def dense(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight + bias


def sigmoid(x: Array) -> Array:
    """Split by sign: exp only ever gets what is not positive."""
    small = np.exp(-np.abs(x))
    return np.where(x > 0, 1.0, small) / (1.0 + small)


def normal_cdf(x: Array) -> Array:
    return np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)) / 2


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, LEAK * x),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * normal_cdf(x),
}
SLOPES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.where(x > 0, 1.0, 0.0),
    "leaky_relu": lambda x: np.where(x > 0, 1.0, LEAK),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "sigmoid": lambda x: sigmoid(x) * sigmoid(-x),
    "silu": lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
    "gelu": lambda x: normal_cdf(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
}


def activate(name: str, x: Array) -> Array:
    if name not in ACTIVATIONS:
        raise ValueError(f"no activation is called {name!r}")
    return ACTIVATIONS[name](x)


def softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def padded(x: Array, padding: int) -> Array:
    return np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])


def windows_of(x: Array, shape: tuple[int, ...], stride: int, padding: int) -> Array:
    """Every place of a filter: (n, channels, rows out, columns out, rows, columns), a view."""
    return sliding_window_view(padded(x, padding), shape, axis=(2, 3))[:, :, ::stride, ::stride]


def convolve(x: Array, weight: Array, bias: Array, stride: int = 1, padding: int = 0) -> Array:
    y = np.tensordot(windows_of(x, weight.shape[2:], stride, padding), weight, axes=((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(y + bias, 3, 1)


def blocks_of(x: Array, size: int) -> Array:
    """Every window of a pooling: (n, channels, rows out, columns out, size * size)."""
    n, channels, height, width = x.shape
    rows, columns = height // size, width // size
    cut = x[:, :, : rows * size, : columns * size].reshape(n, channels, rows, size, columns, size)
    return cut.transpose(0, 1, 2, 4, 3, 5).reshape(n, channels, rows, columns, size * size)


def max_pool(x: Array, size: int) -> Array:
    return blocks_of(x, size).max(axis=-1)


# --- backward ------------------------------------------------------------------------------------


def dense_backward(x: Array, weight: Array, gradient: Array) -> tuple[Array, ...]:
    return gradient @ weight.T, x.T @ gradient, gradient.sum(axis=0)


def activate_backward(name: str, x: Array, gradient: Array) -> Array:
    return gradient * SLOPES[name](x)


def convolve_backward(x: Array, weight: Array, gradient: Array, stride: int = 1, padding: int = 0) -> tuple[Array, ...]:
    (rows, columns), (height, width) = gradient.shape[2:], x.shape[2:]
    by_weight = np.tensordot(gradient, windows_of(x, weight.shape[2:], stride, padding), axes=((0, 2, 3), (0, 2, 3)))
    by_padded = np.zeros_like(padded(x, padding))
    for a in range(weight.shape[2]):
        for b in range(weight.shape[3]):
            share = np.moveaxis(np.tensordot(gradient, weight[:, :, a, b], axes=(1, 0)), 3, 1)
            by_padded[:, :, a : a + rows * stride : stride, b : b + columns * stride : stride] += share
    by_x = by_padded[:, :, padding : padding + height, padding : padding + width]
    return by_x, by_weight, gradient.sum(axis=(0, 2, 3))


def max_pool_backward(x: Array, size: int, gradient: Array) -> Array:
    n, channels, rows, columns = gradient.shape
    first = blocks_of(x, size).argmax(axis=-1)[..., None]
    blocks = gradient[..., None] * (np.arange(size * size) == first)
    laid = blocks.reshape(n, channels, rows, columns, size, size).transpose(0, 1, 2, 4, 3, 5)
    by_x = np.zeros(x.shape)
    by_x[:, :, : rows * size, : columns * size] = laid.reshape(n, channels, rows * size, columns * size)
    return by_x


# --- losses --------------------------------------------------------------------------------------


def looked_at(loss: str, scores: Array, target: Array) -> tuple[Array, Array]:
    """Scores in double precision, and targets that fit them."""
    scores, target = np.asarray(scores, dtype=float), np.asarray(target)
    if loss not in LOSSES:
        raise ValueError(f"no loss is called {loss!r}")
    if loss == "cross_entropy":
        if target.shape != scores.shape[:1]:
            raise ValueError(f"{len(scores)} rows of scores and targets of shape {target.shape}")
        if np.any(target < 0) or np.any(target >= scores.shape[1]):
            raise ValueError(f"a class that is not one of 0 ... {scores.shape[1] - 1}")
    elif target.shape != scores.shape:
        raise ValueError(f"scores of shape {scores.shape} and targets of shape {target.shape}")
    return scores, target


def loss_value(loss: str, scores: Array, target: Array) -> float:
    scores, target = looked_at(loss, scores, target)
    if loss == "cross_entropy":
        shifted = scores - scores.max(axis=-1, keepdims=True)
        rows = np.log(np.exp(shifted).sum(axis=-1)) - shifted[np.arange(len(target)), target]
        return float(rows.mean())
    if loss == "binary_cross_entropy":
        each = np.maximum(scores, 0) - scores * target + np.log1p(np.exp(-np.abs(scores)))
    else:
        far = np.abs(scores - target)
        each = np.where(far < 1, far**2 / 2, far - 0.5) if loss == "huber" else far**2 / 2
    return float(each.sum() / len(scores))


def loss_gradient(loss: str, scores: Array, target: Array) -> Array:
    scores, target = looked_at(loss, scores, target)
    if loss == "cross_entropy":
        target = np.arange(scores.shape[1]) == target[:, None]
        scores = softmax(scores)
    if loss == "binary_cross_entropy":
        scores = sigmoid(scores)
    difference = np.clip(scores - target, -1, 1) if loss == "huber" else scores - target
    return difference / len(scores)


# --- the network ---------------------------------------------------------------------------------


class Network:
    def __init__(self, sizes: list[int], activation: str = "relu", dropout: float = 0.0, seed: int = 0) -> None:
        if len(sizes) < 2 or activation not in ACTIVATIONS or not 0 <= dropout < 1:
            raise ValueError(f"no network: sizes {sizes}, activation {activation!r}, dropout {dropout}")
        self.activation, self.dropout, self.random = activation, dropout, np.random.default_rng(seed)
        self.values: list[Array] = []
        for inputs, units in pairwise(sizes):
            weight = self.random.normal(size=(inputs, units)) * math.sqrt(2 / inputs)
            self.values += [weight, np.zeros(units)]

    def parameters(self) -> list[Array]:
        return [value.copy() for value in self.values]

    def load(self, parameters: list[Array]) -> None:
        if [value.shape for value in parameters] != [value.shape for value in self.values]:
            raise ValueError("these are the parameters of another network")
        self.values = [value.copy() for value in parameters]

    def forward(self, x: Array, training: bool = False) -> Array:
        return self.passed(x, training)[0]

    def passed(self, x: Array, training: bool) -> tuple[Array, list[Any]]:
        """The scores, and of each layer what went in, what came out before the activation, and the dropout's mask."""
        seen: list[Any] = []
        last = len(self.values) - 2
        for place in range(0, last, 2):
            before = dense(x, *self.values[place : place + 2])
            mask = (self.random.random(before.shape) >= self.dropout) / (1 - self.dropout) if training else 1.0
            seen.append((x, before, mask))
            x = activate(self.activation, before) * mask
        return dense(x, *self.values[last:]), [*seen, (x, None, None)]

    def gradients(self, x: Array, target: Array, loss: str) -> list[Array]:
        return self.learnt(x, target, loss)[1]

    def learnt(self, x: Array, target: Array, loss: str) -> tuple[float, list[Array]]:
        """The loss of a batch, and its gradients: the chain rule from the last layer to the first."""
        scores, seen = self.passed(x, training=True)
        found: list[Array] = []
        gradient = loss_gradient(loss, scores, target)
        for (inputs, before, mask), weight in zip(reversed(seen), self.values[-2::-2], strict=True):
            if before is not None:
                gradient = activate_backward(self.activation, before, gradient * mask)
            gradient, by_weight, by_bias = dense_backward(inputs, weight, gradient)
            found = [by_weight, by_bias, *found]
        return loss_value(loss, scores, target), found

    def step(self, x: Array, target: Array, loss: str, rule: Rule) -> float:
        value, gradients = self.learnt(x, target, loss)
        self.load(rule.step(self.parameters(), gradients))
        return value


# --- update rules --------------------------------------------------------------------------------


def clip(gradients: list[Array], largest: float) -> list[Array]:
    norm = math.sqrt(sum(float(np.sum(g**2)) for g in gradients))
    if not math.isfinite(norm):
        raise ValueError(f"the norm of the gradients is {norm}")
    return [g * min(1.0, largest / norm) if norm else g for g in gradients]


class Rule:
    """What the three have in common: the rate, weight decay on weights, and memory that begins at zero."""

    def __init__(self, rate: float, decay: float) -> None:
        self.rate, self.decay, self.steps = rate, decay, 0
        self.memory: dict[tuple[str, int], Array] = {}

    def step(self, parameters: list[Array], gradients: list[Array]) -> list[Array]:
        self.steps += 1
        return [
            p - self.rate * (self.decay if p.ndim > 1 else 0.0) * p - self.rate * self.direction(place, g)
            for place, (p, g) in enumerate(zip(parameters, gradients, strict=True))
        ]

    def direction(self, place: int, g: Array) -> Array:
        raise NotImplementedError

    def mean(self, name: str, place: int, beta: float, value: Array) -> Array:
        """Memory of that name and array: beta of the old one, and the value."""
        self.memory[name, place] = beta * self.memory.get((name, place), 0.0) + value
        return self.memory[name, place]


class SGD(Rule):
    def __init__(self, rate: float, momentum: float = 0.0, nesterov: bool = False, decay: float = 0.0) -> None:
        super().__init__(rate, decay)
        self.momentum, self.nesterov = momentum, nesterov

    def direction(self, place: int, g: Array) -> Array:
        velocity = self.mean("velocity", place, self.momentum, g)
        return g + self.momentum * velocity if self.nesterov else velocity


class RMSProp(Rule):
    def __init__(self, rate: float, alpha: float = 0.99, eps: float = 1e-8, decay: float = 0.0) -> None:
        super().__init__(rate, decay)
        self.alpha, self.eps = alpha, eps

    def direction(self, place: int, g: Array) -> Array:
        return g / (np.sqrt(self.mean("square", place, self.alpha, (1 - self.alpha) * g**2)) + self.eps)


class Adam(Rule):
    def __init__(
        self, rate: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 0.0
    ) -> None:
        super().__init__(rate, decay)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def direction(self, place: int, g: Array) -> Array:
        m = self.mean("mean", place, self.beta1, (1 - self.beta1) * g) / (1 - self.beta1**self.steps)
        v = self.mean("square", place, self.beta2, (1 - self.beta2) * g**2) / (1 - self.beta2**self.steps)
        return m / (np.sqrt(v) + self.eps)


# --- training ------------------------------------------------------------------------------------


def batches(n: int, size: int, seed: int, epoch: int) -> list[Array]:
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return [order[start : start + size] for start in range(0, n, size)]


def evaluate(network: Network, x: Array, target: Array, loss: str, size: int = 256) -> float:
    total = 0.0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        total += loss_value(loss, network.forward(x[rows]), target[rows]) * len(x[rows])
    return total / len(x)


def fit(
    network: Network, rule: Rule, x: Array, target: Array, loss: str, epochs: int, size: int = 32, seed: int = 0,
    x_val: Any = None, target_val: Any = None, patience: int = 0,
) -> list[dict[str, Any]]:  # fmt: skip
    history, best, lowest, waited = [], network.parameters(), math.inf, 0
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in batches(len(x), size, seed, epoch):
            total += network.step(x[rows], target[rows], loss, rule) * len(rows)
        history.append({"epoch": epoch, "loss": total / len(x)})
        if x_val is None:
            continue
        now = history[-1]["val_loss"] = evaluate(network, x_val, target_val, loss)
        waited += 1
        if now < lowest:
            best, lowest, waited = network.parameters(), now, 0
        if waited == patience > 0:
            break
    if x_val is not None:
        network.load(best)
    return history


# --- a System ------------------------------------------------------------------------------------

from castalia.core.fields import Image  # noqa: E402
from castalia.core.system import Field, Record, Run, System  # noqa: E402


class Params(Record):
    hidden: int = Field(64, ge=1, le=1024, description="Units of the hidden layer.")
    epochs: int = Field(30, ge=1, le=1000, description="Passes over the training images.")
    learning_rate: float = Field(0.003, gt=0, le=1, description="The step of Adam.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Decides the split, the first weights and the order.")


class Input(Record):
    image: Image = Field(description="One digit, dark on light or light on dark.")


class Output(Record):
    label: str = Field(description="The likeliest digit.")
    probabilities: dict[str, float] = Field(description="Every digit with its probability.")


class NeuralNet(System[Params, Input, Output]):
    """Reads a handwritten digit with a network of my own."""

    QUICK = Params(hidden=24, epochs=4, learning_rate=0.01)

    def fit(self, run: Run) -> dict[str, float]:
        from castalia import data

        found, params = data.open("digits").arrays(), self.params
        images, labels = brought_to_one(found["train_images"].reshape(-1, 64)), found["train_labels"]
        order = np.random.default_rng(params.seed).permutation(len(images))
        test, watched, learnt = np.split(order, [len(order) // 5, len(order) * 2 // 5])
        self.network = Network([64, params.hidden, 10], seed=params.seed)
        rule = Adam(params.learning_rate)
        for epoch in range(1, params.epochs + 1):
            row = fit(self.network, rule, images[learnt], labels[learnt], "cross_entropy", 1, seed=params.seed + epoch)[
                0
            ]
            left = evaluate(self.network, images[watched], labels[watched], "cross_entropy")
            run.log(epoch, loss=row["loss"], val_loss=left)
        right = self.network.forward(images[test]).argmax(axis=1) == labels[test]
        left = evaluate(self.network, images[test], labels[test], "cross_entropy")
        return {"test_accuracy": float(right.mean()), "test_loss": left}

    def __call__(self, x: Input) -> Output:
        chances = softmax(self.network.forward(looked_at_closely(x.image.array("L"))))[0]
        named = {str(digit): float(chance) for digit, chance in enumerate(chances)}
        return Output(label=str(chances.argmax()), probabilities=named)

    def save(self, folder: Path) -> None:
        np.savez(folder / "network.npz", *self.network.parameters())

    def load(self, folder: Path) -> None:
        with np.load(folder / "network.npz", allow_pickle=False) as file:
            values = [file[name] for name in file.files]
        self.network = Network([64, values[0].shape[1], 10])
        self.network.load(values)


def looked_at_closely(pixels: Array) -> Array:
    """Ink from 0 to 1 as (1, 64): what the network has learnt from. The corner is paper."""
    ink = np.abs(pixels.astype(float) - pixels[0, 0])
    rows, columns = np.nonzero(ink.max(axis=1))[0], np.nonzero(ink.max(axis=0))[0]
    if not len(rows):
        return np.zeros((1, 64))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = max(cut.shape)
    square = np.pad(cut, [((side - each) // 2, (side - each + 1) // 2) for each in cut.shape])
    at = np.arange(64) * side // 64
    return brought_to_one(square[np.ix_(at, at)].reshape(8, 8, 8, 8).mean(axis=(1, 3)).reshape(1, 64))


def brought_to_one(images: Array) -> Array:
    return images / images.max(axis=-1, keepdims=True)
