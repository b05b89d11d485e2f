"""M3: runs side by side, and runs that leave as a file and come back."""

from __future__ import annotations

import csv
import io
import json
import math
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Handle, Raised, refuses, true
from castalia.core.expect import blamed
from castalia.projects.track.asking import TEXTS, Place, alike, params, same, some, value

Params = dict[str, Any]
Points = list[tuple[int, str, float]]
HEAD = "metric,step,value"


def two_params(rng: np.random.Generator, size: int) -> tuple[Params, Params]:
    """Some are the same, some differ, some only by their type, and some are on one side alone."""
    a, b = params(rng, size), params(rng, size)
    b |= {name: a[name] for name in some(rng, a, size // 2)}
    return a, b


def told(rng: np.random.Generator, size: int) -> tuple[str, Params, dict[str, str], Points, str]:
    """All that a run may hold."""
    metrics = some(rng, TEXTS, 1 + size // 2)
    points = [(int(rng.integers(-(2**62), 2**62)), str(metric), value(rng)) for metric in metrics for _ in range(size)]
    tags = dict(zip(some(rng, TEXTS, size), some(rng, TEXTS, size), strict=True))
    return str(rng.choice(TEXTS)), params(rng, size), tags, points, str(rng.choice(["running", "done", "failed"]))


def differs(place: Place, a: Params, b: Params) -> None:
    tracker = place.tracker()
    one, other = tracker.call("start", "a", a), tracker.call("start", "b", b)
    wanted: dict[str, Params] = {}
    for name in {**a, **b}:
        if not (name in a and name in b and alike(a[name], b[name])):
            wanted[name] = {side: each[name] for side, each in (("a", a), ("b", b)) if name in each}
    same(place.call("compare", tracker, one, other), wanted, "compare")
    same(place.call("compare", tracker, one, one), {}, "compare of a run with itself")
    turned = {name: {{"a": "b", "b": "a"}[side]: each for side, each in has.items()} for name, has in wanted.items()}
    same(place.call("compare", tracker, other, one), turned, "compare the other way round")
    refuses("KeyError", partial(place.call, "compare", tracker, one, other + 1), "compare with a run that is not there")


def _recorded(tracker: Handle, name: str, given: Params, tags: dict[str, str], points: Points, status: str) -> int:
    run = int(tracker.call("start", name, given, "a key"))
    tracker.call("set_tags", run, tags)
    tracker.call("log_many", run, points)
    if status != "running":
        tracker.call("finish", run, status)
    return run


def _state(tracker: Handle, run: int, points: Points) -> dict[str, Any]:
    """All that can be asked about a run but its number."""
    info = {name: each for name, each in tracker.call("info", run).items() if name != "run"}
    metrics = sorted({metric for _, metric, _ in points})
    return {"info": info, "last": tracker.call("last", run),
            "histories": {metric: tracker.call("history", run, metric) for metric in metrics}}  # fmt: skip


def run_comes_back(
    place: Place, name: str, given: Params, tags: dict[str, str], points: Points, status: str
) -> None:  # fmt: skip
    tracker, elsewhere = place.tracker(), place.tracker("other.db")
    elsewhere.call("start", "already there", {"a": 1}, "a key")
    run = _recorded(tracker, name, given, tags, points, status)
    place.call("export_run", tracker, run, place.path("a.json"))
    text = place.folder.call("read", "a.json")
    true(isinstance(text, str), "export_run writes UTF-8", repr(text)[:100], "text")
    with blamed("export_run"):
        _is_plain_json(text)
    back = place.call("import_run", elsewhere, place.path("a.json"))
    true(back == 2, "import_run begins a new run", back, 2)
    same(_state(elsewhere, back, points), _state(tracker, run, points), "the run that came back")
    again = place.call("import_run", elsewhere, place.path("a.json"))
    true(again == 3, "imported again it is another run", again, 3)
    place.call("export_run", elsewhere, back, place.path("b.json"))
    with blamed("export_run"):
        same(place.folder.call("read", "b.json"), text, "the export of the run that came back, byte for byte")
        place.call("export_run", tracker, run, place.path("b.json"))
        same(place.folder.call("read", "b.json"), text, "the export of the same run once more, over an older file")
        refuses("KeyError", partial(place.call, "export_run", tracker, run + 9, place.path("b.json")),
                "export_run of a run that is not there")  # fmt: skip
        same(place.folder.call("read", "b.json"), text, "the file that was there, after an export that failed")


def _is_plain_json(text: str) -> None:
    def refuse(word: str) -> None:
        true(False, "JSON has no such number; other programs refuse the file", word, "JSON as RFC 8259 has it")

    try:
        found = json.loads(text, parse_constant=refuse)
    except ValueError as error:
        true(False, f"export_run writes JSON ({error})", text[:100], "JSON")
    true(isinstance(found, dict), "export_run writes a JSON object", text[:60], "{...}")


def import_refuses(place: Place, cut: float, name: str) -> None:
    tracker = place.tracker()
    run = _recorded(tracker, name, {"a": 1, "b": math.nan}, {"t": "x"}, [(3, "m", 0.5), (4, "m", math.inf)], "done")
    place.call("export_run", tracker, run, place.path("a.json"))
    text = str(place.folder.call("read", "a.json"))
    cases: dict[str, Any] = {
        "cut off": text[: max(1, int(cut * len(text.rstrip())))].rstrip()[:-1], "empty": "", "a list": f"[{text}]",
        "another object": '{"a": 1}', "no UTF-8": b'{"name": "\xff"}', "null": "null",
        "something behind it": text + "}",
    }  # fmt: skip
    for words, content in cases.items():
        place.folder.call("write", "wrong.json", content)
        act = partial(place.call, "import_run", tracker, place.path("wrong.json"))
        kind = _kind(act)
        true(kind in ("ValueError", "UnicodeDecodeError", "JSONDecodeError"), f"import_run of a file that is {words}",
             kind or "a run", "ValueError")  # fmt: skip
        _is_newest(tracker, run, f"a file that is {words}")


def _kind(act: Any) -> str:
    try:
        act()
    except Raised as error:
        return error.kind
    return ""


def _is_newest(tracker: Handle, run: int, after: str) -> None:
    """No run was begun: the next one after ``run`` is not there."""
    refuses("KeyError", partial(tracker.call, "info", run + 1), f"a run that was begun by {after}")


def csv_comes_back(
    place: Place, name: str, _: Params, tags: dict[str, str], points: Points, status: str
) -> None:  # fmt: skip
    tracker = place.tracker()
    run = _recorded(tracker, name, {}, tags, points, status)
    place.call("export_csv", tracker, run, place.path("a.csv"))
    text = place.folder.call("read", "a.csv")
    with blamed("export_csv"):
        true(isinstance(text, str), "export_csv writes UTF-8", repr(text)[:100], "text")
        wanted = {(metric, step): number for step, metric, number in points}
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        true(rows[:1] == [HEAD.split(",")], "the first line", rows[:1], HEAD)
        same([row[:2] for row in rows[1:]], [[metric, str(step)] for metric, step in sorted(wanted)],
             "metrics and steps of the other lines")  # fmt: skip
        same([float(row[2]) for row in rows[1:]], [wanted[key] for key in sorted(wanted)], "their values")
    back = place.call("import_csv", tracker, place.path("a.csv"), f"{name} again")
    state = _state(tracker, back, points)
    asked: dict[str, Any] = {
        "name": f"{name} again",
        "status": "done",
        "params": {},
        "tags": {},
        "commit": None,
        "dirty": None,
    }
    same(state, {**_state(tracker, run, points), "info": asked}, "the run that came back from CSV")
    place.call("export_csv", tracker, back, place.path("b.csv"))
    same(place.folder.call("read", "b.csv"), text, "the export of the run that came back, byte for byte")


def csv_refuses(place: Place, at: int, length: int) -> None:
    tracker = place.tracker()
    run = int(tracker.call("start", "x"))
    good = [f"loss,{step},0.5" for step in range(length)]
    cases = [
        ("an empty file", "", 0),
        ("no first line", "loss,1,0.5\n", 0),
        ("another first line", "step,metric,value\n", 0),
    ]
    for row in ("loss,1", "loss,1,2,3", "loss,x,1", "loss,1.0,1", "loss,1,", "loss,1,x", "", f"loss,{2**63},1"):
        lines = [HEAD, *good[:at], row, *good[at:]]
        cases.append((f"the line {row!r}", "\n".join(lines) + "\n", at + 2))
    cases.append(("a short line after a field of two lines", f'{HEAD}\n"a\nb",1,0.5\nloss,1\n', 4))
    for words, text, line in cases:
        place.folder.call("write", "a.csv", text)
        act = partial(place.call, "import_csv", tracker, place.path("a.csv"), "y")
        refuses("ValueError", act, f"import_csv of {words}")
        if line:
            _names(act, line, words)
        _is_newest(tracker, run, words)


def _names(act: Any, line: int, words: str) -> None:
    try:
        act()
    except Raised as error:
        named = str(line) in "".join(each if each.isdigit() else " " for each in error.message).split()
        true(named, f"the message names the line ({words})", error.message[:200], f"line {line}")
