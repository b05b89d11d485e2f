"""runs/log-inputs and runs/outputs: the data sets and models that a run read, and the models that it wrote."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.protocol.limits import KEY, checked_run_id, within
from castalia.track.protocol.registry_fields import wrong
from castalia.track.protocol.runs import writing
from castalia.track.protocol.wire import Fields, Route, missing
from castalia.track.store import Store

LIMITS = {"name": 500, "digest": 36, "source_type": 36, "source": 65_535, "schema": 1_048_575, "profile": 16_777_215}
"""Characters of each field of a data set."""
TAG_KEY, TAG_VALUE, AT_ONCE = 255, 500, 1000
"""Characters of a tag's key and value; how many data sets or models one request may name."""
datasets, run_datasets, run_models = schema.datasets, schema.run_datasets, schema.run_models
Named = tuple[dict[str, Any], dict[str, str]]


def log_inputs(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/log-inputs {run_id, datasets[]{tags[], dataset}, models[]{model_id}}; the first word on each counts."""
    run_id = checked_run_id(fields)
    named = [_dataset(each) for each in _some(fields, "datasets")]
    models = [_model(each) for each in _some(fields, "models")]

    def work(connection: Connection, run: int) -> None:
        experiment = connection.execute(sa.select(schema.runs.c.experiment).where(schema.runs.c.id == run)).scalar_one()
        for dataset, marks in named:
            row = {"run": run, "dataset": _number(connection, experiment, dataset), "tags": json.dumps(marks)}
            connection.execute(inserting(connection, run_datasets).values(row).on_conflict_do_nothing())
        rows = [{"run": run, "direction": "input", "model_id": model_id, "step": 0} for model_id in models]
        if rows:
            connection.execute(inserting(connection, run_models).on_conflict_do_nothing(), rows)

    writing(store, run_id, work)
    return {}


def _some(fields: Fields, name: str) -> list[Fields]:
    found = fields.items(name)
    if len(found) > AT_ONCE:
        raise wrong(f"'{name}' exceeds the maximum length of {AT_ONCE} entries")
    return found


def _model(fields: Fields) -> str:
    return within(fields.text("model_id", required=True), KEY, "model_id")


def _dataset(fields: Fields) -> Named:
    dataset = fields.item("dataset")
    said: dict[str, Any] = {field: within(dataset.text(field), limit, field) for field, limit in LIMITS.items()}
    for field in ("name", "digest"):
        dataset.text(field, required=True)
    for field in ("schema", "profile"):
        said[field] = said[field] or None
    tags = [(each.text("key", required=True), each.text("value")) for each in fields.items("tags")]
    return said, {within(key, TAG_KEY, "key"): within(value, TAG_VALUE, "value") for key, value in tags}


def _number(connection: Connection, experiment: int, dataset: dict[str, Any]) -> int:
    """The number of the data set of this name and digest in the experiment, made where it is new."""
    row = dataset | {"experiment": experiment}
    connection.execute(inserting(connection, datasets).values(row).on_conflict_do_nothing())
    here = (datasets.c.experiment == experiment, datasets.c.name == row["name"], datasets.c.digest == row["digest"])
    found = connection.scalar(sa.select(datasets.c.id).where(*here))
    assert found is not None
    return int(found)


def log_outputs(store: Store, fields: Fields) -> dict[str, Any]:
    """POST runs/outputs {run_id, models[]{model_id, step}}; the same model again moves its step."""
    run_id = checked_run_id(fields)
    if fields.values.get("models") is None:
        raise missing("models")
    models = {_model(each): each.whole("step", default=0) for each in _some(fields, "models")}

    def work(connection: Connection, run: int) -> None:
        rows = [
            {"run": run, "direction": "output", "model_id": model_id, "step": step} for model_id, step in models.items()
        ]
        insert = inserting(connection, run_models)
        keys = ["run", "direction", "model_id"]
        if rows:
            insert = insert.on_conflict_do_update(index_elements=keys, set_={"step": insert.excluded.step})
            connection.execute(insert, rows)

    writing(store, run_id, work)
    return {}


ROUTES = (
    Route("POST", "runs/log-inputs", log_inputs),
    Route("POST", "runs/outputs", log_outputs),
)
