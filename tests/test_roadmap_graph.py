"""roadmap.graph: against graphlib and matrix powers, on random graphs; what is no graph is refused by name."""

from __future__ import annotations

import graphlib
import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from castalia.core.errors import NotFound, WrongInput
from castalia.roadmap.graph import Graph, Hours, Topic, cycle

HOURS = Hours(10.0, 15.0, "seed", "2026-11-21")


def topic(id: str, *requires: str, **more: object) -> Topic:
    return Topic(id, f"title of {id}", "xx", requires=requires, hours=HOURS, **more)  # type: ignore[arg-type]


@st.composite
def dags(draw: st.DrawFn) -> list[Topic]:
    """Topics that require earlier ones, given in any order."""
    n = draw(st.integers(1, 14))
    rows = [
        topic(f"t{i:02}", *(f"t{j:02}" for j in sorted(draw(st.sets(st.integers(0, i - 1), max_size=4)))) if i else ())
        for i in range(n)
    ]
    return list(draw(st.permutations(rows)))


def reach(topics: list[Topic]) -> dict[str, set[str]]:
    """What each topic requires, directly or not, by squaring the adjacency matrix."""
    ids = [each.id for each in topics]
    direct = np.array([[other in each.requires for other in ids] for each in topics], dtype=bool)
    whole = direct
    for _ in ids:
        whole = whole | (whole.astype(int) @ direct.astype(int) > 0)
    return {id: {ids[j] for j in np.flatnonzero(whole[i])} for i, id in enumerate(ids)}


@given(dags(), st.data())
def test_closures_and_orders_are_those_of_the_oracle(topics: list[Topic], data: st.DataObject) -> None:
    graph, wanted = Graph(topics), reach(topics)
    ids = list(graph.topics)
    place = {id: number for number, id in enumerate(ids)}
    assert sorted(ids) == sorted(each.id for each in topics)
    assert all(place[other] < place[each.id] for each in topics for other in each.requires)
    graphlib.TopologicalSorter(
        {each.id: each.requires for each in topics}
    ).prepare()  # it agrees that there is no cycle
    for id in ids:
        assert graph.ancestors([id]) == wanted[id]
        assert graph.descendants(id) == {other for other in ids if id in wanted[other]}
    chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1))
    every = set(chosen).union(*(wanted[id] for id in chosen))
    assert graph.closure(chosen) == every
    assert graph.ancestors(chosen) == every - set(chosen)
    assert graph.order(chosen) == tuple(sorted(set(chosen), key=place.__getitem__))


@given(dags())
def test_the_order_depends_on_nothing_but_what_was_given(topics: list[Topic]) -> None:
    assert list(Graph(topics).topics) == list(Graph(list(topics)).topics)
    free = [each.id for each in topics if not each.requires]
    assert [id for id in Graph(topics).topics if id in free] == free, "what is free keeps the order it was given in"


@given(dags(), st.randoms(use_true_random=False), st.sampled_from(["requires", "encompasses"]))
def test_a_planted_cycle_is_found(topics: list[Topic], chance: random.Random, kind: str) -> None:
    wanted = reach(topics)
    late = chance.choice(topics)
    early = chance.choice(sorted(wanted[late.id] | {late.id}))
    made = []
    for each in topics:
        edges = {*each.requires, *([late.id] if each.id == early else [])}
        values = (
            {"requires": tuple(sorted(edges))} if kind == "requires" else {"encompasses": dict.fromkeys(edges, 0.5)}
        )
        made.append(Topic(each.id, each.title, each.skill, hours=HOURS, **values))  # type: ignore[arg-type]
    with pytest.raises(WrongInput, match=f"a cycle of {kind}") as caught:
        Graph(made)
    ways = {each.id: tuple(getattr(each, kind)) for each in made}
    round_trip = caught.value.got.split(" -> ")
    assert round_trip[0] == round_trip[-1] and len(round_trip) >= 2
    assert all(there in ways[here] for here, there in itertools.pairwise(round_trip)), "a real way round"
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(ways).prepare()
    assert not cycle({each.id: each.requires for each in topics})


@pytest.mark.parametrize(
    ("topics", "said"),
    [
        ([topic("a"), topic("a")], "topic a: the id is there twice"),
        ([topic("a", "b")], "topic a: an unknown topic"),
        ([topic("a"), topic("b", encompasses={"c": 0.5})], "topic b: an unknown topic"),
        ([topic("a", "a")], "topic a: a cycle of requires"),
        ([topic("a"), topic("b", renamed_from=("a",))], "topic b: a former id collides"),
        ([topic("a", renamed_from=("x",)), topic("b", renamed_from=("x",))], "topic b: a former id collides"),
        ([Topic("a", "a", "xx", hours=Hours(3.0, 2.0, "seed", "2026"))], "topic a: hours p50 3 and p90 2"),
        ([Topic("a", "a", "xx", hours=Hours(float("nan"), 2.0, "seed", "2026"))], "topic a: hours"),
        ([Topic("a", "a", "xx", hours=Hours(1.0, 2.0, "felt", "2026"))], "topic a: the basis 'felt'"),
    ],
)
def test_what_is_no_graph_is_refused_by_name(topics: list[Topic], said: str) -> None:
    with pytest.raises(WrongInput) as caught:
        Graph(topics)
    assert caught.value.subject.startswith(said) and caught.value.cure


def test_a_former_id_leads_to_the_topic_of_today() -> None:
    graph = Graph([topic("a"), topic("b", "a", renamed_from=("old", "older"))])
    assert graph.current("old") == graph.current("older") == graph.current("b") == "b"
    assert graph.closure(["old"]) == {"a", "b"} and graph.order(["older", "a"]) == ("a", "b")
    assert graph.descendants("a") == {"b"} and graph.ancestors(["old"]) == {"a"}
    with pytest.raises(NotFound, match="no topic 'bb'"):
        graph.current("bb")


def test_a_topic_that_is_required_twice_is_required_once() -> None:
    graph = Graph([topic("c", "b", "a", "b"), topic("b", "a", "a"), topic("a")])
    assert list(graph.topics) == ["a", "b", "c"] and graph.closure(["c"]) == {"a", "b", "c"}


def test_a_long_chain_needs_no_deep_stack() -> None:
    chain = [topic("t0"), *(topic(f"t{i}", f"t{i - 1}") for i in range(1, 5000))]
    assert len(Graph(chain).closure(["t4999"])) == 5000
    ring = {f"t{i}": (f"t{(i + 1) % 5000}",) for i in range(5000)}
    assert len(cycle(ring)) == 5000
