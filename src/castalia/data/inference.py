"""What a column of text cells holds: numbers, whole numbers, yes or no, categories, dates or text.

A column is described as it streams by (:meth:`Guess.see`), then turned into an array on a second pass
(:meth:`Guess.array`); nothing of the size of the file is kept between the two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.rows import Column, Kind

MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>"})
"""Cells that stand for no value, in every column."""
MISSING_NUMBER = MISSING | {"?", "-", "--", ".", "None", "none", "na", "missing"}
"""Cells that stand for no value in a column that otherwise holds numbers, dates, true or false."""

MOST_CHOICES = 1000
LONGEST_CHOICE = 200
EXACT = 2**53
"""Whole numbers beyond this do not survive as float64; such a column is an identifier and stays text."""

_BOOLEANS = {"true": True, "false": False}
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?")


class Guess:
    """One column, as far as it has been seen."""

    def __init__(self, name: str, missing: Collection[str] = (), *, textual: bool = False) -> None:
        self.name = name
        self.missing = MISSING | frozenset(missing)
        self.missing_number = MISSING_NUMBER | frozenset(missing)
        self.rows = self.absent = self.absent_number = 0
        self.textual = textual
        """True where the source itself says that the cells are text (a string in JSON)."""
        self.number = self.integer = self.boolean = self.date = True
        self.low, self.high = math.inf, -math.inf
        self.counts: dict[str, int] = {}
        self.first = ""

    def see(self, cells: Sequence[str]) -> None:
        """Take in the next cells, already stripped of the space around them."""
        self.rows += len(cells)
        self.absent += sum(cell in self.missing for cell in cells)
        self.absent_number += sum(cell in self.missing_number for cell in cells)
        present = set(cells) - self.missing_number  # the same cell need not be tried twice
        if self.number:
            self._see_numbers(present)
        if self.boolean:
            self.boolean = all(cell.lower() in _BOOLEANS for cell in present)
        if self.date:
            self.date = all(is_date(cell) for cell in present)
        if len(self.counts) <= MOST_CHOICES:
            for cell in cells:
                if cell not in self.missing:
                    self.counts[cell] = self.counts.get(cell, 0) + 1
                    if len(self.counts) > MOST_CHOICES:
                        break
        if not self.first:
            self.first = next((cell for cell in cells if cell not in self.missing), "")

    def _see_numbers(self, cells: Iterable[str]) -> None:
        for cell in cells:
            value = as_number(cell)
            if value is None:
                self.number = self.integer = False
                return
            if self.integer and not (value.is_integer() and _looks_whole(cell)):
                self.integer = False
            if math.isfinite(value):
                self.low, self.high = min(self.low, value), max(self.high, value)

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
        numeric = kind in ("number", "integer")
        strict = kind in ("number", "integer", "boolean", "date")
        bounded = numeric and math.isfinite(self.low)
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
        if kind in ("number", "integer", "boolean", "date") and self.first in self.missing_number:
            return None
        value = self.value(self.first, kind) if self.first else None
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return int(value) if kind == "integer" and value is not None else value

    def value(self, cell: str, kind: Kind) -> Any:
        """One cell as a value of ``kind``; None where it is missing."""
        if kind in ("category", "text"):
            return None if cell in self.missing else cell
        if cell in self.missing_number:
            return None
        if kind == "boolean":
            return _BOOLEANS[cell.lower()]
        return cell if kind == "date" else as_number(cell)

    def array(self, cells: Sequence[str], kind: Kind) -> NDArray[Any]:
        """Cells as float64 with nan (numbers), else as objects with None: bool for boolean, str for the rest."""
        if kind in ("number", "integer"):
            gone = self.missing_number
            return np.array([math.nan if cell in gone else float(cell) for cell in cells], np.float64)
        out = np.empty(len(cells), object)
        known: dict[str, Any] = {}  # equal cells share one object: a category costs a pointer a row
        for i, cell in enumerate(cells):
            if cell not in known:
                known[cell] = self.value(cell, kind)
            out[i] = known[cell]
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


def _looks_whole(cell: str) -> bool:
    return "." not in cell and "e" not in cell and "E" not in cell
