"""A folder that the code under check may fill: how much it holds, and how it goes away whatever lies in it."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

PAUSE = 0.2
"""Seconds between two looks at the whole of a folder."""
STEP = 1000
"""So many entries are looked at in one go, so that whoever polls is not held up."""
_TAIL = 1 << 16


class Usage:
    """What a folder holds, added up a piece at a time: bytes on the disk and the number of files and folders."""

    def __init__(self, folder: Path, size: int, entries: int) -> None:
        self.folder, self.size, self.entries = folder, size, entries
        self._look: Iterator[tuple[int, int]] = iter(())
        self._next = 0.0

    def passed(self) -> bool:
        """Look on for a moment: does it hold more than ``size`` bytes or ``entries`` entries?"""
        found = list(itertools.islice(self._look, STEP))
        if not found and time.monotonic() >= self._next:
            self._look, self._next = held(self.folder), time.monotonic() + PAUSE
            found = list(itertools.islice(self._look, STEP))
        return bool(found) and (found[-1][0] > self.size or found[-1][1] > self.entries)


def held(folder: Path) -> Iterator[tuple[int, int]]:
    """(bytes, entries) so far, for each entry below ``folder``. What cannot be looked at counts as nothing."""
    waiting, size, entries = [str(folder)], 0, 0
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as listed:
            for entry in listed:
                entries += 1
                with contextlib.suppress(OSError):  # gone meanwhile
                    found = entry.stat(follow_symlinks=False)
                    folder_too = stat.S_ISDIR(found.st_mode)
                    if folder_too:
                        waiting.append(entry.path)
                    size += 512 * found.st_blocks // (1 if folder_too else max(1, found.st_nlink))
                yield size, entries


def last_bytes(path: Path, most: int = _TAIL) -> bytes:
    """The end of a regular file. Nothing where there is none: a link or a pipe in its place is never waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except OSError:
        return b""
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return b""
        os.lseek(handle, max(0, found.st_size - most), os.SEEK_SET)
        return os.read(handle, most)
    except OSError:
        return b""
    finally:
        os.close(handle)


def remove(folder: str | os.PathLike[str]) -> None:
    """Remove a folder, however deep it is and whatever rights were taken off it. What stays is no error.

    A folder within is moved to the top before it is emptied, so that neither depth nor length of a path matters.
    """
    if os.rename not in os.supports_dir_fd:  # Windows
        with contextlib.suppress(OSError, RecursionError):
            shutil.rmtree(folder, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        top = _enter(os.fspath(folder), None)
        try:
            waiting, number = os.listdir(top), itertools.count()
            while waiting:
                with contextlib.suppress(OSError):
                    waiting += _take(top, waiting.pop(), number)
        finally:
            os.close(top)
        os.rmdir(folder)


def _take(top: int, name: str, number: Iterator[int]) -> list[str]:
    """Remove ``name`` of ``top``; the names of its own folders, which are in ``top`` now."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=top)
        return []
    moved: list[str] = []
    inner = _enter(name, top)
    try:
        with os.scandir(inner) as listed:
            entries = list(listed)
        for entry in entries:
            with contextlib.suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.name, dir_fd=inner)
                    continue
                os.close(_enter(entry.name, inner))  # a folder that may not be written cannot be moved
                free = f".castalia-{os.getpid()}-{next(number)}"
                os.rename(entry.name, free, src_dir_fd=inner, dst_dir_fd=top)
                moved.append(free)
    finally:
        os.close(inner)
    with contextlib.suppress(OSError):
        os.rmdir(name, dir_fd=top)
    return moved


def _enter(name: str, at: int | None) -> int:
    """A folder (no link to one), open, and with all rights for its owner."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        inner = os.open(name, flags, dir_fd=at)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=at)
        inner = os.open(name, flags, dir_fd=at)
    with contextlib.suppress(OSError):
        os.fchmod(inner, 0o700)
    return inner
