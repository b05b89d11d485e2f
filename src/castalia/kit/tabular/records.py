"""JSON lines: one object a line, whose keys name the columns.

What is text in the source stays text, as it is: a postal code ``"01234"``, a string ``"12"``, an ``"NA"``, the
space around a word. Only ``null`` and a key that is not there are missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from castalia.core.errors import TooLarge, WrongInput
from castalia.core.record import shown
from castalia.kit.tabular.content import Content
from castalia.kit.tabular.delimited import BAD_TEXT, MAX_COLUMNS, refuse
from castalia.kit.tabular.inference import Cell
from castalia.kit.tabular.rows import BadRow, Line, OnBad, Rows

MAX_LINE = 16 << 20
"""Bytes of one JSON line."""


def read_json_lines(content: Content, on_bad: OnBad | None = None, limit: int | None = None) -> Rows:
    """One JSON object a line; a key that a line lacks is a missing value. :class:`WrongInput` names file and line.

    The columns are the keys of the first ``limit`` rows, or of all.
    """
    on_bad = on_bad or refuse
    names: dict[str, None] = {}
    textual: set[str] = set()
    for number, (_, record, strings) in enumerate(_objects(content, on_bad), start=1):
        names.update(dict.fromkeys(record))
        textual.update(strings)
        if len(names) > MAX_COLUMNS:
            raise TooLarge(f"{content.name} is too wide", f"more than {MAX_COLUMNS:,} keys", f"at most {MAX_COLUMNS:,}")
        if number == limit:
            break
    if not names:
        raise WrongInput(f"{content.name} is empty", "no rows", "one JSON object a line", "Check the file.")

    def walk() -> Iterator[Line]:
        for number, record, _ in _objects(content, on_bad):
            yield number, list(map(record.get, names))

    return Rows(tuple(names), walk, (), textual, content.name)


def _objects(content: Content, on_bad: OnBad) -> Iterator[tuple[int, dict[str, Cell], list[str]]]:
    """Line number, cells by key, and the keys whose value is a string."""
    with content.opened() as stream:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise TooLarge(f"{content.name}:{number} is too long", f"over {MAX_LINE:,} bytes", "a shorter line")
            if not line.strip():
                continue
            try:
                record = _record(line, content, number)
                strings = [key for key, value in record.items() if isinstance(value, str)]
                cells = {key: cell(value, content, number, key) for key, value in record.items()}
            except WrongInput as error:
                text = line[:BAD_TEXT].decode("utf-8", "replace").strip()
                on_bad(error, BadRow(number, error.got, text))
                continue
            yield number, cells, strings


def _record(line: bytes, content: Content, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        got = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise _wrong(content, number, got) from None
    if not isinstance(record, dict):
        raise _wrong(content, number, shown(record))
    return record


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key that is there twice")
    return record


def _wrong(content: Content, number: int, got: str) -> WrongInput:
    return WrongInput(
        f"{content.name}:{number} is no row", got, "one JSON object of plain values, in UTF-8", "Mend that line."
    )


def cell(value: Any, content: Content, number: int, name: str) -> Cell:
    """A plain value as the cell that CSV would hold; :class:`WrongInput` for lists, objects and bytes."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if value == value else None
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
