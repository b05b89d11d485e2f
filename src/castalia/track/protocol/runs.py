"""runs/*: begun, read, renamed, ended, deleted and restored, with tags, params and the models of old clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict, NotFound
from castalia.track import schema
from castalia.track.naming import new_run_id, now
from castalia.track.points import active_run
from castalia.track.protocol import limits
from castalia.track.protocol.experiments import DEFAULT, active_experiment
from castalia.track.protocol.rows import STATUS, run_rows
from castalia.track.protocol.wire import MAX_DEPTH, Fields, ProtocolError, Route, absent, invalid, is_deep, wrong_type
from castalia.track.run_names import new_run_name
from castalia.track.runs import NAME_TAG, put_tags, run_number
from castalia.track.store import Store

USER_TAG, MODELS_TAG = "mlflow.user", "mlflow.log-model.history"
"""Who began a run; the models of a run, as JSON, where clients of before 3.0 keep them."""
_ENUM = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_STATUSES = {name: own for own, name in STATUS.items()}


def of_run(run_id: str, work: Callable[[], Any]) -> Any:
    """``work()``, with what the store says of a run put into the words that clients know."""
    try:
        return work()
    except Conflict as error:
        if error.field != "run_id" or not error.subject.startswith("run "):  # a param may be called run_id
            raise
        message = f"The run {run_id} must be in the 'active' state. Current state is deleted."
        raise ProtocolError("INVALID_PARAMETER_VALUE", message) from None
    except NotFound:
        raise absent(f"Run with id={run_id[:256]} not found") from None


def writing(store: Store, run_id: str, work: Callable[[Connection, int], Any]) -> Any:
    """``work(connection, run)`` in a transaction, on a run that may be written to."""
    return of_run(run_id, lambda: store.database.commit(lambda each: work(each, active_run(each, run_id))))


def create(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/create {experiment_id, user_id, run_name, start_time, tags[]} -> {run}."""
    experiment, given = fields.text("experiment_id") or DEFAULT, fields.text("run_name")
    tags = dict(map(limits.tag, fields.items("tags")))
    tagged = tags.get(NAME_TAG, "")
    if given and tagged and given != tagged:
        message = "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
        message += f"(run_name='{given[:500]}', mlflow.runName='{tagged[:500]}')."
        raise ProtocolError("INVALID_PARAMETER_VALUE", message)
    name = given or tagged or new_run_name()
    tags[NAME_TAG] = name[: limits.TAG]
    run = {"run_id": new_run_id(), "name": name, "status": "running",
           "user_id": fields.text("user_id") or tags.get(USER_TAG, ""),
           "started": fields.whole("start_time", default=now())}  # fmt: skip

    def work(connection: Connection) -> dict[str, Any]:
        number = active_experiment(connection, experiment).id
        connection.execute(schema.runs.insert().values(**run, experiment=number))
        made = run_number(connection, str(run["run_id"]))
        put_tags(connection, made, tags)
        return run_rows(connection, [made])[0]

    return {"run": store.database.commit(work)}


def get(store: Store, fields: Fields) -> dict[str, Any]:
    """GET runs/get {run_id}; deleted ones too."""
    run_id = limits.run_id(fields)
    with store.database.read() as connection:
        return {"run": run_rows(connection, [of_run(run_id, lambda: run_number(connection, run_id))])[0]}


def update(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/update {run_id, status, end_time, run_name} -> {run_info}."""
    run_id, name = limits.run_id(fields), fields.text("run_name")
    given = fields.values.get("status")
    status = None if given is None else _STATUSES.get(_ENUM.get(str(given), str(given)))
    if given is not None and status is None:
        if isinstance(given, str):
            raise invalid("status", given, f"It must be one of {', '.join(_STATUSES)}.")
        raise wrong_type("status", given)
    ended = fields.whole("end_time") if "end_time" in fields else None

    def work(connection: Connection, run: int) -> dict[str, Any]:
        change: dict[str, Any] = {} if status is None else {"status": status}
        if ended is not None:
            change["ended"] = ended
        if change:
            connection.execute(schema.runs.update().where(schema.runs.c.id == run).values(change))
        if name:
            put_tags(connection, run, {NAME_TAG: name})
        info: dict[str, Any] = run_rows(connection, [run])[0]["info"]
        return info

    return {"run_info": writing(store, run_id, work)}


def delete(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/delete {run_id}: into the trash."""
    run_id = limits.run_id(fields)
    of_run(run_id, lambda: store.delete_runs([run_id]))
    return {}


def restore(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/restore {run_id}: out of the trash."""
    run_id = limits.run_id(fields)
    of_run(run_id, lambda: store.restore_runs([run_id]))
    return {}


def set_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/set-tag {run_id, key, value}."""
    run_id, tag = limits.run_id(fields), dict([limits.tag(fields)])
    writing(store, run_id, lambda connection, run: put_tags(connection, run, tag))
    return {}


def delete_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/delete-tag {run_id, key}."""
    run_id, key, tags = limits.run_id(fields), fields.text("key", required=True), schema.tags

    def work(connection: Connection, run: int) -> None:
        if not connection.execute(tags.delete().where(tags.c.run == run, tags.c.key == key)).rowcount:
            raise absent(f"No tag with name: {key[: limits.KEY]} in run with id {run_id}")

    writing(store, run_id, work)
    return {}


def log_model(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/log-model {run_id, model_json}: kept in a tag, as clients of before 3.0 read it."""
    run_id, text = limits.run_id(fields), fields.text("model_json", required=True)
    try:
        model = json.loads(text)
    except (ValueError, RecursionError):
        message = f"Malformed model info. \n {text[:200]} \n is not a valid JSON."
        raise ProtocolError("INVALID_PARAMETER_VALUE", message) from None
    needed = ["artifact_path", "flavors", "run_id", "utc_time_created"]
    lacking = needed if not isinstance(model, dict) else [name for name in needed if name not in model]
    if lacking:
        message = f"Model json is missing mandatory fields: {{{', '.join(map(repr, lacking))}}}"
        raise ProtocolError("INVALID_PARAMETER_VALUE", message)
    limits.within(text, limits.MODEL, "model_json")
    if is_deep(model):
        raise invalid("model_json", text, f"It is nested more than {MAX_DEPTH} levels deep.")
    tags = schema.tags

    def work(connection: Connection, run: int) -> None:
        here = sa.select(tags.c.value).where(tags.c.run == run, tags.c.key == MODELS_TAG)
        try:
            before = json.loads(connection.scalar(here) or "[]")
        except ValueError:
            before = []
        value = json.dumps([*(before if isinstance(before, list) else []), model])
        put_tags(connection, run, {MODELS_TAG: limits.within(value, limits.MODELS, MODELS_TAG)})

    writing(store, run_id, work)
    return {}


def changed_params(connection: Connection, run_id: str, params: Mapping[str, str], *, one: bool) -> ProtocolError:
    """Why these params, or this ``one``, cannot be said: they were said before, otherwise."""
    table = schema.params
    said = sa.select(table.c.key, table.c.value).where(table.c.run == run_number(connection, run_id))
    other = [row for row in connection.execute(said) if params.get(row[0], row[1]) != row[1]]
    message = "Changing param values is not allowed."
    if one:
        for key, old in other:
            message += f" Param with key='{key}' was already logged with value='{old}' for run ID='{run_id}'."
            message += f" Attempted logging new value '{params[key]}'."
    else:
        changes = [{"key": key, "old_value": old, "new_value": params[key]} for key, old in other]
        message += f" Params were already logged='{changes}' for run ID='{run_id}'."
    return ProtocolError("INVALID_PARAMETER_VALUE", message)


ROUTES = (
    Route("POST", "runs/create", create),
    Route("GET", "runs/get", get),
    Route("POST", "runs/update", update),
    Route("POST", "runs/delete", delete),
    Route("POST", "runs/restore", restore),
    Route("POST", "runs/set-tag", set_tag, small=True),
    Route("POST", "runs/delete-tag", delete_tag),
    Route("POST", "runs/log-model", log_model),
)
