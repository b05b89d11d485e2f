"""How near a text comes to what was wanted: BLEU, ROUGE, word and character error rate, token F1.

All of it compares tokens. A string is split at white space; give lists where another tokenisation is meant, since
figures from different tokenisations are not comparable, and say which one beside the figure.

>>> rouge("the cat sat", "the cat ran").rouge1.f1
0.6666666666666666
>>> word_error_rate(["the cat sat"], ["the cat ran away"])
0.5
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from castalia.core.errors import WrongInput

Text = str | Sequence[str]


@dataclass(frozen=True)
class Overlap:
    """Precision: of what was said, the share that was wanted. Recall: of what was wanted, the share that was said."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean; 0 where both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Rouge:
    """ROUGE of one text (Lin 2004)."""

    rouge1: Overlap
    rouge2: Overlap
    rougeL: Overlap


@dataclass(frozen=True)
class Bleu:
    """Corpus BLEU from 0 to 1, and what it is made of."""

    score: float
    precisions: tuple[float, ...]
    brevity_penalty: float
    said: int
    """Tokens in the texts."""
    wanted: int
    """Tokens in the references that are nearest in length."""


def bleu(
    texts: Sequence[Text], references: Sequence[Sequence[Text]], order: int = 4, *,
    smooth: Literal["none", "exp", "add1"] = "exp",
) -> Bleu:  # fmt: skip
    """Corpus BLEU (Papineni 2002): each text has one reference or more; counts are summed over the corpus first.

    ``smooth``: "exp" halves an imaginary match at each order without one (as the usual tool does), "add1" adds one
    above and below the line from 2-grams on (Lin and Och 2004), "none" gives 0 where an order has no match.
    """
    _same(texts, references)
    if order < 1 or smooth not in ("none", "exp", "add1"):
        raise WrongInput("order or smooth do not fit", f"{order}, {smooth}", "1 or more; none, exp or add1")
    hits, tries, said, wanted = [0] * order, [0] * order, 0, 0
    for text, options in zip(texts, references, strict=True):
        if isinstance(options, str) or not options:
            raise WrongInput("references do not fit", repr(options)[:60], "a list of references for each text")
        mine, theirs = tokens(text), [tokens(option) for option in options]
        said += len(mine)
        wanted += min((abs(len(each) - len(mine)), len(each)) for each in theirs)[1]
        for n in range(1, order + 1):
            most: Counter[tuple[str, ...]] = Counter()
            for each in theirs:
                most |= grams(each, n)
            hits[n - 1] += (grams(mine, n) & most).total()
            tries[n - 1] += max(0, len(mine) - n + 1)
    precisions = _smoothed(hits, tries, smooth)
    if not said or not hits[0]:  # no word in common is no similarity, however it is smoothed
        return Bleu(0.0, precisions, 0.0 if not said else _brevity(said, wanted), said, wanted)
    penalty = _brevity(said, wanted)
    if min(precisions) <= 0:
        return Bleu(0.0, precisions, penalty, said, wanted)
    score = penalty * math.exp(math.fsum(map(math.log, precisions)) / order)
    return Bleu(score, precisions, penalty, said, wanted)


def rouge(text: Text, reference: Text) -> Rouge:
    """ROUGE-1, ROUGE-2 and ROUGE-L of one text and one reference. No stemming, no lower-casing: do these before."""
    mine, theirs = tokens(text), tokens(reference)
    common = longest_common_subsequence(mine, theirs)
    return Rouge(_grams_in_common(mine, theirs, 1), _grams_in_common(mine, theirs, 2), _overlap(common, mine, theirs))


def token_f1(text: Text, reference: Text) -> Overlap:
    """The overlap of the bags of tokens, as SQuAD scores answers; two empty texts agree."""
    mine, theirs = tokens(text), tokens(reference)
    return Overlap(1.0, 1.0) if not mine and not theirs else _grams_in_common(mine, theirs, 1)


def word_error_rate(texts: Sequence[Text], references: Sequence[Text]) -> float:
    """Edits that turn texts into references, over the words of the references; it may pass 1."""
    return _error_rate([tokens(each) for each in texts], [tokens(each) for each in references])


def character_error_rate(texts: Sequence[str], references: Sequence[str]) -> float:
    """The same, character by character, blanks included."""
    return _error_rate([list(each) for each in texts], [list(each) for each in references])


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """The fewest insertions, deletions and replacements that turn ``a`` into ``b`` (Levenshtein 1966)."""
    if not a or not b:
        return max(len(a), len(b))
    left, right = _numbered(a, b)
    steps = np.arange(len(right) + 1)
    row = steps.copy()
    for number, token in enumerate(left, start=1):
        other = np.empty_like(row)
        other[0] = number
        other[1:] = np.minimum(row[1:] + 1, row[:-1] + (right != token))
        row = np.minimum.accumulate(other - steps) + steps  # insertions: one each step to the right
    return int(row[-1])


def longest_common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """The most tokens that both have in the same order, gaps allowed."""
    if not a or not b:
        return 0
    left, right = _numbered(a, b)
    row = np.zeros(len(right) + 1, dtype=np.int64)
    for token in left:
        other = row.copy()
        other[1:] = np.maximum(row[1:], row[:-1] + (right == token))
        row = np.maximum.accumulate(other)
    return int(row[-1])


def tokens(text: Text) -> list[str]:
    """A string split at white space; a list as it is."""
    return text.split() if isinstance(text, str) else list(text)


def grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each run of ``n`` words occurs."""
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))


def _numbered(a: Sequence[str], b: Sequence[str]) -> tuple[list[int], np.ndarray]:
    number = {token: index for index, token in enumerate(dict.fromkeys([*a, *b]))}
    return [number[token] for token in a], np.array([number[token] for token in b])


def _grams_in_common(mine: Sequence[str], theirs: Sequence[str], n: int) -> Overlap:
    left, right = grams(mine, n), grams(theirs, n)
    common = (left & right).total()
    return Overlap(common / left.total() if left else 0.0, common / right.total() if right else 0.0)


def _overlap(common: int, mine: Sequence[str], theirs: Sequence[str]) -> Overlap:
    return Overlap(common / len(mine) if mine else 0.0, common / len(theirs) if theirs else 0.0)


def _error_rate(texts: Sequence[list[str]], references: Sequence[list[str]]) -> float:
    _same(texts, references)
    wanted = sum(map(len, references))
    if not wanted:
        raise WrongInput("references are empty", "no tokens", "at least one", field="references")
    return sum(edit_distance(a, b) for a, b in zip(texts, references, strict=True)) / wanted


def _smoothed(hits: Sequence[int], tries: Sequence[int], smooth: str) -> tuple[float, ...]:
    found, imaginary = [], 1.0
    for n, (hit, tried) in enumerate(zip(hits, tries, strict=True)):
        if smooth == "add1" and n:
            found.append((hit + 1) / (tried + 1))
        elif not tried:
            found.append(0.0)
        elif not hit and smooth == "exp":
            imaginary /= 2
            found.append(imaginary / tried)
        else:
            found.append(hit / tried)
    return tuple(found)


def _brevity(said: int, wanted: int) -> float:
    return 1.0 if said >= wanted else math.exp(1 - wanted / said)


def _same(texts: Sequence[object], references: Sequence[object]) -> None:
    if isinstance(texts, str) or isinstance(references, str):
        raise WrongInput("texts do not fit", "one string", "a list of texts", "Put it into a list.")
    if len(texts) != len(references) or not len(texts):
        raise WrongInput("lengths differ", f"{len(texts)} texts", f"{len(references)} references, at least one")
