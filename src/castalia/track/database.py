"""The database behind the store: one SQLite file, or a PostgreSQL server.

``read()`` and ``write()`` are transactions; ``commit(work)`` is one that others may share on its way to disk.
"""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from castalia.core.errors import CastaliaError, WrongInput
from castalia.track.group import AGAIN, Ask, Busy, Doubt, Gather, Group
from castalia.track.sqlite import PATIENCE, File, readable

T = TypeVar("T")
Outcome = tuple[Any, Exception | None]

__all__ = ["PATIENCE", "Busy", "Database", "Part", "execute", "inserting", "readable"]


class Place(Protocol):
    """What is asked of a kind of database. Its transactions raise the driver's errors, ``readable`` words them."""

    kind: str
    name: str
    engine: Engine
    faults: tuple[type[Exception], ...]

    def reading(self) -> AbstractContextManager[Connection]: ...
    def writing(self, patience: float, alone: bool = True) -> AbstractContextManager[Connection]: ...
    def changes(self) -> int: ...
    def swift(self) -> bool: ...
    def again(self, error: BaseException) -> int: ...
    def readable(self, error: Exception) -> CastaliaError: ...
    def close(self) -> None: ...
    def hold(self) -> bool: ...
    def release(self) -> None: ...
    def forked(self) -> None: ...


class Database:
    """Transactions on one place."""

    def __init__(self, place: Path | str) -> None:
        """Open a file or the URL of a server, making or upgrading the tables.

        Unavailable where that cannot be, Conflict where they are too new, WrongInput for a URL of neither kind.
        """
        self.path = place if isinstance(place, Path) else None
        self.place: Place = File(place) if isinstance(place, Path) else _server(place)
        self._group = Group(self._carry)
        _opened.add(self)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for whoever must look at the database itself."""
        return self.place.engine

    def close(self) -> None:
        """Close every connection; those in use close as they are given back."""
        self.place.close()

    def changes(self) -> int:
        """A number that differs once anybody has committed; cheap. Unavailable where it cannot be read."""
        with self._worded():
            return self.place.changes()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in one snapshot; never waits for writers."""
        with self._worded(), self.place.reading() as connection:
            yield connection

    @contextmanager
    def write(self, patience: float = PATIENCE) -> Iterator[Connection]:
        """A connection that nobody writes beside, so what it reads stays true until the block is left.

        Raises Busy after ``patience`` seconds; the transaction is on disk when the block is left.
        """
        with self._worded(), self.place.writing(patience) as connection:
            yield connection

    def commit(self, work: Callable[[Connection], T], patience: float = PATIENCE, alone: bool = True) -> T:
        """``work(connection)`` in a transaction that is on disk when this returns.

        What other threads ask for meanwhile may share the transaction; an error in ``work`` undoes its own part
        alone and is raised here. ``work`` may be called again after a fault that passes, with nothing of the first
        time left in the database. Not ``alone`` means that it may run beside other writers where the database
        can: for works that add, and decide nothing from what they read. Raises Busy after ``patience`` seconds.
        """
        at_once = getattr(_thread, "at_once", False)  # and so in nobody else's transaction
        if not at_once and (alone or self.place.kind == "sqlite"):
            return self._group.commit(work, patience)
        ask = Ask(work)
        self._by_itself(ask, 0.0 if at_once else patience, alone)
        if ask.error is not None:
            raise ask.error
        return ask.result  # type: ignore[no-any-return]

    def swift(self) -> bool:
        """Whether a small commit is likely to be done at once, so that an event loop may make it itself."""
        return self.place.swift()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """``commit`` waits for nobody in this thread: Busy, and nothing was done, where another writes."""
        _thread.at_once = True
        try:
            yield
        finally:
            _thread.at_once = False

    def _carry(self, gather: Gather, patience: float) -> None:
        asks: list[Ask] = []
        outcomes: list[Outcome] = []
        try:
            with self.place.writing(patience) as connection:
                asks = gather()
                if len(asks) > 1:
                    outcomes = [self._part(connection, ask) for ask in asks]
                else:
                    outcomes = [(asks[0].work(connection), None)]
        except Exception as error:
            if not asks:
                raise self._readable(error) from error
            if isinstance(error, Doubt) or (len(asks) == 1 and not self.place.again(error)):
                for ask in asks:
                    ask.fail(self._readable(error))
                return
            outcomes = []
        again = asks[len(outcomes) :]
        for ask, (result, fault) in zip(asks, outcomes, strict=False):
            if fault is None:
                ask.succeed(result)
            elif self.place.again(fault):
                again.append(ask)
            else:
                ask.fail(self._readable(fault))
        for ask in again:  # the transaction broke, or this work met somebody else's: each by itself
            self._by_itself(ask, patience)

    def _part(self, connection: Connection, ask: Ask) -> Outcome:
        """Run a work in a savepoint of its own. What breaks the whole transaction is raised."""
        connection.exec_driver_sql("SAVEPOINT castalia_work")
        try:
            outcome: Outcome = ask.work(connection), None
        except Exception as error:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT castalia_work")
            outcome = None, error
        connection.exec_driver_sql("RELEASE SAVEPOINT castalia_work")
        return outcome

    def _by_itself(self, ask: Ask, patience: float, alone: bool = True) -> None:
        for tried in itertools.count(1):
            try:
                with self.place.writing(patience, alone) as connection:
                    result = ask.work(connection)
            except Exception as error:
                only_adds = isinstance(error, Doubt) and not alone  # what is there already is not there twice
                if tried > (AGAIN if only_adds else self.place.again(error)):
                    return ask.fail(self._readable(error))
                time.sleep(random.random() * 0.01 * 2**tried)
            else:
                return ask.succeed(result)

    def _readable(self, error: Exception) -> Exception:
        ours = isinstance(error, (SQLAlchemyError, *self.place.faults))
        return self.place.readable(error) if ours else error

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if (worded := self._readable(error)) is error:
                raise
            raise worded from error


def _server(url: str) -> Place:
    if url.startswith(("postgresql://", "postgres://")):
        from castalia.track.postgres import Server

        return Server(url)
    raise WrongInput("CASTALIA_STORE is no database", url.partition("://")[0][:40], "postgresql://user@host/database",
                     "Leave it empty for the SQLite file in the home.", field="CASTALIA_STORE")  # fmt: skip


def execute(connection: Connection, statement: str, values: Sequence[Any] = ()) -> Any:
    """The driver's cursor for a statement that is too frequent for SQLAlchemy. Its values are marked ``?``."""
    raw: Any = connection.connection.dbapi_connection
    return raw.execute(statement if connection.dialect.name == "sqlite" else statement.replace("?", "%s"), values)


def inserting(connection: Connection, table: Table) -> Any:
    """INSERT in the connection's own dialect, which knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    A conflict is one of the primary key unless ``index_elements`` says otherwise.
    """
    return _PostgresInsert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class _PostgresInsert(postgresql.Insert):
    """PostgreSQL wants to be told which conflict an update is for; SQLite takes any."""

    inherit_cache = True

    def on_conflict_do_update(  # type: ignore[override]
        self, constraint: Any = None, index_elements: Any = None, **rest: Any
    ) -> Any:
        """As SQLAlchemy's, for the primary key where nothing is named."""
        if constraint is None and index_elements is None:
            table = self.table
            assert isinstance(table, Table)
            index_elements = [column.name for column in table.primary_key]
        return super().on_conflict_do_update(constraint, index_elements, **rest)


_thread = threading.local()
_opened: weakref.WeakSet[Database] = weakref.WeakSet()


class Part:
    """What every part of the store works on."""

    home: Path
    database: Database


_quiet: list[Database] = []


def _before_fork() -> None:
    """SQLite's state of a process says who holds the lock of a file: fork while nobody of ours does."""
    _quiet[:] = [database for database in list(_opened) if database.place.hold()]


def _after_fork() -> None:
    for database in _quiet:
        database.place.release()
    _quiet.clear()


def _in_child() -> None:
    _quiet.clear()
    for database in list(_opened):
        database.place.forked()
        database._group = Group(database._carry)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
