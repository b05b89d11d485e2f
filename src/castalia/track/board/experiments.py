"""Experiments: each with its runs by status, its days, its best run, its note; renamed, put away, trashed, restored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from castalia.core.errors import Conflict, NotFound
from castalia.track import schema
from castalia.track.board import best
from castalia.track.board.expecting import NOTE, check
from castalia.track.board.marks import Marks
from castalia.track.listing import ARCHIVED
from castalia.track.naming import MAX_NAME, checked_key, checked_text, now
from castalia.track.protocol import experiments as protocol
from castalia.track.protocol.limits import EXPERIMENT_TAG
from castalia.track.store import Store

GLANCE = 280
"""Characters of a note in a list."""
DAY = 86_400_000
MINUTE = 60_000


def experiments(
    store: Store,
    metric: str | None = None,
    best_run: bool = False,
    days: int = 0,
    zone: int = 0,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Each experiment: id, name, lifecycle, created, note, tags, runs, statuses {status: runs}, last (ms), models.

    The one where something happened last comes first; runs in the trash do not count. ``archived`` says whether it is
    put away, ``away`` how many of its runs are, ``gone`` how many come back with it from the trash. Notes are cut to
    280 characters. With ``best_run`` each has ``best``, by ``metric`` or by the one it is usually judged by (see
    ``best.bests``). With ``days`` each has ``activity``: how many runs began on each of the last so many days, today
    last; ``zone`` is the minutes by which the days begin earlier than in UTC. With ``name`` only the one of that name.
    """
    with store.database.read() as connection:
        number = None
        if name is not None:
            table = schema.experiments
            number = connection.scalar(sa.select(table.c.id).where(table.c.name == name))
            if number is None:
                return []
        found = _filled(connection, number, metric, best_run, days, zone)
    for one in found:
        one["note"] = one["note"][:GLANCE]
    return sorted(found, key=lambda one: (-(one["last"] or 0), one["name"]))


def experiment(store: Store, number: int, metric: str | None = None, days: int = 30, zone: int = 0) -> dict[str, Any]:
    """One of them with its best run and its whole note. NotFound."""
    with store.database.read() as connection:
        _row(connection, number)
        return _filled(connection, number, metric, True, days, zone)[0]


def mark(store: Store, number: int, marks: Marks) -> dict[str, Any]:
    """Change its name, note or tags, or put it away; answers it. Conflict where the name is taken, where it is
    trash, and where it is not as ``expected``."""
    tags: dict[str, str | None] = {checked_key("tag", key): value for key, value in marks.tags.items()}
    if marks.note is not None:
        tags[NOTE] = marks.note or None
    if marks.archived is not None:
        tags[ARCHIVED] = "true" if marks.archived else None
    texts = {
        key: checked_text("note" if key == NOTE else f"tag {key[:60]}", value, EXPERIMENT_TAG, empty=True)
        for key, value in tags.items()
        if value is not None
    }
    name = None if marks.name is None else checked_text("name", marks.name.strip(), MAX_NAME)
    table, kept = schema.experiments, schema.experiment_tags
    with store.database.write() as connection:
        row = _row(connection, number)
        if row.lifecycle != "active":
            raise Conflict(f"the experiment {row.name[:60]!r} cannot be changed", "it is in the trash", "one in use",
                           "Restore it first.")  # fmt: skip
        check(connection, marks.expected, kept, "experiment", number, row.name)
        if name is not None and name != row.name:
            if connection.scalar(sa.select(table.c.id).where(table.c.name == name)) is not None:
                raise Conflict("the name is taken", name[:60], "a name that no experiment has",
                               "Take another name; experiments in the trash keep theirs.")  # fmt: skip
            connection.execute(table.update().where(table.c.id == number).values(name=name, updated=now()))
        protocol.put_tags(connection, number, texts)
        gone = [key for key, value in tags.items() if value is None]
        if gone:
            connection.execute(sa.delete(kept).where(kept.c.experiment == number, kept.c.key.in_(gone)))
    return experiment(store, number)


def trash(store: Store, number: int) -> dict[str, Any]:
    """Put it into the trash with those of its runs that are not there yet. Nothing changes where it is there."""
    return _moved(store, number, "active", protocol.into_trash)


def restore(store: Store, number: int) -> dict[str, Any]:
    """Take it out of the trash with the runs that went there with it. Nothing changes where it is in use."""
    return _moved(store, number, "deleted", protocol.out_of_trash)


def _moved(store: Store, number: int, before: str, move: Callable[[Connection, Row[Any]], None]) -> dict[str, Any]:
    def work(connection: Connection) -> None:
        row = _row(connection, number)
        if row.lifecycle == before:
            move(connection, row)

    store.database.commit(work)
    return experiment(store, number)


def _row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(sa.select(schema.experiments).where(schema.experiments.c.id == number)).first()
    if row is None:
        raise NotFound(f"no experiment {number}", expected="the id of one", cure="GET /experiments lists them.")
    return row


def _filled(
    connection: Connection, number: int | None, metric: str | None, best_run: bool, days: int, zone: int
) -> list[dict[str, Any]]:
    table, runs, tags = schema.experiments, schema.runs, schema.experiment_tags

    def only(query: sa.Select[Any], column: sa.Column[Any]) -> sa.Select[Any]:
        return query if number is None else query.where(column == number)

    found = {
        row.id: {"id": row.id, "name": row.name, "lifecycle": row.lifecycle, "created": row.created, "note": "",
                 "tags": {}, "archived": False, "runs": 0, "statuses": {}, "away": 0, "gone": 0, "last": None,
                 "models": 0}
        for row in connection.execute(only(sa.select(table), table.c.id))
    }  # fmt: skip
    active, count = runs.c.lifecycle == "active", sa.func.count()
    latest = sa.func.max(sa.func.coalesce(runs.c.ended, runs.c.started))
    statuses = only(sa.select(runs.c.experiment, runs.c.status, count, latest).where(active), runs.c.experiment)
    for each, status, many, last in connection.execute(statuses.group_by(runs.c.experiment, runs.c.status)):
        one = found[each]
        one["runs"] += many
        one["statuses"][status] = many
        one["last"] = max(last, one["last"] or 0)
    for row in connection.execute(only(sa.select(tags), tags.c.experiment)):
        found[row.experiment]["tags"][row.key] = row.value
    for field, query in (("models", _models()), ("away", _away()), ("gone", _gone())):
        column: Any = query.selected_columns[0]
        for row in connection.execute(only(query, column)):
            found[row.experiment][field] = row.many
    for one in found.values():
        one["note"] = one["tags"].pop(NOTE, "")
        one["archived"] = one["tags"].pop(ARCHIVED, "") == "true"
    if days:
        _activity(connection, found, number, days, zone)
    if best_run:
        leading = best.bests(connection, metric, number)
        for each, one in found.items():
            one["best"] = leading.get(each)
    return list(found.values())


def _models() -> sa.Select[Any]:
    logged = schema.logged_models
    counted = sa.select(logged.c.experiment, sa.func.count().label("many")).where(logged.c.lifecycle == "active")
    return counted.group_by(logged.c.experiment)


def _away() -> sa.Select[Any]:
    runs, tags = schema.runs, schema.tags
    counted = sa.select(runs.c.experiment, sa.func.count().label("many")).join(tags, tags.c.run == runs.c.id)
    put_away = (runs.c.lifecycle == "active", tags.c.key == ARCHIVED, tags.c.value == "true")
    return counted.where(*put_away).group_by(runs.c.experiment)


def _gone() -> sa.Select[Any]:
    runs, table = schema.runs, schema.experiments
    counted = sa.select(runs.c.experiment, sa.func.count().label("many")).join(table, table.c.id == runs.c.experiment)
    along = (table.c.lifecycle == "deleted", runs.c.deleted == table.c.updated)
    return counted.where(*along).group_by(runs.c.experiment)


def _activity(
    connection: Connection, found: dict[int, dict[str, Any]], number: int | None, days: int, zone: int
) -> None:
    runs, ahead = schema.runs, zone * MINUTE
    today = (int(time.time() * 1000) + ahead) // DAY
    first = today - days + 1
    for one in found.values():
        one["activity"] = [0] * days
    day = ((runs.c.started + ahead) // DAY).label("day")
    query = sa.select(runs.c.experiment, day, sa.func.count())
    query = query.where(runs.c.lifecycle == "active", runs.c.started >= first * DAY - ahead)
    if number is not None:
        query = query.where(runs.c.experiment == number)
    for each, at, many in connection.execute(query.group_by(runs.c.experiment, day)):
        found[each]["activity"][min(at - first, days - 1)] += many  # a clock ahead of ours began it today
