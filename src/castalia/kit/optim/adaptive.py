"""Adam and its relatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from castalia.kit.optim.rule import Rule, Vector, within


class Adam(Rule):
    """theta -= rate * m^ / (sqrt(v^) + eps), m and v corrected for their start at zero (Kingma and Ba 2015).

    With ``decay`` this is AdamW. The epsilon stands outside of the root, as in the paper. The slots hold decayed sums:
    m / (1 - beta1) and v / (1 - beta2).
    """

    SLOTS = ("first", "second")

    def __init__(
        self, parameters: Vector, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **more: Any
    ) -> None:
        super().__init__(parameters, **more)
        self.beta1, self.beta2 = within("beta1", beta1, 0.0, 1.0), within("beta2", beta2, 0.0, 1.0)
        self.eps = within("eps", eps, 0.0, 1.0)
        self._size = self._eps = self._scale = 0.0

    def _begin(self, rate: float) -> None:
        # Sums in place of means save passes over memory: m^ = (1 - beta1) / c1 sum, sqrt(v^) = scale sqrt(sum).
        # expm1 keeps its digits where beta is near one and the steps are few.
        c1 = -math.expm1(self.steps * math.log(self.beta1)) if self.beta1 else 1.0
        c2 = -math.expm1(self.steps * math.log(self.beta2)) if self.beta2 else 1.0
        self._scale = math.sqrt((1 - self.beta2) / c2)
        self._size, self._eps = rate * (1 - self.beta1) / (c1 * self._scale), self.eps / self._scale

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m = slots["first"]
        self._moments(m, slots["second"], g, s)
        np.divide(m, s, out=s)
        s *= self._size
        theta -= s

    def _moments(self, m: Vector, v: Vector, g: Vector, s: Vector) -> None:
        """Move both sums on; s becomes sqrt(sum) + eps / scale."""
        m *= self.beta1
        m += g
        np.multiply(g, g, out=s)
        v *= self.beta2
        v += s
        np.sqrt(v, out=s)
        s += self._eps


class NAdam(Adam):
    """Adam that looks one step ahead as Nesterov does (Dozat 2016); its momentum grows from beta1 / 2 to beta1."""

    def __init__(self, parameters: Vector, *betas_eps: float, momentum_decay: float = 4e-3, **more: Any) -> None:
        super().__init__(parameters, *betas_eps, **more)
        self.momentum_decay = within("momentum_decay", momentum_decay, 0.0, math.inf)
        self._product = self._now = self._ahead = 1.0

    def load(self, state: Mapping[str, Any]) -> None:
        super().load(state)
        self._product = math.prod(self._momentum(step) for step in range(1, self.steps + 1))

    def _momentum(self, step: int) -> float:
        return self.beta1 * (1 - 0.5 * math.pow(0.96, step * self.momentum_decay))

    def _begin(self, rate: float) -> None:
        super()._begin(rate)
        now, after = self._momentum(self.steps), self._momentum(self.steps + 1)
        self._product *= now
        self._now = rate * (1 - now) / (1 - self._product) / self._scale
        self._ahead = rate * after / (1 - self._product * after) * (1 - self.beta1) / self._scale

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m = slots["first"]
        self._moments(m, slots["second"], g, s)
        theta -= (self._now * g + self._ahead * m) / s


class RAdam(Adam):
    """Adam that is momentum until v has a variance (Liu 2020). As in torch, v is corrected after epsilon is added."""

    def _begin(self, rate: float) -> None:
        super()._begin(rate)
        left = -math.expm1(self.steps * math.log(self.beta2)) if self.beta2 else 1.0
        most = 2 / (1 - self.beta2) - 1
        length = most - 2 * self.steps * self.beta2**self.steps / left
        self._narrowed, self._eps = 0.0, self.eps / math.sqrt(1 - self.beta2)
        if length > 5:  # of so many gradients the mean square has a variance
            self._narrowed = math.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m = slots["first"]
        self._moments(m, slots["second"], g, s)
        if self._narrowed:
            np.divide(m, s, out=s)
            s *= self._size * self._narrowed
            theta -= s
        else:
            theta -= self._size * self._scale * m


class Adamax(Adam):
    """Adam with the largest recent gradient for its scale: u = max(beta2 u, |g| + eps) (Kingma and Ba 2015, 7.1)."""

    SLOTS = ("first", "largest")

    def _begin(self, rate: float) -> None:
        super()._begin(rate)
        self._size *= self._scale

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m, largest = slots["first"], slots["largest"]
        m *= self.beta1
        m += g
        largest *= self.beta2
        np.abs(g, out=s)
        s += self.eps
        np.maximum(largest, s, out=largest)
        np.divide(m, largest, out=s)
        s *= self._size
        theta -= s
