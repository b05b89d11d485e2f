"""MLflow's SQLite file: its experiments, runs, data sets, logged models and registry, read and taken in.

The file is only read. Ids of runs and of logged models stay what they are, so links to them keep their meaning.
MLflow keeps an infinity as the largest double; it becomes an infinity again. Traces, prompts' optimizers, scorers
and webhooks have no place here. Written for the layout of MLflow 3.17; a column that an older one lacks is empty.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from castalia.core.errors import WrongInput
from castalia.track import Store, schema
from castalia.track.exchange.keeping import keep_new, note_of_others
from castalia.track.exchange.sheet import Sheet, put_parents, put_run
from castalia.track.exchange.taken import Taken, each_run
from castalia.track.files.local import LocalTree
from castalia.track.files.places import Place
from castalia.track.runs import NAME_TAG, PARENT_TAG, experiment_number

STATUS = {"RUNNING": "running", "SCHEDULED": "queued", "FINISHED": "done", "FAILED": "failed", "KILLED": "cancelled"}
LARGEST = 1.7976931348623157e308


class Row(dict[str, Any]):
    """A row by column; a column that is not there is None."""

    def __missing__(self, key: str) -> None:
        return None


class MlflowFile:
    """The file, open to be read. WrongInput where it is not MLflow's."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection, self.path = connection, path
        try:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            self.tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.Error as error:
            raise self.unreadable(error) from None
        if missing := {"experiments", "runs", "metrics", "params", "tags"} - self.tables:
            raise WrongInput(f"{path.name} is no MLflow file", f"no table {sorted(missing)[0]}",
                             "an MLflow server's SQLite file", "Name the file of --backend-store-uri.")  # fmt: skip

    def rows(self, table: str, where: str = "", *values: object) -> Iterator[Row]:
        """Rows by column; none where the table is not there. ``table`` and ``where`` are constants of this package."""
        if table not in self.tables:
            return
        try:
            cursor = self.connection.execute(f"SELECT * FROM {table} {where}", values)  # noqa: S608
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield Row(zip(names, row, strict=True))
        except sqlite3.Error as error:
            raise self.unreadable(error) from None

    def pairs(self, table: str, where: str, *values: object) -> dict[str, str]:
        """{key: value} of a table of params or tags."""
        return {row["key"]: row["value"] or "" for row in self.rows(table, where, *values)}

    def unreadable(self, error: Exception) -> WrongInput:
        """The words for a fault of SQLite."""
        return WrongInput(f"{self.path.name} cannot be read", str(error)[:200], "a whole SQLite file of MLflow",
                          "Stop its server and copy the file again.")  # fmt: skip


def import_mlflow(store: Store, path: Path, artifacts: Path | None = None) -> list[Taken]:
    """Take in every run of the file, then its logged models and its registry. One outcome a run, and one a model.

    Of files only those below ``artifacts`` are read, whatever the file says where they lie.
    """
    from castalia.track.exchange.mlflow_models import import_models

    if artifacts is not None and not artifacts.is_dir():
        raise WrongInput("--artifacts is no folder", str(artifacts), "the folder with MLflow's artifacts",
                         "Name the folder of --artifacts-destination, or mlruns.", field="artifacts")  # fmt: skip
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30.0)) as connection:
        file = MlflowFile(connection, path)
        folder = None if artifacts is None else artifacts.expanduser().resolve()
        experiments = _experiments(store, file)
        sheets: list[Sheet] = []

        def one(row: Row) -> Callable[[], Taken]:
            return lambda: _take(store, file, row, experiments, folder, sheets)

        runs = list(file.rows("runs", "ORDER BY start_time, run_uuid"))
        taken = each_run({str(row["run_uuid"]): one(row) for row in runs})
        put_parents(store, sheets)
        return taken + import_models(store, file, experiments, folder)


def _experiments(store: Store, file: MlflowFile) -> dict[int, str]:
    """{MLflow's number: name here}, each of them made, with its tags."""
    names: dict[int, str] = {}
    for row in file.rows("experiments", "ORDER BY experiment_id"):
        space = row.get("workspace") or "default"
        name = str(row["name"]) if space == "default" else f"{space}/{row['name']}"
        names[row["experiment_id"]] = name
    table = schema.experiments

    def work(connection: Any) -> None:
        for row in file.rows("experiments", "ORDER BY experiment_id"):
            name = names[row["experiment_id"]]
            fresh = connection.execute(table.select().where(table.c.name == name)).first() is None
            number = experiment_number(connection, name)
            if fresh:
                stage = "deleted" if row["lifecycle_stage"] == "deleted" else "active"
                times = {"created": row.get("creation_time"), "updated": row.get("last_update_time")}
                values = {"lifecycle": stage} | {key: value for key, value in times.items() if value is not None}
                connection.execute(table.update().where(table.c.id == number).values(values))

    store.database.commit(work)
    return names


def _take(
    store: Store, file: MlflowFile, row: Row, experiments: dict[int, str], folder: Path | None, sheets: list[Sheet]
) -> Taken:
    run_id = str(row["run_uuid"])
    tags = file.pairs("tags", "WHERE run_uuid = ?", run_id)
    deleted = row["lifecycle_stage"] == "deleted"
    sheet = Sheet.of_plain({
        "run_id": run_id, "experiment": experiments.get(row["experiment_id"], "Default"),
        "name": row["name"] or tags.get(NAME_TAG) or run_id, "status": STATUS.get(row["status"], "failed"),
        "started": row["start_time"] or 0, "ended": row["end_time"], "user_id": row["user_id"],
        "parent": tags.get(PARENT_TAG), "deleted": (row.get("deleted_time") or 0) if deleted else None,
        "params": file.pairs("params", "WHERE run_uuid = ?", run_id), "tags": tags,
        "datasets": _datasets(file, run_id), "models": _models(file, run_id),
        "experiment_tags": file.pairs("experiment_tags", "WHERE experiment_id = ?", row["experiment_id"]),
    })  # fmt: skip
    copied: list[tuple[int, str]] = []
    uri = str(row["artifact_uri"] or "")
    points = put_run(
        store, sheet, _points(file, run_id),
        lambda: copied.append(copy_files(store, folder, uri, store.run_place(run_id), run_id)),
    )  # fmt: skip
    sheets.append(sheet)
    files, note = copied[0]
    return Taken(run_id, points, files, note=note)


def _points(file: MlflowFile, run_id: str) -> Iterator[tuple[object, ...]]:
    for row in file.rows("metrics", "WHERE run_uuid = ?", run_id):
        yield row["key"], row["step"] or 0, row["timestamp"], number_of(row["value"], row.get("is_nan"))


def number_of(value: float | None, is_nan: object = False) -> float:
    """A number as it was before MLflow stored it."""
    if value is None or is_nan:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value


def _datasets(file: MlflowFile, run_id: str) -> list[dict[str, Any]]:
    found = []
    for used in file.rows("inputs", "WHERE source_type = 'DATASET' AND destination_id = ?", run_id):
        tags = {
            row["name"]: row["value"] for row in file.rows("input_tags", "WHERE input_uuid = ?", used["input_uuid"])
        }
        for row in file.rows("datasets", "WHERE dataset_uuid = ?", used["source_id"]):
            found.append({"name": row["name"], "digest": row["digest"], "source_type": row["dataset_source_type"],
                          "source": row["dataset_source"], "schema": row["dataset_schema"],
                          "profile": row["dataset_profile"], "tags": tags})  # fmt: skip
    return found


def _models(file: MlflowFile, run_id: str) -> list[dict[str, Any]]:
    kinds = {"RUN_INPUT": "input", "RUN_OUTPUT": "output"}
    return [
        {"direction": kinds[row["source_type"]], "model_id": row["destination_id"], "step": row.get("step") or 0}
        for row in file.rows("inputs", "WHERE source_id = ?", run_id)
        if row["source_type"] in kinds
    ]


def copy_files(store: Store, folder: Path | None, uri: str, place: Place, owner: str) -> tuple[int, str]:
    """Keep what lies under ``uri``, as far as that is below ``folder``; no link is followed.

    How many files are here as they are there, and what to say of the others.
    """
    if folder is None or (inside := _inside(folder, uri)) is None:
        return 0, _note_of(folder, uri)
    tree, kept = LocalTree(folder), {}
    for path, _ in tree.walk(inside):
        name = PurePosixPath(path).relative_to(inside).as_posix()
        with tree.open(path) as opened:
            kept[name] = keep_new(store, place.inner(name), opened.pieces())
    others = [name for name, same in kept.items() if not same]
    return sum(kept.values()), note_of_others(owner, others) or _note_of(folder, uri)


def _note_of(folder: Path | None, uri: str) -> str:
    """What to say of files that were not looked for."""
    scheme = urlsplit(uri).scheme if "://" in uri else ""
    if scheme not in ("", "file", "mlflow-artifacts"):
        return f"Files in {scheme}:// stay there; they are not copied."
    return "" if folder else "Files were left out. Where they are on this disk:  --artifacts FOLDER"


def _inside(folder: Path, uri: str) -> str | None:
    """The path below ``folder`` that an artifact URI means: there itself, or moved with all of its folders."""
    parts = urlsplit(uri)
    if parts.scheme not in ("", "file", "mlflow-artifacts") and len(parts.scheme) > 1:
        return None
    path = PurePosixPath(unquote(parts.path) if parts.scheme else uri)
    if ".." in path.parts:
        return None
    names = [name for name in path.parts if name != "/"]
    if parts.scheme != "mlflow-artifacts" and path.is_absolute() and path.is_relative_to(folder.as_posix()):
        names = list(path.relative_to(folder.as_posix()).parts)
    for start in range(len(names) - 1):  # never the last part alone: every run has a folder "artifacts"
        inside = "/".join(names[start:])
        if (folder / inside).is_dir():
            return inside
    return None
