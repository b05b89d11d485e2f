"""Importance: which params go with a metric, over the runs that have both.

A forest of randomised trees (Geurts, Ernst and Wehenkel, Extremely randomized trees, 2006) learns the metric from
the params; the importance of a param is how much worse the runs a tree has not seen are told once the values of that
param are shuffled among them (Breiman, Random forests, 2001). Params are seen by their rank, so that a logarithm
changes nothing. It says what goes together in these runs, not what causes what.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST, MOST_RUNS, MOST_PARAMS = 8, 300, 60
"""300 runs of 60 params take a second of one core, in which everybody else waits at times."""
TREES, DEPTH, LEAF = 100, 10, 3
_KINDS = 0.9
"""A param is a number where this share of its values are."""


def importance(rows: Sequence[dict[str, Any]], metric: str, seed: int = 0) -> dict[str, Any]:
    """{"metric", "runs", "explained", "params": [{"name", "importance", "error", "correlation", "kind", "values"}]}.

    ``rows`` are runs as lists show them; the first 300 with the metric count. ``importance`` of all params sums to 1
    where there is any; ``error`` is its standard error over the trees; ``explained`` is R² on runs that a tree has not
    seen, and below 0.1 the rest means little. ``correlation`` is Spearman's, for numbers only. WrongInput with fewer
    than 8 runs that have the metric.
    """
    import numpy as np

    told = [row for row in rows if math.isfinite(_number(row["metrics"].get(metric)))][:MOST_RUNS]
    if len(told) < LEAST:
        got, cure = f"{len(told)} with a finite value", "Choose a metric that more of these runs have."
        raise WrongInput(f"too few runs with {metric[:60]!r}", got, f"at least {LEAST}", cure, field="metric")
    target = np.array([float(row["metrics"][metric]) for row in told])
    counts: dict[str, int] = {}
    for row in told:
        for name in row["params"]:
            counts[name] = counts.get(name, 0) + 1
    columns: list[Floats] = []
    names: list[str] = []
    kinds: list[str] = []
    values: list[int] = []
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        said = [row["params"].get(name) for row in told]
        if len(set(said)) > 1 and len(names) < MOST_PARAMS:
            kind, column = _column(said)
            names.append(name)
            kinds.append(kind)
            columns.append(column)
            values.append(len(set(said)))
    found: dict[str, Any] = {"metric": metric, "runs": len(told), "explained": 0.0, "params": []}
    if not names or float(target.max()) == float(target.min()):
        return found
    losses, explained = _forest(np.column_stack(columns), _ranks(target), np.array(kinds) == "number", seed)
    mean, error = losses.mean(0), losses.std(0, ddof=1) / math.sqrt(len(losses))
    mean = np.maximum(mean, 0.0)
    whole = float(mean.sum()) or 1.0
    found["explained"] = explained
    found["params"] = [
        {"name": name, "importance": float(mean[i]) / whole, "error": float(error[i]) / whole, "kind": kinds[i],
         "values": values[i], "correlation": _spearman(columns[i], target) if kinds[i] == "number" else None}
        for i, name in enumerate(names)
    ]  # fmt: skip
    found["params"].sort(key=lambda one: (-one["importance"], one["name"]))
    return found


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _column(said: Sequence[str | None]) -> tuple[str, Floats]:
    """("number" or "choice", one value a run): ranks, or the number of the choice; what is missing is -1."""
    import numpy as np

    there = [text for text in said if text is not None]
    numbers = [_number(text) for text in there]
    if sum(map(math.isfinite, numbers)) >= _KINDS * len(there):
        column = np.array([math.nan if text is None else _number(text) for text in said])
        known = np.isfinite(column)
        ranks = np.full(len(said), -1.0)
        ranks[known] = _ranks(column[known])
        return "number", ranks
    order = {text: i for i, text in enumerate(sorted(set(there)))}
    return "choice", np.array([-1.0 if text is None else float(order[text]) for text in said])


def _ranks(values: Floats) -> Floats:
    """Ranks from 0, the same for equal values: their mean."""
    import numpy as np

    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray(((last - counts + last - 1) / 2)[where], dtype=np.float64)


def _spearman(ranks: Floats, target: Floats) -> float | None:
    import numpy as np

    known = ranks >= 0
    if known.sum() < 3:
        return None
    a, b = _ranks(ranks[known]), _ranks(target[known])
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(np.clip(float(a @ b) / scale, -1, 1)) if scale else None


def _forest(x: Floats, y: Floats, ordered: Any, seed: int) -> tuple[Floats, float]:
    """(losses of shape (trees, params), R² out of bag). ``y`` is ranked, so that one run that diverged is one run."""
    import numpy as np

    chance = np.random.default_rng(seed)
    runs, params = x.shape
    losses = np.zeros((TREES, params))
    total, seen = np.zeros(runs), np.zeros(runs)
    spread = float(y.var()) or 1.0
    for number in range(TREES):
        here = x.copy()
        for column in map(int, np.flatnonzero(~ordered)):  # choices have no order: each tree draws one
            order = chance.permutation(int(x[:, column].max()) + 2).astype(np.float64)
            here[:, column] = order[(x[:, column] + 1).astype(np.intp)]
        bag = chance.integers(0, runs, runs)
        rest = np.setdiff1d(np.arange(runs), bag)
        if not len(rest):
            continue
        tree = _grown(here[bag], y[bag], chance)
        told = _told(tree, here[rest])
        total[rest] += told
        seen[rest] += 1
        before = float(((told - y[rest]) ** 2).mean())
        for column in sorted({int(one) for one in tree[0] if one >= 0}):
            shuffled = here[rest].copy()
            shuffled[:, column] = chance.permutation(shuffled[:, column])
            losses[number, column] = (float(((_told(tree, shuffled) - y[rest]) ** 2).mean()) - before) / spread
    known = seen > 0
    left = float(((total[known] / seen[known] - y[known]) ** 2).mean())
    return losses, 1.0 - left / (float(y[known].var()) or 1.0)


def _grown(x: Floats, y: Floats, chance: np.random.Generator) -> tuple[Any, Any, Any, Any]:
    """A tree as (column or -1, threshold, left child, value); the right child stands behind the left one."""
    import numpy as np

    columns, thresholds, lefts, values = [-1], [0.0], [0], [float(y.mean())]
    waiting = [(0, np.arange(len(y)), 0)]
    while waiting:
        node, rows, depth = waiting.pop()
        if len(rows) < 2 * LEAF or depth >= DEPTH:
            continue
        part, goal = x[rows], y[rows]
        low, high = part.min(0), part.max(0)
        open_columns = np.flatnonzero(high > low)
        if not len(open_columns):
            continue
        tried = chance.permutation(open_columns)[: max(1, math.ceil(x.shape[1] / 3))]
        cuts = low[tried] + (high - low)[tried] * chance.random(len(tried))
        sides = part[:, tried] <= cuts
        count = sides.sum(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            sums = goal @ sides
            gain = sums**2 / count + (goal.sum() - sums) ** 2 / (len(rows) - count)
        gain[(count < LEAF) | (len(rows) - count < LEAF)] = -np.inf
        best = int(gain.argmax())
        if not math.isfinite(gain[best]):
            continue
        columns[node], thresholds[node], lefts[node] = int(tried[best]), float(cuts[best]), len(columns)
        for side in (rows[sides[:, best]], rows[~sides[:, best]]):
            waiting.append((len(columns), side, depth + 1))
            columns.append(-1)
            thresholds.append(0.0)
            lefts.append(0)
            values.append(float(y[side].mean()))
    return np.array(columns), np.array(thresholds), np.array(lefts), np.array(values)


def _told(tree: tuple[Any, Any, Any, Any], x: Floats) -> Floats:
    import numpy as np

    columns, thresholds, lefts, values = tree
    node = np.zeros(len(x), dtype=np.intp)
    rows = np.arange(len(x))
    for _ in range(DEPTH):
        column = columns[node]
        inner = column >= 0
        if not inner.any():
            break
        right = x[rows, np.maximum(column, 0)] > thresholds[node]
        node = np.where(inner, lefts[node] + right, node)
    return np.asarray(values[node], dtype=np.float64)
