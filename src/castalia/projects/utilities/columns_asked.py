"""M2: what is asked of columns that are made ready: the same for any rows, learnt from those of fit alone."""

from __future__ import annotations

import math
import statistics
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Handle, Subject, equal, refuses, true

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
        made.call("fit", other * 0 + 5.0 if name == "Imputer" else np.vstack([imputed + 3.0, imputed * 2.0]))
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
    train = np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, np.nan]]) if train.shape[1] < 2 else train
    other = other[:, : train.shape[1]] if other.shape[1] >= train.shape[1] else train * 2
    for kinds in (("Imputer", "Standardizer", "MinMaxScaler"), ("MinMaxScaler", "Imputer", "Standardizer")):
        x, z, scale = train, other, float(np.nanmax(np.abs(train)))
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
    for kinds in (SCALERS, SCALERS[::-1]):
        made = subject.new("Pipeline", *steps(subject, kinds))
        made.call("fit", train)
        back = made.call("inverse", made.call("transform", other))
        equal(back, other, 1e-9, f"inverse of a Pipeline of {', '.join(kinds)}", scale=max(scale, 1.0) * 100)


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
    for words, act in (("fit", "fit"), ("fit_transform", "fit_transform")):
        made.call(act, values, target)
        expected = encoded(values, target, smoothing, asked)
        equal(made.call("transform", asked), expected, 1e-9, f"TargetEncoder.transform after {words}", scale=scale)


def crosses(subject: Subject, values: list[str], target: Array, smoothing: float, seed: int) -> None:
    """The folds show in the answers: a row whose target is changed changes all rows but those of its own fold."""
    folds, length = 3, len(values)
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


_PLAIN = np.array([[0.0, 2.0], [4.0, 3.0]])
_CONSTANT = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]])
_GAPS = np.array([[np.nan, 1.0], [2.0, np.nan], [4.0, 3.0]])
EDGES = (
    lambda: (_PLAIN, np.array([[2.0, -1.0]])),
    lambda: (_CONSTANT, np.array([[5.1, 3.0]])),
    lambda: (_GAPS, np.array([[np.nan, np.nan], [1e6, 0.0]])),
    lambda: (np.array([[7.0, -2.0]]), np.array([[8.0, -2.0]])),
)

CLAIMS = (
    Claim(
        id="standardizes",
        words="Standardizer gives the columns of fit the mean 0 and the deviation 1, gaps and equal numbers apart.",
        topics={"da03": 0.6, "ml04": 0.4},
        at="Standardizer",
        make=rows,
        holds=partial(scales, "Standardizer"),
        sizes=SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "Which rows give the mean, and which are only transformed by it?",
            "Try a column of 0.1, 0.1, 0.1, and one with a NaN. What is their deviation?",
            "nanmean and nanstd over axis=0 in fit; where smallest and largest are equal, divide by 1.",
        ),
    ),
    Claim(
        id="min_max",
        words="MinMaxScaler takes the smallest number of each column of fit to 0, the largest to 1, and others along.",
        topics={"da03": 0.5, "ml04": 0.5},
        at="MinMaxScaler",
        make=rows,
        holds=partial(scales, "MinMaxScaler"),
        sizes=SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "What does a number above the largest of fit become? Must it be 1?",
            "Transform a single row. Does it become all zeros?",
            "Keep the smallest number and the width of each column in fit; never look for them in transform.",
        ),
    ),
    Claim(
        id="inverse_is_the_way_back",
        words="inverse(transform(x)) is x, to nine digits, of rows of fit and of others, gaps included.",
        topics={"da03": 0.4, "py03": 0.6},
        at="Standardizer.inverse",
        make=rows,
        holds=inverts,
        sizes=SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "You subtract, then divide. What is the way back, and in which order?",
            "What comes back of a column of equal numbers?",
            "Multiply by what you divided by, then add what you took away: the same two arrays.",
        ),
    ),
    Claim(
        id="learns_from_fit_alone",
        words="Scalers and Imputer learn nothing in transform: rows that follow change nothing, and a new fit forgets.",
        topics={"ml04": 0.6, "da03": 0.4},
        at="Standardizer.transform",
        make=rows,
        holds=learns_from_fit_alone,
        sizes=SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "A mean that has seen the test rows knows something of them. Where could it have?",
            "Transform the rows of fit alone, then with others behind them, and compare.",
            "Only fit may assign to self.",
        ),
    ),
    Claim(
        id="refuses_rows",
        words="Scalers and Imputer raise ValueError before fit, for another width, and for columns they cannot learn.",
        topics={"da03": 1.0},
        at="Standardizer.fit",
        make=rows,
        holds=refuses_rows,
        sizes=(4, 8),
        cases=2,
        hints=(
            "What does NumPy make of (n, 3) minus (1,)?",
            "What is the median of no numbers? And the mean of a column with an infinity in it?",
            "Check fitted or not, width, infinities, and columns of NaN alone, before anything is computed.",
        ),
    ),
    Claim(
        id="imputes_the_median",
        words="Imputer puts the median that a column had in fit where a number is missing, and there only.",
        topics={"da03": 1.0},
        at="Imputer",
        make=rows,
        holds=imputes,
        sizes=SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "Which median do the gaps of the test rows get?",
            "Is the table that you were given still the same afterwards?",
            "nanmedian over axis=0 in fit; in transform choose between x and it, without writing into x.",
        ),
    ),
    Claim(
        id="one_hot",
        words="OneHotEncoder has the texts of fit as columns, in alphabetical order, and zeros for None and new texts.",
        topics={"ml04": 0.7, "da03": 0.3},
        at="OneHotEncoder",
        make=texts,
        holds=one_hot,
        sizes=SIZES,
        cases=9,
        edges=(lambda: (["b", "a", "b"], ["c", None, "a"]), lambda: (["x"], [])),
        hints=(
            "How many columns has a test row with a text that training never saw?",
            "Is None a text?",
            "Sort the set of texts in fit; compare each value with each of them in transform.",
        ),
    ),
    Claim(
        id="one_hot_refuses",
        words="OneHotEncoder raises ValueError before fit, and in inverse for rows of another width.",
        topics={"da03": 0.5, "ml04": 0.5},
        at="OneHotEncoder.inverse",
        make=texts,
        holds=one_hot_refuses,
        sizes=(1, 4),
        cases=2,
        hints=(
            "What does your encoder know before fit?",
            "Ask inverse for a column more than there are categories, with zeros in it.",
            "Look at what fit has set, and at the second number of the shape, first of all.",
        ),
    ),
    Claim(
        id="pipelines_compose",
        words="A Pipeline fits each step on what the one before makes; how steps are grouped makes no difference.",
        topics={"py03": 1.0},
        at="Pipeline",
        make=rows,
        holds=composes,
        sizes=(2, 4, 8, 16),
        cases=4,
        edges=(lambda: (_GAPS, np.array([[1.0, 2.0]])),),
        hints=(
            "If f, g and h are functions, is (f after g) after h the same as f after (g after h)?",
            "What is the second step fitted on: the rows you were given, or those the first step made of them?",
            "In fit, transform the rows between two steps. For inverse, go through the steps backwards.",
        ),
    ),
    Claim(
        id="target_means",
        words="TargetEncoder.transform gives a text the mean target of its rows in fit, drawn towards the mean of all.",
        topics={"ml04": 1.0},
        at="TargetEncoder.transform",
        make=targets,
        holds=encodes,
        sizes=(1, 2, 4, 8, 16),
        cases=6,
        hints=(
            "How far do you trust the mean of a text that occurs once?",
            "Put numbers into the formula by hand: two rows, smoothing 2.",
            "Sum and count the targets by text; a text that is new has neither, and gets the mean of all.",
        ),
    ),
    Claim(
        id="target_cross_fitted",
        words="TargetEncoder.fit_transform encodes each row by the rows of the other folds alone, their mean included.",
        topics={"ml04": 0.7, "py03": 0.3},
        at="TargetEncoder.fit_transform",
        make=targets,
        holds=crosses,
        sizes=(1, 2, 4, 8),
        cases=6,
        hints=(
            "What is the mean target of a text that occurs once, and what does it give away?",
            "Change one target and compare: which rows may change, and which may not?",
            "For each fold: fit on the rows outside, transform the rows inside. Fit on all rows at the very end.",
        ),
    ),
    Claim(
        id="target_folds_at_random",
        words="fit_transform deals rows into folds at random by the seed; it refuses one fold, and more folds than rows.",
        topics={"ml04": 1.0},
        at="TargetEncoder.fit_transform",
        make=targets,
        holds=deals_at_random,
        sizes=(8, 16),
        cases=3,
        hints=(
            "What if the rows are sorted by date, or by the target?",
            "Ask with two seeds and compare. Ask for as many folds as there are rows.",
            "A permutation of the rows by a generator of the seed, then the remainder by the number of folds.",
        ),
    ),
    Claim(
        id="target_noise",
        words="On texts that say nothing about the target, fit_transform ranks no better than chance.",
        topics={"ml04": 1.0},
        at="TargetEncoder.fit_transform",
        make=noise,
        holds=says_nothing_of_noise,
        sizes=(1,),
        cases=5,
        hints=(
            "How well can pure noise be predicted?",
            "Compute the ROC AUC of your encoded column on random targets: is it 0.5?",
            "Some row still sees its own target: in the sums, in the counts, or in the mean of all.",
        ),
    ),
)
