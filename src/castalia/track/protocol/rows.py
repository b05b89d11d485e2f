"""The message Run, of many runs in a few queries."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.protocol.registry_rows import parts
from castalia.track.protocol.vocabulary import STATUS
from castalia.track.runs import NAME_TAG, PARENT_TAG

__all__ = ["STATUS", "input_rows", "run_rows", "worded"]

_DATASET = ("name", "digest", "source_type", "source", "schema", "profile")


def run_rows(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The runs with these small numbers, in this order. NaN and infinities are texts already."""
    made: dict[int, dict[str, Any]] = {}
    for some in parts(ids):
        infos = _infos(connection, some)
        made.update(infos)
        _metrics(connection, some, made)
        _pairs(connection, some, made)
        for number, links in input_rows(connection, list(infos)).items():
            made[number].update(links)
    return [made[number] for number in ids if number in made]


def _infos(connection: Connection, some: Sequence[int]) -> dict[int, dict[str, Any]]:
    runs, parents = schema.runs.c, schema.runs.alias("parents").c
    query = (
        sa.select(runs.id, runs.run_id, runs.name, runs.experiment, runs.user_id, runs.status, runs.started, runs.ended,
                  runs.lifecycle, schema.experiments.c.artifact_location, parents.run_id)
        .join(schema.experiments, runs.experiment == schema.experiments.c.id)
        .outerjoin(parents.id.table, runs.parent == parents.id)
    )  # fmt: skip
    made: dict[int, dict[str, Any]] = {}
    for number, run_id, name, experiment, user, status, started, ended, stage, place, parent in _raw(
        connection, query, runs.id, some
    ):
        place = f"mlflow-artifacts:/{experiment}" if place is None else place.rstrip("/")
        info = {
            "run_id": run_id, "run_uuid": run_id, "run_name": name, "experiment_id": str(experiment), "user_id": user,
            "status": STATUS[status], "start_time": started, "artifact_uri": f"{place}/{run_id}/artifacts",
            "lifecycle_stage": stage,
        }  # fmt: skip
        if ended is not None:
            info["end_time"] = ended
        made[number] = {
            "info": info,
            "data": {"metrics": [], "params": [], "tags": [] if parent is None else [_tag(PARENT_TAG, parent)]},
        }
    return made


def _tag(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


def _metrics(connection: Connection, some: Sequence[int], made: dict[int, dict[str, Any]]) -> None:
    latest, keys = schema.latest.c, schema.metric_keys.c
    # As plain doubles: what SQLite holds of NaN is the very text that goes over the wire.
    value = sa.type_coerce(latest.value, sa.Double)
    rows = _raw(connection, sa.select(latest.run, latest.key, value, latest.time, latest.step), latest.run, some)
    used = list({row[1] for row in rows})
    names: dict[int, str] = {}
    for few in parts(used):
        names.update((row[0], row[1]) for row in _raw(connection, sa.select(keys.id, keys.name), keys.id, few))
    lists = {number: run["data"]["metrics"] for number, run in made.items()}
    for run, key, number, time, step in rows:
        if number.__class__ is not float or number - number:  # infinite or NaN
            number = worded(number)
        lists[run].append({"key": names[key], "value": number, "timestamp": time, "step": step})


def worded(value: Any) -> Any:
    """A double as JSON can say it."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _pairs(connection: Connection, some: Sequence[int], made: dict[int, dict[str, Any]]) -> None:
    for table, field in ((schema.params.c, "params"), (schema.tags.c, "tags")):
        lists = {number: run["data"][field] for number, run in made.items()}
        for run, key, value in _raw(connection, sa.select(table.run, table.key, table.value), table.run, some):
            lists[run].append({"key": key, "value": value})
    for run in made.values():
        tags = run["data"]["tags"]
        said = {tag["key"] for tag in tags[1:]}
        if PARENT_TAG in said and tags[0]["key"] == PARENT_TAG:
            del tags[0]
        if NAME_TAG not in said and not (tags and tags[0]["key"] == NAME_TAG):
            tags.append(_tag(NAME_TAG, run["info"]["run_name"]))


def input_rows(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """{"inputs": RunInputs, "outputs": RunOutputs} of the runs with these numbers; two queries a portion."""
    used, sets, linked = schema.run_datasets, schema.datasets, schema.run_models.c
    found: dict[int, dict[str, Any]] = {number: {"inputs": {}, "outputs": {}} for number in numbers}
    for some in parts(numbers):
        query = sa.select(used.c.run, used.c.tags, sets).join(sets, used.c.dataset == sets.c.id)
        for row in connection.execute(query.where(used.c.run.in_(some)).order_by(sets.c.id)):
            said = {name: row._mapping[name] for name in _DATASET if row._mapping[name] is not None}
            marks = [{"key": key, "value": value} for key, value in json.loads(row.tags).items()]
            found[row.run]["inputs"].setdefault("dataset_inputs", []).append({"tags": marks, "dataset": said})
        links = sa.select(linked.run, linked.direction, linked.model_id, linked.step).where(linked.run.in_(some))
        for run, direction, model, step in connection.execute(links.order_by(linked.step, linked.model_id)):
            if direction == "input":
                found[run]["inputs"].setdefault("model_inputs", []).append({"model_id": model})
            else:
                found[run]["outputs"].setdefault("model_outputs", []).append({"model_id": model, "step": step})
    return found


def _raw(connection: Connection, query: sa.Select[Any], column: Any, some: Sequence[int]) -> list[tuple[Any, ...]]:
    """All rows of ``query`` whose ``column`` is one of ``some``, as the driver gives them: a third of the time."""
    wanted: sa.BindParameter[Any] = sa.bindparam("some", some, expanding=True, literal_execute=True)
    result = connection.execute(query.where(column.in_(wanted)))
    cursor: Any = result.cursor
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    result.close()
    return rows
