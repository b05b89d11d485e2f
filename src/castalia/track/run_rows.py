"""Runs as rows: dicts with params, tags and metrics, as every list, page and export shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema

EVERY = ""
"""Stands for every tag that a person set, in the place of a key; no key is empty."""
_OF_MACHINES = ("mlflow.", "castalia.")
_AT_ONCE = 5000
"""Runs of one question, under SQLite's limit of 32,766 values."""


def selected() -> sa.Select[Any]:
    """The columns that ``filled`` makes rows of."""
    return sa.select(schema.runs, schema.experiments.c.name.label("experiment_name")).join(schema.experiments)


def filled(
    connection: Connection,
    rows: Iterable[Any],
    shown: Sequence[tuple[str, str]] | None = None,
    brief: int | None = None,
) -> list[dict[str, Any]]:
    """Rows of runs as dicts: params, tags and latest metrics (all, or those shown), the parent's id, counts.

    ``brief`` is the most characters of a param or tag.
    """
    items: dict[int, dict[str, Any]] = {}
    for row in rows:
        items[row.id] = {
            "run_id": row.run_id, "name": row.name, "experiment": row.experiment_name, "system": row.system,
            "status": row.status, "started": row.started, "ended": row.ended, "owner": row.owner, "parent": row.parent,
            "lifecycle": row.lifecycle, "children": 0, "alerts": 0, "params": {}, "tags": {}, "metrics": {},
        }  # fmt: skip
    numbers = list(items)
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        for table, field in ((schema.params, "params"), (schema.tags, "tags")):
            text = table.c.value if brief is None else sa.func.substr(table.c.value, 1, brief)
            pairs = sa.select(table.c.run, table.c.key, text).where(table.c.run.in_(some))
            if shown is not None:
                wanted = [key for kind, key in shown if kind == field]
                own = sa.and_(
                    sa.true() if EVERY in wanted else sa.false(),
                    *(~table.c.key.startswith(word) for word in _OF_MACHINES),
                )
                pairs = pairs.where(sa.or_(table.c.key.in_(wanted), own))
            for run, key, value in connection.execute(pairs):
                items[run][field][key] = value
        latest, keys = schema.latest, schema.metric_keys
        named = sa.select(latest.c.run, keys.c.name, latest.c.value).join(keys, latest.c.key == keys.c.id)
        if shown is not None:
            named = named.where(keys.c.name.in_([key for kind, key in shown if kind == "metrics"]))
        for run, key, value in connection.execute(named.where(latest.c.run.in_(some))):
            items[run]["metrics"][key] = value
        for column, field in ((schema.runs.c.parent, "children"), (schema.alerts.c.run, "alerts")):
            counts = sa.select(column, sa.func.count()).where(column.in_(some)).group_by(column)
            if field == "children":
                counts = counts.where(schema.runs.c.lifecycle == "active")
            for run, count in connection.execute(counts):
                items[run][field] = count
        parents = {item["parent"] for item in items.values() if isinstance(item["parent"], int)}
        if parents:
            runs = schema.runs.c
            ids = sa.select(runs.id, runs.run_id).where(runs.id.in_(parents))
            known = {row[0]: row[1] for row in connection.execute(ids)}
            for number in some:
                items[number]["parent"] = known.get(items[number]["parent"])
    return list(items.values())


def summaries(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """{number of a run: {metric: {last, last_step, last_time, min, min_step, max, max_step}}}, metrics by name."""
    latest, keys = schema.latest, schema.metric_keys
    found: dict[int, dict[str, dict[str, Any]]] = {number: {} for number in numbers}
    named = sa.select(keys.c.name, latest).join(keys, latest.c.key == keys.c.id).order_by(keys.c.name)
    for start in range(0, len(numbers), _AT_ONCE):
        for line in connection.execute(named.where(latest.c.run.in_(numbers[start : start + _AT_ONCE]))):
            found[line.run][line.name] = {
                "last": line.value, "last_step": line.step, "last_time": line.time, "min": line.low,
                "min_step": line.low_step, "max": line.high, "max_step": line.high_step,
            }  # fmt: skip
    return found
