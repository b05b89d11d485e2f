"""Metrics read back: the series of some runs, thinned to what a plot can show, or every point page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from castalia.core.errors import WrongInput
from castalia.track.database import Part, execute
from castalia.track.points import keepable
from castalia.track.runs import run_number
from castalia.track.thinning import AXES, WAYS, At, Curve, thinned

MOST_RUNS = 1_000
MOST_POINTS = 100_000
PAGE = 20_000
Columns = dict[str, list[Any]]
"""{"step": [...], "time": [...], "value": [...]}"""

_KEYS = """
SELECT k.name, k.id, l.step, l.time FROM latest_metrics AS l JOIN metric_keys AS k ON k.id = l.key
WHERE l.run = ? ORDER BY k.name
"""
_PAGE = "SELECT step, time, value FROM metrics WHERE run = ? AND key = ?{} ORDER BY step, time, value LIMIT ?"


class Series(Part):
    """The part of the store that gives metrics."""

    def metrics(self, run_id: str, keys: Iterable[str] | None = None, max_points: int = 500) -> dict[str, Columns]:
        """``{key: {"step": [...], "time": [...], "value": [...]}}``, at most ``max_points`` (4 to 100,000) a key.

        A longer series keeps its first and last point and the lowest and highest of each part, exactly;
        where there are NaNs, one of each part. Keys that the run has not are left out.
        """
        return self.series([run_id], keys, max_points)[run_id]

    def series(
        self,
        run_ids: Sequence[str],
        keys: Iterable[str] | None = None,
        max_points: int = 500,
        by: str = "step",
        thin: str = "extremes",
        steps: tuple[int, int] | None = None,
    ) -> dict[str, dict[str, Columns]]:
        """The series of up to 1,000 runs: ``{run id: {key: columns}}``, read in one snapshot.

        ``by`` is the axis they are thinned along and sorted by, "step" or "time". ``thin`` is "extremes" (see
        ``metrics``) or "lttb": largest triangles of three buckets (Steinarsson 2013), which looks like the whole at a
        glance and leaves out what is not finite. ``steps`` are the first and last step wanted.
        """
        if not 4 <= max_points <= MOST_POINTS:
            raise WrongInput("so many points cannot be read", str(max_points), "4 to 100,000", field="points")
        if len(run_ids) > MOST_RUNS:
            raise WrongInput("too many runs at once", f"{len(run_ids):,}", "at most 1,000", field="run_ids")
        for field, got, known in (("by", by, AXES), ("thin", thin, WAYS)):
            if got not in known:
                raise WrongInput(f"no {field} {str(got)[:40]!r}", str(got)[:40], " or ".join(known), field=field)
        wanted = None if keys is None else set(keys)
        found: dict[str, dict[str, Columns]] = {}
        with self.database.read() as connection:
            for run_id in run_ids:
                run = run_number(connection, run_id)
                found[run_id] = {}
                for name, key, _, _ in execute(connection, _KEYS, (run,)).fetchall():
                    if wanted is None or name in wanted:
                        points = thinned(Curve(connection, run, key, steps=steps), max_points, by, thin)
                        if points or steps is None:
                            found[run_id][name] = _columns(points)
        return found

    def count_series(self, run_ids: Sequence[str]) -> int:
        """How many series up to 1,000 runs have in all; one named twice counts twice. NotFound for no such run."""
        if len(run_ids) > MOST_RUNS:
            raise WrongInput("too many runs at once", f"{len(run_ids):,}", "at most 1,000", field="run_ids")
        with self.database.read() as connection:
            numbers = [run_number(connection, run_id) for run_id in run_ids]
            count = "SELECT count(*) FROM latest_metrics WHERE run = ?"
            return sum(int(execute(connection, count, (number,)).fetchone()[0]) for number in numbers)

    def newest(self, run_id: str) -> dict[str, tuple[int, int]]:
        """{metric: (step, time in ms)} of the newest point of each."""
        with self.database.read() as connection:
            rows = execute(connection, _KEYS, (run_number(connection, run_id),)).fetchall()
        return {name: (step, time) for name, _, step, time in rows}

    def metrics_after(
        self, run_id: str, after: Mapping[str, tuple[int, int]], max_points: int = 500
    ) -> dict[str, Columns]:
        """What landed in each series behind (step, time) ``after[key]``, thinned alike; only keys with news."""
        news: dict[str, Columns] = {}
        with self.database.read() as connection:
            run = run_number(connection, run_id)
            for name, key, step, time in execute(connection, _KEYS, (run,)).fetchall():
                seen = after.get(name)
                if seen is None or (step, time) > seen:
                    news[name] = _columns(thinned(Curve(connection, run, key, after=seen), max_points))
        return news

    def history(self, run_id: str, key: str, after: At | None = None, limit: int = PAGE) -> list[At]:
        """Up to ``limit`` (1 to 100,000) points (step, time, value) of one series in this order, behind ``after``.

        The last point of a page is what the next begins after, so a page costs the same however far in it lies and
        points that land meanwhile move none. NotFound for a run that is not there; empty for a metric that is not.
        """
        if not 1 <= limit <= MOST_POINTS:
            raise WrongInput("such a page cannot be read", str(limit), "1 to 100,000", field="max_results")
        with self.database.read() as connection:
            run = run_number(connection, run_id)
            found = execute(connection, "SELECT id FROM metric_keys WHERE name = ?", (key,)).fetchone()
            return [] if found is None else _page(connection, run, found[0], after, limit)


def _page(connection: Connection, run: int, key: int, after: At | None, limit: int) -> list[At]:
    behind: tuple[Any, ...] = () if after is None else (after[0], after[1], keepable(connection, after[2]))
    text = _PAGE.format("" if after is None else " AND (step, time, value) > (?, ?, ?)")
    rows = execute(connection, text, (run, key, *behind, limit)).fetchall()
    if connection.dialect.name != "sqlite":
        return rows  # type: ignore[no-any-return]
    return [row if row[2].__class__ is float else (row[0], row[1], float(row[2])) for row in rows]


def _columns(points: Sequence[At]) -> Columns:
    return {"step": [p[0] for p in points], "time": [p[1] for p in points], "value": [p[2] for p in points]}
