"""Reviews: py-fsrs by the day, ratings from what happened, credit, and the choice of a few prompts."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import fsrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_graphs import START, at, topic

from castalia.roadmap.graph import Graph
from castalia.roadmap.observation import Observation
from castalia.roadmap.review import (
    AGAIN,
    EASY,
    GOOD,
    HARD,
    LONGEST,
    Days,
    Memory,
    Prompt,
    Scheduler,
    choose,
    credited,
    load,
    memories,
    rating,
    recall,
    reviewed,
    spread,
)

GRAPH = Graph(
    [
        topic("a1"),
        topic("a2", ("a1",)),
        topic("b1", ("a2",), encompasses={"a1": 0.5, "a2": 0.7}),
        topic("b2", ("b1",)),
    ]
)


def seen(day: float, passed: bool = True, check: str = "toy/M1", **values: object) -> Observation:
    topics = values.pop("topics", {"a1": 1.0})
    return Observation("first", passed, topics, check, at(day), **values)  # type: ignore[arg-type]


def day(number: int) -> date:
    return START + timedelta(days=number)


# --- FSRS --------------------------------------------------------------------------------------

NINETY = Scheduler(0.9, 36_500)


@pytest.mark.parametrize(
    ("ratings", "days"),
    [
        ((GOOD,) * 5, [2, 11, 46, 163, 497]),
        ((HARD,) * 6, [1, 3, 7, 12, 18, 25]),
        ((GOOD, GOOD, AGAIN, GOOD, GOOD), [2, 11, 2, 5, 12]),
    ],
)
def test_the_measured_default_intervals(ratings: tuple[int, ...], days: list[int]) -> None:
    memory, found, now = None, [], START
    for each in ratings:
        memory = reviewed(memory, each, now, by=NINETY)
        found.append((memory.due - now).days)
        now = memory.due
    assert found == days


LOGS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from((AGAIN, HARD, GOOD, EASY))), min_size=1, max_size=12)


@settings(max_examples=40)
@given(LOGS)
def test_a_log_gives_what_py_fsrs_gives(log: list[tuple[int, int]]) -> None:
    plain = fsrs.Scheduler(
        desired_retention=0.85, maximum_interval=180, learning_steps=(), relearning_steps=(), enable_fuzzing=False
    )
    card, memory, now = fsrs.Card(card_id=7), None, START
    for gap, each in log:
        now += timedelta(days=gap)
        moment = datetime(now.year, now.month, now.day, tzinfo=UTC)
        before = plain.get_card_retrievability(card, moment)
        assert memory is None or abs(recall(memory, now) - before) <= 1e-9
        card, _ = plain.review_card(card, fsrs.Rating(each), moment)
        memory = reviewed(memory, each, now)
        assert card.stability is not None and card.difficulty is not None
        assert abs(memory.stability - card.stability) <= 1e-9 * max(1.0, card.stability)
        assert abs(memory.difficulty - card.difficulty) <= 1e-9
        assert memory.due == card.due.date() and memory.last == now


W = Scheduler().weights


def by_formula(stability: float, difficulty: float, days: int, grade: int) -> tuple[float, float]:
    """FSRS-6 from its formulas, for a review on a later day."""
    factor = 0.9 ** (-1 / W[20]) - 1
    r = (1 + factor * days / stability) ** -W[20]
    if grade == AGAIN:
        new = W[11] * difficulty ** -W[12] * ((stability + 1) ** W[13] - 1) * math.exp(W[14] * (1 - r))
        new = min(new, stability / math.exp(W[17] * W[18]))
    else:
        growth = math.exp(W[8]) * (11 - difficulty) * stability ** -W[9] * (math.exp(W[10] * (1 - r)) - 1)
        new = stability * (1 + growth * (W[15] if grade == HARD else 1) * (W[16] if grade == EASY else 1))
    start = W[4] - math.exp(W[5] * 3) + 1
    harder = W[7] * start + (1 - W[7]) * (difficulty - W[6] * (grade - 3) * (10 - difficulty) / 9)
    return new, min(10.0, max(1.0, harder))


@settings(max_examples=40)
@given(LOGS)
def test_a_log_gives_what_the_formulas_give(log: list[tuple[int, int]]) -> None:
    memory, now = None, START
    for gap, each in log:
        now += timedelta(days=gap + 1)
        if memory is None:
            memory = reviewed(None, each, now)
            first = W[4] - math.exp(W[5] * (each - 1)) + 1
            assert memory.stability == W[each - 1] and memory.difficulty == pytest.approx(min(10, max(1, first)))
            continue
        stability, difficulty = by_formula(memory.stability, memory.difficulty, (now - memory.last).days, each)
        memory = reviewed(memory, each, now)
        assert memory.stability == pytest.approx(max(0.001, stability), rel=1e-9)
        assert memory.difficulty == pytest.approx(difficulty, rel=1e-9)


def test_forgetting_and_the_interval() -> None:
    def r(days: int) -> float:
        return recall(Memory(10.0, 5.0, START, START), day(days))

    assert [round(r(days), 3) for days in (10, 20, 40, 100)] == [0.9, 0.846, 0.782, 0.693]
    assert recall(Memory(10.0, 5.0, START, START), START - timedelta(days=5)) == 1.0
    multiples = {0.70: 9.3, 0.80: 3.3, 0.85: 1.9, 0.90: 1.0, 0.95: 0.40, 0.97: 0.22}
    for retention, times in multiples.items():
        factor = 0.9 ** (-1 / W[20]) - 1
        assert (retention ** (-1 / W[20]) - 1) / factor == pytest.approx(times, rel=0.04)
    assert [Scheduler().interval(stability) for stability in (10.0, 0.001, 10_000)] == [19, 1, LONGEST]
    assert fsrs.Scheduler().parameters == W


@settings(max_examples=40)
@given(st.integers(1, LONGEST), st.integers(0, 10_000))
def test_the_spread_is_small_and_seeded(days: int, seed: int) -> None:
    found = spread(days, str(seed))
    assert found == spread(days, str(seed))
    assert found == days if days < 3 else abs(found - days) <= 2 + 0.15 * days and 2 <= found <= LONGEST


def test_another_seed_spreads_otherwise() -> None:
    log = [seen(0), seen(10, check="toy/M2"), seen(40, check="toy/M3")]
    dues = {memories(log, GRAPH, seed)["a1"].due for seed in range(20)}
    assert len(dues) > 3 and memories(log, GRAPH, 3) == memories(log, GRAPH, 3)


# --- from the log ------------------------------------------------------------------------------


def test_ratings_come_from_what_happened() -> None:
    assert rating(passed=False) == AGAIN
    assert rating(passed=True, hints=1) == HARD and rating(passed=True, submits=3) == HARD
    assert rating(passed=True) == rating(passed=True, submits=2) == GOOD
    assert rating(passed=True, minutes=4, usual=10) == EASY
    assert rating(passed=True, minutes=5, usual=10) == GOOD, "half the usual time is not under half"
    assert rating(passed=True, minutes=0, usual=10) == GOOD, "a time that nobody took is not short"
    assert rating(passed=True, submits=2, minutes=1, usual=10) == GOOD
    few, days = [seen(each, check=f"x/{each}", minutes=10.0) for each in range(4)], Days(GRAPH)
    days.run(few)
    assert days.usual == 0.0
    days.run([seen(9, check="x/9", minutes=30.0)])
    assert days.usual == 10.0


def test_a_day_is_rated_by_what_was_before_it() -> None:
    past = [seen(each, check=f"x/{each}", minutes=30.0) for each in range(5)]
    quick = seen(9, check="x/9", minutes=10.0)
    slow = [seen(20 + each, check=f"y/{each}", minutes=1.0, topics={"b2": 1.0}) for each in range(9)]
    assert memories([*past, quick], GRAPH)["a1"] == memories([*past, quick, *slow], GRAPH)["a1"]


def test_what_was_submitted_on_a_day_is_one_review() -> None:
    stubborn = [
        seen(0),
        seen(20, False, again=True),
        seen(20.02, False, again=True),
        seen(20.04, submits=3, again=True),
    ]
    found = memories(stubborn, GRAPH)["a1"]
    hard = reviewed(reviewed(None, GOOD, day(0)), HARD, day(20))
    assert (found.stability, found.reviews) == (hard.stability, 2)


def test_failing_what_was_never_passed_is_not_forgetting() -> None:
    assert memories([seen(0, False)], GRAPH) == {}
    new = [seen(0), seen(20, False, "toy/M2")]
    assert memories(new, GRAPH)["a1"].reviews == 1
    lost = [seen(0), seen(20, False, again=True)]
    assert memories(lost, GRAPH)["a1"].stability == reviewed(reviewed(None, GOOD, day(0)), AGAIN, day(20)).stability


def test_a_failure_marks_what_stands_on_it_and_takes_nothing_away() -> None:
    log = [seen(0), seen(0, check="toy/M2", topics={"a2": 1.0})]
    before = memories(log, GRAPH)["a2"]
    after = memories([*log, seen(20, False, again=True)], GRAPH)["a2"]
    assert after.marked == day(20) and (after.stability, after.due) == (before.stability, before.due)
    passed = memories(
        [*log, seen(20, False, again=True), seen(25, check="toy/M2", topics={"a2": 1.0}, again=True)], GRAPH
    )
    assert passed["a2"].marked is None


@settings(max_examples=40)
@given(st.floats(0.05, 1.0), st.integers(0, 300))
def test_credit_is_a_share_of_a_good_review(weight: float, days: int) -> None:
    memory = reviewed(reviewed(None, GOOD, START), GOOD, day(4))
    now = memory.last + timedelta(days=days)
    full, some = reviewed(memory, GOOD, now), credited(memory, weight, now)
    assert memory.stability <= some.stability <= full.stability + 1e-9
    assert some.stability - memory.stability == pytest.approx(weight * max(0, full.stability - memory.stability))
    assert some.last == memory.last and some.due >= memory.due


def test_credit_comes_with_a_pass_of_what_encompasses() -> None:
    log = [seen(0), seen(30, check="toy/M3", topics={"b1": 1.0})]
    alone, both = memories(log[:1], GRAPH)["a1"], memories(log, GRAPH)["a1"]
    assert both.stability > alone.stability
    assert both.stability == pytest.approx(credited(alone, 0.5, day(30)).stability)
    soon = memories([log[0], seen(1, check="toy/M3", topics={"b1": 1.0})], GRAPH)["a1"]
    assert soon.stability - alone.stability < (both.stability - alone.stability) / 3, "early repeats earn little"
    assert "a2" not in memories(log, GRAPH), "credit begins no memory"


# --- the choice --------------------------------------------------------------------------------


def held(**late: int) -> dict[str, Memory]:
    """Memories that are so many days late; negative: not due."""
    return {id: Memory(10.0, 5.0, day(0), day(100) - timedelta(days=days)) for id, days in late.items()}


def prompt(id: str, *topics: str, form: str = "bug", minutes: float = 10.0) -> Prompt:
    return Prompt(id, form, dict.fromkeys(topics, 1.0), minutes)


def test_the_prompt_that_clears_most_comes_first() -> None:
    prompts = [prompt("one", "a1"), prompt("both", "a1", "b2"), prompt("other", "a2")]
    found = choose(held(a1=3, a2=1, b2=0), prompts, day(100), GRAPH)
    assert [each.id for each in found.prompts] == ["both", "other"]
    through = choose(held(a1=3, a2=1), [prompt("one", "a1"), prompt("whole", "b1", minutes=30)], day(100), GRAPH)
    assert [each.id for each in through.prompts] == ["whole"], "b1 encompasses both"
    assert choose(held(a1=-1), prompts, day(100), GRAPH).prompts == ()
    marked = {"a1": Memory(10.0, 5.0, day(0), day(200), marked=day(99))}
    assert [each.id for each in choose(marked, prompts[:1], day(100), GRAPH).prompts] == ["one"]


def test_never_more_than_three_and_no_count_of_the_rest() -> None:
    wide = Graph([topic(f"a{number}") for number in range(9)])
    prompts = [prompt(f"p{number}", f"a{number}") for number in range(9)]
    found = choose(held(**{f"a{number}": number for number in range(9)}), prompts, day(100), wide)
    assert [each.id for each in found.prompts] == ["p8", "p7", "p6"], "those that wait longest"
    assert set(vars(found)) == {"prompts", "rebuild"}


def test_after_a_long_absence_the_shortest_rebuild_stands_alone() -> None:
    prompts = [
        prompt("long", "a1", form="rebuild", minutes=40), prompt("short", "b2", form="rebuild", minutes=15),
        prompt("fresh", "a2", form="rebuild", minutes=5), prompt("bug", "a1"),
    ]  # fmt: skip
    late = choose(held(a1=15, b2=20, a2=3), prompts, day(100), GRAPH)
    assert late.rebuild is not None and late.rebuild.id == "short" and late.prompts == ()
    assert choose(held(a1=14), prompts, day(100), GRAPH).rebuild is None, "two weeks are forgiven"
    assert [each.id for each in choose(held(a1=50), prompts[3:], day(100), GRAPH).prompts] == ["bug"]


def test_the_forecast_counts_reviews_by_the_week() -> None:
    memory = reviewed(None, GOOD, START)
    hours = load({"a1": memory, "a2": memory}, START, 40)
    expected, dues = [0.0] * 40, memory
    while (dues.due - START).days < 280:
        expected[(dues.due - START).days // 7] += 2 / 6
        dues = reviewed(dues, GOOD, dues.due)
    assert hours == pytest.approx(tuple(expected)) and 0.9 < sum(hours) < 2
    assert load({"a1": memory}, day(100), 1) == (pytest.approx(1 / 6),), "what is late is done this week"
