"""The same question in other forms, in which a right answer is the same: what a contract asks without being told.

Other places in memory (columns first, every other number) go with every oracle; float32, whole numbers, lists and rows
in another order where the claim says that the interface has them (``forms``, ``rows``, ``unordered``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from castalia.core.contract import Claim

SINGLE = 1e-5
"""Relative error that is allowed at least for an answer from float32."""


@dataclass(frozen=True)
class Variant:
    """One more question, and its answer."""

    words: str
    """Follows the function's name: "softmax of whole numbers"."""
    inputs: tuple[Any, ...]
    expected: Any
    rtol: float
    layout: str = ""


def variants(claim: Claim, inputs: tuple[Any, ...], expected: Any, seed: int) -> Iterator[Variant]:
    """Those of an oracle's claim for one input whose answer is known."""
    arrays = [value for value in inputs if isinstance(value, np.ndarray)]
    if any(array.ndim for array in arrays):
        words = "of an array that does not lie in one piece (a view of every other number)"
        yield Variant(words, inputs, expected, claim.rtol, "strided")
    if any(array.ndim > 1 for array in arrays):
        words = "of an array that lies in memory column by column (a transposed one)"
        yield Variant(words, inputs, expected, claim.rtol, "F")
    for form in claim.forms:
        yield from _in_form(claim, inputs, form)
    if claim.rows:
        inputs_, order = _shuffled(inputs, claim.rows, seed)
        yield Variant("of the same rows in another order", inputs_, np.asarray(expected)[order], claim.rtol)
    if claim.unordered:
        inputs_, _ = _shuffled(inputs, claim.unordered, seed)
        yield Variant("of the same rows in another order", inputs_, expected, claim.rtol)


def _in_form(claim: Claim, inputs: tuple[Any, ...], form: str) -> Iterator[Variant]:
    assert claim.oracle is not None
    words = {"float32": "of float32", "int": "of whole numbers", "list": "of a list"}[form]
    changed = tuple(_as(value, form) for value in inputs)
    plain = inputs if form == "list" else changed
    rtol = max(claim.rtol, SINGLE) if form == "float32" else claim.rtol
    yield Variant(words, changed, claim.oracle(*copy.deepcopy(plain)), rtol)


def _as(value: Any, form: str) -> Any:
    if not isinstance(value, np.ndarray) or not value.ndim:
        return value
    if form == "list":
        return value.tolist()
    if value.dtype.kind != "f":
        return value
    return value.astype(np.float32) if form == "float32" else np.rint(value).astype(np.int64)


def _shuffled(inputs: tuple[Any, ...], at: tuple[int, ...], seed: int) -> tuple[tuple[Any, ...], Any]:
    """The inputs at ``at`` with their rows in another order, the same for all of them, and that order."""
    count = len(inputs[at[0]])
    order = np.random.default_rng([seed, count]).permutation(count)
    if count > 1 and np.array_equal(order, np.arange(count)):
        order = order[::-1].copy()
    return tuple(value[order] if number in at else value for number, value in enumerate(inputs)), order
