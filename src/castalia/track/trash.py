"""Trash: runs that were deleted and can be restored, and their end for good.

A deleted run keeps everything until ``remove_runs``. What a registered version or a logged model needs outlives it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict
from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.files.sweeping import Sweeping
from castalia.track.naming import now
from castalia.track.runs import run_number

_OF_RUN = (schema.params, schema.tags, schema.alerts, schema.metrics, schema.latest, schema.run_datasets,
           schema.run_models, schema.rule_marks)  # fmt: skip


class Trash(Sweeping):
    """The part of the store that knows what is deleted."""

    def trashed(self, older_than: float = 0.0) -> list[dict[str, Any]]:
        """[{"run_id", "name", "experiment", "status", "deleted"}] of runs in the trash for ``older_than`` seconds.

        The one that was deleted first comes first; ``deleted`` is in ms since 1970.
        """
        runs, experiments = schema.runs.c, schema.experiments.c
        moment = sa.func.coalesce(runs.deleted, 0)
        query = sa.select(runs.run_id, runs.name, experiments.name.label("experiment"), runs.status, runs.deleted)
        query = query.join(schema.experiments, runs.experiment == experiments.id)
        query = query.where(runs.lifecycle == "deleted", moment <= now() - int(older_than * 1000))
        with self.database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query.order_by(moment, runs.id))]

    def size_of(self, run_ids: Iterable[str]) -> dict[str, int]:
        """{"runs", "files", "bytes"}: how many of these runs there are, and what their files come to."""
        files, runs, said = schema.files.c, schema.runs.c, {"runs": 0, "files": 0, "bytes": 0}
        wanted = list(dict.fromkeys(run_ids))
        with self.database.read() as connection:
            for run_id in connection.scalars(sa.select(runs.run_id).where(runs.run_id.in_(wanted))).all():
                # All of a folder: "0" is the character behind "/".
                mine = sa.and_(files.path >= f"{run_id}/", files.path < f"{run_id}0")
                asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(files.size), 0)).where(mine)
                count, size = connection.execute(asked).one()
                said = {"runs": said["runs"] + 1, "files": said["files"] + count, "bytes": said["bytes"] + int(size)}
        return said

    def remove_runs(self, run_ids: Iterable[str]) -> list[str]:
        """Delete runs of the trash for good, each with its numbers and files; return their ids.

        Conflict for one that is not in the trash. Killed in between, the run is still in the trash: remove it again.
        """
        gone = []
        for run_id in dict.fromkeys(run_ids):
            with self.database.read() as connection:
                _deleted(connection, run_id)
            self.remove_run_files(run_id)
            with self.database.write() as connection:
                _remove(connection, _deleted(connection, run_id))
            gone.append(run_id)
        return gone


def _deleted(connection: Connection, run_id: str) -> int:
    number = run_number(connection, run_id)
    stage = connection.scalar(sa.select(schema.runs.c.lifecycle).where(schema.runs.c.id == number))
    if stage != "deleted":
        raise Conflict(f"run {run_id} is not in the trash", str(stage), "deleted", f"castalia runs delete {run_id}")
    return number


def _remove(connection: Connection, run: int) -> None:
    """Its rows. SQLite may give the number of the newest run again, so nothing may be left under it."""
    for table in _OF_RUN:
        connection.execute(table.delete().where(table.c.run == run))
    measured = schema.logged_model_metrics
    kept = [
        dict(row._mapping) | {"run": 0} for row in connection.execute(sa.select(measured).where(measured.c.run == run))
    ]
    if kept:  # what was measured of a model stays with the model
        connection.execute(inserting(connection, measured).on_conflict_do_nothing(), kept)
        connection.execute(measured.delete().where(measured.c.run == run))
    for column in (schema.runs.c.parent, schema.logged_models.c.source_run, schema.versions.c.run):
        table = column.table
        connection.execute(sa.update(table).where(column == run).values({column.name: None}))
    connection.execute(schema.runs.delete().where(schema.runs.c.id == run))
