"""Table: named columns of equal length, from any of the libraries people hold tables in, and back."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from castalia.core.record import shown

MAX_CELLS = 20_000_000


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

    def rows(self) -> Iterator[dict[str, Any]]:
        """One dict a row."""
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def native(self, like: str = "") -> Any:
        """The table as the library it came from (or ``like``): pandas, polars, pyarrow, numpy (2-D) or a dict."""
        like = like or self.like
        if like == "dict":
            return self.columns
        library = importlib.import_module(like)
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


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value
