"""Which runs: the best one, and those that keep some conditions, page by page. Names and values are never SQL."""

from __future__ import annotations

from typing import Any

from .store import Tracker

OPERATORS = {name: f"{{}} {name} ?" for name in ("=", "!=", "<", "<=", ">", ">=")} | {"contains": "instr({}, ?) > 0"}
LAST = "step = (SELECT max(step) FROM points WHERE run = runs.run AND metric = ?)"


def best(tracker: Tracker, metric: str, direction: str) -> int | None:
    if direction not in ("min", "max"):
        raise ValueError(f"direction is {direction!r}, not min or max")
    order = {"min": "ASC", "max": "DESC"}[direction]
    sql = f"SELECT run FROM runs JOIN points USING (run) WHERE metric = ? AND {LAST} AND value IS NOT NULL"  # noqa: S608
    order_by = f" ORDER BY value {order}, run LIMIT 1"
    for (run,) in tracker.db.execute(sql + order_by, (metric, metric)):
        return int(run)
    return None


def search(
    tracker: Tracker, where: list[tuple[str, str, Any]], limit: int = 100, before: int | None = None
) -> list[int]:
    if limit < 1:
        raise ValueError(f"limit is {limit}, not 1 or more")
    parts: list[str] = ["1"]
    values: list[Any] = []
    for condition in where:
        part, given = _condition(*condition)
        parts.append(part)
        values += given
    if before is not None:
        parts.append("run < ?")
        values.append(before)
    sql = f"SELECT run FROM runs WHERE {' AND '.join(parts)} ORDER BY run DESC LIMIT ?"  # noqa: S608
    return [run for (run,) in tracker.db.execute(sql, [*values, limit])]


def _condition(field: str, operator: str, value: Any) -> tuple[str, list[Any]]:
    """One condition as SQL, and what stands for its question marks."""
    if operator not in OPERATORS:
        raise ValueError(f"operator is {operator!r}, not one of {' '.join(OPERATORS)}")
    if type(value) not in (str, int, float):
        raise ValueError(f"the value of {field} is {value!r}, neither text nor number")
    if operator == "contains" and not isinstance(value, str):
        raise ValueError(f"{field} contains {value!r}, which is no text")
    text = isinstance(value, str)
    table, dot, name = field.partition(".")
    if field in ("name", "status"):
        return (OPERATORS[operator].format(field), [value]) if text else ("0", [])
    if not dot or table not in ("params", "tags", "metrics"):
        raise ValueError(f"field is {field!r}, not name, status, params.…, tags.… or metrics.…")
    compared = OPERATORS[operator].format("value")
    if table == "metrics":
        rows, given = f"points WHERE metric = ? AND {LAST}", [name, name, value]
        fits = "0" if text else "1"
    elif table == "tags":
        rows, given = "tags WHERE name = ?", [name, value]
        fits = "1" if text else "0"
    else:
        rows, given = "params WHERE name = ?", [name, value]
        fits = "kind = 'str'" if text else "kind IN ('int', 'float')"
    return f"EXISTS (SELECT 1 FROM {rows} AND run = runs.run AND {fits} AND {compared})", given  # noqa: S608
