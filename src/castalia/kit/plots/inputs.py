"""What a plot takes, checked: columns that may have gaps, one model or several by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import column
from castalia.kit.plots.marks import Floats

MOST = 12
"""Curves in one plot; more cannot be told apart."""


def gappy(values: ArrayLike, field: str, *, diverged: bool = False) -> Floats:
    """A column of numbers; None and NaN are gaps, and an infinity is an error but for ``diverged``."""
    array = column(values, field)
    try:
        array = np.array([np.nan if v is None else v for v in array] if array.dtype == object else array, np.float64)
    except (TypeError, ValueError):
        raise WrongInput(f"{field} is not made of numbers", repr(array[:3])[:80], "numbers", field=field) from None
    if not diverged and np.isinf(array).any():
        at = int(np.argmax(np.isinf(array)))
        cure = "Leave it out, or put NaN there: a gap is drawn as a gap."
        raise WrongInput(f"{field} has an infinity", f"row {at}", "finite numbers", cure, field=field)
    if not np.isfinite(array).any():
        raise WrongInput(
            f"{field} has no number", "gaps alone", "at least one number", "There is nothing to draw.", field=field
        )
    return array


def by_name(values: Any, field: str, alone: str) -> dict[str, Any]:
    """Several by name, or one, which is called ``alone``."""
    found = {str(name): value for name, value in values.items()} if isinstance(values, Mapping) else {alone: values}
    if not found or len(found) > MOST:
        cure = "Draw the ones that matter, or several plots."
        raise WrongInput(f"{field} does not fit", f"{len(found)} of them", f"1 to {MOST}", cure, field=field)
    return found


def thinned(count: int, most: int) -> Any:
    """Which of ``count`` points to draw: all, or ``most`` of them, evenly, with the first and the last."""
    if count <= most:
        return slice(None)
    return np.unique(np.round(np.linspace(0, count - 1, most)).astype(np.int64))


def corners(values: Floats, most: int) -> Any:
    """Which points of a long line to draw: of each stretch the lowest, the highest and a gap; all up to ``most``."""
    if len(values) <= most:
        return slice(None)
    kept = {0, len(values) - 1}
    for start, end in pairwise(np.linspace(0, len(values), most // 3).astype(int).tolist()):
        gaps = np.isnan(values[start:end])
        if gaps.any():
            kept.add(start + int(gaps.argmax()))
        if not gaps.all():
            kept |= {start + int(np.nanargmin(values[start:end])), start + int(np.nanargmax(values[start:end]))}
    return np.array(sorted(kept))


def listed(names: Sequence[Any], most: int = 6) -> str:
    """Names in a sentence: ``a, b and 3 more``."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def cut(name: str, most: int = 24) -> str:
    """A long name with its end left out."""
    return name if len(name) <= most else name[: most - 3].rstrip() + "..."
