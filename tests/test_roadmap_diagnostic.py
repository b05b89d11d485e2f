"""The diagnostic: which topic is asked next, what an answer settles, when it stops."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_graphs import goals, graphs, topic

from castalia.core.errors import WrongInput
from castalia.roadmap.content import content
from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import ENOUGH, START, beliefs
from castalia.roadmap.testout import FAILED, QUESTIONS, TESTED, Answer, Diagnostic, guess

CHAIN = Graph([topic(f"a{number:02}", (f"a{number - 1:02}",) if number else ()) for number in range(40)])


def test_the_question_settles_most_by_the_formula() -> None:
    diagnostic = Diagnostic(CHAIN, ["a39"], dict.fromkeys(CHAIN.topics, 0.5))
    asked = diagnostic.next()
    assert asked is not None and asked.number == 1
    gains = {id: 0.5 * 0.5 * (0.5 * place + 0.5 * (39 - place)) for place, id in enumerate(CHAIN.topics)}
    assert asked.gain == pytest.approx(max(gains.values())) and asked.topic == max(gains, key=lambda id: gains[id])
    unsure = Diagnostic(CHAIN, ["a39"])
    beginning = unsure.next()
    assert beginning is not None and beginning.topic == "a00", (
        "whoever seems to know nothing is asked for the beginning"
    )
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
    answers = [Answer("a10", True), Answer("a38", False)]
    one, other = Diagnostic(CHAIN, ["a39"], answers=answers), Diagnostic(CHAIN, ["a39"])
    for each in answers:
        other.answer(each.topic, each.passed)
    again = one.next()
    assert again == other.next() and again is not None and again.number == 3 and one.p == other.p


def test_topics_without_a_question_are_passed_over_and_strangers_refused() -> None:
    diagnostic = Diagnostic(CHAIN, ["a39"])
    assert diagnostic.next(skip=["a00"]).topic == "a01"  # type: ignore[union-attr]
    assert diagnostic.next(skip=CHAIN.topics) is None
    with pytest.raises(WrongInput):
        Diagnostic(CHAIN, ["a03"]).answer("a09", True)


@settings(max_examples=30)
@given(st.data(), graphs(most=16), st.floats(0.05, 0.95), st.integers(0, 1000))
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
    """Whoever knows the first k of forty topics is found out in a few questions, up to what no question is worth."""
    counts = []
    for known in range(41):
        diagnostic = Diagnostic(CHAIN, ["a39"], guess(CHAIN, ["a39"], 0.5))
        while (question := diagnostic.next()) is not None:
            diagnostic.answer(question.topic, int(question.topic[1:]) < known)
        counts.append(len(diagnostic.answers))
        settled = [id for id in CHAIN.topics if id not in diagnostic.open]
        assert all((diagnostic.p[id] >= TESTED) == (int(id[1:]) < known) for id in settled), "never wrong on a chain"
        assert len(settled) >= 28
    assert max(counts) <= 10 and sum(counts) / len(counts) < 9


def test_it_stops_after_fifteen_questions() -> None:
    diagnostic = Diagnostic(CHAIN, ["a39"], dict.fromkeys(CHAIN.topics, 0.4))
    while (question := diagnostic.next()) is not None:
        diagnostic.answer(question.topic, True)  # one settled each time, since one p for all asks from the beginning
    assert len(diagnostic.answers) == QUESTIONS == 15 and max(map(diagnostic.gain, diagnostic.open)) > 1


def test_the_guess_falls_with_what_a_topic_stands_on() -> None:
    for level in (0.0, 0.3, 1.0):
        p = list(guess(CHAIN, ["a39"], level).values())
        assert p == sorted(p, reverse=True) and min(p) > FAILED and max(p) < TESTED
    low, high = guess(CHAIN, ["a39"], 0.2), guess(CHAIN, ["a39"], 0.8)
    assert all(low[id] <= high[id] for id in low)
    wide = Graph([topic(f"b{number}") for number in range(5)])
    assert set(guess(wide, wide.topics, 0.5).values()) == {0.5}


def test_a_developer_of_twelve_years_is_found_out() -> None:
    """The fourth roadmap's author: computing, databases, tools and Python are known, mathematics is not."""
    shipped = content()
    goal = shipped.goal("research_scientist").topics
    known = {id for id in shipped.graph.topics if id[:2] in ("cs", "sq", "to", "py", "da")}
    diagnostic = Diagnostic(shipped.graph, goal, guess(shipped.graph, goal, 0.3))
    while (question := diagnostic.next()) is not None:
        diagnostic.answer(question.topic, question.topic in known)
    wrong = {id for id in diagnostic.topics if (diagnostic.p[id] >= TESTED) and id not in known}
    assert not wrong and len(diagnostic.answers) <= QUESTIONS
    assert len(diagnostic.open) <= len(diagnostic.topics) / 2
