"""Update rules on one flat vector, in place: SGD to Lion. NumPy alone.

All parameters of a model live in one array, its gradient in another of the same shape; a rule changes the first and
leaves the second as it is. The vector is walked in blocks that stay in the cache: ten passes over 16,000 numbers are
several times faster than ten over a million. State has the dtype of the parameters.

Weight decay is decoupled (Loshchilov and Hutter 2019): parameters shrink by ``rate * decay`` beside the step, and the
gradient stays what it is. ``spare`` marks parameters that are not decayed: biases, and scales of normalisation. All
steps are those of torch.optim, which decays like this in AdamW alone (NAdam and RAdam on request).

>>> theta = np.array([1.0, -2.0])
>>> rule = Adam(theta)
>>> rule.step(np.array([0.5, 0.5]), rate=0.1)
>>> theta.round(6).tolist()
[0.9, -2.1]
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput

Vector = NDArray[Any]
_BLOCK = 16_384


class Rule:
    """An update rule for ``parameters``, a contiguous vector of floats that it changes in place."""

    SLOTS: ClassVar[tuple[str, ...]] = ()
    """Names of the vectors that it remembers between steps."""

    def __init__(self, parameters: Vector, *, decay: float = 0.0, spare: ArrayLike | None = None) -> None:
        if parameters.ndim != 1 or parameters.dtype.kind != "f" or not parameters.flags["C_CONTIGUOUS"]:
            got = f"{parameters.dtype}, shape {parameters.shape}"
            raise WrongInput("parameters do not fit", got, "a contiguous vector of floats", field="parameters")
        self.parameters, self.steps = parameters, 0
        self.decay = _within("decay", decay, 0.0, math.inf)
        marks = np.zeros(parameters.shape, np.bool_) if spare is None else np.asarray(spare, dtype=np.bool_)
        if marks.shape != parameters.shape:
            raise WrongInput("spare does not fit", f"shape {marks.shape}", f"{parameters.shape}", field="spare")
        self._decayed = _runs(~marks)
        self.slots: dict[str, Vector] = {name: np.zeros_like(parameters) for name in self.SLOTS}
        self._scratch = np.empty(min(_BLOCK, len(parameters)), parameters.dtype)

    def step(self, gradient: Vector, rate: float) -> None:
        """One update with learning rate ``rate``. WrongInput for a gradient of another shape or dtype."""
        if gradient.shape != self.parameters.shape or gradient.dtype != self.parameters.dtype:
            got, expected = f"{gradient.dtype} {gradient.shape}", f"{self.parameters.dtype} {self.parameters.shape}"
            raise WrongInput("gradient does not fit", got, expected, field="gradient")
        _within("rate", rate, 0.0, math.inf)
        self.steps += 1
        self._begin(rate)
        for run in self._decayed if self.decay else ():
            self.parameters[run] *= 1 - rate * self.decay
        for block in self._blocks():
            theta = self.parameters[block]
            slots = {name: slot[block] for name, slot in self.slots.items()}
            self._update(theta, gradient[block], self._scratch[: len(theta)], rate, **slots)

    def state(self) -> dict[str, Any]:
        """What has to be saved to go on exactly here: the count of steps, and the slots by name."""
        return {"steps": self.steps, **{name: slot.copy() for name, slot in self.slots.items()}}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state()`` gave; WrongInput for the state of another rule or shape."""
        wrong = set(state) != {"steps", *self.slots}
        if wrong or any(np.shape(state[name]) != slot.shape for name, slot in self.slots.items()):
            raise WrongInput("this is the state of another rule", str(sorted(state)), str(["steps", *self.slots]))
        self.steps = int(state["steps"])
        for name, slot in self.slots.items():
            slot[:] = state[name]

    def _begin(self, rate: float) -> None:
        """What is the same for every block of a step."""

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        raise NotImplementedError

    def _blocks(self) -> Iterator[slice]:
        for start in range(0, len(self.parameters), _BLOCK):
            yield slice(start, start + _BLOCK)


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
        self.beta, self.nesterov = _within("beta", beta, 0.0, 1.0), nesterov

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
        self.eps = _within("eps", eps, 0.0, 1.0)

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
        self.alpha, self.eps = _within("alpha", alpha, 0.0, 1.0), _within("eps", eps, 0.0, 1.0)

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
        self.rho, self.eps = _within("rho", rho, 0.0, 1.0), _within("eps", eps, 0.0, 1.0)

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        squares, moved = slots["squares"], slots["steps_squared"]
        _moved(squares, g, s, self.rho)
        step = g * np.sqrt((moved + self.eps) / (squares + self.eps))
        _moved(moved, step, s, self.rho)
        step *= rate
        theta -= step


class Adam(Rule):
    """theta -= rate * m^ / (sqrt(v^) + eps), m and v corrected for their start at zero (Kingma and Ba 2015).

    With ``decay`` this is AdamW. The epsilon stands outside of the root, as in the paper.
    """

    SLOTS = ("first", "second")

    def __init__(
        self, parameters: Vector, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **more: Any
    ) -> None:
        super().__init__(parameters, **more)
        self.beta1, self.beta2 = _within("beta1", beta1, 0.0, 1.0), _within("beta2", beta2, 0.0, 1.0)
        self.eps = _within("eps", eps, 0.0, 1.0)
        self._size = self._correction = 0.0

    def _begin(self, rate: float) -> None:
        # expm1 keeps its digits where beta is near one and the steps are few.
        self._size = rate / -math.expm1(self.steps * math.log(self.beta1)) if self.beta1 else rate
        self._correction = 1 / math.sqrt(-math.expm1(self.steps * math.log(self.beta2))) if self.beta2 else 1.0

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m = slots["first"]
        self._moments(m, slots["second"], g, s)
        np.divide(m, s, out=s)
        s *= self._size
        theta -= s

    def _moments(self, m: Vector, v: Vector, g: Vector, s: Vector) -> None:
        """Move both moments on; s becomes sqrt(v^) + eps."""
        _averaged(m, g, s, self.beta1)
        _moved(v, g, s, self.beta2)
        np.sqrt(v, out=s)
        s *= self._correction
        s += self.eps


class NAdam(Adam):
    """Adam that looks one step ahead as Nesterov does (Dozat 2016); its momentum grows from beta1 / 2 to beta1."""

    def __init__(self, parameters: Vector, *betas_eps: float, momentum_decay: float = 4e-3, **more: Any) -> None:
        super().__init__(parameters, *betas_eps, **more)
        self.momentum_decay = _within("momentum_decay", momentum_decay, 0.0, math.inf)
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
        self._now, self._ahead = rate * (1 - now) / (1 - self._product), rate * after / (1 - self._product * after)

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m = slots["first"]
        self._moments(m, slots["second"], g, s)
        theta -= (self._now * g + self._ahead * m) / s


class RAdam(Adam):
    """Adam that is momentum until v has a variance (Liu 2020). As in torch, v is corrected after epsilon is added."""

    def _begin(self, rate: float) -> None:
        super()._begin(rate)
        left = 1 - self.beta2**self.steps
        most = 2 / (1 - self.beta2) - 1
        length = most - 2 * self.steps * self.beta2**self.steps / left
        self._correction = 0.0
        if length > 5:  # of so many gradients the mean square has a variance
            narrowed = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
            self._correction = math.sqrt(narrowed * left)

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m, v = slots["first"], slots["second"]
        _averaged(m, g, s, self.beta1)
        _moved(v, g, s, self.beta2)
        if self._correction:
            _divided(theta, m, v, s, self._size * self._correction, self.eps)
        else:
            theta -= self._size * m


class Adamax(Adam):
    """Adam with the largest recent gradient for its scale: u = max(beta2 u, |g| + eps) (Kingma and Ba 2015, 7.1)."""

    SLOTS = ("first", "largest")

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        m, largest = slots["first"], slots["largest"]
        _averaged(m, g, s, self.beta1)
        largest *= self.beta2
        np.abs(g, out=s)
        s += self.eps
        np.maximum(largest, s, out=largest)
        np.divide(m, largest, out=s)
        s *= self._size
        theta -= s


class Lion(Rule):
    """theta -= rate * sign(beta1 m + (1 - beta1) g); then m = beta2 m + (1 - beta2) g (Chen 2023).

    Every coordinate moves by the rate, so rates are three to ten times smaller than Adam's.
    """

    SLOTS = ("first",)

    def __init__(self, parameters: Vector, beta1: float = 0.9, beta2: float = 0.99, **more: Any) -> None:
        super().__init__(parameters, **more)
        self.beta1, self.beta2 = _within("beta1", beta1, 0.0, 1.0), _within("beta2", beta2, 0.0, 1.0)

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


def clip_by_norm(gradient: Vector, largest: float) -> float:
    """Scale a gradient in place so that its Euclidean norm is at most ``largest``; the norm that it had.

    A gradient that is not finite is left as it is, and its norm is what tells: skip the step (Pascanu 2013).
    """
    _within("largest", largest, 0.0, math.inf)
    norm = float(np.linalg.norm(gradient.astype(np.float64) if gradient.dtype == np.float16 else gradient))
    if math.isfinite(norm) and norm > largest:
        gradient *= largest / norm
    return norm


def _runs(marks: NDArray[np.bool_]) -> list[slice]:
    """Where True stands, as stretches."""
    edges = np.flatnonzero(np.diff(marks, prepend=False, append=False))
    return [slice(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _averaged(m: Vector, g: Vector, s: Vector, beta: float) -> None:
    """m = beta m + (1 - beta) g."""
    np.multiply(g, 1 - beta, out=s)
    m *= beta
    m += s


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


def _within(name: str, value: float, low: float, high: float) -> float:
    if not low <= value < high:
        raise WrongInput(f"{name} does not fit", str(value), f"{low:g} or more, below {high:g}", field=name)
    return value
