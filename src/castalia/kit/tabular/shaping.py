"""Scalers that change the shape of a distribution: quantiles, powers, logarithms. Missing values pass through."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from castalia.core.errors import WrongInput
from castalia.core.system import Field
from castalia.kit.stats import normal_cdf, normal_quantile
from castalia.kit.tabular.frames import Array, Floats, numbers
from castalia.kit.tabular.moments import divisor, infinite, moments
from castalia.kit.tabular.steps import PerColumn, Rows, State

EDGE = 5.199337582605575
"""The normal quantile of 1 - 1e-7: infinities of the normal shape are cut there, as scikit-learn does."""


def present(values: Array, name: str) -> Floats:
    """The finite numbers of a column; WrongInput where it has an infinity or nothing."""
    x = numbers(values, name)
    x = x[~np.isnan(x)]
    if not np.isfinite(x).all():
        infinite(numbers(values, name), name)
    if not x.size:
        raise WrongInput(
            f"column {name} has no value at all", f"{len(values)} missing", "one at least", "Leave it out.", field=name
        )
    return x


class Marks(State):
    """Quantiles of a column, ascending, at equal steps from the smallest to the largest."""

    quantiles: tuple[float, ...] = Field(min_length=1)

    @cached_property
    def array(self) -> Floats:
        return np.array(self.quantiles)


class Quantile(PerColumn[Marks]):
    """The share of training rows below, as a number from 0 to 1 ("uniform") or its normal quantile ("normal").

    As scikit-learn's QuantileTransformer; all rows are used. A value among several equal ones gets the middle of them.
    """

    learns: ClassVar[type[State]] = Marks

    shape: Literal["uniform", "normal"] = Field("uniform", description="What comes out.")
    marks: int = Field(1000, ge=2, le=100_000, description="Quantiles that are kept.")

    def learn(self, name: str, values: Array, rows: Rows) -> Marks:
        x = present(values, name)
        at = np.linspace(0, 100, min(self.marks, len(values)) if len(values) > 1 else 2)
        return Marks(quantiles=tuple(np.maximum.accumulate(np.percentile(x, at)).tolist()))

    def apply(self, state: Marks, name: str, values: Array) -> list[Array]:
        x, marks = numbers(values, name), state.array
        at = np.linspace(0, 1, len(marks))
        there = ~np.isnan(x)
        inner = x[there]
        # of several equal marks, the mean of the first and the last
        share = (np.interp(inner, marks, at) - np.interp(-inner, -marks[::-1], -at[::-1])) / 2
        share[inner == marks[-1]], share[inner == marks[0]] = 1.0, 0.0
        share = np.where(inner > marks[-1], 1.0, np.where(inner < marks[0], 0.0, share))
        if self.shape == "normal":
            share = np.array([_normal(each) for each in share.tolist()], np.float64)
        out = np.full(len(x), np.nan)
        out[there] = share
        return [out]

    def undo(self, state: Marks, name: str, columns: list[Array]) -> Array:
        share = numbers(columns[0], name)
        if self.shape == "normal":
            share = np.array([normal_cdf(each) for each in share.tolist()], np.float64)
        return np.asarray(np.interp(share, np.linspace(0, 1, len(state.array)), state.array))


def _normal(share: float) -> float:
    if not 0 < share < 1:
        return EDGE if share >= 1 else -EDGE
    return min(max(normal_quantile(share), -EDGE), EDGE)


class Log(PerColumn[State]):
    """sign(x) log(1 + |x|): for amounts over many magnitudes, of either sign; nothing is learnt."""

    learns: ClassVar[type[State]] = State

    def learn(self, name: str, values: Array, rows: Rows) -> State:
        numbers(values, name)
        return State()

    def apply(self, state: State, name: str, values: Array) -> list[Array]:
        x = numbers(values, name)
        return [np.sign(x) * np.log1p(np.abs(x))]

    def undo(self, state: State, name: str, columns: list[Array]) -> Array:
        x = numbers(columns[0], name)
        return np.asarray(np.sign(x) * np.expm1(np.abs(x)))


class Powered(State):
    """The exponent, the value it is centred at, and mean and deviation after it."""

    power: float
    center: float
    mean: float
    deviation: float = Field(gt=0)


class Power(PerColumn[Powered]):
    """Yeo and Johnson (2000): the power that makes a column most nearly normal, by maximum likelihood; then
    standardized.

    As scikit-learn's PowerTransformer. Powers from -20 to 20 are looked at; a column far from zero and narrow, such as
    times in seconds, would need larger ones to change its shape, and stays as it is. Everything is computed around the
    median, so that a column of years loses no digits.
    """

    learns: ClassVar[type[State]] = Powered

    standardize: bool = Field(True, description="Mean 0 and standard deviation 1 afterwards.")

    def learn(self, name: str, values: Array, rows: Rows) -> Powered:
        x = present(values, name)
        center = float(np.median(x))
        plain = moments(x[:, None], [name])[0]
        steady = plain.deviation != divisor(plain.deviation, plain.mean)
        power = 1.0 if steady else _best(lambda power: _likelihood(power, x, center))
        if not self.standardize:
            return Powered(power=power, center=0.0, mean=0.0, deviation=1.0)
        found = moments(centred(x, power, center)[:, None], [name])[0]
        deviation = 1.0 if steady else found.deviation or 1.0
        return Powered(power=power, center=center, mean=found.mean, deviation=deviation)

    def apply(self, state: Powered, name: str, values: Array) -> list[Array]:
        return [(centred(numbers(values, name), state.power, state.center) - state.mean) / state.deviation]

    def undo(self, state: Powered, name: str, columns: list[Array]) -> Array:
        return uncentred(numbers(columns[0], name) * state.deviation + state.mean, state.power, state.center)


def yeo_johnson(x: Floats, power: float) -> Floats:
    """((1 + x)^p - 1) / p for x from 0 on, -((1 - x)^(2-p) - 1) / (2 - p) below; logarithms where the divisor is 0."""
    out = np.full(len(x), np.nan)
    up, down = x >= 0, x < 0
    with np.errstate(over="ignore"):
        out[up] = _power(np.log1p(x[up]), power)
        out[down] = -_power(np.log1p(-x[down]), 2 - power)
    return out


def centred(x: Floats, power: float, center: float) -> Floats:
    """The transform less that of ``center``, over its slope there.

    For large x and a negative power the transform is -1/p and a rest below its last bit; on the side of zero where
    the center lies, this difference is computed from x - center and keeps that rest.
    """
    side = 1.0 if center >= 0 else -1.0
    exponent = power if side > 0 else 2 - power
    near = side * x >= 0
    out = np.full(len(x), np.nan)
    with np.errstate(over="ignore"):
        size = 1 + abs(center)
        out[near] = side * size * _power(np.log1p((side * x[near] - abs(center)) / size), exponent)
        level, slope = _at(center, power)
        out[~near] = (yeo_johnson(x[~near], power) - level) / slope
    return out


def uncentred(u: Floats, power: float, center: float) -> Floats:
    """What ``centred`` made u from; NaN where no number gives it."""
    side = 1.0 if center >= 0 else -1.0
    exponent = power if side > 0 else 2 - power
    size = 1 + abs(center)
    near = side * u >= side * centred(np.zeros(1), power, center)[0]
    out = np.full(len(u), np.nan)
    with np.errstate(all="ignore"):
        out[near] = center + side * size * _root(side * u[near] / size, exponent)
        level, slope = _at(center, power)
        out[~near] = -side * _root(-side * (u[~near] * slope + level), 2 - exponent)
    return out


def _power(log: Floats, exponent: float) -> Floats:
    return log if exponent == 0 else np.expm1(exponent * log) / exponent


def _root(y: Floats, exponent: float) -> Floats:
    return np.expm1(y) if exponent == 0 else np.expm1(np.log1p(y * exponent) / exponent)


def _at(center: float, power: float) -> tuple[float, float]:
    """The transform of the center, and its slope there."""
    slope = np.exp((power - 1) * math.copysign(math.log1p(abs(center)), center))
    return float(yeo_johnson(np.array([center]), power)[0]), float(slope)


def _likelihood(power: float, x: Floats, center: float) -> float:
    """Of the normal distribution with the mean and variance after the power; -inf where the power overflows."""
    with np.errstate(all="ignore"):
        moved = centred(x, power, center)
        size = float(np.abs(moved).max())
        spread = float(np.var(moved / size)) if 0 < size < math.inf else 0.0
    if not spread > 0:
        return -math.inf
    logs = np.sign(x) * np.log1p(np.abs(x)) - math.copysign(math.log1p(abs(center)), center)
    return -len(x) * (math.log(spread) / 2 + math.log(size)) + (power - 1) * float(logs.sum())


def _best(score: Any) -> float:
    """The maximum of a function with one: a coarse grid, then golden section between the neighbours of its best."""
    grid = np.concatenate([np.arange(-20, -4, 1.0), np.arange(-4, 6, 0.5), np.arange(6, 21, 1.0)])
    scores = [score(power) for power in grid.tolist()]
    best = int(np.argmax(scores))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    ratio = (math.sqrt(5) - 1) / 2
    one, two = high - ratio * (high - low), low + ratio * (high - low)
    at_one, at_two = score(one), score(two)
    while high - low > 1e-9:
        if at_one < at_two:
            low, one, at_one = one, two, at_two
            two = low + ratio * (high - low)
            at_two = score(two)
        else:
            high, two, at_two = two, one, at_one
            one = high - ratio * (high - low)
            at_one = score(one)
    return (low + high) / 2
