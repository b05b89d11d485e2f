"""What somebody last saw of a name, a note or tags: a change that takes another back says it, so that none is lost."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict
from castalia.core.record import Record

NOTE = "mlflow.note.content"
"""The tag that MLflow's pages show as the note of a run, an experiment or a model."""


class Written(Record):
    """What must be so now, or nothing changes; what is left out may be anything."""

    note: str | None = Field(None, description="The note it must have; empty: none.")
    tags: dict[str, str | None] = Field({}, max_length=100, description="Tags it must have; null: it must not have it.")


class Expected(Written):
    """The same of what has a name that can change."""

    name: str | None = Field(None, description="The name it must have.")


def check(
    connection: Connection, expected: Written | None, tags: sa.Table, owner: str, number: int,
    name: str = "", note: str | None = None,
) -> None:  # fmt: skip
    """Conflict where it is otherwise. ``owner`` is the column of ``tags`` that holds ``number``; without ``note`` the
    note is a tag. To be called in the transaction that writes."""
    if expected is None:
        return
    wanted = [*expected.tags, NOTE]
    query = sa.select(tags.c.key, tags.c.value).where(tags.c[owner] == number, tags.c.key.in_(wanted))
    said: dict[str, str] = {row.key: row.value for row in connection.execute(query)}
    if isinstance(expected, Expected) and expected.name is not None:
        _same("the name", name, expected.name)
    if expected.note is not None:
        _same("the note", said.get(NOTE, "") if note is None else note, expected.note)
    for key, value in expected.tags.items():
        _same(f"the tag {key[:60]}", said.get(key), value)


def _same(what: str, now: str | None, expected: str | None) -> None:
    if now != expected:
        raise Conflict(f"{what} was changed since", _short(now), _short(expected), "Look at it as it is now.")


def _short(text: str | None) -> str:
    return "none" if not text else text if len(text) <= 60 else f"{text[:59]}…"
