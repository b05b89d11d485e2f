"""Sparklines: a curve in a cell. A few values of a series, found by look-ups whose cost does not grow with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import WrongInput
from castalia.track import schema
from castalia.track.database import execute
from castalia.track.store import Store

MOST_RUNS, MOST_KEYS = 200, 8
POINTS = 32

_ENDS = (
    "SELECT min(step), max(step) FROM (SELECT * FROM (SELECT step FROM metrics WHERE run = ? AND key = ? "
    "ORDER BY step LIMIT 1) AS a UNION ALL SELECT * FROM (SELECT step FROM metrics WHERE run = ? AND key = ? "
    "ORDER BY step DESC LIMIT 1) AS b) AS ends"
)
_NEXT = "SELECT step, value FROM metrics WHERE run = ? AND key = ? AND step >= ? ORDER BY step, time, value LIMIT 1"


def sparks(
    store: Store, run_ids: Sequence[str], keys: Sequence[str], points: int = POINTS
) -> dict[str, dict[str, list[float]]]:
    """{run id: {key: values}}: at most ``points`` (2 to 100) values at evenly spaced steps, in order of steps.

    For a glance: an extreme between two of the steps is not seen. Runs that are not there, and series of one point,
    are left out. At most 200 runs and 8 keys.
    """
    for field, got, most in (("run", len(run_ids), MOST_RUNS), ("key", len(keys), MOST_KEYS)):
        if got > most:
            raise WrongInput(f"too many of {field!r}", f"{got:,}", f"at most {most}", field=field)
    if not 2 <= points <= 100:
        raise WrongInput("no sparkline has so many points", str(points), "2 to 100", field="points")
    found: dict[str, dict[str, list[float]]] = {}
    with store.database.read() as connection:
        runs, names = schema.runs.c, schema.metric_keys.c
        numbers = connection.execute(sa.select(runs.run_id, runs.id).where(runs.run_id.in_(list(run_ids)))).all()
        wanted = connection.execute(sa.select(names.name, names.id).where(names.name.in_(list(keys)))).all()
        for run_id, run in numbers:
            series = {name: _values(connection, run, key, points) for name, key in wanted}
            found[run_id] = {name: values for name, values in series.items() if len(values) > 1}
    return found


def _values(connection: Connection, run: int, key: int, points: int) -> list[float]:
    low, high = execute(connection, _ENDS, (run, key, run, key)).fetchone()
    if low is None or low == high:
        return []
    values: list[float] = []
    at = low
    for part in range(1, points + 1):
        row: Any = execute(connection, _NEXT, (run, key, at)).fetchone()
        if row is None:
            break
        values.append(float(row[1]))
        # The next is at least one step on: a short series gives each of its points once.
        at = max(row[0] + 1, low + (high - low) * part // (points - 1))
        if row[0] >= high:
            break
        at = min(at, high)
    return values
