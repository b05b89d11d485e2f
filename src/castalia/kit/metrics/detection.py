"""How well boxes are found: intersection over union, and average precision as COCO computes it.

A box is four numbers, ``x1, y1, x2, y2``: left, top, right, bottom, in one unit, right and bottom not inside. Of each
image there are the true boxes with their classes, and the found ones with classes and scores. A found box is a hit
when it overlaps a true box of its class that no better one has taken, by the threshold or more.

>>> round(float(box_iou([[0, 0, 2, 2]], [[1, 1, 3, 3]])[0, 0]), 4)
0.1429
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import Bools, Floats

THRESHOLDS = tuple(np.round(np.arange(0.5, 1.0, 0.05), 2).tolist())
RECALLS = np.round(np.linspace(0.0, 1.0, 101), 2)
_PER_IMAGE = 100


def boxes_of(values: ArrayLike, name: str = "boxes") -> Floats:
    """Boxes as an array of n rows; WrongInput for another shape, NaN, or a right edge left of the left one."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        return np.zeros((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise WrongInput(f"{name} have another shape", f"{array.shape}", "(n, 4): x1, y1, x2, y2", field=name)
    if not np.isfinite(array).all():
        raise WrongInput(f"{name} are not finite", "NaN or infinity", "numbers", field=name)
    wrong = (array[:, 2] < array[:, 0]) | (array[:, 3] < array[:, 1])
    if wrong.any():
        got = str(array[int(np.argmax(wrong))].tolist())
        cure = "If these are x, y, width, height, add the size to the corner."
        raise WrongInput(f"{name} are turned round", got, "x1 <= x2 and y1 <= y2", cure, field=name)
    return array


def box_iou(a: ArrayLike, b: ArrayLike) -> Floats:
    """Intersection over union of each box of ``a`` with each of ``b``, shape (n, m); 0 for two boxes without area."""
    left, right = boxes_of(a, "a"), boxes_of(b, "b")
    inside = _overlap(left, right)
    union = _area(left)[:, None] + _area(right)[None, :] - inside
    return np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)


@dataclass
class Matches:
    """What became of the found boxes of one class; the rows of all images, one after another."""

    scores: list[Floats] = field(default_factory=list)
    hits: list[Bools] = field(default_factory=list)
    """A row for each threshold."""
    ignored: list[Bools] = field(default_factory=list)
    truths: int = 0


@dataclass(frozen=True)
class Found:
    """Average precision by class and threshold; NaN for a class without a true box."""

    classes: tuple[Any, ...]
    thresholds: tuple[float, ...]
    average_precision: Floats
    """Shape (classes, thresholds)."""
    average_recall: Floats
    """The largest recall that was reached, same shape."""

    @property
    def mean_average_precision(self) -> float:
        """The mean over thresholds and over classes that occur; COCO's AP for its ten thresholds."""
        return float(np.nanmean(self.average_precision)) if np.isfinite(self.average_precision).any() else float("nan")

    def at(self, threshold: float) -> float:
        """The mean over classes at one threshold: ``at(0.5)`` is AP50."""
        if threshold not in self.thresholds:
            raise WrongInput("not computed there", str(threshold), f"one of {list(self.thresholds)}", field="threshold")
        return float(np.nanmean(self.average_precision[:, self.thresholds.index(threshold)]))


class AveragePrecision:
    """Average precision over images that come one by one. Exact; it keeps a score and its hits for each found box.

    COCO's rules: found boxes in the order of their scores, at most 100 an image and class, each takes the true box it
    overlaps most among those that are left; precision is made to fall with recall, and read at 101 recalls.
    """

    def __init__(self, thresholds: Sequence[float] = THRESHOLDS) -> None:
        if not thresholds or not all(0 < each <= 1 for each in thresholds):
            raise WrongInput("thresholds do not fit", str(list(thresholds)), "numbers above 0, at most 1")
        self.thresholds = tuple(float(each) for each in thresholds)
        self._of: dict[Any, Matches] = {}

    def update(
        self, true_boxes: ArrayLike, true_classes: ArrayLike, boxes: ArrayLike, classes: ArrayLike, scores: ArrayLike,
        *, ignore: ArrayLike | None = None,
    ) -> Self:  # fmt: skip
        """Take in one image. ``ignore`` marks true boxes that need not be found, COCO's crowds: hits do not count."""
        truth, found = boxes_of(true_boxes, "true_boxes"), boxes_of(boxes, "boxes")
        labels, called = np.atleast_1d(np.asarray(true_classes)), np.atleast_1d(np.asarray(classes))
        values = np.atleast_1d(np.asarray(scores, dtype=np.float64))
        crowd = np.zeros(len(truth), np.bool_) if ignore is None else np.asarray(ignore, dtype=np.bool_)
        if len(labels) != len(truth) or len(crowd) != len(truth):
            raise WrongInput(
                "lengths differ", f"{len(labels)} classes", f"{len(truth)} true boxes", field="true_classes"
            )
        if len(called) != len(found) or len(values) != len(found):
            raise WrongInput("lengths differ", f"{len(called)} classes, {len(values)} scores", f"{len(found)} boxes")
        if np.isnan(values).any():
            raise WrongInput("scores have NaN", "NaN", "numbers", field="scores")
        for name in {*labels.tolist(), *called.tolist()}:
            mine, theirs = labels == name, called == name
            order = np.argsort(-values[theirs], kind="stable")[:_PER_IMAGE]
            hits, ignored = self._match(truth[mine], crowd[mine], found[theirs][order])
            kept = self._of.setdefault(name, Matches())
            kept.scores.append(values[theirs][order])
            kept.hits.append(hits)
            kept.ignored.append(ignored)
            kept.truths += int(np.count_nonzero(~crowd[mine]))
        return self

    def merge(self, other: AveragePrecision) -> Self:
        """Take in the images another state has seen."""
        if self.thresholds != other.thresholds:
            raise WrongInput("states do not fit", str(other.thresholds), str(self.thresholds))
        for name, theirs in other._of.items():
            kept = self._of.setdefault(name, Matches())
            kept.scores += theirs.scores
            kept.hits += theirs.hits
            kept.ignored += theirs.ignored
            kept.truths += theirs.truths
        return self

    def result(self) -> Found:
        """What was reached so far; WrongInput before the first box."""
        if not self._of:
            raise WrongInput("no boxes yet", "0", "at least one image with a box")
        names = tuple(sorted(self._of, key=lambda name: (str(type(name)), name)))
        precision = np.full((len(names), len(self.thresholds)), np.nan)
        recall = precision.copy()
        for row, name in enumerate(names):
            kept = self._of[name]
            if kept.truths:
                scores = np.concatenate(kept.scores)
                order = np.argsort(-scores, kind="stable")
                hits = np.concatenate(kept.hits, axis=1)[:, order]
                counted = ~np.concatenate(kept.ignored, axis=1)[:, order]
                for column in range(len(self.thresholds)):
                    of_this = hits[column][counted[column]]
                    precision[row, column], recall[row, column] = _average(of_this, kept.truths)
        return Found(names, self.thresholds, precision, recall)

    def _match(self, truth: Floats, crowd: Bools, found: Floats) -> tuple[Bools, Bools]:
        """Hits, and what is to be ignored, of found boxes in the order of their scores; a row for each threshold."""
        hits = np.zeros((len(self.thresholds), len(found)), dtype=np.bool_)
        ignored = hits.copy()
        if not len(truth) or not len(found):
            return hits, ignored
        order = np.argsort(crowd, kind="stable")  # a crowd only where nothing else is left
        truth, crowd = truth[order], crowd[order]
        inside = _overlap(found, truth)
        whole = _area(found)[:, None] + np.where(crowd, 0.0, _area(truth)[None, :] - inside)
        overlap = np.divide(inside, whole, out=np.zeros_like(inside), where=whole > 0)
        plain = int(np.count_nonzero(~crowd))
        for row, threshold in enumerate(self.thresholds):
            least, taken = min(threshold, 1 - 1e-10), np.zeros(len(truth), dtype=np.bool_)
            for index in np.flatnonzero((overlap >= least).any(axis=1)):
                free = np.where(taken[:plain], -1.0, overlap[index, :plain])
                best = _last_best(free)
                if best >= 0 and free[best] >= least:
                    hits[row, index] = taken[best] = True
                elif plain < len(truth) and overlap[index, plain:].max() >= least:
                    ignored[row, index] = True
        return hits, ignored


def average_precision(
    images: Iterable[tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike, ArrayLike]],
    thresholds: Sequence[float] = THRESHOLDS,
) -> Found:
    """All at once: of each image true boxes, their classes, found boxes, their classes and scores."""
    state = AveragePrecision(thresholds)
    for image in images:
        state.update(*image)
    return state.result()


def _average(hits: Bools, truths: int) -> tuple[float, float]:
    """Average precision over 101 recalls, and the recall that was reached."""
    if not len(hits):
        return 0.0, 0.0
    right = np.cumsum(hits)
    recall = right / truths
    precision = right / np.arange(1, len(hits) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS, side="left")
    read = np.where(at < len(falling), falling[np.minimum(at, len(falling) - 1)], 0.0)
    return float(read.mean()), float(recall[-1])


def _last_best(values: NDArray[Any]) -> int:
    """The place of the largest value, the last of equal ones; -1 where there is none."""
    return len(values) - 1 - int(np.argmax(values[::-1])) if len(values) else -1


def _area(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def _overlap(a: Floats, b: Floats) -> Floats:
    """The area that each box of a shares with each of b."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0.0), axis=2))
