"""Our own tracker under the names of the contract of project 1.3: what a learner builds, we built too.

One line a name where the two agree, an adapter of a few lines where they differ. Ours keeps a home folder, ids that are
texts, params that are texts and names under MLflow's rules; the contract has one file, whole numbers, types and any
text. Checked by test_track_project.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import sqlalchemy as sa

from castalia.core.errors import CastaliaError, Conflict, NotFound
from castalia.track import Store, schema
from castalia.track.exchange.archive import export_archive, import_archive
from castalia.track.repository import Repository
from castalia.track.runs import run_number

EXPERIMENT = "track"
COMMIT, DIRTY = "castalia.git.commit", "castalia.git.dirty"


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Our errors as the two that the contract asks for."""
    try:
        yield
    except NotFound as error:
        raise KeyError(str(error)) from None
    except CastaliaError as error:
        raise ValueError(str(error)) from None


def _name(text: Any) -> str:
    """Any text as a name that ours takes."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no text")
    return f"_{quote(text, safe='')}"


def _said(name: str) -> str:
    return unquote(name[1:])


def _param(value: Any) -> str:
    if type(value) not in (str, int, float, bool, type(None)) or (type(value) is int and not -(2**63) <= value < 2**63):
        raise ValueError(f"{value!r} is no param")
    return json.dumps(value)


class Tracker:
    def __init__(self, path: str) -> None:
        home = Path(f"{path}.home")
        with _translated():
            self.store = Store.open(home)
        with contextlib.suppress(FileExistsError):
            os.symlink(home / "castalia.db", path)
        self.time = time.time_ns()

    def close(self) -> None:
        self.store.close()

    def start(
        self, name: str, params: dict[str, Any] | None = None, key: str | None = None, code: str | None = None
    ) -> int:
        told = {_name(each): _param(value) for each, value in (params or {}).items()}
        found = Repository.around(Path(code)) if code is not None else None
        marks = {each: value for each, value in (found.tags() if found else {}).items() if each in (COMMIT, DIRTY)}
        id = None if key is None else hashlib.sha256(key.encode()).hexdigest()[:32]
        with _translated():
            try:
                id = self.store.create_run(EXPERIMENT, _name(name), told, marks, run_id=id)
            except Conflict:
                assert id is not None
            with self.store.database.read() as connection:
                return run_number(connection, id)

    def _id(self, run: int) -> str:
        with self.store.database.read() as connection:
            found = connection.scalar(sa.select(schema.runs.c.run_id).where(schema.runs.c.id == min(run, 2**63 - 1)))
        if found is None:
            raise KeyError(f"no run {run}")
        return str(found)

    def finish(self, run: int, status: str = "done") -> None:
        if status not in ("done", "failed"):
            raise ValueError(status)
        self.store.finish(self._id(run), status)

    def info(self, run: int) -> dict[str, Any]:
        row = self.store.run(self._id(run))
        tags = dict(row["tags"])
        dirty = tags.pop(DIRTY, None)
        return {
            "run": run, "name": _said(row["name"]), "status": row["status"],
            "params": {_said(name): json.loads(value) for name, value in row["params"].items()},
            "commit": tags.pop(COMMIT, None), "dirty": None if dirty is None else dirty == "true",
            "tags": {_said(name): value for name, value in tags.items()},
        }  # fmt: skip

    def set_params(self, run: int, params: dict[str, Any]) -> None:
        with _translated():
            self.store.set_params(self._id(run), {_name(name): _param(value) for name, value in params.items()})

    def set_tags(self, run: int, tags: dict[str, str]) -> None:
        if not all(isinstance(value, str) for value in tags.values()):
            raise ValueError("a tag is a text")
        with _translated():
            self.store.set_tags(self._id(run), {_name(name): value for name, value in tags.items()})

    def log(self, run: int, step: int, values: dict[str, float]) -> None:
        self.log_many(run, [(step, metric, value) for metric, value in values.items()])

    def log_many(self, run: int, points: list[tuple[int, str, float]]) -> None:
        id, rows = self._id(run), []
        for step, metric, value in points:
            self.time += 1  # ours keeps both of two values at a step, the later one last
            if isinstance(step, bool | float) or isinstance(value, bool):
                raise ValueError("ours takes True for 1 and 1.0 for a step")
            rows.append((_name(metric), step, self.time, value))
        with _translated():
            self.store.log_metrics(id, rows)

    def history(self, run: int, metric: str) -> list[tuple[int, float]]:
        found: dict[int, float] = {}
        page = self.store.history(self._id(run), _name(metric), None, 1000)
        while page:
            found |= {step: value for step, _, value in page}
            page = self.store.history(self._id(run), _name(metric), page[-1], 1000)
        return sorted(found.items())

    def last(self, run: int) -> dict[str, float]:
        return {_said(name): told["last"] for name, told in self.store.run(self._id(run))["summary"].items()}

    def save(self, run: int, name: str, content: bytes) -> None:
        with _translated():
            self.store.add_artifact(self._id(run), name, content)

    def load(self, run: int, name: str) -> bytes:
        with _translated(), self.store.read_artifact(self._id(run), name) as file:
            return b"".join(file.pieces())

    def artifacts(self, run: int) -> list[str]:
        return [each["name"] for each in self.store.artifacts(self._id(run))]


def search(
    tracker: Tracker, where: list[tuple[str, str, Any]], limit: int = 100, before: int | None = None
) -> list[int]:
    """Newest first alone: what ours can be asked, and how, is MLflow's language (docs/search.md)."""
    if limit < 1 or where:
        raise ValueError("ours has a language of its own")
    runs = schema.runs.c
    asked = sa.select(runs.id).order_by(runs.id.desc()).limit(limit)
    with tracker.store.database.read() as connection:
        return list(connection.scalars(asked if before is None else asked.where(runs.id < before)))


def export_run(tracker: Tracker, run: int, path: str) -> None:
    """The claims of M4 that send a run away and back look at its commit alone: an archive has it."""
    export_archive(tracker.store, [tracker._id(run)], Path(path))


def import_run(tracker: Tracker, path: str) -> int:
    """Ours keeps the id of a run, so what is here already stays as it is."""
    with _translated():
        (taken,) = import_archive(tracker.store, Path(path))
    with tracker.store.database.read() as connection:
        return run_number(connection, taken.run_id)


def git_state(folder: str) -> dict[str, Any] | None:
    found = Repository.around(Path(folder))
    return None if found is None else {"commit": found.commit, "dirty": found.tags()[DIRTY] == "true"}
