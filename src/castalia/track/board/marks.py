"""Marks: what a person says of a run afterwards: its name, a note, tags, whether it is put away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from castalia.core.errors import Conflict, WrongInput
from castalia.core.record import Record
from castalia.track import schema
from castalia.track.board.expecting import NOTE, Expected, check
from castalia.track.listing import ARCHIVED
from castalia.track.naming import MAX_NAME, MAX_TAG, checked_key, checked_text
from castalia.track.runs import NAME_TAG, PARENT_TAG, put_tags, run_number
from castalia.track.store import Store


class Marks(Record):
    """What is to change; what is left out stays as it is."""

    name: str | None = Field(None, description="A new name.")
    note: str | None = Field(None, description="A new note, Markdown; empty takes it away.")
    tags: dict[str, str | None] = Field({}, max_length=100, description="Tags to set; null takes one away.")
    archived: bool | None = Field(None, description="Out of sight, or back into it.")
    expected: Expected | None = Field(None, description="Refuse unless it is like this now.")


def mark(store: Store, run_id: str, marks: Marks) -> dict[str, Any]:
    """Change the run and return it as ``Store.run`` does. WrongInput for what no tag can hold, Conflict for a run in
    the trash, and where it is not as ``expected``."""
    tags: dict[str, str | None] = {checked_key("tag", key): value for key, value in marks.tags.items()}
    if marks.note is not None:
        tags[NOTE] = marks.note or None
    if marks.archived is not None:
        tags[ARCHIVED] = "true" if marks.archived else None
    if marks.name is not None:
        tags[NAME_TAG] = checked_text("name", marks.name.strip(), MAX_NAME)
    if tags.get(PARENT_TAG) == run_id:
        raise WrongInput("a run is not inside itself", run_id, "the id of another run", field="tags")
    texts = {
        key: checked_text("note" if key == NOTE else f"tag {key[:60]}", value, MAX_TAG, empty=True)
        for key, value in tags.items()
        if value is not None
    }
    gone = [key for key, value in tags.items() if value is None]
    with store.database.write() as connection:
        number = run_number(connection, run_id)
        runs = schema.runs
        row = connection.execute(sa.select(runs.c.lifecycle, runs.c.name).where(runs.c.id == number)).one()
        if row.lifecycle != "active":
            raise Conflict("the run is in the trash", run_id, "one that is not", "Take it out: POST /trash/restore.")
        check(connection, marks.expected, schema.tags, "run", number, row.name)
        put_tags(connection, number, texts)
        if gone:
            table = schema.tags
            connection.execute(sa.delete(table).where(table.c.run == number, table.c.key.in_(gone)))
    return store.run(run_id)


def archive(store: Store, run_ids: Sequence[str], archived: bool) -> list[str]:
    """Put runs away, or bring them back, all in one step; the ids of those that changed, sorted. NotFound for one."""
    table, changed = schema.tags, []
    with store.database.write() as connection:
        for run_id in dict.fromkeys(run_ids):
            number = run_number(connection, run_id)
            mine = sa.and_(table.c.run == number, table.c.key == ARCHIVED)
            if (connection.scalar(sa.select(table.c.value).where(mine)) == "true") is archived:
                continue
            if archived:
                put_tags(connection, number, {ARCHIVED: "true"})
            else:
                connection.execute(sa.delete(table).where(mine))
            changed.append(run_id)
    return sorted(changed)
