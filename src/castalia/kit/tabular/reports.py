"""What cleaning changed and noticed, in records and in lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from castalia.core.record import Record
from castalia.kit.tabular.cells import trimmed
from castalia.kit.tabular.frames import Frame
from castalia.kit.tabular.levels import factorize


class Change(Record):
    """One thing that was found in a column, or done to it."""

    column: str
    what: str
    rows: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        examples = f": {', '.join(self.examples)}" if self.examples else ""
        return f"{self.column or 'the table'}: {self.what} ({self.rows} rows){examples}"


class Report(Record):
    """What was changed and what was noticed; ``str()`` is a line each."""

    rows: int
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.rows} rows, {len(self.changes)} findings", *map(str, self.changes)])

    def of(self, column: str) -> tuple[Change, ...]:
        """The findings of one column."""
        return tuple(each for each in self.changes if each.column == column)


def copies(frame: Frame) -> int:
    """Rows that are equal to an earlier one in every column."""
    if frame.rows < 2:
        return 0
    seen = np.zeros(frame.rows, np.int64)
    for name, values in frame.columns.items():
        _, codes = factorize(values, name)
        _, seen = np.unique(seen * (codes.max() + 2) + codes + 1, return_inverse=True)
        if int(seen.max()) + 1 == frame.rows:
            return 0
    return frame.rows - int(seen.max()) - 1


def renamed(names: list[str], how: str) -> list[str]:
    """Names of columns trimmed, or in snake case: none empty, no two the same."""
    if how == "keep":
        return names
    out: list[str] = []
    for place, name in enumerate(names, start=1):
        new = trimmed(name)
        if how == "snake":
            new = "_".join("".join(c if c.isalnum() else " " for c in new).lower().split())
        new, number_of = new or f"column_{place}", 2
        base = new
        while new in out:
            new, number_of = f"{base}_{number_of}", number_of + 1
        out.append(new)
    return out


def as_text(value: Any) -> str:
    """A value of a mixed column as the text it was most likely written as."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
