"""The message Run, of many runs in a few queries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema

STATUS = {"running": "RUNNING", "queued": "SCHEDULED", "done": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}


def run_rows(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The runs with these small numbers, in this order."""
    runs, experiments = schema.runs, schema.experiments
    query = sa.select(runs, experiments.c.artifact_location).join(experiments).where(runs.c.id.in_(ids))
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(query):
        place = (row.artifact_location or f"mlflow-artifacts:/{row.experiment}").rstrip("/")
        info = {
            "run_id": row.run_id, "run_uuid": row.run_id, "run_name": row.name, "experiment_id": str(row.experiment),
            "user_id": row.user_id, "status": STATUS[row.status], "start_time": row.started,
            "artifact_uri": f"{place}/{row.run_id}/artifacts", "lifecycle_stage": row.lifecycle,
        }  # fmt: skip
        if row.ended is not None:
            info["end_time"] = row.ended
        data: dict[str, list[Any]] = {"metrics": [], "params": [], "tags": []}
        found[row.id] = {"info": info, "data": data, "inputs": {"dataset_inputs": [], "model_inputs": []},
                         "outputs": {"model_outputs": []}}  # fmt: skip
    latest, keys = schema.latest, schema.metric_keys
    metrics = sa.select(latest.c.run, keys.c.name, latest.c.value, latest.c.time, latest.c.step).join(
        keys, keys.c.id == latest.c.key
    )
    for run, key, value, time, step in connection.execute(metrics.where(latest.c.run.in_(ids)).order_by(keys.c.name)):
        found[run]["data"]["metrics"].append({"key": key, "value": value, "timestamp": time, "step": step})
    for name, table in (("params", schema.params), ("tags", schema.tags)):
        pairs = sa.select(table.c.run, table.c.key, table.c.value).where(table.c.run.in_(ids)).order_by(table.c.key)
        for run, key, value in connection.execute(pairs):
            found[run]["data"][name].append({"key": key, "value": value})
    used, sets = schema.run_datasets, schema.datasets
    inputs = sa.select(used.c.run, used.c.tags.label("said"), sets).join(sets, sets.c.id == used.c.dataset)
    for row in connection.execute(inputs.where(used.c.run.in_(ids)).order_by(sets.c.id)):
        fields = ("name", "digest", "source_type", "source", "schema", "profile")
        entry = {name: getattr(row, name) for name in fields if getattr(row, name) is not None}
        marks = [{"key": key, "value": value} for key, value in json.loads(row.said).items()]
        found[row.run]["inputs"]["dataset_inputs"].append({"tags": marks, "dataset": entry})
    linked = schema.run_models
    for row in connection.execute(sa.select(linked).where(linked.c.run.in_(ids)).order_by(linked.c.model_id)):
        if row.direction == "input":
            found[row.run]["inputs"]["model_inputs"].append({"model_id": row.model_id})
        else:
            found[row.run]["outputs"]["model_outputs"].append({"model_id": row.model_id, "step": row.step})
    return [found[number] for number in ids if number in found]
