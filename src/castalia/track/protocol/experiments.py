"""experiments/*: created, found, renamed, deleted and restored, with tags."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from castalia.track import schema
from castalia.track.protocol.wire import Fields, Route, absent
from castalia.track.store import Store


def experiment_row(row: Row[Any], tags: dict[str, str]) -> dict[str, Any]:
    """The message Experiment."""
    return {
        "experiment_id": str(row.id),
        "name": row.name,
        "artifact_location": row.artifact_location or f"mlflow-artifacts:/{row.id}",
        "lifecycle_stage": row.lifecycle,
        "creation_time": row.created,
        "last_update_time": row.updated,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


def get_by_name(store: Store, fields: Fields) -> dict[str, Any]:
    """GET experiments/get-by-name {experiment_name}; deleted ones too."""
    name, table, tags = fields.text("experiment_name", required=True), schema.experiments, schema.experiment_tags
    with store.database.read() as connection:
        row = connection.execute(sa.select(table).where(table.c.name == name)).first()
        if row is None:
            raise absent(f"Could not find experiment with name '{name[:500]}'")
        pairs = connection.execute(sa.select(tags.c.key, tags.c.value).where(tags.c.experiment == row.id)).all()
    return {"experiment": experiment_row(row, dict(pairs))}


ROUTES = (Route("GET", "experiments/get-by-name", get_by_name),)
