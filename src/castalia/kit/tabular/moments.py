"""Counts, means and squared deviations that add up: two parts merged are the whole, but for the last bits.

Every block of rows is centred on its own mean before it is squared, and blocks are joined by the update of Chan, Golub
and LeVeque (1983). A column of float32 far from zero loses nothing: it is widened first.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from castalia.core.errors import WrongInput
from castalia.core.system import Field
from castalia.kit.tabular.frames import Array, Floats
from castalia.kit.tabular.steps import State

BLOCK = 8192
"""Rows that are centred together; a few columns of them fit a cache."""

STEADY = 10 * float(np.finfo(np.float64).eps)
"""A spread of so small a share of the numbers themselves is their rounding: 0.3 beside 0.1 + 0.2."""

Parts = tuple[Floats, Floats, Floats]
"""(k,) counts, means and summed squares."""


class Moments(State):
    """How many values are present, their mean, and their summed squared deviations from it."""

    n: int = Field(ge=0)
    mean: float
    m2: float = Field(ge=0)

    def merge(self, other: Self) -> Self:
        n, mean, m2 = joined(
            *((np.array([float(each.n)]), np.array([each.mean]), np.array([each.m2])) for each in (self, other))
        )
        return type(self)(n=int(n[0]), mean=float(mean[0]), m2=float(m2[0]))

    @property
    def deviation(self) -> float:
        """Standard deviation of the population (divided by n, as scikit-learn does)."""
        return float(np.sqrt(self.m2 / self.n)) if self.n else 0.0


def divisor(spread: float, size: float) -> float:
    """What a column is divided by: its spread, or 1 where that is rounding of numbers of this size and no spread."""
    return spread if spread > STEADY * abs(size) else 1.0


def joined(one: Parts, two: Parts) -> Parts:
    """Both at once."""
    n = one[0] + two[0]
    share = two[0] / np.maximum(n, 1)
    apart = two[1] - one[1]
    return n, one[1] + apart * share, one[2] + two[2] + apart * apart * one[0] * share


def moments(table: Array, names: list[str]) -> list[Moments]:
    """Of each column of a (n, k) array of numbers, NaN left out; WrongInput where one holds an infinity."""
    total: Parts | None = None
    with np.errstate(all="ignore"):
        for start in range(0, len(table), BLOCK):
            block = np.ascontiguousarray(table[start : start + BLOCK].T, dtype=np.float64)
            part = _of_block(block)
            total = part if total is None else joined(total, part)
    assert total is not None
    for i in np.flatnonzero(~np.isfinite(total[1] + total[2])):
        infinite(table[:, i], names[i])
    return [Moments(n=int(n), mean=float(mean), m2=float(m2)) for n, mean, m2 in zip(*total, strict=True)]


def infinite(values: Array, name: str) -> None:
    """WrongInput for a column that has an infinity, or numbers whose squares overflow."""
    wrong = np.isinf(values)
    at = f"row {int(np.argmax(wrong))}" if wrong.any() else "squares that overflow"
    raise WrongInput(
        f"column {name} has an infinite value", at, "finite numbers, NaN where missing",
        "Clean it, or take its logarithm first.", field=name,
    )  # fmt: skip


def _of_block(block: Floats) -> Parts:
    """Of a (k, m) block. Centred on a value of its own first, so that a constant column has exactly none."""
    gone = np.isnan(block)
    if not gone.any():
        first = block[:, :1].copy()
        block = block - first
        mean = block.mean(axis=1)
        block -= mean[:, None]
        n = np.full(len(block), float(block.shape[1]))
        return n, first[:, 0] + mean, np.einsum("ij,ij->i", block, block)
    n = (~gone).sum(axis=1).astype(np.float64)
    first = np.where(n > 0, block[np.arange(len(block)), np.argmin(gone, axis=1)], 0.0)[:, None]
    block = np.where(gone, 0.0, block - first)
    mean = block.sum(axis=1) / np.maximum(n, 1)
    block = np.where(gone, 0.0, block - mean[:, None])
    return n, first[:, 0] + mean, np.einsum("ij,ij->i", block, block)
