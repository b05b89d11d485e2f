"""Logged models and the registry of an MLflow file. What has a name or an id here already stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict, WrongInput
from castalia.track import Store, schema
from castalia.track.database import inserting
from castalia.track.exchange.registering import add_pairs, add_version, number_of_run, put_logged
from castalia.track.exchange.registry_sheets import LoggedSheet
from castalia.track.exchange.taken import Taken, each_run
from castalia.track.naming import checked_run_id, checked_text
from castalia.track.promotions import IMPORTED, point
from castalia.track.protocol.sources import PROMPTS, checked_source
from castalia.track.protocol.wire import ProtocolError

if TYPE_CHECKING:
    from castalia.track.exchange.mlflow_file import MlflowFile, Row

_STATUS = {1: "pending", 2: "ready", 3: "failed"}


def import_models(store: Store, file: MlflowFile, experiments: dict[int, str], folder: Path | None) -> list[Taken]:
    """Take in logged models, then registered ones with versions, aliases and tags. One outcome each."""

    def logged(row: Row) -> Callable[[], Taken]:
        return lambda: _logged(store, file, row, experiments, folder)

    def registered(row: Row) -> Callable[[], Taken]:
        return lambda: _registered(store, file, row)

    works = {str(row["model_id"]): logged(row) for row in file.rows("logged_models", "ORDER BY model_id")}
    taken, works = each_run(works, "logged model"), {}
    for row in file.rows("registered_models", "ORDER BY name"):
        if (row.get("workspace") or "default") == "default":
            works[f"models:/{row['name']}"] = registered(row)
    return taken + each_run(works, "model")


def _logged(store: Store, file: MlflowFile, row: Row, experiments: dict[int, str], folder: Path | None) -> Taken:
    from castalia.track.exchange.mlflow_file import copy_files, number_of

    model_id = checked_run_id(str(row["model_id"]))

    def pairs(kind: str) -> dict[str, str]:
        said = file.rows(f"logged_model_{kind}s", "WHERE model_id = ?", model_id)
        return {one[f"{kind}_key"]: one[f"{kind}_value"] or "" for one in said}

    points = [{"metric": one["metric_name"], "step": one["metric_step"], "time": one["metric_timestamp_ms"],
               "value": number_of(one["metric_value"]), "run_id": one["run_id"],
               "dataset_name": one["dataset_name"] or "", "dataset_digest": one["dataset_digest"] or ""}
              for one in file.rows("logged_model_metrics", "WHERE model_id = ?", model_id)]  # fmt: skip
    put_logged(store, LoggedSheet(
        model_id, experiments.get(row["experiment_id"], "Default"), checked_text("name", row["name"], 500),
        _STATUS.get(row["status"], "pending"), row["creation_timestamp_ms"], row["last_updated_timestamp_ms"],
        row["model_type"], row["source_run_id"], row["status_message"] or "", row["lifecycle_stage"] or "active",
        pairs("param"), pairs("tag"), tuple(points),
    ))  # fmt: skip
    uri = str(row["artifact_location"] or "")
    files, note = copy_files(store, folder, uri, store.model_place(model_id), model_id)
    return Taken(model_id, files=files, note=note, kind="logged model")


def _registered(store: Store, file: MlflowFile, row: Row) -> Taken:
    name, models = checked_text("name", row["name"], 256), schema.models
    mine = "WHERE name = ? AND workspace = 'default'" if "workspace" in row else "WHERE name = ?"
    left: list[str] = []

    def work(connection: Connection) -> None:
        left.clear()
        values = {"name": name, "description": row["description"] or "", "created": row["creation_time"] or 0,
                  "updated": row["last_updated_time"] or 0}  # fmt: skip
        insert = inserting(connection, models).values(values).on_conflict_do_nothing(index_elements=["name"])
        connection.execute(insert)
        number = connection.scalar(sa.select(models.c.id).where(models.c.name == name))
        assert number is not None
        add_pairs(connection, schema.model_tags, "model", number, file.pairs("registered_model_tags", mine, name))
        for one in file.rows("model_versions", f"{mine} ORDER BY version", name):
            _version(connection, file, name, number, one, mine, left)
        for one in file.rows("registered_model_aliases", mine, name):
            has = sa.and_(schema.versions.c.model == number, schema.versions.c.version == one["version"])
            if connection.scalar(sa.select(schema.versions.c.id).where(has)) is not None:
                taken = sa.and_(schema.aliases.c.model == number, schema.aliases.c.alias == one["alias"])
                if connection.scalar(sa.select(schema.aliases.c.version).where(taken)) is None:
                    point(connection, number, one["alias"], one["version"], reason=IMPORTED)

    store.database.commit(work)
    note = (
        f"models:/{name}: left out, as their files cannot be reached here: versions {', '.join(left)}" if left else ""
    )
    return Taken(f"models:/{name}", note=note, kind="model")


def _version(
    connection: Connection, file: MlflowFile, name: str, model: int, row: Row, mine: str, left: list[str]
) -> None:
    versions, number = schema.versions, int(row["version"])
    source, run_id = str(row["source"] or ""), row["run_id"] or None
    there = connection.execute(
        sa.select(versions).where(versions.c.model == model, versions.c.version == number)
    ).first()
    if there is not None:
        if there.created != (row["creation_time"] or 0):
            raise Conflict(f"{name}@{number} is another version here", there.source[:80], source[:80],
                           f"Rename one of the models: castalia models show {name}")  # fmt: skip
        return
    found = _source(connection, file, source, run_id)
    if found is None:
        left.append(str(number))
        return
    ready = row["status"] == "READY"
    values = {"model": model, "version": number, "status": "ready" if ready else "failed", "source": found[0],
              "run": number_of_run(connection, run_id), "run_id": run_id,
              "logged_model": found[1] or None, "location": found[2], "run_link": row["run_link"] or "",
              "description": row["description"] or "",
              "user_id": row["user_id"] or "", "stage": row["current_stage"] or "None",
              "status_message": row["status_message"] or "", "created": row["creation_time"] or 0,
              "updated": row["last_updated_time"] or 0}  # fmt: skip
    add_version(connection, model, values, file.pairs("model_version_tags", f"{mine} AND version = ?", name, number))


def _source(connection: Connection, file: MlflowFile, source: str, run_id: str | None) -> tuple[str, str, str] | None:
    """(source, logged model, location) that may be kept; a path below a run's files becomes that run's. None: no."""
    if source in PROMPTS:
        return source, "", source
    for table, column, of, form in (("runs", "artifact_uri", "run_uuid", "runs:/{}{}"),
                                    ("logged_models", "artifact_location", "model_id", "models:/{}")):  # fmt: skip
        for row in file.rows(table, f"WHERE {column} <> '' AND substr(?, 1, length({column})) = {column}", source):
            rest = source[len(row[column]) :]
            if not rest or rest[0] == "/":
                source = form.format(row[of], rest)
                run_id = row[of] if table == "runs" else run_id
                break
    model_id = source.removeprefix("models:/") if source.startswith("models:/m-") else None
    try:
        kept = checked_source(connection, source, run_id, model_id)
    except (ProtocolError, WrongInput):
        return None
    return kept.source, kept.model_id, kept.location
