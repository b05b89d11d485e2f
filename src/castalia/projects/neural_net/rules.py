"""The update rules written out for one number, as the lesson states them.

What trains is ``castalia.kit.optim``, the same on whole vectors, in place and with fewer passes over memory. Here
nothing is saved: theta is where we are, g the slopes one after another, and what comes back is where each step led.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from castalia.kit import optim

Array = NDArray[Any]
STEPS, RATE = 40, 0.05


def sgd(theta: float, slopes: Sequence[float], rate: float) -> list[float]:
    path = []
    for g in slopes:
        theta = theta - rate * g
        path.append(theta)
    return path


def momentum(theta: float, slopes: Sequence[float], rate: float, beta: float = 0.9) -> list[float]:
    path, v = [], 0.0
    for g in slopes:
        v = beta * v + g
        theta = theta - rate * v
        path.append(theta)
    return path


def nesterov(theta: float, slopes: Sequence[float], rate: float, beta: float = 0.9) -> list[float]:
    path, v = [], 0.0
    for g in slopes:
        v = beta * v + g
        theta = theta - rate * (g + beta * v)
        path.append(theta)
    return path


def adagrad(theta: float, slopes: Sequence[float], rate: float, epsilon: float = 1e-10) -> list[float]:
    path, total = [], 0.0
    for g in slopes:
        total = total + g * g
        theta = theta - rate * g / (sqrt(total) + epsilon)
        path.append(theta)
    return path


def rmsprop(
    theta: float, slopes: Sequence[float], rate: float, alpha: float = 0.99, epsilon: float = 1e-8
) -> list[float]:
    path, mean = [], 0.0
    for g in slopes:
        mean = alpha * mean + (1 - alpha) * g * g
        theta = theta - rate * g / (sqrt(mean) + epsilon)
        path.append(theta)
    return path


def adam(
    theta: float, slopes: Sequence[float], rate: float, beta1: float = 0.9, beta2: float = 0.999,
    epsilon: float = 1e-8, decay: float = 0.0,
) -> list[float]:  # fmt: skip
    path, m, v = [], 0.0, 0.0
    for t, g in enumerate(slopes, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_fair = m / (1 - beta1**t)
        v_fair = v / (1 - beta2**t)
        theta = theta - rate * decay * theta
        theta = theta - rate * m_fair / (sqrt(v_fair) + epsilon)
        path.append(theta)
    return path


def adamw(theta: float, slopes: Sequence[float], rate: float) -> list[float]:
    return adam(theta, slopes, rate, decay=0.1)


def lion(
    theta: float, slopes: Sequence[float], rate: float, beta1: float = 0.9, beta2: float = 0.99
) -> list[float]:  # fmt: skip
    path, m = [], 0.0
    for g in slopes:
        c = beta1 * m + (1 - beta1) * g
        theta = theta - rate * (1.0 if c > 0 else -1.0 if c < 0 else 0.0)
        m = beta2 * m + (1 - beta2) * g
        path.append(theta)
    return path


class Three(NamedTuple):
    """One rule three times: written out, as it trains, and torch's, which has no Lion."""

    plain: Callable[[float, Sequence[float], float], list[float]]
    ours: Callable[[Array], optim.Rule]
    torch: Callable[[Any, Any, float], Any] | None


RULES: Mapping[str, Three] = {
    "sgd": Three(sgd, optim.SGD, lambda o, theta, rate: o.SGD([theta], rate)),
    "momentum": Three(momentum, optim.Momentum, lambda o, theta, rate: o.SGD([theta], rate, momentum=0.9)),
    "nesterov": Three(
        nesterov, lambda theta: optim.Momentum(theta, nesterov=True),
        lambda o, theta, rate: o.SGD([theta], rate, momentum=0.9, nesterov=True),
    ),
    "adagrad": Three(adagrad, optim.AdaGrad, lambda o, theta, rate: o.Adagrad([theta], rate)),
    "rmsprop": Three(rmsprop, optim.RMSProp, lambda o, theta, rate: o.RMSprop([theta], rate)),
    "adam": Three(adam, optim.Adam, lambda o, theta, rate: o.Adam([theta], rate)),
    "adamw": Three(
        adamw, lambda theta: optim.Adam(theta, decay=0.1),
        lambda o, theta, rate: o.AdamW([theta], rate, weight_decay=0.1),
    ),
    "lion": Three(lion, optim.Lion, None),
}  # fmt: skip


def witnesses(name: str, *, torch: bool) -> tuple[float, float | None]:
    """The largest distance of our rule's path from the plain one and from torch's, over the longest way from zero.

    Seven numbers, 40 steps, slopes that differ a thousandfold in size.
    """
    rule = RULES[name]
    rng = np.random.default_rng(5)
    start = rng.standard_normal(7)
    slopes = rng.standard_normal((STEPS, 7)) * np.logspace(-2, 1, 7)
    theta, ours = start.copy(), np.empty((STEPS, 7))
    moving = rule.ours(theta)
    for step, g in enumerate(slopes):
        moving.step(g, RATE)
        ours[step] = theta
    plain = np.array(
        [rule.plain(float(at), list(map(float, g)), RATE) for at, g in zip(start, slopes.T, strict=True)]
    ).T
    largest = float(np.abs(plain).max())
    far = float(np.abs(ours - plain).max()) / largest
    if not torch or rule.torch is None:
        return far, None
    import torch as peer

    point, theirs = peer.tensor(start, requires_grad=True), np.empty((STEPS, 7))
    walking = rule.torch(peer.optim, point, RATE)
    for step, g in enumerate(slopes):
        point.grad = peer.tensor(g)
        walking.step()
        theirs[step] = point.detach().numpy()
    return far, float(np.abs(ours - theirs).max()) / largest
