"""Pictures of other sizes: resized, cropped, letterboxed with the way back, put together into one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core import raster
from castalia.core.errors import TooLarge, WrongInput, did_you_mean

Pixels = NDArray[Any]
Size = tuple[int, int]
Method = Literal["nearest", "area", "bilinear", "bicubic", "lanczos"]

_METHODS = {"nearest": "NEAREST", "area": "BOX", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "lanczos": "LANCZOS"}
MAX_BATCH_BYTES = 4 * 2**30


@dataclass(frozen=True)
class Fit:
    """Where a picture went: new = old * scale + offset, each as (x, y) in pixels. And the way back."""

    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)

    def forward(self, places: ArrayLike) -> NDArray[np.float64]:
        """Points (..., 2) or boxes (..., 4) of the old picture, in the new one."""
        pairs, shape = _pairs(places)
        return np.asarray((pairs * self.scale + self.offset).reshape(shape))

    def back(self, places: ArrayLike) -> NDArray[np.float64]:
        """Points (..., 2) or boxes (..., 4) of the new picture, in the old one."""
        pairs, shape = _pairs(places)
        return np.asarray(((pairs - self.offset) / self.scale).reshape(shape))


def resize(image: Pixels, size: Size, method: Method = "bilinear") -> Pixels:
    """(h, w) or (h, w, c) to ``size`` (height, width); the dtype stays: uint8, uint16, bool or floats.

    All but "nearest" average over what a new pixel covers when they shrink (antialias), as Pillow does, which does the
    work: uint8 equals its answer. "area" is the plain mean (Pillow's BOX). With alpha, colour is weighted by it. uint16
    goes through float32 and is rounded; "bicubic" and "lanczos" overshoot, and whole numbers are clipped.
    """
    from PIL import Image as Pillow

    array, (height, width) = _image(image), _size(size)
    if method not in _METHODS:
        raise WrongInput(
            "method is unknown", repr(method), ", ".join(_METHODS), did_you_mean(str(method), _METHODS).strip(),
            field="method",
        )  # fmt: skip
    how = Pillow.Resampling[_METHODS[method]]
    channels = 1 if array.ndim == 2 else array.shape[2]
    if array.dtype == np.uint8 and channels <= 4:
        plain = array[..., 0] if array.ndim == 3 and channels == 1 else array
        made = np.asarray(Pillow.fromarray(np.ascontiguousarray(plain)).resize((width, height), how))
        return made.reshape(height, width, *array.shape[2:])
    if array.dtype.name not in ("uint8", "uint16", "bool", "float16", "float32", "float64"):
        raise WrongInput(
            "the image cannot be resized", str(array.dtype), "uint8, uint16, bool or floats", field="image"
        )
    planes = array.reshape(*array.shape[:2], -1).astype(np.float32)
    made = np.stack(
        [
            np.asarray(Pillow.fromarray(np.ascontiguousarray(planes[..., k])).resize((width, height), how))
            for k in range(channels)
        ],
        axis=2,
    )
    if array.dtype.kind in "ub":
        made = np.clip(np.floor(made + 0.5), 0, 1 if array.dtype == bool else np.iinfo(array.dtype).max)
    return made.reshape(height, width, *array.shape[2:]).astype(array.dtype)


def crop(image: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    """A view of a part. WrongInput where it is not wholly inside."""
    array = _image(image)
    inside = top >= 0 and left >= 0 and height > 0 and width > 0
    if not inside or top + height > array.shape[0] or left + width > array.shape[1]:
        raise WrongInput(
            "the crop is not inside the image", f"rows {top} to {top + height}, columns {left} to {left + width}",
            f"within {array.shape[0]} x {array.shape[1]}", "letterbox adds room; augment.Crop pads.", field="crop",
        )  # fmt: skip
    return array[top : top + height, left : left + width]


def letterbox(
    image: Pixels, size: Size, *, fill: float = 0, method: Method = "bilinear", grow: bool = True
) -> tuple[Pixels, Fit]:
    """The whole picture in the middle of ``size`` (height, width), proportions kept, ``fill`` around it.

    Its ``Fit`` carries points and boxes there and back, rounding of the inner size included. ``grow=False`` never
    enlarges.
    """
    array, (height, width) = _image(image), _size(size)
    scale = min(height / array.shape[0], width / array.shape[1])
    scale = scale if grow else min(scale, 1.0)
    inner = (max(1, min(height, round(array.shape[0] * scale))), max(1, min(width, round(array.shape[1] * scale))))
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    page = np.full((height, width, *array.shape[2:]), fill, dtype=array.dtype)
    page[top : top + inner[0], left : left + inner[1]] = resize(array, inner, method)
    return page, Fit((inner[1] / array.shape[1], inner[0] / array.shape[0]), (float(left), float(top)))


def batch(
    images: Sequence[Pixels], size: Size | None = None, *, how: Literal["pad", "letterbox", "resize"] = "pad",
    fill: float = 0, method: Method = "bilinear",
) -> tuple[Pixels, list[Fit]]:  # fmt: skip
    """One array (n, h, w, c) of pictures of different sizes, and where each went.

    "pad" leaves each at the top left of ``size``, or of the largest height and width; "letterbox" and "resize" need a
    size. All have the same channels and dtype; decode with mode= to make it so. TooLarge over 4 GiB.
    """
    if not len(images):
        raise WrongInput(
            "images is empty", "no images", "at least one", "A batch of nothing has no size.", field="images"
        )
    arrays = [_image(image) for image in images]
    arrays = [array[..., None] if array.ndim == 2 else array for array in arrays]
    if how not in ("pad", "letterbox", "resize"):
        raise WrongInput("how is unknown", repr(how), "pad, letterbox or resize", field="how")
    for number, array in enumerate(arrays):
        if (array.shape[2], array.dtype) != (arrays[0].shape[2], arrays[0].dtype):
            raise WrongInput(
                f"image {number} differs from the first", f"{array.shape[2]} channels of {array.dtype}",
                f"{arrays[0].shape[2]} of {arrays[0].dtype}", "Decode all with the same mode=.", field="images",
            )  # fmt: skip
    if size is None and how != "pad":
        raise WrongInput(f"{how} needs a size", "none", "(height, width)", "Give size=.", field="size")
    high, wide = size or (max(array.shape[0] for array in arrays), max(array.shape[1] for array in arrays))
    high, wide = _size((high, wide))
    shape = (len(arrays), high, wide, arrays[0].shape[2])
    if (need := int(np.prod(shape, dtype=np.float64)) * arrays[0].itemsize) > MAX_BATCH_BYTES:
        raise TooLarge(
            "the batch is too large", f"{need:,} bytes", f"at most {MAX_BATCH_BYTES:,}", "Take fewer images."
        )
    page, fits = np.full(shape, fill, dtype=arrays[0].dtype), []
    for number, array in enumerate(arrays):
        height, width = array.shape[:2]
        if how == "pad":
            if height > high or width > wide:
                raise WrongInput(
                    f"image {number} is larger than the batch", f"{height} x {width}", f"at most {high} x {wide}",
                    "Use how='letterbox', or a larger size.", field="size",
                )  # fmt: skip
            page[number, :height, :width] = array
            fits.append(Fit())
        elif how == "resize":
            page[number] = resize(array, (high, wide), method)
            fits.append(Fit((wide / width, high / height)))
        else:
            page[number], fit = letterbox(array, (high, wide), fill=fill, method=method)
            fits.append(fit)
    return page, fits


def _image(image: Pixels) -> Pixels:
    array = np.asarray(image)
    if array.ndim not in (2, 3) or not array.size:
        raise WrongInput(
            "the image has another shape", f"shape {array.shape}", "(h, w) or (h, w, c), not empty", field="image"
        )
    return array


def _size(size: Size) -> Size:
    try:
        height, width = size
    except (TypeError, ValueError):
        got, cure = repr(size)[:40], "For a square of 32 give (32, 32)."
        raise WrongInput("size does not fit", got, "(height, width)", cure, field="size") from None
    if height < 1 or width < 1:
        raise WrongInput("size does not fit", str(size), "(height, width), each at least 1", field="size")
    if height * width > raster.MAX_PIXELS:
        raise raster.too_large(f"{height:,} x {width:,}", raster.MAX_PIXELS)
    return int(height), int(width)


def _pairs(places: ArrayLike) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    array = np.asarray(places, dtype=np.float64)
    if array.ndim < 1 or array.shape[-1] not in (2, 4):
        raise WrongInput("places have another shape", f"shape {array.shape}", "(..., 2) points or (..., 4) boxes")
    return array.reshape(-1, 2), array.shape
