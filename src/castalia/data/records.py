"""Tables that name the fields of each row: JSON lines, and Parquet where pyarrow is installed.

Both become rows of text cells and take the same way as CSV from there. What is text in the source stays
text: a postal code ``"01234"`` or a string ``"12"`` is not turned into a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from castalia.core.errors import TooLarge, Unavailable, WrongInput
from castalia.core.record import shown
from castalia.data.content import MAX_BYTES, Content
from castalia.data.delimited import MAX_COLUMNS
from castalia.data.table import Rows

MAX_LINE = 16 << 20
"""Bytes of one JSON line."""


def read_json_lines(content: Content) -> Rows:
    """One JSON object a line; a key that a line lacks is a missing value. :class:`WrongInput` names file and line."""
    names: dict[str, None] = {}
    textual: set[str] = set()
    for number, record in _objects(content):
        for key, value in record.items():
            names[key] = None
            if isinstance(value, str):
                textual.add(key)
            cell(value, content, number, key)
        if len(names) > MAX_COLUMNS:
            raise TooLarge(f"{content.name} is too wide", f"more than {MAX_COLUMNS:,} keys", f"at most {MAX_COLUMNS:,}")
    if not names:
        raise WrongInput(f"{content.name} is empty", "no rows", "one JSON object a line", "Check the file.")

    def walk() -> Iterator[Sequence[str]]:
        for number, record in _objects(content):
            yield [cell(record.get(name), content, number, name) for name in names]

    return Rows(tuple(names), walk, (), textual)


def _objects(content: Content) -> Iterator[tuple[int, dict[str, Any]]]:
    with content.open() as stream:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise TooLarge(f"{content.name}:{number} is too long", f"over {MAX_LINE:,} bytes", "a shorter line")
            if not line.strip():
                continue
            try:
                record = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_no_twins)
            except (ValueError, RecursionError) as error:
                got = str(error) if isinstance(error, ValueError) else "nested too deeply"
                raise _wrong(content, number, got) from None
            if not isinstance(record, dict):
                raise _wrong(content, number, shown(record))
            yield number, record


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key that is there twice")
    return record


def _wrong(content: Content, number: int, got: str) -> WrongInput:
    return WrongInput(
        f"{content.name}:{number} is no row", got, "one JSON object of plain values, in UTF-8", "Mend that line."
    )


def read_parquet(content: Content) -> Rows:
    """A Parquet file of plain columns. :class:`Unavailable` where pyarrow is not installed."""
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        cure = "pip install 'castalia[data]'"
        raise Unavailable(f"{content.name} needs pyarrow to be read", "no pyarrow", "the extra data", cure) from None
    from pyarrow import ArrowException, types

    def opened() -> Any:
        try:
            return parquet.ParquetFile(content.open())
        except (ArrowException, OSError) as error:
            raise WrongInput(f"{content.name} is no Parquet file", shown(str(error)), "a whole Parquet file") from None

    with opened() as file:
        groups = (file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if (size := sum(groups)) > MAX_BYTES:
            raise TooLarge(f"{content.name} holds too much", f"{size:,} bytes unpacked", f"at most {MAX_BYTES:,} bytes")
        schema = file.schema_arrow
    if len(set(schema.names)) != len(schema.names):
        raise WrongInput(f"{content.name} has two columns of one name", shown(schema.names), "different names")

    def walk() -> Iterator[Sequence[str]]:
        number = 0
        try:
            with opened() as file:
                for batch in file.iter_batches(batch_size=10_000):
                    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        number += 1
                        yield [cell(v, content, number, n) for v, n in zip(values, schema.names, strict=True)]
        except (ArrowException, OSError) as error:
            raise WrongInput(f"{content.name} is damaged", shown(str(error)), "a whole Parquet file") from None

    strings = {f.name for f in schema if types.is_string(f.type) or types.is_large_string(f.type)}
    strings |= {f.name for f in schema if types.is_dictionary(f.type) and types.is_string(f.type.value_type)}
    return Rows(tuple(schema.names), walk, (), strings)


def cell(value: Any, content: Content, number: int, name: str) -> str:
    """A plain value as the cell that CSV would hold; :class:`WrongInput` for lists, objects and bytes."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise WrongInput(
        f"{content.name}:{number} has no plain value in {name!r}",
        shown(value),
        "a number, text, true, false or null",
        "Flatten the row first.",
        field=name[:80],
    )
