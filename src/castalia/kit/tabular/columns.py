"""A column in memory as a file can declare it: numbers, whole numbers, booleans or text, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.kit.tabular.inference import EXACT
from castalia.kit.tabular.typed import Declared

_WIDEST = 2**63


class Plain(NamedTuple):
    """Values of one kind and where they are missing; a missing value is 0, False or an empty text among the values."""

    declared: Declared
    values: NDArray[Any]
    """float64, int64, uint64, bool, or objects that are all str."""
    gone: NDArray[np.bool_]

    @property
    def repeats(self) -> bool:
        """True for text of few different values."""
        return self.declared == "text" and len(set(self.values)) * 10 <= len(self.values)

    def as_read(self) -> NDArray[Any]:
        """The array that reading gives for this column: float64 with nan, or objects with None."""
        if self.declared == "number":
            return self.values
        if self.declared in ("integer", "wide"):
            if not self._exact():
                return self._objects([str(value) for value in self.values.tolist()])
            out = self.values.astype(np.float64)
            out[self.gone] = math.nan
            return out
        return self._objects(self.values.tolist())

    def _exact(self) -> bool:
        return not len(self.values) or max(abs(int(self.values.min())), abs(int(self.values.max()))) < EXACT

    def _objects(self, values: Sequence[Any]) -> NDArray[Any]:
        out = np.empty(len(values), object)
        out[:] = values
        out[self.gone] = None
        return out


def plain(name: str, column: Any) -> Plain:
    """One column of a Table. :class:`WrongInput` where its values are of several kinds, or of none that is plain."""
    array = column if isinstance(column, np.ndarray) else None
    if array is not None and array.ndim != 1:
        raise _wrong(name, f"an array of shape {array.shape}", "one value a row", "Write one column for each of them.")
    if array is not None and array.dtype.kind in "biuf":
        return _of_numbers(array)
    if array is not None and array.dtype.kind == "M":
        column = [None if text == "NaT" else text for text in iso_dates(name, array)]
    values = [value.item() if isinstance(value, np.generic) else value for value in column]
    gone = np.fromiter(map(is_missing, values), bool, len(values))
    kept = [value for value in values if not is_missing(value)]
    types: set[Any] = {type(value) for value in kept or values if value is not None}
    if all(issubclass(each, bool) for each in types) and types:
        return Plain("boolean", _filled(values, gone, False, bool), gone)
    if any(issubclass(each, bool) for each in types):
        pass  # True among numbers is no number
    elif all(issubclass(each, int) for each in types) and types:
        low, high = min(kept), max(kept)
        if low < -_WIDEST or high >= (2 * _WIDEST if low >= 0 else _WIDEST):
            raise _wrong(name, shown(high if high > -low else low), "whole numbers of 64 bits", "Write them as text.")
        return Plain("wide", _filled(values, gone, 0, np.int64 if high < _WIDEST else np.uint64), gone)
    elif all(issubclass(each, int | float | Decimal) for each in types) and types:
        if rounded := next((value for value in kept if isinstance(value, int) and int(float(value)) != value), None):
            raise _wrong(name, f"{rounded} among fractions", "numbers that float64 can hold", "Write them as text.")
        return Plain("number", _filled(values, gone, math.nan, np.float64), gone)
    elif all(issubclass(each, str) for each in types):
        return Plain("text", _filled(values, gone, "", object), gone)
    elif not kept or all(issubclass(each, date) for each in types):
        texts = [None if absent else value.isoformat() for value, absent in zip(values, gone, strict=True)]
        return Plain("text", _filled(texts, gone, "", object), gone)
    found = sorted({each.__name__ for each in types})
    expected = "values of one kind: numbers, text, dates, or true and false"
    raise _wrong(name, ", ".join(found), expected, "Turn them into one kind first, for instance into text.")


def is_missing(value: object) -> bool:
    """None, NaN, and pandas' NA and NaT, without importing pandas."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType")


def _of_numbers(array: NDArray[Any]) -> Plain:
    nowhere = np.zeros(len(array), bool)
    if array.dtype.kind == "b":
        return Plain("boolean", array, nowhere)
    if array.dtype.kind == "f":
        values = array.astype(np.float64)
        return Plain("number", values, np.isnan(values))
    wide = np.uint64 if array.dtype == np.uint64 else np.int64
    return Plain("wide", array.astype(wide), nowhere)


def iso_dates(name: str, values: NDArray[Any]) -> list[str]:
    """ISO texts of datetime64: dates for units of a day and more, else dates and times; ``NaT`` where there is none."""
    if np.datetime_data(values.dtype)[0] in ("Y", "M", "W", "D"):
        return [str(text) for text in np.datetime_as_string(values.astype("datetime64[D]"))]
    fine = values.astype("datetime64[us]")
    there = ~np.isnat(values)
    if not np.array_equal(fine.astype(values.dtype)[there], values[there]):
        cure = "Round the column first, or leave it out."
        raise _wrong(name, "times finer than a microsecond", "microseconds at most", cure)
    return [str(text).removesuffix(".000000") for text in np.datetime_as_string(fine)]


def _filled(values: Sequence[Any], gone: NDArray[np.bool_], empty: Any, dtype: Any) -> NDArray[Any]:
    out = np.empty(len(values), dtype)
    out[:] = [empty if absent else value for value, absent in zip(values, gone.tolist(), strict=True)]
    return out


def _wrong(name: str, got: str, expected: str, cure: str) -> WrongInput:
    return WrongInput(f"Column {shown(name, 60)} is no column of plain values", got, expected, cure, field=name[:80])
