"""Runs put straight into the stores of both trackers, the same in both: 20 metrics, 10 params, 3 tags each."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

METRICS, PARAMS, TAGS = 20, 10, 3
BEGAN = 1_795_000_000_000
Row = tuple[Any, ...]


class Runs:
    """The rows of ``count`` runs; ``seed`` makes them the same for both."""

    def __init__(self, count: int, seed: int = 6) -> None:
        chance = random.Random(seed)
        self.ids = [f"{chance.getrandbits(128):032x}" for _ in range(count)]
        self.metrics = [[chance.random() for _ in range(METRICS)] for _ in self.ids]
        self.params = [[str(chance.choice((0.1, 0.01, 0.001, 32, 64))) for _ in range(PARAMS)] for _ in self.ids]
        self.tags = [[chance.choice(("red", "green", "blue")) for _ in range(TAGS)] for _ in self.ids]


class Rows:
    """One transaction on an SQLite file or a PostgreSQL server; parameters are marked ``?``."""

    def __init__(self, connection: Any, sign: str) -> None:
        self._connection, self._sign = connection, sign

    def execute(self, statement: str, values: Row = ()) -> Any:
        """As the drivers have it."""
        return self._connection.execute(statement.replace("?", self._sign), values)

    def executemany(self, statement: str, rows: Iterable[Row]) -> None:
        """The same for many."""
        self._connection.cursor().executemany(statement.replace("?", self._sign), list(rows))


@contextmanager
def opened(place: Path | str, name: str) -> Iterator[Rows]:
    """The file ``name`` of a folder, or the server of a URL."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place / name)) as raw, raw:
            yield Rows(raw, "?")
        return
    import psycopg

    with psycopg.connect(place.replace("+psycopg", "")) as server:
        yield Rows(server, "%s")


def into_castalia(place: Path | str, experiment: int, runs: Runs) -> None:
    """Put runs into the store of a home or of a server, which runs or not."""
    with opened(place, "castalia.db") as raw:
        first = raw.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()[0]
        raw.executemany("INSERT INTO metric_keys (name) VALUES (?) ON CONFLICT DO NOTHING",
                        [(f"metric_{i}",) for i in range(METRICS)])  # fmt: skip
        keys = dict(raw.execute("SELECT name, id FROM metric_keys"))
        raw.executemany(
            "INSERT INTO runs (id, run_id, experiment, name, status, started, ended, user_id) VALUES (?,?,?,?,?,?,?,?)",
            [(first + i, run, experiment, f"run {i}", "done", BEGAN + i, BEGAN + i + 9, "me")
             for i, run in enumerate(runs.ids)],
        )  # fmt: skip
        points = [(first + i, keys[f"metric_{k}"], 1, BEGAN + i, value)
                  for i, values in enumerate(runs.metrics) for k, value in enumerate(values)]  # fmt: skip
        raw.executemany("INSERT INTO metrics (run, key, step, time, value) VALUES (?,?,?,?,?)", points)
        raw.executemany(
            "INSERT INTO latest_metrics (run, key, step, time, value, low, low_step, high, high_step)"
            " VALUES (?,?,?,?,?,?,?,?,?)", [(*point, point[4], 1, point[4], 1) for point in points],
        )  # fmt: skip
        for table, word, rows in (("params", "param", runs.params), ("tags", "tag", runs.tags)):
            raw.executemany(f"INSERT INTO {table} (run, key, value) VALUES (?,?,?)",
                            [(first + i, f"{word}_{k}", value) for i, values in enumerate(rows)
                             for k, value in enumerate(values)])  # fmt: skip


def into_mlflow(place: Path | str, experiment: int, runs: Runs) -> None:
    """The same, into that of MLflow's server."""
    with opened(place, "mlflow.db") as raw:
        raw.executemany(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
            " end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
            " VALUES (?,?,'UNKNOWN','','','me','FINISHED',?,?,'','active',?,?)",
            [(run, f"run {i}", BEGAN + i, BEGAN + i + 9, f"mlflow-artifacts:/{experiment}/{run}/artifacts", experiment)
             for i, run in enumerate(runs.ids)],
        )  # fmt: skip
        points = [(f"metric_{k}", value, BEGAN + i, runs.ids[i], 1, False)
                  for i, values in enumerate(runs.metrics) for k, value in enumerate(values)]  # fmt: skip
        for table in ("metrics", "latest_metrics"):
            raw.executemany(
                f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan) VALUES (?,?,?,?,?,?)", points
            )
        for table, word, rows in (("params", "param", runs.params), ("tags", "tag", runs.tags)):
            raw.executemany(f"INSERT INTO {table} (key, value, run_uuid) VALUES (?,?,?)",
                            [(f"{word}_{k}", value, runs.ids[i]) for i, values in enumerate(rows)
                             for k, value in enumerate(values)])  # fmt: skip
        raw.executemany("INSERT INTO tags (key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)",
                        [(f"run {i}", run) for i, run in enumerate(runs.ids)])  # fmt: skip


def series_into_castalia(place: Path | str, run_id: str, key: str, points: int) -> None:
    """Put one long series into a run that is there."""
    with opened(place, "castalia.db") as raw:
        run = raw.execute("SELECT id FROM runs WHERE run_id = ?", (run_id,)).fetchone()[0]
        raw.execute("INSERT INTO metric_keys (name) VALUES (?) ON CONFLICT DO NOTHING", (key,))
        number = raw.execute("SELECT id FROM metric_keys WHERE name = ?", (key,)).fetchone()[0]
        rows = [(run, number, step, BEGAN + step, value(step)) for step in range(points)]
        raw.executemany("INSERT INTO metrics (run, key, step, time, value) VALUES (?,?,?,?,?)", rows)
        raw.execute("INSERT INTO latest_metrics (run, key, step, time, value) VALUES (?,?,?,?,?)", rows[-1])


def series_into_mlflow(place: Path | str, run_id: str, key: str, points: int) -> None:
    """The same, in MLflow's."""
    with opened(place, "mlflow.db") as raw:
        rows = [(key, value(step), BEGAN + step, run_id, step, False) for step in range(points)]
        insert = "(key, value, timestamp, run_uuid, step, is_nan) VALUES (?,?,?,?,?,?)"
        raw.executemany(f"INSERT INTO metrics {insert}", rows)
        raw.execute(f"INSERT INTO latest_metrics {insert}", rows[-1])


def value(step: int) -> float:
    """A loss that wobbles."""
    return (step * 7919 % 10_007) / 7
