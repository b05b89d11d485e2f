"""Bytes with a name: opened as often as needed, and unpacked under a bound."""

from __future__ import annotations

import io
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from castalia.core.errors import CastaliaError, NotFound, TooLarge, Unavailable, WrongInput

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
MAX_BYTES = 8 << 30
"""Uncompressed bytes of one file."""
MAX_RATIO = 200
"""How many times larger than its packed form a file may be, once it is larger than ``RATIO_FROM``."""
RATIO_FROM = 64 << 20
IN_MEMORY = 16 << 20
"""Bytes of a stream that are kept in memory; a longer one goes to a temporary file."""


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

    @classmethod
    def any(cls, source: Any, name: str = "", *, max_bytes: int = MAX_BYTES) -> Content:
        """What a caller holds: a path, bytes, or a file object, which is read from where it stands to its end.

        A file object is copied, since a table is read twice: to memory, and beyond ``IN_MEMORY`` to a temporary
        file that goes with the content. It is not closed.
        """
        if isinstance(source, bytes | bytearray | memoryview):
            return cls.of(name or "these bytes", bytes(source))
        if isinstance(source, str | Path):
            path = Path(source)
            if not path.is_file():
                got = "a folder" if path.is_dir() else "nothing there"
                raise NotFound(f"There is no file {path}", got, "a file with a table", "Check the path.", field="data")
            return cls.at(path, name)
        if not hasattr(source, "read"):
            raise WrongInput(
                "That is nothing to read a table from",
                type(source).__name__,
                "a path, bytes, or a file opened with 'rb'",
                "A table that you hold already needs no reading: Table.of takes it.",
            )
        name = name or Path(str(getattr(source, "name", "") or "this file")).name
        return cls(name, _spooled(_pieces(source, name), name, max_bytes))

    def unpacked(self, *, max_bytes: int = MAX_BYTES, seekable: bool = False) -> Content:
        """The content without gzip, by its first bytes; itself where it is not packed.

        ``seekable`` is for formats that are read from their end: then the whole is unpacked first.
        """
        with self.opened() as stream:
            packed = stream.read(2) == GZIP_MAGIC
        if not packed:
            return self

        def pieces() -> Iterator[bytes]:
            with self.opened() as stream:
                yield from bounded(stream, self.name, max_bytes=max_bytes)

        if seekable:
            return Content(self.name, _spooled(pieces(), self.name, max_bytes))
        return Content(self.name, lambda: io.BufferedReader(_Joined(pieces())))

    def opened(self) -> IO[bytes]:
        """:attr:`open`, with our error where the operating system refuses."""
        try:
            return self.open()
        except OSError as error:
            raise cannot_read(self.name, error) from None


class _Joined(io.RawIOBase):
    """Pieces of bytes as one stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _pieces(stream: IO[Any], name: str) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        if isinstance(piece, str):
            raise WrongInput(
                f"{name} is opened as text", "text", "a file opened with 'rb'", "Open it with 'rb', or hand its path."
            )
        yield piece


def _spooled(pieces: Iterator[bytes], name: str, max_bytes: int) -> Callable[[], IO[bytes]]:
    """A copy of the pieces, and how to open it again and again."""
    copy = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  lives as long as the content
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise _too_much(name, max_bytes)
        copy.write(piece)
    if total <= IN_MEMORY:
        copy.seek(0)
        data = copy.read()
        return lambda: io.BytesIO(data)
    copy.rollover()
    copy.flush()

    def again() -> IO[bytes]:
        return io.BufferedReader(_Part(copy), CHUNK // 16)

    return again


class _Part(io.RawIOBase):
    """A reader with a place of its own in a shared file."""

    def __init__(self, shared: IO[bytes]) -> None:
        self._shared, self._at = shared, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._at, self._shared.seek(0, 2) if whence == 2 else 0)[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._shared.seek(self._at)
        piece = self._shared.read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def chunks(path: Path, *, name: str = "", max_bytes: int = MAX_BYTES, max_ratio: int = MAX_RATIO) -> Iterator[bytes]:
    """The uncompressed content of a plain or gzip file, in pieces of at most about a megabyte. See :func:`bounded`."""
    name = name or path.name
    try:
        with path.open("rb") as stream:
            yield from bounded(stream, name, max_bytes=max_bytes, max_ratio=max_ratio)
    except OSError as error:
        raise cannot_read(name, error) from None


def bounded(stream: IO[bytes], name: str, *, max_bytes: int, max_ratio: int = MAX_RATIO) -> Iterator[bytes]:
    """The uncompressed content of a plain or gzip stream from its beginning.

    Gzip is recognised by its first bytes, not by its name. Raises :class:`TooLarge` past ``max_bytes`` or,
    for a large file, past ``max_ratio`` times its packed size; :class:`WrongInput` for damaged gzip.
    """
    magic = stream.read(2)
    stream.seek(0)
    pieces = _unpacked(stream, name, max_ratio) if magic == GZIP_MAGIC else _pieces(stream, name)
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise _too_much(name, max_bytes)
        yield piece


def _too_much(name: str, max_bytes: int) -> TooLarge:
    return TooLarge(
        f"{name} holds too much",
        f"more than {max_bytes:,} bytes once unpacked",
        f"at most {max_bytes:,} bytes",
        "Check that it is the file you mean, or split it into smaller ones.",
    )


def _unpacked(stream: IO[bytes], name: str, max_ratio: int) -> Iterator[bytes]:
    """Gzip members one after the other, as gzip itself reads them, a little at once: a bomb is noticed early."""
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
            piece = decoder.decompress(waiting, CHUNK // 16)
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
