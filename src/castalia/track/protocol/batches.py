"""What a run logs: one metric, one param, or a batch of metrics, params and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict
from castalia.track.numbers import Point, insert_points
from castalia.track.protocol import limits
from castalia.track.protocol.runs import changed_params, of_run
from castalia.track.protocol.wire import Fields, ProtocolError, Route, invalid
from castalia.track.runs import active_run, put_tags, say_params
from castalia.track.store import Store

_LARGEST = 2**63 - 1


def log_metric(store: Store, fields: Fields) -> bytes:
    """POST runs/log-metric {run_id, key, value, timestamp, step}: the same point again changes nothing."""
    run_id = limits.run_id(fields)
    fields.text("key", required=True)
    write(store, run_id, [point(fields)])
    return b"{}"


def log_parameter(store: Store, fields: Fields) -> bytes:
    """POST runs/log-parameter {run_id, key, value}: said once; the same again changes nothing."""
    run_id = limits.run_id(fields)
    write(store, run_id, params=dict([limits.param(fields)]), one=True)
    return b"{}"


def log_batch(store: Store, fields: Fields) -> bytes:
    """POST runs/log-batch {run_id, metrics[], params[], tags[]}: all of it or nothing."""
    run_id = limits.checked_run_id(fields)
    metrics, params, tags = (fields.items(name) for name in ("metrics", "params", "tags"))
    limits.batch_sizes(len(metrics), len(params), len(tags))
    points = [point(each) for each in metrics]
    pairs = list(map(limits.param, params))
    said = dict(pairs)
    if len(said) < len(pairs):
        twice = [key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i])]
        message = f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only"
        raise ProtocolError("INVALID_PARAMETER_VALUE", f"{message} one param value per param key.")
    write(store, run_id, points, said, dict(map(limits.tag, tags)))
    return b"{}"


def point(fields: Fields) -> Point:
    """A metric of a message, checked: (key, step, time, value)."""
    values = fields.values
    key, value, time, step = values.get("key"), values.get("value"), values.get("timestamp"), values.get("step", 0)
    if type(key) is not str or key not in _known_keys:
        key = limits.metric_key(fields.text("key", required=True), fields.path)
        if len(_known_keys) > 10_000:
            _known_keys.clear()
        _known_keys.add(key)
    if type(value) is not float:
        value = fields.number("value")
    if type(time) is not int or not 0 <= time <= _LARGEST:
        time = fields.whole("timestamp")
        if time < 0:
            hint = f"metric '{key}' (value={value}). Timestamp must be a nonnegative long (64-bit integer) "
            raise invalid(f"{fields.path}timestamp", time, hint)
    if type(step) is not int or not -_LARGEST <= step <= _LARGEST:
        step = fields.whole("step", default=0)
    return key, step, time, value


_known_keys: set[str] = set()


def write(
    store: Store,
    run_id: str,
    points: Sequence[Point] = (),
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    *,
    one: bool = False,
) -> None:
    """Put checked points, params and tags of one run; on disk when it returns."""
    found: Mapping[str, int] = {}

    def work(connection: Connection) -> None:
        nonlocal found
        run = active_run(connection, run_id)
        try:
            say_params(connection, run, params or {})
        except Conflict:
            raise changed_params(connection, run, run_id, params or {}, one=one) from None
        if points:
            found = store.keys.find(connection, (each[0] for each in points))
            insert_points(connection, [(run, found[key], step, time, value) for key, step, time, value in points])
        put_tags(connection, run, tags or {})

    of_run(run_id, lambda: store.database.commit(work))
    if found:
        store.keys.keep(found)


ROUTES = (
    Route("POST", "runs/log-metric", log_metric),
    Route("POST", "runs/log-parameter", log_parameter),
    Route("POST", "runs/log-batch", log_batch),
)
