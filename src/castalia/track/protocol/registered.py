"""registered-models/*: names in the registry, with tags and their newest versions.

A model that holds a version which Castalia trained keeps its name: its files and what it learnt while it served lie
under it, so such a model is neither renamed nor deleted over the wire.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.naming import now
from castalia.track.protocol.limits import checked_name
from castalia.track.protocol.registry_fields import STAGES, description, model_name, one_pair, pairs, stage_of
from castalia.track.protocol.registry_rows import (
    keep_ours,
    model_number,
    newest,
    put_tags,
    registered_rows,
    touch,
    version_rows,
)
from castalia.track.protocol.wire import Fields, ProtocolError, Route
from castalia.track.store import Store

IS_PROMPT = "mlflow.prompt.is_prompt"
"""The tag by which the client keeps a prompt where a model could be."""
models, versions = schema.models, schema.versions


def is_prompt(connection: Connection, model: int) -> bool:
    """Whether the client keeps a prompt under this name."""
    tags = schema.model_tags
    value = connection.scalar(sa.select(tags.c.value).where(tags.c.model == model, tags.c.key == IS_PROMPT))
    return (value or "").lower() == "true"


def create(store: Store, fields: Fields) -> dict[str, Any]:
    """POST registered-models/create {name, tags[], description}."""
    name, tags, text = model_name(fields), pairs(fields), description(fields)

    def work(connection: Connection) -> dict[str, Any]:
        moment = now()
        row = {"name": name, "description": text, "created": moment, "updated": moment}
        insert = inserting(connection, models).values(row).on_conflict_do_nothing()
        model = connection.scalar(insert.returning(models.c.id))  # psycopg's rowcount is -1 where nothing was put
        if model is None:
            there = is_prompt(connection, model_number(connection, name))
            raise _taken(name, there, tags.get(IS_PROMPT, "").lower() == "true")
        put_tags(connection, schema.model_tags, "model", model, tags)
        return _answer(connection, model)

    return store.database.commit(work)


def _taken(name: str, prompt: bool, wanted: bool) -> ProtocolError:
    kinds = {True: "Prompt", False: "Registered Model"}
    message = f"{kinds[wanted]} (name={name}) already exists."
    if prompt != wanted:
        message = (
            f"Tried to create a {kinds[wanted].lower()} with name {name!r}, but the name is already taken by a "
            f"{kinds[prompt].lower()}. MLflow does not allow creating a model and a prompt with the same name."
        )
    return ProtocolError("RESOURCE_ALREADY_EXISTS", message)


def _answer(connection: Connection, model: int) -> dict[str, Any]:
    return {"registered_model": registered_rows(connection, [model])[0]}


def get(store: Store, fields: Fields) -> dict[str, Any]:
    """GET registered-models/get {name}."""
    name = model_name(fields)
    with store.database.read() as connection:
        return _answer(connection, model_number(connection, name))


def update(store: Store, fields: Fields) -> dict[str, Any]:
    """PATCH registered-models/update {name, description}; no description clears it."""
    name, text = model_name(fields), description(fields)

    def work(connection: Connection) -> dict[str, Any]:
        model = model_number(connection, name)
        touch(connection, models, model, description=text)
        return _answer(connection, model)

    return store.database.commit(work)


def rename(store: Store, fields: Fields) -> dict[str, Any]:
    """POST registered-models/rename {name, new_name}: versions, tags and aliases come along."""
    name, new = model_name(fields), model_name(fields, "new_name")

    def work(connection: Connection) -> dict[str, Any]:
        model = model_number(connection, name, hold=True)
        if new != name:
            keep_ours(connection, model, f"Registered Model (name={name}) cannot be renamed")
            if connection.scalar(sa.select(models.c.id).where(models.c.name == new)) is not None:
                raise ProtocolError("RESOURCE_ALREADY_EXISTS", f"Registered Model (name={new}) already exists.")
        touch(connection, models, model, name=new)
        connection.execute(versions.update().where(versions.c.model == model).values(updated=now()))
        return _answer(connection, model)

    return store.database.commit(work)


def delete(store: Store, fields: Fields) -> dict[str, Any]:
    """DELETE registered-models/delete {name}, with its versions, tags and aliases; their files stay."""
    name = model_name(fields)

    def work(connection: Connection) -> dict[str, Any]:
        model = model_number(connection, name, hold=True)
        keep_ours(connection, model, f"Registered Model (name={name}) cannot be deleted")
        of_it = sa.select(versions.c.id).where(versions.c.model == model)
        connection.execute(schema.version_tags.delete().where(schema.version_tags.c.version.in_(of_it)))
        for table in (versions, schema.model_tags, schema.aliases, schema.promotions):
            connection.execute(table.delete().where(table.c.model == model))
        connection.execute(models.delete().where(models.c.id == model))
        return {}

    return store.database.commit(work)


def latest_versions(store: Store, fields: Fields) -> dict[str, Any]:
    """GET|POST registered-models/get-latest-versions {name, stages[]}: the newest version of each stage."""
    name, stages = model_name(fields), [stage_of(each) for each in fields.texts("stages")]
    with store.database.read() as connection:
        found = newest(connection, [model_number(connection, name)], stages or STAGES)
        return {"model_versions": version_rows(connection, list(found))} if found else {}


def set_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """POST registered-models/set-tag {name, key, value}."""
    name, pair = model_name(fields), one_pair(fields)

    def work(connection: Connection) -> dict[str, Any]:
        put_tags(connection, schema.model_tags, "model", model_number(connection, name), pair)
        return {}

    return store.database.commit(work)


def delete_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """DELETE registered-models/delete-tag {name, key}; that there is none is fine."""
    name, key, tags = model_name(fields), checked_name(fields.text("key", required=True), "key"), schema.model_tags

    def work(connection: Connection) -> dict[str, Any]:
        model = model_number(connection, name)
        connection.execute(tags.delete().where(tags.c.model == model, tags.c.key == key))
        return {}

    return store.database.commit(work)


ROUTES = (
    Route("POST", "registered-models/create", create),
    Route("GET", "registered-models/get", get),
    Route("PATCH", "registered-models/update", update),
    Route("POST", "registered-models/rename", rename),
    Route("DELETE", "registered-models/delete", delete, admin=True),
    Route("GET", "registered-models/get-latest-versions", latest_versions),
    Route("POST", "registered-models/get-latest-versions", latest_versions, writes=False),
    Route("POST", "registered-models/set-tag", set_tag),
    Route("DELETE", "registered-models/delete-tag", delete_tag),
)
