"""Text made plain, one named step at a time: each says what it takes away, and takes away nothing else.

>>> clean("<p>Caf\\u00e9\\u200b &amp; bar</p>", ["tags", "invisible", "accents", "spaces"])
'Cafe & bar'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from html import unescape
from html.entities import html5
from typing import Any

from castalia.core.errors import TooLarge, WrongInput, did_you_mean

MAX_CHARACTERS = 20_000_000

URL = re.compile(r"(?:https?://|ftp://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]", re.IGNORECASE)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b")
_BLOCK = """address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
header hr li main nav ol option p pre section table td tfoot th thead title tr ul"""
_BLOCKS = frozenset(_BLOCK.split())
_UNSHOWN = frozenset(("script", "style", "template"))
_TAG = re.compile(
    # Nothing here reads beyond the next <, and nothing is read twice: the time grows with the length alone.
    r"<!--(?:(?!-->|<!--).)*+-->|<[!?][^<>]*+>"
    r"|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>"
    r"|</?[a-zA-Z][^<>]*+>",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_CLOSED = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _UNSHOWN}
_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_JOINERS = "\u200c\u200d"
"""They shape words of Persian and Hindi and hold emoji together, so that they are part of the text, unlike U+200B."""


def nfc(text: str) -> str:
    """Unicode NFC: a letter and its accent as one character. Looks the same."""
    return unicodedata.normalize("NFC", text)


def nfkc(text: str) -> str:
    """Unicode NFKC: also what only looks different becomes one: ligatures, full width, superscripts (x² is x2)."""
    return unicodedata.normalize("NFKC", text)


def control(text: str) -> str:
    """Control characters (Cc) but for tab and line breaks are taken out."""
    return "".join(each for each in text if each in "\t\n\r" or unicodedata.category(each) != "Cc")


def invisible(text: str) -> str:
    """Format characters (Cf) are taken out: zero-width space, soft hyphen, byte order mark, direction marks.

    The joiners U+200C and U+200D stay where they stand between two characters that are no space.
    """
    kept = []
    for place, each in enumerate(text):
        if unicodedata.category(each) == "Cf":
            inner = 0 < place < len(text) - 1 and not text[place - 1].isspace() and not text[place + 1].isspace()
            if each not in _JOINERS or not inner or ord(text[place - 1]) < 128:
                continue
        kept.append(each)
    return "".join(kept)


def spaces(text: str) -> str:
    """Every run of white space becomes one space, and none is left at the ends. Lines and paragraphs are lost."""
    return " ".join(text.split())


def lines(text: str) -> str:
    """White space within lines becomes one space; line breaks of every kind become one, empty lines at most one."""
    rows = [" ".join(row.split()) for row in re.split(f"\r\n|[{_BREAKS}]", text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip("\n")


def entities(text: str) -> str:
    """HTML entities become what they stand for: &amp; is &. Tags stay, and so does &copy without its semicolon."""
    return _ENTITY.sub(
        lambda found: unescape(found[0]) if found[0][1] == "#" or found[0][1:] in html5 else found[0], text
    )


def tags(text: str) -> str:
    """HTML's tags and comments are taken out, scripts and styles too; blocks begin a new line; entities are resolved.

    A < that opens no tag stays. Not html.parser: that takes minutes for 100 kB of "<a <a <a"; this reads once.
    """
    parts: list[str] = []
    place = 0
    for match in _TAG.finditer(text):
        if match.start() < place:
            continue  # within a script
        if match.start() > place:
            parts.append(text[place : match.start()])
        place, name = match.end(), (match.group("name") or "").lower()
        if name in _BLOCKS and parts and not parts[-1].endswith("\n"):
            parts.append("\n")
        if name in _UNSHOWN and not match.group("close"):
            found = _CLOSED[name].search(text, place)
            place = found.end() if found else len(text)
    return entities("".join([*parts, text[place:]]))


def urls(text: str) -> str:
    """Addresses of the web become <url>. What closes a sentence after one is not part of it."""
    return URL.sub("<url>", text)


def emails(text: str) -> str:
    """E-mail addresses become <email>."""
    return EMAIL.sub("<email>", text)


def accents(text: str) -> str:
    """Marks above and below letters are taken out: é is e, ü is u. Letters of their own (ø, ß, ł) stay."""
    return nfc("".join(each for each in unicodedata.normalize("NFD", text) if unicodedata.category(each) != "Mn"))


def lower(text: str) -> str:
    """Small letters. İ becomes i and a dot above, as Unicode has it."""
    return text.lower()


def fold(text: str) -> str:
    """Unicode's case folding, for comparing: as lower, and ß is ss."""
    return text.casefold()


STEPS: dict[str, Callable[[str], str]] = {
    step.__name__: step
    for step in (nfc, nfkc, control, invisible, spaces, lines, entities, tags, urls, emails, accents, lower, fold)
}
PLAIN = ("tags", "nfc", "control", "invisible", "spaces")
"""What a text from the web needs before it is read; neither case, accents nor addresses are touched."""


def clean(text: str, steps: Sequence[str | Callable[[str], str]] = PLAIN) -> str:
    """``text`` after every step, in the order given: names from ``STEPS`` or functions of your own.

    WrongInput where a step is unknown or it is no text; TooLarge over 20 million characters.
    """
    checked(text, "text")
    for step in [named(each) for each in ([steps] if isinstance(steps, str) else steps)]:
        text = step(text)
    return text


def named(step: str | Callable[[str], str]) -> Callable[[str], str]:
    """A step by its name, or the function itself. WrongInput where there is none of this name."""
    if callable(step):
        return step
    if step not in STEPS:
        raise WrongInput(
            "there is no such step", repr(step), ", ".join(STEPS),
            f"Give a function for a step of your own.{did_you_mean(str(step), STEPS)}", field="steps",
        )  # fmt: skip
    return STEPS[step]


def checked(text: Any, field: str = "text", most: int = MAX_CHARACTERS) -> str:
    """WrongInput where it is no string; TooLarge where it is longer than ``most`` characters."""
    if not isinstance(text, str):
        cure = (
            "Decode it first, as in text.decode('utf-8')." if isinstance(text, bytes) else "Leave out what is missing."
        )
        raise WrongInput(f"{field} is no text", f"{type(text).__name__} {text!r}"[:60], "a string", cure, field=field)
    if len(text) > most:
        raise TooLarge(
            f"{field} is too long",
            f"{len(text):,} characters",
            f"at most {most:,}",
            "Cut it into documents.",
            field=field,
        )
    return text
