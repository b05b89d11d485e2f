"""A lock between processes that the system lets go of when its holder dies."""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path
from types import TracebackType

if sys.platform == "win32":
    import msvcrt

    def _take(fd: int) -> None:
        os.lseek(fd, 2**40, os.SEEK_SET)  # beyond any content: Windows locks forbid reading what they cover
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(fd: int) -> bool:
    """Take the lock of an open file if nobody has it; it goes when ``fd`` is closed or the process dies."""
    try:
        _take(fd)
    except (BlockingIOError, PermissionError):
        return False
    return True


class FileLock:
    """``with FileLock(path):`` one process at a time. TimeoutError after ``timeout`` seconds; OSError as it comes.

    The file is made where it is missing, its folder too, and stays: deleting it would let two in.
    """

    def __init__(self, path: Path, timeout: float = math.inf) -> None:
        self.path, self.timeout = path, timeout
        self._fd = -1

    def __enter__(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        until = time.monotonic() + self.timeout
        while not try_lock(self._fd):
            if time.monotonic() > until:
                os.close(self._fd)
                raise TimeoutError(f"no lock on {self.path.name} within {self.timeout:g} s")
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._fd)
