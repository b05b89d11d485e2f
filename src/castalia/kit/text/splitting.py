"""Text cut into words, sentences, characters: each piece knows where it stood, so that text[start:end] is the piece."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from castalia.core.errors import WrongInput, did_you_mean
from castalia.kit.text.cleaning import EMAIL, URL, checked

_SHORT = """mr mrs ms dr prof sr jr st vs etc e.g i.e cf al fig figs eq vol pp ed eds inc ltd co corp dept
approx gen col lt sgt capt rev hon pres gov sen rep jan feb mar apr jun jul aug sep sept oct nov dec a.m p.m u.s u.k
ph.d m.d b.a m.a bzw z.b d.h usw nr ca"""
ABBREVIATIONS = frozenset(_SHORT.split())
"""After these a full stop ends no sentence, unless nothing follows. English, and a little German."""


class Token(NamedTuple):
    """A piece of a text and where it stands: ``text[start:end] == piece``, in Python's characters."""

    piece: str
    start: int
    end: int


def words(text: str, *, punctuation: bool = True) -> list[Token]:
    """Words, numbers, and every other visible sign alone; addresses of web and mail stay whole.

    A word is letters, marks, digits and _, with ' ’ - between letters and . , : between digits inside
    it: don't, well-known, 3.14, 1,000. An emoji stays together with what is joined to it. Chinese, Japanese and
    Thai write no spaces and are not cut into words: a run of their letters is one token.
    """
    found = []
    checked(text)
    lowered = text.lower()
    web = "://" in text or "www." in lowered
    for match in _words(web, "@" in text).finditer(text):
        if punctuation or match.lastgroup != "sign":
            found.append(Token(match.group(), match.start(), match.end()))
    return found


def whitespace(text: str) -> list[Token]:
    """What stands between white space, as ``str.split`` cuts it."""
    return [Token(match.group(), match.start(), match.end()) for match in re.finditer(r"\S+", checked(text))]


def characters(text: str) -> list[Token]:
    """Characters as people count them: a letter with its marks, an emoji with all that is joined to it.

    Close to Unicode's grapheme clusters (UAX 29), without the rules of Hangul letters and Indic conjuncts.
    """
    return [Token(match.group(), match.start(), match.end()) for match in _graphemes().finditer(checked(text))]


def sentences(text: str, abbreviations: Iterable[str] = ABBREVIATIONS) -> list[Token]:
    """Sentences end at . ! ? … (and their kin of other scripts) before white space, and at an empty line.

    Not after an abbreviation (without its last point, small letters), not after a single capital (J. Smith), and not
    where a small letter follows a point. Quotes and brackets that close belong to the sentence before.
    """
    checked(text)
    known = frozenset(abbreviations)
    found: list[Token] = []
    start = 0
    for match in _END.finditer(text):
        if match.group("stop") is not None and not _ends(text, start, match, known):
            continue
        start = _kept(text, start, match.end("all") if match.group("stop") is not None else match.start(), found)
    _kept(text, start, len(text), found)
    return found


def ngrams(tokens: Sequence[Token], n: int, text: str) -> list[Token]:
    """Each run of ``n`` tokens, as the text between the first one's start and the last one's end."""
    if n < 1:
        raise WrongInput("n does not fit", f"n = {n}", "1 or more", field="n")
    spans = ((first.start, last.end) for first, last in zip(tokens, tokens[n - 1 :], strict=False))
    return [Token(text[start:end], start, end) for start, end in spans]


Splitter = Callable[[str], list[Token]]
SPLITTERS: dict[str, Splitter] = {
    "words": words, "whitespace": whitespace, "characters": characters, "sentences": sentences,
}  # fmt: skip


def splitter(how: str | Splitter) -> Callable[[str], list[str]]:
    """From a name of ``SPLITTERS`` or a function (of tokens or strings) to one that gives strings."""
    if not callable(how) and how not in SPLITTERS:
        raise WrongInput(
            "there is no such way to split", repr(how), ", ".join(SPLITTERS),
            f"Give a function for a way of your own.{did_you_mean(str(how), SPLITTERS)}", field="how",
        )  # fmt: skip
    cut = how if callable(how) else SPLITTERS[how]
    return lambda text: [str(each[0]) if isinstance(each, tuple) else str(each) for each in cut(text)]


_END = re.compile(r"(?P<all>(?P<stop>[.!?…‽]+|[。！？｡।॥؟۔]+)[\"'”’»)\]}]*)(?=\s|$|(?<=[。！？｡]))|\n[ \t\r]*\n\s*")

_VISIBLE = re.compile(r"\S")


def _ends(text: str, start: int, match: re.Match[str], known: frozenset[str]) -> bool:
    stop, beyond = match.group("stop"), _VISIBLE.search(text, match.end("all"))
    after = beyond.group() if beyond else ""
    if stop != "." or not after:
        return stop not in ("…", "...") or not after.islower()
    if match.end("all") > match.end("stop") and not after.islower():
        return True  # a quote or a bracket was closed
    before = re.search(r"[\w.]*$", text[max(start, match.start() - 40) : match.start()])
    word = before.group() if before else ""
    if word.lower() in known or (len(word) == 1 and word.isalpha() and word.isupper()):
        return False
    return not after.islower()


def _kept(text: str, start: int, end: int, found: list[Token]) -> int:
    piece = text[start:end]
    bare = piece.strip()
    if bare:
        first = start + len(piece) - len(piece.lstrip())
        found.append(Token(bare, first, first + len(bare)))
    return end


@lru_cache(1)
def _marks() -> str:
    """A regular expression for one mark (M): accents, vowel signs. Made on first use: it asks about every character.

    The look ahead spares a text without marks the search through hundreds of ranges.
    """
    spans: list[list[int]] = []
    for number in range(0x300, 0x110000):
        if unicodedata.category(chr(number))[0] == "M":
            if spans and spans[-1][1] == number - 1:
                spans[-1][1] = number
            else:
                spans.append([number, number])
    return "(?![\\x00-\u02ff])[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in spans) + "]"


_PICTURE = (
    r"[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030"
    r"\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_AFTER = r"[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_EMOJI = rf"(?![\x00-\xa8])(?:[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}{_AFTER}*(?:\u200d{_PICTURE}{_AFTER}*)*)"


@lru_cache
def _words(web: bool, mail: bool) -> re.Pattern[str]:
    """Addresses are looked for only where there may be some."""
    part = rf"(?:\w|[\u200c\u200d]|{_marks()})"
    inside = r"(?:['’\-\u2010\u2011](?=[^\W\d_])(?<=[^\d_].)|[.,:](?=\d)(?<=\d.))"
    return re.compile(
        (f"(?P<web>(?i:{URL.pattern}))|" if web else "")
        + (f"(?P<mail>{EMAIL.pattern})|" if mail else "")
        + rf"(?P<word>\w{part}*(?:{inside}{part}+)*)|(?P<emoji>{_EMOJI})|(?P<sign>\S)"
    )


@lru_cache(1)
def _graphemes() -> re.Pattern[str]:
    marks = f"(?:[\\u200c\\u200d]|{_marks()})*"
    return re.compile(rf"\r\n|(?:{_EMOJI}){marks}|(?s:.){marks}")


def streamed(texts: Iterable[str], how: str | Splitter = "words") -> Iterator[list[str]]:
    """The pieces of every text, one text at a time."""
    cut = splitter(how)
    return (cut(text) for text in texts)
