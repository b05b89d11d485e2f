"""Tokens and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from castalia.core.errors import TooLarge, WrongInput, did_you_mean
from castalia.kit.text.saving import opened, saved

MAX_TYPES = 10_000_000
SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")


def count(documents: Iterable[Iterable[str]]) -> Counter[str]:
    """How often each token occurs, in one pass; counters of parts add up: ``count(a) + count(b)``."""
    found: Counter[str] = Counter()
    for document in documents:
        if isinstance(document, str):
            raise WrongInput(
                "a document is one string", repr(document)[:40], "tokens", "Split it first: text.streamed(texts).",
                field="documents",
            )  # fmt: skip
        found.update(document)
        if len(found) > MAX_TYPES:
            raise TooLarge(
                "there are too many different tokens", f"more than {MAX_TYPES:,}", f"at most {MAX_TYPES:,}",
                "Use byte pairs (BytePairs) or hashed features (Hashed).",
            )  # fmt: skip
    return found


@dataclass(frozen=True)
class Vocabulary:
    """Every token has a number: the special ones first, the rest by falling count, ties in order of code points.

    ``special`` are the names for padding, unknown, begin and end, in this order, as many of them as are wanted.
    """

    tokens: tuple[str, ...]
    """Without the special ones."""
    special: tuple[str, ...] = SPECIAL
    number: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        everything = (*self.special, *self.tokens)
        if wrong := [each for each in everything if not isinstance(each, str) or not each]:
            raise WrongInput("a token is no text", repr(wrong[0]), "strings, none empty", field="tokens")
        number = {token: place for place, token in enumerate(everything)}
        if len(number) < len(everything):
            twice = next(token for token, times in Counter(everything).items() if times > 1)
            cure = "It may be that the text holds a special token; give special= other names."
            raise WrongInput("a token is there twice", repr(twice), "each once", cure, field="tokens")
        if len(self.special) > 4:
            raise WrongInput("special has too many", str(len(self.special)), "pad, unk, bos, eos", field="special")
        object.__setattr__(self, "number", number)

    @classmethod
    def of(
        cls,
        documents: Iterable[Iterable[str]] | Counter[str],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        special: Sequence[str] = SPECIAL,
    ) -> Vocabulary:
        """Of documents of tokens in one pass, or of what ``count`` found. ``max_size`` counts the special ones too."""
        if min_count < 1 or (max_size is not None and max_size <= len(special)):
            raise WrongInput(
                "min_count or max_size do not fit", f"{min_count}, {max_size}",
                f"1 or more; more than the {len(special)} special tokens", field="max_size",
            )  # fmt: skip
        counts = documents if isinstance(documents, Counter) else count(documents)
        kept = sorted((-n, token) for token, n in counts.items() if n >= min_count and token not in special)
        room = None if max_size is None else max_size - len(special)
        return cls(tuple(token for _, token in kept[:room]), tuple(special))

    def __len__(self) -> int:
        return len(self.special) + len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self.number

    @property
    def pad(self) -> int:
        """The number of padding."""
        return self._special(0, "padding")

    @property
    def unk(self) -> int:
        """The number of what is unknown."""
        return self._special(1, "unknown")

    def encode(
        self, tokens: Iterable[str], *, bos: bool = False, eos: bool = False,
        unknown: Literal["unk", "skip", "error"] = "unk",
    ) -> list[int]:  # fmt: skip
        """The numbers of tokens. One that is unknown becomes ``unk``, is left out, or is an error.

        A token of the text that is spelt like a special one is unknown: text can never forge an end.
        """
        if unknown not in ("unk", "skip", "error"):
            raise WrongInput("unknown does not fit", repr(unknown), "unk, skip or error", field="unknown")
        least = len(self.special)
        found = [self._special(2, "begin")] if bos else []
        for token in tokens:
            number = self.number.get(token, -1)
            if number >= least:
                found.append(number)
            elif unknown == "unk":
                found.append(self.unk)
            elif unknown == "error":
                raise WrongInput(
                    "a token is unknown", repr(token)[:60], f"one of {len(self.tokens):,}",
                    f"Use unknown='unk' or 'skip'.{did_you_mean(token, self.tokens[:5000])}", field="tokens",
                )  # fmt: skip
        return [*found, self._special(3, "end")] if eos else found

    def decode(self, numbers: Iterable[int], *, special: bool = False) -> list[str]:
        """The tokens of numbers; the special ones only if ``special``, but unknown always shows."""
        everything, found = (*self.special, *self.tokens), []
        for number in numbers:
            if not 0 <= number < len(everything):
                raise WrongInput(
                    "a number stands for no token", str(number), f"0 to {len(everything) - 1}",
                    "It may come from another vocabulary.", field="numbers",
                )  # fmt: skip
            if special or number >= len(self.special) or number == 1:
                found.append(everything[number])
        return found

    def save(self, path: str | Path) -> None:
        """As JSON."""
        saved(path, "vocabulary", {"special": list(self.special), "tokens": list(self.tokens)})

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """From JSON, checked. WrongInput where it is not such a file."""
        content = opened(path, "vocabulary", {"special": list, "tokens": list})
        return cls(tuple(content["tokens"]), tuple(content["special"]))

    def _special(self, place: int, what: str) -> int:
        if place >= len(self.special):
            raise WrongInput(
                f"this vocabulary has no token for {what}",
                f"special = {self.special}", f"at least {place + 1} of them",
                "Build it with special=text.SPECIAL.", field="special",
            )  # fmt: skip
        return place


def as_list(documents: Any) -> list[str]:
    """Documents as a list of texts. WrongInput where it is one string alone, or nothing."""
    if isinstance(documents, str):
        raise WrongInput("documents is one string", repr(documents)[:40], "a list of texts", "Put it into a list.")
    found = list(documents)
    if not found:
        raise WrongInput(
            "documents is empty", "no texts", "at least one", "See what the source holds.", field="documents"
        )
    return found
