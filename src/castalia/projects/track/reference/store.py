"""Where runs are kept: one SQLite file in WAL mode, and the contents of artifacts in files beside it.

Every write is one transaction, begun with BEGIN IMMEDIATE: who reads first and asks for the right to write later may be
refused at once, however long it would wait.
"""

from __future__ import annotations

import hashlib
import math
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

from .versions import git_state

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'running',
    key TEXT UNIQUE, "commit" TEXT, dirty INTEGER);
CREATE TABLE IF NOT EXISTS params (run INTEGER, name TEXT, kind TEXT, value, PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tags (run INTEGER, name TEXT, value TEXT, PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (
    run INTEGER, metric TEXT, step INTEGER, value REAL, PRIMARY KEY (run, metric, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS artifacts (run INTEGER, name TEXT, digest TEXT, PRIMARY KEY (run, name)) WITHOUT ROWID;
"""
WAIT = 10.0
"""Seconds to wait for whoever else is writing."""
KINDS = ("str", "int", "float", "bool", "NoneType")


class Tracker:
    """Runs with their params, tags, metrics and artifacts. One object belongs to one thread."""

    def __init__(self, path: str) -> None:
        self._files = f"{path}.files"
        self.db = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
        self._into_wal()
        self.db.execute("PRAGMA synchronous=FULL")
        with self.writing():
            for statement in SCHEMA.split(";"):
                self.db.execute(statement)

    def _into_wal(self) -> None:
        """The one statement at which SQLite waits for nobody: another process may be making the same file."""
        until = time.monotonic() + WAIT
        while True:
            try:
                self.db.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is on disk when the block is left, or none of it after an exception."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # --- runs ------------------------------------------------------------------------------------

    def start(
        self, name: str, params: dict[str, Any] | None = None, key: str | None = None, code: str | None = None
    ) -> int:
        state = (git_state(code) if code is not None else None) or {"commit": None, "dirty": None}
        with self.writing():
            return self.begin(name, params or {}, key, **state)

    def begin(self, name: str, params: dict[str, Any], key: str | None, commit: str | None, dirty: bool | None) -> int:
        """As start, inside a transaction."""
        _text("name", name)
        known = self.db.execute("SELECT run FROM runs WHERE key = ?", (key,)).fetchone()
        if known:
            return int(*known)
        row = (name, key, commit, dirty)
        run = self.db.execute('INSERT INTO runs (name, key, "commit", dirty) VALUES (?, ?, ?, ?)', row).lastrowid
        assert run is not None
        self.put_params(run, params)
        return run

    def finish(self, run: int, status: str = "done") -> None:
        if status not in ("done", "failed"):
            raise ValueError(f"status is {status!r}, not done or failed")
        with self.writing():
            self.known(run)
            self.put_status(run, status)

    def put_status(self, run: int, status: str) -> None:
        """As finish, inside a transaction."""
        self.db.execute("UPDATE runs SET status = ? WHERE run = ?", (status, run))

    def info(self, run: int) -> dict[str, Any]:
        with self._reading():
            name, status, commit, dirty = self.known(run)
            return {
                "run": run, "name": name, "status": status, "params": self._params(run),
                "tags": dict(self.db.execute("SELECT name, value FROM tags WHERE run = ? ORDER BY name", (run,))),
                "commit": commit, "dirty": None if dirty is None else bool(dirty),
            }  # fmt: skip

    def set_params(self, run: int, params: dict[str, Any]) -> None:
        with self.writing():
            self.known(run)
            self.put_params(run, params)

    def put_params(self, run: int, params: dict[str, Any]) -> None:
        """As set_params, inside a transaction."""
        known = self._params(run)
        for name, value in params.items():
            if type(value).__name__ not in KINDS:
                raise ValueError(f"params: {name} is {value!r}, no text, number, truth value or None")
            if type(value) is int and not -(2**63) <= value < 2**63:
                raise ValueError(f"params: {name} is {value}, which has more than 64 bits")
            if name in known and not same(known[name], value):
                raise ValueError(f"params: {name} is {known[name]!r} already")
            row = (run, name, type(value).__name__, value)
            self.db.execute("INSERT OR REPLACE INTO params VALUES (?, ?, ?, ?)", row)

    def set_tags(self, run: int, tags: dict[str, str]) -> None:
        with self.writing():
            self.known(run)
            self.put_tags(run, tags)

    def put_tags(self, run: int, tags: dict[str, str]) -> None:
        """As set_tags, inside a transaction."""
        for name, value in tags.items():
            row = (run, name, _text(f"tags: {name}", value))
            self.db.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", row)

    # --- points ----------------------------------------------------------------------------------

    def log(self, run: int, step: int, values: dict[str, float]) -> None:
        self.log_many(run, [(step, metric, value) for metric, value in values.items()])

    def log_many(self, run: int, points: list[tuple[int, str, float]]) -> None:
        with self.writing():
            self.known(run)
            self.put_points(run, points)

    def put_points(self, run: int, points: list[tuple[int, str, float]]) -> None:
        """As log_many, inside a transaction. SQLite keeps a NaN as NULL, and nothing else is NULL here."""
        rows = [(run, *fitting(*point)) for point in points]
        self.db.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?)", rows)

    def history(self, run: int, metric: str) -> list[tuple[int, float]]:
        with self._reading():
            self.known(run)
            sql = "SELECT step, value FROM points WHERE run = ? AND metric = ? ORDER BY step"
            return [(step, _nan(value)) for step, value in self.db.execute(sql, (run, metric))]

    def last(self, run: int) -> dict[str, float]:
        with self._reading():
            self.known(run)
            sql = "SELECT metric, value, max(step) FROM points WHERE run = ? GROUP BY metric"
            return {metric: _nan(value) for metric, value, _ in self.db.execute(sql, (run,))}

    # --- artifacts -------------------------------------------------------------------------------

    def save(self, run: int, name: str, content: bytes) -> None:
        """The content goes to a file named by its digest, first, so that no name leads anywhere; then the row."""
        if "\\" in name or "\0" in name or {"", ".", ".."} & set(name.split("/")):
            raise ValueError(f"the artifact's name is {name!r}, not like plots/loss.png")
        digest = hashlib.sha256(content).hexdigest()
        self.known(run)
        os.makedirs(self._files, exist_ok=True)
        write_whole(os.path.join(self._files, digest), content)
        with self.writing():
            self.db.execute("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?)", (run, name, digest))

    def load(self, run: int, name: str) -> bytes:
        self.known(run)
        sql = "SELECT digest FROM artifacts WHERE run = ? AND name = ?"
        for (digest,) in self.db.execute(sql, (run, name)):
            with open(os.path.join(self._files, digest), "rb") as file:
                return file.read()
        raise KeyError(f"run {run} has no artifact {name!r}")

    def artifacts(self, run: int) -> list[str]:
        self.known(run)
        rows = self.db.execute("SELECT name FROM artifacts WHERE run = ? ORDER BY name", (run,))
        return [name for (name,) in rows]

    # --- inside ----------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Several questions to one state of the file, whatever is written meanwhile."""
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("COMMIT")

    def known(self, run: int) -> tuple[Any, ...]:
        sql = 'SELECT name, status, "commit", dirty FROM runs WHERE run = ?'
        try:
            row = self.db.execute(sql, (run,)).fetchone()
        except OverflowError:  # more than the 64 bits of SQLite's whole numbers
            row = None
        if row is None:
            raise KeyError(f"there is no run {run}")
        return tuple(row)

    def _params(self, run: int) -> dict[str, Any]:
        rows = self.db.execute("SELECT name, kind, value FROM params WHERE run = ? ORDER BY name", (run,))
        return {name: _as(kind, value) for name, kind, value in rows}


def write_whole(path: str, content: bytes) -> None:
    """Beside its place first, then renamed: whoever looks sees the old file or the new one, and all of it."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with open(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
    os.replace(temporary, path)


def _as(kind: str, value: Any) -> Any:
    """SQLite gives texts, numbers and NULL back as they were, but has no truth values, and keeps a NaN as NULL."""
    if kind == "bool":
        return bool(value)
    return _nan(value) if kind == "float" else value


def same(a: Any, b: Any) -> bool:
    """The same value of the same type; NaN is the same as NaN."""
    return type(a) is type(b) and (a == b or (a != a and b != b))


def fitting(step: Any, metric: Any, value: Any) -> tuple[str, int, float]:
    """A point as its row has it. ValueError where it does not fit."""
    return _text("a metric", metric), _step(step), _float(metric, value)


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is {value!r}, no text")
    return value


def _step(step: Any) -> int:
    """NumPy's whole numbers are Integral too; handed to SQLite as they are, they would become eight bytes."""
    if isinstance(step, bool) or not isinstance(step, Integral) or not -(2**63) <= int(step) < 2**63:
        raise ValueError(f"the step is {step!r}, no whole number of 64 bits")
    return int(step)


def _float(metric: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"the value of {metric} is {value!r}, no number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"the value of {metric} is too large for a float") from None


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
