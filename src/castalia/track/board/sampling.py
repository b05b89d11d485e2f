"""Sampling: the curves of many runs at evenly spaced steps, found by look-ups whose cost does not grow with them.

A point that is drawn was logged as it is; an extreme between two of them is not seen. ``Store.series`` sees it, and
reads every point for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import WrongInput
from castalia.track import schema
from castalia.track.board.walking import walked
from castalia.track.database import execute
from castalia.track.runs import run_number
from castalia.track.store import Store
from castalia.track.thinning import Curve, thinned

MOST_RUNS, MOST_LOOKUPS = 200, 400_000
FEWEST, MOST_POINTS, POINTS = 4, 2000, 300
_ENDS = -(2**63), 2**63 - 1

_FIRST = (
    "SELECT step, time, value FROM metrics WHERE run = ? AND key = ? AND step >= ? AND step <= ? "
    "ORDER BY step, time, value LIMIT ?"
)
_LAST = (
    "SELECT step, time, value FROM metrics WHERE run = ? AND key = ? AND step >= ? AND step <= ? "
    "ORDER BY step DESC, time DESC, value DESC LIMIT 1"
)


def sampled(
    store: Store,
    run_ids: Sequence[str],
    keys: Sequence[str],
    points: int = POINTS,
    steps: tuple[int, int] | None = None,
) -> dict[str, dict[str, dict[str, Any]]]:
    """{run id: {key: {"step", "time", "value": [...], "whole": bool}}} in order of steps; one snapshot.

    ``whole`` says that these are all points of the series within ``steps`` (first and last); a longer one has at most
    ``points`` (4 to 2,000) at evenly spaced steps, first and last among them. Up to 200 runs, and 400,000 points in
    all. Series without a point are left out. NotFound for a run that is not there.
    """
    if not FEWEST <= points <= MOST_POINTS:
        raise WrongInput("no curve has so many points", str(points), f"{FEWEST} to {MOST_POINTS:,}", field="points")
    if len(run_ids) > MOST_RUNS:
        raise WrongInput("too many runs at once", f"{len(run_ids):,}", f"at most {MOST_RUNS}", field="run")
    asked = len(run_ids) * len(keys) * points
    if asked > MOST_LOOKUPS:
        cure = "Ask for fewer metrics or points at once."
        raise WrongInput("too much for one answer", f"{asked:,} points", f"at most {MOST_LOOKUPS:,}", cure,
                         field="points")  # fmt: skip
    low, high = steps or _ENDS
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with store.database.read() as connection:
        names = schema.metric_keys.c
        wanted = connection.execute(sa.select(names.name, names.id).where(names.name.in_(list(keys)))).all()
        numbers = _numbers(connection, run_ids)
        if connection.dialect.name == "sqlite":
            lines = [_sample(connection, run, key, points, low, high) for run in numbers for _, key in wanted]
        else:
            lines = _together(connection, [(run, key) for run in numbers for _, key in wanted], points, low, high)
        for i, run_id in enumerate(run_ids):
            mine = lines[i * len(wanted) : (i + 1) * len(wanted)]
            found[run_id] = {name: line for (name, _), line in zip(wanted, mine, strict=True) if line["step"]}
    return found


def _numbers(connection: Connection, run_ids: Sequence[str]) -> list[int]:
    """The small number of each run. NotFound."""
    runs = schema.runs.c
    rows = connection.execute(sa.select(runs.run_id, runs.id).where(runs.run_id.in_(list(run_ids))))
    known = {row.run_id: row.id for row in rows}
    return [known[run_id] if run_id in known else run_number(connection, run_id) for run_id in run_ids]


def _sample(connection: Connection, run: int, key: int, points: int, low: int, high: int) -> dict[str, Any]:
    """One series within low..high."""
    rows = execute(connection, _FIRST, (run, key, low, high, points + 1)).fetchall()
    if len(rows) <= points:
        return _line(rows, True)
    begin, last = rows[0], execute(connection, _LAST, (run, key, low, high)).fetchone()
    if begin[0] == last[0]:
        return _by_time(connection, run, key, points, low, high)
    return _line(_even(connection, run, key, points, begin, last), False)


def _together(
    connection: Connection, series: Sequence[tuple[int, int]], points: int, low: int, high: int
) -> list[dict[str, Any]]:
    """All of them within low..high."""
    found = walked(connection, series, points, low, high)
    return [
        _by_time(connection, run, key, points, low, high) if whole is None else _line(rows, whole)
        for (run, key), (rows, whole) in zip(series, found, strict=True)
    ]


def _by_time(connection: Connection, run: int, key: int, points: int, low: int, high: int) -> dict[str, Any]:
    """Of a series whose steps are not counted."""
    return _line(thinned(Curve(connection, run, key, steps=(low, high)), points), False)


def _line(rows: Sequence[Any], whole: bool) -> dict[str, Any]:
    return {"step": [row[0] for row in rows], "time": [row[1] for row in rows],
            "value": [float(row[2]) for row in rows], "whole": whole}  # fmt: skip


def _even(connection: Connection, run: int, key: int, points: int, begin: Any, last: Any) -> list[Any]:
    """``begin``, what stands at or after each of the steps between, ``last``: each point once."""
    rows, span = [begin], last[0] - begin[0]
    for part in range(1, points - 1):
        at = max(begin[0] + span * part // (points - 1), rows[-1][0] + 1)
        if at >= last[0]:
            break
        row = execute(connection, _FIRST, (run, key, at, last[0], 1)).fetchone()
        if row is None or row[0] >= last[0]:
            break
        rows.append(row)
    return [*rows, last]
