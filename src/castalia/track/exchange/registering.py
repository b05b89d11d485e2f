"""Registering: models and logged models of sheets, taken into this tracker. Twice is once; what is here stays.

A version that Castalia trained is seen once its files are in their place: its number is held first, as a fit holds it.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict, WrongInput
from castalia.core.settings import Settings
from castalia.track import Store, schema
from castalia.track.database import inserting
from castalia.track.exchange.registry_sheets import (
    MOST_VERSIONS,
    LoggedSheet,
    ModelSheet,
    VersionSheet,
    names_a_version,
    plain_number,
)
from castalia.track.files.incoming import Incoming
from castalia.track.files.local import LocalTree
from castalia.track.files.places import model_uri
from castalia.track.promotions import IMPORTED, every_move, point, take_in
from castalia.track.protocol.registry_fields import checked_model
from castalia.track.protocol.sources import PROMPTS, checked_source
from castalia.track.protocol.wire import ProtocolError
from castalia.track.registry import checked_alias, checked_model_name
from castalia.track.runs import experiment_number

Files = Callable[[int], Iterator[tuple[str, Iterator[bytes]]]]
"""(name, content) of the files of a version."""


def put_logged(store: Store, sheet: LoggedSheet) -> None:
    """Take in a logged model, without its files. Conflict where another one has the id."""
    models = schema.logged_models

    def work(connection: Connection) -> None:
        number = experiment_number(connection, sheet.experiment)
        there = schema.experiments.c
        location = connection.scalar(sa.select(there.artifact_location).where(there.id == number))
        values = {"model_id": sheet.model_id, "experiment": number, "name": sheet.name, "status": sheet.status,
                  "model_type": sheet.model_type, "source_run": number_of_run(connection, sheet.source_run_id),
                  "source_run_id": sheet.source_run_id, "status_message": sheet.status_message,
                  "artifact_uri": model_uri(location, number, sheet.model_id), "created": sheet.created,
                  "updated": sheet.updated, "lifecycle": sheet.lifecycle}  # fmt: skip
        insert = inserting(connection, models).values(values).on_conflict_do_nothing(index_elements=["model_id"])
        made = connection.scalar(insert.returning(models.c.id))
        if made is None:
            before = connection.execute(sa.select(models).where(models.c.model_id == sheet.model_id)).one()
            if (before.created, before.name) != (sheet.created, sheet.name):
                raise Conflict(f"another logged model is called {sheet.model_id} here", f"{before.name[:80]!r}",
                               f"{sheet.name[:80]!r}", "Leave it out of the archive.")  # fmt: skip
            return
        add_pairs(connection, schema.logged_model_params, "model", made, sheet.params)
        add_pairs(connection, schema.logged_model_tags, "model", made, sheet.tags)
        keys = store.keys.find(connection, (each["metric"] for each in sheet.metrics))
        rows = [{"model": made, "key": keys[each["metric"]], "step": each["step"], "time": each["time"],
                 "value": each["value"], "run": number_of_run(connection, each["run_id"]) or 0,
                 "dataset_name": each["dataset_name"], "dataset_digest": each["dataset_digest"]}
                for each in sheet.metrics]  # fmt: skip
        if rows:
            connection.execute(inserting(connection, schema.logged_model_metrics).on_conflict_do_nothing(), rows)

    store.database.commit(work)


def put_model(store: Store, sheet: ModelSheet, files: Files) -> list[str]:
    """Take in a registered model; what was left out, in words. Conflict where a number is another version here."""
    if any(each.trained for each in sheet.versions):
        checked_model_name(sheet.name)
    for alias in {*sheet.aliases, *(move["alias"] for move in sheet.promotions)}:
        checked_alias(alias)
    try:
        checked_model(sheet.name)
    except ProtocolError as error:
        raise WrongInput("a model cannot be named so", repr(sheet.name[:80]), str(error)[:200],
                         "Export it under another name.", field="name") from None  # fmt: skip
    notes: list[str] = []
    waiting: list[VersionSheet] = []

    def begin(connection: Connection) -> None:
        notes.clear()
        waiting.clear()
        model = _model(connection, sheet)
        for each in sheet.versions:
            if _begun(connection, sheet.name, model, each, notes):
                waiting.append(each)

    def end(connection: Connection) -> None:
        for each in waiting:
            seen = {"status": "ready", "folder": f"models/{sheet.name}/{each.version}"}
            connection.execute(_row(connection, sheet.name, each.version).values(seen))
        _point(connection, sheet, notes)

    store.database.commit(begin)
    for each in waiting:
        _put_files(store.home / "models" / sheet.name, each.version, files(each.version))
    store.database.commit(end)
    return notes


def _model(connection: Connection, sheet: ModelSheet) -> int:
    models = schema.models
    values = {"name": sheet.name, "description": sheet.description, "created": sheet.created, "updated": sheet.updated}
    insert = inserting(connection, models).values(values).on_conflict_do_nothing(index_elements=["name"])
    connection.execute(insert)
    number = connection.scalar(sa.select(models.c.id).where(models.c.name == sheet.name))
    assert number is not None
    add_pairs(connection, schema.model_tags, "model", number, sheet.tags)
    return int(number)


def _begun(connection: Connection, name: str, model: int, sheet: VersionSheet, notes: list[str]) -> bool:
    """Its row; whether its files are still to come."""
    versions = schema.versions
    here = sa.select(versions).where(versions.c.model == model, versions.c.version == sheet.version)
    there = connection.execute(here).first()
    if there is not None:
        same = (there.created, there.digest) == (sheet.created, sheet.digest)
        if not same or (there.status != "ready" and not sheet.trained):
            raise Conflict(f"{name}@{sheet.version} is another version here", f"made at {there.created}",
                           f"made at {sheet.created}", f"Look at both: castalia models show {name}")  # fmt: skip
        return bool(there.status != "ready")
    source, location = f"castalia:/{name}/{sheet.version}", ""
    if not sheet.trained:
        try:
            source, location = _source(connection, sheet)
        except (ProtocolError, WrongInput) as error:
            why = " ".join(str(getattr(error, "message", "") or error).split())[:200]
            notes.append(f"{name}@{sheet.version} was left out, its files cannot be reached here: {why}")
            return False
    values = {"model": model, "version": sheet.version, "status": "reserved" if sheet.trained else "ready",
              "system": sheet.system, "run": number_of_run(connection, sheet.run_id), "digest": sheet.digest,
              "metrics": json.dumps({key: plain_number(value) for key, value in sheet.metrics.items()}),
              "created": sheet.created, "updated": sheet.updated, "source": source, "location": location,
              "run_id": None if sheet.trained else sheet.run_id, "logged_model": sheet.logged_model,
              "run_link": sheet.run_link, "description": sheet.description, "user_id": sheet.user_id,
              "stage": sheet.stage, "status_message": sheet.status_message}  # fmt: skip
    add_version(connection, model, values, sheet.tags)
    return sheet.trained


def _source(connection: Connection, sheet: VersionSheet) -> tuple[str, str]:
    if sheet.source in PROMPTS:
        return sheet.source, sheet.source
    alone = names_a_version(sheet.source)  # which says itself which run and which logged model it is
    asked = (None, None) if alone else (sheet.run_id, sheet.logged_model)
    kept = checked_source(connection, sheet.source, *asked, admin=True)
    return kept.source, kept.location


def add_version(connection: Connection, model: int, values: dict[str, Any], tags: Any) -> None:
    """A row of a version that there is not yet; its number is never given again."""
    versions, models = schema.versions, schema.models
    number = values["version"]
    if not 0 < number <= MOST_VERSIONS:
        raise WrongInput("the number of a version does not fit", str(number)[:40], f"1 to {MOST_VERSIONS}",
                         "Register it again under the next number.", field="version")  # fmt: skip
    made = connection.scalar(inserting(connection, versions).values(values).returning(versions.c.id))
    assert made is not None
    highest = sa.case((models.c.numbered < number, number), else_=models.c.numbered)
    connection.execute(models.update().where(models.c.id == model).values(numbered=highest))
    add_pairs(connection, schema.version_tags, "version", made, tags)


def _point(connection: Connection, sheet: ModelSheet, notes: list[str]) -> None:
    """Aliases that are not there yet, at versions that are, each with its history."""
    table, versions = schema.aliases, schema.versions
    model = connection.execute(sa.select(schema.models.c.id).where(schema.models.c.name == sheet.name)).scalar_one()
    ready = sa.select(versions.c.version).where(versions.c.model == model, versions.c.status == "ready")
    known = set(connection.scalars(ready))
    last = {move["alias"]: move["version"] for move in sheet.promotions}
    # A history that ends elsewhere than its alias would tell of a move that nobody made.
    fits = {alias for alias, at in last.items() if at == sheet.aliases.get(alias) and at in {None, *known}}
    fitting = [move for move in sheet.promotions if move["alias"] in fits]
    came = take_in(connection, model, fitting)
    kept = {tuple(move.values()) for move in every_move(connection, model)}
    for alias in sorted({move["alias"] for move in fitting if tuple(move.values()) not in kept}):
        notes.append(f"The history of {sheet.name}@{alias} stays as it is here.")
    for alias, number in sheet.aliases.items():
        if alias in came:
            continue
        if number not in known:
            notes.append(f"{sheet.name}@{alias} was left out: version {number} is not here.")
            continue
        points = sa.select(table.c.version).where(table.c.model == model, table.c.alias == alias)
        if (now := connection.scalar(points)) is None:
            point(connection, model, alias, number, reason=IMPORTED)
        elif now != number:
            notes.append(f"{sheet.name}@{alias} stays at version {now} here; in the archive it is {number}.")


def _row(connection: Connection, name: str, version: int) -> sa.Update:
    versions, models = schema.versions, schema.models
    model = sa.select(models.c.id).where(models.c.name == name).scalar_subquery()
    return versions.update().where(versions.c.model == model, versions.c.version == version)


def _put_files(folder: Path, version: int, files: Iterator[tuple[str, Iterator[bytes]]]) -> None:
    """Into a draft, which is then moved into the place of a number that nobody else is given."""
    draft, final = folder / f".draft-{secrets.token_hex(8)}", folder / str(version)
    tree = LocalTree(draft)
    try:
        draft.mkdir(parents=True)
        for name, pieces in files:
            with Incoming(tree.staging, Settings.read().artifact_bytes) as incoming:
                incoming.write_all(pieces)
                tree.keep(incoming, name)
        shutil.rmtree(tree.staging, ignore_errors=True)
        shutil.rmtree(final, ignore_errors=True)  # what a killed import left
        draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def add_pairs(connection: Connection, table: sa.Table, owner: str, number: int, pairs: Any) -> None:
    """Params or tags that are not there yet."""
    rows: list[dict[str, Any]] = [{owner: number, "key": key, "value": value} for key, value in pairs.items()]
    if rows:
        connection.execute(inserting(connection, table).on_conflict_do_nothing(), rows)


def number_of_run(connection: Connection, run_id: str | None) -> int | None:
    """The small number of a run that is here."""
    return connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.run_id == run_id)) if run_id else None
