"""Columns: which metrics, params and tags runs have, and how many runs have each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from castalia.track import schema
from castalia.track.protocol import places, vocabulary
from castalia.track.protocol.patience import patience
from castalia.track.store import Store

MOST = 2000
"""Names of one kind that are told; the most frequent ones."""
MOST_RUNS = 30_000
"""Runs that are looked at where a filter is given; under SQLite's limit of 32,766 values."""


def columns(
    store: Store, experiment: str | None = None, filter: str = "", newest: int | None = None
) -> dict[str, list[dict[str, Any]]]:
    """{"metrics", "params", "tags": [{"name", "runs"}]} of the runs that are not in the trash, most frequent first.

    Only of the ``newest`` runs where that is said, which costs the same however many there are; only of those that
    fit ``filter`` (the newest 30,000 of them). WrongInput says where in a filter it is wrong; TooLarge where it takes
    too long.
    """
    tree = vocabulary.read(filter, places.NATIVE.vocabulary)
    runs, keys, latest = schema.runs, schema.metric_keys, schema.latest
    here = runs.c.lifecycle == "active"
    if experiment:
        number = sa.select(schema.experiments.c.id).where(schema.experiments.c.name == experiment).scalar_subquery()
        here = sa.and_(here, runs.c.experiment == number)
    count = sa.func.count().label("runs")
    found: dict[str, list[dict[str, Any]]] = {}
    with store.database.read() as connection:
        if filter:
            here = sa.and_(here, places.NATIVE.where(tree, sqlite=connection.dialect.name == "sqlite"))
        if filter or newest is not None:
            # Ids first: within the query below a filter would speak of its tables instead of its own.
            some = sa.select(runs.c.id).join(schema.experiments).where(here).order_by(runs.c.started.desc())
            with patience(connection):
                here = runs.c.id.in_(list(connection.scalars(some.limit(newest or MOST_RUNS))))
        few = sa.select(latest.c.key, count).join(runs, runs.c.id == latest.c.run).where(here)
        counted = few.group_by(latest.c.key).subquery()
        named = sa.select(keys.c.name, counted.c.runs).join(keys, keys.c.id == counted.c.key)
        asked = {"metrics": named.order_by(counted.c.runs.desc(), keys.c.name)}
        for field, table in (("params", schema.params), ("tags", schema.tags)):
            pairs = sa.select(table.c.key.label("name"), count).join(runs, runs.c.id == table.c.run).where(here)
            asked[field] = pairs.group_by(table.c.key).order_by(count.desc(), table.c.key)
        for field, query in asked.items():
            rows = connection.execute(query.limit(MOST))
            found[field] = [{"name": row.name, "runs": row.runs} for row in rows]
    return found
