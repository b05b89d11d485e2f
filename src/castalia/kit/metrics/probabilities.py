"""How good probabilities are: log loss, Brier score, calibration error, reliability.

A probability of 0 for what happened costs infinitely much, and ``log_loss`` says so: it is ``inf``. Other libraries
clip silently, and by the type of the numbers: the same model scores 36.04 in float64 and 15.94 in float32. Here
clipping is asked for, with ``clip=1e-15`` say.

>>> log_loss([1, 0], [0.5, 0.5])
0.6931471805599453
>>> log_loss([1], [0.0])
inf
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import Bools, Floats, Ints, binary, column, numbers, same_length, weights


def log_loss(
    y: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None, *, clip: float = 0.0, positive: Any = None
) -> float:
    """Mean of -log of the probability that was given to what happened (nats).

    ``probability`` is one column, of the positive class, or one column for each class 0, 1, ... whose rows sum to one
    (to 1e-6). ``clip`` raises every probability to at least that; 0 clips nothing, and the loss may be infinite.
    """
    if not 0 <= clip < 0.5:
        raise WrongInput("clip does not fit", str(clip), "a number from 0 on, below 0.5", field="clip")
    given, labels = _given(y, probability, positive)
    w = weights(weight, labels)
    if clip:
        np.clip(given, clip, 1 - clip, out=given)
    with np.errstate(divide="ignore"):
        losses = np.log(given, out=given)
    return float(-losses.mean() if w is None else -np.dot(w[w > 0], losses[w > 0]) / w.sum()) + 0.0


def brier(y: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None, *, positive: Any = None) -> float:
    """Mean squared gap between probability and what happened: 0 is perfect, 0.25 is a coin (Brier 1950, halved)."""
    p, labels, w = _read(y, probability, weight, positive)
    gap = p - labels
    return float(np.dot(gap, gap) / len(gap)) if w is None else float(np.dot(w, gap * gap) / w.sum())


@dataclass(frozen=True)
class Reliability:
    """Bins of predicted probability: how much was promised in each, and how much happened."""

    predicted: Floats
    observed: Floats
    rows: Ints

    def error(self, *, debias: bool = True) -> float:
        """Expected calibration error: the mean gap between promise and outcome, weighted by rows.

        The plain figure is too large for a perfect model, as chance alone opens a gap in every bin. ``debias`` takes
        off what chance opens on average in squares (Brocker 2012, Kumar 2019): 0 where nothing else is left.
        """
        share = self.rows / self.rows.sum()
        gap = np.abs(self.observed - self.predicted)
        if not debias:
            return float(np.dot(share, gap))
        noise = self.observed * (1 - self.observed) / np.maximum(self.rows - 1, 1)
        return float(np.dot(share, np.sqrt(np.maximum(gap**2 - noise, 0.0))))


def reliability(
    y: ArrayLike, probability: ArrayLike, bins: int = 15, *,
    strategy: Literal["mass", "width"] = "mass", positive: Any = None,
) -> Reliability:  # fmt: skip
    """Predicted against observed. Bins of equal mass by default: bins of equal width are empty where models are sure.

    Equal probabilities always share a bin, so there may be fewer bins than were asked for.
    """
    p, labels, _ = _read(y, probability, None, positive)
    if bins < 1:
        raise WrongInput("bins do not fit", str(bins), "1 or more", field="bins")
    if strategy == "width":
        places = np.minimum((p * bins).astype(np.int64), bins - 1)
    elif strategy == "mass":
        edges = np.unique(np.quantile(p, np.arange(1, bins) / bins, method="inverted_cdf")) if bins > 1 else p[:0]
        places = np.searchsorted(edges, p, side="left")
    else:
        raise WrongInput("no such strategy", strategy, "mass or width", field="strategy")
    rows = np.bincount(places)
    there = rows > 0
    sums = np.bincount(places, weights=p)[there], np.bincount(places, weights=labels)[there]
    rows = rows[there]
    return Reliability(sums[0] / rows, sums[1] / rows, rows)


def calibration_error(
    y: ArrayLike, probability: ArrayLike, bins: int = 15, *, debias: bool = True,
    strategy: Literal["mass", "width"] = "mass", positive: Any = None,
) -> float:  # fmt: skip
    """Expected calibration error over bins, with the bias of chance taken off (:meth:`Reliability.error`)."""
    return reliability(y, probability, bins, strategy=strategy, positive=positive).error(debias=debias)


def _read(
    y: ArrayLike, probability: ArrayLike, weight: ArrayLike | None, positive: Any
) -> tuple[Floats, Bools, Floats | None]:
    labels, p = binary(y, positive=positive), numbers(probability, "probability")
    same_length(labels, p, "probability")
    _within(p)
    return p, labels, weights(weight, labels)


def _given(y: ArrayLike, probability: ArrayLike, positive: Any) -> tuple[Floats, Any]:
    """The probability that each row gave to what happened; ours to change."""
    table = np.asarray(probability)
    if table.ndim != 2 or table.shape[1] == 1:
        p, labels, _ = _read(y, probability, None, positive)
        given = np.abs(p - ~labels)  # 1 - p where the row is negative, exactly
        return given, labels
    labels = column(y, "y")
    same_length(labels, table, "probability")
    table = np.asarray(table, dtype=np.float64)
    if not np.isfinite(table).all():
        raise WrongInput("probability does not fit", "NaN or infinity", "probabilities", field="probability")
    _within(table.ravel())
    if labels.dtype.kind not in "biu" or labels.min() < 0 or labels.max() >= table.shape[1]:
        cure = "Number the classes in the order of the columns."
        raise WrongInput("y does not fit", f"{labels[:3]}", f"0 to {table.shape[1] - 1}", cure, field="y")
    off = np.abs(table.sum(axis=1) - 1)
    if off.max() > 1e-6:
        at = int(np.argmax(off))
        raise WrongInput("a row does not sum to one", f"{table[at].sum():.6g} in row {at}", "1", field="probability")
    return table[np.arange(len(labels)), labels.astype(np.int64)], labels


def _within(p: Floats) -> None:
    low, high = float(p.min()), float(p.max())
    if low < 0 or high > 1:
        got = f"{low if low < 0 else high:.6g}"
        cure = "These look like scores: turn them into probabilities first, with softmax or a sigmoid."
        raise WrongInput("probability does not fit", got, "numbers from 0 to 1", cure, field="probability")
