"""Points put aside while the database is locked or full: one file a writer, brought in later.

Frames of a length, a checksum and arrays. A frame torn by a kill or a full disk is cut off; those
before it stand. The writer holds a lock on its file, so a file without one belongs to the dead and
whoever opens the store next brings it in. Twice does no harm: the same point is stored once.
"""

from __future__ import annotations

import json
import os
import struct
import threading
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from castalia.core.errors import CastaliaError, NotFound
from castalia.core.lock import try_lock

RunPoint = tuple[str, str, int, int, float]
"""run id, key, step, time in ms, value"""
_HEAD = struct.Struct("<III")  # bytes that follow, their checksum, bytes of names
_MAX_FRAME = 64 * 2**20
_OPEN = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Sink(Protocol):
    """Where points end: the store."""

    def log_points(self, batch: Mapping[str, Sequence[tuple[str, int, int, float]]], patience: float = ...) -> None: ...


def packed(points: Sequence[RunPoint]) -> bytes:
    """One frame."""
    runs: dict[str, int] = {}
    keys: dict[str, int] = {}
    owners, names = array("I"), array("I")
    for run, key, *_ in points:
        owners.append(runs.setdefault(run, len(runs)))
        names.append(keys.setdefault(key, len(keys)))
    head = json.dumps([list(runs), list(keys), len(points)]).encode()
    steps, times = array("q", (p[2] for p in points)), array("q", (p[3] for p in points))
    parts = (head, owners.tobytes(), names.tobytes(), steps.tobytes(), times.tobytes(),
             array("d", (p[4] for p in points)).tobytes())  # fmt: skip
    body = b"".join(parts)
    return _HEAD.pack(len(body), zlib.crc32(body), len(head)) + body


def unpacked(body: bytes, head: int) -> dict[str, list[tuple[str, int, int, float]]]:
    """The points of a frame's body, by run."""
    runs, keys, count = json.loads(body[:head])
    batch: dict[str, list[tuple[str, int, int, float]]] = {run: [] for run in runs}
    at, columns = head, []
    for code in "IIqqd":
        column = array(code)
        column.frombytes(body[at : at + count * column.itemsize])
        at += count * column.itemsize
        columns.append(column)
    for owner, name, step, time, value in zip(*columns, strict=True):
        batch[runs[int(owner)]].append((keys[int(name)], int(step), int(time), value))
    return batch


class Spool:
    """The file of one writer. ``append`` from any thread; ``frame`` and ``done`` from one."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.spool"
        self._fd = -1
        self._read, self._end, self._synced = 0, 0, True
        self._lock = threading.Lock()

    @property
    def waiting(self) -> bool:
        """Whether frames wait to be brought in."""
        return self._read < self._end

    def append(self, points: Sequence[RunPoint]) -> None:
        """Put points aside; OSError where there is no room, and then nothing was kept."""
        frame = packed(points)
        with self._lock:
            if self._fd < 0:
                self._open()
            try:
                view, at = memoryview(frame), self._end
                os.lseek(self._fd, at, os.SEEK_SET)
                while view:
                    view = view[os.write(self._fd, view) :]
            except OSError:
                os.ftruncate(self._fd, self._end)  # no torn frame in the middle
                raise
            self._end += len(frame)
            self._synced = False

    def sync(self) -> None:
        """Return once everything appended is on disk."""
        with self._lock:
            if not self._synced and self._fd >= 0:
                os.fsync(self._fd)
                self._synced = True

    def frame(self) -> tuple[dict[str, list[tuple[str, int, int, float]]], int] | None:
        """The oldest frame that waits, and where it ends."""
        with self._lock:
            if not self.waiting:
                return None
            found = _frame_at(self._fd, self._read)
        assert found is not None, "a frame of this process cannot be torn"
        return found

    def done(self, end: int) -> None:
        """The frame that ends at ``end`` is in the database; the file is emptied after the last."""
        with self._lock:
            self._read = end
            if not self.waiting:
                os.ftruncate(self._fd, 0)
                self._read = self._end = 0
                self._synced = True

    def close(self) -> None:
        """Give the file up: removed when empty, else left for ``recover``."""
        with self._lock:
            if self._fd < 0:
                return
            if self.waiting:
                if not self._synced:
                    os.fsync(self._fd)
            else:
                self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            fd = os.open(self.path, os.O_CREAT | _OPEN, 0o600)
            try:  # another process may have taken the empty file for a dead writer's and removed it
                if try_lock(fd) and os.path.samestat(os.fstat(fd), os.stat(self.path)):
                    break
            except FileNotFoundError:
                pass
            os.close(fd)
        self._fd = fd
        sync_folder(self.path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in ``folder`` on disk; a no-op where the system cannot."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _frame_at(fd: int, at: int) -> tuple[dict[str, list[tuple[str, int, int, float]]], int] | None:
    os.lseek(fd, at, os.SEEK_SET)
    head = _read(fd, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, checksum, names = _HEAD.unpack(head)
    body = _read(fd, length) if length <= _MAX_FRAME else b""
    if len(body) != length or zlib.crc32(body) != checksum:
        return None
    return unpacked(body, names), at + _HEAD.size + length


def _read(fd: int, size: int) -> bytes:
    parts = []
    while size and (part := os.read(fd, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _frames(fd: int) -> Iterator[dict[str, list[tuple[str, int, int, float]]]]:
    at = 0
    while (found := _frame_at(fd, at)) is not None:
        batch, at = found
        yield batch


def recover(folder: Path, sink: Sink) -> int:
    """Bring in the files of dead writers; return the number of points. What cannot be brought in now stays."""
    total = 0
    try:
        paths = [Path(entry.path) for entry in os.scandir(folder) if entry.name.endswith(".spool")]
    except OSError:
        return 0
    for path in sorted(paths):
        try:
            fd = os.open(path, _OPEN)
        except OSError:
            continue
        try:
            if try_lock(fd):
                total += sum(_bring(batch, sink) for batch in _frames(fd))
                path.unlink(missing_ok=True)
        except OSError:
            continue
        except CastaliaError:
            break  # busy or full: the next one to open the store tries again
        finally:
            os.close(fd)
    return total


def _bring(batch: Mapping[str, Sequence[tuple[str, int, int, float]]], sink: Sink) -> int:
    count = 0
    for run, points in batch.items():
        try:
            sink.log_points({run: points}, 1.0)
            count += len(points)
        except NotFound:
            continue  # the run was deleted meanwhile, and its points with it
    return count
