"""Texts that are almost the same: candidates by MinHash, then compared in full, so that what is found is true.

A text is the set of its shingles, runs of a few words. Two texts are as alike as the share of shingles they have in
common (Jaccard). MinHash signatures cut into bands let alike texts meet without comparing all pairs (Broder 1997).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import TooLarge, WrongInput
from castalia.kit.text.bags import Terms
from castalia.kit.text.vocabulary import as_list

MISSED = 1e-3
"""The chance that a pair exactly at the threshold is not found; more alike ones are missed more rarely."""
MAX_PAIRS = 5_000_000


class Alike(NamedTuple):
    """Two documents by their numbers, ``first < second``, and the share of shingles they have in common."""

    first: int
    second: int
    share: float


def near_duplicates(
    documents: Iterable[str], threshold: float = 0.8, *, shingle: int = 3, hashes: int = 128, seed: int = 0
) -> list[Alike]:
    """All pairs at least ``threshold`` alike, but for one in a thousand of those just at it; in order.

    ``shingle`` counts words (a shorter text is one shingle); case, punctuation and white space do not count. Texts
    without a word are like none. TooLarge where more than 5 million pairs meet: many copies of one text.
    """
    if not 0.1 <= threshold <= 1 or not 1 <= shingle <= 20 or not 8 <= hashes <= 1024:
        raise WrongInput(
            "threshold, shingle or hashes do not fit",
            f"{threshold}, {shingle}, {hashes}", "0.1 to 1; 1 to 20; 8 to 1024",
            field="threshold",
        )  # fmt: skip
    copies: defaultdict[frozenset[str], list[int]] = defaultdict(list)
    for number, document in enumerate(as_list(documents)):
        if shingles := frozenset(_shingles(document, shingle)):
            copies[shingles].append(number)
    sets, places = list(copies), list(copies.values())
    numbers = {term: place for place, term in enumerate(sorted(frozenset().union(*sets)))}
    signatures = _signatures(
        [np.array([numbers[term] for term in each], dtype=np.int64) for each in sets], len(numbers), hashes, seed
    )
    height = rows_a_band(threshold, hashes)
    candidates: set[tuple[int, int]] = set()
    for start in range(0, hashes - height + 1, height):
        meeting: defaultdict[bytes, list[int]] = defaultdict(list)
        for number, signature in enumerate(signatures):
            meeting[signature[start : start + height].tobytes()].append(number)
        for group in meeting.values():
            _few(len(candidates) + len(group) * (len(group) - 1) // 2)
            candidates.update((a, b) for place, a in enumerate(group) for b in group[place + 1 :])
    same = sum(len(each) * (len(each) - 1) // 2 for each in places)
    _few(same)
    found = [Alike(a, b, 1.0) for each in places for place, a in enumerate(each) for b in each[place + 1 :]]
    for first, second in candidates:
        common = len(sets[first] & sets[second])
        share = common / (len(sets[first]) + len(sets[second]) - common)
        if share >= threshold:
            _few(len(found) + len(places[first]) * len(places[second]))
            found += [Alike(min(a, b), max(a, b), share) for a in places[first] for b in places[second]]
    found.sort()
    return found


def _few(pairs: int) -> None:
    if pairs > MAX_PAIRS:
        raise TooLarge(
            "too many texts are alike", f"{pairs:,} pairs", f"at most {MAX_PAIRS:,} pairs",
            "Leave out exact copies first: dict.fromkeys(texts).",
        )  # fmt: skip


def rows_a_band(threshold: float, hashes: int) -> int:
    """The most rows a band may have so that a pair at the threshold meets with a chance of 1 - ``MISSED``."""
    fitting = [r for r in range(1, hashes + 1) if (1 - threshold**r) ** (hashes // r) <= MISSED]
    return max(fitting, default=1)


def _shingles(document: str, size: int) -> set[str]:
    pieces = list(Terms()(document))
    if len(pieces) < size:
        return {" ".join(pieces)} if pieces else set()
    return {" ".join(pieces[start : start + size]) for start in range(len(pieces) - size + 1)}


def _signatures(sets: list[NDArray[np.int64]], terms: int, hashes: int, seed: int) -> NDArray[np.uint32]:
    """(documents, hashes): the least of each random order of all shingles; orders are drawn, not hashed."""
    generator = np.random.default_rng(seed)
    found = np.zeros((len(sets), hashes), dtype=np.uint32)
    filled = [number for number, each in enumerate(sets) if len(each)]
    if not filled:
        return found
    members = np.concatenate([sets[number] for number in filled])
    starts = np.cumsum([0] + [len(sets[number]) for number in filled[:-1]])
    for column in range(hashes):
        order = generator.permutation(terms).astype(np.uint32)
        found[filled, column] = np.minimum.reduceat(order[members], starts)
    return found
