"""Tables: points of runs as CSV, JSON or Parquet, a line a point; and the same read as runs again.

The columns are run_id, experiment, name, metric, step, time (ms since 1970) and value. What a table does not hold
(tags, files, data sets) is in an archive.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TextIO

from castalia.core.atomic import replacing
from castalia.core.errors import NotFound, TooLarge, WrongInput
from castalia.kit.tabular.parquet import pyarrow
from castalia.track import Store
from castalia.track.exchange.sheet import PORTION, Sheet, points_of, put_parents, put_run, sheet_of
from castalia.track.exchange.taken import Taken, each_run

COLUMNS = ("run_id", "experiment", "name", "metric", "step", "time", "value")
JSON_FORMAT = "castalia-runs-json"
_POINT = ("metric", "step", "time", "value")
_MOST_JSON = 512 * 2**20
Row = tuple[Any, ...]


def rows_of(store: Store, run_ids: Sequence[str]) -> Iterator[Row]:
    """Every point of the runs, as ``COLUMNS``."""
    for run_id in run_ids:
        run = store.run(run_id)
        for point in points_of(store, run_id):
            yield (run_id, run["experiment"], run["name"], *point)


def write_csv(store: Store, run_ids: Sequence[str], stream: TextIO, alone: bool = False) -> int:
    """A header and a line a point; how many points. A run ``alone`` has no columns that say which it is."""
    writer = csv.writer(stream, lineterminator="\n")
    names = _POINT if alone else COLUMNS
    writer.writerow(names)
    count = 0
    for row in rows_of(store, run_ids):
        writer.writerow((*row[-len(names) : -1], repr(row[-1])))
        count += 1
    return count


def write_parquet(store: Store, run_ids: Sequence[str], path: Path) -> int:
    """The same columns, some 50,000 points a row group; ``path`` is replaced whole. Unavailable without pyarrow."""
    pyarrow(path.name)
    import pyarrow as arrow
    from pyarrow import parquet

    texts = [(name, arrow.string()) for name in COLUMNS[:4]]
    columns = arrow.schema([*texts, ("step", arrow.int64()), ("time", arrow.int64()), ("value", arrow.float64())])
    rows, count = rows_of(store, run_ids), 0
    with replacing(path) as draft, parquet.ParquetWriter(draft, columns) as writer:
        while portion := list(islice(rows, PORTION)):
            parts = zip(zip(*portion, strict=True), columns.types, strict=True)
            writer.write_batch(arrow.record_batch([arrow.array(*part) for part in parts], schema=columns))
            count += len(portion)
    return count


def json_of(store: Store, run_ids: Sequence[str]) -> dict[str, Any]:
    """Sheets and series of runs; NaN and the infinities, which JSON lacks, are texts."""
    runs = []
    for run_id in run_ids:
        series: dict[str, dict[str, list[Any]]] = {}
        for key, step, time, value in points_of(store, run_id):
            into = series.setdefault(key, {"step": [], "time": [], "value": []})
            into["step"].append(step)
            into["time"].append(time)
            into["value"].append(value if math.isfinite(value) else str(value))
        runs.append({**sheet_of(store, run_id).plain(), "series": series})
    return {"format": JSON_FORMAT, "version": 1, "runs": runs}


def import_table(store: Store, path: Path, experiment: str | None = None, name: str | None = None) -> list[Taken]:
    """Take in the runs of a CSV, JSON or Parquet file. WrongInput where it has other columns.

    Points without a run_id are one run of ``experiment``, whose id comes from the content: twice is one run. The
    times of a run are those of its points.
    """
    kind = path.suffix.lower()
    if kind == ".json":
        return _import_json(store, path)
    opened = _parquet_rows if kind == ".parquet" else _csv_rows
    with path.open("rb") as file:
        owner = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    plain: dict[str, dict[str, Any]] = {}
    for row in opened(path):  # once for the times, once for the points: no file is too long
        run_id, time = str(row.get("run_id") or owner), row["time"]
        if run_id not in plain:
            plain[run_id] = {"run_id": run_id, "experiment": experiment or row.get("experiment") or path.stem,
                             "name": name or row.get("name") or path.stem, "status": "done", "started": time,
                             "ended": time}  # fmt: skip
        about = plain[run_id]
        about["started"], about["ended"] = min(about["started"], time), max(about["ended"], time)
    found: dict[str, Taken] = {}
    for run_id, rows in groupby(opened(path), lambda row: str(row.get("run_id") or owner)):
        taken = each_run({run_id: partial(_put, store, plain[run_id], rows)})[0]
        before = found.get(run_id, Taken(run_id))
        found[run_id] = Taken(run_id, before.points + taken.points, 0, before.problem or taken.problem)
    return list(found.values())


def _put(store: Store, plain: dict[str, Any], rows: Iterable[dict[str, Any]]) -> Taken:
    with suppress(NotFound):  # points of a run that is here already are added to it
        there = sheet_of(store, plain["run_id"])
        plain = {**there.plain(), "experiment": plain["experiment"], "deleted": None}
    sheet = Sheet.of_plain(plain)
    return Taken(sheet.run_id, put_run(store, sheet, (tuple(row[key] for key in _POINT) for row in rows), _nothing))


def _nothing() -> None:
    """A table has no files."""


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        try:
            _checked(path, rows.fieldnames or ())
            for row in rows:
                if None in row or None in row.values():
                    raise ValueError("too many or too few values")
                yield {**row, "step": int(row["step"]), "time": int(row["time"]), "value": float(row["value"])}
        except (ValueError, csv.Error) as error:
            raise _damaged(path, f"line {rows.line_num}: {error}") from None


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    arrow = pyarrow(path.name)
    try:
        with arrow.parquet.ParquetFile(path) as file:
            _checked(path, file.schema_arrow.names)
            for batch in file.iter_batches(
                PORTION, columns=[name for name in file.schema_arrow.names if name in COLUMNS]
            ):
                for row in batch.to_pylist():
                    if None in (row["metric"], row["step"], row["time"], row["value"]):
                        raise _damaged(path, "a point without a value")
                    yield row
    except (arrow.ArrowException, OSError) as error:
        raise _damaged(path, str(error)) from None


def _import_json(store: Store, path: Path) -> list[Taken]:
    if path.stat().st_size > _MOST_JSON:
        raise TooLarge(f"{path.name} is too large", f"{path.stat().st_size:,} bytes", f"at most {_MOST_JSON:,}",
                       "Export an archive instead: castalia runs export --to runs.zip")  # fmt: skip
    try:
        told = json.loads(path.read_bytes())
        if told["format"] != JSON_FORMAT or told["version"] != 1:
            raise ValueError(f"the format {told['format']} {told['version']}")
        runs = [(Sheet.of_plain(each), dict(each["series"])) for each in told["runs"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from None

    def one(sheet: Sheet, series: dict[str, Any]) -> Callable[[], Taken]:
        return lambda: Taken(sheet.run_id, put_run(store, sheet, _json_points(path, series), _nothing))

    taken = each_run({sheet.run_id: one(sheet, series) for sheet, series in runs})
    good = {each.run_id for each in taken if not each.problem}
    put_parents(store, [sheet for sheet, _ in runs if sheet.run_id in good])
    return taken


def _json_points(path: Path, series: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    try:
        for key, columns in series.items():
            for step, time, value in zip(columns["step"], columns["time"], columns["value"], strict=True):
                yield key, step, time, float(value)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise _damaged(path, f"series: {error}") from None


def _checked(path: Path, names: Sequence[str]) -> None:
    if missing := [name for name in _POINT if name not in names]:
        raise WrongInput(f"{path.name} holds no points", f"no column {missing[0]}: {', '.join(names)[:120]}",
                         ", ".join(COLUMNS), "castalia runs export writes such a table.")  # fmt: skip


def _damaged(path: Path, why: str) -> WrongInput:
    return WrongInput(f"{path.name} cannot be read", " ".join(why.split())[:200], "what castalia runs export wrote",
                      "Correct the line, or export again.")  # fmt: skip
