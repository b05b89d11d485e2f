"""How well every pixel is named: intersection over union and Dice, class by class.

>>> found = segmentation([[0, 1], [1, 1]], [[0, 1], [0, 1]])
>>> found.iou.tolist(), found.dice.tolist()
([0.5, 0.6666666666666666], [0.6666666666666666, 0.8])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.counts import Confusion, confusion
from castalia.kit.metrics.inputs import Floats


@dataclass(frozen=True)
class Segmented:
    """Figures by class; NaN where a class is neither there nor named."""

    confusion: Confusion

    @property
    def iou(self) -> Floats:
        """Of the pixels that are of a class or named it, the share that is both (Jaccard 1912)."""
        c = self.confusion
        return _divided(c.hits, c.actual + c.called - c.hits)

    @property
    def dice(self) -> Floats:
        """Twice the shared pixels over the sum of both (Dice 1945): F1, pixel by pixel."""
        c = self.confusion
        return _divided(2 * c.hits, c.actual + c.called)

    @property
    def mean_iou(self) -> float:
        """The mean over classes that occur."""
        return float(np.nanmean(self.iou))

    @property
    def mean_dice(self) -> float:
        """The mean over classes that occur."""
        return float(np.nanmean(self.dice))

    @property
    def pixel_accuracy(self) -> float:
        """The share of pixels named right. High for a small organ that was missed: read it beside ``iou``."""
        return self.confusion.accuracy()


def segmentation(
    y: ArrayLike, predicted: ArrayLike, *, classes: ArrayLike | None = None, ignore: Any = None
) -> Segmented:
    """Compare label maps of one shape, of one image or of many; pixels whose ``y`` is ``ignore`` do not count."""
    actual, called = np.asarray(y), np.asarray(predicted)
    if actual.shape != called.shape:
        raise WrongInput("shapes differ", f"{called.shape} in predicted", f"{actual.shape}", field="predicted")
    actual, called = actual.ravel(), called.ravel()
    if ignore is not None:
        kept = actual != ignore
        actual, called = actual[kept], called[kept]
        if not len(actual):
            raise WrongInput("nothing is left", f"every pixel is {ignore}", "at least one other", field="ignore")
    return Segmented(confusion(actual, called, classes=classes))


def _divided(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
