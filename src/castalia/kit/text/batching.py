"""Sequences of different lengths in one array, and rows of like length in one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import TooLarge, WrongInput

Side = Literal["left", "right", "middle"]
MAX_CELLS = 500_000_000
POOL = 50
"""Batches' worth of rows that are sorted by length together: more waste less, fewer mix better."""


@dataclass(frozen=True)
class Padded:
    """Numbers (n, length), the mask that is true where they are real, and how many are in each row."""

    ids: NDArray[np.int64]
    mask: NDArray[np.bool_]
    lengths: NDArray[np.int64]


def pad(
    sequences: Sequence[Sequence[int]], length: int | None = None, *, value: int = 0,
    side: Literal["left", "right"] = "right", cut: Side = "right",
) -> Padded:  # fmt: skip
    """One array of ``length``, or of the longest; ``value`` fills the ``side``; ``cut`` is what a longer row loses.

    "middle" keeps the beginning and the end, one more at the beginning where they cannot be equal.
    """
    if side not in ("left", "right") or cut not in ("left", "right", "middle"):
        raise WrongInput(
            "side or cut do not fit", f"{side}, {cut}", "left or right; left, right or middle", field="side"
        )
    if length is not None and length < 1:
        raise WrongInput("length does not fit", f"length = {length}", "1 or more", field="length")
    rows = [np.asarray(row, dtype=np.int64 if len(row) else None) for row in sequences]
    if not rows or any(row.ndim != 1 for row in rows):
        raise WrongInput(
            "sequences do not fit", f"{len(rows)} rows", "rows of numbers, at least one", field="sequences"
        )
    wide = max((len(row) for row in rows), default=0) if length is None else length
    if len(rows) * wide > MAX_CELLS:
        raise TooLarge(
            "the batch is too large", f"{len(rows):,} x {wide:,}", f"at most {MAX_CELLS:,} cells", "Give length=."
        )
    lengths = np.array([min(len(row), wide) for row in rows], dtype=np.int64)
    place = np.arange(wide)
    mask = place < lengths[:, None] if side == "right" else place >= wide - lengths[:, None]
    ids = np.full((len(rows), wide), value, dtype=np.int64)
    ids[mask] = np.concatenate([_shortened(row, wide, cut) for row in rows])
    return Padded(ids, mask, lengths)


def batches(
    lengths: ArrayLike, size: int | None = None, *, max_tokens: int | None = None, seed: int = 0, epoch: int = 0,
    shuffle: bool = True,
) -> Iterator[NDArray[np.int64]]:  # fmt: skip
    """Row numbers in batches of rows of like length, each row once an epoch.

    A batch has at most ``size`` rows, or at most ``max_tokens`` cells after padding to its longest row, or both. With
    ``shuffle``, rows are shuffled, sorted by length within pools of 50 batches, cut, and the batches shuffled;
    without, all are sorted. The order depends on (seed, epoch) alone, as that of ``data.batches``.
    """
    array = np.asarray(lengths)
    if array.ndim != 1 or (array.size and (array.dtype.kind not in "iu" or array.min() < 0)):
        raise WrongInput(
            "lengths do not fit", f"{array.dtype} of shape {array.shape}", "whole numbers from 0", field="lengths"
        )
    if size is None and max_tokens is None:
        raise WrongInput(
            "a batch has no limit", "neither size nor max_tokens", "one of them", "Give size=32.", field="size"
        )
    for name, value, least in (
        ("size", size, 1),
        ("max_tokens", max_tokens, 1),
        ("seed", seed, 0),
        ("epoch", epoch, 0),
    ):
        if value is not None and value < least:
            raise WrongInput(f"{name} does not fit", f"{name} = {value}", f"a whole number from {least}", field=name)
    if max_tokens is not None and array.size and int(array.max()) > max_tokens:
        row = int(array.argmax())
        raise WrongInput(
            f"row {row} alone is over max_tokens", f"{int(array[row])} tokens", f"at most {max_tokens}",
            "Cut it, as pad(length=...) does, or raise max_tokens.", field="max_tokens",
        )  # fmt: skip
    return _batches(array.astype(np.int64), size, max_tokens, np.random.default_rng([seed, epoch]) if shuffle else None)


def _batches(
    lengths: NDArray[np.int64], size: int | None, max_tokens: int | None, generator: np.random.Generator | None
) -> Iterator[NDArray[np.int64]]:
    n = len(lengths)
    order = np.arange(n) if generator is None else generator.permutation(n)
    rows = size or max(1, int((max_tokens or 1) / max(1.0, float(lengths.mean()) if n else 1.0)))
    pool = n if generator is None else POOL * rows
    made: list[NDArray[np.int64]] = []
    for start in range(0, n, max(1, pool)):
        part = order[start : start + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        begin = 0
        for end in range(1, len(part) + 1):
            over = (
                end < len(part)
                and max_tokens is not None
                and (end + 1 - begin) * max(1, lengths[part[end]]) > max_tokens
            )
            if end == len(part) or over or end - begin == size:
                made.append(part[begin:end])
                begin = end
    if generator is not None:
        made = [made[place] for place in generator.permutation(len(made))]
    yield from made


def _shortened(row: NDArray[Any], length: int, cut: Side) -> NDArray[Any]:
    if len(row) <= length:
        return row
    if cut == "right":
        return row[:length]
    if cut == "left":
        return row[len(row) - length :]
    first = (length + 1) // 2
    return np.concatenate([row[:first], row[len(row) - (length - first) :]])
