"""M2: which run is best, and which keep some conditions; compared with a plain loop over all of them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Handle, refuses, true
from castalia.projects.track.asking import BIG, TEXTS, Place, same, some

Run = dict[str, Any]
"""What is told of a run: name, status, params, tags, and metrics with their history in the order of logging."""
Condition = tuple[str, str, Any]
COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "contains": lambda mine, part: part in mine,
}  # fmt: skip
NUMBERS = (0, 1, 1.0, -2, 0.5, BIG, 1e300, math.inf, -math.inf)
LIKE = ("%", "_", "a%b", "a_b", "axb", "A", "a", "ab", "", "'", "' OR 1=1 --", "1", "é", "É")
"""Texts that are patterns, quotes or neighbours of one another."""

# --- what the claims make ------------------------------------------------------------------------


def runs(rng: np.random.Generator, size: int) -> tuple[list[Run]]:
    """Runs of which many share a value, and of some the last one is NaN, infinite or not there."""
    values = [math.nan, math.inf, -math.inf, 0.0, 0.5, 0.5, -1.0]
    made = []
    for _ in range(2 * size):
        steps = some(rng, range(-3, 9), int(rng.integers(0, 4)))
        made.append(
            _run(metrics={"loss": [(step, float(rng.choice(values))) for step in steps], "other": [(99, -9.0)]})
        )
    return (made,)


def _run(**told: Any) -> Run:
    return {"name": "x", "status": "running", "params": {}, "tags": {}, "metrics": {}, **told}


def runs_and_conditions(rng: np.random.Generator, size: int) -> tuple[list[Run], list[list[Condition]]]:
    """Runs whose names and values are texts that look like numbers, patterns and SQL; and what is asked of them."""
    kinds: tuple[Any, ...] = (*NUMBERS, *LIKE, True, False, None, math.nan)
    made = []
    for _ in range(3 + size):
        keys = some(rng, TEXTS, 3)
        made.append(_run(
            name=str(rng.choice(LIKE)), status=str(rng.choice(["running", "done", "failed"])),
            params={key: kinds[int(rng.integers(len(kinds)))] for key in ["rate", *keys]},
            tags={key: str(rng.choice(LIKE)) for key in ["team", *keys]},
            metrics={key: [(step, float(rng.choice([*NUMBERS[:5], math.nan]))) for step in some(rng, range(4), 2)]
                     for key in ["loss", keys[0]]},
        ))  # fmt: skip
    asked: list[list[Condition]] = [[]]
    for _ in range(12):
        one = made[int(rng.integers(len(made)))]
        asked.append([_condition(rng, one) for _ in range(1 + int(rng.random() < 0.3))])
    return made, asked


def _condition(rng: np.random.Generator, one: Run) -> Condition:
    """A condition that often has to do with this run."""
    kind = str(rng.choice(["name", "status", "params", "params", "tags", "metrics"]))
    field, values = kind, (*NUMBERS, *LIKE, "done")
    if kind in ("params", "tags", "metrics"):
        names = list(one[kind])
        name = names[int(rng.integers(len(names)))]
        field = f"{kind}.{name}"
        mine = one[kind][name]
        mine = mine[-1][1] if kind == "metrics" else mine
    else:
        mine = one[kind]
    asked = values[int(rng.integers(len(values)))] if rng.random() < 0.5 or type(mine) in (bool, type(None)) else mine
    if isinstance(asked, float) and math.isnan(asked):
        asked = 0.5
    operators = list(COMPARED) if isinstance(asked, str) else list(COMPARED)[:-1]
    return field, str(rng.choice(operators)), asked


def lone(field: str, comparison: str, asked: Any, **told: Any) -> Callable[[], tuple[list[Run], list[list[Condition]]]]:
    """One run and one condition, as an edge."""
    return lambda: ([_run(**told), _run()], [[(field, comparison, asked)]])


# --- what must hold ------------------------------------------------------------------------------


def record(tracker: Handle, told: list[Run]) -> list[int]:
    """These runs in a tracker; their numbers."""
    numbers = []
    for each in told:
        run = tracker.call("start", each["name"], each["params"])
        tracker.call("set_tags", run, each["tags"])
        for metric, history in each["metrics"].items():
            for step, value in history:
                tracker.call("log", run, step, {metric: value})
        if each["status"] != "running":
            tracker.call("finish", run, each["status"])
        numbers.append(int(run))
    return numbers


def last(of: Run, metric: str) -> float | None:
    history = of["metrics"].get(metric)
    return max(history, key=lambda point: point[0])[1] if history else None


def best_is_best(place: Place, told: list[Run]) -> None:
    tracker = place.tracker()
    numbers = record(tracker, told)
    for direction, sign in (("min", 1.0), ("max", -1.0)):
        at = [(sign * value, run) for each, run in zip(told, numbers, strict=True)
              if (value := last(each, "loss")) is not None and not math.isnan(value)]  # fmt: skip
        got = place.call("best", tracker, "loss", direction)
        same(got, min(at)[1] if at else None, f"best by loss, {direction}, of the last values "
             f"{[last(each, 'loss') for each in told]}"[:300])  # fmt: skip
    same(place.call("best", tracker, "never logged", "min"), None, "best by a metric that nobody logged")
    for wrong in ("", "MIN", "minimum", "lower"):
        refuses("ValueError", partial(place.call, "best", tracker, "loss", wrong), f"best with direction {wrong!r}")


def keeps(of: Run, field: str, comparison: str, asked: Any) -> bool:
    """What a condition means, said once more."""
    kind, _, name = field.partition(".")
    mine = last(of, name) if kind == "metrics" else of[kind].get(name) if name or "." in field else of[kind]
    if mine is None or type(mine) is bool or isinstance(mine, str) != isinstance(asked, str):
        return False
    return mine == mine and bool(COMPARED[comparison](mine, asked))


def search_finds(place: Place, told: list[Run], asked: list[list[Condition]]) -> None:
    tracker = place.tracker()
    numbers = record(tracker, told)
    for where in asked:
        wanted = [run for each, run in zip(told, numbers, strict=True) if all(keeps(each, *one) for one in where)]
        same(place.call("search", tracker, where), wanted[::-1], f"search with {where}"[:200])


def search_pages(place: Place, count: int, limit: int) -> None:
    """Runs begin while somebody turns pages; who is there from the beginning is seen once."""
    wheres: tuple[tuple[list[Condition], int], ...] = (([], 1), ([("name", "=", "odd")], 2))
    for where, every in wheres:
        tracker = place.tracker(f"{every}.db")
        wanted = [int(tracker.call("start", "even" if number % 2 else "odd")) for number in range(count)][::every]
        seen: list[int] = []
        before = None
        for _ in range(count + 2):
            page = place.call("search", tracker, where, limit, before)
            true(len(page) <= limit, "the length of a page", len(page), f"at most {limit}")
            seen += page
            tracker.call("start", "odd")
            tracker.call("start", "even")
            if len(page) < limit:
                break
            before = page[-1]
        same(seen, wanted[::-1], f"all pages of {limit} one after another, while runs were begun")
    everything = len(place.call("search", tracker, [], 10**6))
    length = len(place.call("search", tracker, []))
    true(length == min(100, everything), "the length of a page without a limit", length, min(100, everything))


def search_refuses(place: Place, name: str) -> None:
    tracker = place.tracker()
    run = tracker.call("start", name, {"rate": 0.5})
    for where in (
        ("run", "=", 1), ("param.rate", "=", 1), ("params", "=", "x"), ("rate", "=", 1), ("", "=", "x"),
        ("Name", "=", "x"), ("runs.name", "=", "x"), ("1=1 OR name", "=", "x"), ("name", "==", "x"),
        ("name", "like", "x"), ("name", "", "x"),
        ("name", "= '' OR name !=", "x"), ("params.rate", "contains", 5), ("metrics.loss", "contains", 0.5),
        ("params.rate", "=", True), ("params.rate", "=", None), ("params.rate", "=", [1]), ("metrics.a", "=", False),
    ):  # fmt: skip
        refuses("ValueError", partial(place.call, "search", tracker, [("name", "=", name), where]), f"search {where}")
    for limit in (0, -1):
        refuses("ValueError", partial(place.call, "search", tracker, [], limit), f"search with limit {limit}")
    same(place.call("search", tracker, [("name", "=", name)], 1), [run], "search after what was refused")
