"""Output: what a job printed, read on from where one stopped, although the log leaves out its middle when it is long.

A place in the output is the number of bytes the job had printed before it. It stays what it is when the log is cut: the
note in the log says how many bytes are missing there.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

from castalia.jobs.log import NOTE, head_of

MOST = 1 << 20
"""Bytes of one answer."""
DRAWN = 500
"""Characters of the line that is not ended yet."""
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""What tells a terminal to change colours or to move."""


def output(
    path: Path, after: int | None = None, most: int = MOST, over: bool = False, cap: int | None = None
) -> dict[str, Any]:
    """{"text", "start", "next", "size", "left_out", "drawing"}: whole lines from the place ``after`` on.

    ``start`` and ``next`` are the places where ``text`` begins and where to go on, ``size`` is that of all that was
    printed, ``left_out`` the [first, last] places that the log no longer has, or None. Without ``after``: the last
    ``most`` bytes. Of a line that was drawn over only the last drawing is there, without colours. The last line is in
    ``drawing`` while it has no end and no more than 1 MiB is left; once the job is ``over`` it is part of the text. A
    line longer than ``most`` comes in pieces. ``cap`` is that of the log: its beginning, where the note is, and what
    is answered are all that is read then.
    """
    most = max(1, min(most, MOST))
    try:
        with open(path, "rb") as file:
            return _output(file, after, most, over, cap)
    except FileNotFoundError:
        return _output(io.BytesIO(), after, most, over, cap)


def _output(file: BinaryIO, after: int | None, most: int, over: bool, cap: int | None) -> dict[str, Any]:
    gap, resumes, jump = _gap(file.read(-1 if cap is None else head_of(cap)))
    length = file.seek(0, os.SEEK_END)
    if after is None:
        begin = max(0, length - most)
        if begin > 0 and (line := _between(file, begin - 1, length).find(b"\n")) >= 0:
            begin += line
        if gap is not None and gap < begin < resumes:
            begin = resumes
    else:
        begin = min(_position(max(0, after), gap, resumes, jump), length)
    # What is read at once lies on one side of what was left out.
    edge = gap if gap is not None and begin < gap else length
    data = _between(file, begin, min(edge, begin + most))
    end = begin + len(data)
    if (end < length and end != gap) or (end == length and not over):
        line = data.rfind(b"\n")
        if line >= 0:
            end = begin + line + 1
        elif end - begin < most:
            end = begin  # the line goes on, and more of it will come
    rest = _between(file, end, length) if edge == length and length - end <= MOST else b""
    return {
        "text": _read(data[: end - begin]),
        "start": _place(begin, gap, resumes, jump),
        "next": _place(end, gap, resumes, jump),
        "size": length + jump,
        "left_out": None if gap is None else [gap, resumes + jump],
        "drawing": "" if b"\n" in rest else _read(rest)[:DRAWN],
    }


def _between(file: BinaryIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(end - begin)


def _gap(head: bytes) -> tuple[int | None, int, int]:
    """Where the note begins and ends in the file, and how much larger places behind it are than positions."""
    found = NOTE.search(head)
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
