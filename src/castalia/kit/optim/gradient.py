"""Rules that follow the gradient, its running mean, or its sign: SGD to Lion."""

from __future__ import annotations

from typing import Any

import numpy as np

from castalia.kit.optim.rule import Rule, Vector, within


class SGD(Rule):
    """theta -= rate * g (Robbins and Monro 1951)."""

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        np.multiply(g, rate, out=s)
        theta -= s


class Momentum(Rule):
    """v = beta v + g; theta -= rate * v (Polyak 1964), in the form of torch: v starts as the first gradient.

    ``nesterov`` looks one step ahead: theta -= rate * (g + beta v) (Sutskever 2013).
    """

    SLOTS = ("velocity",)

    def __init__(self, parameters: Vector, beta: float = 0.9, *, nesterov: bool = False, **more: Any) -> None:
        super().__init__(parameters, **more)
        self.beta, self.nesterov = within("beta", beta, 0.0, 1.0), nesterov

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        v = slots["velocity"]
        v *= self.beta
        v += g
        if self.nesterov:
            np.multiply(v, self.beta, out=s)
            s += g
            s *= rate
        else:
            np.multiply(v, rate, out=s)
        theta -= s


class AdaGrad(Rule):
    """G += g^2; theta -= rate * g / (sqrt(G) + eps) (Duchi 2011): coordinates that moved much move less."""

    SLOTS = ("squares",)

    def __init__(self, parameters: Vector, eps: float = 1e-10, **more: Any) -> None:
        super().__init__(parameters, **more)
        self.eps = within("eps", eps, 0.0, 1.0)

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        squares = slots["squares"]
        np.multiply(g, g, out=s)
        squares += s
        _divided(theta, g, squares, s, rate, self.eps)


class RMSProp(Rule):
    """v = alpha v + (1 - alpha) g^2; theta -= rate * g / (sqrt(v) + eps) (Hinton 2012)."""

    SLOTS = ("squares",)

    def __init__(self, parameters: Vector, alpha: float = 0.99, eps: float = 1e-8, **more: Any) -> None:
        super().__init__(parameters, **more)
        self.alpha, self.eps = within("alpha", alpha, 0.0, 1.0), within("eps", eps, 0.0, 1.0)

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        _moved(slots["squares"], g, s, self.alpha)
        _divided(theta, g, slots["squares"], s, rate, self.eps)


class AdaDelta(Rule):
    """Steps as large as recent steps were: theta -= rate * g sqrt(d + eps) / sqrt(v + eps) (Zeiler 2012).

    v and d are running means of squares, of gradients and of steps. The paper's rate is 1.
    """

    SLOTS = ("squares", "steps_squared")

    def __init__(self, parameters: Vector, rho: float = 0.9, eps: float = 1e-6, **more: Any) -> None:
        super().__init__(parameters, **more)
        self.rho, self.eps = within("rho", rho, 0.0, 1.0), within("eps", eps, 0.0, 1.0)

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        squares, moved = slots["squares"], slots["steps_squared"]
        _moved(squares, g, s, self.rho)
        step = g * np.sqrt((moved + self.eps) / (squares + self.eps))
        _moved(moved, step, s, self.rho)
        step *= rate
        theta -= step


class Lion(Rule):
    """theta -= rate * sign(beta1 m + (1 - beta1) g); then m = beta2 m + (1 - beta2) g (Chen 2023).

    Every coordinate moves by the rate, so rates are three to ten times smaller than Adam's.
    """

    SLOTS = ("first",)

    def __init__(self, parameters: Vector, beta1: float = 0.9, beta2: float = 0.99, **more: Any) -> None:
        super().__init__(parameters, **more)
        self.beta1, self.beta2 = within("beta1", beta1, 0.0, 1.0), within("beta2", beta2, 0.0, 1.0)

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m = slots["first"]
        np.subtract(m, g, out=s)
        s *= self.beta1
        s += g
        np.sign(s, out=s)
        s *= rate
        theta -= s
        np.subtract(m, g, out=s)
        s *= self.beta2
        np.add(s, g, out=m)


def _moved(squares: Vector, g: Vector, s: Vector, beta: float) -> None:
    """squares = beta squares + (1 - beta) g^2."""
    np.multiply(g, g, out=s)
    s *= 1 - beta
    squares *= beta
    squares += s


def _divided(theta: Vector, g: Vector, squares: Vector, s: Vector, rate: float, eps: float) -> None:
    """theta -= rate * g / (sqrt(squares) + eps)."""
    np.sqrt(squares, out=s)
    s += eps
    np.divide(g, s, out=s)
    s *= rate
    theta -= s
