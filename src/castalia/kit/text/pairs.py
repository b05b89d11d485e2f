"""Byte-pair encoding: any text as numbers below a chosen count, and back without a loss.

Words are cut into bytes; the pair that stands side by side most often becomes one, again and again (Gage 1994, Sennrich
2016; on bytes, Radford 2019). Nothing is unknown: what was never seen is spelt in bytes.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from castalia.core.errors import WrongInput
from castalia.kit.text.cleaning import checked
from castalia.kit.text.saving import opened, saved

Pair = tuple[int, int]

MAX_SIZE = 1_000_000
CACHED = 100_000
"""Words whose pieces are kept, so that a word is worked out once."""
_WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+(?!\S)|\s+")
"""A word takes the space before it along; pairs never cross from one word to the next."""


@dataclass(frozen=True)
class BytePairs:
    """Numbers 0 to 255 are the bytes; 256 + k is what the k-th merge made; the special ones come last.

    Text is never read as a special token, however it is spelt: put their numbers in yourself, with ``number``.
    """

    merges: tuple[Pair, ...] = ()
    special: tuple[str, ...] = ()
    pieces: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    """The bytes of every number but the special ones."""
    _rank: dict[Pair, int] = field(init=False, repr=False, compare=False)
    _cache: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pieces = [bytes([value]) for value in range(256)]
        for left, right in self.merges:
            if not (0 <= left < len(pieces) and 0 <= right < len(pieces)):
                raise WrongInput(
                    "a merge names a piece that is not there yet", f"{left}, {right} at {len(pieces) - 256}",
                    f"two numbers below {len(pieces)}", "Learn or save it again.", field="merges",
                )  # fmt: skip
            pieces.append(pieces[left] + pieces[right])
        if len(set(self.merges)) < len(self.merges) or len(set(self.special)) < len(self.special):
            raise WrongInput("a merge or a special token is there twice", "two alike", "each once", field="merges")
        object.__setattr__(self, "pieces", tuple(pieces))
        object.__setattr__(self, "_rank", {pair: place + 256 for place, pair in enumerate(self.merges)})
        object.__setattr__(self, "_cache", {})

    @classmethod
    def learn(cls, texts: Iterable[str], size: int, *, min_count: int = 2, special: Sequence[str] = ()) -> BytePairs:
        """Merges until there are ``size`` numbers, the special ones counted, or no pair occurs ``min_count`` times.

        Of pairs that occur equally often the one with the smaller numbers is merged first.
        """
        if isinstance(texts, str):
            raise WrongInput(
                "texts is one string", repr(texts)[:40], "a list of texts", "Put it into a list.", field="texts"
            )
        if not 256 + len(special) <= size <= MAX_SIZE or min_count < 1:
            raise WrongInput(
                "size or min_count do not fit",
                f"{size}, {min_count}", f"{256 + len(special)} to {MAX_SIZE:,}; 1 or more",
                "The 256 bytes are always there.", field="size",
            )  # fmt: skip
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_WORD.findall(checked(text)))
        return cls(_learnt(counts, size - 256 - len(special), min_count), tuple(special))

    def __len__(self) -> int:
        return len(self.pieces) + len(self.special)

    def number(self, special: str) -> int:
        """The number of a special token."""
        if special not in self.special:
            raise WrongInput("there is no such special token", repr(special), str(self.special), field="special")
        return len(self.pieces) + self.special.index(special)

    def encode(self, text: str) -> list[int]:
        """Numbers. WrongInput where the text holds half of a surrogate pair, which has no bytes in UTF-8."""
        found: list[int] = []
        for word in _WORD.findall(checked(text)):
            known = self._cache.get(word)
            if known is None:
                known = self._merged(word)
                if len(self._cache) < CACHED:
                    self._cache[word] = known
            found += known
        return found

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers; special ones by name. Bytes that are no UTF-8 show as U+FFFD."""
        parts, bytes_ = [], bytearray()
        for number in numbers:
            if 0 <= number < len(self.pieces):
                bytes_ += self.pieces[number]
                continue
            if not 0 <= number < len(self):
                raise WrongInput(
                    "a number stands for no piece", str(number), f"0 to {len(self) - 1}",
                    "It may come from other byte pairs.", field="numbers",
                )  # fmt: skip
            parts += [bytes_.decode("utf-8", "replace"), self.special[number - len(self.pieces)]]
            bytes_.clear()
        return "".join([*parts, bytes_.decode("utf-8", "replace")])

    def save(self, path: str | Path) -> None:
        """As JSON."""
        saved(path, "pairs", {"merges": [list(pair) for pair in self.merges], "special": list(self.special)})

    @classmethod
    def load(cls, path: str | Path) -> BytePairs:
        """From JSON, checked. WrongInput where it is not such a file."""
        content = opened(path, "pairs", {"merges": list, "special": list})
        for pair in content["merges"]:
            if not isinstance(pair, list) or len(pair) != 2 or not all(type(each) is int for each in pair):
                raise WrongInput(
                    f"{path} is damaged", repr(pair)[:60], "pairs of numbers", "Save it again.", field="merges"
                )
        if not all(isinstance(each, str) for each in content["special"]):
            raise WrongInput(f"{path} is damaged", "special", "strings", "Save it again.", field="special")
        return cls(tuple((left, right) for left, right in content["merges"]), tuple(content["special"]))

    def _merged(self, word: str) -> tuple[int, ...]:
        """The pair with the lowest number first, the leftmost of these, until none is known."""
        parts = list(_bytes(word))
        following, before = [*range(1, len(parts)), -1], [*range(-1, len(parts) - 1)]
        heap = [
            (made, place)
            for place in range(len(parts) - 1)
            if (made := self._rank.get((parts[place], parts[place + 1]))) is not None
        ]
        heapq.heapify(heap)
        while heap:
            made, place = heapq.heappop(heap)
            after = following[place]
            if parts[place] < 0 or after < 0 or self._rank.get((parts[place], parts[after])) != made:
                continue  # one of the two has been merged meanwhile
            parts[place], parts[after] = made, -1
            following[place] = beyond = following[after]
            if beyond >= 0:
                before[beyond] = place
            for left, right in ((before[place], place), (place, beyond)):
                if left >= 0 and right >= 0 and (new := self._rank.get((parts[left], parts[right]))) is not None:
                    heapq.heappush(heap, (new, left))
        return tuple(part for part in parts if part >= 0)


def _learnt(counts: Counter[str], wanted: int, least: int) -> tuple[Pair, ...]:
    """Counts of pairs are kept up to date: a merge touches the words that hold it, and no other."""
    words = [(list(_bytes(word)), times) for word, times in counts.items()]
    pairs: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, (parts, times) in enumerate(words):
        for pair in pairwise(parts):
            pairs[pair] += times
            where[pair].add(place)
    heap = [(-times, pair) for pair, times in pairs.items()]
    heapq.heapify(heap)
    merges: list[Pair] = []
    while heap and len(merges) < wanted:
        times, pair = heapq.heappop(heap)
        if -times != pairs[pair]:
            continue  # it has been counted anew since
        if -times < least:
            break
        changed: set[Pair] = set()
        for place in where.pop(pair):
            parts, times_here = words[place]
            for old in pairwise(parts):
                pairs[old] -= times_here
                changed.add(old)
            parts[:] = _joined(parts, pair, 256 + len(merges))
            for new in pairwise(parts):
                pairs[new] += times_here
                where[new].add(place)
                changed.add(new)
        merges.append(pair)
        for each in changed:
            if pairs[each] > 0:
                heapq.heappush(heap, (-pairs[each], each))
            else:
                del pairs[each]
    return tuple(merges)


def _joined(parts: list[int], pair: Pair, made: int) -> list[int]:
    found: list[int] = []
    place = 0
    while place < len(parts):
        if place + 1 < len(parts) and (parts[place], parts[place + 1]) == pair:
            found.append(made)
            place += 2
        else:
            found.append(parts[place])
            place += 1
    return found


def _bytes(word: str) -> bytes:
    try:
        return word.encode("utf-8")
    except UnicodeEncodeError as error:
        raise WrongInput(
            "the text holds half of a surrogate pair", f"U+{ord(word[error.start]):04X}", "text that UTF-8 can hold",
            "Mend where it was decoded, or drop it: text.encode('utf-8', 'replace').decode().", field="text",
        ) from None  # fmt: skip
