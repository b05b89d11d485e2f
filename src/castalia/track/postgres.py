"""A PostgreSQL server: the same tables and promises as the file, for many machines that write at once.

A commit that returned is on the server's disk (``synchronous_commit``). What must not be written beside takes
one advisory lock, so whoever reads before writing may trust what it read, as with SQLite; points take none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from castalia.core.errors import CastaliaError, Conflict, Unavailable, WrongInput
from castalia.track.group import AGAIN, Busy, Doubt
from castalia.track.revisions import HEAD, understood

OLDEST = 15
"""The first release of PostgreSQL that this is tested with."""
_LOCK = 0x43415354  # CAST, read as a number
KEPT, MOST, FEWEST = 5, 80, 10
"""Connections that are kept open, and at most; 80 are more than a workbench has threads, so one that reads for long
keeps no other from writing. ``?connections=20`` in the address lowers it."""
_SESSION = """
SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                  ELSE current_setting('synchronous_commit') END, false),
       set_config('lock_timeout', '30s', false), set_config('application_name', 'castalia', false)
"""


class Server:
    """The place of a tracker in one database of a server."""

    kind = "postgresql"
    name = "the PostgreSQL store"

    def __init__(self, url: str) -> None:
        """Make or upgrade the tables. Unavailable where the server does not answer or is too old, Conflict where
        the tables are too new or another program's."""
        try:
            import psycopg
        except ImportError:
            pip = "pip install 'castalia[postgres]'"
            raise Unavailable("PostgreSQL needs its driver", "psycopg is not installed", "psycopg 3", pip) from None
        self.faults: tuple[type[Exception], ...] = (psycopg.Error,)
        self._lost = (psycopg.OperationalError, psycopg.InterfaceError)
        self._unfit = psycopg.DataError
        self._writing = threading.Lock()
        try:
            address = make_url(url).set(drivername="postgresql+psycopg")
            most = int(str(address.query.get("connections", MOST)))
            if not FEWEST <= most <= MOST:
                raise ValueError
            address = address.difference_update_query(["connections"])
        except (ArgumentError, ValueError):
            expected = f"postgresql://user@host/database, with ?connections={FEWEST} to {MOST} where you limit them"
            raise WrongInput("CASTALIA_STORE is no address", "a URL that cannot be read", expected,
                             "Correct CASTALIA_STORE.", field="CASTALIA_STORE") from None  # fmt: skip
        self.engine = sa.create_engine(
            address, isolation_level="READ COMMITTED", pool_size=KEPT, max_overflow=most - KEPT, pool_timeout=30.0,
            pool_pre_ping=True, connect_args={"connect_timeout": 10},
        )  # fmt: skip
        self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._watcher = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self.engine, "connect", _connected)
        try:
            self._prepare()
        except (DBAPIError, psycopg.Error) as error:
            self.engine.dispose()
            raise self.readable(error) from error

    def close(self) -> None:
        """Close every connection; those in use close as they are given back, and a later use opens new ones."""
        self.engine.dispose()

    def hold(self) -> bool:
        """Nothing of this process needs to rest while it forks."""
        return False

    def release(self) -> None:
        """The other end of ``hold``."""

    def forked(self) -> None:
        """A forked child must not use its parent's connections: it starts with none."""
        self.engine.dispose(close=False)
        self._writing = threading.Lock()

    def changes(self) -> int:
        """A number that differs once anybody has committed: of what a reader would see now."""
        with self._watcher.connect() as connection:
            return hash(connection.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in one snapshot; never waits for writers."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, patience: float, alone: bool = True) -> Iterator[Connection]:
        """A connection whose work is on disk when the block is left. Doubt where its end was not heard of."""
        deadline = time.monotonic() + patience
        if alone and not self._writing.acquire(timeout=patience):
            raise Busy(f"{self.name} is busy", "another thread is writing", cure="Try again in a moment.")
        try:
            with self.engine.connect() as connection:
                if alone:
                    left = max(1, int((deadline - time.monotonic()) * 1000))
                    connection.exec_driver_sql(
                        f"SELECT set_config('lock_timeout', '{left}', true), pg_advisory_xact_lock({_LOCK})"
                    )
                else:
                    connection.begin()
                yield connection
                try:
                    connection.commit()
                except DBAPIError as error:
                    if isinstance(error.orig, self._lost) and self.again(error):
                        raise Doubt(f"{self.name} was lost in the last moment", "no answer to COMMIT",
                                    cure="Look whether it is there before you try again.") from error  # fmt: skip
                    raise
        finally:
            if alone:
                self._writing.release()

    def swift(self) -> bool:
        """Never: a commit waits for another process."""
        return False

    def again(self, error: BaseException) -> int:
        """How often it is worth to try the same work again after ``error``: it met another's, or lost the server."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, self.faults):
            return 0
        state = getattr(cause, "sqlstate", None)
        if state is None:
            return AGAIN if isinstance(cause, self._lost) else 0
        if state == "23505":  # it looked before another put the same name; looking again, it finds that
            return 1
        return AGAIN if state in ("40001", "40P01") or state.startswith(("08", "57P")) else 0

    def readable(self, error: Exception) -> CastaliaError:
        """The same fault as a CastaliaError with its cure; without names of hosts, paths or people."""
        cause: Any = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        if isinstance(cause, CastaliaError):
            return cause
        if isinstance(cause, sa.exc.TimeoutError):
            return Busy(f"{self.name} is busy", "every connection is in use", cure="Try again in a moment.")
        state = getattr(cause, "sqlstate", None) or ""
        said = getattr(getattr(cause, "diag", None), "message_primary", None) or ""
        for start, make in _WORDS:
            if state.startswith(start):
                return make(self.name, said)
        if isinstance(cause, self._unfit):
            got = said or "a NUL, or a number out of range"
            return WrongInput("this cannot be stored or looked for", got, "plain text and 64-bit numbers", _OTHER)
        if not state and isinstance(cause, self._lost):
            reason = next((short for part, short in _UNREACHED if part in str(cause)), "no connection")
            return Unavailable(f"{self.name} cannot be reached", reason, "a server that answers", _REACH)
        return Unavailable(f"{self.name} did not answer", said or type(cause).__name__, cure="Run castalia doctor.")

    def _prepare(self) -> None:
        with self.engine.begin() as connection:
            version = connection.dialect.server_version_info
            if version is None or int(version[0]) < OLDEST:
                found = ".".join(map(str, version or ("?",)))
                raise Unavailable("this PostgreSQL is too old", found, f"{OLDEST} or newer", "Upgrade the server.")
            coding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
            if coding != "UTF8":
                cure = "Make one:  CREATE DATABASE castalia ENCODING 'UTF8' TEMPLATE template0"
                raise Unavailable("this database cannot hold every text", str(coding), "UTF8", cure)
            if self._revision(connection) == HEAD:
                return
            connection.exec_driver_sql(
                f"SELECT set_config('lock_timeout', '120s', true), pg_advisory_xact_lock({_LOCK})"
            )
            if self._revision(connection) != HEAD:
                from castalia.track import migrations

                migrations.upgrade(connection)

    def _revision(self, connection: Connection) -> str | None:
        if connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar() is None:
            return None
        return understood(self.name, connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar(),
                          "name another database in CASTALIA_STORE")  # fmt: skip


def _connected(connection: Any, record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SESSION)
    connection.commit()


_REACH = "See that it runs and that CASTALIA_STORE names it rightly."
_UNREACHED = (
    ("password authentication failed", "the password is wrong"),
    ("no password supplied", "it wants a password"),
    ("pg_hba.conf", "it refuses this user or machine"),
    ("starting up", "it is starting"),
    ("recovery mode", "it is starting"),
    ("not yet accepting", "it is starting"),
    ("shutting down", "it is shutting down"),
    ("role ", "there is no such user"),
    ("database ", "there is no such database"),
    ("too many", "it has no connection left"),
    ("refused", "nothing listens there"),
    ("No such file", "nothing listens there"),
    ("resolve", "there is no such host"),
    ("translate host", "there is no such host"),
    ("imeout", "no answer in time"),
    ("closed the connection", "it ended the connection"),
)  # fmt: skip
_OTHER = "Say it otherwise; keep long texts as an artifact."
_WORDS = (
    ("54", lambda name, said: WrongInput("this is too long for a name or key", "more than an index holds",
                                         "at most 500 characters", _OTHER)),
    ("40", lambda name, said: Busy(f"{name} is busy", "others kept writing the same rows", cure="Try again.")),
    ("55P03", lambda name, said: Busy(f"{name} is busy", "somebody has been writing for long", cure="Try again.")),
    ("57014", lambda name, said: Busy(f"{name} is busy", said, cure="Try again.")),
    ("23", lambda name, said: Conflict("this contradicts what is there already", said,
                                       cure="Look at what is there, then retry.")),
    ("53100", lambda name, said: Unavailable(f"no room in {name}", said, "free space", "Free some space there.")),
    ("53", lambda name, said: Unavailable(f"{name} is overloaded", said, cure="Try again in a moment.")),
    ("57", lambda name, said: Unavailable(f"{name} is going down", said, cure="Try again once it is back.")),
    ("25006", lambda name, said: Unavailable(f"{name} is read-only", said, "a server that takes writes", _REACH)),
    ("42501", lambda name, said: Unavailable(f"{name} refuses this user", said, "a user who may create tables",
                                             "GRANT ALL ON SCHEMA public TO the user of CASTALIA_STORE.")),
)  # fmt: skip
