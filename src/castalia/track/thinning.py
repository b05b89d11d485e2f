"""A series made short enough to draw, in the database or in one bounded pass over it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from castalia.track.database import execute
from castalia.track.points import rank

if TYPE_CHECKING:
    import numpy as np

At = tuple[int, int, float]
"""step, time in ms, value"""
AXES = ("step", "time")
WAYS = ("extremes", "lttb")
_WHOLE = 50_000
"""Points of which LTTB sees every one; of a longer series it sees the extremes of many parts."""
_CHUNK = 50_000


@dataclass(frozen=True)
class Curve:
    """The points of one series that are wanted, as conditions on the table."""

    connection: Connection
    run: int
    key: int
    after: tuple[int, int] | None = None
    steps: tuple[int, int] | None = None

    def ask(self, rest: str = "", values: Iterable[Any] = (), what: str = "step, time, value") -> Any:
        """A cursor on ``SELECT what … rest``."""
        where, bound = "run = ? AND key = ?", [self.run, self.key]
        if self.after is not None:
            where, bound = f"{where} AND (step, time) > (?, ?)", [*bound, *self.after]
        if self.steps is not None:
            where, bound = f"{where} AND step >= ? AND step <= ?", [*bound, *self.steps]
        # Every part of the text is a constant of this module; what comes from outside is bound.
        return execute(self.connection, f"SELECT {what} FROM metrics WHERE {where} {rest}", [*bound, *values])  # noqa: S608

    def points(self, rest: str = "", values: Iterable[Any] = ()) -> list[At]:
        """Points, read whole."""
        rows = self.ask(rest, values).fetchall()
        return [(step, time, float(value)) for step, time, value in rows]


def thinned(curve: Curve, most: int, by: str = "step", thin: str = "extremes") -> list[At]:
    """At most ``most`` points of the curve, sorted along ``by``."""
    few = curve.points("ORDER BY step, time, value LIMIT ?", (_WHOLE if thin == "lttb" else most + 1,))
    if by == "time":
        few.sort(key=_by_time)
    if len(few) <= most:
        return few
    if thin == "lttb":
        if len(few) == _WHOLE:
            few = _extremes(curve, min(8 * most, 100_000), by)
        return lttb(few, most, AXES.index(by))
    return _extremes(curve, most, by)


def _extremes(curve: Curve, most: int, by: str) -> list[At]:
    first = curve.points("ORDER BY step, time, value LIMIT 1")[0]
    last = curve.points("ORDER BY step DESC, time DESC, value DESC LIMIT 1")[0]
    # A series that never counts its steps goes by time, in which it is sorted too.
    counted = last[0] > first[0]
    if by == "time" and counted:
        return _along_time(curve, most)
    axis, span = ("step", (first[0], last[0])) if counted else ("time", (first[1], last[1]))
    here = "" if counted else "AND step = ? "
    fixed = () if counted else (first[0],)
    # Of four points two are the ends and two the lowest and the highest: there is no place for a NaN.
    spoiled = most > 4 and curve.ask(f"{here}AND value > ? LIMIT 1", (*fixed, math.inf), "1").fetchone() is not None
    if counted:  # the parts lie within the range; said twice, SQLite would look through the whole of it for each part
        curve = replace(curve, steps=None)
    kept = {_exact(first): first, _exact(last): last}
    for low, high in _parts(*span, (most - 2) // (3 if spoiled else 2)):
        part, values = f"{here}AND {axis} >= ? AND {axis} < ? AND value", (*fixed, low, high, math.inf)
        found = [*curve.points(f"{part} <= ? ORDER BY value LIMIT 1", values),
                 *curve.points(f"{part} <= ? ORDER BY value DESC LIMIT 1", values)]  # fmt: skip
        if spoiled:
            found += curve.points(f"{part} > ? LIMIT 1", values)
        kept.update((_exact(point), point) for point in found)
    return [kept[exact] for exact in sorted(kept)]


def _along_time(curve: Curve, most: int) -> list[At]:
    """The same along the time, which no index sorts: one pass, and in memory only the best of each part."""
    import numpy as np

    begin, end = curve.ask(what="min(time), max(time)").fetchone()
    parts = max(1, (most - 2) // 3)
    best: dict[tuple[int, int], At] = {}
    for step, time, value in _chunks(curve):
        place = ((time.astype(float) - float(begin)) / (float(end) - float(begin) or 1.0) * parts).astype(int)
        place = np.minimum(place, parts - 1)
        order = np.lexsort((value, place))
        order = order[~np.isnan(value[order])]
        starts = np.flatnonzero(np.diff(place[order], prepend=-1))
        ends = np.append(starts[1:], len(order)) - 1 if len(starts) else starts
        lost = np.flatnonzero(np.isnan(value) & (most > 4))
        lost = lost[np.unique(place[lost], return_index=True)[1]]
        sooner = np.flatnonzero(time == time.min())[:1]
        later = np.flatnonzero(time == time.max())[-1:]
        for kind, rows in enumerate((order[starts], order[ends], lost, sooner, later)):
            for row in rows.tolist():
                point = int(step[row]), int(time[row]), float(value[row])
                slot = (kind, int(place[row]) if kind < 3 else 0)
                if slot not in best or _better(kind, point, best[slot]):
                    best[slot] = point
    kept = {_exact(point): point for point in best.values()}
    return sorted(kept.values(), key=_by_time)


def _better(kind: int, new: At, old: At) -> bool:
    if kind < 2:
        return new[2] < old[2] if kind == 0 else new[2] > old[2]
    return kind > 2 and (_by_time(new) < _by_time(old)) == (kind == 3)


def _chunks(curve: Curve) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    import numpy as np

    at: tuple[Any, ...] = ()
    while True:
        behind = "AND (step, time, value) > (?, ?, ?) " if at else ""
        rows = curve.ask(f"{behind}ORDER BY step, time, value LIMIT {_CHUNK}", at).fetchall()
        if rows:
            step, time, value = zip(*rows, strict=True)
            yield np.array(step, np.int64), np.array(time, np.int64), np.fromiter(map(float, value), float, len(rows))
        if len(rows) < _CHUNK:
            return
        at = rows[-1]


def lttb(points: list[At], most: int, axis: int = 0) -> list[At]:
    """At most ``most`` of ``points``, sorted along ``axis`` (0 step, 1 time), by largest triangles of three buckets.

    Of each bucket the point that spans the largest triangle with the one kept before it and the mean of the next
    bucket. First and last stay; what is not finite between them is left out. Source: Steinarsson, "Downsampling
    Time Series for Visual Representation", 2013.
    """
    import numpy as np

    inner = [point for point in points[1:-1] if math.isfinite(point[2])]
    if len(inner) + 2 <= most:
        return [points[0], *inner, points[-1]]
    begin = points[0][axis]
    all_points = [points[0], *inner, points[-1]]
    x = np.array([float(point[axis] - begin) for point in all_points])
    y = np.array([point[2] if math.isfinite(point[2]) else 0.0 for point in all_points])
    scale = float(np.abs(y).max()) or 1.0
    x, y = x / (float(np.abs(x).max()) or 1.0), y / scale  # the area of a triangle must not overflow
    edges = 1 + np.arange(most - 1) * len(inner) // (most - 2)
    kept = [0]
    for low, high, beyond in zip(edges[:-1], edges[1:], [*edges[2:], len(all_points)], strict=True):
        mean_x, mean_y = x[high:beyond].mean(), y[high:beyond].mean()
        a = kept[-1]
        area = np.abs((x[a] - mean_x) * (y[low:high] - y[a]) - (x[a] - x[low:high]) * (mean_y - y[a]))
        kept.append(int(low + area.argmax()))
    return [all_points[index] for index in [*kept, len(all_points) - 1]]


def _by_time(point: At) -> tuple[int, int, tuple[bool, float]]:
    return point[1], point[0], rank(point[2])


def _exact(point: At) -> tuple[int, int, tuple[bool, float]]:
    return point[0], point[1], rank(point[2])


def _parts(first: int, last: int, count: int) -> list[tuple[int, int]]:
    """``count`` half-open ranges that cover first to last; whole numbers, so 2^63 does not round."""
    edges = sorted({first + (last + 1 - first) * i // count for i in range(count + 1)})
    return list(itertools.pairwise(edges))
