"""The numbers in a picture: depths, mean and standard deviation, where the channels stand.

Whole numbers mean shares of their full scale: 255 of uint8 and 65535 of uint16 are 1.0. Floats are shares already.
NumPy arrays and torch tensors are taken, and come back as the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.images.arrays import Pixels, kind_of, namespace

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_float(image: Pixels) -> Pixels:
    """Shares from 0 to 1, float32: uint8 over 255, uint16 over 65535, booleans as 0 and 1; floats as they are."""
    kind = kind_of(image)
    if kind.startswith(("float", "bfloat")):
        return image
    full = {"bool": 1, "uint8": 255, "uint16": 65535}.get(kind)
    if full is None:
        raise WrongInput(
            "the image has no known scale", kind, "uint8, uint16, bool or floats",
            "Divide it by its largest possible value yourself.", field="image",
        )  # fmt: skip
    xp = namespace(image)
    found = image.astype(np.float32) if xp is np else image.to(xp.float32)
    return found / full


def to_uint8(image: Pixels, *, clip: bool = False) -> Pixels:
    """0..1 becomes 0..255, rounded to the nearest; uint16 likewise; uint8 as it is.

    WrongInput where a value is NaN, or outside 0..1 unless ``clip``: a picture that was normalised has such.
    """
    if kind_of(image) == "uint8":
        return image
    share, xp = to_float(image), namespace(image)
    if clip:
        share = xp.where(share < 0, 0 * share, xp.where(share > 1, 0 * share + 1, share))
    if not bool(((share >= 0) & (share <= 1)).all()):  # NaN is neither
        raise WrongInput(
            "the image has values outside 0..1", f"{float(share.min()):.4g} to {float(share.max()):.4g}", "0 to 1",
            "Use denormalize first where it was normalised, or clip=True.", field="image",
        )  # fmt: skip
    whole = xp.floor(share * 255 + 0.5)
    return whole.astype(np.uint8) if xp is np else whole.to(xp.uint8)


def normalize(
    image: Pixels, mean: ArrayLike = IMAGENET_MEAN, std: ArrayLike = IMAGENET_STD, *, channels: str = "last"
) -> Pixels:
    """(share - mean) / std a channel, floats. ``channels`` says where they stand: "last" or "first" of three."""
    middle, spread = _spread(image, mean, std, channels)
    return (to_float(image) - middle) / spread


def denormalize(
    image: Pixels, mean: ArrayLike = IMAGENET_MEAN, std: ArrayLike = IMAGENET_STD, *, channels: str = "last"
) -> Pixels:
    """What ``normalize`` was given, as shares; ``to_uint8(..., clip=True)`` leads on to 0..255."""
    middle, spread = _spread(image, mean, std, channels)
    return to_float(image) * spread + middle


def channels_first(image: Pixels) -> Pixels:
    """(..., h, w, c) to (..., c, h, w), without a copy."""
    return namespace(_three(image)).moveaxis(image, -1, -3)


def channels_last(image: Pixels) -> Pixels:
    """(..., c, h, w) to (..., h, w, c), without a copy."""
    return namespace(_three(image)).moveaxis(image, -3, -1)


def _three(image: Pixels) -> Pixels:
    if image.ndim < 3:
        raise WrongInput(
            "the image has no channels", f"shape {tuple(image.shape)}", "three axes or more", field="image"
        )
    return image


def _spread(image: Pixels, mean: ArrayLike, std: ArrayLike, channels: str) -> Sequence[Any]:
    if channels not in ("first", "last"):
        raise WrongInput("channels is unknown", repr(channels), "first or last", field="channels")
    count = _three(image).shape[-1 if channels == "last" else -3]
    middle, spread = (np.asarray(each, dtype=np.float32).ravel() for each in (mean, std))
    if middle.size not in (1, count) or spread.size not in (1, count):
        raise WrongInput(
            "mean and std do not fit the channels", f"{middle.size} and {spread.size} for {count} channels",
            f"1 or {count} of each", f"The image is read with its channels {channels}.", field="mean",
        )  # fmt: skip
    if not (np.isfinite(middle).all() and np.isfinite(spread).all() and (spread > 0).all()):
        raise WrongInput("mean or std do not fit", f"{middle}, {spread}", "finite, std above 0", field="std")
    shape = (-1,) if channels == "last" else (-1, 1, 1)
    xp = namespace(image)
    if xp is np:
        return [each.reshape(shape) for each in (middle, spread)]
    return [xp.as_tensor(each, device=image.device).reshape(shape) for each in (middle, spread)]
