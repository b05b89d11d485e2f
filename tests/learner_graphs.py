"""Graphs, logs and learners for the tests of the roadmap's engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from castalia.core.evidence import Event
from castalia.roadmap.graph import Graph, Hours, Topic

DAY = 86_400_000
START = date(2026, 11, 23)


def topic(
    id: str,
    requires: Sequence[str] = (),
    *,
    hours: float = 10.0,
    skill: str = "",
    encompasses: Mapping[str, float] | None = None,
    former: Sequence[str] = (),
) -> Topic:
    """A topic whose skill is the first letter of its id."""
    given = Hours(hours, hours * 1.5, "seed", "2026-11-21")
    return Topic(id, f"the topic {id}", skill or id[0], tuple(requires), encompasses or {}, given, (), tuple(former))


@st.composite
def graphs(draw: st.DrawFn, most: int = 12) -> Graph:
    """A graph of up to ``most`` topics in up to four skills; requirements and weights at random."""
    count = draw(st.integers(1, most))
    made: list[Topic] = []
    for number in range(count):
        earlier = [each.id for each in made]
        requires = draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True)) if earlier else []
        within = draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else []
        weights = {id: draw(st.sampled_from((0.2, 0.5, 0.7))) for id in within}
        hours = draw(st.sampled_from((0.5, 3.0, 10.0, 14.7, 30.0, 70.0)))
        skill = draw(st.sampled_from("abcd"))
        made.append(topic(f"{skill}{number:02}", requires, hours=hours, skill=skill, encompasses=weights))
    return Graph(made)


@st.composite
def known(draw: st.DrawFn, graph: Graph) -> dict[str, float]:
    """A mastery for some topics of a graph."""
    values = st.sampled_from((0.0, 0.15, 0.5, 0.79, 0.8, 0.99, 1.0))
    return {id: draw(values) for id in graph.topics if draw(st.booleans())}


@st.composite
def goals(draw: st.DrawFn, graph: Graph) -> tuple[str, ...]:
    """One to three topics of a graph."""
    return tuple(draw(st.lists(st.sampled_from(list(graph.topics)), min_size=1, max_size=3, unique=True)))


def at(day: float) -> int:
    """Milliseconds of a day after ``START``, at nine in the morning."""
    begin = datetime(START.year, START.month, START.day, 9, tzinfo=UTC)
    return int(begin.timestamp() * 1000 + day * DAY)


def event(kind: str, day: float, outcome: str = "", milestone: str = "", **values: Any) -> Event:
    """An event of the project ``toy``, ``day`` days after ``START``."""
    return Event(kind, values.pop("project", "toy"), milestone, outcome=outcome, time=at(day), **values)
