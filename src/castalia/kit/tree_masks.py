"""Which leaves each node of a tree leaves, as bits: what lookups are made of.

A tree, or the upper part of one, has its ends numbered from left to right, one bit each. A row that goes left at a node
cannot end to the right below it, and the other way round: so each answer leaves some bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from castalia.kit.trees import Trees

Ints = NDArray[np.intp]
Words = NDArray[Any]


class Shape:
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


@dataclass(frozen=True)
class Masks:
    """What each node leaves in each word that it has leaves in: one entry a node and word."""

    node: Ints
    word: Ints
    left: Words
    """The bits that stay where a row goes left."""
    right: Words


def word_bits(leaves: int) -> int:
    """Bits of the words that leaves are kept in."""
    return next((bits for bits in (8, 16, 32) if leaves <= bits), 64)


def masks(shape: Shape, roots: Sequence[int], most: int) -> tuple[Masks, Ints]:
    """The masks of the nodes with the most leaves below them, up to ``most`` ends under each root.

    Words begin anew with each root. Second: the node of each bit, -1 for a bit without one.
    """
    bits = word_bits(min(most, max(shape.under[root] for root in roots)))
    entries: list[tuple[int, int, int, int]] = []
    ends: list[int] = []
    full = (1 << bits) - 1
    for root in roots:
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
    made = Masks(np.array(node_of), np.array(word_of), np.array(left, dtype=kind), np.array(right, dtype=kind))
    return made, np.array(ends, dtype=np.intp)


def _ones(start: int, end: int, at: int, bits: int) -> int:
    """The bits from start to end, seen in the word that begins at ``at``."""
    low, high = max(start - at, 0), min(end - at, bits)
    return (1 << high) - (1 << low) if high > low else 0


def _upper(shape: Shape, root: int, most: int) -> set[int]:
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
