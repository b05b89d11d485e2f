"""experiments/*: created, found, renamed, deleted and restored, with tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.naming import now
from castalia.track.protocol import limits
from castalia.track.protocol.locations import checked_location
from castalia.track.protocol.wire import Fields, ProtocolError, Route, absent
from castalia.track.store import Store

DEFAULT = "0"
"""The experiment of runs that name none."""


def experiment_row(row: Row[Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """The message Experiment."""
    return {
        "experiment_id": str(row.id),
        "name": row.name,
        "artifact_location": row.artifact_location or f"mlflow-artifacts:/{row.id}",
        "lifecycle_stage": row.lifecycle,
        "creation_time": row.created,
        "last_update_time": row.updated,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


def experiment_in(connection: Connection, given: str) -> Row[Any]:
    """The row of an experiment by its id as text; deleted ones too."""
    try:
        number = int(given) if given.isascii() else None
    except ValueError:
        number = None
    if number is None:
        message = f"Invalid experiment ID '{given[:64]}'. Experiment ID must be a valid integer."
        raise ProtocolError("INVALID_PARAMETER_VALUE", message)
    table = schema.experiments
    row = connection.execute(sa.select(table).where(table.c.id == number)).first() if 0 <= number < 2**63 else None
    if row is None:
        raise absent(f"No Experiment with id={given[:64]} exists")
    return row


def active_experiment(connection: Connection, given: str) -> Row[Any]:
    """The same, refused where it is deleted."""
    row = experiment_in(connection, given)
    if row.lifecycle != "active":
        message = f"The experiment {row.id} must be in the 'active' state. Current state is {row.lifecycle}."
        raise ProtocolError("INVALID_PARAMETER_VALUE", message)
    return row


def create(store: Store, fields: Fields) -> dict[str, Any]:
    """POST experiments/create {name, artifact_location, tags[]{key, value}} -> {experiment_id}."""
    name = limits.experiment_name(fields, "name")
    location = checked_location(fields.text("artifact_location"), admin=fields.admin) or None
    tags = dict(map(limits.experiment_tag, fields.items("tags")))
    table = schema.experiments

    def work(connection: Connection) -> int:
        moment = now()
        row = {"name": name, "artifact_location": location, "created": moment, "updated": moment}
        insert = inserting(connection, table).values(row).on_conflict_do_nothing()
        number = connection.scalar(insert.returning(table.c.id))  # psycopg's rowcount is -1 where nothing was put
        if number is None:
            raise ProtocolError("RESOURCE_ALREADY_EXISTS", f"Experiment(name={name}) already exists.")
        put_tags(connection, int(number), tags)
        return int(number)

    return {"experiment_id": str(store.database.commit(work))}


def get(store: Store, fields: Fields) -> dict[str, Any]:
    """GET experiments/get {experiment_id}; deleted ones too."""
    given = fields.text("experiment_id", required=True)
    with store.database.read() as connection:
        row = experiment_in(connection, given)
        return {"experiment": experiment_row(row, tags_of(connection, row.id))}


def get_by_name(store: Store, fields: Fields) -> dict[str, Any]:
    """GET experiments/get-by-name {experiment_name}; deleted ones too."""
    name, table = fields.text("experiment_name", required=True), schema.experiments
    with store.database.read() as connection:
        row = connection.execute(sa.select(table).where(table.c.name == name)).first()
        if row is None:
            raise absent(f"Could not find experiment with name '{name[:500]}'")
        return {"experiment": experiment_row(row, tags_of(connection, row.id))}


def update(store: Store, fields: Fields) -> dict[str, Any]:
    """POST experiments/update {experiment_id, new_name}."""
    given, name = fields.text("experiment_id", required=True), limits.experiment_name(fields, "new_name")
    table = schema.experiments

    def work(connection: Connection) -> None:
        row = experiment_in(connection, given)
        if row.lifecycle != "active":
            raise ProtocolError("INVALID_PARAMETER_VALUE", "Cannot rename a non-active experiment.")
        if connection.scalar(sa.select(table.c.id).where(table.c.name == name, table.c.id != row.id)) is not None:
            raise ProtocolError("RESOURCE_ALREADY_EXISTS", f"Experiment(name={name}) already exists.")
        connection.execute(table.update().where(table.c.id == row.id).values(name=name, updated=now()))

    store.database.commit(work)
    return {}


def delete(store: Store, fields: Fields) -> dict[str, Any]:
    """POST experiments/delete {experiment_id}: into the trash, with those of its runs that are not there yet."""
    given = fields.text("experiment_id", required=True)

    def work(connection: Connection) -> None:
        row = experiment_in(connection, given)
        if row.lifecycle != "active":
            raise absent(f"No Experiment with id={row.id} exists")
        into_trash(connection, row)

    store.database.commit(work)
    return {}


def into_trash(connection: Connection, row: Row[Any]) -> None:
    """Delete an active experiment; its runs that were not deleted before go along."""
    table, runs = schema.experiments, schema.runs
    here = runs.c.experiment == row.id
    # A moment of its own tells these runs from those that were deleted one by one.
    before = connection.scalar(sa.select(sa.func.max(runs.c.deleted)).where(here))
    moment = max(now(), (before or 0) + 1)
    connection.execute(runs.update().where(here, runs.c.lifecycle == "active")
                       .values(lifecycle="deleted", deleted=moment))  # fmt: skip
    connection.execute(table.update().where(table.c.id == row.id).values(lifecycle="deleted", updated=moment))


def restore(store: Store, fields: Fields) -> dict[str, Any]:
    """POST experiments/restore {experiment_id}: out of the trash, with the runs that went there with it."""
    given = fields.text("experiment_id", required=True)

    def work(connection: Connection) -> None:
        row = experiment_in(connection, given)
        if row.lifecycle != "deleted":
            raise absent(f"No Experiment with id={row.id} exists")
        out_of_trash(connection, row)

    store.database.commit(work)
    return {}


def out_of_trash(connection: Connection, row: Row[Any]) -> None:
    """Restore a deleted experiment with the runs that went along."""
    table, runs = schema.experiments, schema.runs
    connection.execute(runs.update().where(runs.c.experiment == row.id, runs.c.deleted == row.updated)
                       .values(lifecycle="active", deleted=None))  # fmt: skip
    connection.execute(table.update().where(table.c.id == row.id).values(lifecycle="active", updated=now()))


def set_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """POST experiments/set-experiment-tag {experiment_id, key, value}."""
    given = fields.text("experiment_id", required=True)
    fields.text("key", required=True)
    tag = dict([limits.experiment_tag(fields)])
    store.database.commit(lambda connection: put_tags(connection, active_experiment(connection, given).id, tag))
    return {}


def delete_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """POST experiments/delete-experiment-tag {experiment_id, key}."""
    given, key = fields.text("experiment_id", required=True), fields.text("key", required=True)
    tags = schema.experiment_tags

    def work(connection: Connection) -> None:
        number = active_experiment(connection, given).id
        if not connection.execute(tags.delete().where(tags.c.experiment == number, tags.c.key == key)).rowcount:
            raise absent(f"No tag with name: {key[: limits.KEY]} in experiment with id {number}")

    store.database.commit(work)
    return {}


def tags_of(connection: Connection, number: int) -> dict[str, str]:
    """The tags of an experiment, by key."""
    tags = schema.experiment_tags
    pairs = connection.execute(sa.select(tags.c.key, tags.c.value).where(tags.c.experiment == number))
    return {row[0]: row[1] for row in pairs}


def put_tags(connection: Connection, number: int, tags: Mapping[str, str]) -> None:
    """Add tags to an experiment or change them."""
    if tags:
        statement = inserting(connection, schema.experiment_tags)
        statement = statement.on_conflict_do_update(set_={"value": statement.excluded.value})
        connection.execute(statement, [{"experiment": number, "key": key, "value": text} for key, text in tags.items()])


ROUTES = (
    Route("POST", "experiments/create", create),
    Route("GET", "experiments/get", get),
    Route("GET", "experiments/get-by-name", get_by_name),
    Route("POST", "experiments/update", update),
    Route("POST", "experiments/delete", delete),
    Route("POST", "experiments/restore", restore),
    Route("POST", "experiments/set-experiment-tag", set_tag),
    Route("POST", "experiments/delete-experiment-tag", delete_tag),
)
