"""Querying: one SELECT of a person's own on the tracker's database, which can change nothing.

Beside the tables of ``schema`` there are the views ``points`` (run_id, metric, step, time, value) and ``finals``
(the last, least and greatest of each metric of a run), since numbers are stored under small keys.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castalia.core.errors import TooLarge, WrongInput

if TYPE_CHECKING:
    from castalia.track.database import Database

SECONDS, ROWS = 60.0, 10_000
_LONGEST = 64 * 2**20
"""Bytes of one value: a query can ask for a text of gigabytes."""
_VIEWS = {
    "points": """SELECT r.run_id, k.name AS metric, m.step, m.time, m.value FROM metrics AS m
                 JOIN runs AS r ON r.id = m.run JOIN metric_keys AS k ON k.id = m.key""",
    "finals": """SELECT r.run_id, k.name AS metric, l.step, l.time, l.value, l.low, l.high FROM latest_metrics AS l
                 JOIN runs AS r ON r.id = l.run JOIN metric_keys AS k ON k.id = l.key""",
}
_MAY = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_PRAGMAS = {"table_info", "table_xinfo", "table_list", "index_list", "index_info"}
_CURE = "SELECT name, status FROM runs; docs/shell.md lists the tables."


@dataclass(frozen=True)
class Answer:
    """What a query found. ``more`` where rows were left out."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool


def query(database: Database, text: str, limit: int = ROWS, seconds: float = SECONDS) -> Answer:
    """The first ``limit`` rows of one statement that only reads.

    WrongInput for one that is wrong or would change something, TooLarge for one that takes longer than ``seconds``.
    """
    if limit < 1:
        raise WrongInput("so many rows cannot be read", str(limit), "1 or more", field="limit")
    if not text.strip() or "\0" in text:
        raise WrongInput("this is no query", "nothing" if not text.strip() else "a NUL", "one SELECT", _CURE)
    if database.path is None:
        return _of_server(database, text, limit, seconds)
    with closing(sqlite3.connect(f"{database.path.as_uri()}?mode=ro", uri=True, timeout=30.0)) as connection:
        for name, body in _VIEWS.items():
            connection.execute(f"CREATE TEMP VIEW {name} AS {body}")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        connection.execute("PRAGMA query_only=ON")
        connection.set_authorizer(_allowed)
        end = time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        try:
            cursor = connection.execute(text)
            return _answer(cursor, limit)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise _slow(seconds) from None
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_TOOBIG:
                raise TooLarge("a value is too large", str(error), "64 MiB a value", "Ask for less.") from None
            raise _wrong(str(error)) from None
        except sqlite3.Warning as error:  # two statements
            raise _wrong(str(error)) from None


def _allowed(action: int, first: str | None, second: str | None, where: str | None, by: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and second in ("load_extension", "fts3_tokenizer"):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first in _PRAGMAS else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _MAY else sqlite3.SQLITE_DENY


def _of_server(database: Database, text: str, limit: int, seconds: float) -> Answer:
    import psycopg

    with database.engine.connect() as connection, connection.begin() as transaction:
        for name, body in _VIEWS.items():
            connection.exec_driver_sql(f"CREATE TEMP VIEW {name} AS {body}")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        raw: Any = connection.connection.driver_connection
        try:
            with raw.cursor() as cursor:
                # A cursor is of one query, not of a COMMIT. Prepared, so that nothing is taken behind it.
                cursor.execute(f"DECLARE castalia_query NO SCROLL CURSOR FOR {text}", prepare=True)
                cursor.execute(f"FETCH {limit + 1} FROM castalia_query")
                return _answer(cursor, limit)
        except psycopg.errors.QueryCanceled:
            raise _slow(seconds) from None
        except psycopg.Error as error:
            raise _wrong(error.diag.message_primary or str(error)) from None
        finally:
            transaction.rollback()


def _answer(cursor: Any, limit: int) -> Answer:
    if cursor.description is None:
        raise _wrong("it gives no rows")
    rows = cursor.fetchmany(limit + 1)
    return Answer([str(column[0]) for column in cursor.description], [tuple(row) for row in rows[:limit]],
                  len(rows) > limit)  # fmt: skip


def _wrong(words: str) -> WrongInput:
    return WrongInput(
        "the query cannot be answered", " ".join(words.split())[:300], "one SELECT that only reads", _CURE
    )


def _slow(seconds: float) -> TooLarge:
    return TooLarge("the query takes too long", f"more than {seconds:g} s", "less work", "Narrow it with WHERE.")
