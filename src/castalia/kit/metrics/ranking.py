"""How well scores rank: ROC AUC, average precision, curves, Kolmogorov-Smirnov. Ties count half, exactly.

Sorting is most of the work, and most libraries sort an index and gather through it. A float that is not negative
has the same order as its bits, and its sign bit is free: shifted by one with the label in the lowest bit, one plain
sort of 64-bit integers orders scores and labels together and loses nothing. Below zero the order is turned round.

>>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
0.75
>>> roc_auc([0, 1], [0.5, 0.5])
0.5
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.kit.metrics.inputs import Bools, Floats, Ints, binary, both_classes, numbers, same_length, weights

Keys = NDArray[np.uint64]
_PIECE = 1 << 15
MANY = 30_000
"""From so many rows on, counting into bins pays before sorting."""
FEW = 4_000
"""Up to so many, finding each positive among the negatives is quicker than sorting both."""


@dataclass(frozen=True)
class Ranked:
    """Rows in groups of equal score, from the highest: everything about a ranking is a sum over these."""

    scores: Floats
    """Distinct scores, descending."""
    positives: Floats
    """Weight of the positive rows with that score."""
    negatives: Floats

    @cached_property
    def true_positives(self) -> Floats:
        """Weight of the positives at this score or above."""
        return np.cumsum(self.positives)

    @cached_property
    def false_positives(self) -> Floats:
        """Weight of the negatives at this score or above."""
        return np.cumsum(self.negatives)

    def roc_auc(self) -> float:
        """The share of pairs of a positive and a negative that are in order; a tie is half a pair."""
        below = self.false_positives[-1] - self.false_positives
        pairs = float(np.dot(self.positives, below) + 0.5 * np.dot(self.positives, self.negatives))
        return pairs / (float(self.true_positives[-1]) * float(self.false_positives[-1]))

    def average_precision(self) -> float:
        """Sum over recall steps of the precision there (not the trapezoid, which is optimistic)."""
        precision = self.true_positives / (self.true_positives + self.false_positives)
        return float(np.dot(self.positives, precision) / self.true_positives[-1])

    def kolmogorov_smirnov(self) -> float:
        """The largest gap between the two classes' distributions: max(TPR - FPR), never negative."""
        gap = self.true_positives / self.true_positives[-1] - self.false_positives / self.false_positives[-1]
        return max(0.0, float(np.max(np.abs(gap))))


@dataclass(frozen=True)
class Curve:
    """Points of a curve, and the threshold at or above which a row counts as positive at each point."""

    x: Floats
    y: Floats
    thresholds: Floats


def rank(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None, *, positive: Any = None) -> Ranked:
    """Sort once, and ask as much as you like. Raises WrongInput for NaN, lengths that differ, nothing at all."""
    labels, values, w = _read(y, score, weight, positive)
    return _ranked(labels, values, w)


def roc_auc(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None, *, positive: Any = None) -> float:
    """The area under the ROC curve: the chance that a positive scores above a negative, a tie counting half.

    Hanley and McNeil 1982. Infinite scores are scores like any other; one class alone is WrongInput.
    """
    labels, values, w = _read(y, score, weight, positive)
    both_classes(labels, "ROC AUC")
    return area(labels, values, w)


def area(labels: Bools, values: Floats, w: Floats | None) -> float:
    """ROC AUC of rows that were checked: both classes are there, no score is NaN, no weight is 0."""
    if w is None and len(labels) <= FEW:
        return _auc_of_few(labels, values)
    if w is None and len(labels) >= MANY:
        found = _auc_by_bins(labels, values)
        if found is not None:
            return found
    return _ranked(labels, values, w).roc_auc()


def average_precision(
    y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None, *, positive: Any = None
) -> float:
    """The area under the precision-recall curve as a sum of steps. Rows of equal score enter together."""
    labels, values, w = _read(y, score, weight, positive)
    if not labels.any():
        both_classes(labels, "average precision")
    return _ranked(labels, values, w).average_precision()


def roc_curve(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None, *, positive: Any = None) -> Curve:
    """x: false positive rate, y: true positive rate, from (0, 0) at an infinite threshold to (1, 1)."""
    labels, values, w = _read(y, score, weight, positive)
    both_classes(labels, "a ROC curve")
    ranked = _ranked(labels, values, w)
    x = np.concatenate([[0.0], ranked.false_positives / ranked.false_positives[-1]])
    up = np.concatenate([[0.0], ranked.true_positives / ranked.true_positives[-1]])
    return Curve(x, up, np.concatenate([[np.inf], ranked.scores]))


def precision_recall_curve(
    y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None, *, positive: Any = None
) -> Curve:
    """x: recall, y: precision, from the highest threshold down; it begins at recall 0 with precision 1."""
    labels, values, w = _read(y, score, weight, positive)
    if not labels.any():
        both_classes(labels, "a precision-recall curve")
    ranked = _ranked(labels, values, w)
    recall = ranked.true_positives / ranked.true_positives[-1]
    precision = ranked.true_positives / (ranked.true_positives + ranked.false_positives)
    thresholds = np.concatenate([[np.inf], ranked.scores])
    return Curve(np.concatenate([[0.0], recall]), np.concatenate([[1.0], precision]), thresholds)


def _read(
    y: ArrayLike, score: ArrayLike, weight: ArrayLike | None, positive: Any
) -> tuple[Bools, Floats, Floats | None]:
    labels, values = binary(y, positive=positive), numbers(score, "score", infinite=True)
    same_length(labels, values, "score")
    w = weights(weight, labels)
    if w is not None and not w.all():  # a row of weight 0 is not there, and must not open a class or a threshold
        kept = w > 0
        labels, values, w = labels[kept], values[kept], w[kept]
    return labels, values, w


def _ranked(labels: Bools, values: Floats, w: Floats | None) -> Ranked:
    if w is None:
        return _unweighted(labels, values)
    order = np.argsort(values)[::-1]
    values, weight = values[order], w[order]
    up = np.where(labels[order], weight, 0.0)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return Ranked(values[starts], np.add.reduceat(up, starts), np.add.reduceat(weight - up, starts))


def _unweighted(labels: Bools, values: Floats) -> Ranked:
    below = values < 0
    if not below.any():
        return Ranked(*_groups(_sorted_keys(labels, values)))
    low = _groups(_sorted_keys(labels[below], -values[below]))
    parts = [(-low[0][::-1], low[1][::-1], low[2][::-1])]
    if len(low[0]) and not below.all():
        parts.insert(0, _groups(_sorted_keys(labels[~below], values[~below])))
    return Ranked(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _sorted_keys(labels: Bools, values: Floats) -> Keys:
    """Score and label in one integer each, ascending; the scores are not negative."""
    bits = (values + 0.0).view(np.uint64)  # + 0.0 turns -0.0 into 0.0
    keys = np.left_shift(bits, np.uint64(1), out=bits)
    np.bitwise_or(keys, labels, out=keys, casting="unsafe")
    keys.sort()
    return keys


def _groups(keys: Keys) -> tuple[Floats, Floats, Floats]:
    """Descending: distinct scores, positives and negatives of each."""
    bits = keys >> np.uint64(1)
    last = np.empty(len(keys), dtype=np.bool_)
    last[-1] = True
    np.not_equal(bits[1:], bits[:-1], out=last[:-1])
    ends = np.flatnonzero(last)
    labels = (keys & np.uint64(1)).astype(np.uint8)
    ups = np.cumsum(labels, dtype=np.int64)[ends]
    positives = np.diff(ups, prepend=0)
    sizes = np.diff(ends, prepend=-1)
    scores = bits[ends].view(np.float64)
    return scores[::-1], positives[::-1].astype(np.float64), (sizes - positives)[::-1].astype(np.float64)


def _auc_of_few(labels: Bools, values: Floats) -> float:
    negatives, positives = np.sort(values[~labels]), values[labels]
    below = negatives.searchsorted(positives, "left").sum() + negatives.searchsorted(positives, "right").sum()
    return int(below) / 2 / (len(negatives) * len(positives))


def _auc_by_bins(labels: Bools, values: Floats) -> float | None:
    """ROC AUC without sorting what need not be: count both classes into bins, and sort only what shares mixed bins.

    Pairs from different bins are in the order of their bins. It works in pieces that stay in the cache, since fresh
    memory costs more than the arithmetic. None where most rows fall into mixed bins (ties, a long tail, infinities):
    then one sort is cheaper.
    """
    low, high = float(values.min()), float(values.max())
    bins = 1 << (len(values) - 1).bit_length()
    scale = (bins - 1) / (high - low) if low < high else 0.0
    if not 0 < scale < np.inf:
        return None
    counts = _counted(labels, values, low, scale, bins)
    negatives, positives = counts[0::2], counts[1::2]
    mixed = (negatives > 0) & (positives > 0)
    pairs = float(_pairs_across(negatives, positives))
    if _rows_in(counts, mixed) > len(values) // 2:  # many ties? A bin of one score needs no sorting
        tied = mixed & ~_uneven(values, low, scale, bins)
        pairs += 0.5 * float(np.dot(negatives[tied].astype(np.float64), positives[tied].astype(np.float64)))
        mixed &= ~tied
        if _rows_in(counts, mixed) > 0.8 * len(values):
            return None
    if mixed.any():
        pairs += _pairs_in_order(*_rows_of(mixed, labels, values, low, scale))
        pairs -= _pairs_across(negatives[mixed], positives[mixed])
    ups = np.count_nonzero(labels)
    return pairs / (float(ups) * float(len(labels) - ups))


def _places(values: Floats, low: float, scale: float) -> Ints:
    """The bin of each row. Rounding keeps the order, and only the order is used."""
    scaled = values - low
    scaled *= scale
    return scaled.astype(np.int64)


def _counted(labels: Bools, values: Floats, low: float, scale: float, bins: int) -> NDArray[Any]:
    """How many negatives and positives each bin holds, in turn; in bytes where these suffice."""
    for kind in (np.uint8, np.int64):
        counts: NDArray[Any] = np.zeros(2 * bins, dtype=kind)
        one = kind(1)
        for start in range(0, len(values), _PIECE):
            places = _places(values[start : start + _PIECE], low, scale)
            places <<= 1
            places |= labels[start : start + _PIECE]
            np.add.at(counts, places, one)
        if int(counts.sum(dtype=np.int64)) == len(values):
            break
    return counts


def _rows_in(counts: NDArray[Any], mixed: Bools) -> int:
    """Rows that lie in mixed bins."""
    return int(counts.reshape(-1, 2)[mixed].sum(dtype=np.int64))


def _uneven(values: Floats, low: float, scale: float, bins: int) -> Bools:
    """Bins that hold more than one score."""
    one, found = np.empty(bins), np.zeros(bins, dtype=np.bool_)
    pieces = [slice(start, start + _PIECE) for start in range(0, len(values), _PIECE)]
    for piece in pieces:
        one[_places(values[piece], low, scale)] = values[piece]
    for piece in pieces:
        places = _places(values[piece], low, scale)
        found[places[one.take(places) != values[piece]]] = True
    return found


def _rows_of(mixed: Bools, labels: Bools, values: Floats, low: float, scale: float) -> tuple[Bools, Floats]:
    """Labels and scores of the rows in mixed bins."""
    some: list[tuple[Bools, Floats]] = []
    for start in range(0, len(values), _PIECE):
        piece = slice(start, start + _PIECE)
        inside = np.flatnonzero(mixed.take(_places(values[piece], low, scale)))
        some.append((labels[piece].take(inside), values[piece].take(inside)))
    kept, scores = zip(*some, strict=True)
    return np.concatenate(kept), np.concatenate(scores)


def _pairs_across(negatives: NDArray[Any], positives: NDArray[Any]) -> int:
    """Pairs in order between different bins, bins ascending."""
    pairs = below = 0
    for start in range(0, len(negatives), _PIECE):
        down = negatives[start : start + _PIECE].astype(np.int64)
        before = np.cumsum(down)
        pairs += int(np.dot(before - down + below, positives[start : start + _PIECE].astype(np.int64)))
        below += int(before[-1])
    return pairs


def _pairs_in_order(labels: Bools, values: Floats) -> float:
    """Pairs in order, ties counting half."""
    ranked = _unweighted(labels, values)
    return ranked.roc_auc() * float(ranked.true_positives[-1]) * float(ranked.false_positives[-1])
