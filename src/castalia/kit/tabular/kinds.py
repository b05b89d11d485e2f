"""What most cells of a column of text are. Every count is of distinct texts and the rows that have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from castalia.kit.tabular.cells import boolean, number, spelling
from castalia.kit.tabular.daytimes import moment

FEW = 20
"""Distinct values from which a column may be prose, or identify its rows."""


def nearly_all(counts: Counter[str], fits: Callable[[str], bool], spare: float) -> bool:
    """Whether at most ``spare`` rows do not fit; the first few that do not decide it."""
    for text, n in counts.items():
        if not fits(text):
            spare -= n
        if spare < 0:
            return False
    return spare >= 0


def is_number(text: str) -> bool:
    """In one notation or the other."""
    return number(text) is not None or number(text, ",") is not None


def is_boolean(text: str) -> bool:
    """Yes, no, or a like word."""
    return boolean(text) is not None


def is_date(text: str) -> bool:
    """In one order or the other."""
    return moment(text, "day") is not None or moment(text, "month") is not None


def is_prose(counts: Counter[str]) -> bool:
    """Most rows differ, and they have several words."""
    rows, distinct = sum(counts.values()), len(counts)
    words = sum(text.count(" ") + 1 for text in counts) / max(distinct, 1)
    return distinct > FEW and distinct > rows / 2 and words >= 2.5


def common_spellings(counts: Counter[str]) -> dict[str, str]:
    """For each spelling in common the most frequent one, where there are several or it is not trivial."""
    best: dict[str, str] = {}
    for text in sorted(counts, key=lambda text: (-counts[text], text)):
        best.setdefault(spelling(text), text)
    return best
