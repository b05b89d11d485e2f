"""Pictures as arrays: decoded within limits, resized, normalised, batched; augmented a batch at a time.

A picture is (h, w, c), y before x; sizes are (height, width), points (x, y), boxes (x0, y0, x1, y1) in pixels with
their origin at the picture's top left corner, so that pixel (0, 0) covers 0..1.

>>> import numpy as np
>>> from castalia.kit import images
>>> picture = np.zeros((4, 6, 3), np.uint8)
>>> images.decode(images.encode(picture)).shape
(4, 6, 3)
"""

from castalia.kit.images import augment
from castalia.kit.images.reading import decode, encode
from castalia.kit.images.sizes import Fit, batch, crop, letterbox, resize
from castalia.kit.images.values import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    channels_first,
    channels_last,
    denormalize,
    normalize,
    to_float,
    to_uint8,
)

__all__ = [
    "IMAGENET_MEAN", "IMAGENET_STD", "Fit", "augment", "batch", "channels_first", "channels_last", "crop", "decode",
    "denormalize", "encode", "letterbox", "normalize", "resize", "to_float", "to_uint8",
]  # fmt: skip
