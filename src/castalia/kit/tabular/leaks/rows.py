"""A table of any library as rows that can be taken, repeated and moved, and handed back as what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.core.table import Table

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Array = NDArray[Any]


class Rows:
    """Rows of an array (of any number of axes), a sparse matrix, a dict of columns, pandas, Polars or Arrow.

    >>> Rows({"a": [1, 2, 3]}).take(np.array([2, 0]))
    {'a': [3, 1]}
    """

    def __init__(self, x: Any) -> None:
        self.library = type(x).__module__.split(".")[0]
        if self.library not in ("pandas", "polars", "pyarrow") and not isinstance(x, Mapping):
            self.library = "scipy" if self.library == "scipy" else "numpy"
            x = x if self.library == "scipy" else np.asarray(x)
            if x.ndim == 0:
                raise WrongInput("x is no table", f"shape {x.shape}", "rows and columns", "Hand in a table.", field="x")
            self.n = int(x.shape[0])
        else:
            try:
                table = Table.of(x)
            except ValueError as error:
                raise WrongInput("x is no table", str(error), "columns of equal length", field="x") from None
            if isinstance(x, Mapping):
                self.library, x = "dict", table.columns
            self.n = len(table)
        if not self.n:
            raise WrongInput("x is empty", "no rows", "at least one", "There is nothing to lint.", field="x")
        self.x = x

    def __len__(self) -> int:
        return self.n

    def take(self, index: Ints) -> Any:
        """These rows, in this order, in the type that came in."""
        x = self.x
        if self.library == "dict":
            return {name: [column[i] for i in index] if isinstance(column, list | tuple) else np.asarray(column)[index]
                    for name, column in x.items()}  # fmt: skip
        if self.library == "pandas":
            import pandas as pd

            taken = x.iloc[index]
            return taken.reset_index(drop=True) if isinstance(x.index, pd.RangeIndex) else taken
        return x.take(index) if self.library == "pyarrow" else x[index]

    def moved(self, index: Ints, rows: Bools, rng: np.random.Generator) -> Any:
        """``take(index)``, and there, in ``rows``, every continuous column lies far outside of its range.

        Columns of whole numbers may be categories and stay; None where no column is continuous.
        """
        taken = self.take(index)
        if self.library == "scipy" or (self.library == "numpy" and self.x.ndim != 2):
            return None
        continuous = {name: column for name, column in self.columns().items() if _is_continuous(column)}
        if not continuous:
            return None
        for name, every in continuous.items():
            column = every.astype(np.float64)[index]
            seen = column[np.isfinite(column)]
            span = float(seen.max() - seen.min()) or 1.0
            column[rows] = seen.max() + span * (2 + rng.random(int(rows.sum())))
            taken = self._with(taken, name, column)
        return taken

    def _with(self, x: Any, name: str, column: Array) -> Any:
        if self.library == "numpy":
            x[:, int(name)] = column
            return x
        if self.library == "pandas":
            x = x.copy()
            x.isetitem([str(each) for each in x.columns].index(name), column)  # names need not be text
            return x
        if self.library == "polars":
            import polars as pl

            return x.with_columns(pl.Series(name, column))
        if self.library == "pyarrow":
            import pyarrow as pa

            return x.set_column(x.column_names.index(name), name, pa.array(column))
        kept = column.tolist() if isinstance(self.x[name], list | tuple) else column
        return {**x, name: kept}

    def columns(self) -> dict[str, Array]:
        """Columns by name, each an array of numbers where all are numbers, else of objects with None where missing."""
        if self.library == "scipy":
            x = self.x.toarray()
        elif self.library == "numpy":
            x = self.x.reshape(self.n, -1)
        else:
            return {str(name): _array(column) for name, column in Table.of(self.x).columns.items()}
        return {str(j): x[:, j] for j in range(x.shape[1])}


def target(y: ArrayLike, n: int) -> Array:
    """The labels: one axis, as many as rows, none missing, more than one value."""
    array = np.asarray(y)
    if array.ndim != 1 or len(array) != n:
        raise WrongInput("y does not fit x", f"shape {array.shape}", f"one label for each of {n} rows", field="y")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise WrongInput("y is not finite", "NaN or infinity", "a label a row", "Leave such rows out.", field="y")
    if array.dtype.kind == "O" and any(each is None or each != each for each in array):
        raise WrongInput("y has gaps", "None or NaN", "a label a row", "Leave such rows out.", field="y")
    if len(np.unique(array.astype(str) if array.dtype.kind == "O" else array)) < 2:
        raise WrongInput("y has one value", str(array[0])[:40], "two or more", "There is nothing to know.", field="y")
    return array


def is_regression(y: Array) -> bool:
    """Numbers with a fraction, or whole ones with more than 20 values: a quantity, not a class."""
    if y.dtype.kind == "f" and bool((y != np.floor(y)).any()):
        return True
    return y.dtype.kind in "iuf" and len(np.unique(y)) > 20


def beside(values: ArrayLike | None, n: int, field: str) -> Array | None:
    """A column that goes along with the rows, or none."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.ndim != 1 or len(array) != n:
        raise WrongInput(
            f"{field} does not fit", f"shape {array.shape}", f"one value for each of {n} rows", field=field
        )
    return array


def places(index: ArrayLike, n: int, field: str) -> Ints:
    """Row numbers, or a mask, as row numbers."""
    array = np.asarray(index)
    if array.dtype == np.bool_ and array.shape == (n,):
        return np.flatnonzero(array)
    if array.ndim != 1 or not array.size or array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= n:
        raise WrongInput(f"{field} does not fit", f"{array.dtype} of shape {array.shape}",
                         f"row numbers from 0 to {n - 1}, at least one", field=field)  # fmt: skip
    return array.astype(np.int64)


def _array(column: Any) -> Array:
    array = np.asarray(column)
    if array.dtype.kind == "O":
        gaps = np.array([each is None or each != each for each in array])
        if gaps.any() and not gaps.all():
            try:
                return np.array([np.nan if gap else float(each) for each, gap in zip(array, gaps, strict=True)])
            except (TypeError, ValueError):
                return np.array([None if gap else each for each, gap in zip(array, gaps, strict=True)], dtype=object)
    return array


def _is_continuous(column: Array) -> bool:
    if column.dtype.kind != "f":
        return False
    seen = column[np.isfinite(column)]
    return bool(seen.size and (seen != np.floor(seen)).any())
