"""Twelve figures of a binary classifier from one sort of its scores, the main ones with intervals.

>>> print(report([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.35, 0.8, 0.2, 0.9]).roc_auc.estimate)
0.8888888888888888
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics import intervals
from castalia.kit.metrics.inputs import Floats, binary, both_classes, numbers, same_length
from castalia.kit.metrics.probabilities import Reliability
from castalia.kit.metrics.ranking import Ranked, rank
from castalia.kit.stats import Interval, wilson


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a classifier of two classes is worth on these rows, with intervals where they are plain."""

    rows: int
    positives: int
    threshold: float
    roc_auc: Interval
    average_precision: float
    kolmogorov_smirnov: float
    log_loss: float
    """``inf`` where something happened that was given the probability 0."""
    brier: float
    calibration_error: float
    """Over 15 bins of equal mass, the bias of chance taken off."""
    accuracy: Interval
    precision: Interval
    recall: Interval
    specificity: Interval
    f1: float
    matthews: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values; an interval is {"estimate", "low", "high", "level"}."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: vars(value) if isinstance(value, Interval) else value for name, value in told.items()}


def report(
    y: ArrayLike, probability: ArrayLike, *, threshold: float = 0.5, level: float = 0.95, positive: Any = None
) -> Report:
    """Everything at once. ``probability`` is of the positive class; at ``threshold`` or above a row is called positive.

    Raises WrongInput for NaN, a number outside of 0 to 1, one class alone, lengths that differ, nothing at all.
    """
    labels, p = binary(y, positive=positive), numbers(probability, "probability")
    same_length(labels, p, "probability")
    both_classes(labels, "a report")
    if not 0 <= threshold <= 1:
        raise WrongInput("threshold does not fit", str(threshold), "a number from 0 to 1", field="threshold")
    ranked = rank(labels, p)
    if ranked.scores[0] > 1 or ranked.scores[-1] < 0:
        cure = "These look like scores: turn them into probabilities first."
        raise WrongInput("probability does not fit", f"{ranked.scores[0]:.6g}", "0 to 1", cure, field="probability")
    return _of(ranked, threshold, level)


def _of(ranked: Ranked, threshold: float, level: float) -> Report:
    scores, ups, downs = ranked.scores, ranked.positives, ranked.negatives
    positives, negatives = int(ranked.true_positives[-1]), int(ranked.false_positives[-1])
    above = int(np.searchsorted(-scores, -threshold, side="right"))
    hits = int(ranked.true_positives[above - 1]) if above else 0
    wrong = int(ranked.false_positives[above - 1]) if above else 0
    rejected = negatives - wrong
    rows, called = positives + negatives, hits + wrong
    return Report(
        rows=rows, positives=positives, threshold=threshold, roc_auc=intervals.auc_of(ranked, level),
        average_precision=ranked.average_precision(), kolmogorov_smirnov=ranked.kolmogorov_smirnov(),
        log_loss=_log_loss(scores, ups, downs) / rows,
        brier=float(np.dot(ups, (1 - scores) ** 2) + np.dot(downs, scores**2)) / rows,
        calibration_error=_calibration_error(ranked, 15), accuracy=wilson(hits + rejected, rows, level),
        precision=_ratio(hits, called, level), recall=wilson(hits, positives, level),
        specificity=wilson(rejected, negatives, level), f1=2 * hits / (positives + called) if hits else 0.0,
        matthews=_matthews(hits, wrong, positives, negatives),
    )  # fmt: skip


def _ratio(hits: int, called: int, level: float) -> Interval:
    """Precision; 0 with an interval that says nothing where no row was called positive."""
    return wilson(hits, called, level) if called else Interval(0.0, 0.0, 1.0, level)


def _log_loss(p: Floats, ups: Floats, downs: Floats) -> float:
    with np.errstate(divide="ignore"):
        return float(-np.dot(ups[ups > 0], np.log(p[ups > 0])) - np.dot(downs[downs > 0], np.log1p(-p[downs > 0])))


def _matthews(hits: int, wrong: int, positives: int, negatives: int) -> float:
    called = hits + wrong
    spread = math.sqrt(positives) * math.sqrt(negatives) * math.sqrt(called) * math.sqrt(positives + negatives - called)
    return (hits * (negatives - wrong) - wrong * (positives - hits)) / spread if spread else 0.0


def _calibration_error(ranked: Ranked, bins: int) -> float:
    """As probabilities.reliability with bins of equal mass, from groups that are sorted already."""
    p, ups = ranked.scores[::-1], ranked.positives[::-1]
    rows = ups + ranked.negatives[::-1]
    upto = np.cumsum(rows)
    total = upto[-1]
    ranks = np.ceil(np.arange(1, bins) / bins * total - 1e-9)
    ends = np.unique(np.searchsorted(upto, ranks, side="left"))
    starts = np.concatenate([[0], ends[ends < len(p) - 1] + 1])
    n, observed = np.add.reduceat(rows, starts), np.add.reduceat(ups, starts)
    return Reliability(np.add.reduceat(p * rows, starts) / n, observed / n, n.astype(np.int64)).error()
