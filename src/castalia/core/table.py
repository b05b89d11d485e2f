"""Table: named columns of equal length, from any of the libraries people hold tables in, and back."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from castalia.core.errors import Unavailable, WrongInput, did_you_mean
from castalia.core.record import shown

MAX_CELLS = 20_000_000
SHOWN_ROWS, SHOWN_COLUMNS, SHOWN_LETTERS = 10, 30, 80
"""What a notebook shows of a table."""
LIBRARIES = {
    "pandas": "pip install pandas",
    "polars": "pip install 'castalia[data]'",
    "pyarrow": "pip install 'castalia[data]'",
    "numpy": "pip install numpy",
}
"""What a table can become, and how to get it."""


class Table:
    """Named columns of equal length; from pandas, Polars, Arrow, NumPy columns or lists, and back."""

    __slots__ = ("columns", "like")

    def __init__(self, columns: Mapping[str, Sequence[Any]], like: str = "dict") -> None:
        """Keep the columns; ValueError where lengths differ or there are too many cells."""
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of equal length, not {shown(lengths)}")
        if sum(lengths.values()) > MAX_CELLS:
            raise ValueError(f"at most {MAX_CELLS:,} cells, not {sum(lengths.values()):,}")
        if not all(isinstance(name, str) for name in columns):
            raise ValueError("column names that are text")
        self.columns: dict[str, Sequence[Any]] = dict(columns)
        self.like = like

    @classmethod
    def of(cls, value: Any) -> Table:
        """From a Table, ``{"columns": {name: values}}``, a dict of columns, a pandas/Polars/Arrow table, or a 2-D
        array.
        """
        if isinstance(value, cls):
            return value
        library = type(value).__module__.split(".")[0]
        if library == "pandas":
            return cls({str(name): value[name].to_numpy() for name in value.columns}, "pandas")
        if library == "polars":
            return cls({name: value[name].to_list() for name in value.columns}, "polars")
        if library == "pyarrow":
            return cls(value.to_pydict(), "pyarrow")
        if library == "numpy" and getattr(value, "ndim", 0) == 2:
            return cls({f"x{i}": value[:, i] for i in range(value.shape[1])}, "numpy")
        if isinstance(value, Mapping):
            columns = value["columns"] if set(value) == {"columns"} and isinstance(value["columns"], Mapping) else value
            if all(hasattr(column, "__len__") and not isinstance(column, str | bytes) for column in columns.values()):
                return cls(columns)
        raise ValueError("a table: an object of columns, a pandas, Polars or Arrow table, or an array of two axes")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __repr__(self) -> str:
        return f"Table({len(self)} rows: {', '.join(self.columns)})"

    def __getitem__(self, name: Any) -> Sequence[Any]:
        """A column by its name; :class:`WrongInput` with the nearest name where there is none."""
        if isinstance(name, str) and name in self.columns:
            return self.columns[name]
        known = ", ".join(list(self.columns)[:12]) + (" ..." if len(self.columns) > 12 else "")
        cure = f"Take a name of the table.{did_you_mean(str(name), self.columns)}"
        if not isinstance(name, str):
            cure = "Take one column by its name; table.native('pandas') can be cut in other ways."
        raise WrongInput(f"The table has no column {shown(name, 60)}", shown(name, 60), f"one of: {known}", cure)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        """The names of the columns."""
        return iter(self.columns)

    def _repr_html_(self) -> str:
        """The first rows and columns, for a notebook."""
        names = list(self.columns)[:SHOWN_COLUMNS]
        rows = zip(*(self.columns[name][:SHOWN_ROWS] for name in names), strict=True)
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
        said = f"{len(self):,} rows, {len(self.columns):,} columns"
        if len(self) > SHOWN_ROWS or len(self.columns) > SHOWN_COLUMNS:
            said += f"; the first {min(len(self), SHOWN_ROWS)} and {len(names)} are shown"
        return f"<table><caption>{said}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def rows(self) -> Iterator[dict[str, Any]]:
        """One dict a row."""
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def native(self, like: str = "") -> Any:
        """The table as the library it came from (or ``like``): pandas, polars, pyarrow, numpy (2-D) or a dict.

        :class:`Unavailable` where that library is not installed.
        """
        like = like or self.like
        if like == "dict":
            return self.columns
        if like not in LIBRARIES:
            known = ("dict", *LIBRARIES)
            cure = f"Name one of them.{did_you_mean(like, known)}"
            raise WrongInput("There is no such kind of table", shown(like, 40), ", ".join(known), cure, field="like")
        try:
            library = importlib.import_module(like)
        except ImportError:
            raise Unavailable(
                f"A table as {like} needs {like}", f"no {like}", f"{like} installed", LIBRARIES[like], field="like"
            ) from None
        if like == "numpy":
            return library.column_stack(list(self.columns.values())) if self.columns else library.empty((0, 0))
        made = library.table(self.columns) if like == "pyarrow" else library.DataFrame(self.columns)
        return made

    def plain(self) -> dict[str, Any]:
        """JSON-ready: lists of Python values, NaN as null."""
        return {"columns": {name: [_plain(value) for value in column] for name, column in self.columns.items()}}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(lambda table: table.plain())
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        columns = {"type": "object", "additionalProperties": {"type": "array"}}
        return {"type": "object", "properties": {"columns": columns}, "required": ["columns"], "x-castalia": "table"}


def _cell(value: Any) -> str:
    value = _plain(value)
    return "" if value is None else escape(str(value)[:SHOWN_LETTERS])


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value
