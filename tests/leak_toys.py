"""The published leaks, each with its honest twin, on data made from a seed: NumPy alone, and small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def ridge(x: Array, y: Array, asked: Array, strength: float = 1.0) -> Array:
    """Scores of a ridge regression with an intercept."""
    mean = x.mean(axis=0)
    z = x - mean
    if z.shape[1] > len(z):
        weights = z.T @ np.linalg.solve(z @ z.T + strength * np.eye(len(z)), y - y.mean())
    else:
        weights = np.linalg.solve(z.T @ z + strength * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return (asked - mean) @ weights + y.mean()


def nearest(x: Array, y: Array, asked: Array, k: int = 3) -> Array:
    """The mean label of the k nearest rows, nearer ones counting more."""
    distance = np.maximum(0, (asked**2).sum(axis=1)[:, None] + (x**2).sum(axis=1) - 2 * asked @ x.T)
    near = np.argpartition(distance, k, axis=1)[:, :k]
    weight = 1 / (np.take_along_axis(distance, near, axis=1) + 1e-3)
    return (weight * y[near]).sum(axis=1) / weight.sum(axis=1)


def auc(y: Array, score: Array) -> float:
    from castalia.kit.metrics import roc_auc

    return roc_auc(y, score)


# --- data ------------------------------------------------------------------------------------------


def table(seed: int, n: int = 120, d: int = 4, share: float = 0.25) -> tuple[Array, Array]:
    """Two classes, the second one rare; two of the features tell something."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * rng.uniform(0.5, 3, d) + rng.normal(size=d)
    y = (rng.random(n) < share).astype(int)
    y[:4] = (0, 1, 0, 1)
    x[:, :2] += 0.6 * y[:, None]
    return x, y


def gapped(seed: int) -> tuple[Array, Array]:
    x, y = table(seed)
    x[np.random.default_rng(seed + 1).random(x.shape) < 0.15] = np.nan
    return x, y


def wide(seed: int) -> tuple[Array, Array]:
    """The famous p much larger than n: nothing is told by anything."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(50, 1000)), rng.permutation(np.arange(50) % 2)


def coded(seed: int, n: int = 240, levels: int = 60) -> tuple[Array, Array]:
    """One column of categories that tell nothing, one number that tells something."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2)
    return np.stack([rng.integers(0, levels, n).astype(float), rng.normal(size=n) + 0.5 * y], axis=1), y


def patients(seed: int, people: int = 40, visits: int = 5) -> tuple[Array, Array, Array]:
    """Visits of people: features tell the person, a person has one label, and the features tell nothing of it."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), visits)
    x = rng.normal(size=(people, 4))[who] + 0.2 * rng.normal(size=(len(who), 4))
    return x, rng.permutation(np.arange(people) % 2)[who], who


def series(seed: int, n: int = 400) -> tuple[Array, Array, Array]:
    """A series that turns slowly, with lags as features; the label says whether it will be high in ten steps."""
    rng = np.random.default_rng(seed)
    level = np.zeros(n + 20)
    for i in range(1, n + 20):
        level[i] = 0.9 * level[i - 1] + rng.normal()
    other = np.convolve(rng.normal(size=n + 19), np.ones(20) / 20, "valid")
    x = np.stack([level[2:n + 2], level[1:n + 1], level[:n], other * 20], axis=1)  # fmt: skip
    ahead = level[12:n + 12]  # fmt: skip
    return x, (ahead > np.median(ahead)).astype(int), np.arange(n)


# --- procedures that are given a split: (x, y, train, test) -> scores ------------------------------


def scaled(leaky: bool) -> Callable[..., Array]:
    def scaling(x: Array, y: Array, train: Array, test: Array) -> Array:
        seen = x if leaky else x[train]
        z = (x - seen.mean(axis=0)) / (seen.std(axis=0) + 1e-9)
        return ridge(z[train], y[train], z[test])

    return scaling


def imputed(leaky: bool) -> Callable[..., Array]:
    def imputing(x: Array, y: Array, train: Array, test: Array) -> Array:
        seen = x if leaky else x[train]
        z = np.where(np.isnan(x), np.nanmedian(seen, axis=0), x)
        return ridge(z[train], y[train], z[test])

    return imputing


def chosen(leaky: bool) -> Callable[..., Array]:
    def choosing(x: Array, y: Array, train: Array, test: Array) -> Array:
        seen = np.arange(len(x)) if leaky else train
        strength = np.abs((x[seen] - x[seen].mean(axis=0)).T @ (y[seen] - y[seen].mean()))
        best = np.argsort(-strength, kind="stable")[:10]
        return ridge(x[train][:, best], y[train], x[test][:, best])

    return choosing


def encoded(leaky: bool) -> Callable[..., Array]:
    def encoding(x: Array, y: Array, train: Array, test: Array) -> Array:
        seen = np.arange(len(x)) if leaky else train
        size = int(x[:, 0].max()) + 1
        codes = x[:, 0].astype(int)
        hits = np.bincount(codes[seen], weights=y[seen], minlength=size)
        means = (hits + y[seen].mean()) / (np.bincount(codes[seen], minlength=size) + 1)
        z = np.stack([means[codes], x[:, 1]], axis=1)
        return ridge(z[train], y[train], z[test], 0.01)

    return encoding


def smoted(leaky: bool) -> Callable[..., Array]:
    """New rows of the rare class between neighbours (SMOTE, Chawla et al. 2002), made from all rows or from train."""

    def resampling(x: Array, y: Array, train: Array, test: Array, seed: int = 0) -> Array:
        rng = np.random.default_rng(seed)
        z, w = x[train], y[train]
        sx, sy = (x, y) if leaky else (z, w)
        rare = sx[sy == 1]
        if len(rare) < 2:
            return nearest(z, w, x[test])
        distance = ((rare[:, None] - rare[None]) ** 2).sum(axis=2) + np.diag(np.full(len(rare), np.inf))
        partner = np.argsort(distance, axis=1)[:, : min(3, len(rare) - 1)]
        first = rng.integers(0, len(rare), max(1, int((sy == 0).sum()) - len(rare)))
        second = partner[first, rng.integers(0, partner.shape[1], len(first))]
        made = rare[first] + rng.random((len(first), 1)) * (rare[second] - rare[first])
        return nearest(np.concatenate([z, made]), np.concatenate([w, np.ones(len(made))]), x[test])

    return resampling


# --- procedures that split by themselves: (x, y) -> the AUC they claim -----------------------------


def folds(n: int, rng: np.random.Generator, k: int = 4) -> list[tuple[Array, Array]]:
    part = rng.permutation(n) % k
    return [(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in range(k)]


def claim(procedure: Callable[..., Array]) -> Callable[..., float]:
    """The score that cross-validating a procedure reports: the mean over folds."""

    def validated(x: Array, y: Array, seed: int = 0) -> float:
        pairs = folds(len(y), np.random.default_rng([seed, 77]))
        return float(np.mean([auc(y[b], procedure(x, y, a, b)) for a, b in pairs if 0 < y[b].sum() < len(b)]))

    return validated


def oversampled(leaky: bool) -> Callable[..., float]:
    """The rare class repeated until there are as many, and then split; or split, and then repeated."""

    def balanced(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        rare, often = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
        more = rng.choice(rare, max(0, len(often) - len(rare)))
        rows = np.concatenate([np.arange(len(y)), more])
        return x[rows], y[rows]

    def procedure(x: Array, y: Array, seed: int = 0) -> float:
        rng = np.random.default_rng([seed, 77])
        if leaky:
            x, y = balanced(x, y, rng)
        found = []
        for a, b in folds(len(y), rng):
            z, w = (x[a], y[a]) if leaky else balanced(x[a], y[a], rng)
            if 0 < y[b].sum() < len(b):
                found.append(auc(y[b], nearest(z, w, x[b])))
        return float(np.mean(found))

    return procedure


def by_person(leaky: bool, who: Array) -> Callable[..., float]:
    """Rows of one person on both sides, or not."""

    def procedure(x: Array, y: Array, seed: int = 0) -> float:
        rng = np.random.default_rng([seed, 77])
        people = rng.permutation(int(who.max()) + 1)
        part = rng.permutation(len(y)) % 4 if leaky else (people % 4)[who]
        pairs = [(part != i, part == i) for i in range(4)]
        return float(np.mean([auc(y[b], nearest(x[a], y[a], x[b])) for a, b in pairs if 0 < y[b].sum() < b.sum()]))

    return procedure


def by_time(leaky: bool) -> Callable[..., float]:
    """A series shuffled before it is split, or cut once with a gap of four times the memory of the series."""

    def procedure(x: Array, y: Array, seed: int = 0) -> float:
        if leaky:
            return claim(lambda x, y, a, b: nearest(x[a], y[a], x[b]))(x, y, seed)
        cut = int(len(y) * 0.6)
        later = slice(cut + 40, None)
        return auc(y[later], nearest(x[:cut], y[:cut], x[later])) if 0 < y[later].sum() < len(y[later]) else 0.5

    return procedure


# --- steps -----------------------------------------------------------------------------------------


class TargetMeans:
    """Target encoding of the first column; ``way``: "plain", "leave one out" or "folds"."""

    def __init__(self, way: str) -> None:
        self.way = way

    def fit(self, x: Array, y: Array) -> TargetMeans:
        codes = x[:, 0].astype(int)
        self.prior, size = float(np.mean(y)), 10_000
        self.counts = np.bincount(codes, minlength=size)
        self.hits = np.bincount(codes, weights=y, minlength=size)
        return self

    def transform(self, x: Array) -> Array:
        codes = x[:, 0].astype(int)
        return ((self.hits + self.prior) / (self.counts + 1))[codes][:, None]

    def fit_transform(self, x: Array, y: Array) -> Array:
        self.fit(x, y)
        codes = x[:, 0].astype(int)
        if self.way == "plain":
            return self.transform(x)
        if self.way == "leave one out":
            counts, hits = self.counts[codes] - 1, self.hits[codes] - y
            return np.where(counts > 0, hits / np.maximum(counts, 1), self.prior)[:, None]
        made = np.empty((len(y), 1))
        for a, b in folds(len(y), np.random.default_rng(0), 5):
            made[b] = TargetMeans("plain").fit(x[a], y[a]).transform(x[b])
        return made


class Standardised:
    """A scaler; ``leaky`` takes mean and spread of whatever it transforms."""

    def __init__(self, leaky: bool) -> None:
        self.leaky = leaky

    def fit(self, x: Array, y: Array = None) -> Standardised:
        self.mean, self.spread = x.mean(axis=0), x.std(axis=0)
        return self

    def transform(self, x: Array) -> Array:
        return (x - x.mean(axis=0)) / x.std(axis=0) if self.leaky else (x - self.mean) / self.spread

    def fit_transform(self, x: Array, y: Array = None) -> Array:
        return self.fit(x).transform(x)


# --- every leak and its honest twin under one name -------------------------------------------------


def _lint(data: Callable[..., Any], procedure: Callable[[bool], Any]) -> Callable[[int, bool], Any]:
    def replay(seed: int, leaky: bool) -> Any:
        from castalia.kit.tabular import leaks

        return leaks.lint(procedure(leaky), *data(seed), seed=seed)

    return replay


def _score(data: Callable[..., Any], procedure: Callable[..., Any], beside: str = "") -> Callable[[int, bool], Any]:
    def replay(seed: int, leaky: bool) -> Any:
        from castalia.kit.tabular import leaks

        x, y, *rest = data(seed)
        run = procedure(leaky, *rest) if beside == "groups" else procedure(leaky)
        return leaks.lint_score(run, x, y, seed=seed, **({beside: rest[0]} if beside else {}))

    return replay


def _step(data: Callable[[int], Any], step: Callable[[bool], Any]) -> Callable[[int, bool], Any]:
    def replay(seed: int, leaky: bool) -> Any:
        from castalia.kit.tabular import leaks

        return leaks.lint_step(step(leaky), *data(seed), seed=seed)

    return replay


def _repeated(seed: int, leaky: bool) -> Any:
    """The rare class repeated, then split; or split only."""
    from castalia.kit.tabular import leaks

    (x, y), rng = table(seed), np.random.default_rng([seed, 77])
    if leaky:
        more = rng.choice(np.flatnonzero(y == 1), int((y == 0).sum() - y.sum()))
        x, y = np.concatenate([x, x[more]]), np.concatenate([y, y[more]])
    late = rng.permutation(len(y)) < len(y) // 4
    return leaks.lint_table(x, y, train=np.flatnonzero(~late), test=np.flatnonzero(late))


def _people(seed: int, leaky: bool) -> Any:
    from castalia.kit.tabular import leaks

    (x, y, who), rng = patients(seed), np.random.default_rng([seed, 77])
    late = rng.permutation(len(y)) < 50 if leaky else rng.permutation(int(who.max()) + 1)[who] < 10
    return leaks.lint_table(x, y, groups=who, train=~late, test=late)


def _shuffled(seed: int, leaky: bool) -> Any:
    from castalia.kit.tabular import leaks

    x, y, when = series(seed)
    late = np.random.default_rng([seed, 77]).permutation(len(y)) < 120 if leaky else when >= 280
    return leaks.lint_table(x, y, time=when, train=~late, test=late)


def _after(seed: int, leaky: bool) -> Any:
    """A column recorded after the outcome: nearly the label; or one that is only related to it."""
    from castalia.kit.tabular import leaks

    x, y = table(seed)
    rng = np.random.default_rng([seed, 77])
    return leaks.lint_table(np.column_stack([x, y + (0.05 if leaky else 0.7) * rng.normal(size=len(y))]), y)


CASES: dict[str, Callable[[int, bool], Any]] = {
    "lint: scaling before the split": _lint(table, scaled),
    "lint: imputation before the split": _lint(gapped, imputed),
    "lint: selection before the split, p >> n": _lint(wide, chosen),
    "lint: target encoding outside the folds": _lint(coded, encoded),
    "lint: SMOTE before the split": _lint(table, smoted),
    "lint_score: oversampling before the split": _score(table, oversampled),
    "lint_score: selection before the split, p >> n": _score(wide, lambda leaky: claim(chosen(leaky))),
    "lint_score: target encoding outside the folds": _score(coded, lambda leaky: claim(encoded(leaky))),
    "lint_score: one patient on both sides": _score(patients, by_person, "groups"),
    "lint_score: a series shuffled, then split": _score(series, by_time, "time"),
    "lint_step: target encoding, not cross-fitted": _step(
        coded, lambda leaky: TargetMeans("plain" if leaky else "folds")
    ),
    "lint_step: leave-one-out encoding": _step(
        lambda seed: coded(seed, 600, 30), lambda leaky: TargetMeans("leave one out" if leaky else "folds")
    ),
    "lint_step: mean and spread of the batch": _step(table, Standardised),
    "lint_table: copies on both sides": _repeated,
    "lint_table: one patient on both sides": _people,
    "lint_table: a series shuffled, then split": _shuffled,
    "lint_table: the outcome in a column": _after,
}
"""What is asked: (seed, leaky) -> the linter's report."""
