"""Target encoding that does not tell the training rows their own y.

A level becomes the mean of y in it, drawn towards the mean of all rows. In ``fit_transform`` the encoding of a row
comes from rows of other folds alone: at random, of other groups, or only from earlier times. In ``transform`` it comes
from all training rows. The two differ on the training rows, and the second leaks there (scikit-learn#32318):
``transform`` recognises the table of ``fit`` and refuses it.

How much a level is drawn to the mean is estimated (``smooth="auto"``): rows of one level differ by s2, levels by t2,
and a level of n rows keeps n / (n + s2/t2) of its deviation: the empirical Bayes estimate of a one-way random-effects
model, by its moments (Searle, Casella and McCulloch 1992). Where levels differ no more than chance, all become the
mean.

Three traps it avoids. A level without other rows gets the mean of all rows, the same number in every fold, so a fold
cannot be told by it (edaprep#36). Deviations are taken from the mean of the same rows that the level's mean is of. And
folds are few: with one row a fold the encoding is a code of its own y (leave-one-out, cuml#4734).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import PrivateAttr, model_validator

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.core.system import Field
from castalia.kit.tabular.folding import group_folds, random_folds, time_blocks
from castalia.kit.tabular.frames import Array, Floats, Frame, Ints
from castalia.kit.tabular.levels import MISSING, Level, Levels, factorize
from castalia.kit.tabular.steps import Cell, PerColumn, Rows, State
from castalia.kit.tabular.training import Trained, refuse_training

FEW = 20
"""So many distinct whole numbers are classes, more are amounts."""


class Encoded(State):
    """The numbers of each level: one tuple for each class beyond two, else one in all."""

    levels: tuple[Level, ...]
    classes: tuple[Level, ...]
    """The classes that have a column each; none where y is an amount or of two classes."""
    values: tuple[tuple[float, ...], ...]
    """One number a level, then that of an unknown level, then that of a missing value."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.values) != max(1, len(self.classes)) or any(len(v) != len(self.levels) + 2 for v in self.values):
            raise ValueError("a number for every level, the unknown and the missing")
        return self

    @cached_property
    def known(self) -> Levels:
        return Levels(self.levels)


class Target(PerColumn[Encoded]):
    """The mean of y in each level: of an amount, of two classes (the second in order), or of each of several."""

    learns: ClassVar[type[State]] = Encoded

    smooth: float | Literal["auto"] = Field("auto", description="Rows that the mean of all counts for; auto estimates.")
    folds: int = Field(5, ge=2, le=20, description="Folds in fit_transform.")
    seed: int = Field(0, ge=0, description="Deals rows to folds.")
    target: Literal["auto", "amount", "classes"] = Field("auto", description="What y is; auto: see y_columns.")
    on_training: Literal["error", "warn", "allow"] = Field(
        "error", description="What transform does with the table of fit."
    )

    _trained: Trained = PrivateAttr(Trained(rows=0, digest=""))

    @model_validator(mode="after")
    def _not_negative(self) -> Self:
        if self.smooth != "auto" and self.smooth < 0:
            raise ValueError(f"smooth from 0 on, not {self.smooth}")
        return self

    # --- learning ------------------------------------------------------------------------------

    def learn(self, name: str, values: Array, rows: Rows) -> Encoded:
        classes, y = y_columns(rows.y, self.target)
        levels, codes = factorize(values, name)
        return self._encoded(levels, codes, classes, y)

    def _encoded(self, levels: list[Any], codes: Ints, classes: list[Any], y: Floats) -> Encoded:
        size, place = len(levels) + 1, np.where(codes == MISSING, len(levels), codes)
        values = []
        for target in y:
            mean = float(target.mean())
            sums = _Sums.of(place, target - mean, np.zeros(len(target), np.int64), 1, size)
            moved = mean + sums.only(0).deviations(self.smooth)
            values.append((*moved[:-1].tolist(), mean, float(moved[-1])))
        return Encoded(levels=tuple(levels), classes=tuple(classes), values=tuple(values))

    def _learn(self, frame: Frame, rows: Rows) -> None:
        super()._learn(frame, rows)
        self._trained = Trained.of(frame)

    def _learn_change(self, frame: Frame, rows: Rows) -> dict[str, Array]:
        classes, y = y_columns(rows.y, self.target)
        fold, folds, earlier = self._folds(frame.rows, rows, y if classes or _binary(y) else None)
        states, made = {}, {}
        for name, values in frame.columns.items():
            levels, codes = factorize(values, name)
            states[name] = self._encoded(levels, codes, classes, y)
            place = np.where(codes == MISSING, len(levels), codes)
            for out, target in zip(self.outputs(states[name], name), y, strict=True):
                mean = float(target.mean())
                sums = _Sums.of(place, target - mean, fold, folds, len(levels) + 1)
                known = [sums.without(k, earlier) for k in range(folds)]
                moved = np.stack([each.deviations(self.smooth) for each in known])
                base = [mean + each.mean if earlier else mean for each in known]
                made[out] = np.array(base)[fold] + moved[fold, place]
        self._take(states)
        self._trained = Trained.of(frame)
        return made

    def _folds(self, count: int, rows: Rows, y: Floats | None) -> tuple[Ints, int, bool]:
        if rows.time is not None:
            if rows.groups is not None:
                raise WrongInput("groups and time are two ways", "both", "one of them", field="groups")
            return time_blocks(rows.time, self.folds), self.folds + 1, True
        if rows.groups is not None:
            return group_folds(rows.groups, self.folds, self.seed), self.folds, False
        classes = None if y is None else np.rint(np.arange(1.0, len(y) + 1) @ y).astype(np.int64)
        return random_folds(count, self.folds, classes, self.seed), self.folds, False

    # --- using ---------------------------------------------------------------------------------

    def outputs(self, state: Encoded, name: str) -> tuple[str, ...]:
        return tuple(f"{name}.target={each}" for each in state.classes) or (f"{name}.target",)

    def apply(self, state: Encoded, name: str, values: Array) -> list[Array]:
        codes = state.known.codes(values, name)
        return [np.array(numbers)[codes] for numbers in state.values]

    def cell(self, state: Encoded, name: str) -> Cell:
        by_code, find = list(zip(*state.values, strict=True)), state.known.code

        def one(value: Any) -> tuple[float, ...]:
            return by_code[find(value)]

        return one

    def _change(self, frame: Frame) -> dict[str, Array]:
        if self.on_training != "allow" and self._trained.knows(frame):
            refuse_training("Target", self._trained.rows, self.on_training)
        return super()._change(frame)

    def _state(self) -> Any:
        return {"trained": self._trained.plain(), "columns": super()._state()}

    def _restore(self, state: Any) -> None:
        if not isinstance(state, Mapping) or set(state) != {"trained", "columns"}:
            raise WrongInput("a saved Target holds other things", shown(state), "trained and columns")
        super()._restore(state["columns"])
        self._trained = Trained.parse(state["trained"], "a saved Target")


def y_columns(y: Array | None, target: str = "auto") -> tuple[list[Any], Floats]:
    """The classes that get a column each (none for an amount or two classes), and y as (k, n) numbers.

    By itself ("auto"): text, booleans and up to 20 distinct whole numbers are classes, all else is an amount.
    """
    if y is None:
        raise WrongInput("Target learns from y", "no y", "fit(table, y)", "Hand in y, or take Frequency.", field="y")
    whole = y.dtype.kind != "f" or (np.isfinite(y).all() and np.array_equal(y, np.rint(y)))
    if target == "amount" or (target == "auto" and not whole):
        return _amount(y)
    levels, codes = factorize(y, "y")
    if target == "auto" and y.dtype.kind in "iuf" and len(levels) > FEW:
        return _amount(y)
    if len(levels) < 2:
        raise WrongInput("y has one class", shown(levels), "at least two", "There is nothing to tell apart.", field="y")
    if len(levels) == 2:
        return [], codes[None].astype(np.float64)
    return levels, (codes == np.arange(len(levels))[:, None]).astype(np.float64)


def _amount(y: Array) -> tuple[list[Any], Floats]:
    if y.dtype.kind not in "biuf" or not np.isfinite(y).all():
        raise WrongInput("y is no amount", shown(y[:3]), "finite numbers", "Set target='classes'.", field="y")
    return [], y[None].astype(np.float64)


def _binary(y: Floats) -> bool:
    return bool(((y == 0) | (y == 1)).all())


class _Sums:
    """Of each fold and level: rows, sums and squares, (folds, levels)."""

    def __init__(self, rows: Floats, sums: Floats, squares: Floats) -> None:
        self.rows, self.sums, self.squares = rows, sums, squares

    @classmethod
    def of(cls, place: Ints, y: Floats, fold: Ints, folds: int, size: int) -> _Sums:
        cell = fold * size + place if folds > 1 else place
        weights: tuple[Floats | None, ...] = (None, y, y * y)
        parts = (np.bincount(cell, each, minlength=folds * size).reshape(folds, size) for each in weights)
        return cls(*(each.astype(np.float64) for each in parts))

    @property
    def mean(self) -> float:
        """Of all rows; 0 where there is none."""
        return float(self.sums.sum()) / max(float(self.rows.sum()), 1.0)

    def only(self, fold: int) -> _Sums:
        return self._of(np.arange(len(self.rows)) == fold)

    def without(self, fold: int, earlier: bool) -> _Sums:
        """Of the other folds, or of the earlier ones. Added up, never taken off the whole: even the last bits of a
        difference would depend on the y that it must not know."""
        folds = np.arange(len(self.rows))
        return self._of(folds < fold if earlier else folds != fold)

    def _of(self, kept: Array) -> _Sums:
        return _Sums(*(each[kept].sum(axis=0) for each in (self.rows, self.sums, self.squares)))

    def deviations(self, smooth: float | str) -> Floats:
        """(levels,) how far each lies from the mean of all, drawn towards it; 0 for a level without rows."""
        rows, sums = self.rows, self.sums
        count = float(rows.sum())
        if not count:
            return np.zeros(len(rows))
        mean = float(sums.sum()) / count
        weight = self._weight(mean) if isinstance(smooth, str) else float(smooth)
        if math.isinf(weight):
            return np.zeros(len(rows))
        return np.where(rows > 0, (sums - rows * mean) / np.maximum(rows + weight, np.where(rows > 0, 0, 1)), 0.0)

    def _weight(self, mean: float) -> float:
        """s2 / t2, infinite where levels differ no more than their rows do."""
        there = self.rows > 0
        n, sums = self.rows[there], self.sums[there]
        count, levels = float(n.sum()), len(n)
        if levels < 2 or count == levels:
            return math.inf
        within = float((self.squares[there] - sums * sums / n).sum())
        among = float((n * (sums / n - mean) ** 2).sum())
        s2 = max(within, 0.0) / (count - levels)
        size = (count - float((n * n).sum()) / count) / (levels - 1)
        t2 = (among / (levels - 1) - s2) / size
        return s2 / t2 if t2 > 0 else math.inf
