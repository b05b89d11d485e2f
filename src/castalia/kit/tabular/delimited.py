"""Delimited text: comma, semicolon, tab or bar; UTF-8, UTF-16, Windows-1252 or Latin-1; quotes; a header line.

What it does not know: decimal commas, thousands separators and dates such as 1/2/2026 (they stay text),
comment lines, and quote characters other than ``"``.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from castalia.core.errors import TooLarge, WrongInput
from castalia.core.record import shown
from castalia.kit.tabular.content import Content
from castalia.kit.tabular.inference import as_number
from castalia.kit.tabular.rows import BadRow, Block, OnBad, Rows, stripped, unchanged, unique_names

DELIMITERS = ",;\t|"
MAX_COLUMNS = 20_000
SAMPLE = 1 << 16
BAD_TEXT = 1000
"""Characters that are kept of a bad row."""
_LINE_END = re.compile("\r\n|\r|\n")
_WINDOWS = re.compile(rb"[\x80-\x9f]")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
"""Bytes that Windows-1252 gives no meaning."""
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "an image",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
}


def read(
    content: Content,
    *,
    delimiter: str = "",
    names: Sequence[str] = (),
    lines: int = 0,
    strip: bool = True,
    on_bad: OnBad | None = None,
) -> Rows:
    """The rows of a delimited file.

    ``delimiter`` is sniffed where it is not given; ``names`` are given for a file without a header line, one a field;
    ``lines`` is how many lines to skip first; ``strip`` takes the space around every cell off. Raises
    :class:`WrongInput` naming file and line for rows of another length, broken quotes, a missing header and for what is
    no text; ``on_bad`` may keep a bad row instead.
    """
    encoding, notes = _encoding(content)
    sample = _sample(content, encoding, lines)
    delimiter = delimiter or _sniff(sample)
    if names:
        header: tuple[str, ...] = tuple(names)
        changed: list[str] = []
        _check_names(content, header, sample, delimiter)
    else:
        header, changed = _header(content, sample, delimiter)
    skip = 0 if names else 1

    def walk(size: int) -> Iterator[Block]:
        return _records(content, encoding, delimiter, len(header), lines, skip, size, on_bad or refuse)

    return Rows(header, walk, tuple(notes + changed), content.name, stripped if strip else unchanged)


def refuse(error: WrongInput, row: BadRow) -> None:
    """A bad row ends the reading."""
    raise error


def _encoding(content: Content) -> tuple[str, list[str]]:
    """The encoding of the whole file, found by reading it once, and what to say about it."""
    with content.opened() as stream:
        head = stream.read(SAMPLE)
        for magic, what in _NOT_TEXT.items():
            if head.startswith(magic):
                raise _no_text(content, what)
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8")()
        valid, windows, undefined = True, False, False
        while True:
            if b"\0" in head and not wide:
                raise _no_text(content, "binary data (a zero byte)")
            try:
                if valid:
                    decoder.decode(head, final=not head)
            except UnicodeDecodeError as error:
                if wide:
                    raise _no_text(content, f"UTF-16, as its first bytes say, but {error.reason}") from None
                valid = False
            if not head.isascii():
                windows = windows or _WINDOWS.search(head) is not None
                undefined = undefined or _UNDEFINED.search(head) is not None
            if not head:
                break
            head = stream.read(SAMPLE)
    if wide:
        return "utf-16", ["read as UTF-16, as its first bytes say"]
    if valid:
        return "utf-8-sig", []
    if windows and not undefined:  # in Latin-1 these bytes are control characters, which no table holds
        return "cp1252", ["not UTF-8: read as Windows-1252"]
    return "latin-1", ["not UTF-8: read as Latin-1"]


def _text(content: Content, encoding: str, lines: int) -> io.TextIOWrapper:
    stream = io.TextIOWrapper(io.BufferedReader(_Raw(content)), encoding=encoding, newline="")
    for _ in range(lines):
        stream.readline()
    return stream


class _Raw(io.RawIOBase):
    """Any readable binary stream as the raw stream a TextIOWrapper closes together with itself."""

    def __init__(self, content: Content) -> None:
        self._stream = content.opened()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _sample(content: Content, encoding: str, lines: int) -> str:
    """The beginning of the file, cut at the end of a line where the file goes on."""
    with _text(content, encoding, lines) as stream:
        text = stream.read(SAMPLE)
        if not text.strip():
            raise WrongInput(f"{content.name} is empty", "no rows", "a header line and rows", "Check the file.")
        return text + stream.readline() if text[-1] not in "\r\n" else text


def _sniff(sample: str) -> str:
    """The delimiter for which most rows have the header's number of fields, and then the most fields."""

    def merit(delimiter: str) -> tuple[float, int]:
        try:
            rows = [r for r in itertools.islice(csv.reader(io.StringIO(sample, ""), delimiter=delimiter), 100) if r]
        except csv.Error:
            return 0.0, 0
        width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        if width < 2 or len(rows[0]) < 2:
            return 0.0, 0
        return times / len(rows) if len(rows[0]) == width else times / len(rows) / 2, width

    best = max(DELIMITERS, key=merit)
    return best if merit(best) > (0.0, 0) else ","


def _header(content: Content, sample: str, delimiter: str) -> tuple[tuple[str, ...], list[str]]:
    try:
        cells = next(row for row in csv.reader(io.StringIO(sample, ""), delimiter=delimiter, strict=True) if row)
    except (csv.Error, StopIteration) as error:
        raise _broken(content, 1, str(error) or "no header line") from None
    cells = [cell.strip() for cell in cells]
    if len(cells) > MAX_COLUMNS:
        raise TooLarge(f"{content.name} is too wide", f"{len(cells):,} columns", f"at most {MAX_COLUMNS:,} columns")
    if all(as_number(cell) is not None for cell in cells):
        raise WrongInput(
            f"{content.name}:1 is no header line",
            f"only numbers: {shown(delimiter.join(cells), 60)}",
            "the names of the columns",
            "Write a first line that names the columns, or give names= where the file has none.",
        )
    return unique_names(cells)


def _check_names(content: Content, names: Sequence[str], sample: str, delimiter: str) -> None:
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise WrongInput(
            "names does not fit", shown(list(names)), "texts that differ", "Name each column once.", field="names"
        )
    with contextlib.suppress(csv.Error, StopIteration):  # a broken line is told of where the rows are read
        first = next(row for row in csv.reader(io.StringIO(sample, ""), delimiter=delimiter, strict=True) if row)
        if len(first) != len(names):
            raise WrongInput(
                f"names does not fit {content.name}", f"{len(names)} names",
                f"{len(first)}, one for each field of {shown(delimiter.join(first), 60)}",
                "Name every column; columns= then chooses among them.", field="names",
            )  # fmt: skip


def doubts(names: Sequence[str]) -> str:
    """Why a header line may be the first row; "" where it looks like names.

    Names such as 2023 and 2024, or 0, 1, 2, are those of a pivoted table: whole numbers that rise.
    """
    found = [number for name in names if (number := as_number(name)) is not None]
    rising = all(a < b for a, b in itertools.pairwise(found)) and all(map(float.is_integer, found))
    return (
        ""
        if rising
        else f"the first line was taken for the names of columns, and holds numbers: {shown(list(names), 60)}"
    )


def _records(
    content: Content, encoding: str, delimiter: str, width: int, lines: int, records: int, size: int, on_bad: OnBad
) -> Iterator[Block]:
    """Rows of ``width`` cells, after ``lines`` lines and ``records`` records; blank lines are passed over."""
    with _text(content, encoding, lines) as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        broken = ""
        while True:
            line, block = lines + reader.line_num + 1, list[list[str]]()
            try:
                block.extend(itertools.islice(reader, size))
                broken = ""
            except csv.Error as error:  # what came before it is in the block; the reader begins anew with the next line
                broken = str(error)
            if set(map(len, block)) == {width} and lines + reader.line_num + 1 - line == len(block) and not records:
                yield range(line, line + len(block)), block
            else:
                numbers, rows = list[int](), list[list[str]]()
                for row in block:
                    if row and records:
                        records -= 1
                    elif len(row) == width:
                        numbers.append(line)
                        rows.append(row)
                    elif row:
                        if rows:
                            yield numbers, rows  # whoever has enough of them never comes to the bad one
                            numbers, rows = [], []
                        text = delimiter.join(row)[:BAD_TEXT]
                        bad = BadRow(line, f"{len(row)} fields, not {width}", text)
                        on_bad(_ragged(content, line, row, width, delimiter), bad)
                    line += _lines(row)
                if rows:
                    yield numbers, rows
            if broken:
                on_bad(_broken(content, line, broken), BadRow(line, broken, ""))
            elif not block:
                return


def _lines(row: Sequence[str]) -> int:
    return 1 + sum(len(_LINE_END.findall(cell)) for cell in row)


def _ragged(content: Content, line: int, row: Sequence[str], width: int, delimiter: str) -> WrongInput:
    return WrongInput(
        f"{content.name}:{line} has another number of fields than the header",
        f"{len(row)} fields: {shown(delimiter.join(row), 60)}",
        f"{width} fields, separated by {delimiter!r}",
        "Mend that line. A field that holds the separator or a line end needs double quotes around it.",
    )


def _broken(content: Content, line: int, reason: str) -> WrongInput:
    return WrongInput(
        f"{content.name}:{line} cannot be read as a row",
        reason,
        "quotes that open, close and are doubled inside a field",
        "Mend the quotes that begin on that line.",
    )


def _no_text(content: Content, what: str) -> WrongInput:
    return WrongInput(
        f"{content.name} is no text table", what, "CSV, TSV or JSON lines as text", "Export the table as CSV first."
    )
