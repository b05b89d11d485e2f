"""A procedure that is given a split: what it says of a test row may not hang on labels or rows it should not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.stats import holm, wilson
from castalia.kit.tabular.leaks.findings import Finding, Report
from castalia.kit.tabular.leaks.rows import Array, Bools, Ints, Rows, beside, is_regression, places, target
from castalia.kit.tabular.leaks.running import Declined, Floats, Runner, Spent, differ, own_generator, predictions
from castalia.kit.tabular.leaks.tables import split_findings

SAID = {
    "labels": (
        "labels of test rows change predictions",
        "Labels that should be unknown reach the model: target encoding or feature selection fitted on all rows, "
        "resampling before the split, or a column made from the target.",
        "Fit whatever sees y on x[train], y[train] alone, inside every fold.",
    ),
    "features": (
        "features of test rows change predictions of other test rows",
        "Something is fitted on rows that are asked about: a scaler, imputer, PCA or encoder on all rows or on the "
        "test rows themselves, or resampling before the split.",
        "Fit it on x[train] alone and only apply it to x[test].",
    ),
    "append": (
        "further test rows change predictions of the others",
        "Something is computed over all rows or over the batch that is asked: ranks, means, nearest neighbours.",
        "Fit it on x[train] alone; one row asked alone must get the same answer.",
    ),
}


@dataclass(frozen=True)
class Probe:
    """The data changed in one way, and the test rows (a mask over them) whose predictions may not move."""

    check: str
    x: Any
    y: Array
    test: Ints
    watched: Bools


def lint(
    procedure: Callable[..., Any],
    x: Any,
    y: ArrayLike,
    *,
    train: ArrayLike | None = None,
    test: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    seed: int = 0,
    repeats: int = 8,
    most: int = 200,
    alpha: float = 0.002,
) -> Report:
    """Probe ``procedure(x, y, train, test) -> predictions of the test rows`` for knowledge of the test rows.

    ``train`` and ``test`` are row numbers handed to it (by default 70 % and 30 % of rows, whole groups, or the last
    in time). Hand in a procedure that returns scores or probabilities: labels move seldom, and hide small leaks.
    The probes: other labels in test rows, other features in half of them, further test rows. With ``time`` only what
    lies later is changed, and only what lies earlier is watched, so that lags of known labels are allowed.

    Randomness is not a leak. The procedure gets ``seed=`` where it takes it, and global generators are seeded. Where
    two runs still differ, and for further rows where the seed matters, each probe is run ``repeats`` times and its
    mean prediction compared by an exact permutation test, Holm-corrected at ``alpha``. Else a change is a change.

    ``x`` is handed on as what it was, ``y`` and row numbers as arrays. The cost is 11 runs for a deterministic
    procedure without a finding (what moved is run again, up to 14 times in all, and has to move alike), 3 + 8 *
    ``repeats`` for one without a seed, never more than ``most``; what was left out is a note. WrongInput where data,
    split or the procedure's answer do not fit.
    """
    if not 8 <= repeats <= 10 or most < 4:
        raise WrongInput("repeats or most do not fit", f"{repeats}, {most}", "8 to 10 repeats, 4 runs or more",
                         "Fewer repeats cannot show a leak.", field="repeats")  # fmt: skip
    if not 14 / comb(2 * repeats, repeats) <= alpha < 1:
        raise WrongInput("alpha does not fit", str(alpha), "from 0.0011 (8 repeats) to 1", field="alpha")
    rows = Rows(x)
    labels = target(y, len(rows))
    group_of, when = beside(groups, len(rows), "groups"), beside(time, len(rows), "time")
    rng = own_generator(seed)
    if (train is None) != (test is None):
        raise WrongInput("half a split", "train or test alone", "both, or neither", field="train")
    if train is None or test is None:
        a, b = a_split(len(rows), group_of, when, rng)
    else:
        a, b = places(train, len(rows), "train"), places(test, len(rows), "test")
    if len(b) < 4:
        raise WrongInput("too few test rows", str(len(b)), "four or more", field="test")
    findings = split_findings(rows, labels, group_of, when, a, b)
    trial = _Trial(Runner(procedure, most, "x, y, train, test"), np.unique(labels), a, seed, repeats)
    checks, lost, declined = ["split"], 0, list[tuple[str, Exception]]()
    try:
        trial.start(Probe("base", rows.take(np.arange(len(rows))), labels, b, np.ones(len(b), bool)))
    except Declined as error:
        raise error.cause from None  # on the data as they are it is the user's own error
    best: dict[str, dict[str, Any]] = {}
    noisy: list[tuple[str, float, dict[str, Any]]] = []
    for probe in _probes(rows, labels, a, b, when, rng):
        if probe.check in best:
            continue
        try:
            moved, evidence, p = trial.compare(probe)
        except Spent:
            lost += 1
            continue
        except (Declined, WrongInput) as error:
            declined.append((probe.check, error))
            continue
        if probe.check not in checks:
            checks.append(probe.check)
        if p is not None:
            noisy.append((probe.check, p, evidence))
        elif moved:
            best[probe.check] = evidence
    for (check, _, evidence), corrected in zip(noisy, holm([p for _, p, _ in noisy]), strict=True):
        if corrected <= alpha and (check not in best or corrected < best[check].get("p, corrected", 0.0)):
            best[check] = {**evidence, "p, corrected": corrected}
    findings += [Finding(check, "leak", SAID[check][0], found, *SAID[check][1:]) for check, found in best.items()]
    findings += [_unrun(check, error, check in checks) for check, error in declined]
    if lost:
        cause = f"Every probe runs the procedure, at most {most} times in all."
        figures = {"probes left out": lost, "runs": most}
        findings.append(Finding("cost", "note", "the runs were used up", figures, cause, "Raise most=."))
    if trial.blind():
        findings.append(Finding("blind", "note", "predictions do not depend on the labels of the training rows", {},
                                "With other training labels nothing moved, so nothing could leak from them.",
                                "Return scores, and see that the procedure fits on the y it is given."))  # fmt: skip
    return Report("lint", tuple(findings), tuple(checks), trial.run.runs)


class _Trial:
    """The procedure on the data as they are, and each probe beside it."""

    def __init__(self, run: Runner, classes: Array, train: Ints, seed: int, repeats: int) -> None:
        self.run, self.classes, self.train, self.seed, self.repeats = run, classes, train, seed, repeats
        self.many: list[Floats] = []
        self.sure = False

    def start(self, base: Probe) -> None:
        self.base_probe = base
        self.base, self.rounding = self._once(base, self.seed)
        self.own_noise = self._gap(self._once(base, self.seed)[0]) > self.rounding
        self.seed_matters = not self.own_noise and self._gap(self._once(base, self.seed + 1)[0]) > self.rounding

    def compare(self, probe: Probe) -> tuple[bool, dict[str, Any], float | None]:
        """Whether watched predictions moved, the figures, and the p-value where there is noise to beat."""
        noisy = self.own_noise or (self.seed_matters and probe.check == "append")
        if noisy and not self.many:
            self.many = [self._once(self.base_probe, self.seed + 2 + i)[0] for i in range(self.repeats)]
        if noisy:
            others = [self._once(probe, self.seed + 1002 + i)[0] for i in range(self.repeats)]
            here, there = [each[probe.watched] for each in self.many], [each[probe.watched] for each in others]
            gap = np.abs(np.mean(here, axis=0) - np.mean(there, axis=0)).max(axis=1)
            evidence = {"rows watched": len(gap), "largest move of the mean, in SD": self._in_sd(float(gap.max()))}
            return bool(gap.any()), evidence, differ(here, there)
        found = self._once(probe, self.seed)[0]
        gap = np.abs(found - self.base)[probe.watched].max(axis=1)
        moved = gap > self.rounding
        if moved.any() and not self._steady(probe, found):
            self.own_noise = True
            return self.compare(probe)
        share = wilson(int(moved.sum()), len(moved))
        figures: dict[str, Any] = {
            "rows watched": len(moved), "share that moved": share, "largest move, in SD": self._in_sd(float(gap.max())),
        }  # fmt: skip
        return bool(moved.any()), figures, None

    def _steady(self, probe: Probe, found: Floats) -> bool:
        """Whether runs of one kind agree: two that did may have done so by chance, in labels above all."""
        again = [self._once(probe, self.seed)[0] for _ in range(3)]
        if any(np.abs(each - found).max() > self.rounding for each in again):
            return False
        self.sure = self.sure or all(self._gap(self._once(self.base_probe, self.seed)[0]) <= self.rounding
                                     for _ in range(5))  # fmt: skip
        return self.sure

    def blind(self) -> bool:
        """Whether other labels of the training rows leave every prediction where it was."""
        y = self.base_probe.y.copy()
        y[self.train] = y[self.train][own_generator(self.seed).permutation(len(self.train))]
        try:
            return self._gap(self._once(Probe("", self.base_probe.x, y, self.base_probe.test,
                                              self.base_probe.watched), self.seed)[0]) <= self.rounding  # fmt: skip
        except (Declined, Spent, WrongInput):
            return False

    def _once(self, probe: Probe, seed: int) -> tuple[Floats, float]:
        given = Rows(probe.x).take(np.arange(len(probe.y))), probe.y.copy(), self.train.copy(), probe.test.copy()
        found, rounding = predictions(self.run(*given, seed=seed), len(probe.test), self.classes)
        return found[: len(probe.watched)], rounding

    def _gap(self, other: Floats) -> float:
        return float(np.abs(other - self.base).max())

    def _in_sd(self, move: float) -> float:
        spread = float(self.base.std())
        return move / spread if spread else move


def a_split(n: int, groups: Array | None, time: Array | None, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Train and test: the last 30 % in time, else 30 % of the groups, else of the rows."""
    if n < 14:
        raise WrongInput("too few rows", str(n), "14 or more", "Or hand in train= and test=.", field="x")
    if time is not None:
        order = np.argsort(time, kind="stable")
        late = time >= time[order[int(n * 0.7)]]
    elif groups is not None:
        names, where = np.unique(groups, return_inverse=True)
        late = (rng.permutation(len(names)) < max(1, int(len(names) * 0.3)))[where]
    else:
        late = rng.permutation(n) < int(n * 0.3)
    if late.all() or not late.any():
        raise WrongInput("no split", "one group or one time", "two or more", "Hand in train= and test=.", field="x")
    return np.flatnonzero(~late), np.flatnonzero(late)


def other_labels(y: Array, rows: Ints, rng: np.random.Generator) -> Array:
    """Labels in which these rows have another one: the next class, or the mirrored number."""
    changed = y.copy()
    if is_regression(y):
        changed[rows] = y.max() + y.min() - y[rows]
        return changed
    classes, codes = np.unique(y, return_inverse=True)
    changed[rows] = classes[(codes[rows] + 1 + rng.integers(0, len(classes) - 1, len(rows))) % len(classes)]
    return changed


def _probes(
    rows: Rows, y: Array, train: Ints, test: Ints, time: Array | None, rng: np.random.Generator
) -> Iterator[Probe]:
    """Every change of the data, the likeliest to show something first."""
    everything, n = np.arange(len(rows)), len(test)
    same = rows.take(everything)
    if time is None:
        half = rng.permutation(n) < n // 2
        label_changes = [(np.ones(n, bool), np.ones(n, bool)), (half, np.ones(n, bool))]
        feature_changes = [(half, ~half), (~half, half)]
    else:
        cuts = [np.sort(time[test])[int(n * share)] for share in (0.34, 0.67)]
        label_changes = [(time[test] >= cut, time[test] <= cut) for cut in cuts]
        feature_changes = [(time[test] > cut, time[test] <= cut) for cut in cuts]
    for changed, watched in label_changes:
        yield Probe("labels", same, other_labels(y, test[changed], rng), test, watched)
    for changed, watched in feature_changes:
        if not changed.any():
            continue
        index, mask = everything.copy(), np.zeros(len(rows), bool)
        mask[test[changed]] = True
        index[mask] = rng.choice(train)  # one row of the training side, many times: values that are known there
        yield Probe("features", rows.take(index), y, test, watched)
        far = rows.moved(everything, mask, rng)
        if far is not None:
            yield Probe("features", far, y, test, watched)
    if time is None:
        more = rng.choice(test, max(1, n // 2))
        index = np.concatenate([everything, np.full(len(more), more[0])])
        extended = np.concatenate([test, np.arange(len(rows), len(index))])
        yield Probe("append", rows.take(index), y[index], extended, np.ones(n, bool))


def _unrun(check: str, error: Exception, asked: bool) -> Finding:
    raised = error.cause if isinstance(error, Declined) else error
    figures = {"error": f"{type(raised).__name__}: {raised}"[:200]}
    if not asked:
        return Finding(check, "suspect", f"no probe of the {check} could be run", figures,
                       "The procedure refused every changed table, so nothing is known.",
                       "Let it take other values of the kind it was made for.")  # fmt: skip
    cause, cure = "The procedure refused the changed data.", "Nothing, where it is right to refuse."
    return Finding(check, "note", f"a probe of the {check} did not run", figures, cause, cure)
