"""The weeks since a plan began: what each had to give, what was finished in it, and what own resources took of it.

Evidence comes at the end of work: a topic of twenty hours is shown to be known in one evening, after three weeks with
nothing to show. So what is finished in a week beyond its hours is laid on the weeks before it that had hours left, as
many as it would have taken; what is still beyond twice the week's hours was known before, and is no measure of pace.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from castalia.roadmap.forecast import PACES, Past
from castalia.roadmap.history import Worked, monday_of
from castalia.roadmap.learner import Profile

BREAK = 4
"""Weeks in a row without anything finished that are a break."""
WEEK = timedelta(days=7)


@dataclass
class _Week:
    monday: date
    committed: float
    """Hours for the plan: without buffer, and without what own resources took."""
    spent: float
    """As the learner says; 0: not known."""
    done: float = 0.0
    said: float = 0.0
    """Hours of topics without a check that the learner finished by their own word."""

    @property
    def hours(self) -> float:
        return self.spent or self.committed


@dataclass(frozen=True)
class Calendar:
    """What the weeks come to."""

    past: tuple[Past, ...] = ()
    """The whole ones, without those before the first work and breaks of four or more."""
    own: Mapping[str, float] = field(default_factory=dict)
    """Own resource -> its hours that were not offered yet, by the beginning of the running week."""
    used: float = 0.0
    """Hours of the running week's that are gone: as the learner says, or the time between checks. What was finished in
    it says nothing about that: a check of two minutes may show what took weeks."""


def calendar(
    profile: Profile,
    worked: Sequence[Worked],
    takes: Callable[[str], float],
    unchecked: Container[str],
    today: date,
    buffer: float,
) -> Calendar:
    """The calendar of a learner. ``takes``: topic -> its hours; ``unchecked``: topics that no contract checks.

    A topic that is said to be known counts where it is one of these and was named alone: several at once are what was
    known before.
    """
    running, settled = monday_of(today), profile.settled

    def offered(monday: date) -> float:
        """Hours of a week without the buffer, as they were when it began."""
        before = [hours for day, hours in profile.offers if day < monday]
        first = profile.offers[0][1] if profile.offers else settled.hours
        return (before[-1] if before else first) * (1 - buffer)

    taken, left = _own(profile, running, offered)
    if settled.start is None or settled.start > today:
        return Calendar((), left)
    weeks: dict[date, _Week] = {}
    monday = settled.start + timedelta(days=-settled.start.weekday() % 7)
    while monday <= running:
        page = profile.pages.get(monday)
        reading = taken.get(monday, 0.0)
        spent = max(0.0, page.hours - reading) if page else 0.0
        weeks[monday] = _Week(monday, max(0.0, offered(monday) - reading), spent)
        monday += WEEK
    for each in worked:
        if each.monday in weeks:
            weeks[each.monday].done = sum(gain * takes(id) for id, gain in sorted(each.gains.items()))
    for id, day in sorted(profile.learned.items()):
        if id in unchecked and monday_of(day) in weeks:
            weeks[monday_of(day)].said += takes(id)
    now = weeks.get(running)
    worked_now = sum(each.minutes / 60 for each in worked if each.monday == running)
    used = min(now.committed, now.spent or worked_now) if now else 0.0
    known = [week for week in weeks.values() if week.hours > 0]
    for place, week in enumerate(known):
        _settle(week, known[:place])
    return Calendar(_counted([week for week in known if week.monday < running]), left, used)


def _own(
    profile: Profile, running: date, offered: Callable[[date], float]
) -> tuple[dict[date, float], dict[str, float]]:
    """Hours that own resources took of each week before the running one, and what is left of each resource."""
    left = {each.title: each.hours for each in profile.resources}
    begun = sorted(profile.resources, key=lambda each: each.day)
    taken: dict[date, float] = {}
    monday = monday_of(begun[0].day) if begun else running
    while monday < running and any(left.values()):
        hours = offered(monday)
        for each in begun:
            if monday_of(each.day) <= monday:
                now = min(left[each.title], hours)
                left[each.title] -= now
                hours -= now
                taken[monday] = taken.get(monday, 0.0) + now
        monday += WEEK
    return taken, left


def _settle(week: _Week, before: Sequence[_Week]) -> None:
    """Lay what goes beyond the week's hours on the weeks before it, and leave out what goes beyond belief."""
    total = week.done + week.said
    reach = math.ceil(total / week.hours - 1e-9) - 1
    over = total - week.hours
    for each in reversed(before[max(0, len(before) - reach) :] if reach > 0 else ()):
        room = min(max(0.0, each.hours - each.done), max(0.0, over))
        each.done += room
        over -= room
    if over > 0:  # what the learner's word is good for ends at the week's hours
        shown = max(0.0, min(over, week.done - week.hours))
        over = min(shown, week.hours * (1 / PACES[0] - 1))
        week.done = week.hours + over
    else:
        week.done = min(total, week.hours)


def _counted(weeks: Sequence[_Week]) -> tuple[Past, ...]:
    """Weeks as the forecast wants them: a break says nothing about pace, and neither does what is not finished yet.

    Somebody who comes back is not told that it will take twenty years.
    """
    runs = [(busy, list(some)) for busy, some in groupby(weeks, key=lambda each: each.done > 0)]
    if runs and not runs[0][0]:
        runs = runs[1:]
    if runs and not runs[-1][0]:
        runs = runs[:-1]
    return tuple(
        Past(each.committed, each.done, each.spent)
        for busy, some in runs if busy or len(some) < BREAK for each in some
    )  # fmt: skip
