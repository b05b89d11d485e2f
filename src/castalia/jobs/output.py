"""Output: what a job printed, read on from where one stopped, although the log leaves out its middle when it is long.

A place in the output is the number of bytes the job had printed before it. It stays what it is when the log is cut: the
note in the log says how many bytes are missing there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from castalia.jobs.log import NOTE

MOST = 1 << 20
"""Bytes of one answer."""
DRAWN = 500
"""Characters of the line that is not ended yet."""
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""What tells a terminal to change colours or to move."""


def output(path: Path, after: int | None = None, most: int = MOST, over: bool = False) -> dict[str, Any]:
    """{"text", "start", "next", "size", "left_out", "drawing"}: whole lines from the place ``after`` on.

    ``start`` and ``next`` are the places where ``text`` begins and where to go on, ``size`` is that of all that was
    printed, ``left_out`` the [first, last] places that the log no longer has, or None. Without ``after``: the last
    ``most`` bytes. Of a line that was drawn over only the last drawing is there, without colours. The last line is in
    ``drawing`` while it has no end; once the job is ``over`` it is part of the text. A line longer than ``most`` comes
    in pieces.
    """
    most = max(1, min(most, MOST))
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        data = b""
    gap, resumes, jump = _gap(data)
    size = len(data) + jump
    if after is None:
        begin = max(0, len(data) - most)
        if begin > 0 and (line := data.find(b"\n", begin - 1)) >= 0:
            begin = line + 1
        if gap is not None and gap < begin < resumes:
            begin = resumes
    else:
        begin = min(_position(max(0, after), gap, resumes, jump), len(data))
    # What is read at once lies on one side of what was left out.
    edge = gap if gap is not None and begin < gap else len(data)
    end = min(edge, begin + most)
    if (end < len(data) and end != gap) or (end == len(data) and not over):
        line = data.rfind(b"\n", begin, end)
        if line >= 0:
            end = line + 1
        elif end - begin < most:
            end = begin  # the line goes on, and more of it will come
    rest = data[end:] if edge == len(data) and b"\n" not in data[end:] else b""
    return {
        "text": _read(data[begin:end]),
        "start": _place(begin, gap, resumes, jump),
        "next": _place(end, gap, resumes, jump),
        "size": size,
        "left_out": None if gap is None else [gap, resumes + jump],
        "drawing": _read(rest)[:DRAWN],
    }


def _gap(data: bytes) -> tuple[int | None, int, int]:
    """Where the note begins and ends in the file, and how much larger places behind it are than positions."""
    found = NOTE.search(data)
    if found is None:
        return None, 0, 0
    return found.start(), found.end(), int(found[1]) - (found.end() - found.start())


def _position(place: int, gap: int | None, resumes: int, jump: int) -> int:
    """Where in the file the place is; of one that was left out, where the log goes on."""
    if gap is None or place < gap:
        return place
    return max(resumes, place - jump)


def _place(position: int, gap: int | None, resumes: int, jump: int) -> int:
    """How much was printed before the position in the file."""
    if gap is None or position < gap:
        return position
    return max(position, resumes) + jump


def _read(data: bytes) -> str:
    lines = data.decode("utf-8", "replace").split("\n")
    return _COLOURS.sub("", "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))
