"""model-versions/*: numbered versions of a registered model, with stages, tags and where their files lie.

A number is given once. A version that Castalia trained may be described, tagged, moved between stages and aliased
here; it is never deleted.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.naming import now
from castalia.track.promotions import forget_version
from castalia.track.protocol.limits import checked_name, within
from castalia.track.protocol.registered import IS_PROMPT
from castalia.track.protocol.registry_fields import (
    ACTIVE_STAGES,
    TEXT,
    description,
    model_name,
    one_pair,
    pairs,
    stage_of,
    version,
    wrong,
)
from castalia.track.protocol.registry_rows import (
    keep_ours,
    model_number,
    put_tags,
    touch,
    version_number,
    version_rows,
)
from castalia.track.protocol.sources import Source, checked_source, of_ours, prompt_source
from castalia.track.protocol.wire import Fields, Route
from castalia.track.store import Store

VERSIONS_TAG = "mlflow.modelVersions"
"""The tag of a logged model that lists, as JSON, the versions it became."""
models, versions, logged = schema.models, schema.versions, schema.logged_models


def create(store: Store, fields: Fields) -> dict[str, Any]:
    """POST model-versions/create {name, source, run_id, tags[], run_link, description, model_id}."""
    name, asked, tags = model_name(fields), fields.text("source", required=True), pairs(fields)
    run_id = fields.text("run_id") if "run_id" in fields else None
    model_id = fields.text("model_id") if "model_id" in fields else None
    link, text = within(fields.text("run_link"), TEXT, "run_link"), description(fields)
    prompt = tags.get(IS_PROMPT, "").lower() == "true"

    def work(connection: Connection) -> dict[str, Any]:
        source = prompt_source(asked) if prompt else checked_source(connection, asked, run_id, model_id, fields.admin)
        model, moment = model_number(connection, name, hold=True), now()
        more = models.update().where(models.c.id == model).values(numbered=models.c.numbered + 1, updated=moment)
        number = connection.scalar(more.returning(models.c.numbered))
        row = {"model": model, "version": number, "status": "ready", "created": moment, "updated": moment,
               "run_link": link, "description": text, "source": source.source, "location": source.location,
               "run_id": source.run_id or None, "logged_model": source.model_id or None,
               "run": _known_run(connection, source)}  # fmt: skip
        made = connection.scalar(versions.insert().values(row).returning(versions.c.id))
        assert made is not None and number is not None
        put_tags(connection, schema.version_tags, "version", made, tags)
        if model_id and source.model_id:
            _note_version(connection, source.model_id, name, number)
        return _answer(connection, made)

    return store.database.commit(work)


def _known_run(connection: Connection, source: Source) -> int | None:
    runs = schema.runs
    found = connection.scalar(sa.select(runs.c.id).where(runs.c.run_id == source.run_id)) if source.run_id else None
    return None if found is None else int(found)


def _note_version(connection: Connection, model_id: str, name: str, number: int) -> None:
    tags = schema.logged_model_tags
    model = connection.scalar(sa.select(logged.c.id).where(logged.c.model_id == model_id))
    before = connection.scalar(sa.select(tags.c.value).where(tags.c.model == model, tags.c.key == VERSIONS_TAG))
    try:
        listed = json.loads(before or "[]")
    except ValueError:  # a client may write there what it likes
        listed = []
    listed = listed if isinstance(listed, list) else []
    if model is not None:
        value = json.dumps([*listed, {"name": name, "version": number}])
        put_tags(connection, tags, "model", model, {VERSIONS_TAG: value})


def _answer(connection: Connection, number: int) -> dict[str, Any]:
    return {"model_version": version_rows(connection, [number])[0]}


def get(store: Store, fields: Fields) -> dict[str, Any]:
    """GET model-versions/get {name, version}."""
    name, number = model_name(fields), version(fields)
    with store.database.read() as connection:
        return _answer(connection, version_number(connection, name, number)[1])


def download_uri(store: Store, fields: Fields) -> dict[str, Any]:
    """GET model-versions/get-download-uri {name, version}: where the files can be read."""
    name, number = model_name(fields), version(fields)
    with store.database.read() as connection:
        _, found = version_number(connection, name, number)
        row = connection.execute(sa.select(versions).where(versions.c.id == found)).one()
    return {"artifact_uri": of_ours(name, number) if row.folder else row.location or row.source}


def update(store: Store, fields: Fields) -> dict[str, Any]:
    """PATCH model-versions/update {name, version, description}; no description clears it."""
    name, number, text = model_name(fields), version(fields), description(fields)

    def work(connection: Connection) -> dict[str, Any]:
        _, found = version_number(connection, name, number)
        touch(connection, versions, found, description=text)
        return _answer(connection, found)

    return store.database.commit(work)


def transition(store: Store, fields: Fields) -> dict[str, Any]:
    """POST model-versions/transition-stage {name, version, stage, archive_existing_versions}."""
    name, number, archive = model_name(fields), version(fields), fields.flag("archive_existing_versions")
    stage = stage_of(fields.text("stage", required=True))
    if archive and stage not in ACTIVE_STAGES:
        raise wrong(
            "Model version transition cannot archive existing model versions because "
            f"'{stage}' is not an Active stage. Valid stages are {list(ACTIVE_STAGES)}"
        )

    def work(connection: Connection) -> dict[str, Any]:
        model, found = version_number(connection, name, number, hold=True)
        if archive:
            there = sa.and_(versions.c.model == model, versions.c.stage == stage, versions.c.id != found)
            connection.execute(versions.update().where(there).values(stage="Archived", updated=now()))
        touch(connection, versions, found, stage=stage)
        touch(connection, models, model)
        return _answer(connection, found)

    return store.database.commit(work)


def delete(store: Store, fields: Fields) -> dict[str, Any]:
    """DELETE model-versions/delete {name, version}, with its tags and the aliases that point at it; its files stay."""
    name, number = model_name(fields), version(fields)

    def work(connection: Connection) -> dict[str, Any]:
        model, found = version_number(connection, name, number, hold=True)
        keep_ours(connection, model, f"Model Version (name={name}, version={number}) cannot be deleted", number)
        tags = schema.version_tags
        forget_version(connection, model, number, fields.who)
        connection.execute(tags.delete().where(tags.c.version == found))
        connection.execute(versions.delete().where(versions.c.id == found))
        touch(connection, models, model)
        return {}

    return store.database.commit(work)


def set_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """POST model-versions/set-tag {name, version, key, value}."""
    name, number, pair = model_name(fields), version(fields), one_pair(fields)

    def work(connection: Connection) -> dict[str, Any]:
        put_tags(connection, schema.version_tags, "version", version_number(connection, name, number)[1], pair)
        return {}

    return store.database.commit(work)


def delete_tag(store: Store, fields: Fields) -> dict[str, Any]:
    """DELETE model-versions/delete-tag {name, version, key}; that there is none is fine."""
    name, number, tags = model_name(fields), version(fields), schema.version_tags
    key = checked_name(fields.text("key", required=True), "key")

    def work(connection: Connection) -> dict[str, Any]:
        _, found = version_number(connection, name, number)
        connection.execute(tags.delete().where(tags.c.version == found, tags.c.key == key))
        return {}

    return store.database.commit(work)


ROUTES = (
    Route("POST", "model-versions/create", create),
    Route("GET", "model-versions/get", get),
    Route("GET", "model-versions/get-download-uri", download_uri),
    Route("PATCH", "model-versions/update", update),
    Route("POST", "model-versions/transition-stage", transition),
    Route("DELETE", "model-versions/delete", delete, admin=True),
    Route("POST", "model-versions/set-tag", set_tag),
    Route("DELETE", "model-versions/delete-tag", delete_tag),
)
