"""Topics and what they need: a graph without cycles, in an order in which it can be learned.

Two kinds of edge. ``requires`` orders: a topic can be begun when all it requires is known. ``encompasses`` shares
credit: who passes a check of ``nl06`` has used six tenths of ``nl05``. It does not know who learns what.

>>> first = Topic("a", "first steps", "xx", hours=Hours(2.0, 3.0, "seed", "2026-11-21"))
>>> second = Topic("b", "second steps", "xx", requires=("a",), hours=first.hours)
>>> Graph([second, first]).order(["b", "a"])
('a', 'b')
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from castalia.core.errors import NotFound, WrongInput, did_you_mean

BASES = ("seed", "estimate", "measured")


@dataclass(frozen=True)
class Hours:
    """How long something takes, with where the figure is from."""

    p50: float
    """Hours in which half of all learners are through."""
    p90: float
    """Hours in which nine of ten are."""
    basis: str
    """``seed`` (the roadmaps' figure, or the one put in where they have none), ``estimate`` or ``measured``."""
    date: str
    """When it was written down, YYYY-MM-DD."""

    def fault(self) -> str:
        """What is wrong with it, in words, or an empty string."""
        if not 0 < self.p50 <= self.p90 < 10_000:
            return f"hours p50 {self.p50:g} and p90 {self.p90:g} are not in order"
        return "" if self.basis in BASES else f"the basis {self.basis!r} is none of {', '.join(BASES)}"


@dataclass(frozen=True)
class Topic:
    """One thing to learn. Its id never changes and is never given out again."""

    id: str
    title: str
    skill: str
    requires: tuple[str, ...] = ()
    """Topics to know before it."""
    encompasses: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Topics that are used on the way, with the share (0 to 1) of them that is."""
    hours: Hours = Hours(10.0, 15.0, "estimate", "2026-11-21")
    sources: tuple[str, ...] = ()
    """The roadmaps that name it."""
    renamed_from: tuple[str, ...] = ()
    """Ids it had before: evidence under them still counts."""


class Graph:
    """Topics by id. Raises WrongInput on a cycle, an unknown id, or an id that is there twice."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        given = list(topics)
        known = {topic.id: topic for topic in given}
        self._former: dict[str, str] = {}
        for topic in given:
            if known[topic.id] is not topic:
                raise WrongInput(f"topic {topic.id}: the id is there twice", topic.id, "each id once", "Rename one.")
            for old in topic.renamed_from:
                if old in known or self._former.setdefault(old, topic.id) != topic.id:
                    got = f"renamed_from {old}, which is {self._former.get(old, old)} too"
                    raise WrongInput(f"topic {topic.id}: a former id collides", got, "an id of its own", "Remove one.")
            for other in (*topic.requires, *topic.encompasses):
                if other not in known:
                    cure = f"Add the topic or correct the id.{did_you_mean(other, known)}"
                    raise WrongInput(f"topic {topic.id}: an unknown topic", other, "the id of a topic", cure)
            if fault := topic.hours.fault():
                raise WrongInput(f"topic {topic.id}: {fault}", "", "0 < p50 <= p90", "Correct the hours.")
        for kind in ("requires", "encompasses"):
            if circle := cycle({topic.id: tuple(getattr(topic, kind)) for topic in given}):
                got, cure = " -> ".join((*circle, circle[0])), f"Remove one {kind} of these."
                raise WrongInput(f"topic {circle[0]}: a cycle of {kind}", got, "no way back to itself", cure)
        place = {topic.id: number for number, topic in enumerate(given)}
        self._after: dict[str, list[str]] = {id: [] for id in known}
        for topic in given:
            for other in topic.requires:
                self._after[other].append(topic.id)
        left = {topic.id: len(set(topic.requires)) for topic in given}
        free = [place[id] for id, number in left.items() if not number]
        heapq.heapify(free)
        ordered: dict[str, Topic] = {}
        while free:
            topic = given[heapq.heappop(free)]
            ordered[topic.id] = topic
            for other in dict.fromkeys(self._after[topic.id]):
                left[other] -= 1
                if not left[other]:
                    heapq.heappush(free, place[other])
        assert len(ordered) == len(given)
        self.topics: Mapping[str, Topic] = MappingProxyType(ordered)
        """Every topic by id, each after all it requires; among those that are free, the one given first."""
        self._place = {id: number for number, id in enumerate(ordered)}

    def current(self, id: str) -> str:
        """The id that a topic has today; NotFound, with a near miss, where there never was one."""
        if id in self.topics:
            return id
        if id in self._former:
            return self._former[id]
        cure = did_you_mean(id, self.topics).strip() or "castalia roadmap plan --goal everything --hours 8 lists them."
        raise NotFound(f"no topic {id!r}", repr(id), "the id of a topic, such as dl03", cure)

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        """All that ``ids`` require, directly or not, without ``ids`` themselves."""
        start = {self.current(id) for id in ids}
        return self._reached(start, {id: topic.requires for id, topic in self.topics.items()}) - start

    def descendants(self, id: str) -> frozenset[str]:
        """All topics that wait for this one, directly or not."""
        start = self.current(id)
        return self._reached({start}, self._after) - {start}

    def closure(self, ids: Iterable[str]) -> frozenset[str]:
        """``ids`` and all they require: what a goal needs, and no topic more."""
        start = {self.current(id) for id in ids}
        return self.ancestors(start) | start

    def order(self, ids: Iterable[str]) -> tuple[str, ...]:
        """``ids``, each once, in an order in which they can be learned."""
        return tuple(sorted({self.current(id) for id in ids}, key=self._place.__getitem__))

    @staticmethod
    def _reached(start: set[str], edges: Mapping[str, Iterable[str]]) -> frozenset[str]:
        found, waiting = set(start), list(start)
        while waiting:
            for other in edges[waiting.pop()]:
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return frozenset(found)


def cycle(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """One way round in the graph, as ids in the order of its edges; empty where there is none.

    >>> cycle({"a": ["b"], "b": ["c"], "c": ["b"]})
    ('b', 'c')
    """
    done: set[str] = set()
    for root in edges:
        path: dict[str, None] = {}
        steps = [(root, iter(edges[root]))] if root not in done else []
        while steps:
            here, others = steps[-1]
            path[here] = None
            for other in others:
                if other in path:
                    names = list(path)
                    return tuple(names[names.index(other) :])
                if other in edges and other not in done:
                    steps.append((other, iter(edges[other])))
                    break
            else:
                steps.pop()
                done.add(here)
                path.pop(here)
    return ()
