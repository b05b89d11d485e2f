"""Bundle: all files of a run as one zip, made while it is sent: it needs no room on disk and little memory."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from typing import IO, cast

from castalia.core.errors import Unavailable
from castalia.track.artifacts import Artifacts

PIECE = 2**16
AT_ONCE, LARGE = 4, 2**26
"""Zips that are made at once, for each keeps a core busy; bytes of a file beyond which it is not packed."""
PACKED = (".zip", ".gz", ".bz2", ".xz", ".zst", ".7z", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp3", ".mp4",
          ".webm", ".npz", ".pt", ".pth", ".ckpt", ".safetensors", ".parquet", ".onnx", ".gguf")  # fmt: skip
"""What is packed already, or numbers that no packing makes smaller."""
_places = threading.BoundedSemaphore(AT_ONCE)
_DAY = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same files are the same bytes."""


class _Sink:
    """What the zip is written into: it can only be taken from."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def write(self, piece: bytes) -> int:
        """Keep a piece until it is taken."""
        self.pieces.append(bytes(piece))
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        """There is nowhere to flush to."""

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self.pieces)
        self.pieces, self.size = [], 0
        return taken


class Bundle:
    """The pieces of a zip, and its place among those that are made at once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        if not _places.acquire(blocking=False):
            raise Unavailable("too many zips at once", "", f"at most {AT_ONCE}", "Try again when one is done.")
        self._pieces, self._here = pieces, True

    def __iter__(self) -> Bundle:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the place to the next."""
        if self._here:
            self._here = False
            _places.release()

    def __del__(self) -> None:
        if getattr(self, "_here", False):  # whoever read it has gone
            self.close()


def bundled(store: Artifacts, run_id: str) -> Bundle:
    """The bytes of a zip with every file of the run, by name. NotFound, before the first byte, for no such run, and
    Unavailable where four are made already.

    A file that is replaced or deleted while it is read breaks the zip off; what was sent then does not open.
    """
    place = store.run_place(run_id)
    names = sorted(path.removeprefix(place.path).lstrip("/") for path, _ in place.tree.walk(place.path))
    sink = _Sink()

    def pieces() -> Iterator[bytes]:
        with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for name in names:
                with store.opened(place.inner(name)) as file:
                    member = zipfile.ZipInfo(name, _DAY)
                    packs = file.found.size <= LARGE and not name.lower().endswith(PACKED)
                    member.compress_type = zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED
                    member.external_attr = 0o644 << 16
                    with made.open(member, "w", force_zip64=True) as into:
                        for piece in file.pieces():
                            into.write(piece)
                            if sink.size >= PIECE:
                                yield sink.take()
        yield sink.take()

    return Bundle(pieces())
