"""Sheet: all that a run says but its numbers and its files, as one JSON object that another tracker can take.

A run that comes in waits in the trash until everything of it is there, so one that was killed on the way is never
taken for a whole one; the same import again completes it. Twice the same import changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict, WrongInput
from castalia.track import Store, schema
from castalia.track.alerts import LEVELS, MAX_ALERT
from castalia.track.database import inserting
from castalia.track.naming import (
    MAX_NAME,
    MAX_TAG,
    checked_key,
    checked_run_id,
    checked_status,
    checked_text,
    now,
    whole,
)
from castalia.track.points import Point, checked_point
from castalia.track.runs import adopt, experiment_number, run_number, say_params

PORTION = 50_000
"""Points that are put in one transaction."""
_TEXT = 1 << 20
_DATASET = {"name": 500, "digest": 500, "source_type": 500, "source": _TEXT, "schema": _TEXT, "profile": 1 << 24}


@dataclass(frozen=True)
class Sheet:
    """A run. Times are milliseconds since 1970."""

    run_id: str
    experiment: str
    name: str
    status: str
    started: int
    ended: int | None = None
    system: str | None = None
    parent: str | None = None
    """The run id of the run it is inside."""
    owner: str = ""
    user_id: str = ""
    deleted: int | None = None
    """When it was put into the trash; None for an active run."""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[Mapping[str, Any], ...] = ()
    """{"id", "time", "level", "text"} each."""
    datasets: tuple[Mapping[str, Any], ...] = ()
    """{"name", "digest", "source_type", "source", "schema", "profile", "tags"} each."""
    models: tuple[Mapping[str, Any], ...] = ()
    """Logged models: {"direction", "model_id", "step"} each."""
    experiment_tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_plain(cls, plain: object) -> Sheet:
        """A sheet of what JSON said, every field checked. WrongInput names the one that does not fit."""
        if not isinstance(plain, dict):
            raise _unfit("run", type(plain).__name__, "one JSON object")
        known = {each.name for each in fields(cls)}
        told = {key: value for key, value in plain.items() if key in known}
        for key in ("run_id", "experiment", "name", "status", "started"):
            if key not in told:
                raise _unfit(key, "nothing", "a value")
        run_id = checked_run_id(checked_text("run_id", told["run_id"], 64))
        ended, deleted = told.get("ended"), told.get("deleted")
        return cls(
            run_id,
            checked_text("experiment", told["experiment"], MAX_NAME),
            checked_text("name", told["name"], MAX_NAME),
            checked_status(checked_text("status", told["status"], 40)),
            whole("started", told["started"]),
            None if ended is None else whole("ended", ended),
            _optional("system", told.get("system"), MAX_NAME),
            _optional("parent", told.get("parent"), 64),
            checked_text("owner", told.get("owner") or "", MAX_NAME, empty=True),
            checked_text("user_id", told.get("user_id") or "", MAX_NAME, empty=True),
            None if deleted is None else whole("deleted", deleted),
            _pairs("params", told.get("params")),
            _pairs("tags", told.get("tags")),
            tuple(_alert(each) for each in _list("alerts", told.get("alerts"))),
            tuple(_dataset(each) for each in _list("datasets", told.get("datasets"))),
            tuple(_model(each) for each in _list("models", told.get("models"))),
            _pairs("experiment_tags", told.get("experiment_tags")),
        )

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def sheet_of(store: Store, run_id: str) -> Sheet:
    """The sheet of a run, one of the trash too. NotFound."""
    runs, sets, used = schema.runs, schema.datasets, schema.run_datasets.c
    with store.database.read() as connection:
        number = run_number(connection, run_id)
        row = connection.execute(sa.select(runs, schema.experiments.c.name.label("in_experiment"))
                                 .join(schema.experiments).where(runs.c.id == number)).one()  # fmt: skip
        parent = connection.scalar(sa.select(runs.c.run_id).where(runs.c.id == row.parent))
        linked = sa.select(sets, used.tags).join(schema.run_datasets, used.dataset == sets.c.id)
        datasets = connection.execute(linked.where(used.run == number).order_by(sets.c.id)).all()
        models = schema.run_models.c
        links = sa.select(models.direction, models.model_id, models.step).where(models.run == number)
        return Sheet(
            row.run_id, row.in_experiment, row.name, row.status, row.started, row.ended, row.system, parent, row.owner,
            row.user_id, None if row.lifecycle == "active" else row.deleted or 0,
            _said(connection, schema.params, number), _said(connection, schema.tags, number),
            tuple(store.alerts(run_id)),
            tuple({key: each._mapping[key] for key in _DATASET} | {"tags": json.loads(each.tags)} for each in datasets),
            tuple(dict(each._mapping) for each in connection.execute(links.order_by(models.model_id))),
            _said(connection, schema.experiment_tags, row.experiment),
        )  # fmt: skip


def points_of(store: Store, run_id: str) -> Iterator[Point]:
    """Every point (metric, step, time in ms, value) of a run, metric by metric in order; pages, never all at once."""
    for key in sorted(store.run(run_id)["summary"]):
        after = None
        while page := store.history(run_id, key, after, PORTION):
            after = page[-1]
            yield from ((key, *at) for at in page)


def put_run(store: Store, sheet: Sheet, points: Iterable[tuple[object, ...]], files: Callable[[], object]) -> int:
    """Take a run in whole: its sheet, its points (metric, step, time, value), and what ``files()`` keeps of it.

    Returns the number of points. Conflict where another run has the id, or said a param otherwise.
    """
    store.database.commit(lambda connection: _begun(connection, sheet))
    count, left = 0, iter(points)
    while portion := [checked_point(*each) for each in islice(left, PORTION)]:
        store.log_points({sheet.run_id: portion})
        count += len(portion)
    files()
    store.database.commit(lambda connection: _completed(connection, sheet))
    return count


def put_parents(store: Store, sheets: Iterable[Sheet]) -> None:
    """Put runs below their parents, where these are there by now."""
    pairs = [(each.run_id, each.parent) for each in sheets if each.parent]

    def work(connection: Connection) -> None:
        for run_id, parent in pairs:
            adopt(connection, run_number(connection, run_id), parent)

    if pairs:
        store.database.commit(work)


def _begun(connection: Connection, sheet: Sheet) -> None:
    runs = schema.runs
    experiment = experiment_number(connection, sheet.experiment)
    row = {"run_id": sheet.run_id, "experiment": experiment, "name": sheet.name, "status": sheet.status,
           "system": sheet.system, "owner": sheet.owner, "user_id": sheet.user_id, "started": sheet.started,
           "ended": sheet.ended, "lifecycle": "deleted", "deleted": now()}  # fmt: skip
    insert = inserting(connection, runs).values(row).on_conflict_do_nothing(index_elements=["run_id"])
    number = connection.scalar(insert.returning(runs.c.id))
    if number is None:
        there = connection.execute(sa.select(runs).where(runs.c.run_id == sheet.run_id)).one()
        if (there.experiment, there.started) != (experiment, sheet.started):
            raise Conflict(f"another run is called {sheet.run_id} here", f"begun at {sheet.started}",
                           f"begun at {there.started}", f"castalia runs show {sheet.run_id}")  # fmt: skip
        number = there.id
    say_params(connection, number, sheet.params)
    _add(connection, schema.tags, [{"run": number, "key": k, "value": v} for k, v in sheet.tags.items()])
    _add(connection, schema.experiment_tags,
         [{"experiment": experiment, "key": k, "value": v} for k, v in sheet.experiment_tags.items()])  # fmt: skip
    _add(connection, schema.alerts, [{**each, "run": number} for each in sheet.alerts])
    _add(connection, schema.run_models, [{**each, "run": number} for each in sheet.models])
    for each in sheet.datasets:
        _use(connection, number, experiment, each)


def _completed(connection: Connection, sheet: Sheet) -> None:
    """Out of the trash where it waited there; an active run stays active, and one that is over stays as it ended."""
    runs = schema.runs
    stage: dict[str, Any] = {"lifecycle": "active", "deleted": None}
    if sheet.deleted is not None:
        stage = {"lifecycle": "deleted", "deleted": sheet.deleted}
    this = runs.c.run_id == sheet.run_id
    connection.execute(runs.update().where(this, runs.c.lifecycle == "deleted").values(stage))
    goes_on = runs.c.status.in_(("running", "queued"))
    connection.execute(runs.update().where(this, goes_on).values(status=sheet.status, ended=sheet.ended))


def _use(connection: Connection, run: int, experiment: int, said: Mapping[str, Any]) -> None:
    sets = schema.datasets
    row = {key: said[key] for key in _DATASET} | {"experiment": experiment}
    keys = ["experiment", "name", "digest"]
    connection.execute(inserting(connection, sets).values(row).on_conflict_do_nothing(index_elements=keys))
    here = (sets.c.experiment == experiment, sets.c.name == row["name"], sets.c.digest == row["digest"])
    number = connection.scalar(sa.select(sets.c.id).where(*here))
    _add(connection, schema.run_datasets, [{"run": run, "dataset": number, "tags": json.dumps(said["tags"])}])


def _add(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Rows that are not there yet; what is there was said here, and stays."""
    if rows:
        connection.execute(inserting(connection, table).on_conflict_do_nothing(), rows)


def _said(connection: Connection, table: sa.Table, owner: int) -> dict[str, str]:
    column = table.c.experiment if table is schema.experiment_tags else table.c.run
    rows = connection.execute(sa.select(table.c.key, table.c.value).where(column == owner).order_by(table.c.key))
    return {row[0]: row[1] for row in rows}


def _pairs(what: str, told: object) -> dict[str, str]:
    if not isinstance(told or {}, dict):
        raise _unfit(what, type(told).__name__, "an object of texts")
    pairs = told or {}
    assert isinstance(pairs, dict)
    return {checked_key(what, key): checked_text(f"{what} {str(key)[:60]}", value, MAX_TAG, empty=True)
            for key, value in pairs.items()}  # fmt: skip


def _list(what: str, told: object) -> list[Any]:
    found = told or []
    if not isinstance(found, list | tuple) or not all(isinstance(each, dict) for each in found):
        raise _unfit(what, type(told).__name__, "a list of objects")
    return list(found)


def _optional(what: str, told: object, limit: int) -> str | None:
    return None if told is None else checked_text(what, told, limit)


def _alert(told: Mapping[str, Any]) -> dict[str, Any]:
    if told.get("level") not in LEVELS:
        raise _unfit("alerts", repr(told.get("level"))[:40], f"a level of {', '.join(LEVELS)}")
    return {"id": checked_text("alert", told.get("id"), 64), "time": whole("time", told.get("time")),
            "level": told["level"], "text": checked_text("alert", told.get("text"), MAX_ALERT)}  # fmt: skip


def _dataset(told: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for key, limit in _DATASET.items():
        blank = None if key in ("schema", "profile") else ""
        value = told.get(key)
        said[key] = blank if value is None else checked_text(key, value, limit, empty=key not in ("name", "digest"))
    return {**said, "tags": _pairs("datasets", told.get("tags"))}


def _model(told: Mapping[str, Any]) -> dict[str, Any]:
    if told.get("direction") not in ("input", "output"):
        raise _unfit("models", repr(told.get("direction"))[:40], "the direction input or output")
    return {"direction": told["direction"], "model_id": checked_text("model_id", told.get("model_id"), 250),
            "step": whole("step", told.get("step", 0))}  # fmt: skip


def _unfit(what: str, got: str, expected: str) -> WrongInput:
    return WrongInput(f"{what} of a run does not fit", got, expected, "Export the run again.", field=what)
