"""Who wrote what: one line a write in ``audit.jsonl`` of the home; no bodies, no queries, no secrets.

Lines are gathered for a moment and appended whole by a thread, so that no request waits for the disk. What the
same client did many times within that moment is one line with a ``count``. A disk that is full costs lines, which
are counted, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FILE = "audit.jsonl"
MAX_BYTES = 8 * 2**20
KEPT = 4
"""Older files beside the one that is written: audit.1.jsonl is the newest of them."""
FLUSH_SECONDS = 0.5
MAX_WAITING = 10_000
"""Different lines that wait for the disk; further ones are lost, and counted."""
LONGEST = 300
"""Characters of a path."""

log = logging.getLogger("castalia.web")


class Deed(NamedTuple):
    """What was asked, by whom, and how it was answered."""

    who: str
    """The name of a token; "loopback" where nobody is asked for one; "" for a stranger."""
    address: str
    method: str
    route: str
    path: str
    status: int


class Audit:
    """The file of one workbench. ``note`` is for the event loop; the rest happens in a thread."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE
        self._waiting: dict[Deed, list[float]] = {}
        self._lost = 0
        self._quiet = True
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, deed: Deed) -> None:
        """Remember a deed; it is on the disk a moment later."""
        with self._lock:
            known = self._waiting.get(deed)
            if known is not None:
                known[1] += 1
            elif len(self._waiting) < MAX_WAITING:
                self._waiting[deed] = [time.time(), 1]
            else:
                self._lost += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="audit", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what waits and end the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        self.flush()

    def _write_on(self) -> None:
        while not self._ending.wait(FLUSH_SECONDS):
            self.flush()

    def flush(self) -> None:
        """Append what waits. A disk that does not take it gets it again the next time."""
        with self._lock:
            taken, self._waiting, lost = self._waiting, {}, self._lost
        if not taken and not lost:
            return
        lines = [_line(deed, at, int(count)) for deed, (at, count) in taken.items()]
        if lost:
            lines.append(json.dumps({"time": _moment(time.time()), "lost": lost}))
        try:
            self._append("".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            with self._lock:
                for deed, (at, count) in taken.items():
                    later = self._waiting.pop(deed, [0.0, 0])[1]
                    self._waiting[deed] = [at, count + later]
            if self._quiet:
                log.warning("the audit log cannot be written: %s", error.strerror or type(error).__name__)
            self._quiet = False
            return
        self._quiet = True
        with self._lock:
            self._lost -= lost

    def _append(self, content: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self.path.stat().st_size >= MAX_BYTES:
                _rotate(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":  # the machine went down in the middle of a line
                content = b"\n" + content
            if os.write(fd, content) < len(content):
                os.ftruncate(fd, size)
                raise OSError(28, "only a part fitted")
        finally:
            os.close(fd)


def _rotate(path: Path) -> None:
    for number in range(KEPT, 0, -1):
        older = _older(path, number)
        newer = path if number == 1 else _older(path, number - 1)
        with contextlib.suppress(FileNotFoundError):
            newer.replace(older)


def _older(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}")


def _moment(seconds: float) -> str:
    whole = int(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z"


def _line(deed: Deed, at: float, count: int) -> str:
    shown = {"time": _moment(at), **deed._asdict(), "path": deed.path[:LONGEST]}
    return json.dumps(shown | ({"count": count} if count > 1 else {}))


def read(home: Path) -> Iterator[dict[str, Any]]:
    """Every line there is, the oldest first; half a line is passed over."""
    path = home / FILE
    for place in [*(_older(path, number) for number in range(KEPT, 0, -1)), path]:
        try:
            stream = place.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue
        with stream:
            for text in stream:
                with contextlib.suppress(ValueError):
                    found = json.loads(text)
                    if isinstance(found, dict):
                        yield found
