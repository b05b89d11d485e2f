"""Model pages: models as a list, one with all its versions, and what a person notes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.engine import Connection

from castalia.core.errors import NotFound
from castalia.core.record import Record
from castalia.track import schema
from castalia.track.board.best import ways
from castalia.track.board.expecting import Written, check
from castalia.track.naming import MAX_TAG, checked_key, checked_text, now
from castalia.track.protocol.registry_fields import TEXT
from castalia.track.protocol.registry_rows import parts, put_tags
from castalia.track.registry import CHAMPION
from castalia.track.store import Store

models, versions, runs = schema.models, schema.versions, schema.runs
MOST = 1000
"""Versions that a page shows, with what each measured."""
Stage = Literal["None", "Staging", "Production", "Archived"]


class ModelMarks(Record):
    """What is to change of a model; what is left out stays as it is."""

    note: str | None = Field(None, description="Its description, Markdown; empty takes it away.")
    tags: dict[str, str | None] = Field({}, max_length=100, description="Tags to set; null takes one away.")
    expected: Written | None = Field(None, description="Refuse unless it is like this now.")


class VersionMarks(ModelMarks):
    """What is to change of a version. Its files and what it measured do not change."""

    stage: Stage | None = Field(None, description="Its stage of life, as MLflow's clients know it.")


def listed(store: Store) -> list[dict[str, Any]]:
    """Every model as ``Store.models`` says it, with tags and what its champion measured; of one that has no version
    ``versions`` is 0, ``newest`` and ``champion`` are None."""
    names = {one["name"]: one for one in store.models()}
    with store.database.read() as connection:
        numbers: dict[int, dict[str, Any]] = {}
        for row in connection.execute(sa.select(models).order_by(models.c.name)):
            numbers[row.id] = names.setdefault(row.name, _without_version(row))
        for one in names.values():
            one["tags"] = {}
        for some in parts(list(numbers)):
            tags = sa.select(schema.model_tags).where(schema.model_tags.c.model.in_(some))
            for row in connection.execute(tags):
                numbers[row.model]["tags"][row.key] = row.value
        bare = {number: one for number, one in numbers.items() if one["versions"] and not one["metrics"]}
        pair = sa.tuple_(versions.c.model, versions.c.version)
        for some in parts(list(bare)):
            mine = pair.in_([(number, bare[number]["champion"]) for number in some])
            best = connection.execute(sa.select(versions).where(mine)).all()
            said = measured(connection, best)
            for row in best:
                bare[row.model]["metrics"] = said[row.id][0]
    return list(numbers.values())


def _without_version(row: Any) -> dict[str, Any]:
    return {"name": row.name, "versions": 0, "newest": None, "champion": None, "aliases": {}, "system": None,
            "source": "", "metrics": {}, "description": row.description, "created": row.created,
            "updated": row.updated}  # fmt: skip


def page(store: Store, name: str, before: int | None = None) -> dict[str, Any]:
    """One model: name, champion, newest, aliases {alias: version}, description, tags, created, updated, versions, more,
    down {metric: whether less of it is better, where its name says so}.

    ``versions`` are the newest 1,000, and whatever older ones the champion and other aliases mean; with ``before`` the
    newest 1,000 below that number alone. ``more``: whether there are older ones than those. ``champion`` and ``newest``
    are None of a model without a version. NotFound.
    """
    with store.database.read() as connection:
        model = connection.execute(sa.select(models).where(models.c.name == name)).first()
        every = [] if model is None else connection.execute(
            sa.select(versions.c.version, versions.c.folder)
            .where(versions.c.model == model.id, versions.c.status == "ready")
            .order_by(versions.c.version.desc())
        ).all()  # fmt: skip
        if model is None:
            raise NotFound(f"no model {name[:80]!r}", cure="castalia models")
        pointers = sa.select(schema.aliases).where(schema.aliases.c.model == model.id).order_by(schema.aliases.c.alias)
        there = {row.version for row in every}
        meant = {row.alias: row.version for row in connection.execute(pointers) if row.version in there}
        ours = (row.version for row in every if row.folder)  # the bare name means what castalia.load opens
        newest = every[0].version if every else None
        champion = meant.get(CHAMPION) or next(ours, newest)
        below = [row.version for row in every if before is None or row.version < before]
        shown = below[:MOST] + ([champion, *sorted(set(meant.values()))[-MOST:]] if before is None and every else [])
        lines = rows(connection, name, list(dict.fromkeys(shown)))
        tags = connection.execute(sa.select(schema.model_tags).where(schema.model_tags.c.model == model.id))
        noted = {row.key: row.value for row in tags}
    return {"name": name, "champion": champion, "newest": newest, "aliases": meant,
            "description": model.description, "tags": noted, "created": model.created, "updated": model.updated,
            "versions": lines, "more": len(below) > MOST,
            "down": ways(key for line in lines for key in line["metrics"])}  # fmt: skip


def rows(connection: Connection, name: str, wanted: Sequence[int]) -> list[dict[str, Any]]:
    """The versions of a model that have these numbers, the newest first."""
    query = (
        sa.select(versions, runs.c.run_id.label("of_run"), runs.c.name.label("run_name"),
                  runs.c.status.label("run_status"), runs.c.lifecycle.label("run_lifecycle"))
        .join(models, versions.c.model == models.c.id)
        .outerjoin(runs, versions.c.run == runs.c.id)
        .where(models.c.name == name, versions.c.status == "ready", versions.c.version.in_(wanted))
        .order_by(versions.c.version.desc())
    )  # fmt: skip
    found = connection.execute(query).all()
    numbers = measured(connection, found)
    made = {row.id: _line(name, row, *numbers[row.id]) for row in found}
    for some in parts(list(made)):
        tags = schema.version_tags
        for row in connection.execute(sa.select(tags).where(tags.c.version.in_(some)).order_by(tags.c.key)):
            made[row.version]["tags"][row.key] = row.value
        same = sa.and_(versions.c.model == schema.aliases.c.model, versions.c.version == schema.aliases.c.version)
        named = sa.select(versions.c.id, schema.aliases.c.alias).join(schema.aliases, same)
        for number, alias in connection.execute(named.where(versions.c.id.in_(some)).order_by(schema.aliases.c.alias)):
            made[number]["aliases"].append(alias)
    return list(made.values())


def _line(name: str, row: Any, metrics: dict[str, float], where: str) -> dict[str, Any]:
    run = {"run_id": row.of_run, "name": row.run_name, "status": row.run_status, "lifecycle": row.run_lifecycle}
    return {
        "model": name, "version": row.version, "label": f"{name}@{row.version}", "system": row.system,
        "run_id": row.of_run or row.run_id, "run": run if row.of_run else None, "metrics": metrics, "measured": where,
        "digest": row.digest, "created": row.created, "updated": row.updated or row.created, "aliases": [],
        "source": row.source, "stage": row.stage, "note": row.description, "tags": {}, "user": row.user_id,
        "model_id": row.logged_model, "ours": bool(row.folder),
    }  # fmt: skip


def measured(connection: Connection, found: Sequence[Any]) -> dict[int, tuple[dict[str, float], str]]:
    """{id of a version: (metrics, where they were said)}: of its ``fit``, else of its logged ``model``, else of its
    ``run``, without what the machine measured of itself; "" where nothing was."""
    made = {row.id: ({key: float(value) for key, value in json.loads(row.metrics).items()}, "fit") for row in found}
    bare = [row for row in found if not made[row.id][0]]
    logged = _of_logged(connection, [row.logged_model for row in bare if row.logged_model])
    ran = _of_runs(connection, [row.run for row in bare if row.run is not None])
    for row in bare:
        said = ((logged.get(row.logged_model), "model"), (ran.get(row.run), "run"))
        made[row.id] = next(((metrics, where) for metrics, where in said if metrics), ({}, ""))
    return made


def _of_logged(connection: Connection, wanted: Sequence[str]) -> dict[str, dict[str, float]]:
    """{id of a logged model: its latest metrics}."""
    table, keys, logged = schema.logged_model_metrics, schema.metric_keys, schema.logged_models
    found: dict[str, dict[str, float]] = {}
    turn = sa.func.row_number().over(
        partition_by=(table.c.model, table.c.key),
        order_by=(table.c.step.desc(), table.c.time.desc(), table.c.run.desc()),
    )
    for start in range(0, len(wanted), 5000):
        mine = (logged.c.model_id.in_(wanted[start : start + 5000]), logged.c.lifecycle == "active")
        every = sa.select(logged.c.model_id, table.c.key, table.c.value, turn.label("turn"))
        points = every.join(table, table.c.model == logged.c.id).where(*mine).subquery()
        last = sa.select(points.c.model_id, keys.c.name, points.c.value).join(keys, keys.c.id == points.c.key)
        for model, key, value in connection.execute(last.where(points.c.turn == 1).order_by(keys.c.name)):
            found.setdefault(model, {})[key] = value
    return found


def _of_runs(connection: Connection, wanted: Sequence[int]) -> dict[int, dict[str, float]]:
    latest, keys = schema.latest, schema.metric_keys
    found: dict[int, dict[str, float]] = {}
    query = sa.select(latest.c.run, keys.c.name, latest.c.value).join(keys, keys.c.id == latest.c.key)
    query = query.where(~keys.c.name.startswith("system/")).order_by(keys.c.name)
    for some in parts(wanted):
        for run, key, value in connection.execute(query.where(latest.c.run.in_(some))):
            found.setdefault(run, {})[key] = value
    return found


def mark_model(store: Store, name: str, marks: ModelMarks) -> None:
    """Change the note or the tags of a model. NotFound, WrongInput; Conflict where it is not as ``expected``."""
    with store.database.write() as connection:
        number = connection.scalar(sa.select(models.c.id).where(models.c.name == name))
        if number is None:
            raise NotFound(f"no model {name[:80]!r}", cure="castalia models")
        _mark(connection, models, schema.model_tags, "model", number, marks, {})


def mark_version(store: Store, name: str, version: int, marks: VersionMarks) -> None:
    """Change the note, the tags or the stage of a version. Raises as ``mark_model``."""
    with store.database.write() as connection:
        query = sa.select(versions.c.id).join(models, versions.c.model == models.c.id)
        mine = (models.c.name == name, versions.c.version == version, versions.c.status == "ready")
        number = connection.scalar(query.where(*mine))
        if number is None:
            raise NotFound(f"{name[:80]} has no version {version}", cure=f"castalia models {name[:80]}")
        changes = {} if marks.stage is None else {"stage": marks.stage}
        _mark(connection, versions, schema.version_tags, "version", number, marks, changes)


def _mark(
    connection: Connection, table: sa.Table, tags: sa.Table, owner: str, number: int, marks: ModelMarks,
    changes: dict[str, Any],
) -> None:  # fmt: skip
    if marks.note is not None:
        changes["description"] = checked_text("note", marks.note, TEXT, empty=True)
    said = {checked_key("tag", key): value for key, value in marks.tags.items()}
    texts = {key: checked_text(f"tag {key[:60]}", value, MAX_TAG, empty=True)
             for key, value in said.items() if value is not None}  # fmt: skip
    note = connection.scalar(sa.select(table.c.description).where(table.c.id == number))
    check(connection, marks.expected, tags, owner, number, note=note or "")
    put_tags(connection, tags, owner, number, texts)
    if gone := [key for key, value in said.items() if value is None]:
        connection.execute(sa.delete(tags).where(tags.c[owner] == number, tags.c.key.in_(gone)))
    connection.execute(table.update().where(table.c.id == number).values(updated=now(), **changes))
