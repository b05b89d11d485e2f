"""``castalia runs export, import`` and ``models export``: runs and models out of the tracker and into it."""

from __future__ import annotations

import json as texts
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from castalia.cli import terminal
from castalia.cli.finding import open_store, run_of
from castalia.core.errors import Conflict, NotFound, WrongInput

if TYPE_CHECKING:
    from castalia.track import Store
    from castalia.track.exchange.registry_sheets import Carried
    from castalia.track.exchange.taken import Taken

_BY_ENDING = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".zip": "archive"}
_BINARY = ("parquet", "archive")


def export(
    *runs: str,
    to: Path | None = None,
    format: Literal["csv", "json", "parquet", "archive"] | None = None,
    to_mlflow: str | None = None,
    experiment: str | None = None,
    filter: str = "",
    all: bool = False,
    replace: bool = False,
    points: int = 100_000,
    json: bool = False,
) -> int:
    """Write runs as a table of points, as JSON, as one archive with everything, or into an MLflow server.

    Parameters
    ----------
    runs
        Ids of runs, or their first letters.
    to
        A file: .csv, .json, .parquet or .zip say the format. Without it CSV and JSON go to standard output.
    format
        csv and parquet: a line a point. json: with params and tags. archive: files, data sets and the models that
        come from the runs too.
    to_mlflow
        The address of an MLflow server, http://host:5000: every run is made anew there, with numbers and files.
    experiment
        All runs of this experiment.
    filter
        Runs of which this holds; docs/search.md has the language.
    all
        All runs but those in the trash.
    replace
        Overwrite the file where there is one.
    points
        For --json: at most so many points a metric; more are thinned, keeping the extremes.
    json
        Print the run and its series; where a file is written, {"runs", "models", "file"}.
    """
    if to_mlflow is not None and (to is not None or format is not None):
        raise WrongInput("two ways out at once", "--to-mlflow with --to or --format", "one of them", "Leave one.")
    with open_store() as store:
        ids = _chosen(store, runs, experiment, filter, all)
        if to_mlflow is not None:
            from castalia.track.exchange.mlflow_server import export_to_mlflow

            return _say(export_to_mlflow(store, ids, to_mlflow), json, f"at {to_mlflow}")
        if json and to is None and format is None:
            documents = [{**store.run(each), "series": store.metrics(each, max_points=points)} for each in ids]
            terminal.out_json(documents[0] if len(runs) == 1 else documents)
            return 0
        how = format or _format_of(to)
        if to is None:
            return _print(store, ids, how)
        _fresh(to, replace)
        carried = _write(store, ids, how, to)
    return say_written(carried, to, json)


def export_models(*models: str, to: Path, replace: bool = False, json: bool = False) -> int:
    """Write registered models as one archive: versions with their files, aliases, tags, and the runs they come from.

    castalia runs import takes it in.

    Parameters
    ----------
    models
        Names of models.
    to
        A file: models.zip.
    replace
        Overwrite the file where there is one.
    json
        Print {"runs", "models", "file"} instead.
    """
    from castalia.track.exchange.archive import export_archive

    if not models:
        raise WrongInput("castalia models export needs MODEL", "nothing", "names of models", "castalia models list")
    _fresh(to, replace)
    with open_store() as store:
        return say_written(export_archive(store, [], to, list(dict.fromkeys(models))), to, json)


def say_written(carried: Carried, to: Path, json: bool) -> int:
    """What is in a file that was written."""
    if json:
        terminal.out_json({"runs": carried.runs, "models": list(carried.models), "file": str(to)})
        return 0
    models = f" and {terminal.many(len(carried.models), 'model')}" if carried.models else ""
    terminal.say(f"{terminal.many(len(carried.runs), 'run')}{models} in {to} ({terminal.size(to.stat().st_size)}).")
    return 0


def _fresh(to: Path, replace: bool) -> None:
    if to.exists() and not replace:
        raise Conflict(f"{to} is there already", "a file", "a new one", "--replace overwrites it.")


def import_(
    file: Path,
    /,
    *,
    experiment: str | None = None,
    name: str | None = None,
    artifacts: Path | None = None,
    json: bool = False,
) -> int:
    """Take in runs and models: an archive or table, an MLflow SQLite file, a folder of TensorBoard logs.

    What is there already stays as it is; importing twice changes nothing.

    Parameters
    ----------
    file
        .zip, .csv, .json, .parquet, .db, or a folder with TensorBoard's event files.
    experiment
        Where runs go that name no experiment: tables and TensorBoard.
    name
        What such a run is called.
    artifacts
        For an MLflow file: the folder with its artifacts. Without it no file of a run is read.
    json
        Print [{"run_id", "points", "files", "problem", "note", "kind"}] instead.
    """
    path = file.expanduser()
    if not path.exists():
        raise NotFound(f"there is no file {file}", "nothing there", "an archive, a table, an MLflow file or a folder",
                       "Check the path.")  # fmt: skip
    with open_store() as store:
        taken = _take(store, path, experiment, name, artifacts)
    return _say(taken, json, "here")


def _take(store: Store, path: Path, experiment: str | None, name: str | None, artifacts: Path | None) -> list[Taken]:
    if path.is_dir():
        from castalia.track.exchange.tensorboard import import_tensorboard

        return import_tensorboard(store, path, experiment)
    with path.open("rb") as opened:
        head = opened.read(16)
    if head == b"SQLite format 3\0":
        from castalia.track.exchange.mlflow_file import import_mlflow

        return import_mlflow(store, path, artifacts)
    if head[:4] == b"PK\x03\x04":
        from castalia.track.exchange.archive import import_archive

        return import_archive(store, path)
    if path.suffix.lower() not in _BY_ENDING:
        raise WrongInput(f"{path.name} is nothing that can be imported", repr(head)[:60],
                         ".zip, .csv, .json, .parquet, an MLflow .db or a folder of TensorBoard",
                         "castalia runs import --help")  # fmt: skip
    from castalia.track.exchange.tables import import_table

    return import_table(store, path, experiment, name)


def _chosen(store: Store, runs: tuple[str, ...], experiment: str | None, filter: str, all: bool) -> list[str]:
    """The ids that were asked for, oldest first where they were not named."""
    if runs:
        if experiment or filter or all:
            raise WrongInput("runs are named and searched for", runs[0], "one of both", "Leave one.")
        return list(dict.fromkeys(run_of(store, each, trash=True) for each in runs))
    if not (experiment or filter or all):
        raise WrongInput("castalia runs export needs RUN", "nothing", "runs, --experiment, --filter or --all",
                         "castalia runs list")  # fmt: skip
    found: list[str] = []
    while page := store.runs(experiment, order="started", limit=1000, offset=len(found), filter=filter).items:
        found += [each["run_id"] for each in page]
    if not found:
        raise NotFound("no run to export", "none that fits", "at least one", "castalia runs list")
    return found


def _format_of(to: Path | None) -> str:
    if to is None:
        return "csv"
    if to.suffix.lower() not in _BY_ENDING:
        expected = ", ".join(_BY_ENDING)
        raise WrongInput(f"the format of {to.name} is not clear", to.suffix or "no ending", expected, "Add --format.")
    return _BY_ENDING[to.suffix.lower()]


def _print(store: Store, ids: list[str], how: str) -> int:
    from castalia.track.exchange import tables

    if how in _BINARY:
        cure = "--to runs.zip" if how == "archive" else "--to runs.parquet"
        raise WrongInput(f"{how} is not for a screen", "no file", "--to FILE", cure)
    if how == "json":
        sys.stdout.write(texts.dumps(tables.json_of(store, ids), ensure_ascii=False, indent=1) + "\n")
    else:
        tables.write_csv(store, ids, sys.stdout, alone=len(ids) == 1)
    return 0


def _write(store: Store, ids: list[str], how: str, to: Path) -> Carried:
    from castalia.core.atomic import replacing
    from castalia.track.exchange import tables
    from castalia.track.exchange.archive import export_archive
    from castalia.track.exchange.registry_sheets import Carried

    if how == "archive":
        return export_archive(store, ids, to)
    if how == "parquet":
        tables.write_parquet(store, ids, to)
    else:
        with replacing(to) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
            if how == "csv":
                tables.write_csv(store, ids, stream)
            else:
                texts.dump(tables.json_of(store, ids), stream, ensure_ascii=False, indent=1)
    return Carried(tuple(ids), (), {})


def _say(taken: list[Taken], json: bool, where: str) -> int:
    """What became of each run; 1 where one could not be taken."""
    failed = [each for each in taken if each.problem]
    if json:
        terminal.out_json([asdict(each) for each in taken])
        return 1 if failed else 0
    for each in failed:
        terminal.say(terminal.printable(f"{each.run_id}: {each.problem}"))
    for note in dict.fromkeys(each.note for each in taken if each.note):
        terminal.say(terminal.printable(note))
    good = [each for each in taken if not each.problem]
    for kind in ("logged model", "model"):
        if some := [each for each in taken if each.kind == kind]:
            here = sum(not each.problem for each in some)
            terminal.say(f"{here:,} of {_are(len(some), kind)} {where}.")
    points, files = sum(each.points for each in good), sum(each.files for each in good)
    runs = sum(each.kind == "run" for each in taken)
    there = sum(each.kind == "run" for each in good)
    brought = f"{terminal.many(points, 'point')}, {terminal.many(files, 'file')}"
    terminal.say(f"{there:,} of {_are(runs, 'run')} {where}: {brought}.")
    return 1 if failed else 0


def _are(count: int, noun: str) -> str:
    return f"{terminal.many(count, noun)} {'is' if count == 1 else 'are'}"
