"""Dates and times written in text: ISO, day or month first, year first, with names of months; with zones.

``1/2/2026`` alone says nothing: the order is decided over a whole column, by a cell that allows only one reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from castalia.core.errors import WrongInput

Order = Literal["day", "month"]

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
"""Microseconds."""

_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<part>\d{1,6})\d*)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?"
)
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)" + _TIME + _ZONE, re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})" + _TIME + _ZONE, re.IGNORECASE)
_EITHER = re.compile(r"(?P<one>\d{1,2})[/.-](?P<two>\d{1,2})[/.-](?P<year>\d{4}|\d\d)" + _TIME + _ZONE, re.IGNORECASE)
_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY_NAME = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[ .-]+" + _NAME + r"[ ,-]+(?P<year>\d{4})" + _TIME + _ZONE, re.I
)
_NAME_DAY = re.compile(_NAME + r"[ -]+(?P<day>\d{1,2})(?:st|nd|rd|th)?[ ,-]+(?P<year>\d{4})" + _TIME + _ZONE, re.I)
_MONTHS = {
    name: i
    for i, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}


def moment(text: str, order: Order | None = None) -> int | None:
    """Microseconds since 1970 in UTC (a text without a zone is taken as UTC); None where it is no date.

    >>> moment("1970-01-02"), moment("2/1/1970", "day"), moment("1970-01-01T01:00+01:00"), moment("31 Feb 2020")
    (86400000000, 86400000000, 0, None)
    """
    text = text.strip()
    for pattern in (_ISO, _YEAR_FIRST, _DAY_NAME, _NAME_DAY, _EITHER):
        found = pattern.fullmatch(text)
        if found is not None:
            return _read(found, order)
    return None


def _read(found: re.Match[str], order: Order | None) -> int | None:
    parts = found.groupdict()
    if "one" in parts:
        if order is None:
            return None
        day, month = (parts["one"], parts["two"]) if order == "day" else (parts["two"], parts["one"])
    else:
        day, month = parts["day"], str(_MONTHS[parts["name"][:3].lower()]) if "name" in parts else parts["month"]
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 2000 if year < 69 else 1900  # as POSIX reads %y
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if parts["half"][0] in "pP" else 0)
    part = int((parts["part"] or "0").ljust(6, "0"))
    try:
        made = datetime(year, int(month), int(day), hour, int(parts["minute"] or 0), int(parts["second"] or 0), part)
    except ValueError:
        return None
    zone = parts["zone"]
    micro = (made - EPOCH) // MICROSECOND
    if zone and zone.upper() not in ("Z", "UTC", "GMT"):
        shift = int(zone[1:3]) * 60 + int(zone[-2:])
        micro -= (shift if zone[0] == "+" else -shift) * 60_000_000
    return micro


def order_of(cells: Iterable[str], name: str) -> Order | None:
    """Whether day or month comes first in a column; None where no cell is so written.

    WrongInput where cells contradict each other, and where every cell can be read both ways.
    """
    day = month = either = same = ""
    for cell in cells:
        found = _EITHER.fullmatch(cell.strip())
        if found is None:
            continue
        one, two = int(found["one"]), int(found["two"])
        if one > 12 >= two:
            day = cell
        elif two > 12 >= one:
            month = cell
        elif one != two:
            either = cell
        else:
            same = cell
    if day and month:
        raise WrongInput(
            f"column {name} has dates of two kinds", f"{day!r} (day first) and {month!r} (month first)", "one order",
            "Set order='day' or 'month' (Prepare: clean=Clean(order='day')); what does not fit is then missing.",
            field=name,
        )  # fmt: skip
    if not day and not month and either:
        raise WrongInput(
            f"column {name} has dates that can be read two ways", repr(either), "one date that only one order allows",
            "Say which comes first: order='day' or 'month'; to Prepare, clean=Clean(order='day').", field=name,
        )  # fmt: skip
    return "month" if month else "day" if day or same else None
