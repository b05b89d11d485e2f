"""Learning rates as functions of the step. A schedule has ``rate(step)``, keeps nothing, and can be asked in any order.

``step`` counts from 0, in whatever unit the schedule is asked: batches, epochs, or epochs and a fraction. Past its
last step a schedule stays where it ended. Where torch has the schedule, the rates are torch's.

>>> Step(8.0, every=2, factor=0.5).rate(5)
2.0
>>> Warmup(Cosine(1.0, steps=10), steps=5, start=0.2).rates(3).round(2).tolist()
[0.2, 0.36, 0.52]
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput


class Schedule:
    """A learning rate for every step."""

    def rate(self, step: float) -> float:
        """The rate at ``step``, 0 or more; WrongInput for a step that is negative or not finite."""
        if not 0 <= step < math.inf:
            raise WrongInput("no such step", str(step), "0 or more", "Steps are counted from 0.", field="step")
        return self._at(step)

    def rates(self, steps: int) -> NDArray[np.float64]:
        """The rates of steps 0 to ``steps - 1``, shape (steps,)."""
        return np.array([self.rate(step) for step in range(steps)])

    def _at(self, step: float) -> float:
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate always."""

    base: float

    def __post_init__(self) -> None:
        _at_least("base", self.base)

    def _at(self, step: float) -> float:
        return self.base


@dataclass(frozen=True)
class Step(Schedule):
    """base * factor^floor(step / every): torch's StepLR."""

    base: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _at_least("base", self.base)
        _at_least("every", self.every, 1)
        _at_least("factor", self.factor)

    def _at(self, step: float) -> float:
        return self.base * math.pow(self.factor, step // self.every)


@dataclass(frozen=True)
class MultiStep(Schedule):
    """Times ``factor`` at each of the steps ``at``, which ascend: torch's MultiStepLR."""

    base: float
    at: tuple[int, ...]
    factor: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", tuple(self.at))
        _at_least("base", self.base)
        _at_least("factor", self.factor)
        _ascending(self.at)

    def _at(self, step: float) -> float:
        return self.base * math.pow(self.factor, bisect_right(self.at, step))


@dataclass(frozen=True)
class Exponential(Schedule):
    """base * factor^step: torch's ExponentialLR."""

    base: float
    factor: float

    def __post_init__(self) -> None:
        _at_least("base", self.base)
        _at_least("factor", self.factor)

    def _at(self, step: float) -> float:
        return self.base * math.pow(self.factor, step)


@dataclass(frozen=True)
class Polynomial(Schedule):
    """From ``base`` to ``end`` in ``steps`` along (1 - step / steps)^power: torch's PolynomialLR where ``end`` is 0."""

    base: float
    steps: int
    power: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        for name in ("base", "power", "end"):
            _at_least(name, getattr(self, name))
        _at_least("steps", self.steps, 1)

    def _at(self, step: float) -> float:
        left = 1 - min(step, self.steps) / self.steps
        return self.end + (self.base - self.end) * math.pow(left, self.power)


@dataclass(frozen=True)
class Linear(Schedule):
    """From ``start * base`` to ``end * base`` in ``steps``: torch's LinearLR."""

    base: float
    steps: int
    start: float = 1 / 3
    end: float = 1.0

    def __post_init__(self) -> None:
        for name in ("base", "start", "end"):
            _at_least(name, getattr(self, name))
        _at_least("steps", self.steps, 1)

    def _at(self, step: float) -> float:
        return self.base * (self.start + (self.end - self.start) * min(step, self.steps) / self.steps)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from ``base`` down to ``low`` in ``steps`` (Loshchilov and Hutter 2017, without restarts).

    Torch's CosineAnnealingLR up to there; torch then climbs again, and this stays.
    """

    base: float
    steps: int
    low: float = 0.0

    def __post_init__(self) -> None:
        _at_least("base", self.base)
        _at_least("low", self.low)
        _at_least("steps", self.steps, 1)

    def _at(self, step: float) -> float:
        return _half_cosine(self.base, self.low, min(step, self.steps) / self.steps)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """A cosine that starts again after ``period`` steps, each ``growth`` times as long as the last (SGDR, 2017).

    Torch's CosineAnnealingWarmRestarts.
    """

    base: float
    period: int
    growth: int = 1
    low: float = 0.0

    def __post_init__(self) -> None:
        _at_least("base", self.base)
        _at_least("low", self.low)
        _at_least("period", self.period, 1)
        _at_least("growth", self.growth, 1)

    def _at(self, step: float) -> float:
        start, length = 0.0, float(self.period)
        if self.growth == 1:
            start = step // length * length
        else:
            while step >= start + length:
                start, length = start + length, length * self.growth
        return _half_cosine(self.base, self.low, (step - start) / length)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up from ``peak / divisor`` to ``peak`` in the share ``warm`` of the steps, then down (Smith and Topin 2018).

    It ends at ``peak / divisor / last_divisor``. Torch's OneCycleLR; ``three_phases`` comes down as it went up, first.
    """

    peak: float
    steps: int
    warm: float = 0.3
    divisor: float = 25.0
    last_divisor: float = 1e4
    shape: Literal["cosine", "linear"] = "cosine"
    three_phases: bool = False

    def __post_init__(self) -> None:
        _at_least("peak", self.peak)
        _at_least("steps", self.steps, 1)
        for name in ("divisor", "last_divisor"):
            _at_least(name, getattr(self, name), 1)
        most = 0.5 if self.three_phases else 1.0
        if not 0 <= self.warm <= most:
            raise WrongInput("warm does not fit", str(self.warm), f"a share from 0 to {most:g}", field="warm")
        if self.shape not in ("cosine", "linear"):
            raise WrongInput("no such shape", str(self.shape), "cosine or linear", field="shape")

    def _at(self, step: float) -> float:
        first = self.peak / self.divisor
        points = [(0.0, first), (self.warm * self.steps - 1, self.peak)]
        if self.three_phases:
            points.append((2 * self.warm * self.steps - 2, first))
        points.append((self.steps - 1.0, first / self.last_divisor))
        for (begin, high), (end, low) in pairwise(points):
            if step <= end and end > begin:
                done = (step - begin) / (end - begin)
                return _half_cosine(high, low, done) if self.shape == "cosine" else high + (low - high) * done
        return points[-1][1]


@dataclass(frozen=True)
class InverseSquareRoot(Schedule):
    """Linear up to ``peak`` in ``warm`` steps, then as 1 / sqrt(step): the Transformer's (Vaswani 2017, eq. 3)."""

    peak: float
    warm: int

    def __post_init__(self) -> None:
        _at_least("peak", self.peak)
        _at_least("warm", self.warm, 1)

    @classmethod
    def noam(cls, width: int, warm: int = 4000, factor: float = 1.0) -> InverseSquareRoot:
        """With the paper's peak: factor / sqrt(width * warm)."""
        _at_least("width", width, 1)
        _at_least("warm", warm, 1)
        return cls(factor / math.sqrt(width * warm), warm)

    def _at(self, step: float) -> float:
        return self.peak * min((step + 1) / self.warm, math.sqrt(self.warm / (step + 1)))


@dataclass(frozen=True)
class Warmup(Schedule):
    """Linear from ``start`` times the first rate of ``then`` to all of it in ``steps``; then ``then``, from its step 0.

    Large first steps do harm while Adam's averages and the normalisation layers are empty (Goyal 2017).
    """

    then: Schedule
    steps: int
    start: float = 0.01

    def __post_init__(self) -> None:
        _schedules((self.then,))
        _at_least("steps", self.steps, 1)
        _at_least("start", self.start)

    def _at(self, step: float) -> float:
        if step >= self.steps:
            return self.then.rate(step - self.steps)
        return self.then.rate(0) * (self.start + (1 - self.start) * step / self.steps)


@dataclass(frozen=True)
class Chain(Schedule):
    """One schedule after the other, each from its own step 0; ``at`` are the steps where the next begins.

    Torch's SequentialLR.
    """

    parts: tuple[Schedule, ...]
    at: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        object.__setattr__(self, "at", tuple(self.at))
        _schedules(self.parts)
        _ascending(self.at)
        if len(self.parts) != len(self.at) + 1:
            got = f"{len(self.parts)} schedules, {len(self.at)} steps"
            raise WrongInput("the chain does not fit", got, "one step fewer than schedules", field="at")

    def _at(self, step: float) -> float:
        part = bisect_right(self.at, step)
        return self.parts[part].rate(step - (self.at[part - 1] if part else 0))


def _half_cosine(high: float, low: float, done: float) -> float:
    return low + (high - low) * (1 + math.cos(math.pi * done)) / 2


def _at_least(name: str, value: object, least: float = 0) -> None:
    whole = least == 1 and name not in ("divisor", "last_divisor")
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise WrongInput(f"{name} does not fit", repr(value)[:80], f"a number from {least:g} on", field=name)
    if whole and value != int(value):
        raise WrongInput(f"{name} does not fit", repr(value)[:80], "a whole number of steps", field=name)


def _ascending(at: tuple[Any, ...]) -> None:
    wrong = any(not isinstance(step, int) or step < 0 for step in at)
    if wrong or any(a >= b for a, b in pairwise(at)):
        raise WrongInput("at does not fit", repr(at)[:80], "whole numbers that ascend", field="at")


def _schedules(parts: tuple[object, ...]) -> None:
    for part in parts:
        if not isinstance(part, Schedule):
            cure = "A fixed rate is Constant(rate)."
            raise WrongInput("this is no schedule", repr(part)[:80], "a Schedule", cure, field="parts")
