"""Texts: cleaned in named steps, split with places kept, numbered, counted, batched, compared. NumPy alone.

>>> from castalia.kit import text
>>> [token.piece for token in text.words("Don't panic!")]
["Don't", 'panic', '!']
>>> vocabulary = text.Vocabulary.of([["a", "b"], ["b"]])
>>> vocabulary.encode(["b", "c"], eos=True)
[4, 1, 3]
"""

from castalia.kit.text.bags import Bag, Terms, hashed, tfidf
from castalia.kit.text.batching import Padded, batches, pad
from castalia.kit.text.cleaning import PLAIN, STEPS, clean
from castalia.kit.text.duplicates import Alike, near_duplicates
from castalia.kit.text.pairs import BytePairs
from castalia.kit.text.sparse import Csr
from castalia.kit.text.splitting import (
    ABBREVIATIONS,
    Token,
    characters,
    ngrams,
    sentences,
    streamed,
    whitespace,
    words,
)
from castalia.kit.text.vocabulary import SPECIAL, Vocabulary, count

__all__ = [
    "ABBREVIATIONS", "PLAIN", "SPECIAL", "STEPS", "Alike", "Bag", "BytePairs", "Csr", "Padded", "Terms", "Token",
    "Vocabulary", "batches", "characters", "clean", "count", "hashed", "near_duplicates", "ngrams", "pad", "sentences",
    "streamed", "tfidf", "whitespace", "words",
]  # fmt: skip
