"""Missing values filled from the column itself, with a column that tells where, if asked for."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from castalia.core.errors import WrongInput
from castalia.core.system import Field
from castalia.kit.tabular.encoding import Counted
from castalia.kit.tabular.frames import Array, missing, numbers, objects
from castalia.kit.tabular.levels import Level
from castalia.kit.tabular.moments import moments
from castalia.kit.tabular.steps import Cell, PerColumn, Rows, State


class Filling(State):
    """What a missing value becomes, and how many were present and missing in training."""

    fill: Level
    present: int = Field(ge=0)
    missing: int = Field(ge=0)
    numeric: bool


class FilledByMean(Filling):
    """A mean, whose parts add up."""

    def merge(self, other: Self) -> Self:
        present = self.present + other.present
        share = other.present / max(present, 1)
        fill = float(self.fill) + (float(other.fill) - float(self.fill)) * share
        return type(self)(fill=fill, present=present, missing=self.missing + other.missing, numeric=True)


class Impute(PerColumn[Filling]):
    """Fill what is missing: by the mean, the median, the most frequent value (of ties the smallest), or a constant.

    "missing" makes a category of it, the text ``(missing)``. ``indicator`` adds ``column?``, 1 where a value was
    missing: for columns that missed any in training ("seen"), or for all.
    """

    learns: ClassVar[type[State]] = Filling

    strategy: Literal["mean", "median", "most_frequent", "constant", "missing"] = Field(
        "median", description="What a missing value becomes."
    )
    constant: Level | None = Field(None, description="The value for strategy='constant'.")
    indicator: Literal["none", "seen", "all"] = Field("none", description="A column that tells where it was missing.")

    @model_validator(mode="after")
    def _one_constant(self) -> Self:
        if (self.strategy == "constant") != (self.constant is not None):
            raise ValueError("constant= together with strategy='constant', and only there")
        return self

    def learn(self, name: str, values: Array, rows: Rows) -> Filling:
        gone = int(np.count_nonzero(missing(values)))
        present = len(values) - gone
        kind = FilledByMean if self.strategy == "mean" else Filling
        numeric = self.strategy in ("mean", "median") or values.dtype.kind in "iuf"
        if numeric and isinstance(self.constant, str):
            numeric = False
        return kind(fill=self._fill(name, values, present), present=present, missing=gone, numeric=numeric)

    def _fill(self, name: str, values: Array, present: int) -> Any:
        if self.strategy == "constant":
            return self.constant
        if self.strategy == "missing":
            if values.dtype.kind == "O":
                return "(missing)"
            raise WrongInput(
                f"column {name} is not made of categories", str(values.dtype), "text", "Take the median.", field=name
            )
        if self.strategy != "most_frequent":
            x = numbers(values, name, "Fill categories with strategy='most_frequent' or 'missing'.")
        if not present:
            raise WrongInput(
                f"column {name} has no value at all", f"{len(values)} missing", f"one to take the {self.strategy} of",
                "Leave it out, or fill it with strategy='constant'.", field=name,
            )  # fmt: skip
        if self.strategy == "mean":
            return moments(x[:, None], [name])[0].mean
        if self.strategy == "median":
            middle = float(np.median(x[~np.isnan(x)]))
            if not np.isfinite(middle):
                raise WrongInput(f"column {name} has an infinite median", str(middle), "finite numbers", field=name)
            return middle
        counted = Counted.of(values, name)
        return counted.levels[int(np.argmax(counted.counts))]

    def _told(self, state: Filling) -> bool:
        return self.indicator == "all" or (self.indicator == "seen" and state.missing > 0)

    def outputs(self, state: Filling, name: str) -> tuple[str, ...]:
        return (name, f"{name}?") if self._told(state) else (name,)

    def apply(self, state: Filling, name: str, values: Array) -> list[Array]:
        if state.numeric:
            values = numbers(values, name)
        gone = missing(values)
        told = [gone.astype(np.float64)] if self._told(state) else []
        if gone.any():
            values = values.astype(object) if values.dtype.kind == "M" else values.copy()
            values[gone] = state.fill
            if isinstance(state.fill, bool):
                values = objects(values.tolist())
        return [values, *told]

    def undo(self, state: Filling, name: str, columns: list[Array]) -> Array:
        if len(columns) < 2:
            return super().undo(state, name, columns)
        values = columns[0].copy() if columns[0].dtype.kind in "fO" else columns[0].astype(np.float64)
        values[columns[1] == 1] = np.nan if values.dtype.kind == "f" else None
        return values

    def cell(self, state: Filling, name: str) -> Cell:
        fill = float(state.fill) if state.numeric else state.fill
        told, numeric, slow = self._told(state), state.numeric, super().cell(state, name)

        def one(value: Any) -> Any:
            if value is None or value != value:
                return (fill, 1.0) if told else (fill,)
            if numeric:
                if type(value) is not float and type(value) is not int:
                    return slow(value)
                value = float(value)
            return (value, 0.0) if told else (value,)

        return one

    def _restore(self, state: Any) -> None:
        super()._restore(state)
        if self.strategy == "mean":
            self._states = {n: FilledByMean(**each.model_dump()) for n, each in self._fitted().items()}
