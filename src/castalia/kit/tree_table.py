"""Where one row ends in every tree, looked up instead of walked to: leaves are bits, and questions cross them out.

The leaves of a tree are numbered from left to right, one bit each. Every answer of a node crosses out the leaves on
its other side; what all the answers leave is the one leaf that the row ends in. Thresholds cut the values of a feature
into cells, all values of a cell get the same answers, and so one row of bits a cell holds all that the feature can
cross out: a row is scored by one search for its cells and one AND over them (QuickScorer: Lucchese et al. 2015, with
its prefixes of false nodes worked out beforehand). A missing value, and each category, is a cell of its own.

A large forest is cut: its upper part is looked up, and blocks go on from there. Nothing is approximated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit.tree_blocks import ENDS, Blocks
from castalia.kit.tree_masks import Masks, Shape, masks, word_bits
from castalia.kit.trees import ZERO

if TYPE_CHECKING:
    from castalia.kit.trees import Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Words = NDArray[Any]

BYTES = 48_000_000
"""The most that a table may take."""
LOOKUP, BYTES_A_NS = 5_000.0, 10.0
"""Nanoseconds of a search without its table, and how much of a table is read in one."""
STAGE, BLOCK = 5_000.0, 120.0
"""Nanoseconds of a stage of blocks, and of each block in it."""
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
    below: Blocks | None
    """For a forest that was cut: where to go on from ``ends``."""

    def find(self, x: Floats) -> Ints:
        """The leaf of each tree, for the values (features,) of a row."""
        if not len(self.cells) and self.below is not None:
            return self.below.find(self.ends, x)
        keys = self.keys.copy()
        keys.imag = x.take(self.used)
        at = self.cuts.searchsorted(keys)
        at += self.offsets
        left = np.bitwise_and.reduce(self.cells.take(at, axis=0), axis=0)
        word = left.nonzero()[0]  # each tree has one bit left, and no two trees share a word
        bit = word << self.shift
        bit += np.bitwise_count(left.take(word) - left.dtype.type(1))
        ends: Ints = self.ends.take(bit)
        return ends if self.below is None else self.below.find(ends, x)


def made(trees: Trees) -> LeafTable | None:
    """The quickest for these trees that stays within ``BYTES``: all looked up, the upper part, or blocks alone.

    None where even the blocks would be too large.
    """
    shape = Shape(trees)
    roots, most = trees.roots.tolist(), _cut(trees, shape)
    if most < 2:
        below = Blocks.under(roots, trees, shape, BYTES)
        none, no = np.zeros(0, dtype=np.complex128), trees.roots[:0]
        return None if below is None else LeafTable(no, none, none, no, none[:, None], 0, below.starts, below)
    looked_up, ends = masks(shape, roots, most)
    below = None
    if most < max(shape.leaves):
        below = Blocks.under(ends.tolist(), trees, shape, BYTES)
        if below is None:
            return None
    used, cuts, cells = _cells(trees, looked_up, ends)
    places = np.arange(len(used))
    shift = (cells.dtype.itemsize * 8).bit_length() - 1
    starts = ends if below is None else below.starts
    return LeafTable(used, places.astype(np.complex128), cuts, places, cells, shift, starts, below)


def _cut(trees: Trees, shape: Shape) -> int:
    """How many leaves of a tree to look up: all of them, some, or 0, whichever is quickest and small enough."""
    leaves, largest = np.array(shape.leaves), max(shape.leaves)
    questions = _imaginary(trees.feature[shape.inner], trees.threshold[shape.inner])
    features, cuts = len(np.unique(questions.real)), len(np.unique(questions))
    found, least = 0, _stages(leaves)
    for most in sorted({largest, *(size for size in (192, 128, 64, 32, 16) if size < largest)}):
        bits = word_bits(most)
        width = int(np.ceil(np.minimum(leaves, most) / bits).sum()) * bits // 8
        cells = min(cuts, int(np.minimum(leaves, most).sum())) + (5 + trees.categories.shape[1]) * features
        cost = LOOKUP + features * width / BYTES_A_NS
        cost += 0.0 if most == largest else _stages(np.maximum(leaves / most, 1))
        if largest > 1 and cells * width <= BYTES and cost < least:
            found, least = most, cost
    return found


def _stages(leaves: NDArray[Any]) -> float:
    """About how long blocks take for trees with so many leaves to choose from."""
    deep = 1 + np.log2(leaves) / np.log2(ENDS)
    return STAGE * float(deep.max()) + BLOCK * float(deep.sum())


def _imaginary(real: NDArray[Any], imag: Floats) -> NDArray[np.complex128]:
    """Pairs that sort by the first, then the second. (A product with 1j would make NaN of an infinite threshold.)"""
    pairs = np.empty(len(imag), dtype=np.complex128)
    pairs.real, pairs.imag = real, imag
    return pairs


def _cells(trees: Trees, masks: Masks, ends: Ints) -> tuple[Ints, NDArray[np.complex128], Words]:
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
