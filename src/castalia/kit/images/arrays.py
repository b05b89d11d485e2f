"""What a batch of pictures is made of: a NumPy array or a torch tensor, told apart without importing torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from castalia.core.errors import WrongInput

Pixels = Any
"""An ``ndarray`` or a ``torch.Tensor``; torch has no place in a type that is read without it."""


def namespace(values: Pixels) -> Any:
    """The library that an array belongs to: ``numpy`` or ``torch``. torch is there already where a tensor is."""
    if isinstance(values, np.ndarray):
        return np
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        return torch
    raise WrongInput(
        "the image is no array", type(values).__name__, "a NumPy array or a torch tensor",
        "images.decode makes one of a file, np.asarray one of a list.", field="image",
    )  # fmt: skip


def kind_of(values: Pixels) -> str:
    """The name of the dtype, the same for both libraries: ``uint8``, ``float32``, ..."""
    namespace(values)
    return str(values.dtype).removeprefix("torch.")


def like(values: Any, other: Pixels) -> Any:
    """A NumPy array as what ``other`` is, on its device."""
    xp = namespace(other)
    return values if xp is np else xp.as_tensor(values, device=other.device)


def to_kind(values: Pixels, kind: str) -> Pixels:
    """Cast to a dtype by its name."""
    return values.astype(kind) if isinstance(values, np.ndarray) else values.to(getattr(namespace(values), kind))
