"""What the shell writes and where: answers to standard output, everything else to standard error."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from castalia.core.words import printable as printable

PLAIN = False
DEBUG = False

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "accent": "36"}


def set_up(*, plain: bool, debug: bool) -> None:
    """Set what ``--plain``/``NO_COLOR`` and ``--debug`` ask, for this process."""
    global PLAIN, DEBUG
    PLAIN, DEBUG = plain, debug


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a person reads the stream as it is written."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """``text`` in a style (bold, dim, red, green, yellow, accent) where the stream shows one."""
    if PLAIN or not text or not is_terminal(stream):
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def out(text: str = "") -> None:
    """One line of the answer."""
    print(text)


def say(text: str = "") -> None:
    """One line beside the answer: what is being done, a warning, a hint."""
    print(text, file=sys.stderr, flush=True)


def out_json(document: object) -> None:
    """The one document of ``--json``. NaN and the infinities, which JSON lacks, become null."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    sys.stdout.write(orjson.dumps(document, default=_plain, option=options).decode())


def _plain(value: Any) -> Any:
    if hasattr(value, "plain"):
        return value.plain()
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def out_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Aligned columns; on a terminal the widest one is cut so that a row stays one line."""
    cells = [[shown(value) for value in row] for row in rows]
    widths = [max([cell_width(title), *(cell_width(row[i]) for row in cells)]) for i, title in enumerate(columns)]
    if is_terminal():
        room = shutil.get_terminal_size().columns - 2 * (len(columns) - 1)
        while sum(widths) > room and max(widths) > 12:
            widths[widths.index(max(widths))] -= 1
    out(styled(_line(columns, widths, columns, right), "dim"))
    for row in cells:
        out(_line(row, widths, columns, right))


def _line(row: Sequence[str], widths: Sequence[int], columns: Sequence[str], right: Sequence[str]) -> str:
    parts = []
    for text, width, title in zip(row, widths, columns, strict=True):
        text = cut(text, width)
        gap = " " * (width - cell_width(text))
        parts.append(gap + text if title in right else text + gap)
    return "  ".join(parts).rstrip()


def shown(value: object) -> str:
    """One cell: numbers to four significant digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    return " ".join(printable(str(value)).split())


def cell_width(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, with an ellipsis where something is missing."""
    if cell_width(text) <= width:
        return text
    while text and cell_width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def out_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one a line; what is empty is left out."""
    kept = {name: shown(value) for name, value in facts.items() if value not in (None, "", [], {})}
    width = max((cell_width(name) for name in kept), default=0)
    for name, value in kept.items():
        out(f"{styled(name, 'dim')}{' ' * (width - cell_width(name))}  {value}")


def ago(then: float | None) -> str:
    """How long ago, in words: ``5 min ago``. ``then`` in Unix seconds."""
    import time

    if not then:
        return ""
    seconds = max(0.0, time.time() - then)
    for size, unit in ((86400 * 2, "days"), (3600 * 2, "h"), (120, "min")):
        if seconds >= size:
            per = {"days": 86400, "h": 3600, "min": 60}[unit]
            return f"{int(seconds // per)} {unit} ago"
    return f"{int(seconds)} s ago"


def span(seconds: float | None) -> str:
    """A duration: ``0:42``, ``1:02:03``."""
    if seconds is None or seconds != seconds or seconds < 0:
        return "?"
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def many(count: int, noun: str) -> str:
    """A number and its noun: ``1 run``, ``2,000 runs``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size(count: float) -> str:
    """Bytes in words: ``3.1 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")
