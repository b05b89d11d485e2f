"""In which order a goal's topics are learned. It depends on no date and on no hours a week: see ``schedule`` for why.

The topic whose longest way to the goal takes most hours comes first, among those that may be begun. A skill opens only
while fewer than two others have something to begin, so that at most two are open; and when a skill is through, one
project milestone of it stands before the next topic ("implement, don't just watch"). A project that is the goal has all
its milestones in the plan, each as soon as its topics are placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from castalia.core.errors import WrongInput, did_you_mean
from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import ENOUGH, TESTED

OPEN = 2
"""Skills at once."""
KAPPA = 100.0
"""Hours that a gap score of one weighs in the order. Our own estimate."""
RIPE = 0.6
"""Share of a passion project's topics that are known when it begins."""
REVIEWS, MINUTES = 4, 10.0
"""Reviews in the year after a topic was learned, one of them spare, and the minutes of each. Our own estimate."""
MOST = 0.2
"""The share of a week's hours, or of a topic's, that reviews take at most."""


@dataclass(frozen=True)
class Milestone:
    """A milestone of a project, to be built when its skill is through."""

    id: str
    skill: str
    topics: tuple[str, ...] = ()
    minutes: float = 0.0
    hours: float = 0.0
    """Hours on top of those of the topics. 0: the weeks that the roadmaps give a skill include its projects."""
    own: bool = False
    """Of a project that the goal names: it comes before those of others."""
    due: bool = False
    """Of the project that is the goal: it is in the plan in any case."""

    @property
    def project(self) -> str:
        """``churn`` of ``churn/M1``."""
        return self.id.partition("/")[0]


@dataclass(frozen=True)
class Passion:
    """A project of one's own choice, at most four weeks long, begun once enough of it is known."""

    title: str
    topics: tuple[str, ...]
    hours: float
    weeks: float = 4.0

    def fault(self) -> str:
        """What is wrong with it; empty where nothing is."""
        if 0 < self.hours <= 1000 and 0 < self.weeks <= 4 and self.topics:
            return ""
        return f"{self.title!r}: {self.hours:g} hours in {self.weeks:g} weeks, {len(self.topics)} topics"


@dataclass(frozen=True)
class Item:
    """One piece of work in the plan."""

    kind: str
    """``topic``, ``milestone`` or ``passion``."""
    id: str
    hours: float
    """What is left of it at the learner's pace."""
    review: float = 0.0
    """Hours of later reviews of it, beside its own."""
    weeks: float = 0.0
    """It ends after so many weeks, done or not; 0: it takes what it takes."""
    spread: float = 1.0
    """P90 over P50 of its hours."""
    minutes: float = 0.0

    @property
    def work(self) -> float:
        """Hours that it takes from the weeks."""
        return self.hours + self.review


def assumed(graph: Graph, words: Iterable[str]) -> dict[str, float]:
    """Topics that a learner says are known, by id or by the beginning of ids, with the mastery that is granted.

    Raises WrongInput, with a near miss, where a word is neither.
    """
    found: dict[str, float] = {}
    for word in words:
        chosen = [id for id in graph.topics if word and id.startswith(word)]
        if not chosen:
            expected = "the id of a topic, such as dl03, or its beginning, such as dl"
            near = did_you_mean(word, graph.topics).strip()
            cure = near or f"One of: {', '.join(sorted({id.rstrip('0123456789') for id in graph.topics}))}."
            raise WrongInput("known: no such topic", repr(word), expected, cure, field="known")
        found |= dict.fromkeys(chosen, TESTED)
    return found


def remaining(graph: Graph, goal: Iterable[str], mastery: Mapping[str, float]) -> frozenset[str]:
    """The topics that a goal needs and that are not mastered: no topic more."""
    return frozenset(id for id in graph.closure(goal) if mastery.get(id, 0.0) < ENOUGH)


def hours_left(graph: Graph, ids: Iterable[str], mastery: Mapping[str, float], pace: float = 1.0) -> dict[str, float]:
    """Hours of each topic that are left: its hours, less what is known of it, at the learner's pace.

    In the order of the graph, so that a sum of them is the same in every process.
    """
    left = {id: 1 - min(1.0, max(0.0, mastery.get(id, 0.0))) for id in graph.order(ids)}
    return {id: graph.topics[id].hours.p50 * share * pace for id, share in left.items()}


@dataclass(frozen=True)
class Wishes:
    """What may change the order, besides the graph."""

    gaps: Mapping[str, float] = field(default_factory=dict)
    """Topic -> gap score: what hurts comes earlier."""
    view: Mapping[str, int] = field(default_factory=dict)
    """Topic -> week of a roadmap that the learner wants to follow, as far as ``requires`` lets it."""
    milestones: Sequence[Milestone] = ()
    """Those that are not built yet, of each project in the order to build them."""
    passion: Passion | None = None
    first: str = ""
    """The gap that is being closed: it comes before all, where it can be begun."""


def sequence(
    graph: Graph, ids: Set[str], mastery: Mapping[str, float], pace: float = 1.0, wishes: Wishes | None = None
) -> tuple[Item, ...]:
    """``ids`` as work, in an order that keeps ``requires``, with milestones and the passion project in their places."""
    return tuple(_Sequence(graph, ids, mastery, pace, wishes or Wishes()).run())


class _Sequence:
    def __init__(self, graph: Graph, ids: Set[str], mastery: Mapping[str, float], pace: float, wishes: Wishes) -> None:
        self.graph, self.mastery, self.wishes = graph, mastery, wishes
        self.hours = hours_left(graph, ids, mastery, pace)
        self.left = list(graph.order(ids))
        self.before = {id: {other for other in graph.topics[id].requires if other in ids} for id in ids}
        self.rank = {id: self._rank(id, length) for id, length in self._ways().items()}
        self.placed: dict[str, None] = {}
        self.opened: dict[str, None] = {}
        self.items: list[Item] = []
        passion = wishes.passion
        self.waiting = list(wishes.milestones)
        self.ripening = graph.order(graph.closure(passion.topics)) if passion else ()

    def _ways(self) -> dict[str, float]:
        """The longest way in hours from the beginning of each topic to the end of the goal."""
        ways = dict(self.hours)
        after: dict[str, float] = {}
        for id in reversed(self.left):
            ways[id] += after.get(id, 0.0)
            for other in self.before[id]:
                after[other] = max(after.get(other, 0.0), ways[id])
        return ways

    def _rank(self, id: str, way: float) -> tuple[float, float]:
        week = self.wishes.view.get(id, 10_000) if self.wishes.view else 0
        return week, -(way + KAPPA * self.wishes.gaps.get(id, 0.0))

    def run(self) -> list[Item]:
        self._passion()
        self._due()
        if self.wishes.first in self.left and not self.before[self.wishes.first]:
            self._place(self.wishes.first)
        while self.left:
            ready = [id for id in self.left if not self.before[id] - self.placed.keys()]
            live = [skill for skill in self.opened if any(self._skill(id) == skill for id in ready)][:OPEN]
            if len(live) == OPEN:
                ready = [id for id in ready if self._skill(id) in live]
            self._place(min(ready, key=lambda id: self.rank[id]))  # ties: the order of the graph
        return self.items

    def _skill(self, id: str) -> str:
        return self.graph.topics[id].skill

    def _place(self, id: str) -> None:
        topic, hours = self.graph.topics[id], self.hours[id]
        review = min(REVIEWS * MINUTES / 60, hours * MOST / (1 - MOST))
        self.items.append(Item("topic", id, hours, review, spread=topic.hours.p90 / topic.hours.p50))
        self.left.remove(id)
        self.placed[id] = None
        self.opened.setdefault(topic.skill)
        if not any(self._skill(other) == topic.skill for other in self.left):
            del self.opened[topic.skill]
            self._due()
            self._milestone(topic.skill)
        else:
            self._due()
        self._passion()

    def _open(self) -> list[Milestone]:
        """Of each project the next milestone, if what it is about is known by now."""
        following: dict[str, Milestone] = {}
        for each in self.waiting:
            following.setdefault(each.project, each)
        return [each for each in following.values() if all(self._known(id) for id in each.topics)]

    def _milestone(self, skill: str) -> None:
        """One of the skill that is through: of the goal's projects first, then what practises most of the plan."""
        if any(each.due and each.skill == skill for each in self.wishes.milestones):
            return  # the goal's project is of this skill, and has its own places
        found = [each for each in self._open() if each.skill == skill]
        if found:
            self._build(min(found, key=lambda each: (not each.own, -self._practised(each))))

    def _due(self) -> None:
        while due := [each for each in self._open() if each.due]:
            self._build(due[0])

    def _build(self, each: Milestone) -> None:
        self.items.append(Item("milestone", each.id, each.hours, minutes=each.minutes))
        self.waiting.remove(each)

    def _practised(self, each: Milestone) -> float:
        """The share of its topics that this plan teaches."""
        ids = [self.graph.current(id) for id in each.topics]
        return sum(id in self.placed for id in ids) / len(ids) if ids else 0.0

    def _known(self, id: str) -> bool:
        id = self.graph.current(id)
        return id in self.placed or self.mastery.get(id, 0.0) >= ENOUGH

    def _passion(self) -> None:
        passion = self.wishes.passion
        if not passion or not self.ripening:
            return
        ripe = sum(1.0 if id in self.placed else self.mastery.get(id, 0.0) for id in self.ripening)
        if ripe >= RIPE * len(self.ripening):
            self.items.append(Item("passion", passion.title, passion.hours, weeks=passion.weeks))
            self.ripening = ()
