"""How far somebody is: the sixteen completion items by their rules, the nine skills, own items.

A tick is as weak as the weakest evidence it needed: *checked* (a contract passed), *linked* (something that can be
looked at) or *self-reported*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from castalia.roadmap.counting import among
from castalia.roadmap.learner import OwnItem
from castalia.roadmap.mastery import STATES
from castalia.roadmap.rules import Count
from castalia.roadmap.state import State

TICKS = ("checked", "linked", "self-reported")
"""The strongest first."""
KNOWN = ("checked", "retained", "rusty")
"""States of a topic that a contract showed to be known."""


@dataclass(frozen=True)
class Counted:
    """How far one count of a rule is."""

    rule: Count
    ticks: tuple[str, ...]
    """Of what is there, the strongest first."""

    @property
    def holds(self) -> bool:
        return len(self.ticks) >= self.rule.at_least

    @property
    def tick(self) -> str:
        """The weakest that was needed; empty while it does not hold."""
        return self.ticks[self.rule.at_least - 1] if self.holds else ""

    @property
    def words(self) -> str:
        """``5 of 8 topics``."""
        rule = self.rule
        noun = rule.count[:-1] if rule.at_least == 1 else rule.count
        named = f"{noun} ({' or '.join(rule.of)})" if rule.count == "links" else noun
        items = f" with {rule.items} of five items" if rule.items else ""
        return f"{min(len(self.ticks), rule.at_least)} of {rule.at_least} {named}{items}"


@dataclass(frozen=True)
class Item:
    """A completion item and how far it is."""

    id: str
    group: str
    title: str
    counts: tuple[Counted, ...]

    @property
    def complete(self) -> bool:
        return all(each.holds for each in self.counts)

    @property
    def tick(self) -> str:
        """One of ``TICKS``; empty while it is not complete."""
        return max((each.tick for each in self.counts), key=TICKS.index) if self.complete else ""


@dataclass(frozen=True)
class SkillStanding:
    """One of the nine skills: how many of its topics are in which state."""

    id: str
    title: str
    topics: int
    states: Mapping[str, int]
    said: int
    """Topics that only the learner says are known."""
    links_only: int
    """Topics that nothing checks."""


@dataclass(frozen=True)
class Progress:
    """All of it."""

    items: tuple[Item, ...]
    skills: tuple[SkillStanding, ...]
    own: tuple[OwnItem, ...]


def progress(state: State) -> Progress:
    """How far the learner of a state is."""
    ticks = Ticks(state)
    items = tuple(
        Item(each.id, each.group, each.title, tuple(Counted(rule, ticks.of(rule)) for rule in each.rule))
        for each in state.content.completion.values()
    )
    skills = []
    for skill in state.content.nine:
        ids = state.content.of_skill(skill.id)
        states = Counter(state.standings[id].state for id in ids)
        skills.append(
            SkillStanding(
                skill.id, skill.title, len(ids), {name: states[name] for name in STATES},
                sum(ticks.topic(id) == TICKS[2] for id in ids), sum(bool(state.content.says(id)) for id in ids),
            )
        )  # fmt: skip
    return Progress(items, tuple(skills), state.profile.items)


class Ticks:
    """What is ticked, and how strongly."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.said = {*state.profile.known, *state.history.reported, *state.extra}
        self.milestones = {
            each.about: TICKS[1] if each.url else TICKS[2] for each in state.profile.links if each.sort == "milestone"
        }

    def of(self, rule: Count) -> tuple[str, ...]:
        """What is there of a count, each with its tick, the strongest first."""
        if rule.count == "links":
            found = [TICKS[1] if each.url else TICKS[2] for each in self.state.profile.links if each.sort in rule.of]
        else:
            ids = among(rule, self.state.content)
            one = {"topics": self.topic, "milestones": self.milestone, "projects": self.project}.get(rule.count)
            every = [one(id) if one else self.track(id, rule.items) for id in ids]
            found = [tick for tick in every if tick]
        return tuple(sorted(found, key=TICKS.index))

    def topic(self, id: str) -> str:
        """The tick of a topic, or nothing."""
        if self.state.standings[id].state in KNOWN:
            return TICKS[0]
        return TICKS[2] if id in self.said else ""

    def milestone(self, id: str) -> str:
        """The tick of a milestone: passed, linked or reported."""
        return TICKS[0] if id in self.state.history.passed else self.milestones.get(id, "")

    def project(self, id: str) -> str:
        """The weakest of its core milestones, or nothing where one is missing."""
        core = [each for each in self.state.content.projects[id].milestones if each.tier == "core"]
        return self._weakest(self.milestone(each.id) for each in core)

    def track(self, id: str, wanted: int) -> str:
        """The weakest of the strongest ``wanted`` items."""
        items = [self._weakest(map(self.topic, each.topics)) for each in self.state.content.tracks[id].items]
        done = sorted((each for each in items if each), key=TICKS.index)
        return done[wanted - 1] if len(done) >= wanted else ""

    def _weakest(self, ticks: Iterable[str]) -> str:
        found = list(ticks)
        return max(found, key=TICKS.index) if found and all(found) else ""
