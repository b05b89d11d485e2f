"""Two pictures made one, with labels in the same shares: mixup and cutmix.

Each picture is mixed with the next of its batch, the last with the first: these two are the only transforms in which
it matters who stands beside. How much, and where, is still each picture's own draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit.images.arrays import kind_of, like, namespace, to_kind
from castalia.kit.images.augment.colour import per_image
from castalia.kit.images.augment.composing import Transform, share
from castalia.kit.images.augment.draws import Draws
from castalia.kit.images.augment.pictures import Work
from castalia.kit.images.augment.spoiling import rectangles

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Mix(Transform):
    """``alpha`` of the Beta distribution of shares; ``classes`` where labels are whole numbers."""

    alpha: float
    classes: int | None = None
    p: float = 1.0
    whole: ClassVar[bool] = True
    mixes: ClassVar[bool] = True
    floats: ClassVar[bool] = False

    def __post_init__(self) -> None:
        share(self.p, "p")
        if not 1e-3 <= self.alpha <= 1000:
            raise WrongInput("alpha does not fit", f"alpha = {self.alpha}", "0.001 to 1000", field="alpha")

    def work(self, work: Work, draws: Draws) -> None:
        """All pictures, since they are each other's partners; one that is not chosen keeps its whole share."""
        if work.labels is None or work.boxes is not None or work.masks is not None:
            raise WrongInput(
                f"{type(self).__name__} does not fit this batch",
                "no labels" if work.labels is None else "boxes or masks",
                "labels, and neither boxes nor masks", "Call it with augment.Batch(pixels, labels=...).",
                field="labels",
            )  # fmt: skip
        work.labels = soft(work.labels, self.classes)
        chosen = draws.then(0).uniform(1)[:, 0] < self.p
        self.mix(work, np.where(chosen, beta(self.alpha, draws.then(1)), 1.0), draws.then(2))

    def mix(self, work: Work, kept: Floats, draws: Draws) -> None:
        """``kept`` (n,) is the share of itself that a picture keeps."""
        raise NotImplementedError


@dataclass(frozen=True)
class Mixup(_Mix):
    """Both pictures shine through each other (Zhang 2017)."""

    alpha: float = 0.2

    def mix(self, work: Work, kept: Floats, draws: Draws) -> None:
        """kept * one + (1 - kept) * the next."""
        work.floats()
        part = per_image(kept, work.x)
        work.x, work.owned = part * work.x + (1 - part) * _next(work.x), True
        work.labels = _shared(work.labels, kept)


@dataclass(frozen=True)
class Cutmix(_Mix):
    """A rectangle of the next picture covers this one (Yun 2019); labels go by the pixels that it covers."""

    alpha: float = 1.0

    def mix(self, work: Work, kept: Floats, draws: Draws) -> None:
        """Its middle is anywhere; what is outside the picture is not counted."""
        size = np.array(work.size, dtype=np.float64)
        sides = np.sqrt(1 - kept)[:, None] * size
        middle = draws.uniform(2) * size
        start = np.clip(np.rint(middle - sides / 2), 0, size)
        stop = np.clip(np.rint(middle + sides / 2), 0, size)
        covered = np.prod(stop - start, axis=1) / size.prod()
        inside = like(rectangles(start, stop, work.size), work.x)[:, None]
        work.x, work.owned = namespace(work.x).where(inside, _next(work.x), work.x), True
        work.labels = _shared(work.labels, 1 - covered)


def soft(labels: Any, classes: int | None = None) -> Any:
    """Shares (n, k), each row summing to 1: of whole numbers (n,) below ``classes``, or shares already."""
    xp = namespace(labels)
    if labels.ndim == 1:
        if classes is None or kind_of(labels).startswith(("float", "bfloat", "bool")):
            raise WrongInput(
                "labels are classes without a count", f"{kind_of(labels)}, classes = {classes}",
                "whole numbers and classes=",
                "Say how many classes there are.", field="classes",
            )  # fmt: skip
        if int(labels.min()) < 0 or int(labels.max()) >= classes:
            raise WrongInput(
                "a label is no class",
                f"{int(labels.min())} to {int(labels.max())}",
                f"0 to {classes - 1}",
                field="labels",
            )
        return to_kind(labels[:, None] == like(np.arange(classes), labels)[None], "float32")
    kind = kind_of(labels)
    shares = labels if kind in ("float32", "float64") else to_kind(labels, "float32")
    total = shares.sum(1)
    if not bool((xp.abs(total - 1) < 1e-3).all()) or float(shares.min()) < 0:
        raise WrongInput(
            "labels are no shares", f"rows that sum to {float(total.min()):.4g}", "rows that sum to 1", field="labels"
        )
    return shares


def beta(alpha: float, draws: Draws) -> Floats:
    """(n,) of Beta(alpha, alpha), one uniform number each.

    Its density is symmetric, and on 0..1/2 that of x**alpha is smooth and bounded, so that a table inverts it well.
    """
    drawn = draws.uniform(1)[:, 0]
    place = np.linspace(0, 0.5**alpha, 4097)
    density = (1 - place ** (1 / alpha)) ** (alpha - 1)
    heaped = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    low = np.interp(2 * np.minimum(drawn, 1 - drawn), heaped / heaped[-1], place) ** (1 / alpha)
    return np.asarray(np.where(drawn < 0.5, low, 1 - low))


def _next(values: Any) -> Any:
    xp = namespace(values)
    return xp.concatenate([values[1:], values[:1]], 0)


def _shared(labels: Any, kept: Floats) -> Any:
    part = to_kind(like(kept, labels), kind_of(labels))[:, None]
    return part * labels + (1 - part) * _next(labels)
