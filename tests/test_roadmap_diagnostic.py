"""The diagnostic: which topic is asked next, what an answer settles, when it stops."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from learner_graphs import goals, graphs, topic

from castalia.core.errors import WrongInput
from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import ENOUGH, START, beliefs
from castalia.roadmap.testout import FAILED, QUESTIONS, TESTED, Answer, Diagnostic

CHAIN = Graph([topic(f"a{number:02}", (f"a{number - 1:02}",) if number else ()) for number in range(40)])


def test_the_question_settles_most_by_the_formula() -> None:
    diagnostic = Diagnostic(CHAIN, ["a39"], dict.fromkeys(CHAIN.topics, 0.5))
    asked = diagnostic.next()
    assert asked is not None and asked.number == 1
    gains = {id: 0.5 * 0.5 * (0.5 * place + 0.5 * (39 - place)) for place, id in enumerate(CHAIN.topics)}
    assert asked.gain == pytest.approx(max(gains.values())) and asked.topic == max(gains, key=lambda id: gains[id])
    unsure = Diagnostic(CHAIN, ["a39"])
    assert unsure.next().topic == "a00", "whoever seems to know nothing is asked for the beginning"  # type: ignore[union-attr]
    assert unsure.gain("a10") == pytest.approx(0.15 * 0.85 * (0.15 * 10 + 0.85 * 29))


def test_a_pass_settles_what_is_below_and_a_fail_what_is_above() -> None:
    diagnostic = Diagnostic(CHAIN, ["a39"])
    diagnostic.answer("a20", True)
    diagnostic.answer("a30", False)
    assert {diagnostic.p[f"a{n:02}"] for n in range(21)} == {TESTED} and TESTED > ENOUGH
    assert {diagnostic.p[f"a{n:02}"] for n in range(30, 40)} == {FAILED}
    assert diagnostic.open == {f"a{n:02}" for n in range(21, 30)}
    assert set(diagnostic.result()) == set(CHAIN.topics) - diagnostic.open
    held = beliefs([], CHAIN, diagnostic.result())
    assert held["a05"].p == TESTED and held["a25"].p == START


def test_it_begins_again_where_it_was() -> None:
    answers = [Answer("a20", True), Answer("a30", False)]
    one, other = Diagnostic(CHAIN, ["a39"], answers=answers), Diagnostic(CHAIN, ["a39"])
    for each in answers:
        other.answer(each.topic, each.passed)
    assert one.next() == other.next() and one.p == other.p and one.next().number == 3  # type: ignore[union-attr]


def test_topics_without_a_question_are_passed_over_and_strangers_refused() -> None:
    diagnostic = Diagnostic(CHAIN, ["a39"])
    assert diagnostic.next(skip=["a00"]).topic == "a01"  # type: ignore[union-attr]
    assert diagnostic.next(skip=CHAIN.topics) is None
    with pytest.raises(WrongInput):
        Diagnostic(CHAIN, ["a03"]).answer("a09", True)


@given(st.data(), graphs(most=30), st.floats(0.05, 0.95), st.integers(0, 1000))
def test_it_ends_and_never_asks_what_is_settled(data: st.DataObject, graph: Graph, p: float, seed: int) -> None:
    goal = data.draw(goals(graph))
    diagnostic, chance = Diagnostic(graph, goal, dict.fromkeys(graph.topics, p)), random.Random(seed)
    asked: list[str] = []
    while (question := diagnostic.next()) is not None:
        assert question.topic in diagnostic.open and question.topic in graph.closure(goal) and question.gain > 1
        assert all(diagnostic.gain(id) <= question.gain + 1e-12 for id in diagnostic.open)
        before = len(diagnostic.open)
        diagnostic.answer(question.topic, chance.random() < 0.5)
        assert len(diagnostic.open) < before
        asked.append(question.topic)
    assert len(asked) == len(set(asked)) <= QUESTIONS
    left = diagnostic.open
    assert len(asked) == QUESTIONS or all(diagnostic.gain(id) <= 1 for id in left)


def test_a_chain_of_forty_is_searched_by_halves() -> None:
    """Whoever knows the first k of forty topics, and says that they know about half, is found out in a few questions."""
    counts = []
    for known in range(41):
        diagnostic = Diagnostic(CHAIN, ["a39"], dict.fromkeys(CHAIN.topics, 0.4))
        while (question := diagnostic.next()) is not None:
            diagnostic.answer(question.topic, int(question.topic[1:]) < known)
        counts.append(len(diagnostic.answers))
        right = [id for id in CHAIN.topics if (diagnostic.p[id] >= TESTED) == (int(id[1:]) < known)]
        assert len(right) >= 30
    assert max(counts) <= QUESTIONS and sum(counts) / len(counts) < 9
