"""A job's folder: who writes which file, and how a file survives a kill at any moment.

    spec.json     what to do                    written once, before the folder gets its name
    state.json    the workbench's view          the workbench alone
    keeper.json, exit.json, output.log, spare   the keeper alone (castalia.jobs.keeper)
    events.jsonl, result.json, files/           the worker alone (castalia.jobs.worker)
    lock          held by the living keeper

Each file has one writer, so none needs a lock to be written. JSON files are replaced whole. Events
are appended a line at a time; a line that a kill cut short is dropped when the next attempt starts.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import time
from pathlib import Path
from typing import IO, Any

from castalia.core.errors import CastaliaError, Unavailable
from castalia.core.lock import try_lock
from castalia.jobs.job import MAX_EVENT, Event

SPARE = 64 << 10
"""Bytes kept free for result.json and exit.json on a full disk."""


class Folder:
    """The files of one job, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.events = path / "events.jsonl"
        self.log = path / "output.log"
        self.files = path / "files"

    @property
    def mark(self) -> str:
        """What the environment of the worker and all it starts holds."""
        return f"CASTALIA_JOB={self.id}"

    def read(self, name: str) -> dict[str, Any] | None:
        """One of the JSON files; None when it is missing or damaged."""
        return read_json(self.path / name)

    def read_of(self, name: str, attempt: int) -> dict[str, Any] | None:
        """The file, when it tells of this attempt; an earlier attempt's counts as missing."""
        value = self.read(name)
        return value if value is not None and value.get("attempt") == attempt else None

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Replace a JSON file. On return it is on disk; ``Unavailable`` when the disk is full or refuses."""
        write_json(self.path / name, value)

    def write_at_last(self, name: str, value: dict[str, Any]) -> None:
        """As ``write``, for how it ended: on a full disk the space that was kept for this is given back first."""
        try:
            self.write(name, value)
        except CastaliaError:
            (self.path / "spare").unlink(missing_ok=True)
            self.write(name, value)

    def keep_spare(self) -> None:
        """Keep some space for the last words; without it a full disk would also swallow the reason."""
        with contextlib.suppress(OSError):
            (self.path / "spare").write_bytes(bytes(SPARE))

    def lock(self) -> Lock:
        return Lock(self.path / "lock")

    def idle(self) -> bool:
        """No keeper lives."""
        lock = self.lock()
        taken = lock.take()
        lock.free()
        return taken

    def mend_events(self) -> None:
        """Drop a last line without an end: it was never acknowledged, its writer was killed in it."""
        try:
            with open(self.events, "r+b") as file:
                size = file.seek(0, os.SEEK_END)
                start = max(0, size - 2 * MAX_EVENT)
                file.seek(start)
                end = file.read().rfind(b"\n")
                if start + end + 1 < size:
                    file.truncate(start + end + 1)
        except FileNotFoundError:
            pass

    def progress(self) -> tuple[float, float] | None:
        """(done, total) of the last event of the kind "progress" near the end of the events."""
        for line in reversed(_tail(self.events, 1 << 16).split(b"\n")):
            if b'"progress"' in line and (event := _event(0, line)) and event.kind == "progress":
                done, total = event.data.get("done"), event.data.get("total")
                if isinstance(done, int | float) and isinstance(total, int | float):
                    return float(done), float(total)
        return None

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines of what the child printed; of a progress bar its last drawing."""
        text = _tail(self.log, 1 << 15).decode("utf-8", "replace")
        return [line.rstrip("\r").rpartition("\r")[2][:500] for line in text.rstrip("\n").split("\n")][-lines:]


class EventReader:
    """Reads events in order, each once; keeps its place in the file between calls."""

    def __init__(self, path: Path, after: int = 0) -> None:
        self._path, self._after = path, after
        self._n, self._offset = 0, 0

    def read(self) -> list[Event]:
        """The complete events that came since the last call (some of them, when they are many)."""
        found: list[Event] = []
        while not found:
            try:
                with open(self._path, "rb") as file:
                    file.seek(self._offset)
                    chunk = file.read(2 * MAX_EVENT)
            except FileNotFoundError:
                return []
            whole = chunk[: chunk.rfind(b"\n") + 1]
            if not whole:
                return []
            self._offset += len(whole)
            for line in whole[:-1].split(b"\n"):
                self._n += 1
                if self._n > self._after and (event := _event(self._n, line)):
                    found.append(event)
        return found


class Lock:
    """An exclusive lock on a file that the system frees when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def take(self, seconds: float = 0.0) -> bool:
        """Try for so long; True when it is held now."""
        give_up = time.monotonic() + seconds
        while self._file is None:
            try:
                file = open(self._path, "ab")  # noqa: SIM115 - it stays open as long as the lock is held
            except FileNotFoundError:
                return False  # the folder is gone
            except OSError as error:
                raise explain(error, f"Could not lock {self._path.name!r}") from None
            if try_lock(file.fileno()):
                self._file = file
                return True
            file.close()
            if time.monotonic() >= give_up:
                return False
            time.sleep(0.02)
        return True

    def free(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object; None when the file is missing or holds something else."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace ``path`` in one step and put it on disk."""
    # One writer a file: a fixed name means that a killed writer leaves at most one scrap behind.
    scrap = path.with_name(f".{path.name}.new")
    try:
        with open(scrap, "wb") as file:
            file.write(as_json(value).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(scrap, path)
        sync_folder(path.parent)
    except OSError as error:
        scrap.unlink(missing_ok=True)
        raise explain(error, f"Could not write {path.name!r} of a job") from None


def sync_folder(path: Path) -> None:
    """Put the names in a folder on disk (a rename is lost in a power cut otherwise)."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def as_json(value: object) -> str:
    """One line of strict JSON: NaN and the infinities become null, NumPy's numbers become numbers.

    Raises TypeError or ValueError for what JSON cannot hold.
    """
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError):
        return json.dumps(_plain(value, 0), allow_nan=False, separators=(",", ":"))


def explain(error: OSError, subject: str) -> CastaliaError:
    """An ``OSError`` in our words, without the path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable(subject, "no space left on the disk", "a little free space", "free some space, then resume")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        cure = "give yourself write permission, or set CASTALIA_HOME to a folder of yours"
        return Unavailable(subject, "no permission to write there", "a writable home", cure)
    return Unavailable(subject, error.strerror or type(error).__name__, "a working disk")


def _plain(value: object, depth: int) -> object:
    if depth > 64:
        raise ValueError("nested deeper than 64")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, depth + 1) for v in value]
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return _plain(value.tolist(), depth + 1)
    return value


def _event(n: int, line: bytes) -> Event | None:
    try:
        raw = json.loads(line)
        return Event(n, float(raw["t"]), str(raw["kind"]), dict(raw["data"]))
    except (ValueError, KeyError, TypeError):
        return None


def _tail(path: Path, size: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            return file.read()
    except OSError:
        return b""
