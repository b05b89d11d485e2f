"""What the learner said: goal, hours, what is known, worries, own books, own gaps. ``CASTALIA_HOME/journal.jsonl``.

Lines are events like those of the evidence, kept by the same code: appended and on disk before ``add`` returns, merged
by union, torn lines set aside. They are a file of their own because they hold a person's words, which the evidence
never does. A later line wins over an earlier one of the same kind and name; ids that were renamed are followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError, WrongInput
from castalia.core.evidence import Event, Evidence
from castalia.roadmap.content import Content
from castalia.roadmap.days import DAY, dated, day_of
from castalia.roadmap.gap import OWN_HOURS, Held, OwnGap
from castalia.roadmap.own import Link as Link
from castalia.roadmap.own import OwnItem as OwnItem
from castalia.roadmap.own import OwnResource as OwnResource
from castalia.roadmap.own import Page as Page
from castalia.roadmap.planner import HOURS
from castalia.roadmap.records import Goal
from castalia.roadmap.rules import LINKS
from castalia.roadmap.sequence import Passion

KINDS = ("plan", "about", "known", "resource", "gap", "item", "link", "held", "parked", "planned", "week", "back")
"""Of lines: settings of the plan, free words, topics known, own resource, own gap, own item, a link, the gap that is
being closed, one that was put off for a day, a plan that was made, a page of the journal. Other kinds are kept and
passed over; ``back`` is a day on which somebody was welcomed back."""
WORK = ("known", "resource", "gap", "item", "link", "parked", "week")
"""Lines that say that somebody is at work; settings do not, nor does what a command writes by itself."""
FOLLOWED = 30 * DAY
"""Where the newest line is ahead of the clock by less than this, a new line is dated after it."""
ABOUT = ("beginning", "strengths", "worries")
"""Free words of the intake."""
LONGEST = 10_000
"""Characters of one text."""


@dataclass(frozen=True)
class Settled:
    """The settings of the plan."""

    goal: str | tuple[str, ...] = ""
    """Of a goal its id, or topics of one's own; empty while none was chosen."""
    hours: float = 0.0
    """A week."""
    start: date | None = None
    target: date | None = None
    view: str = ""
    """The roadmap whose order is followed, if any."""
    passion: Passion | None = None
    loop: int = 1
    """How often the learner went round: study, learn, build a passion project, close a gap."""


@dataclass(frozen=True)
class Profile:
    """All that the learner said, by today's ids."""

    settled: Settled = field(default_factory=Settled)
    about: Mapping[str, str] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    """Topics that the learner says are known."""
    resources: tuple[OwnResource, ...] = ()
    gaps: tuple[OwnGap, ...] = ()
    items: tuple[OwnItem, ...] = ()
    links: tuple[Link, ...] = ()
    held: Held | None = None
    parked: Mapping[str, date] = field(default_factory=dict)
    """The gaps that were put off -> the day."""
    planned: Mapping[str, Any] = field(default_factory=dict)
    """The plan that was made last, in a few words (``State.keep``)."""
    pages: Mapping[date, Page] = field(default_factory=dict)
    offers: tuple[tuple[date, float], ...] = ()
    """The hours a week that were kept, each with its day."""
    learned: Mapping[str, date] = field(default_factory=dict)
    """Topic that was said to be known alone -> when it was."""
    warnings: tuple[str, ...] = ()
    """What could not be read, or is no more, in words."""
    since: Mapping[str, int] = field(default_factory=dict)
    """When each known topic was said to be known, in milliseconds."""
    wrote: date | None = None
    """The day of the last line that says that the learner is at work."""
    back: date | None = None
    """The day of the last welcome back."""

    def waiting(self, day: date) -> frozenset[str]:
        """The gaps that wait on a day."""
        return frozenset(id for id, parked in self.parked.items() if parked == day)


class Notes:
    """The journal's file of one home."""

    def __init__(self, home: Path) -> None:
        self.log = Evidence(home, "journal")

    def add(self, kind: str, said: Mapping[str, Any], now: int | None = None) -> None:
        """Add one line, on disk when this returns. ``now`` is milliseconds since 1970.

        Without it the line is later than all before it, also where a clock was ahead for a while.
        """
        assert kind in KINDS, kind
        plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}
        for name, value in plain.items():
            if isinstance(value, str) and len(value) > LONGEST:
                got = f"{len(value):,} characters"
                raise WrongInput(f"journal: {name}", got, f"at most {LONGEST:,}", "Keep it short.", field=name)
            if isinstance(value, float) and not math.isfinite(value):
                raise WrongInput(f"journal: {name}", str(value), "a number", "Say a number.", field=name)
        made = Event(kind, more={"said": plain})
        if now is None:
            now = max([made.time, *(each + 1 for each in self._near(made.time))])
        self.log.add([replace(made, time=now)])

    def _near(self, time: int) -> list[int]:
        """The times of the lines that are there, but for those far ahead."""
        try:
            return [each.time for each in self.log.written() if each.time <= time + FOLLOWED]
        except OSError:
            return []  # ``add`` says what is wrong

    def profile(self, content: Content, now: int | None = None) -> Profile:
        """What all lines amount to. What is dated after ``now`` (milliseconds) counts as of the line before it."""
        reader, found = _Reader(content), dated(self.log.written(), now)
        for event in sorted(found.events, key=lambda each: (each.time, each.id)):
            reader.read(event)
        profile = reader.profile()
        profile = replace(profile, warnings=(*found.warnings("journal"), *profile.warnings))
        if count := self.log.set_aside:
            lines = "1 line" if count == 1 else f"{count} lines"
            words = f"{lines} of the journal could not be read and went to {self.log.corrupt}"
            profile = replace(profile, warnings=(words, *profile.warnings))
        return profile


class _Reader:
    def __init__(self, content: Content) -> None:
        self.content = content
        self.settled: dict[str, Any] = {}
        self.about: dict[str, str] = {}
        self.known: dict[str, bool] = {}
        self.since: dict[str, int] = {}
        self.time = 0
        """Of the line that is read."""
        self.wrote: date | None = None
        self.back: date | None = None
        self.kept: dict[str, dict[str, Any]] = {"resource": {}, "gap": {}, "item": {}, "link": {}}
        self.held: Held | None = None
        self.parked: dict[str, date] = {}
        self.planned: Mapping[str, Any] = {}
        self.pages: dict[date, Page] = {}
        self.offers: list[tuple[date, float]] = []
        self.learned: dict[str, date] = {}
        self.strange = 0
        self.gone: list[str] = []

    def read(self, event: Event) -> None:
        said = event.more.get("said")
        if event.kind not in KINDS:
            return
        try:
            if not isinstance(said, dict):
                raise TypeError
            self.time, day = event.time, day_of(event.time)
            getattr(self, f"_{event.kind}")(said, day)
            if event.kind in WORK:
                self.wrote = day
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError, OSError):
            self.strange += 1

    def _plan(self, said: dict[str, Any], day: date) -> None:
        fresh: dict[str, Any] = {}
        for name in ("start", "target"):
            if name in said:
                fresh[name] = date.fromisoformat(said[name]) if said[name] else None
        if "hours" in said:
            fresh["hours"] = float(said["hours"])
            if not HOURS[0] <= fresh["hours"] <= HOURS[1]:
                raise ValueError
        if "view" in said:
            fresh["view"] = str(said["view"])
        if "goal" in said:
            goal = said["goal"]
            fresh["goal"] = tuple(map(str, goal)) if isinstance(goal, list) else str(goal)
        if "passion" in said:
            fresh["passion"] = self._passion(said["passion"]) if said["passion"] else None
        if "loop" in said:
            fresh["loop"] = max(1, int(said["loop"]))
        self.settled |= fresh
        if "hours" in fresh:
            self.offers.append((day, fresh["hours"]))

    def _passion(self, said: dict[str, Any]) -> Passion | None:
        topics = tuple(self._topics(said["topics"]))
        made = Passion(str(said["title"]), topics, float(said["hours"]))
        if fault := made.fault():
            raise ValueError(fault)
        return made

    def _about(self, said: dict[str, Any], day: date) -> None:
        self.about |= {name: str(said[name]) for name in ABOUT if name in said}

    def _known(self, said: dict[str, Any], day: date) -> None:
        topics = self._topics(said["topics"])
        self.known |= dict.fromkeys(topics, bool(said["known"]))
        self.since |= dict.fromkeys(topics, self.time)
        for topic in topics:
            self.learned.pop(topic, None)
        if said["known"] and len(topics) == 1:
            self.learned[topics[0]] = day

    def _resource(self, said: dict[str, Any], day: date) -> None:
        title, hours = str(said["title"]), float(said.get("hours", 0))
        week = date.fromisoformat(said["day"]) if said.get("day") else day
        made = OwnResource(title, week, hours, self._topic(said), str(said.get("url", "")))
        if not said.get("removed") and not 0 < hours <= 1000:
            raise ValueError
        self._keep("resource", title, made, said)

    def _gap(self, said: dict[str, Any], day: date) -> None:
        title, hours = str(said["title"]), float(said.get("hours") or OWN_HOURS)
        made = OwnGap(title, day, self._topic(said), hours, bool(said.get("chosen")))
        self._keep("gap", title, made, said)

    def _item(self, said: dict[str, Any], day: date) -> None:
        title = str(said["title"])
        self._keep("item", title, OwnItem(title, bool(said.get("done")), str(said.get("url", ""))), said)

    def _link(self, said: dict[str, Any], day: date) -> None:
        sort, url, about = str(said["sort"]), str(said.get("url", "")), str(said.get("about", ""))
        if sort not in (*LINKS, "milestone"):
            raise ValueError
        about = self.milestone(about) if about else ""
        self._keep("link", f"{sort} {about or url}", Link(url, sort, str(said.get("title", "")), about, day), said)

    def milestone(self, id: str) -> str:
        """A milestone's or a project's id as it is today."""
        project, slash, number = id.partition("/")
        return f"{self.content.former_goals.get(project, project)}{slash}{number}"

    def _held(self, said: dict[str, Any], day: date) -> None:
        self.held = self._since(said, "since")

    def _parked(self, said: dict[str, Any], day: date) -> None:
        one = self._since(said, "day")
        if one:
            self.parked.pop(one.id, None)
        if one and not said.get("removed"):
            self.parked[one.id] = one.since

    def _since(self, said: dict[str, Any], name: str) -> Held | None:
        id = str(said["id"])
        current = id if id.startswith("own:") else self._topic({"topic": id})
        return Held(current, date.fromisoformat(said[name])) if current else None

    def _back(self, said: dict[str, Any], day: date) -> None:
        self.back = date.fromisoformat(said["day"])

    def _planned(self, said: dict[str, Any], day: date) -> None:
        date.fromisoformat(said["start"])
        self.planned = said

    def _week(self, said: dict[str, Any], day: date) -> None:
        monday = date.fromisoformat(said["monday"])
        page = self.pages.get(monday, Page(monday))
        texts = {name: str(said[name]) for name in ("goal", "results", "surprised") if name in said}
        if "hours" in said:
            page = replace(page, hours=min(168.0, max(0.0, float(said["hours"]))))
        if "topics" in said:
            page = replace(page, topics=tuple(dict.fromkeys((*page.topics, *self._topics(said["topics"])))))
        self.pages[monday] = replace(page, **texts)  # type: ignore[arg-type]

    def _keep(self, kind: str, name: str, made: Any, said: dict[str, Any]) -> None:
        self.kept[kind].pop(name, None)
        if not said.get("removed"):
            self.kept[kind][name] = made

    def _topic(self, said: dict[str, Any]) -> str:
        return next(iter(self._topics([said["topic"]])), "") if said.get("topic") else ""

    def _topics(self, ids: Iterable[Any]) -> list[str]:
        found = []
        for id in ids:
            try:
                found.append(self.content.graph.current(str(id)))
            except CastaliaError:
                self.gone.append(f"topic {str(id)[:40]!r}")
        return found

    def profile(self) -> Profile:
        settled = Settled(**self.settled)
        if settled.goal:
            try:
                goal = goal_of(self.content, settled.goal)
                settled = replace(settled, goal=goal.topics if goal.kind == "own" else goal.id)
            except CastaliaError:
                self.gone.append(f"goal {settled.goal!r}")
                settled = replace(settled, goal="")
        warnings = []
        if self.strange:
            lines = "1 line" if self.strange == 1 else f"{self.strange} lines"
            warnings.append(f"{lines} of the journal say nothing that this version understands; they are kept")
        if self.gone:
            words = ", ".join(dict.fromkeys(self.gone))
            warnings.append(f"the journal names what the roadmap does not have: {words}; the lines are kept")
        return Profile(
            settled, self.about, tuple(id for id, is_known in self.known.items() if is_known),
            tuple(self.kept["resource"].values()), tuple(self.kept["gap"].values()), tuple(self.kept["item"].values()),
            tuple(self.kept["link"].values()), self.held, self.parked, self.planned, self.pages, tuple(self.offers),
            self.learned, tuple(warnings), {id: self.since[id] for id, is_known in self.known.items() if is_known},
            self.wrote, self.back,
        )  # fmt: skip


def goal_of(content: Content, goal: str | Iterable[str]) -> Goal:
    """A goal by id, or a list of topics: as a tuple, or in one text with commas. NotFound with a near miss."""
    if isinstance(goal, str):
        parts = [part for part in (each.strip() for each in goal.split(",")) if part]
        return content.goal(parts[0] if len(parts) == 1 else parts)
    return content.goal(goal)
