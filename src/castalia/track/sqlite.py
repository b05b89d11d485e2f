"""One SQLite file: opened safely by many processes, brought up to date under a lock, its errors made readable.

WAL and ``synchronous=FULL``: a commit that returned is on disk. Writers queue inside a process on a
lock and between processes on SQLite's own, so nobody meets "database is locked" before ``patience``.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from castalia.core.errors import CastaliaError, Conflict, Unavailable
from castalia.core.lock import FileLock
from castalia.track.group import Busy
from castalia.track.revisions import HEAD, understood

PATIENCE = 30.0
"""Seconds to wait for another writer before giving up."""
_SWIFT = 0.005
_HOW = {"check_same_thread": False, "timeout": PATIENCE}
_CONNECTIONS = {"pool_size": 8, "max_overflow": -1}
"""Kept open, and no bound on more: a thread that reads for long keeps no other from reading or writing."""
_forked: list[object] = []


class File:
    """The place of a tracker in one home folder."""

    kind = "sqlite"
    faults: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        """Make or upgrade ``path``. Unavailable where that cannot be, Conflict where it is too new."""
        self.path, self.name = path, path.name
        self._writing, self._watching = threading.Lock(), threading.Lock()
        self._writer: Connection | None = None
        self._waits = -1  # its busy_timeout in ms, where it is known
        self._took = 0.0  # seconds of the latest commit
        self._watch: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self._revision() != HEAD:
                self._upgrade()
        except (OSError, sqlite3.Error, DBAPIError) as error:
            raise self.readable(error) from error
        self.engine = _engine(path)

    def close(self) -> None:
        """Close every connection; those in use close as they are given back, and a later use opens new ones."""
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self.engine.dispose()
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None

    def hold(self) -> bool:
        """Keep every thread from writing until ``release``; False where one goes on writing for seconds."""
        return self._writing.acquire(timeout=5.0)

    def release(self) -> None:
        """Let threads write again."""
        self._writing.release()

    def forked(self) -> None:
        """A forked child must not use its parent's connections, nor close them: it starts with none."""
        _forked.extend((self._writer, self._watch))
        self.engine.dispose(close=False)
        self._writer = self._watch = None
        self._writing, self._watching = threading.Lock(), threading.Lock()

    def changes(self) -> int:
        """A number that differs once anybody has committed; a few microseconds."""
        with self._watching:
            if self._watch is None:
                self._watch = sqlite3.connect(self.path, check_same_thread=False)
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in one snapshot; never waits for writers."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, patience: float, alone: bool = True) -> Iterator[Connection]:
        """The one connection that writes, holding the write lock from the start; on disk when the block is left."""
        deadline = time.monotonic() + patience
        if not self._writing.acquire(timeout=patience):
            raise Busy(f"{self.name} is busy", "another thread is writing", cure="Try again in a moment.")
        try:
            connection = self._writer or self._opened()
            raw = driver(connection)
            left = max(0, int((deadline - time.monotonic()) * 1000)) if patience else 0
            if left != self._waits:
                self._waits = -1
                raw.execute(f"PRAGMA busy_timeout={left}")
                self._waits = left
            raw.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                begun = time.monotonic()
                raw.execute("COMMIT")
                self._took = time.monotonic() - begun
            finally:
                if raw.in_transaction:
                    with suppress(sqlite3.Error):  # SQLite may have done it already, of itself
                        raw.execute("ROLLBACK")
                if (seen := connection.get_transaction()) is not None:
                    seen.rollback()  # SQLAlchemy's own view of it: nothing is open any more
        finally:
            self._writing.release()

    def swift(self) -> bool:
        """Whether a small commit is likely to take less than handing it to another thread and back would."""
        return self._took < _SWIFT and not self._writing.locked()

    def again(self, error: BaseException) -> int:
        """How often it is worth to try the same work again after ``error``: never, here."""
        return 0

    def readable(self, error: Exception) -> CastaliaError:
        """The same fault as a CastaliaError with its cure."""
        return readable(error, self.path)

    def _opened(self) -> Connection:
        self._writer, self._waits = self.engine.connect().execution_options(castalia_writer=True), -1
        return self._writer

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
        return understood(self.name, row and row[0], "set CASTALIA_HOME to another folder")

    def _upgrade(self) -> None:
        """Make or upgrade the file; one process does it, the others wait and find it done."""
        with FileLock(self.path.with_name(self.path.name + ".lock"), timeout=120.0):
            if self._revision() == HEAD:
                return
            from castalia.track import migrations

            with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")  # kept in the file; not allowed inside a transaction
            engine = _engine(self.path, begin="BEGIN IMMEDIATE")
            try:
                with engine.connect() as bound, bound.begin():
                    migrations.upgrade(bound)
            finally:
                engine.dispose()


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for statements that are too frequent for more."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


def _engine(path: Path, begin: str = "BEGIN") -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args=_HOW, **_CONNECTIONS)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # sqlite3 must not begin on its own: DDL belongs inside the transaction
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "journal_size_limit=67108864", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if not connection.get_execution_options().get("castalia_writer"):  # ``writing`` begins itself
            connection.exec_driver_sql(begin)

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
    if isinstance(cause, sqlite3.IntegrityError | IntegrityError):
        return Conflict("this contradicts what is there already", str(cause), cure="Look at what is there, then retry.")
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
