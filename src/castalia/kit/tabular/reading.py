"""Reading a table, whole or in pieces, from CSV, JSON lines, NPZ or Parquet.

What each column holds is decided by the whole file, on a first pass, and never by the beginning of it: ``stream``
therefore gives the same columns as ``read``, whatever the size of its pieces. ``kinds=`` says it beforehand.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, get_args

from castalia.core.errors import TooLarge, WrongInput, did_you_mean
from castalia.core.record import shown
from castalia.core.rows import Column, Kind
from castalia.core.table import MAX_CELLS, Table
from castalia.kit.tabular.content import MAX_BYTES, Content
from castalia.kit.tabular.delimited import doubts
from castalia.kit.tabular.formats import FROM_THE_END, format_of, known_format, rows_of
from castalia.kit.tabular.rows import Arrays, BadRow, Kinds, OnBad, Source, few, joined, nothing

MOST_BAD = 10_000
"""Rows that may be set aside before the file is called no table."""


class Headless(UserWarning):
    """The first line of a file may be no header."""


def read(
    source: Any,
    *,
    format: str = "",
    columns: Sequence[str] | None = None,
    limit: int | None = None,
    kinds: Mapping[str, Kind] | None = None,
    missing: Collection[str] | None = None,
    delimiter: str = "",
    strip: bool = True,
    names: Sequence[str] = (),
    quarantine: list[BadRow] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Table:
    """The table in a file: numbers as float64 with nan, the rest as objects with None (bool, or str).

    ``source``: a path, bytes, or a file opened with ``"rb"``; gzip is recognised. ``format``: csv, tsv, jsonl, npz or
    parquet; by the file's name where it is not given. ``columns``: only these, in this order. ``limit``: only the
    first rows. ``kinds``: what columns hold (number, integer, boolean, category, text, date), instead of a guess.
    ``missing``: the words for no value, instead of the usual ones (in CSV an empty cell always is one).
    ``delimiter`` of a CSV file, sniffed where it is not given; ``strip=False`` keeps the
    space around its cells. ``names`` of the columns of a CSV file without a header
    line; the warning ``Headless`` tells of a header that looks like a row. ``quarantine``: a list that takes the rows
    which cannot be read, instead of an error (CSV and JSON lines).

    Raises :class:`WrongInput` naming file and line, :class:`TooLarge` past ``max_bytes`` unpacked or past what a
    Table holds, :class:`NotFound` for a path where nothing is, :class:`Unavailable` for Parquet without pyarrow.
    """
    found = _opened(source, format, columns, limit, delimiter, strip, names, quarantine, max_bytes)
    given = _kinds(kinds, found, columns)
    _check_cells(found.rows, found)
    shape = found.sure(given, missing, MAX_CELLS, keep=True)
    _check_cells(shape.rows, found)
    pieces = _counted(found.pieces(shape, few(found.names), given), found)
    return _table(joined(shape, pieces, given))


def stream(
    source: Any,
    rows: int = 10_000,
    *,
    format: str = "",
    columns: Sequence[str] | None = None,
    limit: int | None = None,
    kinds: Mapping[str, Kind] | None = None,
    missing: Collection[str] | None = None,
    delimiter: str = "",
    strip: bool = True,
    names: Sequence[str] = (),
    quarantine: list[BadRow] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Iterator[Table]:
    """The same table as :func:`read`, in pieces of ``rows`` rows; the last may be shorter.

    Memory is in proportion to a piece, not to the file. The file is read twice, once to find out what the columns
    hold; where ``kinds`` names every column, once (JSON lines: still twice, for the keys). A table without rows gives
    one piece without rows. Errors about the file as a whole come at the call, those of a row when it is reached.
    """
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise WrongInput(
            "rows does not fit", shown(rows), "a whole number from 1", "Say how many at a time.", field="rows"
        )
    found = _opened(source, format, columns, limit, delimiter, strip, names, quarantine, max_bytes)
    given = _kinds(kinds, found, columns)
    shape = found.sure(given, missing, rows)
    _check_cells(rows if shape.rows < 0 else min(rows, shape.rows), found, "Take fewer rows= at a time.")

    def pieces() -> Iterator[Table]:
        empty = True
        for piece in found.pieces(shape, rows, given):
            empty = False
            yield _table(piece)
        if empty:
            yield _table(nothing(shape, given))

    return pieces()


def describe(
    source: Any,
    *,
    format: str = "",
    columns: Sequence[str] | None = None,
    limit: int | None = None,
    missing: Collection[str] | None = None,
    delimiter: str = "",
    strip: bool = True,
    names: Sequence[str] = (),
    max_bytes: int = MAX_BYTES,
) -> list[Column]:
    """What each column holds, from one pass: its kind, choices, smallest and largest number, whether any is missing.

    ``{c.name: c.kind for c in describe(path)}`` is what ``kinds=`` takes. Raises what :func:`read` raises.
    """
    return _opened(source, format, columns, limit, delimiter, strip, names, None, max_bytes).shape(missing).columns()


def _opened(
    source: Any,
    format: str,
    columns: Sequence[str] | None,
    limit: int | None,
    delimiter: str,
    strip: bool,
    names: Sequence[str],
    quarantine: list[BadRow] | None,
    max_bytes: int,
) -> Source:
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise WrongInput(
            "limit does not fit", shown(limit), "a whole number from 0", "Leave it out for all rows.", field="limit"
        )
    if len(delimiter) > 1 or delimiter in ('"', "\n", "\r", "\0"):
        raise WrongInput(
            "delimiter does not fit",
            shown(delimiter),
            "one character",
            "Leave it out to have it found.",
            field="delimiter",
        )
    content = Content.any(source, max_bytes=max_bytes)
    fmt = known_format(format) if format else format_of(content.name)
    content = content.unpacked(max_bytes=max_bytes, seekable=fmt in FROM_THE_END)
    if isinstance(names, str):
        raise WrongInput("names does not fit", shown(names), "a list of names", f"Write [{names!r}].", field="names")
    found = rows_of(
        content, fmt, delimiter=delimiter, strip=strip, names=names, on_bad=_aside(quarantine), limit=limit,
        max_bytes=max_bytes,
    )  # fmt: skip
    if fmt in ("csv", "tsv") and not names and (why := doubts(found.names)):
        warnings.warn(f"{content.name}: {why}. Give names= where the file has no header.", Headless, stacklevel=3)
    return found.only(_chosen(columns, found), limit)


def _chosen(columns: Sequence[str] | None, found: Source) -> tuple[str, ...]:
    if columns is None:
        return found.names
    if isinstance(columns, str):
        raise WrongInput(
            "columns does not fit", shown(columns), "a list of names", f"Write [{columns!r}].", field="columns"
        )
    wanted = tuple(columns)
    for name in wanted:
        if name not in found.names:
            raise _unknown(name, found, "columns")
    if not wanted or len(set(wanted)) != len(wanted):
        got = shown(list(wanted))
        raise WrongInput(
            "columns does not fit", got, "at least one name, each once", "Leave it out for all.", field="columns"
        )
    return wanted


def _unknown(name: object, found: Source, field: str) -> WrongInput:
    known = ", ".join(found.names[:12]) + (" ..." if len(found.names) > 12 else "")
    cure = f"Take a name of the file.{did_you_mean(str(name), found.names)}"
    return WrongInput(f"There is no column {shown(name, 60)}", shown(name, 60), f"one of: {known}", cure, field=field)


def _kinds(kinds: Mapping[str, Kind] | None, found: Source, columns: Sequence[str] | None) -> Kinds:
    """The given kinds of the columns that are read, checked."""
    for name, kind in (kinds or {}).items():
        if kind not in get_args(Kind):
            known = get_args(Kind)
            cure = f"Take one of them.{did_you_mean(str(kind), known)}"
            raise WrongInput(
                f"There is no kind {shown(kind, 40)}", shown(kind, 40), ", ".join(known), cure, field="kinds"
            )
        if columns is None and name not in found.names:
            raise _unknown(name, found, "kinds")
    return {name: kind for name, kind in (kinds or {}).items() if name in found.names}


def _table(arrays: Mapping[str, Any]) -> Table:
    return Table(arrays)


def _check_cells(rows: int | None, found: Source, cure: str = "") -> None:
    if rows is not None and rows * len(found.names) > MAX_CELLS:
        raise TooLarge(
            "The table holds more than is read at once",
            f"{rows:,} rows of {len(found.names):,} columns",
            f"at most {MAX_CELLS:,} cells",
            cure or "Read it piece by piece with tabular.stream, or read some columns= or the first rows with limit=.",
        )


def _counted(pieces: Iterator[Arrays], found: Source) -> Iterator[Arrays]:
    """The pieces, as long as a Table can hold them: with all kinds given, nobody has counted the rows before."""
    rows = 0
    for piece in pieces:
        rows += len(piece[found.names[0]])
        _check_cells(rows, found)
        yield piece


def _aside(quarantine: list[BadRow] | None) -> OnBad | None:
    """Keeps each bad row once, though the file is walked through more than once."""
    if quarantine is None:
        return None
    last = 0

    def keep(error: WrongInput, row: BadRow) -> None:
        nonlocal last
        if row.line <= last:
            return
        if len(quarantine) >= MOST_BAD:
            raise TooLarge(
                "Too many rows cannot be read",
                f"more than {MOST_BAD:,}; the last: {error.subject}",
                f"at most {MOST_BAD:,} rows that are set aside",
                "Check the format and the delimiter.",
            )
        last = row.line
        quarantine.append(row)

    return keep
