"""Random runs for the tests of searching, as plain rows, and a plain Python reading of a filter over them."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, field
from typing import Any

KEYS = {
    "metric": ["loss", "val loss", "deep/acc", "f1-score", "m.dotted"],
    "parameter": ["rate", "model", "b.c", "my param"],
    "tag": ["stage", "team name", "mlflow.source.name"],
}
NUMBERS = [0.0, 1.0, -1.0, 0.5, 0.25, 1e-3, 1e300, 5.0]
TEXTS = ["", "a", "A", "abc", "ABC", "aXc", "a%c", "a_c", "[x]", "*", "it's", 'say "x"', "\\", "100%", "0.5", "1",
         "1e-3", "-1", " 5 ", "5.0", ".25", "x" * 40, "line\nbreak", "0x10", "1_000", "nan", "inf", "é"]  # fmt: skip
STATUSES = ["running", "queued", "done", "failed", "cancelled"]
SETS = [("iris", "d1"), ("iris", "d2"), ("mnist", "d3")]


@dataclass
class Run:
    """One run as a person would note it down."""

    run_id: str
    name: str
    status: str
    user_id: str
    start_time: int
    end_time: int | None
    metric: dict[str, float]
    parameter: dict[str, str]
    tag: dict[str, str]
    datasets: list[tuple[str, str, str | None]] = field(default_factory=list)


def random_runs(seed: int, count: int) -> list[Run]:
    """``count`` runs with every kind of value, many of them alike."""
    chance = random.Random(seed)

    def some(keys: list[str], values: list[Any]) -> dict[str, Any]:
        return {key: chance.choice(values) for key in keys if chance.random() < 0.7}

    made = []
    for i in range(count):
        start = chance.choice([1000, 2000, 3000, 1_700_000_000_000 + i])
        sets = chance.sample(SETS, chance.randrange(3))
        made.append(
            Run(f"{chance.getrandbits(128):032x}", chance.choice(["alpha", "beta", f"run {i}"]),
                chance.choice(STATUSES), chance.choice(["me", "you"]), start, chance.choice([None, start + 10, 5000]),
                some(KEYS["metric"], [*NUMBERS, math.nan, math.inf, -math.inf]), some(KEYS["parameter"], TEXTS),
                some(KEYS["tag"], TEXTS), [(*each, chance.choice([None, "train", "test"])) for each in sets])
        )  # fmt: skip
    return made


Clause = tuple[str, str, str, tuple[Any, ...]]
"""(entity, key, operator, values)."""


def holds(tree: Any, run: Run) -> bool:
    """Whether ``run`` is among what ``tree`` asks for: ("and" | "or", [...]), ("not", tree) or a clause."""
    if tree[0] == "and":
        return all(holds(part, run) for part in tree[1])
    if tree[0] == "or":
        return any(holds(part, run) for part in tree[1])
    if tree[0] == "not":
        return not holds(tree[1], run)
    entity, key, op, values = tree
    if entity == "dataset":
        place = {"name": 0, "digest": 1, "context": 2}[key]
        found = [each[place] for each in run.datasets if each[place] is not None]
    elif entity == "attribute":
        words = {
            "running": "RUNNING",
            "queued": "SCHEDULED",
            "done": "FINISHED",
            "failed": "FAILED",
            "cancelled": "KILLED",
        }
        value = words[run.status] if key == "status" else run.name if key == "run_name" else getattr(run, key)
        found = [] if value is None else [value]
    else:
        pairs = getattr(run, entity)
        found = [pairs[key]] if key in pairs else []
    if op in ("IS NULL", "IS NOT NULL"):
        return bool(found) == (op == "IS NOT NULL")
    return any(fits(value, op, values) for value in found)


def fits(value: Any, op: str, values: tuple[Any, ...]) -> bool:
    """One value beside one comparison."""
    if isinstance(value, str) and not isinstance(values[0], str):
        if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", value):
            return False
        value = float(value)
    if op.startswith("NOT "):
        return value == value and not fits(value, op[4:], values) if op != "NOT IN" else value not in values
    if op in ("LIKE", "ILIKE"):
        pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in values[0])
        return re.fullmatch(pattern, value, re.DOTALL | (re.IGNORECASE if op == "ILIKE" else 0)) is not None
    if op == "IN":
        return value in values
    if op == "BETWEEN":
        return bool(values[0] <= value <= values[1])
    return bool({"=": value == values[0], "!=": value != values[0], "<": value < values[0] if op == "<" else None,
                 "<=": value <= values[0] if op == "<=" else None, ">": value > values[0] if op == ">" else None,
                 ">=": value >= values[0] if op == ">=" else None}[op])  # fmt: skip


def keep(store: Any, runs: list[Run], experiment: int = 1) -> None:
    """Put ``runs`` straight into the tables of ``store``."""
    import json

    from castalia.track import schema
    from castalia.track.naming import now

    with store.database.write() as connection:
        put = lambda table, rows: connection.execute(table.insert(), rows) if rows else None  # noqa: E731
        put(
            schema.experiments,
            [{"id": experiment, "name": f"experiment {experiment}", "created": now(), "updated": now()}],
        )
        names = {name: i + 1 for i, name in enumerate(KEYS["metric"])}
        put(schema.metric_keys, [{"id": number, "name": name} for name, number in names.items()])
        sets = {each: i + 1 for i, each in enumerate(SETS)}
        put(schema.datasets, [{"id": number, "experiment": experiment, "name": each[0], "digest": each[1],
                               "source_type": "local", "source": "x"} for each, number in sets.items()])  # fmt: skip
        put(schema.runs, [{"id": i + 1, "run_id": run.run_id, "experiment": experiment, "name": run.name,
                           "status": run.status, "user_id": run.user_id, "started": run.start_time,
                           "ended": run.end_time} for i, run in enumerate(runs)])  # fmt: skip
        for i, run in enumerate(runs):
            put(schema.latest, [{"run": i + 1, "key": names[key], "step": 0, "time": 7, "value": value}
                                for key, value in run.metric.items()])  # fmt: skip
            put(schema.params, [{"run": i + 1, "key": key, "value": value} for key, value in run.parameter.items()])
            put(schema.tags, [{"run": i + 1, "key": key, "value": value} for key, value in run.tag.items()])
            put(schema.run_datasets, [
                {"run": i + 1, "dataset": sets[name, digest],
                 "tags": json.dumps({} if context is None else {"mlflow.data.context": context})}
                for name, digest, context in run.datasets])  # fmt: skip
