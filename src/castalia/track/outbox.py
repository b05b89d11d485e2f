"""Outbox: the file in which frames wait, in order, until a workbench has taken them.

Everything goes through the file, so a kill of the process loses nothing that was put there, and a flush is one
``fsync``. The owner holds a lock on it; a file without one belongs to the dead, and whoever finds it may send
it. A torn end is cut off. While the disk is full frames wait in memory, up to a bound.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from castalia.core.errors import Unavailable
from castalia.core.lock import try_lock
from castalia.track.frames import HEAD, whole_length
from castalia.track.spool import sync_folder

ENDING = ".outbox"
IN_MEMORY = 64 * 2**20
"""Bytes that may wait in memory while the disk has no room."""
_OPEN = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Outbox:
    """Frames of one process for one workbench. ``append`` from any thread; ``peek`` and ``done`` from one."""

    def __init__(self, path: Path, fd: int, end: int) -> None:
        self.path, self.taken, self.total = path, 0, end
        """``taken`` and ``total`` count bytes: what the workbench has, and what was ever put here."""
        self.lost = 0
        """Points given up because there was room neither on the disk nor in memory."""
        self.fault = ""
        self._fd, self._read, self._end = fd, 0, end
        self._memory: deque[bytes] = deque()
        self._held = 0
        self._synced = True
        self._lock = threading.RLock()

    @classmethod
    def new(cls, folder: Path, name: str) -> Outbox:
        """A fresh one. Where the folder cannot be written to, one that keeps everything in memory."""
        path = folder / f"{name}{ENDING}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            while True:
                fd = os.open(path, os.O_CREAT | _OPEN, 0o600)
                try:  # somebody may have taken the empty file for a dead one's and removed it
                    if try_lock(fd) and os.path.samestat(os.fstat(fd), os.stat(path)):
                        break
                except FileNotFoundError:
                    pass
                os.close(fd)
            sync_folder(folder)
        except OSError as error:
            made = cls(path, -1, 0)
            made.fault = str(error.strerror)
            return made
        return cls(path, fd, 0)

    @classmethod
    def adopt(cls, path: Path) -> Outbox | None:
        """The outbox of a process that has ended; None where it still lives or the file is gone."""
        try:
            fd = os.open(path, _OPEN)
        except OSError:
            return None
        try:
            if not try_lock(fd) or not os.path.samestat(os.fstat(fd), os.stat(path)):
                raise OSError
            end = 0
            for size, _, _ in _heads(fd, 0, os.fstat(fd).st_size):
                end += size
            os.ftruncate(fd, end)
        except OSError:
            os.close(fd)
            return None
        return cls(path, fd, end)

    def append(self, frame: bytes, points: int = 0) -> None:
        """Put one frame behind all others; ``points`` is how many are lost where there is no room at all."""
        with self._lock:
            self._memory.append(frame)
            self._held += len(frame)
            self.total += len(frame)
            try:
                while self._memory:
                    self._write(self._memory[0])
                    self._held -= len(self._memory.popleft())
            except OSError as error:
                self.fault = str(error.strerror)
                if self._held > IN_MEMORY and points:
                    self._held -= len(self._memory.pop())
                    self.total -= len(frame)
                    self.lost += points
            else:
                self.fault = ""

    def sync(self) -> bool:
        """Return once all is on disk; False where there is no room for it."""
        with self._lock:
            try:
                if not self._synced and self._fd >= 0:
                    os.fsync(self._fd)
                    self._synced = True
            except OSError as error:
                self.fault = str(error.strerror)
            return self._synced and not self._memory

    def peek(self, most: int) -> list[bytes]:
        """The oldest frames, of ``most`` bytes together but at least one; none where nothing waits."""
        with self._lock:
            if self._read == self._end:
                return [self._memory[0]] if self._memory else []
            want = most
            while True:
                content = _read_at(self._fd, min(want, self._end - self._read), self._read)
                found, at, view = [], 0, memoryview(content)
                while size := whole_length(view[at:]):
                    found.append(content[at : at + size])
                    at += size
                if found:
                    return found
                if want >= self._end - self._read:
                    raise Unavailable(
                        f"{self.path.name} is damaged", "a frame that was whole is not", cure="Remove it."
                    )
                want *= 4

    def done(self, frames: list[bytes]) -> None:
        """The workbench has these, which ``peek`` gave; the file is emptied after the last."""
        size = sum(map(len, frames))
        with self._lock:
            self.taken += size
            if self._read < self._end:
                self._read += size
                if self._read == self._end:
                    os.ftruncate(self._fd, 0)
                    self._read = self._end = 0
                    self._synced = True
            else:
                self._held -= len(self._memory.popleft())

    def waiting(self) -> tuple[int, int]:
        """(points, operations) that the workbench has not."""
        with self._lock:
            points = operations = 0
            heads = list(_heads(self._fd, self._read, self._end)) if self._fd >= 0 else []
            for _, names, body in [*heads, *map(_head, self._memory)]:
                points += int(json.loads(body)[2]) if names else 0
                operations += not names
            return points, operations

    def close(self) -> None:
        """Give the file up: removed when empty, else left for the next, on disk."""
        with self._lock:
            if self._fd < 0:
                return
            self.sync()
            if self._read == self._end and not self._memory:
                self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    def abandon(self) -> None:
        """Forget it without touching the file: in a forked child, whose parent goes on with it."""
        self._lock, self._memory = threading.RLock(), deque()
        self._read = self._end = 0
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, frame: bytes) -> None:
        if self._fd < 0:
            raise OSError(0, self.fault or "the folder cannot be written to")
        try:
            os.lseek(self._fd, self._end, os.SEEK_SET)
            view = memoryview(frame)
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            os.ftruncate(self._fd, self._end)  # no torn frame in the middle
            raise
        self._end += len(frame)
        self._synced = False


def _read_at(fd: int, size: int, at: int) -> bytes:
    os.lseek(fd, at, os.SEEK_SET)
    parts = []
    while size > 0 and (part := os.read(fd, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _head(frame: bytes) -> tuple[int, int, bytes]:
    names = HEAD.unpack_from(frame)[2]
    return len(frame), names, frame[HEAD.size : HEAD.size + names]


def _heads(fd: int, at: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """(length, bytes of names, names) of every whole frame from ``at`` on."""
    while at < end:
        head = _read_at(fd, HEAD.size, at)
        if len(head) < HEAD.size:
            return
        length = HEAD.unpack(head)[0]
        frame = _read_at(fd, HEAD.size + length, at) if at + HEAD.size + length <= end else b""
        if not whole_length(frame):
            return
        yield _head(frame)
        at += len(frame)
