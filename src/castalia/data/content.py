"""Bytes with a name: opened as often as needed, unpacked under a bound, known by their digest.

A gzip header carries a time stamp and a file name, so two mirrors of one file differ. What a data
set *is* is therefore the sha256 of the uncompressed content.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from castalia.core.errors import CastaliaError, TooLarge, Unavailable, WrongInput

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
MAX_BYTES = 8 << 30
"""Uncompressed bytes of one added file."""
MAX_RATIO = 200
"""How many times larger than its gzip form a file may be, once it is larger than ``RATIO_FROM``."""
RATIO_FROM = 64 << 20


@dataclass(frozen=True)
class Content:
    """A named source of bytes that can be read more than once. ``name`` is what errors show, never a path."""

    name: str
    open: Callable[[], IO[bytes]]

    @classmethod
    def of(cls, name: str, data: bytes) -> Content:
        return cls(name, lambda: io.BytesIO(data))

    @classmethod
    def at(cls, path: Path, name: str = "") -> Content:
        return cls(name or path.name, lambda: path.open("rb"))

    def read(self) -> bytes:
        with self.open() as stream:
            return stream.read()


def chunks(path: Path, *, name: str = "", max_bytes: int = MAX_BYTES, max_ratio: int = MAX_RATIO) -> Iterator[bytes]:
    """The uncompressed content of a plain or gzip file, in pieces of at most about a megabyte.

    Gzip is recognised by its first bytes, not by its name. Raises :class:`TooLarge` past ``max_bytes`` or,
    for a large file, past ``max_ratio`` times its packed size; :class:`WrongInput` for damaged gzip.
    """
    name = name or path.name
    try:
        with path.open("rb") as stream:
            magic = stream.read(2)
            stream.seek(0)
            pieces = _unpacked(stream, name, max_ratio) if magic == GZIP_MAGIC else _plain(stream)
            total = 0
            for piece in pieces:
                total += len(piece)
                if total > max_bytes:
                    raise TooLarge(
                        f"{name} holds too much",
                        f"more than {max_bytes:,} bytes once unpacked",
                        f"at most {max_bytes:,} bytes",
                        "Check that it is the file you mean, or split it into smaller ones.",
                    )
                yield piece
    except OSError as error:
        raise cannot_read(name, error) from None


def _plain(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


def _unpacked(stream: IO[bytes], name: str, max_ratio: int) -> Iterator[bytes]:
    """Gzip members one after the other, as gzip itself reads them, never more than ``CHUNK`` at once."""
    packed = total = 0
    decoder = zlib.decompressobj(wbits=31)
    waiting = b""
    try:
        while True:
            if not waiting:
                waiting = stream.read(CHUNK // 16)
                packed += len(waiting)
            if decoder.eof:
                waiting = waiting.lstrip(b"\0")  # tapes and disks pad files with zeros; gzip ignores them too
                if not waiting and not (waiting := stream.read(CHUNK // 16).lstrip(b"\0")):
                    return
                decoder = zlib.decompressobj(wbits=31)
            elif not waiting:
                raise _damaged(name, f"{name} ends after {packed:,} bytes, in the middle")
            piece = decoder.decompress(waiting, CHUNK)
            waiting = decoder.unconsumed_tail or decoder.unused_data
            total += len(piece)
            if total > RATIO_FROM and total > max_ratio * packed:
                raise TooLarge(
                    f"{name} unpacks to far more than a table would",
                    f"{total:,} bytes from {packed:,} packed",
                    f"at most {max_ratio} times the packed size",
                    "If it is really meant, unpack it yourself and add the unpacked file.",
                )
            if piece:
                yield piece
    except zlib.error as error:
        raise _damaged(name, str(error)) from None


def _damaged(name: str, got: str) -> WrongInput:
    return WrongInput(
        f"{name} is damaged", got, "a whole gzip file", "Copy or download it again: it was cut or changed on its way."
    )


def cannot_read(name: str, error: OSError) -> CastaliaError:
    """Our error for an operating system's, without the path it happened at."""
    reason = error.strerror or type(error).__name__
    return Unavailable(f"{name} cannot be read", reason, "a readable file", "Check that it exists and may be read.")


def digest(pieces: Iterator[bytes]) -> tuple[str, int]:
    """sha256 (hex) and number of bytes of a stream."""
    state, size = hashlib.sha256(), 0
    for piece in pieces:
        state.update(piece)
        size += len(piece)
    return state.hexdigest(), size
