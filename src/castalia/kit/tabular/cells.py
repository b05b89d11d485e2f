"""What a text cell writes: a number in anybody's notation, yes or no, nothing, a spelling of a category."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

Decimal = Literal[".", ","]

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "<na>"})
"""Cells that stand for no value in every column, in any case; as ``inference`` has them."""
MISSING_NUMBER = MISSING | {"?", "-", "--", ".", "none", "missing", "nil", "unknown"}
"""Cells that stand for no value in a column that otherwise holds numbers, dates, yes or no."""

YES = frozenset({"yes", "y", "true", "t", "on"})
NO = frozenset({"no", "n", "false", "f", "off"})

CURRENCIES = frozenset(
    ["$", "€", "£", "¥", "₹", "₽", "₩", "chf", "usd", "eur", "gbp", "jpy", "inr", "cad", "aud", "us$", "kr", "zł"]
)

_SPACES = "\u00a0\u202f\u2009"
_CELL = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[+-]?)\s*(?P<before>[^\d\s.,()+-]*)\s*(?P<minus>-?)"
    r"(?P<digits>(?:\d[\d.,'_ ]*|[.,]\d+)(?:(?<=[\d.,])[eE][+-]?\d+)?)\s*(?P<after>[^\d\s()]*)\s*(?P<close>\))?",
    re.ASCII,
)
_PLAIN = {
    ".": re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"),
    ",": re.compile(r"-?(?:0|[1-9][0-9]*)(?:,[0-9]+)?"),
}
"""The usual case, read at once."""
_GROUPED = {
    ".": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,3}(?:[ '_]\d{3})+(?:\.\d*)?|\d*\.?\d*"),
    ",": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d*)?|\d{1,3}(?:[ '_]\d{3})+(?:,\d*)?|\d*,?\d*"),
}


def trimmed(text: str) -> str:
    """Without space around it, and with one space where there were several."""
    return " ".join(text.split())


def spelling(text: str) -> str:
    """What all spellings of a category have in common: no case, no width, no double spaces, no full stop at its end.

    >>> spelling("  New   YORK.") == spelling("new york")
    True
    """
    return trimmed(unicodedata.normalize("NFKC", text).casefold()).strip(".,;: ")


def number(text: str, decimal: Decimal = ".") -> tuple[float, str] | None:
    """The number a cell writes and its unit ("" for none); None where it writes none.

    Thousands are grouped by the other mark, by spaces, apostrophes or underscores; a currency stands before or behind,
    a unit behind; per cent is divided by 100; parentheses and a minus sign before or behind make it negative. ``007``
    is an identifier, ``+49 170 123`` a telephone.

    >>> number("$1,234.50"), number("1.234,50 €", ","), number("12 %"), number("(7)")
    ((1234.5, ''), (1234.5, ''), (0.12, '%'), (-7.0, ''))
    """
    if _PLAIN[decimal].fullmatch(text):
        return float(text.replace(",", ".")), ""
    for space in _SPACES:
        text = text.replace(space, " ")
    found = _CELL.fullmatch(text.strip().replace("\u2212", "-").replace("\u2019", "'"))
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    digits, _, exponent = found["digits"].strip().lower().partition("e")
    if not _GROUPED[decimal].fullmatch(digits) or (digits[:1] == "0" and digits[1:2].isdigit()):
        return None
    if found["sign"] == "+" and " " in digits:
        return None
    for mark in (" ", "'", "_", "." if decimal == "," else ","):
        digits = digits.replace(mark, "")
    try:
        value = float(digits.replace(decimal, ".") + (f"e{exponent}" if exponent else ""))
    except ValueError:
        return None
    before, unit = found["before"].lower(), found["after"]
    if before and before not in CURRENCIES:
        return None  # "shop 3" is a name
    if unit == "%":
        value /= 100
    elif unit == "-":
        if found["open"] or found["sign"] or found["minus"]:
            return None
        value, unit = -value, ""
    elif unit.lower() in CURRENCIES:
        unit = ""
    negative = bool(found["open"]) != ((found["sign"] == "-") != (found["minus"] == "-"))
    return -value if negative else value, unit


def decimal_mark(cells: Iterable[str]) -> Decimal | None:
    """Which mark parts the decimals, decided over a whole column; None where cells contradict each other.

    A mark that is followed by anything but three digits parts decimals, and so does the last of two different ones.
    ``1,234`` alone is taken for a thousand, ``1.234`` for a little more than one.
    """
    found: set[str] = set()
    for cell in cells:
        marks = re.findall(r"[.,](?=\d|$)", cell.rstrip(" %€$£"))
        if not marks:
            continue
        last, decimals = marks[-1], re.split(r"[.,]", cell.rstrip(" %€$£"))[-1]
        width = len(re.match(r"\d*", decimals).group())  # type: ignore[union-attr]
        if len(set(marks)) == 2 or (len(marks) == 1 and width != 3):
            found.add(last)
        elif len(marks) > 1:
            found.add("." if last == "," else ",")  # 1.234.567: that mark groups
    if len(found) > 1:
        return None
    return "," if found == {","} else "."


def boolean(text: str) -> bool | None:
    """True or false for yes, y, true, t, on and their opposites; None for anything else."""
    word = text.strip().lower()
    return True if word in YES else False if word in NO else None
