"""How points get into the tables: the few statements that must be fast, for the driver itself.

Their SQL is the same for SQLite and PostgreSQL but for the sign of a parameter. Many points at once go to
PostgreSQL by COPY into a temporary table. Rows are sorted first: pages fill up in order, and two transactions
that touch the same rows meet them in the same order.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict, NotFound
from castalia.track import schema
from castalia.track.database import execute, inserting
from castalia.track.naming import checked_key, number, whole

Point = tuple[str, int, int, float]
"""key, step, time in ms, value"""
Stored = tuple[int, int, int, int, float]
"""run and key by number, step, time in ms, value"""
_COPIED_FROM = 500
"""As many points as it takes before COPY is faster than arrays."""

_RUN = "SELECT id, lifecycle FROM runs WHERE run_id = ?"
_POINT = "INSERT INTO metrics (run, key, step, time, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_LATEST = """
INSERT INTO latest_metrics AS l (run, key, step, time, value, low, low_step, high, high_step)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, key) DO UPDATE SET
  step = CASE WHEN (excluded.step, excluded.time, excluded.value) > (l.step, l.time, l.value)
         THEN excluded.step ELSE l.step END,
  time = CASE WHEN (excluded.step, excluded.time, excluded.value) > (l.step, l.time, l.value)
         THEN excluded.time ELSE l.time END,
  value = CASE WHEN (excluded.step, excluded.time, excluded.value) > (l.step, l.time, l.value)
          THEN excluded.value ELSE l.value END,
  low_step = CASE WHEN l.low IS NULL OR excluded.low < l.low THEN excluded.low_step ELSE l.low_step END,
  low = CASE WHEN l.low IS NULL OR excluded.low < l.low THEN excluded.low ELSE l.low END,
  high_step = CASE WHEN l.high IS NULL OR excluded.high > l.high THEN excluded.high_step ELSE l.high_step END,
  high = CASE WHEN l.high IS NULL OR excluded.high > l.high THEN excluded.high ELSE l.high END
"""
_ARRAYS = """
INSERT INTO metrics (run, key, step, time, value)
SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], %b::float8[]) ON CONFLICT DO NOTHING
"""
_BESIDE = """
CREATE TEMPORARY TABLE IF NOT EXISTS castalia_points (run bigint, key bigint, step bigint, time bigint, value float8)
ON COMMIT DELETE ROWS
"""
_COPY = "COPY castalia_points (run, key, step, time, value) FROM STDIN (FORMAT BINARY)"
_COPIED = """
INSERT INTO metrics (run, key, step, time, value) SELECT run, key, step, time, value FROM castalia_points
ON CONFLICT DO NOTHING
"""
_PG_LATEST = _LATEST.replace("?", "%s")


def checked_point(key: object, step: object, time: object, value: object) -> Point:
    """The point as the store keeps it. WrongInput where the step is no 64-bit whole number or the value no number."""
    name = checked_key("metric", key)
    return name, whole("step", step), whole("time", time), number(name, value)


def active_run(connection: Connection, run_id: str) -> int:
    """The small number of a run that may be written. NotFound, or Conflict with ``got`` "deleted"."""
    row = execute(connection, _RUN, (run_id,)).fetchone()
    if row is None:
        raise NotFound(f"no run {run_id[:64]!r}", cure="castalia runs")
    if row[1] != "active":
        raise Conflict(f"run {run_id} is in the trash", str(row[1]), "active", "Restore it first.", field="run_id")
    return int(row[0])


def insert_point(connection: Connection, run: int, key: int, step: int, time: int, value: float) -> None:
    """Put one point and bring ``latest_metrics`` along."""
    ends = (value, step, value, step) if value == value else (None, None, None, None)
    kept = keepable(connection, value)
    execute(connection, _POINT, (run, key, step, time, kept))
    execute(connection, _LATEST, (run, key, step, time, kept, *ends))


def keepable(connection: Connection, value: float) -> float | str:
    """The value as the driver must get it; see ``schema.Number``."""
    return "NaN" if value != value and connection.dialect.name == "sqlite" else value


def insert_points(connection: Connection, rows: Iterable[Stored]) -> None:
    """Put points and bring ``latest_metrics`` along."""
    ordered = sorted(rows)
    latest = _ends(ordered)
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        raw.executemany(_POINT, [(r, k, s, t, v if v == v else "NaN") for r, k, s, t, v in ordered])
        raw.executemany(_LATEST, [(*line[:4], line[4] if line[4] == line[4] else "NaN", *line[5:]) for line in latest])
        return
    with raw.cursor() as cursor:
        if len(ordered) < _COPIED_FROM:
            cursor.execute(_ARRAYS, [list(column) for column in zip(*ordered, strict=True)])
        else:
            cursor.execute(_BESIDE)
            with cursor.copy(_COPY) as copy:
                copy.set_types(["int8", "int8", "int8", "int8", "float8"])
                for row in ordered:
                    copy.write_row(row)
            cursor.execute(_COPIED)
        cursor.executemany(_PG_LATEST, latest)


def _ends(rows: Sequence[Stored]) -> list[list[Any]]:
    """A line a series, in order: its greatest point by step, time, value, and its extremes but for NaN."""
    lines: dict[tuple[int, int], list[Any]] = {}
    for run, key, step, time, value in rows:
        line = lines.get((run, key))
        if line is None:
            line = lines[run, key] = [run, key, step, time, value, None, None, None, None]
        elif step > line[2] or time > line[3] or rank(value) > rank(line[4]):  # they come in order of step and time
            line[2:5] = step, time, value
        if value == value:
            if line[5] is None or value < line[5]:
                line[5:7] = value, step
            if line[7] is None or value > line[7]:
                line[7:9] = value, step
    return list(lines.values())


def rank(value: float) -> tuple[bool, float]:
    """Sorts NaN behind every number, as both databases do."""
    return (value != value, 0.0 if value != value else value)


class KeyNumbers:
    """Metric names to their small numbers. Given once, never changed, so what is known may be kept."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._lock = threading.Lock()

    def find(self, connection: Connection, names: Iterable[str]) -> Mapping[str, int]:
        """The numbers of ``names``, made where missing; ``keep`` them once it is committed."""
        missing = sorted({name for name in names if name not in self._known})
        if not missing:
            return self._known
        table = schema.metric_keys
        connection.execute(inserting(connection, table).on_conflict_do_nothing(), [{"name": name} for name in missing])
        found = dict(self._known)
        for start in range(0, len(missing), 5000):
            some = sa.select(table.c.name, table.c.id).where(table.c.name.in_(missing[start : start + 5000]))
            found.update((row[0], row[1]) for row in connection.execute(some))
        return found

    def keep(self, found: Mapping[str, int]) -> None:
        """Remember numbers that are committed."""
        with self._lock:
            if len(found) > 50_000:  # names made from data; a cache of them is a leak
                self._known = {}
            elif found is not self._known:
                self._known = dict(found)
