"""Promotions: what each alias of a model came to mean, when, by whom and why. Every move of an alias is a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.naming import checked_text, now

MAX_REASON = 2000
"""Characters of a reason."""
MOST = 500
"""Rows that a history shows, the newest."""
CARRIED = 10_000
"""Rows of a model that an archive takes along, the newest."""
IMPORTED = "It came with an import."
"""The reason of an alias that nobody here set."""

_aliases, _table = schema.aliases, schema.promotions
_MOVE = [_table.c[name] for name in ("alias", "version", "before", "time", "who", "reason")]


def checked_reason(reason: str) -> str:
    """A reason that can be kept; it may be empty. WrongInput."""
    return checked_text("reason", reason.strip() if isinstance(reason, str) else reason, MAX_REASON, empty=True)


def point(
    connection: Connection, model: int, alias: str, version: int | None, who: str = "", reason: str = ""
) -> int | None:
    """Point ``alias`` of ``models.id`` at a version, or take it away with None; the version it meant before.

    One row of history goes with it, unless it meant that already and nobody says why. Who calls this writes alone
    (``Database.write`` or ``commit``), so that of two at once each sees what the other left.
    """
    mine = sa.and_(_aliases.c.model == model, _aliases.c.alias == alias)
    before = connection.scalar(sa.select(_aliases.c.version).where(mine))
    if version is None:
        connection.execute(_aliases.delete().where(mine))
    else:
        insert = inserting(connection, _aliases).values(model=model, alias=alias, version=version)
        connection.execute(insert.on_conflict_do_update(index_elements=["model", "alias"], set_={"version": version}))
    if before != version or reason:
        row = {"model": model, "alias": alias, "version": version, "before": before, "time": now(), "who": who,
               "reason": reason}  # fmt: skip
        connection.execute(_table.insert().values(row))
    return None if before is None else int(before)


def forget_version(connection: Connection, model: int, version: int, who: str = "") -> None:
    """Take every alias away that points at a version, which is about to go."""
    pointing = sa.select(_aliases.c.alias).where(_aliases.c.model == model, _aliases.c.version == version)
    for alias in connection.scalars(pointing.order_by(_aliases.c.alias)).all():
        point(connection, model, alias, None, who, "The version was deleted.")


def every_move(connection: Connection, model: int) -> list[dict[str, Any]]:
    """The rows of ``models.id``, the oldest first, as another tracker can take them: without their numbers here."""
    newest = sa.select(*_MOVE).where(_table.c.model == model).order_by(_table.c.id.desc()).limit(CARRIED)
    return [dict(row._mapping) for row in connection.execute(newest)][::-1]


def take_in(connection: Connection, model: int, moves: Sequence[Mapping[str, Any]]) -> set[str]:
    """Keep how aliases came to mean what the last of their moves says, and let them mean that; those aliases.

    The history and the meaning of an alias that has either here stay as they are.
    """
    named = (sa.select(table.c.alias).where(table.c.model == model) for table in (_table, _aliases))
    here = set(connection.scalars(sa.union(*named)))
    new = [{**move, "model": model} for move in moves if move["alias"] not in here]
    means = {move["alias"]: move["version"] for move in new}
    pointing = [{"model": model, "alias": alias, "version": at} for alias, at in means.items() if at is not None]
    for table, rows in ((_table, new), (_aliases, pointing)):
        if rows:
            connection.execute(table.insert(), rows)
    return set(means)


def history(connection: Connection, model: int, alias: str | None = None) -> list[dict[str, Any]]:
    """[{"id", "alias", "version", "before", "time", "who", "reason"}], the newest first, at most 500."""
    columns = [column for column in _table.c if column.name != "model"]
    query = sa.select(*columns).where(_table.c.model == model).order_by(_table.c.id.desc()).limit(MOST)
    if alias is not None:
        query = query.where(_table.c.alias == alias)
    return [{str(key): value for key, value in row._mapping.items()} for row in connection.execute(query)]
