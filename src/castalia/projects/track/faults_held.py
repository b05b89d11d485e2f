"""M6: processes that are killed in the middle of their work, and what is there afterwards."""

from __future__ import annotations

import time

import numpy as np

from castalia.core.contract import true
from castalia.projects.track.asking import Place, same
from castalia.projects.track.recording_held import info, line_of

LOGGING = """
tracker = track.Tracker(sys.argv[1])
run = tracker.start("killed", {"a": 1})
say(run)
for step in range(10**6):
    tracker.log(run, step, {"x": step, "y": -step, "z": 0.5})
    say(step)
"""
BATCHES = """
tracker = track.Tracker(sys.argv[1])
run = tracker.start("killed")
say(run)
for batch in range(10**6):
    tracker.log_many(run, [(batch * 500 + at, "x", batch) for at in range(500)])
    say(batch)
"""
BEGINNING = """
tracker = track.Tracker(sys.argv[1])
say("open")
for number in range(10**6):
    run = tracker.start("run %d" % number, {"number": number, "half": number / 2}, "key %d" % number)
    tracker.set_tags(run, {"team": "t%d" % number})
    tracker.finish(run)
    say(run)
"""
SAVING = """
tracker = track.Tracker(sys.argv[1])
run = tracker.start("killed")
say(run)
for number in range(10**6):
    tracker.save(run, "same", b"%8d" % number * 25000)
    tracker.save(run, "file %d" % number, b"%8d" % number * 25000)
    say(number)
"""
IMPORTING = """
tracker = track.Tracker(sys.argv[1])
run = tracker.start("many")
tracker.log_many(run, [(step, "x", step / 7) for step in range(1000)])
track.export_run(tracker, run, sys.argv[1] + ".json")
say("ready")
for number in range(10**6):
    say(track.import_run(tracker, sys.argv[1] + ".json"))
"""


def how_far(rng: np.random.Generator, size: int) -> tuple[int, float]:
    """After how many acknowledgements it is killed, and how much later, in seconds."""
    return int(rng.integers(0, 4 * size)), float(rng.random()) * 0.01


def killed(place: Place, text: str, acknowledged: int, later: float) -> tuple[str, int]:
    """Start it, read so many lines after the first, wait, and kill it; its first line, and how many it said in all."""
    process = place.script(text, place.path("runs.db"))
    first = line_of(process)
    for _ in range(acknowledged):
        line_of(process)
    time.sleep(later)
    process.call("kill")
    return first, acknowledged


CHECK = """
say(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check").fetchone()[0])
"""


def is_whole(place: Place) -> None:
    process = place.script(CHECK, place.path("runs.db"))
    same(line_of(process), "ok", "SQLite's own check of the file after kill -9")
    process.call("wait")


def nothing_logged_is_lost(place: Place, acknowledged: int, later: float) -> None:
    first, count = killed(place, LOGGING, acknowledged, later)
    tracker, run = place.tracker(), int(first)
    x = tracker.call("history", run, "x")
    true(len(x) >= count, "steps that are there after kill -9", len(x), f"at least the {count} that were acknowledged")
    for metric, wanted in (("x", [float(step) for step in range(len(x))]), ("y",
    [-float(step) for step in range(len(x))]),
                           ("z", [0.5] * len(x))):  # fmt: skip
        got = tracker.call("history", run, metric)
        same(got, list(enumerate(wanted)), f"the history of {metric} after kill -9, each step with all of its call")
    same(tracker.call("info", run), info(run, "killed", params={"a": 1}), "info of a run that was killed")
    tracker.call("log", run, 10**7, {"x": 1.0})
    same(tracker.call("last", run)["x"], 1.0, "what is logged after kill -9")
    is_whole(place)


def many_at_once_or_none(place: Place, acknowledged: int, later: float) -> None:
    first, count = killed(place, BATCHES, acknowledged, later)
    points = place.tracker().call("history", int(first), "x")
    true(len(points) >= 500 * count, "points that are there after kill -9", len(points),
         f"at least the {500 * count} that were acknowledged")  # fmt: skip
    same([int(value) for _, value in points], [at // 500 for at in range(len(points) // 500 * 500)],
         "the batches after kill -9, each whole or not there")  # fmt: skip


def runs_are_whole(place: Place, acknowledged: int, later: float) -> None:
    _, count = killed(place, BEGINNING, acknowledged, later)
    tracker = place.tracker()
    runs = sorted(place.call("search", tracker, [], 10**6))
    true(len(runs) >= count, "runs that are there after kill -9", len(runs), f"at least {count}")
    for number, run in enumerate(runs):
        wanted = info(run, f"run {number}", params={"number": number, "half": number / 2})
        if number < count:
            wanted |= {"tags": {"team": f"t{number}"}, "status": "done"}
        got = tracker.call("info", run)
        same({**got, **({} if number < count else {"tags": {}, "status": "running"})}, wanted, "a run after kill -9")
        same(tracker.call("start", "again", {}, f"key {number}"), run, "start with the key of a run before kill -9")
    is_whole(place)


def artifacts_are_whole(place: Place, acknowledged: int, later: float) -> None:
    first, count = killed(place, SAVING, acknowledged, later)
    tracker, run = place.tracker(), int(first)
    names = tracker.call("artifacts", run)
    missing = [number for number in range(count) if f"file {number}" not in names]
    true(not missing, "artifacts that are not there after kill -9", missing, "all that were acknowledged")
    for name in names:
        content = tracker.call("load", run, name)
        number = int(name.partition(" ")[2] or content[:8])
        right = content == b"%8d" % number * 25000 and (name != "same" or number >= count - 1)
        true(
            right, f"the artifact {name!r} after kill -9", f"{len(content)} bytes, {content[:16]!r}…", "as it was saved"
        )


def imports_are_whole(place: Place, acknowledged: int, later: float) -> None:
    _, count = killed(place, IMPORTING, acknowledged, later)
    tracker = place.tracker()
    runs = place.call("search", tracker, [], 10**6)
    true(len(runs) >= 1 + count, "runs that are there after kill -9", len(runs), f"at least {1 + count}")
    for run in runs:
        same(len(tracker.call("history", run, "x")), 1000, "points of an imported run after kill -9")
        same(tracker.call("info", run), info(run, "many"), "info of an imported run after kill -9")
