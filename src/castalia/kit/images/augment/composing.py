"""What every transform is, and several in a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.images.arrays import Pixels
from castalia.kit.images.augment.draws import Draws, Seed
from castalia.kit.images.augment.pictures import Batch, Work, entered, left

CHUNK = 1 << 17
"""NumPy works on so many numbers at a time that what lies between stays in the cache; no image sees the difference."""


class Transform:
    """A random change of a whole batch at once. The same seed and index give the same result, whoever is beside."""

    p: float
    """The share of pictures that are changed."""
    floats: ClassVar[bool] = True
    """Whether it computes, or only moves pixels."""
    whole: ClassVar[bool] = False
    """Whether it must be given all pictures: it changes their size, or mixes them."""
    mixes: ClassVar[bool] = False
    """Whether pictures of one batch depend on each other."""

    @overload
    def __call__(
        self, images: Batch, *, seed: Seed = 0, index: ArrayLike | None = None, layout: str | None = None
    ) -> Batch: ...
    @overload
    def __call__(
        self, images: Pixels, *, seed: Seed = 0, index: ArrayLike | None = None, layout: str | None = None
    ) -> Pixels: ...
    def __call__(
        self, images: Any, *, seed: Seed = 0, index: ArrayLike | None = None, layout: str | None = None
    ) -> Any:
        """Pixels (n, h, w, c) or (n, c, h, w), or a ``Batch``; the same kind, dtype and device come back, as a copy.

        ``seed`` may be (seed, epoch). ``index`` (n,) says which image of the data set each is; without it, 0 .. n-1.
        ``layout`` is "nhwc" or "nchw"; without it, the side with at most 4 channels. uint8 is 0..255, floats 0..1.
        """
        batch = images if isinstance(images, Batch) else Batch(images)
        work, layout = entered(batch, layout)
        number = np.arange(work.n) if index is None else np.asarray(index)
        if number.shape != (work.n,) or number.dtype.kind not in "iu" or number.min() < 0:
            raise WrongInput(
                "index does not fit", f"{number.dtype} of shape {number.shape}", f"{work.n} whole numbers from 0",
                field="index",
            )  # fmt: skip
        step, each = max(1, CHUNK // int(np.prod(work.x.shape[1:]))), _flat([self])
        moves = not any(one.floats for one in each)  # nothing lies between, and joining the pieces would cost
        if moves or step >= work.n or not isinstance(work.x, np.ndarray) or any(one.mixes for one in each):
            self.work(work, Draws.of(seed, number))
            done = left(work, layout, batch)
            return done if isinstance(images, Batch) else done.pixels
        parts = []
        for start in range(0, work.n, step):
            some = slice(start, start + step)
            part = Batch(*(None if values is None else values[some] for values in batch.parts))
            ready, _ = entered(part, layout)
            self.work(ready, Draws.of(seed, number[some]))
            parts.append(left(ready, layout, part))
        columns = zip(*(part.parts for part in parts), strict=True)
        done = Batch(*(None if column[0] is None else np.concatenate(column) for column in columns))
        return done if isinstance(images, Batch) else done.pixels

    def work(self, work: Work, draws: Draws) -> None:
        """Change some of the pictures in place of the work; inside a composition this is what is called."""
        chosen = np.flatnonzero(draws.then(0).uniform(1)[:, 0] < self.p)
        if not chosen.size:
            return
        if self.floats:
            work.floats()
        if chosen.size == work.n:
            self.apply(work, draws)
            return
        part = work.rows(chosen)
        self.apply(part, draws.rows(chosen))
        work.put(chosen, part)

    def apply(self, work: Work, draws: Draws) -> None:
        """Change all of them."""
        raise NotImplementedError


@dataclass(frozen=True)
class Compose(Transform):
    """One after another; whole numbers become floats once, and are rounded once, at the end."""

    transforms: Sequence[Transform]
    p: float = 1.0
    floats: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if wrong := [each for each in self.transforms if not isinstance(each, Transform)]:
            raise WrongInput("transforms has something else", type(wrong[0]).__name__, "transforms", field="transforms")
        share(self.p, "p")
        if self.p < 1 and (whole := [each for each in _flat(self.transforms) if each.whole]):
            raise WrongInput(
                f"{type(whole[0]).__name__} needs the whole batch", f"p = {self.p}", "p = 1",
                "Take it out of this composition.", field="p",
            )  # fmt: skip

    def apply(self, work: Work, draws: Draws) -> None:
        """In order, each with draws of its own."""
        for number, each in enumerate(self.transforms, start=1):
            each.work(work, draws.then(number))


def _flat(transforms: Sequence[Transform]) -> list[Transform]:
    found: list[Transform] = []
    for each in transforms:
        found += _flat(each.transforms) if isinstance(each, Compose) else [each]
    return found


def share(value: float, field: str, high: float = 1.0) -> None:
    """WrongInput unless ``value`` lies in 0..high."""
    if not 0 <= value <= high:  # NaN is not either
        raise WrongInput(f"{field} does not fit", f"{field} = {value}", f"0 to {high:g}", field=field)


def span(value: tuple[float, float], field: str, low: float = -np.inf, high: float = np.inf) -> None:
    """WrongInput unless ``value`` is (low, high) in order and within bounds."""
    if len(value) != 2 or not (low <= value[0] <= value[1] <= high) or not np.isfinite(value).all():
        raise WrongInput(
            f"{field} does not fit", f"{field} = {value}", f"(low, high) within {low:g} to {high:g}", field=field
        )
