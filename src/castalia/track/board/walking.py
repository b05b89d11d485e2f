"""Walking: samples of many series in three statements, where each statement is a journey to a server.

They are those of ``sampling``, which asks SQLite point by point, for that is nearer than a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from castalia.track.database import execute
from castalia.track.thinning import At

Rows = list[At]

_WITHIN = "FROM metrics WHERE run = s.run AND key = s.key AND step >= ? AND step <= ?"
_SERIES = "unnest(?::bigint[], ?::bigint[]) WITH ORDINALITY AS s(run, key, place)"
_ENDS = f"""
SELECT s.place, n.many, b.step, b.time, b.value, e.step, e.time, e.value FROM {_SERIES}
CROSS JOIN LATERAL (SELECT count(*) AS many FROM (SELECT 1 {_WITHIN} LIMIT ?) AS c) AS n
CROSS JOIN LATERAL (SELECT step, time, value {_WITHIN} ORDER BY step, time, value LIMIT 1) AS b
CROSS JOIN LATERAL (SELECT step, time, value {_WITHIN} ORDER BY step DESC, time DESC, value DESC LIMIT 1) AS e
"""  # noqa: S608 - constants of this module
_WHOLE = f"""
SELECT s.place, m.step, m.time, m.value FROM {_SERIES}
CROSS JOIN LATERAL (SELECT step, time, value {_WITHIN}) AS m ORDER BY s.place, m.step, m.time, m.value
"""  # noqa: S608
_EVEN = """
WITH RECURSIVE walk AS (
  SELECT s.place, s.run, s.key, s.first, s.last, 0 AS part, s.first AS step, 0::bigint AS time, 0::float8 AS value
  FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[]) WITH ORDINALITY AS s(run, key, first, last, place)
  UNION ALL
  SELECT w.place, w.run, w.key, w.first, w.last, w.part + 1, n.step, n.time, n.value FROM walk AS w
  CROSS JOIN LATERAL (SELECT greatest((w.first + {way})::bigint, w.step + 1) AS step) AS t
  CROSS JOIN LATERAL (
    SELECT step, time, value FROM metrics WHERE run = w.run AND key = w.key AND step >= t.step AND step <= w.last
    ORDER BY step, time, value LIMIT 1) AS n
  WHERE w.part + 1 < ?::int - 1 AND t.step < w.last AND n.step < w.last
)
SELECT place, step, time, value FROM walk WHERE part > 0
"""
_SHORT_WAY = "(w.last - w.first) * (w.part + 1) / (?::int - 1)"
_LONG_WAY = "div((w.last::numeric - w.first) * (w.part + 1), ?::int - 1)"
"""Where the product may be more than 2^63; slower, and whole numbers too."""


def walked(
    connection: Connection, series: Sequence[tuple[int, int]], points: int, low: int, high: int
) -> list[tuple[Rows, bool | None]]:
    """Of each (run, key): its rows within the steps low..high and whether they are all, as ``sampling`` says them.

    Empty for a series without a point there; empty and None for a long one whose steps are not counted.
    """
    rows: list[Rows] = [[] for _ in series]
    whole: list[bool | None] = [True for _ in series]
    last: dict[int, At] = {}
    within = (low, high)
    ends = (*_columns(series), *within, points + 1, *within, *within)
    for place, many, step, time, value, *final in execute(connection, _ENDS, ends).fetchall() if series else ():
        if many > points:
            whole[place - 1] = False if step < final[0] else None
            if step < final[0]:
                rows[place - 1], last[place - 1] = [(step, time, value)], (final[0], final[1], final[2])
    _fill(connection, _WHOLE, series, [at for at in range(len(series)) if whole[at]], within, rows)
    ways: dict[str, list[int]] = {_SHORT_WAY: [], _LONG_WAY: []}
    for at, final_row in last.items():
        far = (final_row[0] - rows[at][0][0]) * points >= 2**63
        ways[_LONG_WAY if far else _SHORT_WAY].append(at)
    for way, chosen in ways.items():
        spans = [rows[at][0][0] for at in chosen], [last[at][0] for at in chosen]
        _fill(connection, _EVEN.format(way=way), series, chosen, (*spans, points, points), rows)
    for at, final_row in last.items():
        rows[at].sort(key=lambda row: row[0])
        rows[at].append(final_row)
    return list(zip(rows, whole, strict=True))


def _columns(series: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [run for run, _ in series], [key for _, key in series]


def _fill(
    connection: Connection, text: str, series: Sequence[tuple[int, int]], chosen: Sequence[int], values: Sequence[Any],
    rows: list[Rows],
) -> None:  # fmt: skip
    """Put to each of the ``chosen`` series what a statement over these finds of it."""
    if chosen:
        into = [rows[at] for at in chosen]
        told = (*_columns([series[at] for at in chosen]), *values)
        for place, step, time, value in execute(connection, text, told).fetchall():
            into[place - 1].append((step, time, value))
