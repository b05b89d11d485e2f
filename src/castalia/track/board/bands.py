"""Bands: runs that are alike drawn as one line and what lies around it, such as the seeds of one setting.

Curves of a group are brought to a common grid of steps by straight lines between their points, each only inside its
own range: nothing is said of a run before it began or after it ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from castalia.core.errors import WrongInput

ALIKE = "alike"
POINTS = 200
LEVEL = 0.95
NAMED, BRIEF = 4, 24
"""Params in the name of a group, and letters of a value in it."""
Way = Literal["mean", "range"]
_SEED = re.compile(
    r"(?:^|[._/-])(?:random_?|rng_?|torch_?|numpy_?|np_?|global_?|(?:python_?)?hash_?)?(?:seed|seed_everything|random_state|fold|repeat|replicate)$",
    re.I,
)


def is_seed(param: str) -> bool:
    """Whether a param only repeats a run: seed, random_state, model.seed, fold."""
    return _SEED.search(param) is not None


def groups(rows: Sequence[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """[{"name", "run_ids"}], in the order in which each group's first run stands.

    ``by`` is "alike" (all params the same but for seeds), ``params.<key>``, ``tags.<key>``, "experiment", "system" or
    "status". Of alike runs the name says the params in which groups differ. WrongInput for anything else.
    """
    keys: list[Any]
    if by == ALIKE:
        keys, told = _alike(rows)
    elif by in ("experiment", "system", "status"):
        keys = told = [str(row[by] or "none") for row in rows]
    else:
        field, _, key = by.partition(".")
        if field not in ("params", "tags") or not key:
            expected = "alike, params.<key>, tags.<key>, experiment, system or status"
            raise WrongInput("runs are not grouped by this", by[:80], expected, field="by")
        keys = [row[field].get(key) for row in rows]
        told = [f"without {key}" if value is None else f"{key} = {_brief(value)}" for value in keys]
    found: dict[Any, dict[str, Any]] = {}
    names: dict[str, int] = {}
    for row, key, name in zip(rows, keys, told, strict=True):
        if key not in found:
            names[name] = names.get(name, 0) + 1
            found[key] = {"name": name if names[name] == 1 else f"{name} ({names[name]})", "run_ids": []}
        found[key]["run_ids"].append(row["run_id"])
    return list(found.values())


def _alike(rows: Sequence[dict[str, Any]]) -> tuple[list[Any], list[str]]:
    """(what is the same in a group, its name), one of each a run."""
    kept = [{key: value for key, value in row["params"].items() if not is_seed(key)} for row in rows]
    keys = sorted({key for params in kept for key in params})
    telling = [key for key in keys if len({params.get(key) for params in kept}) > 1]
    said = {key: {params[key] for params in kept if key in params} for key in telling}
    # A few words tell more of a group than a sentence, and two values more than that some run says nothing.
    telling.sort(key=lambda key: (len(said[key]) < 2, max(map(len, said[key])) > BRIEF))
    telling = [key for key in telling if len(said[key]) > 1] or telling
    names = [
        ", ".join(f"{key} = {_brief(params[key])}" for key in telling[:NAMED] if key in params) or "all alike"
        for params in kept
    ]
    return [tuple(sorted(params.items())) for params in kept], names


def _brief(value: str) -> str:
    return value if len(value) <= BRIEF else f"{value[: BRIEF - 1]}…"


def band(curves: Sequence[Mapping[str, Sequence[float]]], way: Way = "mean", points: int = POINTS) -> dict[str, Any]:
    """{"step", "runs", "middle", "low", "high"}: lists of one length, at most ``points``, over the steps of ``curves``.

    Each curve has "step" (sorted) and "value"; values that are not finite are passed over. ``way`` is "mean": the mean
    and Student's 95 % interval of it, or "range": the median and the least and most. ``runs`` says how many curves
    reach a step; ``low`` and ``high`` are None where one does, ``middle`` too where none does.
    """
    import numpy as np

    lines = []
    for curve in curves:
        step, value = np.asarray(curve["step"], np.float64), np.asarray(curve["value"], np.float64)
        known = np.isfinite(value)
        if known.any():
            lines.append((step[known], value[known]))
    empty: dict[str, Any] = {"step": [], "runs": [], "middle": [], "low": [], "high": []}
    if not lines:
        return empty
    grid = _grid([step for step, _ in lines], points)
    table = np.stack([np.interp(grid, step, value, left=np.nan, right=np.nan) for step, value in lines])
    return empty | {"step": grid.tolist()} | _summary(table, way)


def _grid(steps: Sequence[Any], points: int) -> Any:
    """The steps themselves where they are few, else as many at even distances, whole where they are."""
    import numpy as np

    every = np.unique(np.concatenate(steps))
    if len(every) <= points:
        return every
    grid = np.linspace(every[0], every[-1], points)
    return np.unique(np.rint(grid)) if every[-1] - every[0] >= points else grid


def _summary(table: Any, way: Way) -> dict[str, list[Any]]:
    """Of a table (curves, steps) with NaN where a curve is not: runs, middle, low, high at each step."""
    import numpy as np

    from castalia.kit.stats import t_quantile

    there = np.isfinite(table)
    count = there.sum(0)
    few = np.maximum(count, 1)
    if way == "range":
        shown = np.where(there.any(0), table, 0.0)
        middle, low, high = np.nanmedian(shown, 0), np.nanmin(shown, 0), np.nanmax(shown, 0)
    else:
        filled = np.where(there, table, 0.0)
        middle = filled.sum(0) / few
        spread = np.sqrt((np.where(there, table - middle, 0.0) ** 2).sum(0) / np.maximum(count - 1, 1))
        half_width = {n: t_quantile((1 + LEVEL) / 2, n - 1) / n**0.5 for n in set(count.tolist()) if n > 1}
        half = spread * np.array([half_width.get(n, 0.0) for n in count.tolist()])
        low, high = middle - half, middle + half
    return {
        "runs": count.tolist(),
        "middle": [value if n else None for value, n in zip(middle.tolist(), count.tolist(), strict=True)],
        "low": [value if n > 1 else None for value, n in zip(low.tolist(), count.tolist(), strict=True)],
        "high": [value if n > 1 else None for value, n in zip(high.tolist(), count.tolist(), strict=True)],
    }
