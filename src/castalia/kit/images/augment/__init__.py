"""Random changes of whole batches, for NumPy arrays and torch tensors alike; torch is never imported for it.

>>> import numpy as np
>>> from castalia.kit.images import augment
>>> change = augment.Compose([augment.Flip(), augment.Crop((32, 32), padding=4), augment.Brightness(0.2)])
>>> change(np.zeros((8, 32, 32, 3), np.uint8), seed=(0, 3)).shape  # seed 0, epoch 3
(8, 32, 32, 3)
"""

from castalia.kit.images.augment.colour import Brightness, Contrast, Hue, Saturation
from castalia.kit.images.augment.composing import Compose, Transform
from castalia.kit.images.augment.geometric import Affine, Crop, Flip, FlipVertical
from castalia.kit.images.augment.mixing import Cutmix, Mixup, soft
from castalia.kit.images.augment.pictures import Batch
from castalia.kit.images.augment.spoiling import Blur, Cutout, Erase, Noise

__all__ = [
    "Affine", "Batch", "Blur", "Brightness", "Compose", "Contrast", "Crop", "Cutmix", "Cutout", "Erase", "Flip",
    "FlipVertical", "Hue", "Mixup", "Noise", "Saturation", "Transform", "soft",
]  # fmt: skip
