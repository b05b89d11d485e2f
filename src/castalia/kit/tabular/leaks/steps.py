"""A preprocessor with ``fit``, ``transform`` and ``fit_transform``: does what it makes of a row know the row's label?

On shuffled labels there is nothing to know. Whatever still tells them from the transformed rows has been told by the
step itself, and a model behind it will believe it. Rank correlation misses that: leave-one-out encoding looks clean
by AUC while a deep tree reads the labels back. So columns are cut into few, many and single-valued bins too, learnt
on one half of the rows and scored on the other.
"""

from __future__ import annotations

import copy
import inspect
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.kit.metrics.ranking import roc_auc
from castalia.kit.stats import Interval, t_quantile
from castalia.kit.tabular.leaks.findings import Evidence, Finding, Report
from castalia.kit.tabular.leaks.rows import Array, Bools, Rows, is_regression, target
from castalia.kit.tabular.leaks.running import Declined, own_generator, seeded

Floats = NDArray[np.float64]
BINS = (4, 16, 64, 0)
"""Bins of equal mass; 0: one for each value, as a deep tree has them."""
COLUMNS = 64
READINGS = 3
"""How often the halves are drawn for one noise target."""


def lint_step(
    step: Any, x: Any, y: ArrayLike, *, draws: int = 20, margin: float = 0.05, alpha: float = 0.001, seed: int = 0
) -> Report:
    """Probe a preprocessor, ours or any with the methods of scikit-learn; it is copied, never changed.

    ``noise target``: fitted on ``draws`` shuffles of y, its output may tell them on rows held out of the reading with
    an AUC of at most 0.5 + ``margin`` (one-sided t-interval at 1 - ``alpha``; classes other than the commonest, and
    numbers above the median, are the positives). Between 0.5 and the margin it is a note: cross-fitted encodings have
    a faint echo there, since a fold's labels are missing from its own means. ``transform``: what it makes of a row
    may not hang on the rows beside it, nor change the step.

    The cost is ``draws`` + 3 fits and 4 transforms, less where the output does not change with the labels.
    Training rows are asked of ``fit_transform``; a step whose ``transform`` refuses them gets a note.
    WrongInput where it has no ``fit``, no ``transform``, or makes another number of rows.
    """
    rows = Rows(x)
    labels = target(y, len(rows))
    if isinstance(step, type):
        raise WrongInput(
            "a class, not a step", step.__name__, "an object of it", f"Write {step.__name__}().", field="step"
        )
    if not hasattr(step, "fit") or not (hasattr(step, "transform") or hasattr(step, "fit_transform")):
        raise WrongInput("no step", type(step).__name__, "fit and transform", "Wrap it in a class.", field="step")
    if len(rows) < 40:
        raise WrongInput("too few rows", str(len(rows)), "40 or more", "Halves are read and scored.", field="x")
    if draws < 5:
        raise WrongInput("too few draws", str(draws), "5 or more", "20 are usual.", field="draws")
    rng = own_generator(seed)
    runner = _Steps(step, rows, seed)
    findings: list[Finding] = []
    checks: list[str] = []
    if runner.sees_labels:
        deep, plain = [], []
        before: Floats | None = None
        for draw in range(draws):
            noise = rng.permutation(labels)
            made = runner.fit_transform(noise)
            if draw == 1 and before is not None and np.array_equal(made, before):
                break  # other labels, the same output: they are not in it
            before = made
            positive = positives(noise)
            deep.append(np.mean([told(made, positive, rng) for _ in range(READINGS)]))
            plain.append(max((abs(roc_auc(positive, column) - 0.5) + 0.5 for column in made.T[:COLUMNS]), default=0.5))
        checks.append("noise target")
        if len(deep) == draws:
            findings += _noise(np.array(deep), float(np.mean(plain)), margin, alpha)
    if hasattr(step, "transform"):
        checks += ["rows beside", "state", "training rows"]
        findings += _transforms(runner, labels, rng)
    return Report("lint_step", tuple(findings), tuple(checks), runner.runs)


class _Steps:
    """Copies of the step, fitted and asked."""

    def __init__(self, step: Any, rows: Rows, seed: int) -> None:
        self.step, self.rows, self.seed, self.runs = step, rows, seed, 0
        self.codes: dict[str, int] = {}
        """Of the words in its outputs: the same in all of them, so that they can be compared."""
        self.sees_labels = any(_takes_y(getattr(step, name, None)) for name in ("fit", "fit_transform"))

    def fit(self, y: Array, index: Array) -> Any:
        fitted = copy.deepcopy(self.step)
        given = (self.rows.take(index), y[index]) if _takes_y(fitted.fit) else (self.rows.take(index),)
        self.runs += 1
        with seeded(self.seed):
            fitted.fit(*given)
        return fitted

    def fit_transform(self, y: Array) -> Floats:
        """Of all rows."""
        everything = np.arange(len(self.rows))
        if not hasattr(self.step, "fit_transform"):
            return self.transform(self.fit(y, everything), everything)
        fitted, x = copy.deepcopy(self.step), self.rows.take(everything)
        self.runs += 1
        with seeded(self.seed):
            made = fitted.fit_transform(x, y.copy()) if _takes_y(fitted.fit_transform) else fitted.fit_transform(x)
        return matrix(made, len(everything), self.codes)

    def transform(self, fitted: Any, index: Array) -> Floats:
        self.runs += 1
        with seeded(self.seed):
            try:
                made = fitted.transform(self.rows.take(index))
            except Exception as error:  # the user's code: a category that fit has not seen, say
                raise Declined(error) from error
        return matrix(made, len(index), self.codes)


def _noise(deep: Floats, plain: float, margin: float, alpha: float) -> list[Finding]:
    mean = float(deep.mean())
    half = t_quantile(1 - alpha, len(deep) - 1) * float(deep.std(ddof=1)) / math.sqrt(len(deep))
    if mean - half <= 0.5:
        return []
    evidence: Evidence = {"AUC read from the output": Interval(mean, mean - half, mean + half, 1 - 2 * alpha),
                "strongest column alone": plain}  # fmt: skip
    if mean - half <= 0.5 + margin:
        return [Finding("noise target", "note", "the output has a faint echo of the labels", evidence,
                        "A fold's labels are missing from its own means: cross-fitted encodings of rare categories "
                        "show it.", "Smooth more, or group rare categories.")]  # fmt: skip
    return [Finding("noise target", "leak", "the output tells labels that are noise", evidence,
                    "The step puts a row's own label into its features, or chooses features by all labels it is "
                    "given: a model behind it reads that back and fails on new rows.",
                    "Cross-fit it: encode each row without its own label. Fit it on training rows only.")]  # fmt: skip


def _transforms(runner: _Steps, y: Array, rng: np.random.Generator) -> list[Finding]:
    """What ``transform`` makes of rows, alone and in company."""
    order = rng.permutation(len(y))
    train, test = np.sort(order[: len(y) // 2]), np.sort(order[len(y) // 2 :])
    try:
        fitted = runner.fit(y, train)
        alone = runner.transform(fitted, test[: len(test) // 2])
        company = runner.transform(fitted, np.concatenate([test, np.full(len(test), test[-1])]))[: len(alone)]
        again = runner.transform(fitted, test[: len(test) // 2])
    except Declined as error:
        return [Finding("rows beside", "note", "transform of held-out rows did not run", _raised(error),
                        "The step refused rows it had not seen.",
                        "Let it take unknown values, since new rows will have them.")]  # fmt: skip
    found: list[Finding] = []
    if not _same(alone, again):
        found.append(Finding("state", "leak", "transform changes the step", {"rows": len(alone)},
                             "The same rows, asked twice, came out differently: it learns from what it transforms, "
                             "or is random without a seed.", "Learn in fit only."))  # fmt: skip
    elif not _same(alone, company):
        found.append(Finding("rows beside", "leak", "a row's output hangs on the rows beside it",
                             {"rows": len(alone), "largest difference": _largest(alone, company)},
                             "Statistics are computed in transform: mean, ranks or categories of the batch.",
                             "Compute them in fit, keep them, apply them."))  # fmt: skip
    everything = np.arange(len(y))
    fitted, first = runner.fit(y, everything), runner.fit_transform(y)
    try:
        second = runner.transform(fitted, everything)
    except Declined as error:
        found.append(Finding("training rows", "note", "transform refuses the rows of fit", _raised(error),
                             "Right for a cross-fitted step: they would be encoded with their own label.",
                             "Use fit_transform on training rows and transform on all others."))  # fmt: skip
        return found
    if not _same(first, second):
        found.append(Finding("training rows", "note", "fit_transform is not fit, then transform",
                             {"largest difference": _largest(first, second)},
                             "Right for a cross-fitted step: training rows are encoded without their own label.",
                             "Use fit_transform on training rows and transform on all others."))  # fmt: skip
    return found


def _raised(error: Declined) -> Evidence:
    return {"error": f"{type(error.cause).__name__}: {error.cause}"[:200]}


def told(made: Floats, positive: Bools, rng: np.random.Generator) -> float:
    """The AUC with which the best binned column, chosen and learnt on one half, tells the labels of the other."""
    n = len(positive)
    part = rng.permutation(n) % 4  # 0 learns and 1 chooses, then both learn; 2 and 3 are scored
    columns = made.T
    if len(columns) > COLUMNS:
        centred = positive[part < 2] - positive[part < 2].mean()
        spread = made[part < 2].std(axis=0)
        strength = np.abs(centred @ made[part < 2]) / np.where(spread > 0, spread, np.inf)
        columns = columns[np.argsort(-strength)[:COLUMNS]]
    best, chosen = -1.0, None
    for column in columns:
        values, codes = np.unique(column, return_inverse=True)
        if len(values) < 2:
            continue
        place = (
            np.argsort(np.argsort(column, kind="stable")) if len(values) == n else np.cumsum(np.bincount(codes))[codes]
        )
        for bins in BINS:
            cells = codes.ravel() if not bins else np.minimum(place * bins // (n + 1), bins - 1)
            found = _auc(_means(cells, positive, part == 0)[part == 1], positive[part == 1])
            if found > best:
                best, chosen = found, cells
    return 0.5 if chosen is None else _auc(_means(chosen, positive, part < 2)[part >= 2], positive[part >= 2])


def positives(y: Array) -> Bools:
    """Two sides of any target: above the median, or not of the commonest class."""
    if is_regression(y):
        return np.asarray(y > np.median(y))
    classes, counts = np.unique(y, return_counts=True)
    return np.asarray(y != classes[np.argmax(counts)])


def matrix(made: Any, n: int, codes: dict[str, int]) -> Floats:
    """A step's output as numbers (n, m); words become their ``codes``, new ones too, gaps a value of their own."""
    if hasattr(made, "toarray"):
        made = made.toarray()
    if isinstance(made, list):
        made = np.asarray(made)
    rows = Rows(made)
    if len(rows) != n:
        raise WrongInput("the step makes other rows", f"{len(rows)}", f"{n}, one for each that it got",
                         "A step that drops or adds rows belongs before the split's training side only.",
                         field="step")  # fmt: skip
    columns = []
    for column in rows.columns().values():
        if column.dtype.kind in "biuf":
            numbers = column.astype(np.float64)
        else:
            words, places = np.unique(column.astype(str), return_inverse=True)
            known = [codes.setdefault(word, len(codes)) for word in words.tolist()]
            numbers = np.array(known, np.float64)[places.ravel()]
        columns.append(np.nan_to_num(numbers, nan=-1e300, posinf=1e300, neginf=-1e299))
    return np.stack(columns, axis=1) if columns else np.empty((n, 0))


def _means(cells: Array, positive: Bools, learn: Bools) -> Floats:
    """For each row the share of positives in its cell among ``learn``, drawn to the overall share where few are."""
    size = int(cells.max()) + 1
    counts = np.bincount(cells[learn], minlength=size)
    hits = np.bincount(cells[learn], weights=positive[learn], minlength=size)
    return np.asarray(((hits + positive[learn].mean()) / (counts + 1))[cells], dtype=np.float64)


def _auc(score: Floats, positive: Bools) -> float:
    return roc_auc(positive, score) if positive.any() and not positive.all() else 0.5


def _same(a: Floats, b: Floats) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-6, atol=1e-9))


def _largest(a: Floats, b: Floats) -> float:
    return float(np.abs(a - b).max()) if a.shape == b.shape and a.size else math.inf


def _takes_y(method: Any) -> bool:
    try:
        names = list(inspect.signature(method).parameters.values()) if method else []
    except (TypeError, ValueError):
        return False
    return any(each.name in ("y", "target", "labels") for each in names) or any(
        each.kind is each.VAR_POSITIONAL for each in names
    )
