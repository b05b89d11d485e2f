"""Views: addresses of pages that were given a name, so that a filter with its columns is found again."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field

from castalia.core.errors import NotFound, TooLarge, WrongInput
from castalia.core.record import Record
from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.naming import TURNING, checked_text, now
from castalia.track.store import Store

MOST, MAX_QUERY, MAX_VIEW = 500, 16_000, 100


class View(Record):
    """What is kept under a name."""

    page: Literal["runs", "compare"] = Field("runs", description="The page it is a view of.")
    query: str = Field("", max_length=MAX_QUERY, description="What stands behind the ? of its address.")
    home: bool = Field(False, description="Whether the workbench opens with it; one view at most.")


def views(store: Store) -> list[dict[str, Any]]:
    """[{"name", "page", "query", "home", "updated"}], by name."""
    table = schema.views
    with store.database.read() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.name))
        return [{**row._mapping, "home": bool(row.home)} for row in rows]


def keep(store: Store, name: str, view: View) -> list[dict[str, Any]]:
    """Keep a view, in the place of one of the same name, and return all. TooLarge beyond 500.

    WrongInput for a name that turns text around or breaks a line, or that no address can hold.
    """
    name = _checked(name)
    checked_text("query", view.query, MAX_QUERY, empty=True)
    table = schema.views
    with store.database.write() as connection:
        others = connection.scalar(sa.select(sa.func.count()).where(table.c.name != name))
        if (others or 0) >= MOST:
            raise TooLarge("too many views are kept", f"{MOST}", f"at most {MOST}", "Delete some.")
        if view.home:
            connection.execute(sa.update(table).values(home=0))
        row = {"name": name, "page": view.page, "query": view.query, "home": int(view.home), "updated": now()}
        insert = inserting(connection, table).values(row)
        changed = {key: insert.excluded[key] for key in ("page", "query", "home", "updated")}
        connection.execute(insert.on_conflict_do_update(set_=changed))
    return views(store)


def _checked(name: str) -> str:
    """A name without blanks around it, which stands in an address and in a list."""
    name = checked_text("name", name.strip(" "), MAX_VIEW)
    if name in (".", "..") or TURNING.search(name) or name.splitlines() != [name]:
        raise WrongInput("no view can be called this", repr(name)[:80], "words on one line", field="name")
    return name


def forget(store: Store, name: str) -> list[dict[str, Any]]:
    """Forget a view and return the others. NotFound where there is none of this name."""
    table = schema.views
    with store.database.write() as connection:
        if not connection.execute(sa.delete(table).where(table.c.name == name)).rowcount:
            raise NotFound(f"no view {name[:80]!r}", cure="GET /views")
    return views(store)
