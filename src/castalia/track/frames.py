"""Frames: what a client tells a workbench, in order, in one run of bytes. The same in a spool, on the wire and here.

A frame is a head (length, checksum, bytes of names) and a body. With names it holds points, as ``spool.packed``
writes them; without, one operation as JSON: ``{"do": "begin", "run": ...}``. What arrives is checked in full.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from castalia.core.errors import WrongInput
from castalia.track.naming import MAX_KEY, checked_key, checked_text
from castalia.track.spool import RunPoint, packed, unpacked

HEAD = struct.Struct("<III")
_POINT = 32
MAX_BODY = 8 * 2**20
"""Bytes of one body."""


def operation(what: Mapping[str, Any]) -> bytes:
    """The frame of one operation. WrongInput for one that no workbench would take."""
    body = json.dumps(what, separators=(",", ":")).encode()
    if len(body) > MAX_BODY:
        raise WrongInput("this is too much to say at once", f"{len(body):,} bytes", f"at most {MAX_BODY:,}",
                         "Say it in parts, or keep it as an artifact.")  # fmt: skip
    return HEAD.pack(len(body), zlib.crc32(body), 0) + body


def of_points(points: Sequence[RunPoint]) -> Iterator[tuple[bytes, int]]:
    """(frame, points in it), in order; more than one where long keys would make it too large."""
    frame = packed(points)
    if len(frame) - HEAD.size <= MAX_BODY or len(points) < 2:
        yield frame, len(points)
        return
    middle = len(points) // 2
    yield from of_points(points[:middle])
    yield from of_points(points[middle:])


def in_parts(pairs: Mapping[str, str], most: int = 2**20) -> Iterator[dict[str, str]]:
    """Params or tags in parts of about ``most`` bytes, at least one part."""
    part: dict[str, str] = {}
    size = 0
    for key, value in pairs.items():
        more = len(json.dumps([key, value]))
        if part and size + more > most:
            yield part
            part, size = {}, 0
        part[key], size = value, size + more
    yield part


def whole_length(buffer: bytes | memoryview) -> int:
    """How long the frame at the start of ``buffer`` is, 0 where it is torn or no frame."""
    if len(buffer) < HEAD.size:
        return 0
    length, checksum, _ = HEAD.unpack_from(buffer)
    body = memoryview(buffer)[HEAD.size : HEAD.size + length]
    return HEAD.size + length if len(body) == length and zlib.crc32(body) == checksum else 0


def read(content: bytes) -> Iterator[dict[str, Any]]:
    """Each frame: an operation has the key ``"do"``, points come as ``{"": points by run}``. WrongInput where torn."""
    at, view = 0, memoryview(content)
    while at < len(content):
        size = whole_length(view[at:])
        if not size or size > MAX_BODY + HEAD.size:
            raise WrongInput("the frames are damaged", f"{len(content) - at} bytes at {at}", "whole frames",
                             "Send them again.", field="body")  # fmt: skip
        names = HEAD.unpack_from(view, at)[2]
        body = content[at + HEAD.size : at + size]
        at += size
        yield _points(body, names) if names else _operation(body)


def _operation(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
        if isinstance(found, dict) and isinstance(found.get("do"), str):
            return found
    except (ValueError, RecursionError):
        pass
    raise WrongInput("a frame holds no operation", f"{len(body)} bytes", 'JSON with "do"', field="body")


def _points(body: bytes, names: int) -> dict[str, Any]:
    try:
        _, keys, count = json.loads(body[:names])
        if len(body) != names + _POINT * count:
            raise ValueError("another length")
        batch = unpacked(body, names)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError) as error:
        raise WrongInput(
            "a frame holds no points", type(error).__name__, "as castalia writes it", field="body"
        ) from None
    for run_id in batch:
        checked_text("run_id", run_id, MAX_KEY)
    for key in keys:
        checked_key("metric", key)
    return {"": batch}
