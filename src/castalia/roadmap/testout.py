"""What somebody knows already, asked in at most fifteen questions, each on the topic whose answer settles most.

A pass settles everything that the topic requires, a fail everything that requires it. The next topic is the one with
the greatest ``p (1 - p) [p · open topics before it + (1 - p) · open topics after it]``.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from castalia.core.errors import WrongInput
from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import START, TESTED

FAILED = 0.10
"""P after a fail, at most, of the topic and of all that require it."""
QUESTIONS = 15
GAIN = 1.0
"""Topics that a question must be expected to settle."""


@dataclass(frozen=True)
class Answer:
    """One question and how it went."""

    topic: str
    passed: bool


@dataclass(frozen=True)
class Question:
    """The topic to ask about next."""

    topic: str
    number: int
    """From 1."""
    gain: float


STEEP, LIKELY = 8.0, (0.12, 0.84)
"""How fast ``guess`` falls around the learner's own level, and between what. Our own estimates."""


def guess(graph: Graph, goal: Iterable[str], level: float) -> dict[str, float]:
    """P of each topic for somebody who says that they know the share ``level`` (0 to 1) of a goal.

    Topics that stand on little are likelier known than topics that stand on much. With the same P everywhere the first
    topic or the last would always be asked, since the gain is then linear in how much stands before and after.
    """
    ids = graph.order(graph.closure(goal))
    below = {id: len(graph.ancestors((id,))) for id in ids}
    ranks = sorted(below.values())
    found = {}
    for id in ids:
        share = (bisect_left(ranks, below[id]) + bisect_right(ranks, below[id])) / 2 / len(ids)
        p = 1 / (1 + math.exp(STEEP * (share - min(1.0, max(0.0, level)))))
        found[id] = min(LIKELY[1], max(LIKELY[0], p))
    return found


class Diagnostic:
    """Beliefs about a goal's topics, and the answers so far."""

    def __init__(
        self,
        graph: Graph,
        goal: Iterable[str],
        start: Mapping[str, float] | None = None,
        answers: Sequence[Answer] = (),
    ) -> None:
        """``start``: P of topics as the learner sees them (``guess``), 0.15 where nothing is said."""
        self.graph = graph
        self.topics = graph.order(graph.closure(goal))
        given = {graph.current(id): p for id, p in (start or {}).items()}
        self.p = {id: min(1.0, max(0.0, given.get(id, START))) for id in self.topics}
        self._before = {id: graph.ancestors((id,)) for id in self.topics}
        self._after = {id: graph.descendants(id) & frozenset(self.topics) for id in self.topics}
        self.answers: list[Answer] = []
        for each in answers:
            self.answer(each.topic, each.passed)

    @property
    def open(self) -> frozenset[str]:
        """Topics that are not settled yet."""
        return frozenset(id for id, p in self.p.items() if FAILED < p < TESTED)

    def gain(self, id: str) -> float:
        """Topics that a question on ``id`` is expected to settle."""
        unsettled, p = self.open, self.p[id]
        return p * (1 - p) * (p * len(self._before[id] & unsettled) + (1 - p) * len(self._after[id] & unsettled))

    def next(self, skip: Iterable[str] = (), least: float = GAIN) -> Question | None:
        """The next question; None when none gains more than ``least``, or fifteen were asked. ``skip``: without any."""
        if len(self.answers) >= QUESTIONS:
            return None
        left = [id for id in self.topics if id in self.open and id not in set(skip)]
        if not left:
            return None
        best = max(left, key=self.gain)  # ties: the order of the graph
        gain = self.gain(best)
        return Question(best, len(self.answers) + 1, gain) if gain > least else None

    def answer(self, topic: str, passed: bool) -> None:
        """Take an answer in. WrongInput for a topic that the goal does not need."""
        id = self.graph.current(topic)
        if id not in self.p:
            raise WrongInput("diagnostic: the topic", topic, "one that the goal needs", "Ask `next` for the topic.")
        self.answers.append(Answer(id, passed))
        if passed:
            for other in (id, *self._before[id]):
                self.p[other] = max(self.p[other], TESTED)
        else:
            for other in (id, *self._after[id]):
                self.p[other] = min(self.p[other], FAILED)

    def result(self) -> dict[str, float]:
        """P of every topic that a question settled: what mastery starts from."""
        asked = {each.topic for each in self.answers}
        touched = asked | {
            other for each in self.answers for other in (self._before if each.passed else self._after)[each.topic]
        }
        return {id: self.p[id] for id in self.topics if id in touched}
