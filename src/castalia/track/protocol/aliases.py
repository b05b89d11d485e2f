"""registered-models/alias: words that point at one version of a model and may move."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.promotions import point
from castalia.track.protocol.registry_fields import alias_name, model_name, new_alias, version, wrong
from castalia.track.protocol.registry_rows import model_number, version_number, version_rows
from castalia.track.protocol.wire import Fields, Route, absent
from castalia.track.store import Store

aliases, versions = schema.aliases, schema.versions


def aliased(connection: Connection, name: str, alias: str) -> int:
    """The number of the version that ``alias`` points at; ``latest`` is the highest version."""
    model = model_number(connection, name)
    if alias.lower() == "latest":
        ready = sa.select(versions.c.id).where(versions.c.model == model, versions.c.status == "ready")
        found = connection.scalar(ready.order_by(versions.c.version.desc()).limit(1))
        if found is None:
            raise absent(f"Latest version not found for model {name}.")
        return int(found)
    target = sa.select(aliases.c.version).where(aliases.c.model == model, aliases.c.alias == alias)
    pointed = connection.scalar(target)
    if pointed is None:
        raise wrong(f"Registered model alias {alias} not found.")
    return version_number(connection, name, pointed)[1]


def get(store: Store, fields: Fields) -> dict[str, Any]:
    """GET registered-models/alias {name, alias}: the version."""
    name, alias = model_name(fields), alias_name(fields)
    with store.database.read() as connection:
        return {"model_version": version_rows(connection, [aliased(connection, name, alias)])[0]}


def put(store: Store, fields: Fields) -> dict[str, Any]:
    """POST registered-models/alias {name, alias, version}: point it there, wherever it pointed before."""
    name, alias, target = model_name(fields), new_alias(fields), version(fields)

    def work(connection: Connection) -> dict[str, Any]:
        model, _ = version_number(connection, name, target, hold=True)
        point(connection, model, alias, target, fields.who)
        return {}

    return store.database.commit(work)


def delete(store: Store, fields: Fields) -> dict[str, Any]:
    """DELETE registered-models/alias {name, alias}; that there is none is fine."""
    name, alias = model_name(fields), alias_name(fields)

    def work(connection: Connection) -> dict[str, Any]:
        model = model_number(connection, name, hold=True)
        point(connection, model, alias, None, fields.who)
        return {}

    return store.database.commit(work)


ROUTES = (
    Route("GET", "registered-models/alias", get),
    Route("POST", "registered-models/alias", put),
    Route("DELETE", "registered-models/alias", delete),
)
