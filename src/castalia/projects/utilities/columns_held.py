"""M2: what columns are made ready from, and what must hold of them."""

from __future__ import annotations

import math
import statistics
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Handle, Subject, equal, refuses, true

Array = np.ndarray[Any, Any]
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24)
SCALERS = ("Standardizer", "MinMaxScaler")

# --- what the claims make ------------------------------------------------------------------------


def rows(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Rows of fit and other rows: columns of different places and widths, with gaps, one of equal numbers."""
    columns = 2 + size // 4
    both = rng.normal(rng.normal(scale=5.0, size=columns), rng.uniform(0.5, 50.0, columns), (2 * size + 4, columns))
    both[rng.random(both.shape) < 0.15] = np.nan
    train, other = both[: size + 3], both[size + 3 :]
    train[0] = np.where(np.isnan(train[0]), 1.0, train[0])
    train[1] = np.where(np.isnan(train[1]), 2.5, train[1])
    train[:, -1] = rng.choice([0.1, -0.3, 7.0, 0.0])
    return train, other


def texts(rng: np.random.Generator, size: int) -> tuple[list[str | None], list[str | None]]:
    names = ["red", "green", "blue", "Ünder", "10", "9", ""]
    both: list[str | None] = [names[int(at)] for at in rng.integers(len(names), size=2 * size)]
    both = [None if rng.random() < 0.1 else each for each in both]
    return ["red", *both[:size]], both[size:]


def targets(rng: np.random.Generator, size: int) -> tuple[list[str], Array, float, int]:
    """Texts of very different frequency, a target, the smoothing and a seed."""
    length = 2 * size + 4
    values = [f"c{int(min(9, each))}" for each in rng.geometric(0.4, length)]
    return values, rng.normal(size=length), float(rng.choice([0.5, 2.0, 10.0])), int(rng.integers(1000))


def noise(rng: np.random.Generator, size: int) -> tuple[list[str], Array, int]:
    """Texts that occur about three times each and have nothing to do with the target."""
    length = 600 * size
    values = [f"c{int(each)}" for each in rng.integers(length // 3, size=length)]
    return values, (rng.random(length) < 0.5).astype(float), int(rng.integers(1000))


# --- scalers -------------------------------------------------------------------------------------


def scaled(name: str, train: Array, x: Array) -> Array:
    """Column by column, in plain Python, gaps left out."""
    made = np.full(x.shape, np.nan)
    for column in range(x.shape[1]):
        known = [float(each) for each in train[:, column] if not math.isnan(each)]
        low, high = min(known), max(known)
        shift, scale = low, high - low
        if name == "Standardizer":
            shift = math.fsum(known) / len(known)
            scale = math.sqrt(math.fsum((each - shift) ** 2 for each in known) / len(known))
        if low == high:
            shift, scale = low, 1.0
        made[:, column] = (x[:, column] - shift) / scale
    return made


def fitted(subject: Subject, name: str, train: Any, *arguments: Any) -> Handle:
    made = subject.new(name, *arguments)
    made.call("fit", train)
    return made


def scales(name: str, subject: Subject, train: Array, other: Array) -> None:
    made = fitted(subject, name, train)
    for words, x in (("the rows of fit", train), ("other rows", other), ("one row", other[:1])):
        equal(made.call("transform", x), scaled(name, train, x), 1e-9, f"{name}.transform of {words}", scale=1.0)


def inverts(subject: Subject, train: Array, other: Array) -> None:
    both = np.vstack([train, other])
    size = float(np.nanmax(np.abs(both)))
    for name in SCALERS:
        made = fitted(subject, name, train)
        back = made.call("inverse", made.call("transform", both))
        equal(back, both, 1e-9, f"{name}.inverse of its transform", scale=size)


def learns_from_fit_alone(subject: Subject, train: Array, other: Array) -> None:
    both = np.vstack([train, other * 100.0 + 1000.0])
    imputed = np.where(np.isnan(train), 0.0, train)
    for name in (*SCALERS, "Imputer"):
        made = fitted(subject, name, train)
        alone = made.call("transform", train)
        words = f"{name}: the rows of fit come out the same when other rows follow them"
        equal(made.call("transform", both)[: len(train)], alone, 1e-12, words, scale=1.0)
        equal(made.call("transform", train), alone, 1e-12, f"{name}, asked once more after other rows", scale=1.0)
        made.call("fit", np.vstack([imputed + 3.0, imputed * 2.0]))
        made.call("fit", train)
        equal(made.call("transform", train), alone, 1e-12, f"{name}, fitted anew, forgets the rows before", scale=1.0)


def refuses_rows(subject: Subject, train: Array, other: Array) -> None:
    infinite, empty = train.copy(), train.copy()
    infinite[0, 0], empty[:, 0] = np.inf, np.nan
    for name in (*SCALERS, "Imputer"):
        made = subject.new(name)
        refuses("ValueError", partial(made.call, "transform", other), f"{name}.transform before fit")
        if name in SCALERS:
            refuses("ValueError", partial(made.call, "inverse", other), f"{name}.inverse before fit")
            refuses("ValueError", partial(made.call, "fit", infinite), f"{name}.fit with an infinite number")
        refuses("ValueError", partial(made.call, "fit", empty), f"{name}.fit with a column of gaps alone")
        made.call("fit", train)
        for wrong in (other[:, :-1], np.hstack([other, other]), other[:, :1]):
            ask = partial(made.call, "transform", wrong)
            refuses("ValueError", ask, f"{name}.transform of {wrong.shape[1]} columns, fitted on {train.shape[1]},")
            if name in SCALERS:
                refuses("ValueError", partial(made.call, "inverse", wrong), f"{name}.inverse of another width")


def imputes(subject: Subject, train: Array, other: Array) -> None:
    made = fitted(subject, "Imputer", train)
    for x in (train, other):
        expected = x.copy()
        for column in range(x.shape[1]):
            middle = statistics.median(float(each) for each in train[:, column] if not math.isnan(each))
            expected[np.isnan(x[:, column]), column] = middle
        equal(made.call("transform", x), expected, 1e-12, "Imputer.transform", scale=float(np.nanmax(np.abs(train))))


# --- texts ---------------------------------------------------------------------------------------


def one_hot(subject: Subject, train: list[str | None], other: list[str | None]) -> None:
    made = fitted(subject, "OneHotEncoder", train)
    names = sorted({each for each in train if each is not None})
    got = made.get("categories")
    true(got == names, "OneHotEncoder.categories", got, names)
    for values in (train, [*other, "never seen"], []):
        expected = np.zeros((len(values), len(names)))
        for row, value in enumerate(values):
            if value in names:
                expected[row, names.index(value)] = 1.0
        encoded = made.call("transform", values)
        equal(encoded, expected, 1e-12, f"OneHotEncoder.transform, fitted on {names},")
        back, known = made.call("inverse", encoded), [value if value in names else None for value in values]
        true(back == known, "OneHotEncoder.inverse of its transform", repr(back)[:200], repr(known)[:200])


def one_hot_refuses(subject: Subject, train: list[str | None], other: list[str | None]) -> None:
    made = subject.new("OneHotEncoder")
    refuses("ValueError", partial(made.call, "transform", other), "OneHotEncoder.transform before fit")
    refuses("ValueError", partial(made.call, "inverse", np.zeros((1, 1))), "OneHotEncoder.inverse before fit")
    made.call("fit", train)
    wide = np.zeros((1, len(made.get("categories")) + 1))
    refuses("ValueError", partial(made.call, "inverse", wide), "OneHotEncoder.inverse of a column too many")


# --- pipelines -----------------------------------------------------------------------------------


def steps(subject: Subject, kinds: tuple[str, ...]) -> list[Handle]:
    return [subject.new(kind) for kind in kinds]


def composes(subject: Subject, train: Array, other: Array) -> None:
    """Three steps in three groupings, against the steps by hand."""
    largest = float(np.nanmax(np.abs(np.vstack([train, other]))))
    for kinds in (("Imputer", "Standardizer", "MinMaxScaler"), ("MinMaxScaler", "Imputer", "Standardizer")):
        x, z = train, other
        for step in steps(subject, kinds):
            step.call("fit", x)
            x, z = step.call("transform", x), step.call("transform", z)
        a, b, c = steps(subject, kinds)
        d, e, f = steps(subject, kinds)
        g, h, i = steps(subject, kinds)
        groupings = {
            "Pipeline(a, b, c)": subject.new("Pipeline", a, b, c),
            "Pipeline(Pipeline(a, b), c)": subject.new("Pipeline", subject.new("Pipeline", d, e), f),
            "Pipeline(a, Pipeline(b, c))": subject.new("Pipeline", g, subject.new("Pipeline", h, i)),
        }
        for words, made in groupings.items():
            made.call("fit", train)
            equal(made.call("transform", train), x, 1e-9, f"{words} of {', '.join(kinds)}: fit rows", scale=1.0)
            equal(made.call("transform", other), z, 1e-9, f"{words} of {', '.join(kinds)}: other rows", scale=1.0)
    for pair in (SCALERS, SCALERS[::-1]):
        made = subject.new("Pipeline", *steps(subject, pair))
        made.call("fit", train)
        back = made.call("inverse", made.call("transform", other))
        equal(back, other, 1e-9, f"inverse of a Pipeline of {', '.join(pair)}", scale=largest)


# --- target encoding -----------------------------------------------------------------------------


def encoded(values: list[str], target: Array, smoothing: float, asked: list[str]) -> list[float]:
    middle = math.fsum(target) / len(target)
    made = []
    for value in asked:
        own = [float(each) for each, name in zip(target, values, strict=True) if name == value]
        made.append((math.fsum(own) + smoothing * middle) / (len(own) + smoothing))
    return made


def encodes(subject: Subject, values: list[str], target: Array, smoothing: float, seed: int) -> None:
    made = subject.new("TargetEncoder", smoothing, 3, seed)
    refuses("ValueError", partial(made.call, "transform", values), "TargetEncoder.transform before fit")
    refuses("ValueError", partial(made.call, "fit", values, target[:-1]), "TargetEncoder.fit of different lengths")
    refuses("ValueError", partial(made.call, "fit", [], target[:0]), "TargetEncoder.fit of no rows")
    asked = [*values, "never seen"]
    scale = float(np.abs(target).max())
    made.call("fit", values[:1], target[:1])
    equal(made.call("transform", asked[:2]), [target[0]] * 2, 1e-9, "TargetEncoder fitted on one row", scale=scale)
    for words, act in (("fit", "fit"), ("fit_transform", "fit_transform")):
        made.call(act, values, target)
        expected = encoded(values, target, smoothing, asked)
        equal(made.call("transform", asked), expected, 1e-9, f"TargetEncoder.transform after {words}", scale=scale)


def crosses(subject: Subject, values: list[str], target: Array, smoothing: float, seed: int) -> None:
    """The folds show in the answers: a row whose target is changed changes all rows but those of its own fold."""
    folds, length = 2 + seed % 2, len(values)
    scale = float(np.abs(target).max())
    made = subject.new("TargetEncoder", smoothing, folds, seed)
    before = made.call("fit_transform", values, target)
    again = subject.new("TargetEncoder", smoothing, folds, seed).call("fit_transform", values, target)
    equal(again, before, 1e-12, "fit_transform with the same seed", scale=scale)
    parts: set[tuple[int, ...]] = set()
    for row in range(length):
        other = target.copy()
        other[row] += 10.0 * scale
        after = made.call("fit_transform", values, other)
        words = f"fit_transform: row {row} after its own target was changed (no row may see its own target)"
        equal(after[row], before[row], 1e-9, words, scale=scale)
        same = np.flatnonzero(np.abs(after - before) <= 1e-9 * scale)
        parts.add(tuple(int(each) for each in same))
    sizes = sorted(len(each) for each in parts)
    wanted = sorted((length + fold) // folds for fold in range(folds))
    true(sizes == wanted, "fit_transform deals the rows into folds, sizes within one", sizes, wanted)
    for part in parts:
        rest = [row for row in range(length) if row not in part]
        expected = encoded([values[row] for row in rest], target[rest], smoothing, [values[row] for row in part])
        equal(before[list(part)], expected, 1e-9, "fit_transform: a fold, by the other folds alone", scale=scale)


def deals_at_random(subject: Subject, values: list[str], target: Array, smoothing: float, seed: int) -> None:
    values, target = (values * 5)[:40], np.resize(target, 40)
    first = subject.new("TargetEncoder", smoothing, 4, seed).call("fit_transform", values, target)
    others = [subject.new("TargetEncoder", smoothing, 4, seed + more).call("fit_transform", values, target)
              for more in (1, 2)]  # fmt: skip
    unlike = all(not np.allclose(first, each, rtol=1e-6, atol=0.0) for each in others)
    true(unlike, "fit_transform deals the rows at random by the seed", "the same for three seeds", "other folds")
    for folds in (0, 1, 41):
        made = subject.new("TargetEncoder", smoothing, folds, seed)
        ask = partial(made.call, "fit_transform", values, target)
        refuses("ValueError", ask, f"fit_transform of 40 rows in {folds} folds")
    usual = subject.new("TargetEncoder").call("fit_transform", values, target)
    same = subject.new("TargetEncoder", 10.0, 5, 0).call("fit_transform", values, target)
    equal(
        usual, same, 1e-12, "fit_transform with smoothing, folds and seed left out", scale=float(np.abs(target).max())
    )
    leave_one_out = subject.new("TargetEncoder", smoothing, 40, seed).call("fit_transform", values, target)
    every = [encoded([*values[:row], *values[row + 1 :]], np.delete(target, row), smoothing, [values[row]])[0]
             for row in range(40)]  # fmt: skip
    equal(leave_one_out, every, 1e-9, "fit_transform with a fold for each row", scale=float(np.abs(target).max()))


def auc(actual: Array, scores: Array) -> float:
    gaps = np.sign(scores[actual == 1][:, None] - scores[actual == 0][None, :])
    return float((gaps.mean() + 1) / 2)


CHANCE = 0.2
"""How far from 0.5 the area may lie: six standard errors of 600 rows. Encoded by themselves they reach 0.8."""


def says_nothing_of_noise(subject: Subject, values: list[str], target: Array, seed: int) -> None:
    made = subject.new("TargetEncoder", 1.0, 5, seed).call("fit_transform", values, target)
    area = auc(target, np.asarray(made, dtype=float))
    words = f"ROC AUC of fit_transform on a target that has nothing to do with the texts, at most {0.5 + CHANCE}"
    true(abs(area - 0.5) <= CHANCE, words, area, 0.5)
