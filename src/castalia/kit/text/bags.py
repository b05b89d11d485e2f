"""Texts as counts of their words and word sequences: bag of words, tf-idf, and hashed columns that need no learning.

The same numbers as scikit-learn's CountVectorizer, TfidfVectorizer and HashingVectorizer where the settings agree;
the words are this package's (``split="words"``), unless ``split`` is a function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from castalia.core.errors import WrongInput
from castalia.kit.text.cleaning import checked, clean
from castalia.kit.text.saving import opened, saved
from castalia.kit.text.sparse import Csr
from castalia.kit.text.splitting import SPLITTERS, Token, splitter, words
from castalia.kit.text.vocabulary import as_list

Split = str | Callable[[str], list[Token]] | Callable[[str], list[str]]


@dataclass(frozen=True)
class Terms:
    """From a text to its terms: cleaned by steps, split, and joined to n-grams of ``shortest`` to ``longest`` pieces.

    With ``split="words"`` punctuation is left out.
    """

    split: Any = "words"
    steps: tuple[str, ...] = ("nfc", "lower")
    shortest: int = 1
    longest: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= self.longest <= 20:
            raise WrongInput(
                "the lengths of n-grams do not fit",
                f"{self.shortest} to {self.longest}", "1 or more, in order, at most 20",
                field="longest",
            )  # fmt: skip
        splitter(self.split)
        clean("", self.steps)

    def __call__(self, text: str) -> Iterator[str]:
        """The terms of one text, one after another, as often as they occur."""
        plain = clean(checked(text, "document"), self.steps)
        if self.split == "words":
            pieces = [token.piece for token in words(plain, punctuation=False)]
        else:
            pieces = splitter(self.split)(plain)
        for n in range(self.shortest, self.longest + 1):
            if n == 1:
                yield from pieces
            else:
                for start in range(len(pieces) - n + 1):
                    yield " ".join(pieces[start : start + n])


@dataclass(frozen=True)
class Bag:
    """Counts of terms; ``learn`` says which terms have a column. Columns are in the order of their code points."""

    terms: Terms = Terms()
    columns: tuple[str, ...] = ()
    documents: int = 0
    """How many were learnt from."""
    holding: tuple[int, ...] = ()
    """Of these, how many hold each term."""

    def learn(
        self,
        documents: Iterable[str],
        *,
        min_documents: int = 1,
        max_share: float = 1.0,
        max_features: int | None = None,
    ) -> Bag:
        """Keep terms in at least ``min_documents`` and at most ``max_share`` of them, then the most frequent.

        Of equally frequent ones those that come first in order are kept.
        """
        if min_documents < 1 or not 0 < max_share <= 1 or (max_features is not None and max_features < 1):
            raise WrongInput(
                "the limits do not fit",
                f"{min_documents}, {max_share}, {max_features}", "1 or more; above 0 to 1; 1 or more",
                field="min_documents",
            )  # fmt: skip
        times: Counter[str] = Counter()
        holding: Counter[str] = Counter()
        total = 0
        for document in as_list(documents):
            counts = Counter(self.terms(document))
            times.update(counts)
            holding.update(counts.keys())
            total += 1
        kept = [term for term, n in holding.items() if min_documents <= n <= max_share * total]
        if max_features is not None:
            kept = sorted(kept, key=lambda term: (-times[term], term))[:max_features]
        if not kept:
            raise WrongInput(
                "no term is left", f"{len(holding):,} terms before the limits", "at least one",
                "Lower min_documents, raise max_share, or see what the steps take away.",
            )  # fmt: skip
        kept.sort()
        return replace(self, columns=tuple(kept), documents=total, holding=tuple(holding[term] for term in kept))

    def __call__(self, documents: Iterable[str]) -> Csr:
        """(n, columns) of counts; terms without a column are left out."""
        if not self.columns:
            raise WrongInput("the bag has no columns", "nothing learnt", "terms", "Call learn(documents) first.")
        column = {term: place for place, term in enumerate(self.columns)}
        rows = (
            Counter(column[term] for term in self.terms(document) if term in column) for document in as_list(documents)
        )
        return Csr.of(rows, len(self.columns))

    def save(self, path: str | Path) -> None:
        """As JSON. WrongInput where ``split`` is a function, which no file can hold."""
        if self.terms.split not in SPLITTERS or not all(isinstance(step, str) for step in self.terms.steps):
            raise WrongInput(
                "the way of splitting has no name", repr(self.terms.split)[:60], ", ".join(SPLITTERS),
                "Save a bag with a named split and named steps.", field="split",
            )  # fmt: skip
        terms = [self.terms.split, list(self.terms.steps), self.terms.shortest, self.terms.longest]
        kept = {"columns": list(self.columns), "documents": self.documents, "holding": list(self.holding)}
        saved(path, "bag", {"terms": terms, **kept})

    @classmethod
    def load(cls, path: str | Path) -> Bag:
        """From JSON, checked. WrongInput where it is not such a file."""
        content = opened(path, "bag", {"terms": list, "columns": list, "documents": int, "holding": list})
        terms, columns, holding = content["terms"], content["columns"], content["holding"]
        whole = len(terms) == 4 and isinstance(terms[0], str) and isinstance(terms[1], list)
        whole = whole and all(type(each) is int for each in (*terms[2:], *holding)) and len(holding) == len(columns)
        whole = (
            whole and all(isinstance(each, str) for each in (*terms[1], *columns)) and sorted(set(columns)) == columns
        )
        if not whole or not all(1 <= n <= content["documents"] for n in holding):
            raise WrongInput(f"{path} is damaged", "columns that do not fit", "what save wrote", "Save it again.")
        return cls(
            Terms(terms[0], tuple(terms[1]), terms[2], terms[3]), tuple(columns), content["documents"], tuple(holding)
        )


def tfidf(
    bag: Bag, documents: Iterable[str], *, smooth: bool = True, sublinear: bool = False,
    norm: Literal["l2", "l1"] | None = "l2",
) -> Csr:  # fmt: skip
    """Counts times log(documents / holding) + 1, rows of length 1: scikit-learn's tf-idf, from a bag that has learnt.

    ``smooth`` counts one more document that holds every term; ``sublinear`` takes 1 + log of a count.
    """
    if norm not in ("l2", "l1", None):
        raise WrongInput("norm is unknown", repr(norm), "l2, l1 or None", field="norm")
    counts = bag(documents)
    holding = np.array(bag.holding, dtype=np.float64)
    rarity = np.log((bag.documents + smooth) / (holding + smooth)) + 1
    times = 1 + np.log(counts.data) if sublinear else counts.data
    return Csr(times * rarity[counts.indices], counts.indices, counts.indptr, counts.shape).scaled(norm)


def hashed(
    documents: Iterable[str],
    terms: Terms = Terms(),
    *,
    columns: int = 2**20,
    norm: Literal["l2", "l1"] | None = "l2",
) -> Csr:
    """Counts in columns chosen by a hash (Weinberger 2009): no learning, no vocabulary, and no way back to the term.

    A bit of the hash (MurmurHash3) is the sign, so that terms that meet in a column cancel on average.
    """
    if not 1 <= columns < 2**31 or norm not in ("l2", "l1", None):
        raise WrongInput(
            "columns or norm do not fit", f"{columns}, {norm}", "1 to 2^31 - 1; l2, l1 or None", field="columns"
        )
    known: dict[str, int] = {}
    rows = []
    for document in as_list(documents):
        row: Counter[int] = Counter()
        for term in terms(document):
            if term not in known:
                known[term] = murmur3(term.encode("utf-8", "surrogatepass"))
            row[abs(known[term]) % columns] += 1 if known[term] >= 0 else -1
        rows.append(row)
    return Csr.of(rows, columns).scaled(norm)


def murmur3(content: bytes, seed: int = 0) -> int:
    """MurmurHash3 of 32 bits (Appleby 2011), signed. For tables only: whoever chooses the input can make terms meet."""
    full, found = 0xFFFFFFFF, seed
    whole = len(content) // 4 * 4
    for start in range(0, whole, 4):
        found ^= _stirred(int.from_bytes(content[start : start + 4], "little"))
        found = ((found << 13 & full | found >> 19) * 5 + 0xE6546B64) & full
    if tail := content[whole:]:
        found ^= _stirred(int.from_bytes(tail, "little"))
    found ^= len(content)
    found = ((found ^ found >> 16) * 0x85EBCA6B) & full
    found = ((found ^ found >> 13) * 0xC2B2AE35) & full
    found ^= found >> 16
    return found - 2**32 if found >= 2**31 else found


def _stirred(block: int) -> int:
    block = (block * 0xCC9E2D51) & 0xFFFFFFFF
    block = (block << 15 | block >> 17) & 0xFFFFFFFF
    return (block * 0x1B873593) & 0xFFFFFFFF
