"""Everything that a learner's day is made of: the content, what was said, what was shown, and the date.

Read once a command. What is asked of it is computed by the pure modules (``gap``, ``planner``, ``review``); nothing
here has a formula of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from castalia.core.errors import NotFound, Unavailable, WrongInput
from castalia.roadmap import contracted, review
from castalia.roadmap.content import EVERYTHING, Content, content
from castalia.roadmap.contracted import Contracted
from castalia.roadmap.days import end_of, monday_of
from castalia.roadmap.forecast import Past
from castalia.roadmap.gap import Gap, Held, Learner, Mention, choose, ranked
from castalia.roadmap.history import History
from castalia.roadmap.learner import Notes, Profile, goal_of
from castalia.roadmap.mastery import ENOUGH, FADED, Standing, standings
from castalia.roadmap.planner import Changes, Earlier, Plan, Request, changes
from castalia.roadmap.records import Goal
from castalia.roadmap.remembered import history
from castalia.roadmap.schedule import Own
from castalia.roadmap.sequence import MINUTES, MOST, REVIEWS, Milestone, Wishes, assumed
from castalia.roadmap.weeks import Calendar, calendar

BUFFER = 0.2
"""The share of the hours that is not planned."""
HOURS = 7.0
"""A week, where nobody said any."""
AHEAD = 104
"""Weeks of known reviews that a plan makes room for."""


@dataclass(frozen=True)
class State:
    """A learner on a day."""

    home: Path
    today: date
    content: Content
    every: Mapping[str, Contracted]
    profile: Profile
    history: History
    extra: tuple[str, ...] = ()
    """Topics to be taken as known for this once."""
    less: tuple[str, ...] = ()
    """Topics to be taken as not known for this once."""

    @classmethod
    def read(cls, home: Path, today: date, known: Sequence[str] = (), unknown: Sequence[str] = ()) -> State:
        """The state of a home. ``known``, ``unknown``: ids of topics, or their beginnings, for this once."""
        roadmap, every = content(), contracted.every()
        now = end_of(max(today, date.today()))
        profile = Notes(home).profile(roadmap, now)
        extra = tuple(assumed(roadmap.graph, [_today(roadmap, word) for word in known]))
        less = assumed(roadmap.graph, [_today(roadmap, word) for word in unknown])
        profile = replace(profile, known=tuple(id for id in profile.known if id not in less))
        granted = {**{id: profile.since[id] for id in profile.known}, **dict.fromkeys(extra, now)}
        past = history(home, roadmap, every, granted, now, trial=bool(extra or less))
        return cls(home, today, roadmap, every, profile, past, extra, tuple(less))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be read, to be said aloud."""
        return (*self.history.warnings, *self.profile.warnings)

    @functools.cached_property
    def goal(self) -> Goal:
        """The goal; everything while none was chosen."""
        return goal_of(self.content, self.profile.settled.goal or EVERYTHING)

    @property
    def chosen(self) -> bool:
        """Whether there is a plan to speak of."""
        return bool(self.profile.settled.goal and self.profile.settled.hours)

    @property
    def hours(self) -> float:
        """A week."""
        return self.profile.settled.hours or HOURS

    @functools.cached_property
    def standings(self) -> Mapping[str, Standing]:
        """Every topic's state today."""
        return self._standings(self.today)

    def _standings(self, day: date) -> Mapping[str, Standing]:
        recall = {id: review.recall(one, day) for id, one in self.history.memories.items()}
        return standings(self.history.beliefs, recall)

    @functools.cached_property
    def mastery(self) -> dict[str, float]:
        """Topic -> m. What nobody has shown yet is granted by the learner's word."""
        return self._mastery(self.today)

    def _mastery(self, day: date) -> dict[str, float]:
        """m on a day. What was shown to be known and is not rusty stays mastered: reviews keep it, not the plan."""
        return {
            id: max(one.mastery, ENOUGH) if one.p >= ENOUGH and one.recall >= FADED else one.mastery
            for id, one in self._standings(day).items()
        }

    @functools.cached_property
    def calendar(self) -> Calendar:
        """The weeks since the plan began, by the hours that were offered in each, whatever the goal was."""
        graph, checked = self.content.graph, self.content.checked
        unchecked = [id for id in graph.topics if id not in checked]
        return calendar(self.profile, self.history.weeks, self._hours, unchecked, self.today, BUFFER)

    @property
    def past(self) -> tuple[Past, ...]:
        """The whole weeks that say something about pace."""
        return self.calendar.past if self.chosen else ()

    def _hours(self, id: str) -> float:
        """Of a topic, with the reviews that the plan charges to it."""
        hours = self.content.graph.topics[id].hours.p50
        return hours + min(REVIEWS * MINUTES / 60, hours * MOST / (1 - MOST))

    @functools.cached_property
    def learner(self) -> Learner:
        """What the rank of gaps depends on."""
        mentions = [
            Mention(page.monday, topic) for page in self.profile.pages.values() for topic in page.topics
            if page.monday <= self.today
        ]  # fmt: skip
        return Learner(
            self.content.graph, self.goal.topics, self.mastery, self.today, self.history.failures, mentions,
            self.profile.gaps,
        )  # fmt: skip

    @functools.cached_property
    def gap(self) -> Gap | None:
        """The one gap; None when nothing of the goal is left."""
        return choose(self.learner, self.profile.held, self.profile.waiting(self.today))

    def hold(self) -> tuple[str, ...]:
        """Keep which gap is being closed, if that changed; what could not be kept, in words."""
        held, gap = self.profile.held, self.gap
        if gap is None or not self.chosen or held == Held(gap.topic, gap.since):
            return ()
        return self.remark("held", {"id": gap.topic, "since": gap.since})

    def note(self, kind: str, said: Mapping[str, object]) -> tuple[str, ...]:
        """Add what the learner said to the journal, on disk when this returns. Unavailable where it cannot be kept."""
        Notes(self.home).add(kind, said)
        return ()

    def remark(self, kind: str, said: Mapping[str, object]) -> tuple[str, ...]:
        """Add what nobody asked to keep, which a home that cannot be written does without: what is then said."""
        try:
            return self.note(kind, said)
        except Unavailable as error:
            return (f"{error.subject}: {error.got} ({error.expected}). {error.cure}",)

    def wishing(
        self, *, goal: str = "", hours: float = 0.0, start: date | None = None, target: date | None = None,
        view: str = "",
    ) -> State:  # fmt: skip
        """The same learner with other settings, as if they had been kept. Another goal leaves the target out."""
        settled = self.profile.settled
        chosen = goal_of(self.content, goal) if goal else None
        if chosen and chosen != self.goal:
            settled = replace(settled, target=None)
        if chosen:
            settled = replace(settled, goal=chosen.topics if chosen.kind == "own" else chosen.id)
        settled = replace(
            settled, hours=hours or settled.hours, start=start or settled.start, target=target or settled.target,
            view=view or settled.view,
        )  # fmt: skip
        return replace(self, profile=replace(self.profile, settled=settled))

    @property
    def begin(self) -> date:
        """The day from which is planned: the running week's Monday, so that a plan stands still for a week."""
        start = self.profile.settled.start
        return max(start, monday_of(self.today)) if start else self.today

    def request(
        self, *, goal: str = "", hours: float = 0.0, start: date | None = None, target: date | None = None
    ) -> Request:
        """What the planner is asked: the learner's own settings, others where they are given."""
        if target and not start and target <= self.today:
            cure = "Choose a later target, or none."
            raise WrongInput("target date", str(target), f"after {self.today}", cure, field="target")
        if goal or hours or start or target:
            other = self.wishing(goal=goal, hours=hours, start=start, target=target)
            return other._request(start or other.begin, target)
        return self._request(self.begin, None)

    def _request(self, begin: date, asked: date | None) -> Request:
        settled, weeks = self.profile.settled, self.calendar
        own = [
            Own(each.title, 1 + max(0, (each.day - begin).days) // 7, left, each.topic, each.url)
            for each in self.profile.resources
            if (left := weeks.own[each.title]) > 0
        ]
        until = settled.target
        if asked is None and until is not None and until <= max(begin, self.today):
            until = None  # a target that is over plans nothing any more
        day = monday_of(self.today)
        mastery = self._mastery(day)
        for id, m in self.mastery.items():  # what was mastered or forgotten since moves the plan, fading does not
            if (m >= ENOUGH) != (mastery[id] >= ENOUGH):
                mastery[id] = m
        view = self.content.roadmaps[settled.view].by_week if settled.view in self.content.roadmaps else {}
        gap = (self.gap.topic, self.gap.since) if self.gap and self.gap.topic in self.content.graph.topics else None
        scored = replace(self.learner, mastery=mastery, today=day + timedelta(days=6))
        wishes = Wishes(
            {each.id: each.score for each in ranked(scored)}, view, self.waiting, settled.passion, gap[0] if gap else ""
        )
        used = weeks.used if begin == day else 0.0
        return Request(
            self.content.graph, self.goal.topics, self.hours, begin, until, mastery, self.past,
            BUFFER, review.load(self.history.memories, begin, AHEAD), tuple(own), used,
            wishes, self.parts(self.goal), gap, settled.loop,
        )  # fmt: skip

    @property
    def waiting(self) -> tuple[Milestone, ...]:
        """The milestones that were not passed, linked or reported yet."""
        ticked = {each.about for each in self.profile.links if each.sort == "milestone"}
        goal, chosen = self.goal, frozenset(self._projects)
        return tuple(
            Milestone(
                each.id,
                project.skill,
                tuple(each.topics),
                each.minutes,
                own=project.id in chosen,
                due=goal.kind == "project" and project.id == goal.id,
            )
            for project in self.content.projects.values()
            for each in project.milestones
            if each.id not in self.history.passed and each.id not in ticked
        )

    @property
    def _projects(self) -> tuple[str, ...]:
        """Those that the goal names."""
        if self.goal.kind == "track":
            return tuple(name for item in self.content.tracks[self.goal.id].items for name in item.projects)
        return (self.goal.id,) if self.goal.kind == "project" else ()

    def parts(self, goal: Goal) -> dict[str, tuple[str, ...]]:
        """What of a goal can be given up, by titles; empty: each topic is a part."""
        if goal.kind == EVERYTHING:
            return {skill.title: self.content.of_skill(skill.id) for skill in self.content.skills.values()}
        if goal.kind == "track":
            items = self.content.tracks[goal.id].items
            return {
                each.title: tuple(dict.fromkeys((
                    *each.topics, *(id for name in each.projects for id in self.content.projects[name].topics)
                )))
                for each in items
            }  # fmt: skip
        if goal.kind == "project":
            every = self.content.projects[goal.id].milestones
            return {f"{each.number} {each.title}": tuple(each.topics) for each in every if each.topics}
        return {}

    def moved(self, made: Plan) -> Changes | None:
        """What moved since the plan that was kept; None where there is none, or one for another goal."""
        kept, graph = self.profile.planned, self.content.graph
        try:
            if kept["goal"] != self.goal.id:
                return None
            ends = {graph.current(id): date.fromisoformat(day) for id, day in kept["dates"].items()}
            p50 = date.fromisoformat(kept["ends"]["p50"]) if kept["ends"]["p50"] else None
            old = Earlier(
                date.fromisoformat(kept["start"]), tuple(ends), {id: (day, day) for id, day in ends.items()}, p50
            )
        except (LookupError, TypeError, ValueError, AttributeError, NotFound):
            return None
        return changes(old, made)

    def keep(self, made: Plan) -> tuple[str, ...]:
        """Keep what a plan said, so that the next one can say what moved."""
        dates = {id: each[1].isoformat() for id, each in made.dates.items() if id in made.topics}
        ends = {
            name: day.isoformat() if day else "" for name, day in (("p50", made.finish_p50), ("p90", made.finish_p90))
        }
        said = {"start": made.start.isoformat(), "goal": self.goal.id, "ends": ends, "dates": dates}
        return () if said == self.profile.planned else self.remark("planned", said)


def _today(content: Content, word: str) -> str:
    """A former id of a topic as it is today; other words as they are."""
    try:
        return word if any(id.startswith(word) for id in content.graph.topics) else content.graph.current(word)
    except NotFound:
        return word
