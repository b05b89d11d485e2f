"""What the contract holds for right: every definition written out, by loops where that is plainest. Slow on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from castalia.kit import special

Array = np.ndarray[Any, Any]
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid", "silu", "gelu")
LOSSES = ("cross_entropy", "binary_cross_entropy", "squared_error", "huber")


def dense(x: Array, weight: Array, bias: Array) -> Array:
    return np.asarray(x @ weight + bias)


def sigmoid(x: Array) -> Array:
    return np.asarray(np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(-np.abs(x))))


def activate(name: str, x: Array) -> Array:
    made: dict[str, Callable[[], Any]] = {
        "relu": lambda: np.where(x > 0, x, 0.0), "leaky_relu": lambda: np.where(x > 0, x, 0.01 * x),
        "tanh": lambda: np.tanh(x), "sigmoid": lambda: sigmoid(x), "silu": lambda: x * sigmoid(x),
        "gelu": lambda: x * special.normal_cdf(x),
    }  # fmt: skip
    return np.asarray(made[name]())


def slope(name: str, x: Array) -> Array:
    """dy/dx of an activation."""
    s = sigmoid(x)
    made: dict[str, Callable[[], Any]] = {
        "relu": lambda: np.where(x > 0, 1.0, 0.0), "leaky_relu": lambda: np.where(x > 0, 1.0, 0.01),
        "tanh": lambda: 1 / np.cosh(x) ** 2, "sigmoid": lambda: s * sigmoid(-x),
        "silu": lambda: s + x * s * sigmoid(-x), "gelu": lambda: special.normal_cdf(x) + x * special.normal_pdf(x),
    }  # fmt: skip
    return np.asarray(made[name]())


def softmax(scores: Array) -> Array:
    powers = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def places(x: Array, weight: Array, stride: int, padding: int) -> tuple[int, int]:
    """Rows and columns of what a convolution answers."""
    high, wide = (
        (size + 2 * padding - filter) // stride + 1 for size, filter in zip(x.shape[2:], weight.shape[2:], strict=True)
    )
    return high, wide


def padded(x: Array, padding: int) -> Array:
    return np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])


def convolve(x: Array, weight: Array, bias: Array, stride: int = 1, padding: int = 0) -> Array:
    rows, columns = places(x, weight, stride, padding)
    wide, (a, b) = padded(x, padding), weight.shape[2:]
    y = np.zeros((len(x), len(weight), rows, columns))
    for i, j in product(range(rows), range(columns)):
        window = wide[:, :, i * stride : i * stride + a, j * stride : j * stride + b]
        y[:, :, i, j] = window.reshape(len(x), -1) @ weight.reshape(len(weight), -1).T + bias
    return y


def convolve_backward(
    x: Array, weight: Array, gradient: Array, stride: int = 1, padding: int = 0
) -> tuple[Array, Array, Array]:
    wide, (a, b) = padded(x, padding), weight.shape[2:]
    by_wide, by_weight = np.zeros(wide.shape), np.zeros(weight.shape)
    for n, f, i, j in np.ndindex(gradient.shape):
        place = (n, slice(None), slice(i * stride, i * stride + a), slice(j * stride, j * stride + b))
        by_wide[place] += gradient[n, f, i, j] * weight[f]
        by_weight[f] += gradient[n, f, i, j] * wide[place]
    high, across = x.shape[2:]
    return by_wide[:, :, padding : padding + high, padding : padding + across], by_weight, gradient.sum(axis=(0, 2, 3))


def max_pool(x: Array, size: int) -> Array:
    n, channels, high, wide = x.shape
    y = np.zeros((n, channels, high // size, wide // size))
    for place in np.ndindex(y.shape):
        y[place] = window(x, size, place).max()
    return y


def max_pool_backward(x: Array, size: int, gradient: Array) -> Array:
    by_x = np.zeros(x.shape)
    for place in np.ndindex(gradient.shape):
        found = window(x, size, place)
        at = np.unravel_index(int(found.argmax()), found.shape)
        window(by_x, size, place)[at] += gradient[place]
    return by_x


def window(x: Array, size: int, place: tuple[int, ...]) -> Array:
    n, channel, i, j = place
    return x[n, channel, i * size : (i + 1) * size, j * size : (j + 1) * size]


def loss_value(loss: str, scores: Array, target: Array) -> float:
    scores = np.asarray(scores, np.longdouble)
    if loss == "cross_entropy":
        largest = scores.max(axis=1)
        logs = np.log(np.exp(scores - largest[:, None]).sum(axis=1)) + largest
        return float(np.mean(logs - scores[np.arange(len(scores)), target]))
    difference = scores - target
    if loss == "binary_cross_entropy":
        rows = np.maximum(scores, 0.0) - scores * target + np.log1p(np.exp(-np.abs(scores)))
    elif loss == "squared_error":
        rows = difference**2 / 2
    else:
        rows = np.where(np.abs(difference) <= 1, difference**2 / 2, np.abs(difference) - 0.5)
    return float(np.sum(rows) / len(scores))


def loss_gradient(loss: str, scores: Array, target: Array) -> Array:
    scores = np.asarray(scores, float)
    if loss == "cross_entropy":
        made = softmax(scores)
        made[np.arange(len(scores)), target] -= 1
    elif loss == "binary_cross_entropy":
        made = sigmoid(scores) - target
    else:
        made = scores - target
        if loss == "huber":
            made = np.clip(made, -1, 1)
    return np.asarray(made / len(scores))


def forward(parameters: Sequence[Array], activation: str, x: Array) -> Array:
    for place in range(0, len(parameters), 2):
        x = dense(x, parameters[place], parameters[place + 1])
        x = activate(activation, x) if place < len(parameters) - 2 else x
    return x


def gradients(
    parameters: Sequence[Array], activation: str, x: Array, target: Array, loss: str, mask: Array | float = 1.0
) -> list[Array]:
    """Of the mean loss by every parameter; ``mask`` is laid on every hidden layer's answer."""
    layers, seen = len(parameters) // 2, []
    for place in range(layers):
        before = dense(x, parameters[2 * place], parameters[2 * place + 1])
        seen.append((x, before))
        x = activate(activation, before) * mask if place < layers - 1 else before
    found: list[Array] = []
    gradient = loss_gradient(loss, seen[-1][1], target)
    for place in reversed(range(layers)):
        inputs, before = seen[place]
        if place < layers - 1:
            gradient = gradient * mask * slope(activation, before)
        found = [inputs.T @ gradient, gradient.sum(axis=0), *found]
        gradient = gradient @ parameters[2 * place].T
    return found


class Rule:
    """The update rules, from their definitions: "SGD", "RMSProp" or "Adam" with the arguments of its constructor."""

    def __init__(self, name: str, rate: float, **given: Any) -> None:
        self.name, self.rate, self.given, self.steps = name, rate, given, 0
        self.first: list[Any] = []
        self.second: list[Any] = []

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
        self.steps += 1
        self.first = self.first or [np.zeros_like(p, dtype=np.longdouble) for p in parameters]
        self.second = self.second or [np.zeros_like(p, dtype=np.longdouble) for p in parameters]
        made = []
        for place, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            kept = p * (1 - self.rate * self.given.get("decay", 0.0)) if p.ndim >= 2 else p
            made.append(np.asarray(kept - self.rate * self._towards(place, np.asarray(g, np.longdouble)), float))
        return made

    def _towards(self, at: int, g: Array) -> Array:
        given = self.given
        if self.name == "SGD":
            beta = given.get("momentum", 0.0)
            self.first[at] = beta * self.first[at] + g
            return np.asarray(g + beta * self.first[at] if given.get("nesterov") else self.first[at])
        eps = given.get("eps", 1e-8)
        if self.name == "RMSProp":
            alpha = given.get("alpha", 0.99)
            self.first[at] = alpha * self.first[at] + (1 - alpha) * g * g
            return np.asarray(g / (np.sqrt(self.first[at]) + eps))
        b1, b2 = given.get("beta1", 0.9), given.get("beta2", 0.999)
        self.first[at] = b1 * self.first[at] + (1 - b1) * g
        self.second[at] = b2 * self.second[at] + (1 - b2) * g * g
        right = self.first[at] / (1 - b1**self.steps), self.second[at] / (1 - b2**self.steps)
        return np.asarray(right[0] / (np.sqrt(right[1]) + eps))
