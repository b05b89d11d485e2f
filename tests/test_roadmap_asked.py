"""The diagnostic with real questions: which is next, what an answer grants, what is kept and when it is asked again."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from castalia.core.errors import WrongInput
from castalia.core.evidence import Event, Evidence
from castalia.roadmap import asked
from castalia.roadmap.asked import Answered, next_question
from castalia.roadmap.bank import shelf
from castalia.roadmap.bank.question import LETTERS, Question
from castalia.roadmap.content import content
from castalia.roadmap.history import Replay, day_of, derive
from castalia.roadmap.mastery import ENOUGH, START, TESTED, Tracker
from castalia.roadmap.observation import DAY, Contracts, observe
from castalia.roadmap.review import Days
from castalia.roadmap.state import State
from castalia.roadmap.testout import QUESTIONS

ROADMAP = content()
GRAPH = ROADMAP.graph
NOON = 1_795_000_000_000


def right(question: Question) -> str:
    return LETTERS[question.right] if question.options else repr(question.answer)


def interview(goal: str, known: list[str], knows: frozenset[str], seed: int) -> list[Answered]:
    """Somebody who knows some topics is asked to the end."""
    answers: list[Answered] = []
    while (question := next_question(ROADMAP, goal, known, answers, seed)) is not None:
        answers.append(Answered(question.id, question.seed, right(question) if question.topic in knows else ""))
    return answers


def at(event: Event, day: int) -> Event:
    return replace(event, time=NOON + day * DAY)


@pytest.mark.parametrize("seed", range(2))
def test_it_finds_out_what_somebody_knows(seed: int) -> None:
    closure = GRAPH.closure(ROADMAP.goal("everything").topics)
    knows = GRAPH.closure(random.Random(seed).sample(sorted(closure), 8))
    answers = interview("everything", [], knows, seed)
    assert 3 <= len(answers) <= QUESTIONS and len({each.topic for each in answers}) == len(answers)
    found = set(asked.settled(ROADMAP, "everything", [], answers))
    passed = {each.topic for each in answers if each.text}
    assert found == GRAPH.closure(passed) <= knows
    assert answers == interview("everything", [], knows, seed)  # nothing but the arguments
    other = interview("everything", [], knows, seed + 100)
    assert other[0].topic == answers[0].topic and other[0].seed != answers[0].seed


def test_questions_halve_what_is_open_instead_of_climbing_through_it() -> None:
    order = GRAPH.order(GRAPH.closure(ROADMAP.goal("gpt").topics))
    found = {}
    for level in (0, 30, 60, 90, 100):
        knows = frozenset(order[: level * len(order) // 100])
        answers = interview("gpt", [], knows, 1)
        found[level] = (len(answers), len(asked.settled(ROADMAP, "gpt", [], answers)), len(knows))
    assert {level: row[1:] for level, row in found.items()} | {100: ()} == {
        0: (0, 0), 30: (6, 9), 60: (15, 18), 90: (26, 27), 100: (),
    }, found  # fmt: skip
    assert found[0][0] == 4 and {found[level][0] for level in (30, 60, 90)} == {5, 6, 7}, found  # as the docs say
    assert found[100][1] >= 3 * found[100][0], found


def test_what_is_known_is_not_asked_and_what_was_skipped_says_nothing() -> None:
    first = next_question(ROADMAP, "gpt", ["cs"], [], 5)
    assert first is not None and not first.id.startswith("cs")
    skipped = [Answered(first.id, 5, skipped=True)]
    second = next_question(ROADMAP, "gpt", ["cs"], skipped, 5)
    assert second is not None and second.topic != first.topic
    assert asked.events(skipped) == [] and asked.settled(ROADMAP, "gpt", ["cs"], skipped) == ()
    assert next_question(ROADMAP, tuple(ROADMAP.goal("gpt").topics), ["cs"], skipped, 5) == second
    assert next_question(ROADMAP, "gpt", list(GRAPH.topics), [], 5) is None


def test_answers_that_cannot_be_are_refused_in_words() -> None:
    number, letter = shelf.make("ma02/chain_rule", 1), shelf.make("ma02/shape_of_gradient", 1)
    for wrong in (
        [Answered(number.id, 1, "a")], [Answered(letter.id, 1, "7")], [Answered("ma02/gone", 1, "7")],
        [Answered("", 1, "7")], [Answered(number.id, -1, "7")], [Answered(number.id, asked.SEEDS, "7")],
        [Answered("rs08/gone", 1, "")], [Answered(number.id, 1, "7"), Answered(letter.id, 1, "a")],
        [Answered("sq01/null_is_no_value", 1, "7")],
    ):  # fmt: skip
        with pytest.raises(WrongInput) as found:
            next_question(ROADMAP, "ma02", [], wrong, 5)
        assert found.value.got and found.value.expected and found.value.cure


def test_a_pass_is_derived_from_the_log_and_never_called_known(tmp_path: Path) -> None:
    question = shelf.make("ma08/bits_of_a_choice", 4)
    failed = shelf.make("cs05/from_both_ends", 4)
    state = State.read(tmp_path, date.today())
    answers = [
        Answered(question.id, 4, right(question)), Answered(failed.id, 4, ""),
        Answered("sq01/null_is_no_value", 4, skipped=True),
    ]  # fmt: skip
    assert next_question(state, "everything", [], answers, 4) == next_question(ROADMAP, "everything", [], answers, 4)
    assert asked.keep(state, answers) == ()
    kept = Evidence(tmp_path).events()
    assert [(each.kind, each.outcome, each.seed) for each in kept] == [("question", "pass", 4), ("question", "fail", 4)]
    assert kept[0].more == {"topic": "ma08", "form": "number", "question": question.id, "diagnostic": True}
    before = GRAPH.ancestors(["ma08"])
    again = State.read(tmp_path, date.today())
    assert before and all(again.mastery[id] >= TESTED > ENOUGH for id in {"ma08", *before})
    assert again.profile.known == () and again.standings["ma08"].contracts == 0
    assert again.standings["ma08"].state == "learning"  # only a contract makes it checked
    assert again.mastery["cs05"] == 0 and again.mastery["sq01"] == 0
    assert not again.history.failures and not again.history.weeks
    later = State.read(tmp_path, date.today() + timedelta(days=100))
    assert later.mastery == again.mastery  # what was known before is not forgotten since the question


def test_a_question_outside_of_the_diagnostic_tests_nothing_out() -> None:
    question = shelf.make("ma08/bits_of_a_choice", 4)
    seen = observe([at(asked.event(question, passed=True), 0)], Contracts(), GRAPH)
    tracker = Tracker(GRAPH)
    for each in seen:
        tracker.see(each)
    assert START < tracker.belief("ma08").p < TESTED
    assert all(tracker.belief(id).p < TESTED for id in GRAPH.ancestors(["ma08"]))
    for each in observe([at(asked.event(question, passed=True, diagnostic=True), 1)], Contracts(), GRAPH):
        tracker.see(each)  # within a week, which the diagnostic does not wait for
    assert all(tracker.belief(id).p == TESTED for id in GRAPH.closure(["ma08"]))


def test_what_a_question_showed_is_asked_for_later_each_time_until_it_fails() -> None:
    days, question = Days(GRAPH), shelf.make("ma05/at_least_one_six", 1)
    gaps, day = [], 0
    for _ in range(4):
        days.run(observe([at(asked.event(question, passed=True), day)], Contracts(), GRAPH))
        gap = (days.again["ma05"].due - days.again["ma05"].last).days
        gaps.append(gap)
        day += gap
    assert 7 <= gaps[0] < gaps[1] < gaps[2] and gaps[-1] > 60 and not days.memories
    days.run(observe([at(asked.event(question, passed=False), day)], Contracts(), GRAPH))
    assert days.again == {}


def test_a_topic_that_a_contract_showed_is_reviewed_by_a_question_as_well() -> None:
    contracts = Contracts({"toy": {"M1": {"ma05": 1.0}}}, {}, {"toy": 1.0})
    check = Event("check", "toy", "M1", outcome="pass", code_hash="a")
    question = shelf.make("ma05/at_least_one_six", 1)
    for passed in (True, False):
        days = Days(GRAPH)
        days.run(observe([at(check, 0)], contracts, GRAPH))
        before = days.memories["ma05"]
        days.run(observe([at(asked.event(question, passed=passed), 20)], contracts, GRAPH))
        after = days.memories["ma05"]
        assert after.reviews == before.reviews + 1 and days.again == {}
        assert (after.stability > before.stability) == passed


def test_a_log_with_questions_is_taken_up_where_it_stood() -> None:
    """And a log without any, as written before there were questions, amounts to what it did."""
    chance = random.Random(3)
    ids = [shelf.make(shelf.of(topic)[0], 1) for topic in GRAPH.topics if shelf.of(topic)][:30]
    log = [
        at(asked.event(chance.choice(ids), passed=chance.random() < 0.7, diagnostic=chance.random() < 0.5), day)
        for day in range(0, 80, 2)
    ]
    log += [replace(Event("check", "softmax", "M1", outcome="pass", code_hash="a"), time=NOON + 11 * DAY)]
    whole = derive(log, ROADMAP, {})
    first, second = Replay(ROADMAP, {}), Replay(ROADMAP, {})
    middle = NOON + 41 * DAY
    border = max(each.time for each in log if each.time < middle)
    weeks = [each for each in log if each.time <= border]
    first.feed(weeks)
    rest = [each for each in log if day_of(each.time) >= first.until]
    early = Replay(ROADMAP, {})
    early.feed([each for each in log if day_of(each.time) < first.until])
    second.resume(json.loads(json.dumps(early.plain(), default=date.isoformat)))
    second.feed(rest)
    assert second.history() == whole and whole.asked
    assert not derive([each for each in log if each.kind != "question"], ROADMAP, {}).asked
