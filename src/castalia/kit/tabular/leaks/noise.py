"""A procedure that splits by itself and claims a score: on labels that are noise it may claim no more than chance.

The noise-target test: labels are shuffled, so that nothing is left to learn, and the whole procedure runs again. What
it still claims above chance it has from a leak: copies on both sides, encodings or features chosen with all labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput, did_you_mean
from castalia.kit.stats import Interval, betainc, t_quantile, wilson
from castalia.kit.tabular.leaks.findings import Evidence, Finding, Report
from castalia.kit.tabular.leaks.rows import Array, Rows, beside, target
from castalia.kit.tabular.leaks.running import Declined, Runner, own_generator

CHANCE: dict[str, Callable[[Array], float]] = {
    "roc_auc": lambda y: 0.5,
    "accuracy": lambda y: float(np.unique(y, return_counts=True)[1].max()) / len(y),
    "balanced_accuracy": lambda y: 1 / len(np.unique(y)),
    "r_squared": lambda y: 0.0,
    "correlation": lambda y: 0.0,
    "matthews": lambda y: 0.0,
    "kappa": lambda y: 0.0,
}
"""What a score is worth, at most and on average, to whoever knows nothing of the labels but their frequencies."""


def lint_score(
    procedure: Callable[..., Any],
    x: Any,
    y: ArrayLike,
    *,
    chance: str | float = "roc_auc",
    higher: bool = True,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    draws: int = 20,
    alpha: float = 0.001,
    seed: int = 0,
) -> Report:
    """The noise-target test of ``procedure(x, y) -> its own score`` (Ojala & Garriga 2010), in ``draws`` + 1 runs.

    ``chance`` is the score without knowledge: a number, or the name of a metric ("roc_auc", "accuracy", ...).
    ``higher=False`` where less is better. A leak is found where the mean over ``draws`` noise targets is better than
    chance by a one-sided t-test at ``alpha``; the evidence has its interval, z, and the permutation p-value of the
    claim itself. The noise keeps what makes a leak possible: with ``groups`` whole groups swap their labels, so that
    rows of one group still share them; with ``time`` the noise has the spectrum of y, so that neighbours are alike.

    ``seed=`` is passed on where the procedure takes it, another for each run: its randomness is within the test.
    WrongInput where data do not fit or the score is not a finite number.
    """
    rows = Rows(x)
    labels = target(y, len(rows))
    group_of, when = beside(groups, len(rows), "groups"), beside(time, len(rows), "time")
    if draws < 5:
        raise WrongInput("too few draws", str(draws), "5 or more", "20 are usual.", field="draws")
    level = _chance(chance, labels)
    run, rng = Runner(procedure, draws + 1, "x, y"), own_generator(seed)

    def score(of: Array, number: int) -> float:
        try:
            found = run(rows.take(np.arange(len(rows))), of.copy(), seed=seed + number)
        except Declined as error:
            raise error.cause from None
        if not (np.ndim(found) == 0 and isinstance(found, int | float | np.number) and math.isfinite(found)):
            raise WrongInput("the procedure's score does not fit", repr(found)[:60], "one finite number",
                             "Return the score that you would report.", field="procedure")  # fmt: skip
        return float(found)

    claimed = score(labels, 0)
    noise = np.array([score(noise_target(labels, rng, group_of, when), i + 1) for i in range(draws)])
    sign = 1.0 if higher else -1.0
    mean, error = float(noise.mean()), float(noise.std(ddof=1)) / math.sqrt(draws)
    above = sign * (mean - level)
    z = above / error if error > 1e-12 * abs(mean) else math.copysign(math.inf, above) if abs(above) > 1e-12 else 0.0
    half = t_quantile(1 - alpha, draws - 1) * error
    evidence: Evidence = {
        "claimed": claimed, "chance": level, "on noise": Interval(mean, mean - half, mean + half, 1 - 2 * alpha),
        "z": z, "p of the claim": (1 + int((sign * (noise - claimed) >= 0).sum())) / (draws + 1),
    }  # fmt: skip
    checks = ("noise target",)
    if _upper_tail(z, draws - 1) >= alpha:
        return Report("lint_score", _weak(evidence, draws, sign * (noise - claimed)), checks, run.runs)
    return Report("lint_score", (Finding(
        "noise target", "leak", "the procedure scores above chance on labels that are noise", evidence,
        "Nothing was there to be learnt: rows were resampled, encoded by the target or chosen with all labels before "
        "the split, rows of one group or neighbours in time lie on both sides, or the best of many was reported.",
        "Split first; put everything that sees y inside the folds. lint() tells which kind of knowledge it is.",
    ),), checks, run.runs)  # fmt: skip


def noise_target(y: Array, rng: np.random.Generator, groups: Array | None = None, time: Array | None = None) -> Array:
    """Labels that x knows nothing of: shuffled, swapped between whole groups, or with the spectrum of y in time.

    The last are the values of y put in the order of a series with its power spectrum and random phases (Theiler et
    al. 1992).
    """
    if groups is not None:
        names, where = np.unique(groups, return_inverse=True)
        members = [np.flatnonzero(where == i) for i in range(len(names))]
        made = y.copy()
        for mine, other in zip(members, rng.permutation(len(names)), strict=True):
            made[mine] = np.resize(rng.permutation(y[members[other]]), len(mine))
        return made
    if time is None:
        return np.asarray(rng.permutation(y))
    order = np.argsort(time, kind="stable")
    codes = y[order] if y.dtype.kind in "biuf" else np.unique(y[order], return_inverse=True)[1].ravel()
    spectrum = np.abs(np.fft.rfft(codes - codes.mean()))
    series = np.fft.irfft(spectrum * np.exp(2j * np.pi * rng.random(len(spectrum))), n=len(y))
    made = np.empty_like(y)
    made[order[np.argsort(series, kind="stable")]] = np.sort(y)
    return made


def _chance(chance: str | float, y: Array) -> float:
    if isinstance(chance, str):
        if chance not in CHANCE:
            cure = "Or give the score of chance as a number." + did_you_mean(chance, CHANCE)
            raise WrongInput("no such metric", chance, ", ".join(CHANCE), cure, field="chance")
        return CHANCE[chance](y)
    if not math.isfinite(chance):
        raise WrongInput("no level of chance", str(chance), "a finite number", field="chance")
    return float(chance)


def _upper_tail(t: float, df: int) -> float:
    """P(T > t) of Student's distribution."""
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    tail = betainc(df / 2, 0.5, df / (df + t * t)) / 2
    return tail if t > 0 else 1 - tail


def _weak(evidence: Evidence, draws: int, beyond: Array) -> tuple[Finding, ...]:
    """A note where the claim itself lies among those of noise."""
    as_good = int((beyond >= 0).sum())
    if as_good / draws < 0.1:
        return ()
    return (Finding(
        "noise target", "note", "the claimed score is one that noise gets as well",
        {**evidence, "noise as good": wilson(as_good, draws)},
        "There is no sign that the features tell anything of the target.", "More rows, or other features.",
    ),)  # fmt: skip
