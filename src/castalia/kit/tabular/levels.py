"""Distinct values of a column, in order, and each row's place among them.

Text, numbers and booleans are taken; whole floats are whole numbers, since a hole in a column of integers makes them
floats in some libraries. Times are their ISO text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.kit.tabular.frames import Array, Ints

Level = StrictBool | StrictInt | StrictFloat | StrictStr

MISSING, UNKNOWN = -1, -2
"""Codes of a value that is missing, and of one that is not among the levels."""

_WIDE = 4


def level(value: Any) -> Any:
    """A value as it is kept: a Python scalar, whole floats as int, None where missing."""
    if value is None or value != value:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, bool | int | float | str) else str(value)


def factorize(values: Array, name: str) -> tuple[list[Any], Ints]:
    """Distinct levels in ascending order, and the (n,) code of every row; -1 where missing."""
    if values.dtype.kind == "M":
        values = _times(values)
    if values.dtype.kind == "O":
        found = {value: level(value) for value in _hashed(values, name)}
        known = sorted({each for each in found.values() if each is not None}, key=_order)
        places = {each: i for i, each in enumerate(known)}
        index = {value: places.get(each, MISSING) for value, each in found.items()}
        return known, np.fromiter(map(index.__getitem__, values.tolist()), np.int64, len(values))
    if values.dtype.kind in "iub" and values.size:
        low, high = int(values.min()), int(values.max())
        if high - low < _WIDE * len(values) + 1000:
            return _counted(values, low, high)
    distinct, codes = np.unique(values, return_inverse=True)
    codes = codes.astype(np.int64, copy=False)
    if distinct.dtype.kind == "f" and len(distinct) and np.isnan(distinct[-1]):
        codes[codes == len(distinct) - 1] = MISSING
        distinct = distinct[:-1]
    return [level(each) for each in distinct.tolist()], codes


def _counted(values: Array, low: int, high: int) -> tuple[list[Any], Ints]:
    """Whole numbers close together: a table of places instead of a sort."""
    offset = (values - values.min()).astype(np.int64) if values.dtype.kind == "u" else values.astype(np.int64) - low
    distinct = np.flatnonzero(np.bincount(offset, minlength=high - low + 1))
    place = np.zeros(high - low + 1, np.int64)
    place[distinct] = np.arange(len(distinct))
    as_bool = values.dtype.kind == "b"
    found = (int(each) + low for each in distinct)
    return [bool(each) if as_bool else each for each in found], place[offset]


class Levels:
    """Known levels, to find the code of a value in."""

    __slots__ = ("_numeric", "_places", "index")

    def __init__(self, levels: Sequence[Any]) -> None:
        self.index: Mapping[Any, int] = {each: i for i, each in enumerate(levels)}
        plain = all(isinstance(each, int | float) for each in levels) and len(levels) > 0
        self._numeric = self._places = None
        if plain:
            as_numbers = np.array([float(each) for each in levels])
            order = np.argsort(as_numbers, kind="stable")
            self._numeric, self._places = as_numbers[order], order
            if any(float(each) != each for each in levels):  # identifiers beyond 2**53
                self._numeric = None

    def codes(self, values: Array, name: str) -> Ints:
        """(n,) the place of each value; -1 where missing, -2 where it is none of the levels."""
        if self._numeric is not None and self._places is not None and _is_exact(values):
            x = values.astype(np.float64, copy=False)
            at = np.minimum(np.searchsorted(self._numeric, x), len(self._numeric) - 1)
            codes = np.where(self._numeric[at] == x, self._places[at], UNKNOWN)
            codes[np.isnan(x)] = MISSING
            return codes
        if values.dtype.kind == "M":
            values = _times(values)
        listed = values.tolist()
        found = {value: self.code(value) for value in _hashed(listed, name)}
        return np.fromiter(map(found.__getitem__, listed), np.int64, len(listed))

    def code(self, value: Any) -> int:
        """The place of one value."""
        found = self.index.get(value)
        if found is not None:
            return found
        each = level(value)
        return MISSING if each is None else self.index.get(each, UNKNOWN)


def _is_exact(values: Array) -> bool:
    """True for numbers that float64 holds exactly: whole ones beyond 2^53 would meet their neighbours."""
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 8 or not values.size:
        return values.dtype.kind in "biuf"
    return int(values.min()) >= -(2**53) and int(values.max()) <= 2**53


def _order(value: Any) -> tuple[str, Any]:
    return ("", value) if isinstance(value, int | float) else (type(value).__name__, value)


def _times(values: Array) -> Array:
    out = np.datetime_as_string(values.astype("datetime64[us]")).astype(object)
    out[np.isnat(values)] = None
    return out


def _hashed(values: Iterable[Any], name: str) -> dict[Any, None]:
    try:
        return dict.fromkeys(values)
    except TypeError:
        wrong = next(value for value in values if getattr(value, "__hash__", None) is None)
        raise WrongInput(
            f"column {name} holds {type(wrong).__name__}", shown(wrong), "text, numbers or booleans",
            "Take the parts apart into columns of their own.", field=name,
        ) from None  # fmt: skip
