"""Bundle: all files of a run as one zip, made while it is sent: it needs no room on disk and little memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO, cast

from castalia.track.artifacts import Artifacts

PIECE = 2**16
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


def bundled(store: Artifacts, run_id: str) -> Iterator[bytes]:
    """The bytes of a zip with every file of the run, by name. NotFound, before the first byte, for no such run.

    A file that is replaced or deleted while it is read breaks the zip off; what was sent then does not open.
    """
    place = store.run_place(run_id)
    names = sorted(path.removeprefix(place.path).lstrip("/") for path, _ in place.tree.walk(place.path))
    sink = _Sink()

    def pieces() -> Iterator[bytes]:
        with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for name in names:
                member = zipfile.ZipInfo(name, _DAY)
                member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                with made.open(member, "w", force_zip64=True) as into, store.opened(place.inner(name)) as file:
                    for piece in file.pieces():
                        into.write(piece)
                        if sink.size >= PIECE:
                            yield sink.take()
        yield sink.take()

    return pieces()
