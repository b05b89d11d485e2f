"""One SQLite file: opened safely by many processes, brought up to date under a lock, its errors made readable.

WAL and ``synchronous=FULL``: a commit that returned is on disk. Writers queue inside a process on a
lock and between processes on SQLite's own, so nobody meets "database is locked" before ``patience``.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from castalia.core.errors import CastaliaError, Conflict, Unavailable
from castalia.core.lock import FileLock

T = TypeVar("T")

HEAD = "0002"
"""The newest migration; a test holds it against the folder."""
KNOWN = frozenset({"0001", HEAD})
"""Every migration this release can start from."""
PATIENCE = 30.0
"""Seconds to wait for another writer before giving up."""


class Busy(Unavailable):
    """Another process has held the database for longer than the caller would wait."""


class Database:
    """The engine behind one file, with ``read()`` and ``write()`` transactions."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, making or upgrading it. Unavailable where that cannot be, Conflict where it is too new."""
        self.path = path
        self._writing = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self._revision() != HEAD:
                self._upgrade()
        except (OSError, sqlite3.Error, DBAPIError) as error:
            raise readable(error, path) from error
        self.engine = _engine(path)
        self._watch: sqlite3.Connection | None = None
        self._watching = threading.Lock()
        _opened.add(self)

    def close(self) -> None:
        """Close every connection; those in use close as they are given back."""
        self.engine.dispose()
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None

    def changes(self) -> int:
        """A number that differs once anybody has committed; a few microseconds. Unavailable where it cannot be read."""
        with self._watching:
            try:
                if self._watch is None:
                    self._watch = sqlite3.connect(self.path, check_same_thread=False)
                return int(self._watch.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error as error:
                raise readable(error, self.path) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in one snapshot; never waits for writers."""
        try:
            with self.engine.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            raise readable(error, self.path) from error

    @contextmanager
    def write(self, patience: float = PATIENCE) -> Iterator[Connection]:
        """A connection that holds the write lock from the start, so it never has to give up half-way.

        Raises Busy after ``patience`` seconds; the transaction is on disk when the block is left.
        """
        if not self._writing.acquire(timeout=patience):
            raise Busy(f"{self.path.name} is busy", "another thread is writing", cure="Try again in a moment.")
        try:
            with (
                self.engine.connect().execution_options(castalia_patience=patience) as connection,
                connection.begin(),
            ):
                yield connection
        except DBAPIError as error:
            raise readable(error, self.path) from error
        finally:
            self._writing.release()

    def commit(self, work: Callable[[Connection], T]) -> T:
        """``work(connection)`` in a transaction that is on disk when this returns; what others ask for meanwhile may
        share it. ``work`` may be called again, and an error in it undoes its own part alone."""
        with self.write() as connection:
            return work(connection)

    def _revision(self) -> str | None:
        """The migration the file is at; None for a missing, empty or half-made one."""
        if not self.path.exists():
            return None
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, timeout=PATIENCE)) as connection:
            try:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return None
                raise
        revision = str(row[0]) if row else None
        if revision is not None and revision not in KNOWN:
            raise Conflict(
                f"{self.path.name} was made by a newer Castalia",
                f"its layout is {revision}",
                f"at most {HEAD}",
                "Upgrade (pip install --upgrade castalia), or set CASTALIA_HOME to another folder.",
            )
        return revision

    def _upgrade(self) -> None:
        """Make or upgrade the file; one process does it, the others wait and find it done."""
        with FileLock(self.path.with_name(self.path.name + ".lock"), timeout=120.0):
            if self._revision() == HEAD:
                return
            from castalia.track import migrations

            with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")  # kept in the file; not allowed inside a transaction
            engine = _engine(self.path)
            try:
                with engine.connect().execution_options(castalia_patience=PATIENCE) as bound, bound.begin():
                    migrations.upgrade(bound)
            finally:
                engine.dispose()


def inserting(connection: Connection, table: Table) -> Any:
    """INSERT in the connection's own dialect, which knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


_opened: weakref.WeakSet[Database] = weakref.WeakSet()


class Part:
    """What every part of the store works on."""

    home: Path
    database: Database


def _after_fork() -> None:
    """A forked child must not use its parent's connections: it starts with none."""
    for database in list(_opened):
        database.engine.dispose(close=False)
        database._writing, database._watching, database._watch = threading.Lock(), threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_HOW = {"check_same_thread": False, "timeout": PATIENCE}


def _engine(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args=_HOW)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # sqlite3 must not begin on its own: DDL belongs inside the transaction
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "journal_size_limit=67108864", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        patience = connection.get_execution_options().get("castalia_patience")
        wait = PATIENCE if patience is None else patience
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(wait * 1000)}")
        connection.exec_driver_sql("BEGIN" if patience is None else "BEGIN IMMEDIATE")

    return engine


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < 64 << 10
    except OSError:
        return False


def readable(error: Exception, path: Path) -> CastaliaError:
    """The same fault as a CastaliaError with its cure."""
    cause: Any = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, CastaliaError):
        return cause
    where = f"the folder {path.parent}"
    if isinstance(cause, OSError):
        reason = cause.strerror or type(cause).__name__
        if isinstance(cause, TimeoutError):
            return Busy(f"{path.name} is being set up", "another process still holds its lock", cure="Try again.")
        if cause.errno in _FULL:
            return _full(path, reason)
        return Unavailable(f"cannot write into {where}", reason, "a folder of yours", _ELSEWHERE)
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        cure = "Try again; if it stays so, look for a process that holds the file open (a backup, a database browser)."
        return Busy(f"{path.name} is busy", "another process has been writing for long", cure=cure)
    if code == sqlite3.SQLITE_FULL:
        return _full(path, str(cause))
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return Unavailable(f"cannot write {path.name} in {where}", str(cause), "read and write permission", _ELSEWHERE)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        cure = f"Restore it from a backup, or move it away: mv {path} {path}.bad"
        return Unavailable(f"{path.name} is damaged", str(cause), "an SQLite file that Castalia made", cure)
    if code == sqlite3.SQLITE_IOERR and _no_room(path):  # SQLite cannot even make its shared memory there
        return _full(path, str(cause))
    if code == sqlite3.SQLITE_IOERR:
        return Unavailable(f"{path.name} cannot be read or written", str(cause), cure=f"Check the disk. {_ELSEWHERE}")
    return Unavailable(f"{path.name} did not answer", f"{type(cause).__name__}: {cause}", cure="Run castalia doctor.")


_FULL = (28, 27, 122)  # ENOSPC, EFBIG, EDQUOT: no room, a limit on one file, a quota
_ELSEWHERE = "Make it writable, or set CASTALIA_HOME to a folder that is."


def _full(path: Path, reason: str) -> Unavailable:
    return Unavailable(f"no room to write {path.name}", reason, "free space", f"Free some space on {path.parent}.")
