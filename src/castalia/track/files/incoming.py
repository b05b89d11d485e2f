"""One file on its way in: written beside, hashed as it comes, bounded, and kept whole or dropped."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from castalia.core.errors import TooLarge
from castalia.track.database import readable

CHUNK = 2**20
"""Bytes that are read and written at once: what a file of any size costs in memory."""


class Incoming:
    """A file that is being written; leaving the ``with`` block drops what nobody kept.

    ``write`` raises TooLarge beyond ``most`` bytes, and Unavailable where there is no room.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.most, self.size, self._digest = most, 0, hashlib.sha256()
        self.path = folder / secrets.token_hex(12)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO | None = self.path.open("xb")
        except OSError as error:
            raise readable(error, self.path) from error

    @property
    def sha256(self) -> str:
        """Of what was written so far."""
        return self._digest.hexdigest()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Append."""
        assert self._file is not None, "it was finished"
        if self.size + len(piece) > self.most:
            raise too_large(self.most)
        try:
            self._file.write(piece)
        except OSError as error:
            raise readable(error, self.path) from error
        self.size += len(piece)
        self._digest.update(piece)

    def write_all(self, pieces: Iterable[bytes]) -> None:
        """Append all of them."""
        for piece in pieces:
            self.write(piece)

    def finish(self) -> Path:
        """Put the bytes on disk and close; where they lie."""
        if self._file is not None:
            try:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
            except OSError as error:
                raise readable(error, self.path) from error
            self._file = None
        return self.path

    def drop(self) -> None:
        """Forget it; nothing is left. A file that was moved into its place stays there."""
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):  # what was buffered may have no room; it is not wanted any more
                file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.drop()


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """What is left of an open file, a chunk at a time."""
    while piece := file.read(CHUNK):
        yield piece


def too_large(most: int) -> TooLarge:
    """The file is over the bound of the settings."""
    bound = f"{most / 2**20:,.0f} MiB" if most >= 2**20 else f"{most:,} bytes"
    return TooLarge("the file is too large", f"more than {bound}", f"at most {bound}", "Raise CASTALIA_ARTIFACT_BYTES.")
