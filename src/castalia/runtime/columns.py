"""CSV to columns and back, for ``predict``: as a table comes from the shell or over HTTP.

A column whose every cell is a number becomes numbers; an empty cell becomes None; everything else
stays the text it is. It does not know about dates, decimal commas or encodings other than UTF-8.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from castalia.core.errors import WrongInput
from castalia.core.record import shown

MAX_COLUMNS = 10_000

# "007" and a 17-digit id are names written in digits: as numbers they would not come back the same.
_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]{0,14})(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?|[+-]?\.[0-9]+([eE][+-]?[0-9]{1,2})?")


def read_csv(content: bytes, name: str = "the table") -> dict[str, list[Any]]:
    """Columns by name, in the file's order; WrongInput names the line that does not fit.

    The delimiter is a comma, or the semicolon, tab or bar that the header line is written with.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongInput(f"{name} is not in UTF-8", f"another byte at {error.start}", "CSV in UTF-8") from None
    if "\0" in text:
        raise WrongInput(f"{name} is no CSV", "a zero byte", "text with a header line")
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next((line for line in lines if line), [])
        _check_header(header, name)
        rows = [_fitting(line, len(header), lines.line_num, name) for line in lines if line]
    except csv.Error as error:
        raise WrongInput(f"{name}: line {lines.line_num} is no CSV", str(error), "quotes that close") from None
    cells = zip(*rows, strict=True) if rows else ([] for _ in header)
    return {column: _values(values) for column, values in zip(header, cells, strict=True)}


def _check_header(header: Sequence[str], name: str) -> None:
    if not header:
        raise WrongInput(f"{name} is empty", "no line", "a header line and rows")
    if len(header) > MAX_COLUMNS:
        raise WrongInput(f"{name} has too many columns", f"{len(header):,}", f"at most {MAX_COLUMNS:,}")
    if len(set(header)) < len(header):
        twice = next(column for place, column in enumerate(header) if column in header[:place])
        raise WrongInput(f"{name} has a column twice", shown(twice), "every name once", field=twice[:80])


def _fitting(line: list[str], width: int, number: int, name: str) -> list[str]:
    if len(line) != width:
        raise WrongInput(f"{name}: line {number} does not fit", f"{len(line)} cells", f"{width}, as in the header")
    return line


def _values(cells: Sequence[str]) -> list[Any]:
    given = [cell for cell in cells if cell]
    if given and all(_NUMBER.fullmatch(cell) for cell in given):
        whole = all(cell.lstrip("+-").isdigit() for cell in given)
        number: type[int] | type[float] = int if whole else float
        return [number(cell) if cell else None for cell in cells]
    return [cell or None for cell in cells]


def write_csv(columns: Mapping[str, Sequence[Any]]) -> str:
    """The columns as CSV with a header line; None is an empty cell.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
