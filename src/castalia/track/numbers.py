"""Metrics put in, one or many at a time. A point is (key, step, time in ms, value); twice the same is kept once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy.engine import Connection

from castalia.track.database import PATIENCE, Part
from castalia.track.points import (
    KeyNumbers,
    Point,
    Stored,
    active_run,
    checked_point,
    insert_point,
    insert_points,
)
from castalia.track.runs import put_tags, run_number, say_params


class Numbers(Part):
    """The part of the store that takes metrics."""

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
