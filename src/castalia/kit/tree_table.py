"""Where one row ends in every tree, looked up instead of walked to: leaves are bits, and questions cross them out.

The leaves of a tree are numbered from left to right, one bit each. Every answer of a node crosses out the leaves on
its other side; what all the answers leave is the one leaf that the row ends in. Thresholds cut the values of a feature
into cells, all values of a cell get the same answers, and so one row of bits a cell holds all that the feature can
cross out: a row is scored by one search for its cells and one AND over them (QuickScorer: Lucchese et al. 2015, with
its prefixes of false nodes worked out beforehand). A missing value, and each category, is a cell of its own.

A large forest is cut: its upper part is looked up, and the rest is walked. Nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit.trees import ZERO

if TYPE_CHECKING:
    from castalia.kit.trees import Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Words = NDArray[Any]

BYTES = 48_000_000
"""The most that a table may take."""
STEP, LOOKUP, BYTES_A_NS = 60.0, 5_000.0, 10.0
"""Nanoseconds of one step of a walk, of a search without its table, and how much of a table is read in one."""
_AT_A_TIME = 100_000


@dataclass(frozen=True)
class LeafTable:
    """What finds the leaves of one row."""

    used: Ints
    """The features that any looked-up node asks about."""
    keys: NDArray[np.complex128]
    """(used,) the place of a feature as the real part; the imaginary part takes its value."""
    cuts: NDArray[np.complex128]
    """All thresholds in this form, ascending; after them one for each feature, so that NaN has a cell behind all."""
    offsets: Ints
    cells: Words
    """(cells, words) the leaves that each cell leaves."""
    shift: int
    """Bits of a word, as a power of two."""
    ends: Ints
    """The node of each bit."""
    below: list[Any] | None
    """For a forest that was cut: what is under the node of each bit, as nested (feature, threshold, left, right)."""

    def find(self, x: Floats) -> Ints | list[int]:
        """The leaf of each tree, for the values (features,) of a row."""
        if not len(self.cells):
            return _walked(self.below or [], x)
        keys = self.keys.copy()
        keys.imag = x.take(self.used)
        at = self.cuts.searchsorted(keys)
        at += self.offsets
        left = np.bitwise_and.reduce(self.cells.take(at, axis=0), axis=0)
        word = left.nonzero()[0]  # each tree has one bit left, and no two trees share a word
        bit = word << self.shift
        bit += np.bitwise_count(left.take(word) - left.dtype.type(1))
        if self.below is None:
            found: Ints = self.ends.take(bit)
            return found
        return _walked([self.below[each] for each in bit.tolist()], x)


def made(trees: Trees) -> LeafTable:
    """The quickest for these trees that stays within ``BYTES``: all looked up, the upper part, or nothing."""
    shape = _Shape(trees)
    most = _cut(trees, shape)
    nested = _nested(trees, shape) if most < max(shape.leaves) else None
    none = np.zeros(0, dtype=np.intp)
    if most < 2:
        roots = [nested[root] for root in trees.roots.tolist()] if nested else []
        return LeafTable(none, np.zeros(0, complex), np.zeros(0, complex), none, np.zeros((0, 0)), 0, none, roots)
    bits = _word(min(most, max(shape.leaves)))
    masks, ends = _masks(trees, shape, most, bits)
    used, cuts, cells = _cells(trees, masks, ends, bits)
    places = np.arange(len(used))
    below = None if nested is None else [nested[end] if end >= 0 else None for end in ends.tolist()]
    shift = bits.bit_length() - 1
    return LeafTable(used, places.astype(np.complex128), cuts, places, cells, shift, ends, below)


class _Shape:
    """Children and leaves as lists: Python reads a list faster than an array."""

    def __init__(self, trees: Trees) -> None:
        self.left, self.right = trees.child[0::2].tolist(), trees.child[1::2].tolist()
        self.under = [1] * len(self.left)
        """Leaves below each node."""
        self.inner: list[int] = []
        """Inner nodes, children after their parents."""
        waiting = trees.roots.tolist()
        while waiting:
            node = waiting.pop()
            if self.left[node] != node:
                self.inner.append(node)
                waiting += [self.left[node], self.right[node]]
        for node in reversed(self.inner):
            self.under[node] = self.under[self.left[node]] + self.under[self.right[node]]
        self.leaves = [self.under[root] for root in trees.roots.tolist()]


def _cut(trees: Trees, shape: _Shape) -> int:
    """How many leaves of a tree to look up: all of them, some, or 0, whichever is quickest and small enough."""
    leaves, largest = np.array(shape.leaves), max(shape.leaves)
    questions = _imaginary(trees.feature[shape.inner], trees.threshold[shape.inner])
    features, cuts = len(np.unique(questions.real)), len(np.unique(questions))
    found, least = 0, STEP * _steps(leaves)
    for most in sorted({largest, *(size for size in (192, 128, 64, 32, 16) if size < largest)}):
        bits = _word(most)
        width = int(np.ceil(np.minimum(leaves, most) / bits).sum()) * bits // 8
        cells = min(cuts, int(np.minimum(leaves, most).sum())) + (5 + trees.categories.shape[1]) * features
        walk = 0.0 if most == largest else STEP * _steps(np.maximum(leaves / most, 1))
        cost = LOOKUP + features * width / BYTES_A_NS + walk
        if largest > 1 and cells * width <= BYTES and cost < least:
            found, least = most, cost
    return found


def _steps(leaves: NDArray[Any]) -> float:
    """About how many steps lead down trees that have so many leaves."""
    return float((1 + 1.2 * np.log2(leaves)).sum())


def _imaginary(real: NDArray[Any], imag: Floats) -> NDArray[np.complex128]:
    """Pairs that sort by the first, then the second. (A product with 1j would make NaN of an infinite threshold.)"""
    pairs = np.empty(len(imag), dtype=np.complex128)
    pairs.real, pairs.imag = real, imag
    return pairs


def _word(leaves: int) -> int:
    """Bits of the words that leaves are kept in."""
    return next((bits for bits in (8, 16, 32) if leaves <= bits), 64)


@dataclass(frozen=True)
class _Masks:
    """What each node leaves in each word that it has leaves in: one entry a node and word."""

    node: Ints
    word: Ints
    left: Words
    """The bits that stay where a row goes left."""
    right: Words


def _masks(trees: Trees, shape: _Shape, most: int, bits: int) -> tuple[_Masks, Ints]:
    """The masks of the nodes above the cut, and the node of each bit (-1 for a bit without one)."""
    entries: list[tuple[int, int, int, int]] = []
    ends: list[int] = []
    full = (1 << bits) - 1
    for root in trees.roots.tolist():
        first, asked = len(ends) // bits, _upper(shape, root, most)
        start, spans = len(ends), dict[int, tuple[int, int]]()
        waiting = [(root, False)]
        while waiting:
            node, seen = waiting.pop()
            if node not in asked:
                spans[node] = (len(ends) - start, len(ends) - start + 1)
                ends.append(node)
            elif not seen:
                waiting += [(node, True), (shape.right[node], False), (shape.left[node], False)]
            else:
                (low, middle), (_, high) = spans[shape.left[node]], spans[shape.right[node]]
                spans[node] = (low, high)
                for word in range(low // bits, (high - 1) // bits + 1):
                    of_left, of_right = _ones(low, middle, word * bits, bits), _ones(middle, high, word * bits, bits)
                    entries.append((node, first + word, full & ~of_right, full & ~of_left))
        ends += [-1] * (-len(ends) % bits)
    node_of, word_of, left, right = zip(*entries, strict=True)
    kind = np.dtype(f"u{bits // 8}")
    masks = _Masks(np.array(node_of), np.array(word_of), np.array(left, dtype=kind), np.array(right, dtype=kind))
    return masks, np.array(ends, dtype=np.intp)


def _ones(start: int, end: int, at: int, bits: int) -> int:
    """The bits from start to end, seen in the word that begins at ``at``."""
    low, high = max(start - at, 0), min(end - at, bits)
    return (1 << high) - (1 << low) if high > low else 0


def _upper(shape: _Shape, root: int, most: int) -> set[int]:
    """The inner nodes to look up: those with the most leaves below them, until there are ``most`` ends."""
    chosen: set[int] = set()
    waiting = [(-shape.under[root], root)]
    while waiting and len(chosen) < most - 1:
        _, node = heappop(waiting)
        if shape.under[node] > 1:
            chosen.add(node)
            for child in (shape.left[node], shape.right[node]):
                heappush(waiting, (-shape.under[child], child))
    return chosen


def _cells(trees: Trees, masks: _Masks, ends: Ints, bits: int) -> tuple[Ints, NDArray[np.complex128], Words]:
    """The features asked about, their cuts, and the bits of each cell: answers of its largest value stand for it."""
    feature = trees.feature[masks.node]
    used = np.unique(feature)
    there = np.packbits(ends >= 0, bitorder="little").view(masks.left.dtype)
    cuts: list[NDArray[np.complex128]] = []
    rows: list[Words] = []
    missing: list[Words] = []
    for place, each in enumerate(used.tolist()):
        own = np.flatnonzero(feature == each)
        own = own[np.argsort(masks.word[own], kind="stable")]
        node, values = masks.node[own], _values(trees, masks.node[own])
        word, starts = np.unique(masks.word[own], return_index=True)
        found, asked = np.tile(there, (len(values) + 2, 1)), np.append(values, [np.inf, np.nan])
        some = max(1, _AT_A_TIME // len(own))
        for at in range(0, len(asked), some):
            seen, at_nodes = np.broadcast_arrays(asked[at : at + some, None], node)
            stays = np.where(trees.goes_right(seen, at_nodes), masks.right[own], masks.left[own])
            found[at : at + some, word] &= np.bitwise_and.reduceat(stays, starts, axis=1)
        cuts.append(_imaginary(np.full(len(values), place), values))
        rows.append(found[:-1])
        missing.append(found[-1:])
    cuts.append(_imaginary(np.arange(len(used), 2 * len(used)), np.zeros(len(used))))
    return used, np.concatenate(cuts), np.concatenate([*rows, *missing])


def _values(trees: Trees, nodes: Ints) -> Floats:
    """Where answers of these nodes, all of one feature, can change: the largest values of the cells but the last."""
    by_set = np.isin(nodes, trees.categorical)
    values = [trees.threshold[nodes[~by_set]]]
    if (trees.missing[nodes] == 1).any():
        values.append(np.array([np.nextafter(-ZERO, -1.0), ZERO]))
    if by_set.any():  # a category is read from its number up to the next; above -1 it is the first
        values.append(np.array([-1.0, *np.nextafter(np.arange(1.0, trees.categories.shape[1] + 1), -1.0)]))
    return np.unique(np.concatenate(values))


def _nested(trees: Trees, shape: _Shape) -> list[Any]:
    """Each node as nested (feature, threshold, left, right), a leaf as its number: what Python walks fastest."""
    feature, threshold = trees.feature.tolist(), trees.threshold.tolist()
    nested: list[Any] = list(range(len(feature)))
    for node in reversed(shape.inner):
        nested[node] = (feature[node], threshold[node], nested[shape.left[node]], nested[shape.right[node]])
    return nested


def _walked(starts: Sequence[Any], x: Floats) -> list[int]:
    """The leaf under each start, for a row without missing values."""
    seen, leaves = x.tolist(), []
    for node in starts:
        while type(node) is tuple:
            feature, threshold, left, right = node
            node = left if seen[feature] <= threshold else right
        leaves.append(node)
    return leaves
