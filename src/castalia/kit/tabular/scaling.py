"""Scalers: a column less something, divided by something. Missing values pass through.

The result is float64 whatever came in. A column without spread, rounding aside, is moved and not
divided. Learning refuses infinities.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from pydantic import model_validator

from castalia.core.system import Field
from castalia.kit.tabular.frames import Array, Floats, Frame, numbers
from castalia.kit.tabular.moments import Moments, divisor, infinite, moments
from castalia.kit.tabular.steps import Cell, PerColumn, Rows, State

BLOCK = 1024
S = TypeVar("S", bound=State)


class Affine(PerColumn[S], Generic[S]):
    """(x - shift) / scale, of every column."""

    @abstractmethod
    def line(self, state: S) -> tuple[float, float]:
        """Shift and scale of a column; the scale is not zero."""

    def apply(self, state: S, name: str, values: Array) -> list[Array]:
        shift, scale = self.line(state)
        return [(numbers(values, name) - shift) / scale]

    def undo(self, state: S, name: str, columns: list[Array]) -> Array:
        shift, scale = self.line(state)
        return numbers(columns[0], name) * scale + shift

    def cell(self, state: S, name: str) -> Cell:
        shift, scale = self.line(state)

        slow = super().cell(state, name)

        def one(value: Any) -> Any:
            if type(value) is float or type(value) is int:
                return ((float(value) - shift) / scale,)
            return slow(value)

        return one

    def transform(self, table: Any) -> Any:
        """The scaled table. A 2-D array is scaled in blocks of rows, which reads its memory once."""
        if isinstance(table, np.ndarray) and table.ndim == 2 and table.dtype.kind in "fiu" and self.fitted:
            states = self._fitted()
            if tuple(states) == tuple(f"x{i}" for i in range(table.shape[1])):
                return self._rows(table, list(states.values()))
        return super().transform(table)

    def fit_transform(self, table: Any, y: Any = None, *, groups: Any = None, time: Any = None) -> Any:
        """Learn, and scale."""
        return self.fit(table, y, groups=groups, time=time).transform(table)

    def _rows(self, table: Array, states: list[S]) -> Floats:
        shift, scale = np.array([self.line(state) for state in states]).T
        shift, scale = np.tile(shift, (BLOCK, 1)), np.tile(scale, (BLOCK, 1))
        out = np.empty(table.shape)
        for start in range(0, len(table), BLOCK):
            block, made = table[start : start + BLOCK], out[start : start + BLOCK]
            np.subtract(block, shift[: len(block)], out=made)
            np.divide(made, scale[: len(block)], out=made)
        return out


class Standardize(Affine[Moments]):
    """Mean 0 and standard deviation 1, as scikit-learn's StandardScaler; parts of the data can be merged."""

    learns: ClassVar[type[State]] = Moments

    center: bool = Field(True, description="Take the mean off.")
    scale: bool = Field(True, description="Divide by the standard deviation.")

    def line(self, state: Moments) -> tuple[float, float]:
        deviation = divisor(state.deviation, state.mean) if self.scale else 1.0
        return (state.mean if self.center else 0.0), deviation

    def learn(self, name: str, values: Array, rows: Rows) -> Moments:
        return moments(numbers(values, name)[:, None], [name])[0]

    def _learn(self, frame: Frame, rows: Rows) -> None:
        whole = frame.origin if frame.like == "numpy" else None
        if whole is None or whole.dtype.kind not in "fiu":
            super()._learn(frame, rows)
        else:
            self._states = dict(zip(frame.columns, moments(whole, list(frame.columns)), strict=True))


class Extremes(State):
    """The smallest and the largest value; None where there is none."""

    low: float | None
    high: float | None

    def merge(self, other: Self) -> Self:
        lows = [each.low for each in (self, other) if each.low is not None]
        highs = [each.high for each in (self, other) if each.high is not None]
        return type(self)(low=min(lows, default=None), high=max(highs, default=None))


class MinMax(Affine[Extremes]):
    """The smallest value becomes ``low``, the largest ``high``, as scikit-learn's MinMaxScaler; parts can be merged."""

    learns: ClassVar[type[State]] = Extremes

    low: float = Field(0.0, description="What the smallest value becomes.")
    high: float = Field(1.0, description="What the largest value becomes.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low below high, not {self.low} and {self.high}")
        return self

    def line(self, state: Extremes) -> tuple[float, float]:
        if state.low is None or state.high is None:
            return 0.0, 1.0
        apart = divisor(state.high - state.low, max(abs(state.low), abs(state.high)))
        scale = apart / (self.high - self.low) if apart == state.high - state.low else 1.0
        return state.low - self.low * scale, scale

    def learn(self, name: str, values: Array, rows: Rows) -> Extremes:
        x = numbers(values, name)
        present = x[~np.isnan(x)]
        if not present.size:
            return Extremes(low=None, high=None)
        low, high = float(present.min()), float(present.max())
        if not np.isfinite(high - low):
            infinite(x, name)
        return Extremes(low=low, high=high)


class Quartiles(State):
    """The middle, and the two quantiles that the spread is measured between."""

    median: float
    low: float
    high: float


class MedianIQR(Affine[Quartiles]):
    """Median 0, and 1 between two quantiles: scikit-learn's RobustScaler. Outliers do not move it."""

    learns: ClassVar[type[State]] = Quartiles

    low: float = Field(25.0, ge=0, lt=50, description="Lower quantile, percent.")
    high: float = Field(75.0, gt=50, le=100, description="Upper quantile, percent.")

    def line(self, state: Quartiles) -> tuple[float, float]:
        return state.median, divisor(state.high - state.low, max(abs(state.low), abs(state.high)))

    def learn(self, name: str, values: Array, rows: Rows) -> Quartiles:
        x = numbers(values, name)
        present = x[~np.isnan(x)]
        if not np.isfinite(present).all():
            infinite(x, name)
        if not present.size:
            return Quartiles(median=0.0, low=0.0, high=0.0)
        low, median, high = (float(each) for each in np.percentile(present, [self.low, 50, self.high]))
        return Quartiles(median=median, low=low, high=high)
