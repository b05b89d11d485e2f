"""What a column of text cells holds: numbers, whole numbers, yes or no, categories, dates or text.

A column is described as it streams by (:meth:`Guess.see`), then turned into an array on a second pass
(:meth:`Guess.array`); nothing of the size of the file is kept between the two.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.rows import Column, Kind

Cell = str | None
"""One cell as text; None where the source itself says that there is nothing (CSV cannot)."""

MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>"})
"""Cells that stand for no value, in every column of a source that cannot say so itself. Fewer than ``cells.MISSING``,
and in these cases only: a reader reports what is there, cleaning is asked to guess."""
MISSING_NUMBER = MISSING | {"?", "-", "--", ".", "None", "none", "na", "missing"}
"""Cells that stand for no value in a column that otherwise holds numbers, dates, true or false."""

MOST_CHOICES = 1000
LONGEST_CHOICE = 200
EXACT = 2**53
"""Whole numbers beyond this do not survive as float64; such a column is an identifier and stays text."""

NUMERIC = ("number", "integer")
_BOOLEANS = {"true": True, "false": False}
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?")
_LEADING_ZERO = re.compile(r"(?m)^[+-]*0\d")


class Guess:
    """One column, as far as it has been seen.

    ``missing`` holds the words for no value; left out, they are :data:`MISSING` and, among numbers, dates and
    booleans, :data:`MISSING_NUMBER`. Where the source ``says_missing`` itself (``null`` in JSON), no word is taken
    for a missing value unless it is asked for.
    """

    def __init__(self, name: str, missing: Collection[str] | None = None, *, says_missing: bool = False) -> None:
        self.name = name
        given: frozenset[Cell] = frozenset(missing or ())
        default = missing is None and not says_missing
        always: frozenset[Cell] = frozenset({None} if says_missing else {None, ""})
        self.missing: frozenset[Cell] = always | (MISSING if default else given)
        self.missing_number: frozenset[Cell] = always | (MISSING_NUMBER if default else given)
        self.rows = self.absent = self.absent_number = 0
        self.textual = False
        self.number = self.integer = self.boolean = self.date = True
        self.low, self.high = math.inf, -math.inf
        self.counts: dict[str, int] = {}
        self.first: Cell = None
        self._shared: dict[Cell, Any] = {}
        self._plain = not any(word and as_number(word) is not None for word in self.missing_number)

    def see(self, cells: Sequence[Cell]) -> None:
        """Take in the next cells."""
        counts = Counter(cells)  # the same cell need not be tried twice
        self.rows += len(cells)
        self.absent += sum(counts[word] for word in self.missing)
        self.absent_number += sum(counts[word] for word in self.missing_number)
        present = [cell for cell in counts if cell is not None and cell not in self.missing_number]
        if self.number and not self.textual:
            self._see_numbers(present)
        if self.boolean:
            self.boolean = all(cell.lower() in _BOOLEANS for cell in present)
        if self.date:
            self.date = all(map(is_date, present))
        if len(self.counts) <= MOST_CHOICES:
            for cell, times in counts.items():
                if cell is not None and cell not in self.missing:
                    self.counts[cell] = self.counts.get(cell, 0) + times
                    if len(self.counts) > MOST_CHOICES:
                        break
        if self.first is None:
            self.first = next((cell for cell in counts if cell not in self.missing), None)

    def _see_numbers(self, cells: Sequence[str]) -> None:
        joined = "\n".join(cells)
        values: list[float] = []
        if joined.isascii() and "_" not in joined and not _LEADING_ZERO.search(joined):
            try:
                values = list(map(float, cells))
            except ValueError:
                self.number = self.integer = False
                return
        else:
            for cell in cells:  # a line end inside a cell may have looked like the beginning of another
                if (value := as_number(cell)) is None:
                    self.number = self.integer = False
                    return
                values.append(value)
        array = np.array(values, np.float64)
        finite = array[np.isfinite(array)]
        self.integer = self.integer and len(finite) == len(values) and not set(".eE") & set(joined)
        if len(finite):
            self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))

    @property
    def kind(self) -> Kind:
        if self.rows > self.absent_number and not self.textual:
            if self.number and not (self.integer and max(abs(self.low), abs(self.high)) >= EXACT):
                return "integer" if self.integer else "number"
            if self.boolean:
                return "boolean"
        if self.rows > self.absent_number and self.date:
            return "date"
        return "category" if self._is_category() else "text"

    def _is_category(self) -> bool:
        distinct, present = len(self.counts), self.rows - self.absent
        if not distinct or distinct > MOST_CHOICES or max(map(len, self.counts)) > LONGEST_CHOICE:
            return False
        return distinct <= 20 or distinct * 10 <= present

    def column(self, description: str = "") -> Column:
        """What was seen, as core describes a column."""
        kind = self.kind
        strict = kind in ("number", "integer", "boolean", "date")
        bounded = kind in NUMERIC and math.isfinite(self.low)
        return Column(
            name=self.name,
            kind=kind,
            required=self.rows > 0 and not (self.absent_number if strict else self.absent),
            choices=tuple(sorted(self.counts)) if kind == "category" else (),
            minimum=self.low if bounded else None,
            maximum=self.high if bounded else None,
            example=self._example(kind),
            description=description,
        )

    def _example(self, kind: Kind) -> Any:
        if kind == "category":
            return max(self.counts, key=lambda cell: self.counts[cell])
        if self.first is None or (kind != "text" and self.first in self.missing_number):
            return None
        value = self.value(self.first, kind)
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return int(value) if kind == "integer" else value

    def value(self, cell: Cell, kind: Kind) -> Any:
        """One cell as a value of ``kind``; None where it is missing. ValueError where it is no such value."""
        if kind in ("category", "text"):
            return None if cell in self.missing else cell
        if cell is None or cell in self.missing_number:
            return None
        if kind == "boolean":
            if cell.lower() not in _BOOLEANS:
                raise ValueError("true or false")
            return _BOOLEANS[cell.lower()]
        if kind == "date":
            if not is_date(cell):
                raise ValueError("an ISO date such as 2026-01-31")
            return cell
        if "_" in cell or not cell.isascii():
            raise ValueError("a number")
        try:
            number = float(cell)
        except ValueError:
            raise ValueError("a number") from None
        if kind == "integer" and not (number.is_integer() and abs(number) <= EXACT):
            raise ValueError(f"a whole number up to {EXACT:,}")
        return number

    def array(self, cells: Sequence[Cell], kind: Kind) -> NDArray[Any]:
        """Cells as float64 with nan (numbers), else as objects with None: bool for boolean, str for the rest.

        The kind is the one that was guessed: then every cell fits. See :meth:`checked` for another one.
        """
        if kind in NUMERIC:
            if self._plain:
                try:
                    return np.fromiter(map(float, cells), np.float64, len(cells))  # type: ignore[arg-type]
                except (TypeError, ValueError):
                    pass  # a missing cell among them
            gone = self.missing_number
            return np.array([math.nan if cell in gone else float(cell or "") for cell in cells], np.float64)
        out = np.empty(len(cells), object)
        if kind in ("boolean", "category"):  # equal cells share one object: a category costs a pointer a row
            for cell in set(cells) - self._shared.keys():
                self._shared[cell] = self.value(cell, kind)
            out[:] = list(map(self._shared.__getitem__, cells))
            return out
        gone = self.missing if kind == "text" else self.missing_number
        out[:] = cells if gone.isdisjoint(cells) else [None if cell in gone else cell for cell in cells]
        return out

    def checked(self, cells: Sequence[Cell], kind: Kind) -> NDArray[Any]:
        """:meth:`array` of a kind that was given. ValueError of ``(place, expected)`` of a cell that does not fit."""
        values: list[Any] = []
        for place, cell in enumerate(cells):
            try:
                values.append(self.value(cell, kind))
            except ValueError as error:
                raise ValueError(place, str(error)) from None
        if kind in NUMERIC:
            return np.array([math.nan if value is None else value for value in values], np.float64)
        out = np.empty(len(values), object)
        out[:] = values
        return out


def as_number(cell: str) -> float | None:
    """The number a cell writes, else None. ``007``, ``1_000`` and digits of other scripts write none.

    A leading zero makes an identifier (a postal code), and would be lost as a number.
    """
    digits = cell.lstrip("+-")
    if (digits[:1] == "0" and digits[1:2].isdigit()) or "_" in cell or not cell.isascii():
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def is_date(cell: str) -> bool:
    """True for an ISO 8601 date or date and time. ``1/2/2026`` is none: nobody can say which month it is."""
    if not _DATE.fullmatch(cell):
        return False
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True
