"""Metrics: points put in many at a time, series read back short.

A point is (key, step, time in ms, value); the same point twice is kept once. A series longer than
asked for is thinned on the server: first and last point, and the exact lowest and highest of each
of many equal parts of the x axis, so that a spike never disappears.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import WrongInput
from castalia.track import schema
from castalia.track.database import PATIENCE, Part
from castalia.track.points import (
    KeyNumbers,
    Point,
    Stored,
    active_run,
    checked_point,
    insert_point,
    insert_points,
    rank,
)
from castalia.track.runs import put_tags, run_number, say_params


class Numbers(Part):
    """The part of the store that knows metrics."""

    keys: KeyNumbers

    def log_metrics(self, run_id: str, points: Iterable[tuple[str, int, int, float]]) -> None:
        """Put points (key, step, time in ms, value) of one run, all or none; on disk when it returns."""
        self.log_points({run_id: [checked_point(*point) for point in points]})

    def log_point(self, run_id: str, key: str, step: int, time: int, value: float) -> None:
        """Put one checked point of an active run; on disk when it returns. NotFound; Conflict ("deleted")."""

        def work(connection: Connection) -> Mapping[str, int]:
            run = active_run(connection, run_id)
            found = self.keys.find(connection, (key,))
            insert_point(connection, run, found[key], step, time, value)
            return found

        self.keys.keep(self.database.commit(work, alone=False))

    def log_batch(
        self,
        run_id: str,
        points: Sequence[Point],
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        also: Callable[[Connection, int, Mapping[str, int]], None] | None = None,
    ) -> None:
        """Put checked points, params and tags of an active run, all or none; on disk when it returns.

        ``also(connection, run, keys)`` may write more with them, given the numbers of the run and of its metrics.
        NotFound; Conflict where the run is deleted (``got`` "deleted") or a param was said otherwise (``field`` its
        key, ``expected`` the value it has).
        """

        def work(connection: Connection) -> Mapping[str, int]:
            run = active_run(connection, run_id)
            say_params(connection, run, params or {})
            put_tags(connection, run, tags or {})
            found = self.keys.find(connection, (point[0] for point in points))
            if points:
                insert_points(connection, [(run, found[key], step, time, value) for key, step, time, value in points])
            if also is not None:
                also(connection, run, found)
            return found

        self.keys.keep(self.database.commit(work, alone=False))

    def log_points(self, batch: Mapping[str, Sequence[Point]], patience: float = PATIENCE) -> None:
        """Put checked points of several runs in one transaction. Busy after ``patience`` seconds.

        Runs in the trash take them too: what a training that still goes on has measured is kept for who restores it.
        """
        if not any(batch.values()):
            return

        def work(connection: Connection) -> Mapping[str, int]:
            found = self.keys.find(connection, (point[0] for points in batch.values() for point in points))
            rows: list[Stored] = []
            for run_id, points in batch.items():
                run = run_number(connection, run_id)
                rows.extend((run, found[key], step, time, value) for key, step, time, value in points)
            insert_points(connection, rows)
            return found

        self.keys.keep(self.database.commit(work, patience, alone=False))

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
    return point[0], point[1], rank(point[2])


def _parts(first: int, last: int, count: int) -> list[tuple[int, int]]:
    """``count`` half-open ranges that cover first to last; whole numbers, so 2^63 does not round."""
    edges = sorted({first + (last + 1 - first) * i // count for i in range(count + 1)})
    return list(itertools.pairwise(edges))
