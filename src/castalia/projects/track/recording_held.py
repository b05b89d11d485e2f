"""M1: what runs are made of, kept and read again; by one process and by many."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Handle, refuses, true
from castalia.core.expect import blamed
from castalia.projects.track.asking import BIG, TEXTS, Place, params, same, some, value

Points = list[tuple[int, str, float]]

# --- what the claims make ------------------------------------------------------------------------


def a_run(rng: np.random.Generator, size: int) -> tuple[str, dict[str, Any], dict[str, str]]:
    name = str(rng.choice(TEXTS))
    return name, params(rng, size), dict(zip(some(rng, TEXTS, size), some(rng, TEXTS, size), strict=True))


def points(rng: np.random.Generator, size: int) -> tuple[Points]:
    """Points of some metrics in any order; some metrics say a step twice, and then the later value counts."""
    metrics = some(rng, TEXTS, 1 + size // 2)
    steps = [0, -1, BIG, -(2**63), 2**63 - 1, *range(1, size + 2)]
    return ([(int(rng.choice(np.array(steps, dtype=object))), str(rng.choice(metrics)), value(rng))
             for _ in range(3 * size)],)  # fmt: skip


def kept(of: Points) -> dict[str, dict[int, float]]:
    """What a tracker should hold: metric -> step -> value."""
    told: dict[str, dict[int, float]] = {}
    for step, metric, number in of:
        told.setdefault(metric, {})[step] = number
    return told


def artifacts(rng: np.random.Generator, size: int) -> tuple[dict[str, bytes]]:
    names = ["model.bin", "plots/loss.png", "plots/deep/er.txt", "ü b.txt", "a", "b", ".a", "..a", "plots.txt"]
    return ({name: rng.bytes(int(rng.integers(0, 300))) for name in some(rng, names, size)},)


# --- what must hold ------------------------------------------------------------------------------


def info(run: int, name: str, **more: Any) -> dict[str, Any]:
    """What info answers of a run that has just begun, but for ``more``."""
    return {"run": run, "name": name, "status": "running", "params": {}, "tags": {}, "commit": None, "dirty": None,
            **more}  # fmt: skip


def runs_come_back(place: Place, name: str, given: dict[str, Any], tags: dict[str, str]) -> None:
    tracker = place.tracker()
    first, second, third = tracker.call("start", name, given), tracker.call("start", "other"), tracker.call("start", "")
    numbers = [first, second, third]
    right = numbers == [1, 2, 3] and all(type(each) is int for each in numbers)
    with blamed("Tracker.start"):
        true(right, "runs are whole numbers from 1 upwards", numbers, [1, 2, 3])
    tracker.call("set_tags", first, tags)
    tracker.call("finish", second)
    tracker.call("finish", third, "failed")
    told = [info(first, name, params=given, tags=tags), info(second, "other", status="done"),
            info(third, "", status="failed")]  # fmt: skip
    for reader in (tracker, place.tracker()):
        for each in told:
            same(reader.call("info", each["run"]), each, f"info({each['run']})")
    for other in tags:
        tracker.call("set_tags", first, {other: "changed"})
        same(tracker.call("info", first)["tags"], {**tags, other: "changed"}, "the tags after one was changed")
        break


def file_is_all(place: Place, given: Points) -> None:
    tracker = place.tracker()
    run = tracker.call("start", "x", {"a": 1}, "key")
    tracker.call("log_many", run, given)
    wanted = tracker.call("last", run)
    place.close(tracker)
    place.folder.call("write", "moved.db", place.folder.call("read", "runs.db"))
    moved = place.tracker("moved.db")
    same(moved.call("info", run), info(run, "x", params={"a": 1}), "info in a copy of the file alone, after close")
    same(moved.call("last", run), wanted, "last in a copy of the file alone, after close")


def params_are_said_once(place: Place, name: str, given: dict[str, Any], _: dict[str, str]) -> None:
    tracker = place.tracker()
    run = tracker.call("start", name)
    tracker.call("set_params", run, given)
    tracker.call("set_params", run, given)
    same(tracker.call("info", run)["params"], given, "params that were said twice")
    for key, old in given.items():
        for other in (f"{old}!", None, 1, 1.0, True, "1", 2, math.nan, math.inf):
            if type(other) is type(old) and (other == old or other != other):
                continue
            change = partial(tracker.call, "set_params", run, {"new one": 1, key: other})
            refuses("ValueError", change, f"set_params of {key!r} to {other!r}, where it is {old!r}")
        same(tracker.call("info", run)["params"], given, "the params after a change of one was refused")
    for nameless in (3, None, True):
        refuses("ValueError", partial(tracker.call, "start", nameless), f"start with the name {nameless!r}")
    for wrong in ([1], {"a": 1}, 2**63, -(2**63) - 1, b"x"):
        refuses("ValueError", partial(tracker.call, "set_params", run, {"ok": 1, "wrong": wrong}), f"a param {wrong!r}")
        refuses("ValueError", partial(tracker.call, "start", "new", {"wrong": wrong}), f"start with a param {wrong!r}")
    same(tracker.call("info", run)["params"], given, "the params after what does not fit was refused")
    nobody = partial(tracker.call, "info", run + 1)
    refuses("KeyError", nobody, "info of a run whose start was refused: nothing was begun")
    tracker.call("set_params", run, {"another": 0.5})
    same(tracker.call("info", run)["params"], {**given, "another": 0.5}, "the params after one more was said")


def a_key_begins_once(place: Place, name: str, given: dict[str, Any], _: dict[str, str]) -> None:
    tracker = place.tracker()
    first = tracker.call("start", name, given, "key 1")
    other = tracker.call("start", name, given, "key 2")
    again = place.tracker().call("start", "another name", {"and other": "params"}, "key 1")
    true(first == again != other, "start with a key that was used, and with another", [first, other, again],
         "the run of the key, and a new one")  # fmt: skip
    same(tracker.call("info", first), info(first, name, params=given), "the run of a key that was used again")
    free = [tracker.call("start", name), tracker.call("start", name)]
    true(len({*free, first, other}) == 4, "without a key every start begins a run", free, "two more runs")


def points_come_back(place: Place, given: Points) -> None:
    tracker = place.tracker()
    one, many, none = (tracker.call("start", each) for each in ("one by one", "many", "none"))
    for step, metric, number in given:
        tracker.call("log", one, step, {metric: number})
    tracker.call("log_many", many, given)
    tracker.call("log_many", none, [])
    told = kept(given)
    for reader in (tracker, place.tracker()):
        for run, how in ((one, "log"), (many, "log_many")):
            for metric, values in told.items():
                wanted = [(step, values[step]) for step in sorted(values)]
                same(reader.call("history", run, metric), wanted, f"the history of {metric!r} after {how}")
            wanted_last = {metric: values[max(values)] for metric, values in told.items()}
            same(reader.call("last", run), wanted_last, f"last, each metric at its highest step, after {how}")
        same(reader.call("history", none, given[0][1]), [], "the history of a metric in a run that has none")
        same(reader.call("last", none), {}, "last of a run without points")
    tracker.call("log", none, 3, {"a": 1, "b": 2.5})
    same(tracker.call("last", none), {"a": 1.0, "b": 2.5}, "two metrics of one call, whole numbers as floats")


NUMPY = """
import numpy as np

tracker = track.Tracker(sys.argv[1])
run, step, number = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
tracker.log(run, np.int64(step), {"a": np.float64(number), "b": np.float32(0.5), "c": np.int32(3)})
tracker.log_many(run, [(np.int32(7), "a", np.float32(0.25))])
say("done")
"""


def numpy_numbers(place: Place, step: int, number: float) -> None:
    tracker = place.tracker()
    run = tracker.call("start", "numpy")
    other = place.script(NUMPY, place.path("runs.db"), run, step, number)
    line_of(other)
    other.call("wait")
    wanted = [(step, number), (7, 0.25)]
    same(tracker.call("history", run, "a"), sorted(wanted), "a history that was logged in NumPy's numbers")
    same(tracker.call("last", run), {"a": 0.25 if step < 7 else number, "b": 0.5, "c": 3.0}, "last of the same")


def points_refused(place: Place, at: int, length: int) -> None:
    tracker = place.tracker()
    run = tracker.call("start", "x")
    tracker.call("log", run, 0, {"a": 1.0})
    good: list[Any] = [(step, "a", 2.0) for step in range(length)]
    for wrong in ((1.0, "a", 1.0), ("1", "a", 1.0), (True, "a", 1.0), (None, "a", 1.0), (2**63, "a", 1.0),
                  (-(2**63) - 1, "a", 1.0), (1, "a", "1.0"), (1, "a", None), (1, "a", True), (1, "a", 10**400),
                  (1, 3, 1.0), (1, None, 1.0)):  # fmt: skip
        act = partial(tracker.call, "log_many", run, [*good[:at], wrong, *good[at:]])
        refuses("ValueError", act, f"log_many with the point {wrong!r}"[:120])
        if isinstance(wrong[1], str):
            act = partial(tracker.call, "log", run, wrong[0], {"b": 3.0, wrong[1]: wrong[2]})
            refuses("ValueError", act, f"log with the point {wrong!r}"[:120])
        same(tracker.call("last", run), {"a": 1.0}, f"what was logged, after {wrong!r} was refused")


def nothing_there(place: Place, far: int) -> None:
    tracker = place.tracker()
    run = tracker.call("start", "x", {"a": 1})
    for other in (run + 1, run + far, 0, -1, 2**63, 2**70):
        for method, more in (
            ("info", ()), ("finish", ()), ("set_params", ({"a": 2},)), ("set_tags", ({"a": "b"},)),
            ("set_params", ({},)), ("set_tags", ({},)), ("log", (1, {"a": 1.0})), ("log_many", ([],)),
            ("log_many", ([(1, "a", 1.0)],)), ("history", ("a",)), ("last", ()), ("save", ("a", b"")), ("load", ("a",)),
            ("artifacts", ()),
        ):  # fmt: skip
            refuses(
                "KeyError", partial(tracker.call, method, other, *more), f"{method} of run {other}, which is not there"
            )
    refuses("KeyError", partial(tracker.call, "load", run, "a"), "load of an artifact that is not there")
    for status in ("finished", "running", ""):
        refuses("ValueError", partial(tracker.call, "finish", run, status), f"finish with status {status!r}")
    refuses("ValueError", partial(tracker.call, "set_tags", run, {"a": "b", "c": 1}), "a tag that is no text")
    same(tracker.call("info", run), info(run, "x", params={"a": 1}), "the run after what was refused")
    following = tracker.call("start", "next")
    true(following > run, "the run after a refused one", following, f"more than {run}")
    same(
        tracker.call("info", following), info(following, "next"), "a run that began after others were asked of in vain"
    )


def artifacts_come_back(place: Place, given: dict[str, bytes]) -> None:
    tracker = place.tracker()
    run, other = tracker.call("start", "x"), tracker.call("start", "y")
    for name, content in given.items():
        tracker.call("save", run, name, b"before")
        tracker.call("save", run, name, content)
    first = next(iter(given))
    tracker.call("save", other, first, b"of another run")
    for reader in (tracker, place.tracker()):
        same(reader.call("artifacts", run), sorted(given), "the names of the artifacts, sorted")
        same(reader.call("artifacts", other), [first], "those of another run")
        for name, content in given.items():
            same(reader.call("load", run, name), content, f"the artifact {name!r}")
        same(reader.call("load", other, first), b"of another run", "another run's artifact of the same name")


def names_stay_inside(place: Place, depth: int) -> None:
    tracker = place.tracker("inside/runs.db") if place.folder.call("write", "inside/x", "") is None else None
    assert tracker is not None
    run = tracker.call("start", "x")
    up = "/".join([".."] * depth)
    for name in ("", ".", "..", f"{up}/out", f"a/{up}/{up}/out", "/etc/out", place.path("out"), "a//b", "a/./b", "a/",
                 "a\\b", "..\\out", "a\0b", "a/.."):  # fmt: skip
        refuses("ValueError", partial(tracker.call, "save", run, name, b"x"), f"save under the name {name!r}"[:80])
    same(tracker.call("artifacts", run), [], "the artifacts after wrong names were refused")
    lie = [name for name in place.folder.call("names") if not name.startswith(("inside/runs.db", "inside/x"))]
    true(not lie, "a name that leads out of the tracker's own files", lie, "no such file")


# --- many processes ------------------------------------------------------------------------------

WRITER = """
path, number, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
say("ready")
sys.stdin.readline()
tracker = track.Tracker(path)
run = tracker.start("writer %d" % number, {"writer": number})
say(run)
for at in range(0, points, 100):
    tracker.log_many(run, [(step, "value", number + step) for step in range(at, at + 95)])
    for step in range(at + 95, at + 100):
        tracker.log(run, step, {"value": number + step, "half": step / 2})
say("done")
"""
WRITERS, POINTS = 8, 1000


def many_writers(place: Place) -> None:
    """They open a file that is not there yet, all at once, and go on writing at one moment."""
    path = place.path("runs.db")
    writers = [place.script(WRITER, path, number, POINTS) for number in range(WRITERS)]
    for each in writers:
        line_of(each)
    for each in writers:
        each.call("write", "go\n")
    runs = [line_of(each) for each in writers]
    for each in writers:
        true(line_of(each) == "done", "a writer comes to its end while seven others write", "it ended early", "done")
        each.call("wait")
    tracker = place.tracker()
    for number, run in enumerate(runs):
        got = tracker.call("history", int(run), "value")
        wanted = [(step, float(number + step)) for step in range(POINTS)]
        lost = len(set(wanted) - {tuple(each) for each in got})
        true(lost == 0 and len(got) == POINTS, f"points of writer {number} that are lost", lost, f"0 of {POINTS}")
        same(tracker.call("info", int(run))["params"], {"writer": number}, f"the params of writer {number}")
        same(len(tracker.call("history", int(run), "half")), POINTS // 20, "points of its other metric")


def line_of(process: Handle) -> str:
    """The next line of another process. One that ended with an exception is told as that."""
    line = str(process.call("read_line"))
    if not line:
        process.call("wait")
    return line.strip()


OPENER = """
say("ready")
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    tracker = track.Tracker("%s%d.db" % (sys.argv[1], number))
    tracker.start("x")
    tracker.close()
say("done")
"""


def opening_waits(place: Place, tenths: int) -> None:
    holder = place.script(HOLDER, place.path("runs.db"), "BEGIN IMMEDIATE", tenths / 10)
    true(line_of(holder) == "held", "a new file is held by another process", "it is not", "held")
    tracker = place.tracker()
    same(tracker.call("start", "x"), 1, "the first run of a file that another process was making")
    true(line_of(holder) == "over", "opening waits for the process that is making the file", "it did not", "it waits")
    holder.call("wait")


def many_open_a_new_file(place: Place, processes: int, files: int) -> None:
    """They open the same new files one after another, and so meet at most of them."""
    openers = [place.script(OPENER, place.path("new"), files) for _ in range(processes)]
    for each in openers:
        line_of(each)
    for each in openers:
        each.call("write", "go\n")
    for each in openers:
        true(line_of(each) == "done", "a process that opens new files comes to its end", "it ended early", "done")
        each.call("wait")
    for number in range(files):
        tracker = place.tracker(f"new{number}.db")
        same(tracker.call("start", "y"), processes + 1, "the run that follows one of each process")
        place.close(tracker)


HOLDER = """
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])
db.execute("SELECT count(*) FROM sqlite_master").fetchall()
say("held")
time.sleep(float(sys.argv[3]))
say("over")
db.execute("COMMIT")
"""


def waits_for_another(place: Place, tenths: int) -> None:
    tracker = place.tracker()
    run = tracker.call("start", "x")
    other = place.tracker()
    same(other.call("last", run), {}, "last of a run without points")
    holder = place.script(HOLDER, place.path("runs.db"), "BEGIN IMMEDIATE", tenths / 10)
    true(line_of(holder) == "held", "the file is SQLite's", "it is not", "a SQLite database")
    other.call("log", run, 1, {"a": 1.0})
    true(line_of(holder) == "over", "log waits while another process writes", "it did not", "it waits")
    holder.call("wait")
    same(tracker.call("last", run), {"a": 1.0}, "what was logged while another process held the file")


def readers_stop_nobody(place: Place, steps: int) -> None:
    tracker = place.tracker()
    run = tracker.call("start", "x")
    holder = place.script(HOLDER, place.path("runs.db"), "BEGIN", 30)
    true(line_of(holder) == "held", "the file is SQLite's", "it is not", "a SQLite database")
    for step in range(steps):
        tracker.call("log", run, step, {"a": 1.0})
    same(len(place.tracker().call("history", run, "a")), steps, "points logged while another process is reading")
    holder.call("kill")
