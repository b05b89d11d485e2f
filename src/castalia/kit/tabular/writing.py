"""Writing a table to CSV, TSV, JSON lines, NPZ or Parquet: whole or not at all, and read back before it counts.

CSV has no types and no word for a missing value, so it cannot hold every table: a text ``12``, ``NA`` or an empty
text would come back as something else. What was written is therefore read again and compared, and refused where it
differs; ``check=False`` leaves that out.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from castalia.core.atomic import replacing
from castalia.core.errors import CastaliaError, NotFound, TooLarge, Unavailable, WrongInput
from castalia.core.record import shown
from castalia.core.table import Table
from castalia.kit.tabular import reading
from castalia.kit.tabular.arrays import MARK, add_array
from castalia.kit.tabular.columns import Plain, plain
from castalia.kit.tabular.content import MAX_RATIO, RATIO_FROM
from castalia.kit.tabular.formats import format_of, known_format
from castalia.kit.tabular.parquet import pyarrow

Columns = Mapping[str, Plain]

ROWS = 10_000
"""Rows that are made into text at once."""
ROW_GROUP = 50_000


def write(table: Any, path: str | Path, *, format: str = "", check: bool = True) -> None:
    """Write a table to ``path``, in the format of its ending or in ``format``; with ``.gz`` at the end, packed.

    ``table`` is what ``Table.of`` takes: a Table, a mapping of columns, a pandas, Polars or Arrow table. Each column
    holds numbers, whole numbers, booleans, text or dates; None, NaN, NA and NaT are missing values.

    The file appears whole or not at all. With ``check`` it is read back first: :class:`WrongInput` names the column
    and the row of the first value that would not come back (see docs/reading.md for what each format can hold).
    Raises :class:`WrongInput` for values of several kinds in one column, :class:`Unavailable` where the disk refuses.
    """
    path = Path(path)
    fmt = known_format(format) if format else format_of(path.name)
    columns = _columns(table)
    if not path.parent.is_dir():
        raise NotFound(f"There is no folder {path.parent}", "nothing there", "a folder to write to", "Create it first.")
    try:
        with replacing(path) as waiting:
            with waiting.open("wb") as file, _packed(file, path) as stream:
                _WRITERS[fmt](columns, stream, path.name)
            if check:
                _compare(columns, waiting, fmt, path.name)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable(f"{path.name} cannot be written", reason, "a folder with room", "Write elsewhere.") from None


def _columns(table: Any) -> Columns:
    try:
        columns = Table.of(table).columns
    except ValueError as error:
        raise WrongInput(
            "That is no table", shown(table), str(error), "Hand a dict of columns, or a pandas, Polars or Arrow table."
        ) from None
    if not columns:
        raise WrongInput("The table has no columns", "nothing", "at least one column", "Add a column.")
    return {name: plain(name, column) for name, column in columns.items()}


@contextmanager
def _packed(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if path.suffix.lower() != ".gz":
        yield file
        return
    packed = gzip.GzipFile("", "wb", fileobj=file, mtime=0)  # the same table makes the same bytes
    with packed, io.BufferedWriter(_Onward(packed)) as onward:
        yield onward


class _Onward(io.RawIOBase):
    """A stream that cannot go back, which zipfile has to be told."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._stream.write(data)


def _csv(columns: Columns, stream: IO[bytes], name: str) -> None:
    _delimited(columns, stream, name, ",")


def _tsv(columns: Columns, stream: IO[bytes], name: str) -> None:
    _delimited(columns, stream, name, "\t")


def _delimited(columns: Columns, stream: IO[bytes], name: str, delimiter: str) -> None:
    special = re.compile(f'[{delimiter}"\r\n]')

    def line(cells: tuple[str, ...]) -> str:
        quoted = ['"' + cell.replace('"', '""') + '"' if special.search(cell) else cell for cell in cells]
        return delimiter.join(quoted) or '""'  # an empty line would be no row

    stream.write(_encoded(line(tuple(columns)) + "\n", name))
    for cells in _rows(columns, _cells):
        stream.write(_encoded("".join(line(row) + "\n" for row in cells), name))


def _cells(column: Plain) -> list[str]:
    texts: list[str]
    if column.declared == "text":
        texts = column.values.tolist()
    elif column.declared == "boolean":
        texts = ["true" if value else "false" for value in column.values.tolist()]
    else:
        texts = list(map(repr, column.values.tolist()))
    return ["" if absent else text for text, absent in zip(texts, column.gone.tolist(), strict=True)]


def _json_lines(columns: Columns, stream: IO[bytes], name: str) -> None:
    keys = [json.dumps(each, ensure_ascii=False) for each in columns]
    for rows in _rows(columns, _json_values):
        lines = (", ".join(f"{key}: {value}" for key, value in zip(keys, row, strict=True)) for row in rows)
        stream.write(_encoded("".join(f"{{{line}}}\n" for line in lines), name))


def _json_values(column: Plain) -> list[str]:
    values = column.values.tolist()
    if column.declared == "text":
        texts = [json.dumps(value, ensure_ascii=False) for value in values]
    elif column.declared == "boolean":
        texts = ["true" if value else "false" for value in values]
    else:
        texts = [repr(value).replace("inf", "1e999") for value in values]  # JSON has no word for infinity
    return ["null" if absent else text for text, absent in zip(texts, column.gone.tolist(), strict=True)]


def _rows(columns: Columns, texts: Callable[[Plain], list[str]]) -> Iterator[Iterator[tuple[str, ...]]]:
    count = len(next(iter(columns.values())).values)
    for at in range(0, count, ROWS):
        part = [c._replace(values=c.values[at : at + ROWS], gone=c.gone[at : at + ROWS]) for c in columns.values()]
        yield zip(*map(texts, part), strict=True)


def _encoded(text: str, name: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        got = shown(text[error.start : error.start + 20])
        raise WrongInput(
            f"{name} cannot hold that text", got, "text without halves of characters", "Mend it."
        ) from None


def _npz(columns: Columns, stream: IO[bytes], name: str) -> None:
    with zipfile.ZipFile(stream, "w", allowZip64=True) as archive:
        for each, column in columns.items():
            add_array(archive, each, _array(each, column))
            if column.declared != "number" and column.gone.any():
                add_array(archive, MARK + each, column.gone)


def _array(name: str, column: Plain) -> Any:
    if column.declared != "text":
        return column.values
    texts = column.values.tolist()
    widest, total = max(map(len, texts), default=0), sum(map(len, texts))
    if 4 * widest * len(texts) > max(RATIO_FROM, 4 * MAX_RATIO * total):
        raise TooLarge(
            f"Column {shown(name, 60)} is too uneven for NPZ",
            f"{len(texts):,} texts, the longest of {widest:,} characters",
            "texts of similar length: an array gives each the room of the longest",
            "Write JSON lines or Parquet.",
            field=name[:80],
        )
    return np.array(texts, f"U{max(widest, 1)}")


def _parquet(columns: Columns, stream: IO[bytes], name: str) -> None:
    arrow = pyarrow(name)
    types = {"text": arrow.string()}
    try:
        made = arrow.table(
            {
                each: arrow.array(column.values, types.get(column.declared), mask=column.gone)
                for each, column in columns.items()
            }
        )
        often = [each for each, column in columns.items() if column.repeats]  # others only cost a reader memory
        arrow.parquet.write_table(made, stream, row_group_size=ROW_GROUP, use_dictionary=often)
    except (arrow.ArrowException, UnicodeEncodeError) as error:
        raise WrongInput(f"{name} cannot hold that table", shown(str(error)), "plain columns", "Mend it.") from None


_WRITERS: Mapping[str, Callable[[Columns, IO[bytes], str], None]] = {
    "csv": _csv,
    "tsv": _tsv,
    "jsonl": _json_lines,
    "npz": _npz,
    "parquet": _parquet,
}


def _compare(columns: Columns, path: Path, fmt: str, name: str) -> None:
    """What was written, read again; :class:`WrongInput` where it is not what was given."""
    expected = {each: column.as_read() for each, column in columns.items()}
    at = 0
    try:
        for piece in reading.stream(path, ROWS, format=fmt):
            if list(piece.columns) != list(columns):
                raise _loses(name, "the names of the columns", list(columns), list(piece.columns))
            for each, found in piece.columns.items():
                _same(name, each, expected[each][at : at + len(piece)], np.asarray(found), at)
            at += len(piece)
    except CastaliaError as error:
        if isinstance(error, _Loses):
            raise
        raise _loses(
            name, "the table", "the table", f"{error.subject.replace(path.name, name)} ({error.got})"
        ) from None
    count = len(next(iter(expected.values())))
    if at != count:
        raise _loses(name, "the rows", f"{count:,} rows", f"{at:,} rows")


class _Loses(WrongInput):
    """What was written would not come back."""


def _loses(name: str, what: str, given: object, back: object) -> _Loses:
    return _Loses(
        f"{name} would not give back {what}",
        f"{shown(back)} for {shown(given)}",
        "what was written",
        "Write .jsonl, .npz or .parquet, which know text from numbers and from nothing, or pass check=False.",
    )


def _same(name: str, column: str, given: Any, back: Any, at: int) -> None:
    if given.dtype == float and back.dtype == float:
        differs = ~((given == back) | (np.isnan(given) & np.isnan(back)))
    else:
        pairs = zip(given.tolist(), back.tolist(), strict=True)
        differs = np.array([a != b and not (a != a and b is None) for a, b in pairs], bool)
    if differs.any():
        row = int(differs.argmax())
        raise _loses(name, f"column {shown(column, 60)}, row {at + row + 1}", given[row], back[row])
