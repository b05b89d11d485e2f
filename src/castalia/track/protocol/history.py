"""metrics/*: a series read back, whole, by the page, or a few points of each of many runs."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import NotFound
from castalia.track import schema
from castalia.track.protocol import limits
from castalia.track.protocol.patience import patience
from castalia.track.protocol.wire import SEE, Fields, ProtocolError, Route, missing, shown
from castalia.track.series import MOST_POINTS
from castalia.track.store import Store
from castalia.track.thinning import At

PAGE, WHOLE = 25_000, 1_000_000
"""Points of one page at most, where pages were asked for and where they were not."""
BULK_RUNS, BULK_POINTS = 100, 2_500
"""Runs of one request for many histories, and points of each."""

_TABLE = schema.metrics.c
_ORDER = (_TABLE.step, _TABLE.time, _TABLE.value)
_RAW = sa.types.NullType()  # no conversion of each value: plain() knows what the databases hand out


def get_history(store: Store, fields: Fields) -> bytes:
    """GET metrics/get-history {run_id, metric_key, max_results, page_token}: in the order of step, time, value."""
    run_id, name = limits.run_id(fields), fields.text("metric_key", required=True)
    most = WHOLE
    if "max_results" in fields:
        most = fields.whole("max_results")
        if most <= 0:
            raise _wrong(f"Invalid value {most} for parameter 'max_results' supplied. It must be a positive integer.")
        most = min(most, PAGE)
    after, left = _place(fields.text("page_token")), most
    said: list[bytes] = []
    more = False
    while left:
        some = min(left, MOST_POINTS - 1)
        rows = _page(store, run_id, name, after, some)
        more = len(rows) > some
        del rows[some:]
        # Each part as bytes at once: a million points are never a million dicts.
        said.append(orjson.dumps([
            {"key": name, "value": value if value - value == 0.0 else plain(value), "timestamp": time, "step": step}
            for step, time, value in rows
        ])[1:-1])  # fmt: skip
        if not more:
            break
        after, left = rows[-1], left - some
    token = b',"next_page_token":%b' % orjson.dumps(_token(after)) if more else b""
    return b'{"metrics":[%b]%b}' % (b",".join(said), token)


def _page(store: Store, run_id: str, name: str, after: At | None, most: int) -> list[At]:
    """Up to ``most`` points behind one of them, and one more where there is one; none of what we do not know."""
    try:
        return store.history(run_id, name, after, most + 1)
    except NotFound:
        return []


def get_history_bulk_interval(store: Store, fields: Fields) -> bytes:
    """GET metrics/get-history-bulk-interval {run_ids[], metric_key, start_step, end_step, max_results}.

    At most ``max_results`` points of each run, evenly spread over its points in order, the first and the last
    among them.
    """
    run_ids = fields.texts("run_ids")
    if not run_ids:
        raise missing("run_ids")
    if len(run_ids) > BULK_RUNS:
        message = f"GetMetricHistoryBulkInterval request must specify at most {BULK_RUNS} run_ids."
        raise _wrong(f"{message} Received {len(run_ids)} run_ids.{SEE}")
    name, most = fields.text("metric_key", required=True), fields.whole("max_results", default=BULK_POINTS)
    if not 1 <= most <= BULK_POINTS:
        raise _wrong(f"max_results must be between 1 and {BULK_POINTS}.{SEE}")
    if ("start_step" in fields) != ("end_step" in fields):
        raise _wrong("If either start step or end step are specified, both must be specified.")
    span = (fields.whole("start_step"), fields.whole("end_step")) if "start_step" in fields else None
    if span and span[0] > span[1]:
        raise _wrong(f"end_step must be greater than start_step. Found start_step={span[0]} and end_step={span[1]}.")
    made: list[dict[str, Any]] = []
    with store.database.read() as connection:
        key, runs = _numbers(connection, name, run_ids)
        for run, run_id in runs.items() if key is not None else ():
            for step, time, value in _spread(connection, int(key or 0), run, most, span):
                made.append({"key": name, "value": plain(value), "timestamp": time, "step": step, "run_id": run_id})
    return orjson.dumps({"metrics": made})


def get_history_bulk(store: Store, fields: Fields) -> bytes:
    """GET metrics/get-history-bulk {run_id[], metric_key, max_results}: of many runs, in the order of run, time, step.

    ``max_results`` counts all of them together; what older pages and scripts ask.
    """
    run_ids = fields.texts("run_id")
    if not any(run_ids):
        raise _wrong("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(run_ids) > BULK_RUNS:
        message = f"GetMetricHistoryBulk request cannot specify more than {BULK_RUNS} run_ids."
        raise _wrong(f"{message} Received {len(run_ids)} run_ids.")
    if "metric_key" not in fields:
        raise _wrong("GetMetricHistoryBulk request must specify a metric_key.")
    name, left = fields.text("metric_key"), min(fields.whole("max_results", default=PAGE, low=0), PAGE)
    made: list[dict[str, Any]] = []
    order = (_TABLE.time, _TABLE.step, _TABLE.value)
    with store.database.read() as connection, patience(connection):
        key, runs = _numbers(connection, name, sorted(set(run_ids)))
        for run, run_id in runs.items() if key is not None else ():
            some = _points(int(key or 0), run).order_by(*order).limit(left - len(made))
            for step, time, value in _raw(connection, some):
                made.append({"key": name, "value": plain(value), "timestamp": time, "step": step, "run_id": run_id})
    return orjson.dumps({"metrics": made})


def plain(value: Any) -> Any:
    """A double as JSON can say it; SQLite hands out NaN as its text."""
    if type(value) is float and -math.inf < value < math.inf:
        return value
    value = float(value)
    return value if math.isfinite(value) else "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def _wrong(message: str) -> ProtocolError:
    return ProtocolError("INVALID_PARAMETER_VALUE", message)


def _numbers(connection: Connection, name: str, run_ids: Sequence[str]) -> tuple[int | None, dict[int, str]]:
    """The number of a metric and those of runs, in the order in which they were named; the unknown are left out."""
    keys, runs = schema.metric_keys.c, schema.runs.c
    found = connection.execute(sa.select(runs.run_id, runs.id).where(runs.run_id.in_(run_ids)))
    known = {row[0]: row[1] for row in found}
    key = connection.scalar(sa.select(keys.id).where(keys.name == name))
    return key, {known[run_id]: run_id for run_id in run_ids if run_id in known}


def _points(key: int, run: int) -> Any:
    return sa.select(_TABLE.step, _TABLE.time, sa.type_coerce(_TABLE.value, _RAW)).where(
        _TABLE.run == run, _TABLE.key == key
    )


def _raw(connection: Connection, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them: a third of the time of SQLAlchemy's own."""
    result = connection.execute(query)
    cursor: Any = result.cursor
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    result.close()
    return rows


def _spread(
    connection: Connection, key: int, run: int, most: int, span: tuple[int, int] | None
) -> list[tuple[Any, ...]]:
    here = [_TABLE.run == run, _TABLE.key == key]
    if span is not None:
        here.append(_TABLE.step.between(*span))
    count = connection.scalar(sa.select(sa.func.count()).where(*here)) or 0
    if count <= most:
        return _raw(connection, _points(key, run).where(*here).order_by(*_ORDER))
    places = {count} if most == 1 else {1 + i * (count - 1) // (most - 1) for i in range(most)}
    place = sa.func.row_number().over(order_by=_ORDER).label("place")
    numbered = _points(key, run).add_columns(place).where(*here).subquery()
    *point, placed = numbered.c
    query = sa.select(*point).where(placed.in_(sorted(places))).order_by(placed)
    return _raw(connection, query)


def _token(row: Any) -> str:
    return base64.urlsafe_b64encode(f"{row[0]}|{row[1]}|{float(row[2])!r}".encode()).decode()


def _place(token: str) -> At | None:
    if not token:
        return None
    try:
        step, time, value = base64.b64decode(token, b"-_", validate=True).decode().split("|")
        found = int(step), int(time), float(value)
        if not all(-(2**63) <= whole < 2**63 for whole in found[:2]):
            raise ValueError
    except (ValueError, binascii.Error):
        raise _wrong(f"Invalid page token {shown(token)}: it is none that this server gave.") from None
    return found


ROUTES = (
    Route("GET", "metrics/get-history", get_history, slow=True),
    Route("GET", "metrics/get-history-bulk", get_history_bulk, slow=True),
    Route("GET", "metrics/get-history-bulk-interval", get_history_bulk_interval, slow=True),
)
