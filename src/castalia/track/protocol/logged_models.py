"""logged-models/*: a model as a run wrote it, with params, tags, metrics and files, before any name in the registry."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from castalia.core.errors import Refused
from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.files.names import checked_wire_path
from castalia.track.files.places import model_uri
from castalia.track.naming import now
from castalia.track.protocol.artifacts import files_of
from castalia.track.protocol.experiments import active_experiment
from castalia.track.protocol.limits import within
from castalia.track.protocol.registry_fields import wrong
from castalia.track.protocol.registry_rows import parts, put_tags
from castalia.track.protocol.wire import Fields, Route, absent, invalid, missing
from castalia.track.run_names import new_run_name
from castalia.track.store import Store

NAME, KEY, VALUE = 500, 250, 100_000
"""Characters of a model's name and type, of a key, of a value."""
POINTS = 1000
"""Points of one metric that a message holds; the newest are kept."""
_FORBIDDEN = ("/", ":", ".", "%", '"', "'")
_STATUS = {"pending": "LOGGED_MODEL_PENDING", "ready": "LOGGED_MODEL_READY", "failed": "LOGGED_MODEL_UPLOAD_FAILED"}
_WORDS = {said: word for number, (word, name) in enumerate(_STATUS.items(), 1) for said in (name, number, str(number))}

models, runs = schema.logged_models, schema.runs
params, tags, metrics = schema.logged_model_params, schema.logged_model_tags, schema.logged_model_metrics


class ModelPoint(NamedTuple):
    """A metric that was measured of a logged model; ``key`` is the number of its name (``metric_keys.id``)."""

    model_id: str
    key: int
    step: int
    time: int
    value: float
    dataset_name: str = ""
    dataset_digest: str = ""


def note_model_metrics(connection: Connection, run: int, points: Iterable[ModelPoint]) -> None:
    """Keep what ``run`` (its number) measured of logged models; the same point twice once. Unknown models are a
    RESOURCE_DOES_NOT_EXIST."""
    said = list(points)
    ids = sorted({point.model_id for point in said})
    known = dict(connection.execute(sa.select(models.c.model_id, models.c.id).where(models.c.model_id.in_(ids))).all())
    for model_id in ids:
        if model_id not in known:
            raise _no_model(model_id)
    if said:
        rows = [{"model": known[point.model_id], "run": run} | point._asdict() for point in said]
        rows = [{key: value for key, value in row.items() if key != "model_id"} for row in rows]
        connection.execute(inserting(connection, metrics).on_conflict_do_nothing(), rows)


def model_rows(connection: Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The messages LoggedModel of these ``logged_models.id``, in their order; four queries a portion."""
    made: dict[int, dict[str, Any]] = {}
    for some in parts(numbers):
        query = sa.select(models, runs.c.run_id.label("of_run")).outerjoin(runs, models.c.source_run == runs.c.id)
        for row in connection.execute(query.where(models.c.id.in_(some))):
            made[row.id] = _message(row)
        for row in connection.execute(sa.select(params).where(params.c.model.in_(some)).order_by(params.c.key)):
            made[row.model]["data"].setdefault("params", []).append({"key": row.key, "value": row.value})
        for row in connection.execute(sa.select(tags).where(tags.c.model.in_(some)).order_by(tags.c.key)):
            made[row.model]["info"].setdefault("tags", []).append({"key": row.key, "value": row.value})
        for row in connection.execute(_points(some)):
            made[row.model]["data"].setdefault("metrics", []).append(_point(row, made[row.model]["info"]["model_id"]))
    return [made[number] for number in numbers if number in made]


def _message(row: Row[Any]) -> dict[str, Any]:
    info = {
        "model_id": row.model_id,
        "experiment_id": str(row.experiment),
        "name": row.name,
        "creation_timestamp_ms": row.created,
        "last_updated_timestamp_ms": row.updated,
        "artifact_uri": row.artifact_uri,
        "status": _STATUS[row.status],
        "model_type": row.model_type or "",
        "source_run_id": row.source_run_id or row.of_run or "",
    }
    return {"info": info | ({"status_message": row.status_message} if row.status_message else {}), "data": {}}


def _points(some: Sequence[int]) -> sa.Select[Any]:
    """The newest points of every series, oldest first."""
    series = (metrics.c.model, metrics.c.key, metrics.c.dataset_name, metrics.c.dataset_digest)
    newest = (metrics.c.step.desc(), metrics.c.time.desc(), metrics.c.value.desc())
    place = sa.func.row_number().over(partition_by=series, order_by=newest).label("place")
    points = sa.select(metrics, place).where(metrics.c.model.in_(some)).subquery()
    names = schema.metric_keys
    query = sa.select(points, names.c.name, runs.c.run_id).join(names, points.c.key == names.c.id)
    query = query.outerjoin(runs, points.c.run == runs.c.id).where(points.c.place <= POINTS)
    return query.order_by(names.c.name, points.c.step, points.c.time, points.c.value)


def _point(row: Row[Any], model_id: str) -> dict[str, Any]:
    point = {"key": row.name, "value": row.value, "timestamp": row.time, "step": row.step, "run_id": row.run_id or "",
             "model_id": model_id}  # fmt: skip
    said = {"dataset_name": row.dataset_name, "dataset_digest": row.dataset_digest}
    return point | {key: value for key, value in said.items() if value}


def _no_model(model_id: str) -> Exception:
    return absent(f"Logged model with ID '{model_id[:100]}' not found.")


def _found(connection: Connection, model_id: str, *, deleted: bool = True) -> int:
    query = sa.select(models.c.id).where(models.c.model_id == model_id)
    found = connection.scalar(query if deleted else query.where(models.c.lifecycle == "active"))
    if found is None:
        raise _no_model(model_id)
    return int(found)


def _pairs(fields: Fields, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in fields.items(name):
        key = within(each.text("key", required=True), KEY, "key")
        value = within(each.text("value"), VALUE, "value")
        if name == "params" and found.get(key, value) != value:
            raise wrong(f"Duplicate parameter keys have been submitted: ['{key}'].")
        found[key] = value
    return found


def create(store: Store, fields: Fields) -> dict[str, Any]:
    """POST logged-models {experiment_id, name, model_type, source_run_id, params[], tags[]}."""
    experiment_id, name = fields.text("experiment_id", required=True), fields.text("name")
    if any(each in name for each in _FORBIDDEN):
        raise wrong(
            f"Invalid model name ({name[:NAME]!r}) provided. Model name must be a non-empty string and cannot contain "
            f"the following characters: {_FORBIDDEN}"
        )
    within(name, NAME, "name")
    said, marks = _pairs(fields, "params"), _pairs(fields, "tags")
    run_id, kind = fields.text("source_run_id"), within(fields.text("model_type"), NAME, "model_type")

    def work(connection: Connection) -> dict[str, Any]:
        experiment = active_experiment(connection, experiment_id)
        model_id, moment = f"m-{secrets.token_hex(16)}", now()
        row = {"model_id": model_id, "experiment": experiment.id, "name": name or new_run_name(),
               "model_type": kind, "status": "pending", "created": moment, "updated": moment,
               "artifact_uri": model_uri(experiment.artifact_location, experiment.id, model_id),
               "source_run_id": run_id or None,
               "source_run": connection.scalar(sa.select(runs.c.id).where(runs.c.run_id == run_id))}  # fmt: skip
        number = connection.scalar(models.insert().values(row).returning(models.c.id))
        assert number is not None
        _say_params(connection, number, said)
        put_tags(connection, tags, "model", number, marks)
        return _answer(connection, number)

    return store.database.commit(work)


def _say_params(connection: Connection, model: int, said: Mapping[str, str]) -> None:
    if not said:
        return
    rows = [{"model": model, "key": key, "value": value} for key, value in said.items()]
    connection.execute(inserting(connection, params).on_conflict_do_nothing(), rows)
    before = sa.select(params.c.key, params.c.value).where(params.c.model == model)
    kept = dict(connection.execute(before).all())
    for key, value in said.items():
        if kept[key] != value:
            raise wrong(f"Changing param values is not allowed. Param with key='{key}' was already logged.")


def _answer(connection: Connection, number: int) -> dict[str, Any]:
    return {"model": model_rows(connection, [number])[0]}


def get(store: Store, fields: Fields) -> dict[str, Any]:
    """GET logged-models/{model_id} {allow_deleted}."""
    model_id, deleted = fields.text("model_id"), fields.flag("allow_deleted")
    with store.database.read() as connection:
        return _answer(connection, _found(connection, model_id, deleted=deleted))


def finalize(store: Store, fields: Fields) -> dict[str, Any]:
    """PATCH logged-models/{model_id} {status}: its files are there, or could not be brought."""
    model_id, status = fields.text("model_id", required=True), fields.values.get("status")
    if status is None or status == "":
        raise missing("status")
    if isinstance(status, bool | float) or not isinstance(status, str | int) or status not in _WORDS:
        raise invalid("status", status)

    def work(connection: Connection) -> dict[str, Any]:
        number = _found(connection, model_id)
        connection.execute(models.update().where(models.c.id == number).values(status=_WORDS[status], updated=now()))
        return _answer(connection, number)

    return store.database.commit(work)


def delete(store: Store, fields: Fields) -> dict[str, Any]:
    """DELETE logged-models/{model_id}: it is not listed any more; its files stay until the trash is emptied."""
    model_id = fields.text("model_id")

    def work(connection: Connection) -> dict[str, Any]:
        here = models.c.id == _found(connection, model_id)
        connection.execute(models.update().where(here).values(lifecycle="deleted", updated=now()))
        return {}

    return store.database.commit(work)


def log_params(store: Store, fields: Fields) -> dict[str, Any]:
    """POST logged-models/{model_id}/params {params[]}: said once; the same again is fine."""
    model_id, said = fields.text("model_id"), _pairs(fields, "params")

    def work(connection: Connection) -> dict[str, Any]:
        _say_params(connection, _found(connection, model_id), said)
        return {}

    return store.database.commit(work)


def set_tags(store: Store, fields: Fields) -> dict[str, Any]:
    """PATCH logged-models/{model_id}/tags {tags[]}."""
    model_id, marks = fields.text("model_id"), _pairs(fields, "tags")

    def work(connection: Connection) -> dict[str, Any]:
        put_tags(connection, tags, "model", _found(connection, model_id), marks)
        return {}

    return store.database.commit(work)


def delete_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """DELETE logged-models/{model_id}/tags/{key}."""
    model_id, key = fields.text("model_id"), fields.text("tag_key")

    def work(connection: Connection) -> dict[str, Any]:
        here = sa.and_(tags.c.model == _found(connection, model_id), tags.c.key == key)
        if not connection.execute(tags.delete().where(here)).rowcount:
            raise absent(f"No tag with key {key[:KEY]!r} found for model with ID {model_id!r}.")
        return {}

    return store.database.commit(work)


def directories(store: Store, fields: Fields) -> dict[str, Any]:
    """GET logged-models/{model_id}/artifacts/directories {artifact_directory_path}: one level of its files."""
    model_id, path = fields.text("model_id"), fields.text("artifact_directory_path").strip("/")
    with store.database.read() as connection:
        here = models.c.id == _found(connection, model_id, deleted=False)
        root = connection.execute(sa.select(models.c.artifact_uri).where(here)).scalar_one()
    place = store.model_place(model_id)
    try:
        found = store.listing(place.inner(checked_wire_path(path)) if path else place)
    except Refused:
        raise wrong("Invalid path") from None
    return {"root_uri": root, "files": files_of(found, f"{path}/" if path else "")}


ROUTES = (
    Route("POST", "logged-models", create),
    Route("GET", "logged-models/{model_id}", get),
    Route("PATCH", "logged-models/{model_id}", finalize),
    Route("DELETE", "logged-models/{model_id}", delete),
    Route("POST", "logged-models/{model_id}/params", log_params),
    Route("GET", "logged-models/{model_id}/artifacts/directories", directories),
    Route("PATCH", "logged-models/{model_id}/tags", set_tags),
    Route("DELETE", "logged-models/{model_id}/tags/{tag_key}", delete_tag),
)
