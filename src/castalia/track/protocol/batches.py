"""What a run logs: one metric, one param, or a batch of metrics, params and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict
from castalia.track.points import Point
from castalia.track.protocol import limits
from castalia.track.protocol.inputs import LIMITS
from castalia.track.protocol.logged_models import ModelPoint, note_model_metrics
from castalia.track.protocol.runs import changed_params, of_run
from castalia.track.protocol.wire import Fields, ProtocolError, Route, invalid
from castalia.track.store import Store

_LARGEST = 2**63 - 1


def log_metric(store: Store, fields: Fields) -> bytes:
    """POST runs/log-metric {run_id, key, value, timestamp, step, model_id, dataset_name, dataset_digest}.

    The same point again changes nothing.
    """
    run_id = limits.run_id(fields)
    fields.text("key", required=True)
    said = point(fields)
    if "model_id" in fields:
        _say(store, run_id, [said], {}, {}, [(said, fields)])
    else:
        of_run(run_id, lambda: store.log_point(run_id, *said))
    return b"{}"


def log_parameter(store: Store, fields: Fields) -> bytes:
    """POST runs/log-parameter {run_id, key, value}: said once; the same again changes nothing."""
    run_id = limits.run_id(fields)
    _say(store, run_id, [], dict([limits.param(fields)]), {}, one=True)
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
    measured = [(found, each) for found, each in zip(points, metrics, strict=True) if "model_id" in each]
    _say(store, run_id, points, said, dict(map(limits.tag, tags)), measured)
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


_SHORT = {"model_id": limits.KEY, "dataset_name": LIMITS["name"], "dataset_digest": LIMITS["digest"]}


def _short(fields: Fields, name: str) -> str:
    return limits.within(fields.text(name), _SHORT[name], f"{fields.path}{name}")


def _say(
    store: Store,
    run_id: str,
    points: Sequence[Point],
    params: dict[str, str],
    tags: dict[str, str],
    measured: Sequence[tuple[Point, Fields]] = (),
    one: bool = False,
) -> None:
    def of_models(connection: Connection, run: int, keys: Mapping[str, int]) -> None:
        note_model_metrics(connection, run, [
            ModelPoint(_short(each, "model_id"), keys[key], step, time, value, _short(each, "dataset_name"),
                       _short(each, "dataset_digest"))
            for (key, step, time, value), each in measured
        ])  # fmt: skip

    try:
        of_run(run_id, lambda: store.log_batch(run_id, points, params, tags, of_models if measured else None))
    except Conflict:
        with store.database.read() as connection:
            raise changed_params(connection, run_id, params, one=one) from None


ROUTES = (
    Route("POST", "runs/log-metric", log_metric, small=True),
    Route("POST", "runs/log-parameter", log_parameter, small=True),
    Route("POST", "runs/log-batch", log_batch, small=True),
)
