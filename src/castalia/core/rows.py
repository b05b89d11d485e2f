"""Columns and rows: inputs whose fields are learnt from a table.

A table's columns may be called ``Monthly Charges`` or ``class``; ``Row.of(columns)`` builds a
``Record`` with one aliased field a column. The columns themselves travel in a model's manifest,
so that the shell, the form and HTTP know a fitted model's input without importing it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, cast

from pydantic import Field, create_model

from castalia.core.record import Record

Kind = Literal["number", "integer", "boolean", "category", "text", "date"]

_TYPES: Mapping[str, type] = {
    "number": float,
    "integer": int,
    "boolean": bool,
    "category": str,
    "text": str,
    "date": str,
}


class Column(Record):
    """One column of a table: what it holds, and what was seen in it."""

    name: str
    kind: Kind
    required: bool = False
    """True where no value was missing in training."""
    choices: tuple[str, ...] = ()
    """The categories that were seen. Others are accepted: a model must cope with the unseen."""
    minimum: float | None = None
    """Smallest number seen; a hint for a slider, not a bound."""
    maximum: float | None = None
    example: Any = None
    description: str = ""


class Row(Record):
    """One row of a table. ``Row.of(columns)`` makes the class for a given set of columns."""

    columns: ClassVar[tuple[Column, ...]] = ()

    @classmethod
    def of(cls, columns: Sequence[Column], name: str = "Row") -> type[Row]:
        """A ``Row`` class with one field a column, aliased to the column's own name."""
        seen = [column.name for column in columns]
        assert len(set(seen)) == len(seen), f"duplicate column names: {seen}"
        fields: dict[str, Any] = {f"c{i}": _field(column) for i, column in enumerate(columns)}
        made = create_model(name, __base__=Row, **fields)
        made.columns = tuple(columns)
        return cast(type[Row], made)

    def values(self) -> dict[str, Any]:
        """Column name to value; ``None`` where nothing was given."""
        return {column.name: getattr(self, f"c{i}") for i, column in enumerate(self.columns)}


def _field(column: Column) -> tuple[Any, Any]:
    python: Any = _TYPES[column.kind]
    description = column.description or f"Column {column.name} ({column.kind})."
    # pydantic 2.14 drops description and examples of an optional field that has both a constraint and
    # extra keys, so they travel among the extra keys as well.
    extra: dict[str, Any] = {"description": description}
    if column.example is not None:
        extra["examples"] = [column.example]
    if column.choices:
        extra["x-choices"] = list(column.choices)
    if column.minimum is not None:
        extra["x-minimum"] = column.minimum
    if column.maximum is not None:
        extra["x-maximum"] = column.maximum
    info: dict[str, Any] = {
        "alias": column.name,
        "title": column.name,
        "description": description,
        "json_schema_extra": extra,
    }
    if column.kind in ("category", "text", "date"):
        info["max_length"] = 10_000
    if column.required:
        return (python, Field(**info))
    return (python | None, Field(default=None, **info))
