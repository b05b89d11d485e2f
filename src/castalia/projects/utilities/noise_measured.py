"""What encoders make of pure noise, what the linter says of published leaks, and whether pieces are the whole.

The target is a coin, so whatever is found in it is a leak. A tree looks for what a plain AUC does not see: encodings
may tell their row's own target by single values (leave-one-out has an AUC below a half and is read back at once).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit import metrics, tabular
from castalia.kit.tabular import leaks

Array = NDArray[Any]
Procedure = Callable[[Array, Array, Array, Array], Array]

ENCODERS: dict[str, Callable[[], Any]] = {
    "Target": tabular.Target,
    "Target, smooth=5": lambda: tabular.Target(smooth=5.0),
    "OneHot": tabular.OneHot,
    "Ordinal": lambda: tabular.Ordinal(unknown="missing"),
    "Frequency": tabular.Frequency,
    "Hashed": tabular.Hashed,
}
FIXED = "Target, smooth=5"
"""Leaves an echo: out-of-fold numbers of one level tell a little of its sum. Estimated smoothing leaves none."""
SEEDS, ROWS, LEVELS = 20, 600, 150
"""About four rows a level: so few that a level's mean is mostly each row's own target."""


def noise(seed: int) -> tuple[Array, Array, Array, Array]:
    """A column of texts and a coin: of training rows, and of others."""
    rng = np.random.default_rng(seed)
    texts = np.array([f"c{each}" for each in rng.integers(0, LEVELS, 2 * ROWS)], object)
    coin = rng.integers(0, 2, 2 * ROWS)
    return texts[:ROWS], coin[:ROWS], texts[ROWS:], coin[ROWS:]


def encoder_scores(seeds: int = SEEDS) -> dict[str, float]:
    """AUC on noise, the mean over seeds of the encoder that is farthest from 0.5, for each way to look; and by itself
    that of :data:`FIXED`, held out.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for seed in range(seeds):
        texts, y, later, later_y = noise(seed)
        half = np.random.default_rng(seed).permutation(ROWS) < ROWS // 2
        for name, make in ENCODERS.items():
            step = make()
            train = _matrix(step.fit_transform({"c": texts}, y))
            tree = grown(train[half], y[half])
            looks = {"train": metrics.roc_auc(y, train[:, 0]), "held out": _auc(y[~half], tree(train[~half])),
                     "new rows": _auc(later_y, grown(train, y)(_matrix(step.transform({"c": later}))))}  # fmt: skip
            for look, value in looks.items():
                found.setdefault(look, {}).setdefault(name, []).append(value)
    means = {look: {name: float(np.mean(each)) for name, each in by.items()} for look, by in found.items()}
    echo = {look: by.pop(FIXED) for look, by in means.items()}["held out"]
    return {look: max(by.values(), key=lambda mean: abs(mean - 0.5)) for look, by in means.items()} | {"echo": echo}


def leaky_score(seeds: int = SEEDS) -> float:
    """The same tree on encodings that saw their own target: fit, then transform the same rows."""
    found = []
    for seed in range(seeds):
        texts, y, *_ = noise(seed)
        half = np.random.default_rng(seed).permutation(ROWS) < ROWS // 2
        step = tabular.Target(smooth=5.0, on_training="allow").fit({"c": texts}, y)
        train = _matrix(step.transform({"c": texts}))
        found.append(_auc(y[~half], grown(train[half], y[half])(train[~half])))
    return float(np.mean(found))


def _matrix(table: dict[str, Array]) -> Array:
    return np.asarray(np.nan_to_num(np.stack(list(table.values()), axis=1), nan=-1.0))


def _auc(y: Array, score: Array) -> float:
    return metrics.roc_auc(y, score)


def grown(x: Array, y: Array, depth: int = 5, least: int = 5) -> Callable[[Array], Array]:
    """A regression tree: each node splits where the squared error falls most (Breiman et al. 1984)."""
    mean, n = float(y.mean()), len(y)
    if depth == 0 or n < 2 * least or y.min() == y.max():
        return lambda rows: np.full(len(rows), mean)
    order = np.argsort(x, axis=0, kind="stable")
    values = np.take_along_axis(x, order, axis=0)
    sums, count = np.cumsum(y[order], axis=0)[:-1], np.arange(1, n)[:, None]
    gain = sums**2 / count + (y.sum() - sums) ** 2 / (n - count)
    gain[(values[1:] == values[:-1]) | (count < least) | (n - count < least)] = -np.inf
    at, column = np.unravel_index(np.argmax(gain), gain.shape)
    if not np.isfinite(gain[at, column]):
        return lambda rows: np.full(len(rows), mean)
    limit = values[at, column]
    left = x[:, column] <= limit
    below, above = (grown(x[side], y[side], depth - 1, least) for side in (left, ~left))
    return lambda rows: np.where(rows[:, column] <= limit, below(rows), above(rows))


# --- leaks, each with its honest twin ----------------------------------------------------------------


def scaling(everything: bool) -> Procedure:
    """Mean and spread of all rows, or of the training rows."""

    def scores(x: Array, y: Array, train: Array, test: Array) -> Array:
        seen = x if everything else x[train]
        return _ridge((x - seen.mean(axis=0)) / seen.std(axis=0), y, train, test)

    return scores


def encoding(everything: bool) -> Procedure:
    """The mean target of a column's levels, from all rows, or from the training rows."""

    def scores(x: Array, y: Array, train: Array, test: Array) -> Array:
        seen = np.arange(len(y)) if everything else train
        codes = np.clip(np.floor(20 * x[:, 0]) + 50, 0, 99).astype(int)
        hits, rows = (np.bincount(codes[seen], each, 100) for each in (y[seen], None))
        means = (hits + y[seen].mean()) / (rows + 1)
        return _ridge(np.column_stack([means[codes], x[:, 1:]]), y, train, test)

    return scores


def resampling(everything: bool) -> Procedure:
    """Rare rows made up between two others (SMOTE, Chawla et al. 2002), from all rows or from the training rows."""

    def scores(x: Array, y: Array, train: Array, test: Array) -> Array:
        rare = x[y == 1] if everything else x[train][y[train] == 1]
        rng = np.random.default_rng(0)
        first, second = rng.integers(0, len(rare), (2, 60))
        made = rare[first] + rng.random((60, 1)) * (rare[second] - rare[first])
        rows, labels = np.concatenate([x[train], made]), np.concatenate([y[train], np.ones(60)])
        near = ((x[test][:, None] - rows[None]) ** 2).sum(axis=2)
        weight = 1 / (near + 1e-2)
        return np.asarray((weight * labels).sum(axis=1) / weight.sum(axis=1))

    return scores


def _ridge(z: Array, y: Array, train: Array, test: Array) -> Array:
    a = np.column_stack([z, np.ones(len(z))])
    return np.asarray(
        a[test] @ np.linalg.solve(a[train].T @ a[train] + 0.1 * np.eye(a.shape[1]), a[train].T @ y[train])
    )


def linted(seeds: int = 10) -> tuple[float, float]:
    """The shares of the leaks that the linter finds, and of the honest twins that it accuses."""
    found = {True: 0, False: 0}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(120, 4))
        y = (x[:, 1] + rng.normal(size=120) > 0.5).astype(int)
        for leak in (scaling, encoding, resampling):
            for everything in found:
                found[everything] += not leaks.lint(leak(everything), x, y, seed=seed).ok
    return found[True] / (3 * seeds), found[False] / (3 * seeds)


# --- pieces and the whole ----------------------------------------------------------------------------


def cells_that_differ(tables: int = 40) -> float:
    """Cells of streamed tables that are not those of the whole one: pieces of random size of tables full of traps."""
    rng, differ = np.random.default_rng(0), 0
    traps = ["1", "2.5", "007", "", "NA", "x", '"a, b"', "true", "2026-01-31", '"two\nlines"', "-", "1e5"]
    for _ in range(tables):
        rows = int(rng.integers(1, 200))
        few = [rng.choice(traps, int(rng.integers(1, 4)), replace=False) for _ in range(4)]
        lines = [",".join(rng.choice(each) for each in few) for _ in range(rows)]
        text = "\n".join(["a,b,c,d", *lines, ""]).encode()
        whole = tabular.read(text, format="csv").columns
        pieces = list(tabular.stream(text, int(rng.integers(1, 50)), format="csv"))
        for name, column in whole.items():
            joined = np.concatenate([np.asarray(piece.columns[name]) for piece in pieces])
            if joined.dtype != np.asarray(column).dtype or len(joined) != len(column):
                differ += len(column)
                continue
            pairs = zip(joined.tolist(), np.asarray(column).tolist(), strict=True)
            differ += sum(a != b and not (a != a and b != b) for a, b in pairs)
    return float(differ)
