"""Two runs side by side, and runs that leave and come back: JSON for all of a run, CSV for its points."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from .store import Tracker, fitting, same, write_whole

FORM = "a run, 1"
"""Says what a file is, and which form of it."""
HEAD = ["metric", "step", "value"]
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def compare(tracker: Tracker, a: int, b: int) -> dict[str, dict[str, Any]]:
    sides = {"a": tracker.info(a)["params"], "b": tracker.info(b)["params"]}
    told = {}
    for name in sides["a"] | sides["b"]:
        has = {side: params[name] for side, params in sides.items() if name in params}
        if len(has) == 1 or not same(has["a"], has["b"]):
            told[name] = has
    return told


def export_run(tracker: Tracker, run: int, path: str) -> None:
    info = tracker.info(run)
    metrics = {metric: [[step, plain(value)] for step, value in tracker.history(run, metric)]
               for metric in tracker.last(run)}  # fmt: skip
    kept = {name: info[name] for name in ("name", "status", "commit", "dirty", "tags")}
    params = {name: {"float": plain(value)} if plain(value) != value else value
              for name, value in info["params"].items()}  # fmt: skip
    told = {"form": FORM, **kept, "params": params, "metrics": metrics}
    write_whole(path, json.dumps(told).encode())


def import_run(tracker: Tracker, path: str) -> int:
    try:
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        if told["form"] != FORM:
            raise ValueError("another form")
        rows = [(step, metric, number(value)) for metric, each in told["metrics"].items() for step, value in each]
        params = {name: number(value["float"]) if isinstance(value, dict) else value
                  for name, value in told["params"].items()}  # fmt: skip
        return _add(tracker, told["name"], told["status"], rows, params, told["tags"], told["commit"], told["dirty"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is no run that export_run wrote: {error}") from None


def export_csv(tracker: Tracker, run: int, path: str) -> None:
    lines = io.StringIO(newline="")
    rows = csv.writer(lines)
    rows.writerow(HEAD)
    for metric in sorted(tracker.last(run)):
        rows.writerows([metric, step, repr(value)] for step, value in tracker.history(run, metric))
    write_whole(path, lines.getvalue().encode())


def import_csv(tracker: Tracker, path: str, name: str) -> int:
    points = []
    with open(path, encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        if next(lines, None) != HEAD:
            raise ValueError(f"{path} does not begin with {','.join(HEAD)}")
        for line in lines:
            try:
                metric, step, value = line
                points.append((int(step), metric, float(value)))
                fitting(*points[-1])
            except ValueError as error:
                raise ValueError(f"line {lines.line_num}: {error}") from None
    return _add(tracker, name, "done", points)


def plain(value: Any) -> Any:
    """JSON has no NaN and no infinities; those become texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value


def number(value: Any) -> Any:
    """The float that such a text stands for; anything else as it is."""
    return WORDS.get(value, value) if isinstance(value, str) else value


def _add(
    tracker: Tracker, name: str, status: str, points: list[Any], params: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None, commit: str | None = None, dirty: bool | None = None,
) -> int:  # fmt: skip
    """A run with all of it, or none."""
    with tracker.writing():
        run = tracker.begin(name, params or {}, None, commit, dirty)
        tracker.put_tags(run, tags or {})
        tracker.put_points(run, points)
        tracker.put_status(run, status)
    return run
