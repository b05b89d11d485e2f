"""The registry's rows as messages: RegisteredModel and ModelVersion, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.naming import now
from castalia.track.protocol.registry_fields import STAGES
from castalia.track.protocol.wire import ProtocolError, absent

_PART = 5000
"""Rows that one query asks for by number."""
models, versions, aliases = schema.models, schema.versions, schema.aliases


def parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """``numbers`` in portions that one query can name."""
    return (numbers[start : start + _PART] for start in range(0, len(numbers), _PART))


def registered_rows(connection: Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The messages RegisteredModel of these ``models.id``, in their order; a few queries however many they are."""
    made: dict[int, dict[str, Any]] = {}
    for some in parts(numbers):
        for row in connection.execute(sa.select(models).where(models.c.id.in_(some))):
            message = {"name": row.name, "creation_timestamp": row.created, "last_updated_timestamp": row.updated}
            made[row.id] = message | ({"description": row.description} if row.description else {})
        tags = sa.select(schema.model_tags).where(schema.model_tags.c.model.in_(some)).order_by(schema.model_tags.c.key)
        for row in connection.execute(tags):
            made[row.model].setdefault("tags", []).append({"key": row.key, "value": row.value})
        for row in connection.execute(sa.select(aliases).where(aliases.c.model.in_(some)).order_by(aliases.c.alias)):
            made[row.model].setdefault("aliases", []).append({"alias": row.alias, "version": str(row.version)})
        owners = newest(connection, some)
        for owner, message in zip(owners.values(), version_rows(connection, list(owners)), strict=True):
            made[owner].setdefault("latest_versions", []).append(message)
    return [made[number] for number in numbers if number in made]


def version_rows(connection: Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The messages ModelVersion of these ``model_versions.id``, in their order; three queries a portion."""
    made: dict[int, dict[str, Any]] = {}
    for some in parts(numbers):
        query = (
            sa.select(versions, models.c.name.label("of_model"), schema.runs.c.run_id.label("of_run"))
            .join(models, versions.c.model == models.c.id)
            .outerjoin(schema.runs, versions.c.run == schema.runs.c.id)
            .where(versions.c.id.in_(some))
        )
        for row in connection.execute(query):
            made[row.id] = _version_row(row)
        tags = schema.version_tags
        for row in connection.execute(sa.select(tags).where(tags.c.version.in_(some)).order_by(tags.c.key)):
            made[row.version].setdefault("tags", []).append({"key": row.key, "value": row.value})
        same = sa.and_(versions.c.model == aliases.c.model, versions.c.version == aliases.c.version)
        named = sa.select(versions.c.id, aliases.c.alias).join(aliases, same).where(versions.c.id.in_(some))
        for number, alias in connection.execute(named.order_by(aliases.c.alias)):
            made[number].setdefault("aliases", []).append(alias)
    return [made[number] for number in numbers if number in made]


def _version_row(row: Row[Any]) -> dict[str, Any]:
    message = {
        "name": row.of_model,
        "version": str(row.version),
        "creation_timestamp": row.created,
        "last_updated_timestamp": row.updated or row.created,
        "current_stage": row.stage,
        "description": row.description,
        "source": row.source,
        "run_id": row.run_id or row.of_run or "",
        "status": "READY",
        "run_link": row.run_link,
    }
    said = {"user_id": row.user_id, "status_message": row.status_message, "model_id": row.logged_model}
    return message | {name: value for name, value in said.items() if value}


def newest(connection: Connection, some: Sequence[int], stages: Sequence[str] = STAGES) -> dict[int, int]:
    """The newest version of each of ``stages``: ``model_versions.id`` to ``models.id``, older versions first."""
    ready = sa.and_(versions.c.model.in_(some), versions.c.status == "ready", versions.c.stage.in_(stages))
    best = sa.select(sa.func.max(versions.c.version).label("version"), versions.c.model).where(ready)
    highest = best.group_by(versions.c.model, versions.c.stage).subquery()
    same = sa.and_(versions.c.model == highest.c.model, versions.c.version == highest.c.version)
    query = sa.select(versions.c.id, versions.c.model).join(highest, same).order_by(versions.c.version)
    return {row.id: row.model for row in connection.execute(query)}


def model_number(connection: Connection, name: str, *, hold: bool = False) -> int:
    """The number of a registered model; with ``hold`` nobody else changes it before this commits."""
    query = sa.select(models.c.id).where(models.c.name == name)
    found = connection.scalar(query.with_for_update() if hold else query)
    if found is None:
        raise absent(f"Registered Model with name={name} not found")
    return int(found)


def version_number(connection: Connection, name: str, version: int, *, hold: bool = False) -> tuple[int, int]:
    """The numbers of a model and of its version; with ``hold`` nobody else changes that model before this commits."""
    query = sa.select(versions.c.model, versions.c.id).join(models, versions.c.model == models.c.id)
    query = query.where(models.c.name == name, versions.c.version == version, versions.c.status == "ready")
    query = query.with_for_update(of=models) if hold else query
    found = connection.execute(query).first() if 0 < version < 2**31 else None
    if found is None:
        raise absent(f"Model Version (name={name}, version={version}) not found")
    return int(found[0]), int(found[1])


def put_tags(connection: Connection, table: sa.Table, owner: str, number: int, tags: Mapping[str, str]) -> None:
    """Give ``owner`` tags, or change them."""
    if tags:
        insert = inserting(connection, table)
        insert = insert.on_conflict_do_update(index_elements=[owner, "key"], set_={"value": insert.excluded.value})
        connection.execute(insert, [{owner: number, "key": key, "value": value} for key, value in tags.items()])


def touch(connection: Connection, table: sa.Table, number: int, **changes: Any) -> None:
    """Change a model or a version, and say when."""
    connection.execute(table.update().where(table.c.id == number).values(updated=now(), **changes))


def keep_ours(connection: Connection, model: int, subject: str, version: int | None = None) -> None:
    """PERMISSION_DENIED where a version of ``model`` (or this one alone) is Castalia's, or a fit is making one."""
    ours = sa.or_(versions.c.folder != "", versions.c.status == "reserved")
    held = sa.select(versions.c.version).where(versions.c.model == model, versions.c.status != "failed", ours)
    held = held if version is None else held.where(versions.c.version == version)
    if found := connection.scalars(held.order_by(versions.c.version)).all():
        listed = ", ".join(str(each) for each in found[:10])
        reason = f"castalia.fit made version {listed}, and castalia.load finds its files under this name and number."
        raise ProtocolError("PERMISSION_DENIED", f"{subject}: {reason}")
