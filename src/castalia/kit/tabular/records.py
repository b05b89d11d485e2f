"""JSON lines: one object a line, whose keys name the columns.

What is text in the source stays text, as it is: a postal code ``"01234"``, a string ``"12"``, an ``"NA"``, the
space around a word. Only ``null`` and a key that is not there are missing. Objects that hold lists and objects are no
rows of a table: ``read_records`` and ``write_records`` take them as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.errors import TooLarge, Unavailable, WrongInput
from castalia.core.record import shown
from castalia.kit.tabular.content import MAX_BYTES, Content
from castalia.kit.tabular.delimited import BAD_TEXT, MAX_COLUMNS, refuse
from castalia.kit.tabular.inference import Cell
from castalia.kit.tabular.rows import BadRow, Block, OnBad, Rows

MAX_LINE = 16 << 20
"""Bytes of one JSON line."""
KEYS = 100
"""Rows that are looked at together for their keys."""
_PLAIN = frozenset({str, int, float, bool, type(None)})


def read_json_lines(content: Content, on_bad: OnBad | None = None, limit: int | None = None) -> Rows:
    """One JSON object a line; a key that a line lacks is a missing value. :class:`WrongInput` names file and line.

    The columns are the keys of the first ``limit`` rows (of one at least), or of all.
    """
    on_bad = on_bad or refuse
    names: dict[str, None] = {}
    most = None if limit is None else max(limit, 1)
    seen = 0
    for _, records in _objects(content, KEYS, on_bad):
        for record in records[: None if most is None else most - seen]:
            if not record.keys() <= names.keys():
                names.update(dict.fromkeys(record))
        if len(names) > MAX_COLUMNS:
            raise TooLarge(f"{content.name} is too wide", f"more than {MAX_COLUMNS:,} keys", f"at most {MAX_COLUMNS:,}")
        seen += len(records)
        if most is not None and seen >= most:
            break
    if not seen:
        raise WrongInput(f"{content.name} is empty", "no rows", "one JSON object a line", "Check the file.")

    def walk(size: int) -> Iterator[Block]:
        for numbers, records in _objects(content, size, on_bad):
            yield numbers, [list(map(record.get, names)) for record in records]

    return Rows(tuple(names), walk, (), content.name, cells, says_missing=True)


def read_records(source: Any, *, max_bytes: int = MAX_BYTES) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines one by one, nested or not; blank lines are passed over.

    ``source`` is what ``read`` takes. A line is read when its object is asked for. Raises :class:`WrongInput` naming
    file and line, :class:`TooLarge` past ``max_bytes`` unpacked, :class:`NotFound` for a path where nothing is.
    """
    content = Content.any(source, max_bytes=max_bytes).unpacked(max_bytes=max_bytes)
    return (each for _, found in _objects(content, 1, refuse, nested=True) for each in found)


def write_records(records: Iterable[Mapping[str, Any]], path: str | Path) -> None:
    """One JSON object a line, in UTF-8, whole or not at all. :class:`WrongInput` for what JSON cannot say, NaN too."""
    path = Path(path)
    try:
        with replacing(path) as waiting, waiting.open("w", encoding="utf-8", newline="") as file:
            for number, record in enumerate(records):
                file.write(_line(record, number) + "\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable(f"{path.name} cannot be written", reason, "a folder with room", "Write elsewhere.") from None


def _line(record: Mapping[str, Any], number: int) -> str:
    expected = "an object of texts, finite numbers, true, false, null, lists and objects"
    if not isinstance(record, Mapping):
        raise WrongInput(f"record {number} is no object", shown(record), expected, "Hand dicts.", field="records")
    try:
        return json.dumps(dict(record), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        cure = "Write None for a number that is missing, and plain lists for arrays."
        raise WrongInput(f"record {number} is no JSON", shown(str(error)), expected, cure, field="records") from None


def _objects(
    content: Content, size: int, on_bad: OnBad, nested: bool = False
) -> Iterator[tuple[list[int], list[dict[str, Any]]]]:
    """Line numbers and objects, at most ``size`` at a time; of plain values where they are not ``nested``."""
    numbers, records = list[int](), list[dict[str, Any]]()
    with content.opened() as stream:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise TooLarge(f"{content.name}:{number} is too long", f"over {MAX_LINE:,} bytes", "a shorter line")
            if not line.strip():
                continue
            try:
                record = _record(line, content, number, nested)
            except WrongInput as error:
                if records:
                    yield numbers, records  # whoever has enough of them never comes to the bad one
                    numbers, records = [], []
                text = line[:BAD_TEXT].decode("utf-8", "replace").strip()
                on_bad(error, BadRow(number, error.got, text))
                continue
            numbers.append(number)
            records.append(record)
            if len(records) == size:
                yield numbers, records
                numbers, records = [], []
    if records:
        yield numbers, records


def _record(line: bytes, content: Content, number: int, nested: bool) -> dict[str, Any]:
    try:
        record = _DECODER.decode(line.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        got = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise _wrong(content, number, got) from None
    if not isinstance(record, dict):
        raise _wrong(content, number, shown(record))
    if not nested and not _PLAIN.issuperset(map(type, record.values())):
        name, value = next((name, value) for name, value in record.items() if type(value) not in _PLAIN)
        raise WrongInput(
            f"{content.name}:{number} has no plain value in {name!r}",
            shown(value),
            "a number, text, true, false or null",
            "Flatten the row first, or take tabular.read_records.",
            field=name[:80],
        )
    return record


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key that is there twice")
    return record


_DECODER = json.JSONDecoder(object_pairs_hook=_no_twins)  # json.loads would make one a line


def _wrong(content: Content, number: int, got: str) -> WrongInput:
    return WrongInput(f"{content.name}:{number} is no row", got, "one JSON object, in UTF-8", "Mend that line.")


def cells(values: Sequence[Any]) -> tuple[Sequence[Cell], bool]:
    """The values of a column as cells, and whether there is a string among them."""
    types = set(map(type, values))
    if types == {str}:
        return values, True
    if types == {int} or types == {float}:
        texts: list[Cell] = list(map(repr, values))
        return [None if text == "nan" else text for text in texts] if types == {float} else texts, False
    return list(map(_cell, values)), str in types


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if value == value else None
