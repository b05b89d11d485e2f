"""A batch of pictures with what moves along: boxes, masks, labels. And the form in which transforms work on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit.images.arrays import Pixels, kind_of, like, namespace, to_kind

KINDS = ("uint8", "float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class Batch:
    """Pictures and what belongs to them, all NumPy arrays or all tensors of one device.

    ``boxes`` (n, m, 4) are (x0, y0, x1, y1) in pixels, rows of NaN where a picture has fewer than m; ``masks``
    (n, h, w) are whole numbers or booleans; ``labels`` are classes (n,) or shares of classes (n, k).
    """

    pixels: Pixels
    boxes: Any = None
    masks: Any = None
    labels: Any = None

    @property
    def parts(self) -> tuple[Any, Any, Any, Any]:
        """All four, in their order."""
        return self.pixels, self.boxes, self.masks, self.labels


@dataclass
class Work:
    """The batch while it is worked on: pixels are (n, c, h, w) views, boxes are NumPy's."""

    x: Pixels
    kind: str
    owned: bool = False
    """Whether ``x`` is ours to write into, and not the caller's."""
    unit: bool = False
    """Whether ``x`` is known to lie in 0..1."""
    boxes: NDArray[np.float64] | None = None
    masks: Any = None
    labels: Any = None

    @property
    def n(self) -> int:
        """How many pictures."""
        return int(self.x.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return int(self.x.shape[2]), int(self.x.shape[3])

    def floats(self) -> None:
        """uint8 becomes shares of 255, and half floats become float32, until the work is done."""
        now = kind_of(self.x)
        if now not in ("float32", "float64"):
            self.x = to_kind(self.x, "float32")
            if now == "uint8":
                self.x /= 255
            self.owned, self.unit = True, now == "uint8"

    def shares(self) -> None:
        """WrongInput where floats are not within 0..1: colour has no meaning on normalised numbers."""
        self.floats()
        if not self.unit:
            low, high = float(self.x.min()), float(self.x.max())
            if not (low >= -1e-6 and high <= 1 + 1e-6):
                raise WrongInput(
                    "the pixels are no shares of full light", f"{low:.4g} to {high:.4g}", "0 to 1",
                    "Augment before you normalise; images.to_float brings whole numbers to 0..1.", field="pixels",
                )  # fmt: skip
            self.unit = True

    def rows(self, chosen: NDArray[np.int64]) -> Work:
        """Some of the pictures, copied."""
        at = like(chosen, self.x)
        return replace(
            self, x=self.x[at], owned=True,
            boxes=None if self.boxes is None else self.boxes[chosen],
            masks=None if self.masks is None else self.masks[at],
            labels=None if self.labels is None else self.labels[at],
        )  # fmt: skip

    def put(self, chosen: NDArray[np.int64], other: Work) -> None:
        """Those pictures again, after they were changed."""
        at = like(chosen, self.x)
        if not self.owned:
            self.x, self.owned = _copied(self.x), True
        self.x[at] = other.x
        if self.boxes is not None:
            self.boxes = self.boxes.copy()
            self.boxes[chosen] = other.boxes
        if self.masks is not None:
            self.masks = _copied(self.masks)
            self.masks[at] = other.masks


def entered(batch: Batch, layout: str | None) -> tuple[Work, str]:
    """Checked and ready to be worked on, and the layout found."""
    x = batch.pixels
    xp, kind = namespace(x), kind_of(x)
    if x.ndim != 4 or 0 in x.shape:
        raise WrongInput(
            "pixels have another shape", f"shape {tuple(x.shape)}", "(n, h, w, c) or (n, c, h, w), not empty",
            "One picture alone is picture[None].", field="pixels",
        )  # fmt: skip
    if kind not in KINDS:
        raise WrongInput(
            "pixels have another dtype",
            kind,
            ", ".join(KINDS),
            "images.to_float makes floats of uint16.",
            field="pixels",
        )
    layout = layout or _layout(x)
    if layout not in ("nhwc", "nchw"):
        raise WrongInput("layout is unknown", repr(layout), "nhwc or nchw", field="layout")
    x = xp.moveaxis(x, -1, 1) if layout == "nhwc" else x
    n, _, height, width = x.shape
    boxes = None if batch.boxes is None else _boxes(batch.boxes, n)
    if batch.masks is not None:
        _same(xp, batch.masks, "masks")
        if tuple(batch.masks.shape) != (n, height, width) or kind_of(batch.masks).startswith(("float", "bfloat")):
            raise WrongInput(
                "masks do not fit", f"{kind_of(batch.masks)} of shape {tuple(batch.masks.shape)}",
                f"whole numbers or booleans of shape ({n}, {height}, {width})", field="masks",
            )  # fmt: skip
    if batch.labels is not None:
        _same(xp, batch.labels, "labels")
        if batch.labels.ndim not in (1, 2) or batch.labels.shape[0] != n:
            raise WrongInput(
                "labels do not fit", f"shape {tuple(batch.labels.shape)}", f"({n},) or ({n}, k)", field="labels"
            )
    return Work(x, kind, boxes=boxes, masks=batch.masks, labels=batch.labels), layout


def left(work: Work, layout: str, batch: Batch) -> Batch:
    """The batch again, as it came: library, dtype, layout."""
    x, xp = work.x, namespace(work.x)
    if kind_of(x) != work.kind:
        if work.kind == "uint8":
            x = xp.clip(xp.floor(x * 255 + 0.5), 0, 255)
        x = to_kind(x, work.kind)
    elif not work.owned:
        x = _copied(x)
    x = xp.moveaxis(x, 1, -1) if layout == "nhwc" else x
    x = np.ascontiguousarray(x) if xp is np else x.contiguous()
    boxes = work.boxes
    if boxes is not None and namespace(batch.boxes) is not np:
        boxes = to_kind(like(boxes, batch.boxes), kind_of(batch.boxes))
    elif boxes is not None:
        boxes = boxes.astype(batch.boxes.dtype)
    return Batch(x, boxes, work.masks, work.labels)


def _layout(x: Pixels) -> str:
    last, first = x.shape[3] <= 4, x.shape[1] <= 4
    if last == first:
        raise WrongInput(
            "which axis holds the channels cannot be told", f"shape {tuple(x.shape)}",
            "1 to 4 channels on one side only",
            "Say layout='nhwc' or layout='nchw'.", field="layout",
        )  # fmt: skip
    return "nhwc" if last else "nchw"


def _boxes(boxes: Any, n: int) -> NDArray[np.float64]:
    plain = boxes if isinstance(boxes, np.ndarray) else boxes.detach().cpu().numpy() if namespace(boxes) else boxes
    if plain.ndim != 3 or plain.shape[0] != n or plain.shape[2] != 4 or plain.dtype.kind != "f":
        raise WrongInput(
            "boxes do not fit", f"{plain.dtype} of shape {plain.shape}", f"floats of shape ({n}, m, 4)",
            "Fill up with rows of NaN where pictures have fewer.", field="boxes",
        )  # fmt: skip
    return np.array(plain, dtype=np.float64)


def _same(xp: Any, values: Any, field: str) -> None:
    if namespace(values) is not xp:
        raise WrongInput(f"{field} are of another library than pixels", type(values).__name__, xp.__name__, field=field)


def _copied(values: Pixels) -> Pixels:
    return values.copy() if isinstance(values, np.ndarray) else values.clone()
