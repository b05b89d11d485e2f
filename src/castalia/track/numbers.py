"""Metrics: points put in many at a time, series read back short.

A point is (key, step, time in ms, value); the same point twice is kept once. A series longer than
asked for is thinned on the server: first and last point, and the exact lowest and highest of each
of many equal parts of the x axis, so that a spike never disappears.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import WrongInput
from castalia.track import schema
from castalia.track.database import PATIENCE, Part, inserting
from castalia.track.naming import checked_key, number, whole
from castalia.track.runs import run_number

Point = tuple[str, int, int, float]
Stored = tuple[int, int, int, int, float]

_INSERT = "INSERT OR IGNORE INTO metrics (run, key, step, time, value) VALUES (?, ?, ?, ?, ?)"
_LATEST = """
INSERT INTO latest_metrics (run, key, step, time, value, low, low_step, high, high_step) VALUES (?,?,?,?,?,?,?,?,?)
ON CONFLICT (run, key) DO UPDATE SET
  (step, time, value) = (SELECT step, time, value FROM (
     SELECT latest_metrics.step, latest_metrics.time, latest_metrics.value
     UNION ALL SELECT excluded.step, excluded.time, excluded.value) ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT 1),
  low_step = CASE WHEN low IS NULL OR excluded.low < low THEN excluded.low_step ELSE low_step END,
  low = CASE WHEN low IS NULL OR excluded.low < low THEN excluded.low ELSE low END,
  high_step = CASE WHEN high IS NULL OR excluded.high > high THEN excluded.high_step ELSE high_step END,
  high = CASE WHEN high IS NULL OR excluded.high > high THEN excluded.high ELSE high END
"""


def checked_point(key: object, step: object, time: object, value: object) -> Point:
    """The point as the store keeps it. WrongInput where the step is no 64-bit whole number or the value no number."""
    name = checked_key("metric", key)
    return name, whole("step", step), whole("time", time), number(name, value)


def insert_points(connection: Connection, rows: Sequence[Stored]) -> None:
    """Put points of (run, key, step, time, value), by number, and bring ``latest_metrics`` along."""
    stored = [(r, k, s, t, v if v == v else "NaN") for r, k, s, t, v in rows]  # NaN: see schema.Number
    stored.sort(key=lambda row: row[:4])  # in the order of the table, so pages fill up
    connection.exec_driver_sql(_INSERT, stored)
    ends: dict[tuple[int, int], list[Any]] = {}
    for run, key, step, time, value in rows:
        end = ends.get((run, key))
        if end is None:
            end = ends[run, key] = [step, time, value, None, None, None, None]
        elif (step, time, _rank(value)) > (end[0], end[1], _rank(end[2])):
            end[:3] = step, time, value
        if value == value:
            if end[3] is None or value < end[3]:
                end[3:5] = value, step
            if end[5] is None or value > end[5]:
                end[5:7] = value, step
    lines = [
        (*where, step, time, v if v == v else "NaN", *extremes) for where, (step, time, v, *extremes) in ends.items()
    ]
    connection.exec_driver_sql(_LATEST, lines)


def _rank(value: float) -> tuple[bool, float]:
    return (value != value, 0.0 if value != value else value)


class KeyNumbers:
    """Metric names to their small numbers. Given once, never changed, so what is known may be kept."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._lock = threading.Lock()

    def find(self, connection: Connection, names: Iterable[str]) -> Mapping[str, int]:
        """The numbers of ``names``, made where missing; ``keep`` them once it is committed."""
        missing = [name for name in dict.fromkeys(names) if name not in self._known]
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


class Numbers(Part):
    """The part of the store that knows metrics."""

    keys: KeyNumbers

    def log_metrics(self, run_id: str, points: Iterable[tuple[str, int, int, float]]) -> None:
        """Put points (key, step, time in ms, value) of one run, all or none; on disk when it returns."""
        self.log_points({run_id: [checked_point(*point) for point in points]})

    def log_points(self, batch: Mapping[str, Sequence[Point]], patience: float = PATIENCE) -> None:
        """Put checked points of several runs in one transaction. Busy after ``patience`` seconds."""
        if not any(batch.values()):
            return
        with self.database.write(patience) as connection:
            found = self.keys.find(connection, (point[0] for points in batch.values() for point in points))
            rows: list[Stored] = []
            for run_id, points in batch.items():
                run = run_number(connection, run_id)
                rows.extend((run, found[key], step, time, value) for key, step, time, value in points)
            insert_points(connection, rows)
        self.keys.keep(found)

    def metrics(
        self, run_id: str, keys: Iterable[str] | None = None, max_points: int = 500
    ) -> dict[str, dict[str, list[Any]]]:
        """``{key: {"step": [...], "time": [...], "value": [...]}}``, at most ``max_points`` (4 to 100,000) a key.

        A longer series keeps its first and last point and the lowest and highest of each part, exactly;
        where there are NaNs, one of each part. Keys that the run has not are left out.
        """
        if not 4 <= max_points <= 100_000:
            raise WrongInput("so many points cannot be read", str(max_points), "4 to 100,000", field="points")
        with self.database.read() as connection:
            run = run_number(connection, run_id)
            return {
                name: _columns(thinned(connection, run, key, max_points))
                for name, key in _keys_of(connection, run, keys).items()
            }

    def metrics_after(
        self, run_id: str, after: Mapping[str, tuple[int, int]], max_points: int = 500
    ) -> dict[str, dict[str, list[Any]]]:
        """What landed in each series behind (step, time) ``after[key]``, thinned alike; only keys with news."""
        news: dict[str, dict[str, list[Any]]] = {}
        latest, keys = schema.latest, schema.metric_keys
        named = sa.select(keys.c.name, keys.c.id, latest.c.step, latest.c.time).join(keys, latest.c.key == keys.c.id)
        with self.database.read() as connection:
            run = run_number(connection, run_id)
            for name, key, step, time in connection.execute(named.where(latest.c.run == run)).all():
                seen = after.get(name)
                if seen is None or (step, time) > seen:
                    news[name] = _columns(thinned(connection, run, key, max_points, seen))
        return news


def _columns(points: Sequence[tuple[int, int, float]]) -> dict[str, list[Any]]:
    return {"step": [p[0] for p in points], "time": [p[1] for p in points], "value": [p[2] for p in points]}


def _keys_of(connection: Connection, run: int, names: Iterable[str] | None) -> dict[str, int]:
    table, latest = schema.metric_keys, schema.latest
    query = sa.select(table.c.name, table.c.id).join(latest, latest.c.key == table.c.id).where(latest.c.run == run)
    if names is not None:
        query = query.where(table.c.name.in_(list(names)[:1000]))
    return {row[0]: row[1] for row in connection.execute(query.order_by(table.c.name))}


def thinned(
    connection: Connection, run: int, key: int, most: int, after: tuple[int, int] | None = None
) -> list[tuple[int, int, float]]:
    """At most ``most`` points (step, time, value) of one series in order, read without holding it in memory."""
    table = schema.metrics
    here = [table.c.run == run, table.c.key == key]
    if after is not None:
        here.append(sa.tuple_(table.c.step, table.c.time) > sa.tuple_(*map(sa.literal, after)))
    point = sa.select(table.c.step, table.c.time, table.c.value).where(*here)
    in_order = point.order_by(table.c.step, table.c.time, table.c.value)
    short = _points(connection, in_order.limit(most + 1))
    if len(short) <= most:
        return short
    backwards = point.order_by(table.c.step.desc(), table.c.time.desc(), table.c.value.desc())
    first, last = short[0], _points(connection, backwards.limit(1))[0]
    # Along the x axis of a plot, which is the step; a series that never counts its steps goes by time.
    by_step = last[0] > first[0]
    axis = table.c.step if by_step else table.c.time
    span = (first[0], last[0]) if by_step else (first[1], last[1])
    spoiled = connection.scalar(sa.select(sa.exists().where(*here, table.c.value > math.inf)))
    parts = (most - 2) // (3 if spoiled else 2)
    kept = {_exact(first): first, _exact(last): last}
    for low, high in _parts(*span, parts):
        part = point.where(axis >= low, axis < high)
        wanted = [part.where(table.c.value <= math.inf).order_by(table.c.value),
                  part.where(table.c.value <= math.inf).order_by(table.c.value.desc())]  # fmt: skip
        if spoiled:
            wanted.append(part.where(table.c.value > math.inf))
        for query in wanted:
            kept.update((_exact(found), found) for found in _points(connection, query.limit(1)))
    return [kept[exact] for exact in sorted(kept)]


def _points(connection: Connection, query: sa.Select[Any]) -> list[tuple[int, int, float]]:
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _exact(point: tuple[int, int, float]) -> tuple[int, int, tuple[bool, float]]:
    return point[0], point[1], _rank(point[2])


def _parts(first: int, last: int, count: int) -> list[tuple[int, int]]:
    """``count`` half-open ranges that cover first to last; whole numbers, so 2^63 does not round."""
    edges = sorted({first + (last + 1 - first) * i // count for i in range(count + 1)})
    return list(itertools.pairwise(edges))
