"""Trees in blocks of a few levels: all questions of a block are asked at once, and the answer is the next block.

A block is the upper part of a tree with at most ``ENDS`` ends; under an end there is a leaf, or another block. One
stage takes each tree through one block: gather its questions, ask them, AND what the answers "right" leave. The lowest
bit that is left is where the row goes on (QuickScorer: Lucchese et al. 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit.tree_masks import Shape, masks

if TYPE_CHECKING:
    from castalia.kit.trees import Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
ENDS = 16
"""Ends of a block: larger ones are read from memory that is not in the cache, smaller ones need more stages."""
_WORD = np.uint16
_FULL = _WORD(0xFFFF)


@dataclass(frozen=True)
class Blocks:
    """Blocks one after another. Where a place is meant: a block by its number, or a leaf by ``~node``."""

    feature: Ints
    """(blocks, ENDS - 1)."""
    threshold: Floats
    """The same shape."""
    stays: NDArray[np.uint16]
    """The same shape: the ends that stay where a row goes right; all of them where a block has fewer questions."""
    after: Ints
    """(blocks, ENDS) the place under each end."""
    starts: Ints
    """The places asked for."""

    @classmethod
    def under(cls, nodes: Sequence[int], trees: Trees, shape: Shape, most: int) -> Blocks | None:
        """The blocks under these nodes (-1: none). None where they would take more than ``most`` bytes."""
        numbers: dict[int, int] = {}
        level = [node for node in nodes if node >= 0 and shape.under[node] > 1]
        parts: list[tuple[Any, ...]] = []
        ends_of: list[Ints] = []
        while level:
            numbers |= {node: len(numbers) + at for at, node in enumerate(level)}
            if len(numbers) * ENDS * 26 > most:
                return None
            parts.append(_filled(level, trees, shape))
            ends_of.append(parts[-1][-1])
            level = [node for node in ends_of[-1].ravel().tolist() if node >= 0 and shape.under[node] > 1]
        place = np.array([numbers.get(node, ~node) for node in range(len(shape.under))], dtype=np.intp)
        starts = place[np.asarray(nodes, dtype=np.intp)]
        if not parts:
            none = np.zeros((0, ENDS - 1))
            return cls(none.astype(np.intp), none, none.astype(_WORD), np.zeros((0, ENDS), dtype=np.intp), starts)
        feature, threshold, stays, ends = (np.concatenate(each) for each in zip(*parts, strict=True))
        return cls(feature, threshold, stays, place[ends], starts)

    def find(self, places: Ints, x: Floats) -> Ints:
        """The leaf under each place, for the values (features,) of a row without missing values."""
        now = places.copy()
        while len(on := (now >= 0).nonzero()[0]):
            block = now.take(on)
            right = x.take(self.feature.take(block, axis=0)) > self.threshold.take(block, axis=0)
            left = np.bitwise_and.reduce(np.where(right, self.stays.take(block, axis=0), _FULL), axis=1)
            lowest = np.bitwise_count((left & -left) - _WORD(1))
            now[on] = self.after[block, lowest]
        return ~now


def _filled(roots: list[int], trees: Trees, shape: Shape) -> tuple[Ints, Floats, NDArray[np.uint16], Ints]:
    """Feature, threshold, stays and end nodes of the blocks at these roots."""
    found, ends = masks(shape, roots, ENDS)
    slot = np.arange(len(found.word)) - np.searchsorted(found.word, found.word)
    size = (len(roots), ENDS - 1)
    feature, threshold = np.zeros(size, dtype=np.intp), np.zeros(size)
    stays = np.full(size, _FULL)
    feature[found.word, slot], threshold[found.word, slot] = trees.feature[found.node], trees.threshold[found.node]
    stays[found.word, slot] = found.right
    wide = np.full((len(roots), ENDS), -1, dtype=np.intp)
    wide[:, : len(ends) // len(roots)] = ends.reshape(len(roots), -1)
    return feature, threshold, stays, wide
