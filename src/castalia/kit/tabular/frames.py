"""Tables of any library as columns of NumPy, and back to the library they came from.

Inside, a column is one of three: numbers or booleans (a NumPy array, not copied where the library lends its memory),
times (``datetime64``, by the clock of the column's own zone; in UTC where a list has several), or objects with None
where a value is missing. Whole numbers beyond 2^53 beside a missing value are objects too. None, NaN, NA and NaT mean
the same. No library is imported here (but pyarrow.compute for Arrow's zones): who hands in a frame has imported
its library.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput, did_you_mean
from castalia.core.record import shown
from castalia.core.table import Table

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

EXACT = 2**53
"""Whole numbers beyond this do not survive as float64."""


class Frame:
    """Columns by name, and what is needed to hand back a table of the same library."""

    __slots__ = ("columns", "like", "origin", "rows")

    def __init__(self, columns: dict[str, Array], rows: int, like: str = "dict", origin: Any = None) -> None:
        self.columns, self.rows, self.like, self.origin = columns, rows, like, origin

    @classmethod
    def of(cls, table: Any) -> Frame:
        """From pandas, Polars, Arrow, NumPy (2-D: columns x0, x1, ...), a Table, or a dict of columns."""
        if isinstance(table, Frame):
            return table
        library = type(table).__module__.partition(".")[0]
        if library == "pandas" and hasattr(table, "columns"):
            names = _names(table.columns)
            found = {name: _pandas(table.iloc[:, i]) for i, name in enumerate(names)}
            return cls(found, len(table), "pandas", table.index)
        if library == "polars":
            if type(table).__name__ == "LazyFrame":
                raise WrongInput("a lazy table has no rows yet", "a LazyFrame", "a DataFrame", "Call .collect() first.")
            if hasattr(table, "columns"):
                return cls({name: _polars(table[name]) for name in table.columns}, table.height, "polars")
        if library == "pyarrow" and hasattr(table, "column_names"):
            names = _names(table.column_names)
            return cls({name: _arrow(table.column(i)) for i, name in enumerate(names)}, table.num_rows, "pyarrow")
        if isinstance(table, np.ndarray):
            if table.ndim != 2:
                raise WrongInput(
                    "a table has rows and columns", f"an array of shape {table.shape}", "two axes",
                    "A single column is x[:, None].", field="table",
                )  # fmt: skip
            return cls({f"x{i}": column(table[:, i]) for i in range(table.shape[1])}, len(table), "numpy", table)
        if isinstance(table, Table):
            return cls._of_columns(table.columns, "table", table.like)
        if isinstance(table, Mapping):
            return cls._of_columns(table, "dict", None)
        raise WrongInput(
            "this is no table", shown(type(table).__name__),
            "a pandas, Polars or Arrow table, a 2-D array, or a dict of columns", field="table",
        )  # fmt: skip

    @classmethod
    def _of_columns(cls, columns: Mapping[str, Any], like: str, origin: Any) -> Frame:
        found = {}
        for name, values in zip(_names(columns), columns.values(), strict=True):
            if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
                raise WrongInput(
                    f"{name} is no column", shown(values), "a list or an array of one value a row",
                    "One row is for .row(), a table has a list a column.", field=name,
                )  # fmt: skip
            found[name] = column(values)
        lengths = {name: len(values) for name, values in found.items()}
        if len(set(lengths.values())) > 1:
            raise WrongInput("columns differ in length", shown(lengths), "one length", field="table")
        return cls(found, next(iter(lengths.values()), 0), like, origin)

    def back(self, columns: dict[str, Array]) -> Any:
        """The columns as a table of the library this frame came from; pandas keeps its index, NumPy its two axes."""
        if self.like == "numpy":
            return matrix(columns, self.rows)
        if self.like == "pandas":
            return sys.modules["pandas"].DataFrame(columns, index=self.origin)
        if self.like == "polars":
            polars = sys.modules["polars"]
            return polars.DataFrame([_to_polars(polars, name, values) for name, values in columns.items()])
        if self.like == "pyarrow":
            arrow = sys.modules["pyarrow"]
            return arrow.table({name: arrow.array(values, from_pandas=True) for name, values in columns.items()})
        return Table(cast(Mapping[str, Sequence[Any]], columns), self.origin) if self.like == "table" else columns


def matrix(columns: Mapping[str, Array], rows: int) -> Array:
    """(rows, columns): float64 where all are numbers, else objects; each column in one piece of memory."""
    kind: type = np.float64 if all(values.dtype.kind in "biuf" for values in columns.values()) else object
    out: Array = np.empty((rows, len(columns)), kind, order="F")
    for i, values in enumerate(columns.values()):
        out[:, i] = values
    return out


def column(values: Any) -> Array:
    """One column in the form kept inside: from a list, an array, or a column of pandas, Polars or Arrow."""
    library = type(values).__module__.partition(".")[0]
    if library == "pandas" and hasattr(values, "dtype"):
        return _pandas(values)
    if library == "polars":
        return _polars(values)
    if library == "pyarrow":
        return _arrow(values)
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise WrongInput("a column has one axis", f"shape {values.shape}", "one axis", field="table")
        if values.dtype.kind in "biufM":
            return values
        if values.dtype.kind not in "OUS":
            raise WrongInput(f"a column of {values.dtype}", "", "numbers, text, booleans or times", field="table")
        values = values.tolist()
    return objects(values)


def objects(values: Iterable[Any]) -> Array:
    """Python values as a column: numbers, booleans and times where all that is present is of that kind."""
    listed = values if isinstance(values, list) else list(values)
    kinds = set(map(type, listed))
    if kinds == {str}:
        return _as_objects(listed)
    if kinds - {str, int, bool}:
        listed = [None if _gone(value) else value for value in listed]
        kinds = set(map(type, listed))
    missing = type(None) in kinds
    kinds.discard(type(None))
    if not kinds or str in kinds:
        return _as_objects(listed)
    if all(kind is bool or issubclass(kind, np.bool_) for kind in kinds):
        return _as_objects([None if v is None else bool(v) for v in listed]) if missing else np.array(listed, np.bool_)
    if all(issubclass(kind, int | float | np.integer | np.floating | Decimal) and kind is not bool for kind in kinds):
        if all(issubclass(kind, int | np.integer) for kind in kinds):
            present = [int(value) for value in listed if value is not None]
            low, high = min(present), max(present)
            if not missing and low >= -(2**63) and high < 2**63:
                return np.array(present, np.int64)
            if max(-low, high) > EXACT:
                return _as_objects([None if value is None else int(value) for value in listed])
        return np.array([np.nan if value is None else float(value) for value in listed], np.float64)
    if all(issubclass(kind, date | np.datetime64) for kind in kinds):
        return _moments(listed)
    return _as_objects(listed)


def missing(values: Array) -> Bools:
    """(n,) True where a value is missing."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "M":
        return np.isnat(values)
    if values.dtype.kind == "O":
        return np.fromiter((value is None for value in values), np.bool_, len(values))
    return np.zeros(len(values), np.bool_)


def numbers(values: Array, name: str, cure: str = "") -> Floats:
    """(n,) float64 with NaN where missing, not copied where it already is; WrongInput where it holds something else."""
    if values.dtype.kind in "biuf":
        return values.astype(np.float64, copy=False)
    if values.dtype.kind == "O" and all(value is None or isinstance(value, int) for value in values):
        return np.array([np.nan if value is None else float(value) for value in values], np.float64)
    found = next((value for value in values if value is not None), None)
    raise WrongInput(
        f"column {name} is not made of numbers", shown(found), "numbers",
        cure or "Send it to an encoder, or clean the table first: Chain(Clean(), ...), Columns({...}).", field=name,
    )  # fmt: skip


def same_names(have: Iterable[str], want: Sequence[str], step: str) -> None:
    """WrongInput where a table lacks a column a step has learnt, or has one it has not."""
    have = list(have)
    if list(want) == have:
        return
    lacking = [name for name in want if name not in have]
    more = [name for name in have if name not in want]
    if lacking:
        raise WrongInput(
            f"{step}: the table has no column {lacking[0]!r}", shown(have), f"the columns of fit: {shown(list(want))}",
            f"Give the same columns as in fit.{did_you_mean(lacking[0], more)}", field=lacking[0],
        )  # fmt: skip
    if more:
        raise WrongInput(
            f"{step}: column {more[0]!r} was not there in fit", shown(have), f"the columns of fit: {shown(list(want))}",
            "Leave it out, or fit again.", field=more[0],
        )  # fmt: skip


def _names(names: Iterable[Any]) -> list[str]:
    listed = [str(name) for name in names]
    if len(set(listed)) < len(listed):
        twice = next(name for i, name in enumerate(listed) if name in listed[:i])
        raise WrongInput(f"two columns are called {twice!r}", shown(listed), "names that differ", field=twice)
    return listed


def _gone(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating | np.datetime64 | Decimal) and value != value


def _as_objects(values: list[Any]) -> Array:
    out = np.empty(len(values), object)
    out[:] = values
    return out


def _moments(listed: list[Any]) -> Array:
    """Times by the clock of their zone where all have the same; else in UTC, as which those without one are taken."""
    clocks = [value.tzinfo if isinstance(value, datetime) else None for value in listed if value is not None]
    several = any(clock != clocks[0] for clock in clocks)
    out = np.full(len(listed), np.datetime64("NaT", "us"), "datetime64[us]")
    for i, value in enumerate(listed):
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = (value.astimezone(UTC) if several else value).replace(tzinfo=None)
        if value is not None:
            out[i] = np.datetime64(value).astype("datetime64[us]")
    return out


def _pandas(values: Any) -> Array:
    kind = values.dtype.kind
    if isinstance(values.dtype, np.dtype) and kind in "biufM":
        return np.asarray(values)
    if type(values.dtype).__name__ == "ArrowDtype":
        return _arrow(sys.modules["pyarrow"].array(values))
    if kind in "iuf":
        if not values.isna().any():
            return np.asarray(values.to_numpy())
        floats = np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        return floats if kind == "f" or _small(floats) else objects(values.to_numpy(dtype=object).tolist())
    if kind == "M":
        return np.asarray(values.dt.tz_localize(None).to_numpy())
    return objects(values.to_numpy(dtype=object).tolist())


def _polars(values: Any) -> Array:
    kind = values.dtype
    if kind.is_numeric():
        made = np.asarray((values.cast(sys.modules["polars"].Float64) if kind.is_decimal() else values).to_numpy())
        whole = kind.is_integer() and made.dtype.kind == "f"
        return made if not whole or _small(made) else objects(values.to_list())
    if str(kind) == "Date" or str(kind).startswith("Datetime"):
        zoned = getattr(kind, "time_zone", None) is not None
        return np.asarray((values.dt.replace_time_zone(None) if zoned else values).to_numpy())
    return objects(values.to_list())


def _arrow(values: Any) -> Array:
    kind, arrow = values.type, sys.modules["pyarrow"]
    if arrow.types.is_integer(kind) or arrow.types.is_floating(kind):
        made = np.asarray(values.to_numpy(zero_copy_only=False))
        whole = arrow.types.is_integer(kind) and made.dtype.kind == "f"
        return made if not whole or _small(made) else objects(values.to_pylist())
    if arrow.types.is_timestamp(kind) or arrow.types.is_date(kind):
        if getattr(kind, "tz", None) is not None:
            values = importlib.import_module("pyarrow.compute").local_timestamp(values)
        unit = arrow.timestamp(kind.unit if arrow.types.is_timestamp(kind) else "us")
        return np.asarray(values.cast(unit).to_numpy(zero_copy_only=False))
    return objects(values.to_pylist())


def _small(x: Array) -> bool:
    """Whether whole numbers survived as float64."""
    return bool((np.abs(x[~np.isnan(x)]) < EXACT).all())


def _to_polars(polars: Any, name: str, values: Array) -> Any:
    if values.dtype.kind == "O":
        return polars.Series(name, values.tolist(), strict=False)
    return polars.Series(name, np.ascontiguousarray(values), nan_to_null=values.dtype.kind == "f")
