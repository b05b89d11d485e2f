"""Work of a fixed order poured into weeks.

Why more hours never end later, whatever else is planned:

1. The order is made without knowing the hours a week (``sequence``).
2. What a week offers never falls when its hours rise: hours less the buffer, less the reviews that are known to be due
   in it (at most a fifth of the hours), and these reviews do not depend on what is planned. Reviews of what is still to
   be learned are charged to the topic itself.
3. Own resources, and what was done in the first week already, come before the plan in their week; what is left for the
   plan by the end of week w is ``max(0, max over s <= w of C(s) - A(s))``, with C the hours offered and A the hours
   taken up to s, and that rises with C.
4. Work of a fixed order ends when what is left reaches its sum, so it ends earlier or as early; and a project that ends
   after four weeks at the latest ends at the least of two times, of which neither is later with more hours.

A topic may be split wherever a week ends. Splitting it only between milestones would leave hours unused, and with them
the fourth step would not hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from castalia.roadmap.sequence import MOST, Item

FARTHEST = 1040
"""Weeks, twenty years: a plan that ends later has no end."""
EPSILON = 1e-9


@dataclass(frozen=True)
class Own:
    """Something of the learner's own in a week of the plan: a book, a course, a meeting."""

    title: str
    week: int
    """1 is the first week of the plan."""
    hours: float
    topic: str = ""
    url: str = ""


@dataclass(frozen=True)
class Share:
    """What a week holds of one piece of work."""

    kind: str
    """``topic``, ``milestone``, ``passion`` or ``own``."""
    id: str
    hours: float
    part: int = 1
    """Counts the weeks that hold some of this work, from 1."""
    last: bool = True
    """It is done at the end of this share."""
    minutes: float = 0.0


@dataclass(frozen=True)
class Week:
    """One week of the plan."""

    number: int
    """From 1."""
    start: date
    offered: float
    """Hours for own resources and the plan: without buffer and reviews."""
    reviews: float
    """Hours kept for reviews."""
    shares: tuple[Share, ...] = ()

    @property
    def planned(self) -> float:
        """Hours that are planned; never more than are offered."""
        return sum(share.hours for share in self.shares)


@dataclass(frozen=True)
class Offer:
    """What the learner gives: the same every week, apart from reviews and own resources."""

    hours: float
    buffer: float = 0.2
    reviews: tuple[float, ...] = ()
    """Hours of review that are known to be due, week by week; 0 after the last."""
    own: tuple[Own, ...] = ()
    used: float = 0.0
    """Hours of the first week that work took already."""

    def kept(self, week: int) -> float:
        """Hours of week ``week`` (from 0) that go to reviews."""
        due = self.reviews[week] if week < len(self.reviews) else 0.0
        return min(due, MOST * self.hours)

    def offered(self, week: int) -> float:
        """Hours of week ``week`` (from 0) for own resources and the plan."""
        return max(0.0, self.hours * (1 - self.buffer) - self.kept(week))

    def taken(self, week: int) -> float:
        """Hours of own resources that begin in week ``week`` (from 0), and of the first one those that are used."""
        return (0.0 if week else self.used) + sum(each.hours for each in self.own if each.week - 1 == week)


@dataclass(frozen=True)
class Board:
    """The weeks, and when each piece of work begins and ends, in weeks from the start."""

    weeks: tuple[Week, ...]
    spans: dict[str, tuple[float, float]]
    end: float
    """Weeks; infinite where it does not end within ``FARTHEST``."""


def pour(items: Sequence[Item], offer: Offer, start: date) -> Board:
    """``items`` in their order into weeks from ``start`` on, as if every week went as planned."""
    return _Pour(offer, start).run(items)


class _Pour:
    def __init__(self, offer: Offer, start: date) -> None:
        self.offer, self.start = offer, start
        self.shares: list[list[Share]] = []
        self.left: list[float] = []
        """Of each week so far, the hours for the plan."""
        self.used = Own("", 1, offer.used)
        self.backlog: list[tuple[Own, float, int]] = [(self.used, offer.used, 1)] if offer.used > 0 else []
        self.at = 0.0
        self.spans: dict[str, tuple[float, float]] = {}

    def run(self, items: Sequence[Item]) -> Board:
        for item in items:
            began = self.at
            if not self._work(item):
                self.at = math.inf
                break
            self.spans[item.id] = (began, self.at)
        while any(own is not self.used for own, _, _ in self.backlog) and len(self.left) < FARTHEST:
            self._open()
        known = max((each.week for each in self.offer.own), default=0)
        while len(self.left) < min(known, FARTHEST):
            self._open()
        return Board(tuple(self._weeks()), self.spans, self.at)

    def _open(self) -> None:
        """One more week: own resources first, the ones that began first before the others."""
        number = len(self.left)
        hours, shares = self.offer.offered(number), list[Share]()
        self.backlog += [(each, each.hours, 1) for each in self.offer.own if each.week - 1 == number]
        waiting = []
        for own, needed, part in self.backlog:
            now = min(needed, hours)
            if now > EPSILON:
                if own is not self.used:
                    shares.append(Share("own", own.title, now, part, needed - now <= EPSILON))
                hours, part = hours - now, part + 1
            if needed - now > EPSILON:
                waiting.append((own, needed - now, part))
        self.backlog = waiting
        self.left.append(max(0.0, hours))
        self.shares.append(shares)

    def _work(self, item: Item) -> bool:
        """Put ``item`` where the plan stands; False where the weeks run out."""
        needed, part = item.work, 1
        until = self.at + item.weeks if item.weeks else math.inf
        while True:
            week = int(self.at)
            if week >= FARTHEST:
                return False
            while len(self.left) <= week:
                self._open()
            rate = self.left[week]
            border = min(week + 1.0, until)
            room = rate * (border - self.at)
            if needed <= room + EPSILON:
                self._put(week, item, needed, part, True)
                self.at = min(border, self.at + needed / rate) if needed > 0 and rate else self.at
                return True
            ended = border >= until
            if room > EPSILON:
                self._put(week, item, room, part, ended)
                part += 1
            needed, self.at = needed - room, border
            if ended:
                return True

    def _put(self, week: int, item: Item, hours: float, part: int, last: bool) -> None:
        self.shares[week].append(Share(item.kind, item.id, hours, part, last, item.minutes))

    def _weeks(self) -> Iterator[Week]:
        for number, shares in enumerate(self.shares):
            offered, kept = self.offer.offered(number), self.offer.kept(number)
            day = self.start + timedelta(weeks=number)
            yield Week(number + 1, day, offered, kept, tuple(shares))


def day_of(start: date, weeks: float) -> date | None:
    """The day that ends after so many weeks from ``start``; None where there is no end."""
    return None if math.isinf(weeks) else start + timedelta(days=math.ceil(weeks * 7 - 1e-6))
