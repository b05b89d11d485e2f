"""Columns made ready: what is learnt from the rows of fit, applied to any."""

# mypy: disable-error-code="no-any-return"
# (what NumPy computes with arrays is Any to mypy; the annotations say what it is)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class _Scaler:
    """(x - shift) / scale, column by column, with what fit has seen."""

    shift: Array | None = None
    scale: Array

    def transform(self, x: Array) -> Array:
        return (_rows_of(x, self.shift) - self.shift) / self.scale

    def inverse(self, z: Array) -> Array:
        return _rows_of(z, self.shift) * self.scale + self.shift


class Standardizer(_Scaler):
    """Mean 0 and standard deviation 1 on the rows of fit; a column of equal numbers is only shifted."""

    def fit(self, x: Array) -> None:
        low, high = _range(x)
        self.shift = np.where(low == high, low, np.nanmean(x, axis=0))
        self.scale = np.where(low == high, 1.0, np.nanstd(x, axis=0))


class MinMaxScaler(_Scaler):
    """0 to 1 on the rows of fit, beyond it for others; a column of equal numbers is only shifted."""

    def fit(self, x: Array) -> None:
        self.shift, high = _range(x)
        self.scale = np.where(self.shift == high, 1.0, high - self.shift)


class Imputer:
    """NaN becomes the median that the column had in fit."""

    medians: Array | None = None

    def fit(self, x: Array) -> None:
        _range(x)
        self.medians = np.nanmedian(x, axis=0)

    def transform(self, x: Array) -> Array:
        return np.where(np.isnan(_rows_of(x, self.medians)), np.asarray(self.medians), x)


class OneHotEncoder:
    """A column of 0 and 1 for each text of fit, in alphabetical order; zeros for a missing or another text."""

    categories: list[str] | None = None

    def fit(self, values: Sequence[str | None]) -> None:
        self.categories = sorted({value for value in values if value is not None})

    def transform(self, values: Sequence[str | None]) -> Array:
        if self.categories is None:
            raise ValueError("fit comes first")
        encoded = np.array([float(value == each) for value in values for each in self.categories])
        return encoded.reshape(len(values), len(self.categories))

    def inverse(self, rows: Array) -> list[str | None]:
        if self.categories is None or np.ndim(rows) != 2 or np.shape(rows)[1] != len(self.categories):
            raise ValueError("a column for each category of fit")
        return [self.categories[int(np.argmax(row))] if np.any(row) else None for row in rows]


class Pipeline:
    """Steps one after another, each fitted on what the one before makes."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps

    def fit(self, x: Array) -> None:
        for step in self.steps:
            step.fit(x)
            x = step.transform(x)

    def transform(self, x: Array) -> Array:
        for step in self.steps:
            x = step.transform(x)
        return x

    def inverse(self, z: Array) -> Array:
        for step in reversed(self.steps):
            z = step.inverse(z)
        return z


class TargetEncoder:
    """The mean target of each text, drawn towards the mean of all as if ``smoothing`` more rows had it."""

    means: dict[str, float] | None = None
    overall: float

    def __init__(self, smoothing: float = 10.0, folds: int = 5, seed: int = 0) -> None:
        self.smoothing, self.folds, self.seed = smoothing, folds, seed

    def fit(self, values: Sequence[str], target: Array) -> None:
        if len(values) != len(target) or len(values) == 0:
            raise ValueError("one target for each text, and at least one")
        self.overall = float(np.mean(target))
        names, codes = np.unique(values, return_inverse=True)
        sums, rows = np.bincount(codes, weights=target), np.bincount(codes)
        means = (sums + self.smoothing * self.overall) / (rows + self.smoothing)
        self.means = {name: float(means[at]) for at, name in enumerate(names.tolist())}

    def transform(self, values: Sequence[str]) -> Array:
        if self.means is None:
            raise ValueError("fit comes first")
        return np.array([self.means.get(value, self.overall) for value in values])

    def fit_transform(self, values: Sequence[str], target: Array) -> Array:
        """Each row encoded by the rows of the other folds alone, so that no row sees its own target."""
        if not 2 <= self.folds <= len(values):
            raise ValueError("at least two folds, and a row for each")
        fold = np.random.default_rng(self.seed).permutation(len(values)) % self.folds
        texts, encoded = np.asarray(values), np.empty(len(values))
        for number in np.unique(fold):
            self.fit(texts[fold != number].tolist(), np.asarray(target)[fold != number])
            encoded[fold == number] = self.transform(texts[fold == number].tolist())
        self.fit(values, target)
        return encoded


def _range(x: Array) -> tuple[Array, Array]:
    """The smallest and the largest number of each column."""
    if np.ndim(x) != 2 or np.isinf(x).any() or np.isnan(x).all(axis=0).any():
        raise ValueError("rows of finite numbers or NaN, and at least one number in every column")
    return np.nanmin(x, axis=0), np.nanmax(x, axis=0)


def _rows_of(x: Array, fitted: Array | None) -> Array:
    if fitted is None or np.ndim(x) != 2 or np.shape(x)[1] != len(fitted):
        raise ValueError("fit comes first, and rows then have as many columns")
    return x
