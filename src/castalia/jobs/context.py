"""What the function of a job is handed: its folder, a way to say things, and whether to stop."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

from castalia.core.errors import Stopped, TooLarge, WrongInput
from castalia.jobs.folder import Folder, as_json, explain
from castalia.jobs.job import MAX_EVENT


class JobContext:
    """The first argument of every entry: ``function(ctx, **args) -> dict``. Safe to use from any thread."""

    def __init__(self, folder: Folder, attempt: int) -> None:
        self.id = folder.id
        self.attempt = attempt
        """1 the first time; later attempts find in ``folder`` what earlier ones left."""
        self.folder: Path = folder.files
        """The job's own files; they survive a kill, and a resumed job finds them."""
        self._events = folder.events
        self._lock = threading.Lock()
        self._handle = -1
        self._stop = False
        self._drawn = 0.0

    def emit(self, kind: str, **data: object) -> None:
        """Append one event. When this returns, the event outlives a kill of this process.

        ``data`` becomes JSON (NaN and infinities null). ``TooLarge`` over 1 MiB, ``WrongInput`` for what
        JSON cannot hold, ``Unavailable`` on a full disk; then nothing of the event is in the file.
        """
        try:
            text = as_json({"t": round(time.time(), 3), "kind": kind, "data": data})
        except (TypeError, ValueError) as error:
            expected = "numbers, text, lists and dicts"
            raise WrongInput(f"The event {kind!r} of a job is not JSON", str(error), expected) from None
        line = text.encode() + b"\n"
        if len(line) > MAX_EVENT:
            raise TooLarge(f"The event {kind!r} of a job", f"{len(line)} bytes", f"at most {MAX_EVENT}", "write a file")
        with self._lock:
            self._append(line)

    def progress(self, done: float, total: float) -> None:
        """Say how far it is, in any unit. At most twenty a second are kept, and always the last one (done = total)."""
        now = time.monotonic()
        if done >= total or now - self._drawn >= 0.05:
            self._drawn = now
            self.emit("progress", done=done, total=total)

    def stop_asked(self) -> bool:
        """Cancel was asked: save what is worth saving and raise ``Stopped``. Ten seconds later comes a kill."""
        return self._stop

    def check(self) -> None:
        """Raise ``Stopped`` once cancel was asked."""
        if self._stop:
            raise Stopped

    def ask_to_stop(self) -> None:
        """What the signal handler does. It takes no lock: it may run in the middle of ``emit``."""
        self._stop = True

    def _append(self, line: bytes) -> None:
        if self._handle < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._handle = os.open(self._events, flags, 0o666)
        written = 0
        try:
            written = os.write(self._handle, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, "cut short")  # a file takes less than asked only when it is full
        except OSError as error:
            if written:
                os.ftruncate(self._handle, os.fstat(self._handle).st_size - written)
            raise explain(error, "An event of a job could not be written") from None
