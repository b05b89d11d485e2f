"""Which day a moment belongs to, where the learner is; and lines whose clock was wrong.

A log has milliseconds since 1970. A learner has Mondays, so days and weeks are those of the machine's time zone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from castalia.core.evidence import Event

DAY = 86_400_000
"""Milliseconds."""
EARLIEST = 1_577_836_800_000
"""2020: before there was a log. What is dated earlier had a wrong clock."""
AHEAD = DAY
"""So far a clock may be ahead of this one."""


def day_of(moment: int) -> date:
    """The day of a moment in milliseconds since 1970, where this machine is."""
    return date.fromtimestamp(moment / 1000)


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def zone() -> tuple[object, ...]:
    """What the days of moments depend on."""
    return (*time.tzname, time.timezone, time.altzone)


def end_of(today: date) -> int:
    """The end of a day in milliseconds, or now where that is later."""
    end = datetime.combine(today + timedelta(days=1), datetime.min.time()).timestamp()
    return int(1000 * max(end, time.time()))


@dataclass(frozen=True)
class Dated:
    """Lines of a log with times that can be."""

    events: tuple[Event, ...]
    """In the order in which they were written."""
    wrong: tuple[Event, ...] = ()
    """Those whose clock was wrong, as they stand in the log."""

    def warnings(self, log: str) -> tuple[str, ...]:
        """What a person is told."""
        if not self.wrong:
            return ()
        one, first = len(self.wrong) == 1, self.wrong[0]
        try:
            when = str(day_of(first.time))
        except (ValueError, OverflowError, OSError):
            when = "a year that is none"
        lines = f"1 line of the {log} is" if one else f"{len(self.wrong)} lines of the {log} are"
        where = "it counts" if one else "the first of them; they count"
        return (f"{lines} dated {when}, by a clock that was wrong: {where} as of the line before",)


def dated(lines: Sequence[Event], now: int | None) -> Dated:
    """Lines in the order in which they were written, with times that can be; ``now`` is milliseconds since 1970.

    What is dated later than a day after it, or before 2020, gets the time of the line before it, and at the beginning
    of the one after it. Without ``now`` all stay as they are.
    """
    if now is None:
        return Dated(tuple(lines))
    wrong = [each for each in lines if not possible(each.time, now)]
    if not wrong:
        return Dated(tuple(lines))
    last = next((each.time for each in lines if possible(each.time, now)), now) - len(wrong)
    found = []
    for each in lines:
        last = each.time if possible(each.time, now) else last + 1
        found.append(each if each.time == last else replace(each, time=last))
    return Dated(tuple(found), tuple(wrong))


def possible(moment: int, now: int) -> bool:
    """Whether a clock that was right can have said so."""
    return EARLIEST <= moment <= now + AHEAD
