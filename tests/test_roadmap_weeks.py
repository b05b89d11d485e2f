"""What past weeks say about pace, and a plan that stands still while nothing happens: from a log to dates."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from learner_graphs import topic

from castalia.core.evidence import Event, Evidence
from castalia.core.settings import Settings
from castalia.roadmap import contracted
from castalia.roadmap.content import content
from castalia.roadmap.contracted import Asked, Contracted
from castalia.roadmap.forecast import Past, pace
from castalia.roadmap.gap import ranked
from castalia.roadmap.graph import Graph
from castalia.roadmap.history import Worked, derive
from castalia.roadmap.learner import Notes, OwnResource, Page, Profile, Settled
from castalia.roadmap.mastery import ENOUGH, START
from castalia.roadmap.planner import Plan, plan
from castalia.roadmap.sequence import Milestone, Wishes, hours_left, sequence
from castalia.roadmap.state import State
from castalia.roadmap.weeks import Calendar, calendar

MONDAY = date(2026, 9, 7)
WEEK = timedelta(days=7)


@pytest.fixture
def home(settings: Settings) -> Path:
    return settings.home


def at(day: date, hour: int = 12) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp() * 1000)


# --- weeks, with topics that take one hour -------------------------------------------------------


def counted(
    weeks: Mapping[int, float], *, count: int = 8, said: Mapping[str, int] | None = None, hours: float = 10.0,
    **more: Any,
) -> Calendar:  # fmt: skip
    """The calendar of a learner with 8 hours for the plan; ``weeks``: number -> hours that contracts showed done."""
    settled = Settled("gpt", hours, MONDAY)
    learned = {id: MONDAY + number * WEEK for id, number in (said or {}).items()}
    offers = more.pop("offers", ((MONDAY, hours),))
    profile = Profile(settled, offers=offers, learned=learned, **more)
    worked = [Worked(MONDAY + number * WEEK, {"a": done}) for number, done in weeks.items()]
    takes = {"a": 1.0, "b": 6.0, "c": 24.0}
    return calendar(profile, worked, takes.__getitem__, ("b", "c"), MONDAY + count * WEEK, 0.2)


def done(weeks: Mapping[int, float], **more: Any) -> list[float]:
    return [round(each.done, 6) for each in counted(weeks, **more).past]


@pytest.mark.parametrize(
    ("weeks", "past"),
    [
        ({0: 5, 1: 5}, [5, 5]),
        ({0: 5, 2: 5}, [5, 0, 5]),
        ({3: 5}, [5]),
        ({0: 5, 5: 5}, [5, 5]),  # four weeks in a row without anything are a break
        ({0: 5, 4: 5}, [5, 0, 0, 0, 5]),
        ({0: 5, 6: 5, 7: 1}, [5, 5, 1]),
        ({}, []),
    ],
)
def test_the_weeks_since_the_plan_began_are_its_past_and_a_break_is_none(
    weeks: dict[int, float], past: list[float]
) -> None:
    """Nor is what is not finished yet: the empty weeks at the end say nothing until something is."""
    assert done(weeks) == past


def test_a_topic_of_three_weeks_that_is_shown_in_one_evening_was_learned_in_three() -> None:
    assert done({0: 8, 3: 24}) == [8, 8, 8, 8]
    assert done({0: 8, 4: 20}) == [8, 0, 4, 8, 8], "only as many as it would have taken"
    assert done({6: 24}) == [8, 8, 8], "a break before it stays one"


@pytest.mark.parametrize("hours", [17.0, 100.0, 5_000.0])
def test_a_burst_is_no_pace(hours: float) -> None:
    past = counted({0: hours}).past
    assert past == (Past(8.0, 16.0, 0.0),) and pace(past) == pytest.approx(0.85)


def test_the_learners_word_is_worth_a_weeks_hours_and_no_more() -> None:
    assert done({}, said={"b": 0}) == [6], "a topic without a check"
    assert done({}, said={"c": 0}) == [8]
    assert done({}, said={"c": 2}) == [8, 8, 8]
    assert done({0: 20}, said={"c": 0}) == [16] and done({0: 10}, said={"c": 0}) == [10]
    assert done({}, said={"a": 0}) == [], "what contracts check is shown by contracts"


def test_a_week_counts_with_the_hours_that_held_when_it_began() -> None:
    more = ((MONDAY - WEEK, 10.0), (MONDAY + 2 * WEEK, 30.0))
    past = counted({0: 4, 1: 4, 2: 4, 3: 4}, offers=more, hours=30.0).past
    assert [each.committed for each in past] == [8, 8, 8, 24]
    assert past[:3] == counted({0: 4, 1: 4, 2: 4, 3: 4}).past[:3], "new hours do not rewrite what was"


def test_an_own_book_stays_until_its_hours_were_offered() -> None:
    book = OwnResource("a book", MONDAY, 20.0)
    left = [counted({0: 5}, count=count, resources=(book,)).own["a book"] for count in range(5)]
    assert left == [20, 12, 4, 0, 0]
    assert counted({0: 5, 2: 3}, resources=(book,)).past == (Past(4.0, 3.0),), "its weeks had no hours for the plan"
    talk = OwnResource("a talk", MONDAY + 2 * WEEK, 3.0)
    both = counted({3: 5}, resources=(talk, book))
    assert both.own == {"a book": 0, "a talk": 0} and both.past == (Past(8.0, 5.0),)
    pages = {MONDAY: Page(MONDAY, hours=10.0)}
    read = counted({0: 2}, resources=(OwnResource("a talk", MONDAY, 3.0),), pages=pages)
    assert read.past == (Past(5.0, 2.0, 7.0),), "hours told hold those of the talk"


def test_a_plan_that_has_not_begun_has_no_past() -> None:
    late = Profile(Settled("gpt", 8.0, date.max), offers=((MONDAY, 8.0),))
    assert calendar(late, (), lambda id: 1.0, (), MONDAY, 0.2) == Calendar()
    assert counted({}, count=-1) == Calendar()


def test_no_order_of_weeks_makes_more_done_than_there_was() -> None:
    for seed in range(200):
        draw = random.Random(seed)
        weeks = {number: draw.choice((0.0, 0.5, 8.0, 12.0, 30.0)) for number in range(8) if draw.random() < 0.6}
        past = counted(weeks).past
        assert sum(each.done for each in past) <= sum(weeks.values()) + 1e-9, seed
        assert all(0 <= each.done <= 16 + 1e-9 for each in past), seed


# --- through the log and the journal --------------------------------------------------------------


def settled(home: Path, goal: str, hours: float = 8.0, start: date = MONDAY) -> None:
    Notes(home).add("plan", {"goal": goal, "hours": hours, "start": start, "target": None}, at(start, 0))


def checked(home: Path, project: str, day: date, *numbers: str) -> None:
    every = [each.number for each in contracted.every()[project].milestones]
    Evidence(home).add(
        Event("check", project, number, outcome="pass", code_hash=number, time=at(day) + place, minutes=9.0)
        for place, number in enumerate(numbers or every)
    )


def six_weeks(home: Path) -> date:
    """A milestone in each of six weeks; the day after them."""
    settled(home, "gpt")
    for number in range(6):
        checked(home, "neural_net", MONDAY + number * WEEK + timedelta(days=2), f"M{number + 1}")
    return MONDAY + 6 * WEEK


def dates(made: Plan) -> tuple[Any, ...]:
    return made.finish_p50, made.finish_p90, made.pace, made.topics, made.dates


@pytest.mark.parametrize(
    "wish", [{"hours": 24.0}, {"goal": "rl_agent"}, {"goal": "automl", "hours": 3.0}, {"hours": 24.0, "days": 2}]
)
def test_what_is_tried_out_and_then_kept_has_the_same_dates(wish: dict[str, Any], home: Path) -> None:
    wish, days = {name: value for name, value in wish.items() if name != "days"}, wish.get("days", 0)
    day = six_weeks(home) + timedelta(days=days)
    before = State.read(home, day)
    tried = plan(before.request(**wish))
    Notes(home).add("plan", wish, at(day))
    after = State.read(home, day)
    assert after.past == before.past and len(after.past) >= 4
    assert dates(plan(after.request())) == dates(tried)


def test_more_hours_that_are_kept_never_end_later(home: Path) -> None:
    day = six_weeks(home)
    ends = []
    for number, hours in enumerate((8.0, 16.0, 24.0)):
        Notes(home).add("plan", {"hours": hours}, at(day) + number)
        made = plan(State.read(home, day).request())
        ends.append((made.finish_p50, made.finish_p90))
    assert ends == sorted(ends, reverse=True) and len(set(ends)) == 3  # type: ignore[type-var]


@pytest.mark.parametrize("days", [7, 30])
def test_an_evening_of_passes_does_not_bring_the_end_near(days: int, home: Path) -> None:
    settled(home, "everything")
    for name in ("softmax", "basics", "neural_net", "utilities", "track"):
        checked(home, name, MONDAY + timedelta(days=1))
    state = State.read(home, MONDAY + timedelta(days=days))
    made = plan(state.request())
    assert made.finish_p50 is not None and made.finish_p90 is not None
    weeks = (made.finish_p50 - made.start).days / 7
    assert weeks >= made.hours_needed.total / (2 * 8 * 0.8), "no faster than twice the hours"
    assert made.pace >= 0.85 - 1e-9


def test_what_a_check_encompasses_is_known_but_was_not_worked_for(home: Path) -> None:
    settled(home, "gpt")
    checked(home, "neural_net", MONDAY, "M2")
    (week,) = State.read(home, MONDAY).history.weeks
    one = contracted.every()["neural_net"]
    about = {*one.weights("M1"), *one.weights("M2")}  # who passes the second has passed the first
    known = State.read(home, MONDAY).history.beliefs
    assert week.gains and set(week.gains) <= about and any(known[id].p > START for id in set(known) - about)


def test_nothing_moves_within_a_week_in_which_nothing_happens(home: Path) -> None:
    start = MONDAY + timedelta(days=3)
    settled(home, "gpt", start=start)
    checked(home, "basics", MONDAY + timedelta(days=1))
    for days in (3, 4, 6):
        state = State.read(home, MONDAY + timedelta(days=days))
        made = plan(replace(state, profile=replace(state.profile, held=None)).request())
        moved = state.moved(made)
        assert made.start == start and (moved is None or moved.words == "finish unchanged"), days
        assert state.keep(made) == ()
        if days == 3:
            held = state.gap
            assert held
    lines = [each.kind for each in Notes(home).log.events()]
    assert lines.count("planned") == 1, "a plan is kept once"
    for days in (7, 9, 12):
        state = State.read(home, MONDAY + timedelta(days=days))
        made = plan(state.request())
        moved = state.moved(made)
        assert made.start == MONDAY + WEEK and moved
        assert moved.words == "finish unchanged" or days == 7, (days, moved)
        state.keep(made)
    assert [each.kind for each in Notes(home).log.events()].count("planned") == 2


def test_the_time_of_the_running_week_is_gone_and_not_what_was_shown_in_it(home: Path) -> None:
    settled(home, "gpt")
    before = plan(State.read(home, MONDAY + WEEK).request())
    checked(home, "basics", MONDAY + WEEK, "M1")
    request = State.read(home, MONDAY + WEEK).request()
    assert request.used == pytest.approx(9 / 60) and request.start == MONDAY + WEEK  # minutes of that check
    after = plan(request)
    assert after.weeks[0].shares and after.hours_needed.total < before.hours_needed.total
    Notes(home).add("week", {"monday": MONDAY + WEEK, "hours": 5.0})
    assert State.read(home, MONDAY + WEEK).request().used == 5.0
    Notes(home).add("week", {"monday": MONDAY + WEEK, "hours": 50.0})
    assert State.read(home, MONDAY + WEEK).request().used == 6.4


def _later(home: Path, goal: str, only: tuple[str, ...] = ()) -> list[str]:
    """Milestones whose pass in the second week of a plan moves its end away.

    Reviews take time, so a pass of what the goal hardly needs may cost days: less than an hour of it is left out.
    """
    found, day = [], MONDAY + WEEK + timedelta(days=2)
    for contract, one in sorted(contracted.every().items()):
        for each in one.milestones:
            if only and f"{contract}/{each.number}" not in only:
                continue
            fresh = home / goal / f"{contract}-{each.number}"
            settled(fresh, goal)
            before = plan(State.read(fresh, day).request())
            checked(fresh, contract, day, each.number)
            after = plan(State.read(fresh, day).request())
            assert before.finish_p50 and after.finish_p50
            learned = before.hours_needed.total - after.hours_needed.total
            if after.finish_p50 > before.finish_p50 and learned >= 1:
                found.append(f"{contract}/{each.number}: {before.finish_p50} to {after.finish_p50}, {learned:.1f} h")
    return found


def test_a_pass_does_not_move_the_end_away(home: Path) -> None:
    assert _later(home, "gpt", ("softmax/M1", "basics/M1", "neural_net/M1")) == []


@pytest.mark.slow
@pytest.mark.parametrize("goal", ["gpt", "rl_agent", "churn", "everything"])
def test_no_pass_moves_the_end_away(home: Path, goal: str) -> None:
    assert _later(home, goal) == []


def test_what_was_checked_stays_out_of_the_plan_until_it_is_rusty(home: Path) -> None:
    settled(home, "everything")
    toy = Contracted("toy", tuple(Asked(f"M{n}", "", {"cs01": 1.0}, {}) for n in (1, 2)), {}, 0.99, "")
    log = [
        Event("check", "toy", number, outcome="pass", code_hash=f"{days}", time=at(MONDAY + timedelta(days=days)))
        for number, days in (("M1", 0), ("M2", 2))
    ]
    read = State.read(home, MONDAY)
    last, states = MONDAY + timedelta(days=2), []
    for days in range(0, 400, 25):
        state = replace(read, today=last + timedelta(days=days), history=derive(log, content(), {"toy": toy}))
        one = state.standings["cs01"]
        planned = {id for id, m in state.request().mastery.items() if m < ENOUGH}
        assert ("cs01" in planned) == (state.mastery["cs01"] < ENOUGH) == (one.state == "rusty"), days
        assert ("cs03" in {each.id for each in ranked(state.learner)}) == (one.state != "rusty"), "what stands on it"
        states.append((one.state, one.mastery < ENOUGH))
    assert ("checked", True) in states and states[0] == ("checked", False) and states[-1][0] == "rusty"


def test_the_gap_that_is_held_comes_first_in_the_plan(home: Path) -> None:
    Notes(home).add("known", {"topics": [id for id in content().graph.topics if id[:2] == "cs"], "known": True}, 1)
    settled(home, "gpt")
    for days in (0, 8):
        state = State.read(home, MONDAY + timedelta(days=days))
        assert state.gap and plan(state.request()).topics[0] == state.gap.topic
        Notes(home).add("held", {"id": state.gap.topic, "since": state.gap.since}, at(MONDAY, 1))


# --- milestones, and the loop ----------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["automl", "churn", "gan"])
def test_a_project_that_is_the_goal_is_built_in_order_each_milestone_after_its_topics(goal: str, home: Path) -> None:
    settled(home, goal)
    made = plan(State.read(home, MONDAY).request())
    project = content().projects[goal]
    items = [item.id for item in made.items]
    assert [id for id in items if id.startswith(f"{goal}/")] == [each.id for each in project.milestones]
    for each in project.milestones:
        assert set(items[: items.index(each.id)]) >= set(each.topics) & set(made.topics)
    first = project.milestones[0]
    topics = [items.index(id) for id in first.topics if id in items]
    assert items.index(first.id) == max(topics) + 1, "as soon as its topics are through"


@pytest.mark.parametrize("goal", ["gpt", "everything", "churn", "research_scientist", "ml"])
def test_no_milestone_comes_before_the_one_it_is_built_on(goal: str, home: Path) -> None:
    settled(home, goal)
    Notes(home).add("link", {"sort": "milestone", "about": "digits/M1", "url": "", "title": "x"}, at(MONDAY))
    made = plan(State.read(home, MONDAY).request())
    for name, project in content().projects.items():
        mine = [item.id for item in made.items if item.id.startswith(f"{name}/")]
        waiting = [each.id for each in project.milestones if each.id != "digits/M1"]
        assert mine == waiting[: len(mine)]


def test_a_skill_is_practised_on_the_goals_own_project_or_on_what_the_plan_teaches() -> None:
    graph = Graph([topic("a1"), topic("a2", ("a1",)), topic("b1", ("a2",))])
    far, near = Milestone("far/M1", "a", ("a1",)), Milestone("near/M1", "a", ("a2",))
    mine = Milestone("mine/M1", "a", ("a1",), own=True)
    later = Milestone("near/M2", "a", ("a1",))

    def built(*milestones: Milestone) -> list[str]:
        items = sequence(graph, {"a2", "b1"}, {"a1": 1.0}, wishes=Wishes(milestones=milestones))
        return [item.id for item in items]

    assert built(far, near) == ["a2", "near/M1", "b1"]
    assert built(far, near, mine) == ["a2", "mine/M1", "b1"]
    assert built(replace(near, topics=("b1",)), later) == ["a2", "b1"], "the first of a project before its second"
    due = replace(near, due=True), replace(later, due=True), far, Milestone("else/M1", "b", ())
    assert built(*due) == ["a2", "near/M1", "near/M2", "b1", "else/M1"]


SCRIPT = """
import dataclasses, sys
from datetime import date
from castalia.roadmap.content import content
from castalia.roadmap.planner import Request, plan
from castalia.roadmap.sequence import Milestone, Passion, Wishes
roadmap = content()
mastery = {}
wishes = Wishes(passion=Passion("mine", ("nl10", "cv03", "ad05"), 30.0))
goal = tuple(roadmap.goal("everything").topics)
made = plan(Request(roadmap.graph, goal, 9.0, date(2026, 11, 23), date(2027, 11, 23), mastery, wishes=wishes))
sys.stdout.write(repr(dataclasses.astuple(made)))
"""


def test_hours_come_in_the_order_of_the_graph_so_that_their_sum_is_the_same_everywhere() -> None:
    graph = content().graph
    some = frozenset(graph.topics)
    for ids in (some, sorted(some), sorted(some, reverse=True)):
        assert list(hours_left(graph, ids, {})) == list(graph.topics)


@pytest.mark.slow
def test_a_plan_is_the_same_in_every_process() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    ]
    assert told[0] == told[1] and len(told[0]) > 10_000
