"""Summaries: what has happened since a person last looked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.store import Store

SHOWN = 5
"""Runs of a kind that are named; the others are counted."""


def since(store: Store, moment: int) -> dict[str, Any]:
    """What happened after ``moment`` (ms since 1970): counts, and the newest runs of each kind.

    {"since", "done", "failed", "cancelled", "running", "alerts": {"count", "runs": [{"run_id", "name", ...}]}}: of the
    first three those that ended since, of ``running`` all that run now, of ``alerts`` the alerts raised since.
    """
    runs, alerts = schema.runs, schema.alerts
    with store.database.read() as connection:
        said: dict[str, Any] = {"since": moment}
        for status in ("done", "failed", "cancelled"):
            said[status] = _some(connection, runs.c.ended.desc(), runs.c.status == status, runs.c.ended > moment)
        said["running"] = _some(connection, runs.c.started.desc(), runs.c.status == "running")
        new = alerts.c.time > moment
        joined = sa.select(runs.c.run_id, runs.c.name, alerts.c.level, alerts.c.text, alerts.c.time)
        joined = joined.join(runs, runs.c.id == alerts.c.run).where(new, runs.c.lifecycle == "active")
        rows = connection.execute(joined.order_by(alerts.c.time.desc(), alerts.c.id).limit(SHOWN))
        count = sa.select(sa.func.count()).select_from(joined.subquery())
        said["alerts"] = {"count": connection.scalar(count), "runs": [dict(row._mapping) for row in rows]}
    return said


def _some(connection: Connection, order: Any, *wanted: sa.ColumnElement[bool]) -> dict[str, Any]:
    runs = schema.runs
    here = (runs.c.lifecycle == "active", *wanted)
    rows = connection.execute(
        sa.select(
            runs.c.run_id, runs.c.name, runs.c.started, runs.c.ended, schema.experiments.c.name.label("experiment")
        )
        .join(schema.experiments)
        .where(*here)
        .order_by(order, runs.c.id.desc())
        .limit(SHOWN)
    )
    count = connection.scalar(sa.select(sa.func.count()).where(*here))
    return {"count": count, "runs": [dict(row._mapping) for row in rows]}
