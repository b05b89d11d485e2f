"""Plans: what they keep, the figures of the reference, three exits, and what changes when one is made anew."""

from __future__ import annotations

import ast
import importlib.util
import json
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_graphs import START, goals, graphs, known, topic

from castalia.core.errors import WrongInput
from castalia.roadmap import forecast
from castalia.roadmap.content import content
from castalia.roadmap.forecast import Past, pace, ratios, simulate
from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import ENOUGH
from castalia.roadmap.planner import Plan, Request, changes, plan
from castalia.roadmap.schedule import FARTHEST, Offer, Own, day_of, pour
from castalia.roadmap.sequence import (
    Item,
    Milestone,
    Passion,
    Wishes,
    assumed,
    hours_left,
    remaining,
    sequence,
)

# --- requests at random ------------------------------------------------------------------------

HOURS = st.sampled_from((1.0, 5.0, 9.5, 20.0, 41.0, 100.0))
FEW = settings(max_examples=15)
"""For a test that makes whole plans; the slow one at the end tries more."""


@st.composite
def requests(draw: st.DrawFn, paths: int = 20) -> Request:
    graph = draw(graphs())
    ids = list(graph.topics)
    some = st.lists(st.sampled_from(ids), max_size=3, unique=True)
    passion = None
    if draw(st.booleans()):
        passion = Passion("mine", (draw(st.sampled_from(ids)),), draw(st.sampled_from((5.0, 60.0, 400.0))))
    milestones = tuple(
        Milestone(f"{skill}/M1", skill, tuple(draw(some)), 30.0, draw(st.sampled_from((0.0, 6.0))), draw(st.booleans()))
        for skill in "abcd"
    )
    weeks = st.floats(0, 40, allow_nan=False)
    return Request(
        graph,
        draw(goals(graph)),
        draw(HOURS),
        START,
        mastery=draw(known(graph)),
        past=tuple(
            Past(10.0, done, draw(st.sampled_from((0.0, 5.0, 30.0))))
            for done in draw(st.lists(st.sampled_from((0.0, 4.0, 10.0, 15.0)), max_size=6))
        ),
        reviews=tuple(draw(st.lists(st.floats(0, 8), max_size=5))),
        own=tuple(
            Own(f"book {number}", week, 0.1 + draw(weeks))
            for number, week in enumerate(draw(st.lists(st.integers(1, 8), max_size=3)))
        ),
        used=draw(st.sampled_from((0.0, 3.0, 50.0))),
        wishes=Wishes(
            {id: draw(st.floats(0, 1)) for id in draw(some)}, {id: draw(st.integers(1, 9)) for id in draw(some)},
            milestones, passion, draw(st.sampled_from(("", *ids))),
        ),
        paths=paths,
    )  # fmt: skip


def ordered(request: Request) -> tuple[Item, ...]:
    ids = remaining(request.graph, request.goal, request.mastery)
    return sequence(request.graph, ids, request.mastery, pace(request.past), request.wishes)


def offered(request: Request) -> Offer:
    return Offer(request.hours, request.buffer, request.reviews, request.own, request.used)


# --- what every plan keeps ---------------------------------------------------------------------


@FEW
@given(requests())
def test_a_plan_keeps_requires_capacity_and_the_closure(request: Request) -> None:
    made, graph = plan(request), request.graph
    wanted = {id for id in graph.closure(request.goal) if request.mastery.get(id, 0.0) < ENOUGH}
    assert set(made.topics) == wanted and len(made.topics) == len(wanted), "the closure, and no topic more"
    place = {id: number for number, id in enumerate(made.topics)}
    for id in made.topics:
        for other in graph.topics[id].requires:
            assert other not in wanted or place[other] < place[id]
            if id in made.dates and other in wanted:
                assert made.dates[other][0] <= made.dates[id][0]
    for number, week in enumerate(made.weeks, 1):
        assert (week.number, week.start) == (number, START + timedelta(weeks=number - 1))
        due = request.reviews[number - 1] if number <= len(request.reviews) else 0.0
        assert week.reviews == min(due, 0.2 * request.hours)
        assert week.planned <= max(0.0, 0.8 * request.hours - week.reviews) + 1e-6
        assert week.planned + week.reviews <= request.hours
    for item in made.items:
        shares = [
            share for week in made.weeks for share in week.shares if share.id == item.id and share.kind == item.kind
        ]
        if item.kind == "topic" and item.id in made.dates:
            assert sum(share.hours for share in shares) == pytest.approx(item.work, abs=1e-6), "all of it is planned"
            assert [share.part for share in shares] == list(range(1, len(shares) + 1))
            assert [share.last for share in shares] == [False] * (len(shares) - 1) + [True]


@FEW
@given(requests())
def test_more_hours_never_end_later(request: Request) -> None:
    """Neither the board nor any single simulated learner, whatever else is planned."""
    more = replace(
        request, hours=min(100.0, request.hours * random.Random(repr(request.goal)).choice((1.01, 1.3, 2, 7)))
    )
    few, many = plan(request), plan(more)
    assert few.topics == many.topics
    for id in few.dates:
        assert many.dates[id][1] <= few.dates[id][1], f"{id} ends later"
    for name in ("finish_p50", "finish_p90"):
        before, after = getattr(few, name), getattr(many, name)
        assert before is None or (after is not None and after <= before)
    boards = [
        simulate(each.items, offered(asked), asked.past, paths=asked.paths)
        for asked, each in ((request, few), (more, many))
    ]
    # Each learner by number, not by rank: the same draws.
    assert all(late >= soon - 1e-6 for late, soon in zip(boards[0].weeks, boards[1].weeks, strict=True))


@FEW
@given(requests())
def test_the_same_request_gives_the_same_plan(request: Request) -> None:
    assert plan(request) == plan(replace(request))
    again = Graph(list(request.graph.topics.values()))
    assert plan(replace(request, graph=again)).topics == plan(request).topics


@settings(max_examples=30)
@given(requests())
def test_a_third_skill_opens_only_while_two_have_nothing_to_begin(request: Request) -> None:
    graph = request.graph
    whole = replace(request, goal=tuple(graph.topics), mastery={})
    left = [item.id for item in ordered(whole) if item.kind == "topic"]
    opened: list[str] = []
    while left:
        skill = graph.topics[left[0]].skill
        others = {each for each in opened if each != skill and any(graph.topics[id].skill == each for id in left)}
        ready = [id for id in left if not set(graph.topics[id].requires) & set(left)]
        if skill not in opened:
            live = [each for each in others if any(graph.topics[id].skill == each for id in ready)]
            assert len(live) < 2, f"{skill} opens beside {live}"
        opened.append(skill)
        left.pop(0)


@settings(max_examples=30)
@given(requests())
def test_a_milestone_stands_right_after_its_skill(request: Request) -> None:
    items, graph = ordered(request), request.graph
    for number, item in enumerate(items):
        if item.kind != "milestone":
            continue
        before = [each for each in items[:number] if each.kind != "passion"]
        assert before[-1].kind == "topic" and graph.topics[before[-1].id].skill == item.id[0]
        assert not any(each.kind == "topic" and graph.topics[each.id].skill == item.id[0] for each in items[number:])
        milestone = next(each for each in request.wishes.milestones if each.id == item.id)
        done = {each.id for each in before}
        assert all(id in done or request.mastery.get(id, 0.0) >= ENOUGH for id in milestone.topics)


@FEW
@given(requests())
def test_the_passion_project_takes_four_weeks_at_most(request: Request) -> None:
    items = ordered(request)
    board = pour(items, offered(request), START)
    for item in items:
        if item.kind == "passion" and item.id in board.spans:
            began, ended = board.spans[item.id]
            spent = sum(share.hours for week in board.weeks for share in week.shares if share.kind == "passion")
            assert ended - began <= item.weeks + 1e-9 and spent <= item.hours + 1e-6
            assert ended - began == pytest.approx(item.weeks) or spent == pytest.approx(item.hours)


@FEW
@given(requests(), st.sampled_from((3.0, 11.0)))
def test_knowing_more_never_makes_the_work_more(request: Request, factor: float) -> None:
    ids = remaining(request.graph, request.goal, request.mastery)
    better = {id: min(1.0, m + (1 - m) / factor) for id, m in request.mastery.items()}
    assert remaining(request.graph, request.goal, better) <= ids
    fewer = remaining(request.graph, request.goal, better)
    hours = [sum(hours_left(request.graph, *each).values()) for each in ((fewer, better), (ids, request.mastery))]
    assert hours[0] <= hours[1] + 1e-9


# --- by hand -----------------------------------------------------------------------------------

LINE = Graph([topic("a1", hours=10), topic("a2", ("a1",), hours=20), topic("b1", ("a2",), hours=30)])


def test_a_plan_by_hand() -> None:
    made = plan(Request(LINE, ("b1",), 10.0, START, mastery={"a2": 0.5}, reviews=(1.0, 5.0)))
    assert made.topics == ("a1", "a2", "b1")
    review = 4 * 10 / 60
    assert [item.work for item in made.items] == pytest.approx([10 + review, 10 + review, 30 + review])
    assert [week.offered for week in made.weeks[:3]] == [7.0, 6.0, 8.0], "a fifth of the hours is the most for reviews"
    assert [(share.id, round(share.hours, 2)) for share in made.weeks[1].shares] == [("a1", 3.67), ("a2", 2.33)]
    assert made.hours_needed.total == 50.0 and made.hours_needed.before is None
    assert made.dates["a1"] == (START, START + timedelta(days=12))
    assert made.weeks[-1].number == 7 and made.feasible and made.exits == ()
    assert made.boxes[0].kind == "study" and "2026-11-21" in made.basis[0]


def test_the_longest_way_comes_first_and_a_gap_can_come_before_it() -> None:
    fork = Graph(
        [topic("a1", hours=5), topic("b1", hours=9), topic("a2", ("a1",), hours=30), topic("z1", ("a2", "b1"))]
    )
    ids = fork.closure(["z1"])
    assert [item.id for item in sequence(fork, ids, {})] == ["a1", "a2", "b1", "z1"]
    assert [item.id for item in sequence(fork, ids, {}, wishes=Wishes(gaps={"b1": 0.5}))] == ["b1", "a1", "a2", "z1"]
    assert sequence(fork, ids, {}, wishes=Wishes(view={"b1": 1, "a1": 2}))[0].id == "b1"


def test_the_way_that_counts_is_the_longest() -> None:
    ways = [topic("r1"), topic("q1", hours=30), topic("s1", ("r1",), hours=1), topic("l1", ("r1",), hours=50)]
    graph = Graph([*ways, topic("z1", ("q1", "s1", "l1"))])
    assert sequence(graph, graph.closure(["z1"]), {})[0].id == "r1", "60 hours wait behind it, not 11"


def test_eight_tenths_are_mastered_and_six_tenths_are_enough_for_a_passion() -> None:
    assert remaining(LINE, ["b1"], {"a1": 0.8, "a2": 0.79}) == {"a2", "b1"}
    mine = Wishes(passion=Passion("mine", ("b1",), 5.0))
    assert [item.id for item in sequence(LINE, LINE.closure(["b1"]), {}, wishes=mine)] == ["a1", "a2", "mine", "b1"]
    half = {"a1": 0.5, "a2": 0.5, "b1": 0.5}
    assert [item.id for item in sequence(LINE, LINE.closure(["b1"]), half, wishes=mine)][:2] == ["a1", "mine"]


def test_own_resources_come_before_the_plan_in_their_week() -> None:
    made = plan(Request(LINE, ("a1",), 10.0, START, own=(Own("a talk", 1, 3.0), Own("a book", 2, 12.0))))
    weeks = [[(share.id, round(share.hours, 2)) for share in week.shares] for week in made.weeks]
    assert weeks == [[("a talk", 3.0), ("a1", 5.0)], [("a book", 8.0)], [("a book", 4.0), ("a1", 4.0)], [("a1", 1.67)]]
    far = plan(Request(LINE, ("a1",), 40.0, START, own=(Own("later", 5, 1.0),)))
    assert len(far.weeks) == 5 and far.weeks[4].shares[0].id == "later"


def test_the_pace_follows_the_weeks() -> None:
    assert pace([]) == 1.0
    assert pace([Past(8, 8, 12)]) == pytest.approx(1.15)
    assert pace([Past(8, 8, 12), Past(8, 4)]) == pytest.approx(1.15 + 0.3 * (2 - 1.15)), "not known: the planned hours"
    assert pace([Past(8, 0, 5)]) == 1.0 and ratios([Past(8, 0, 5)]) == [0.0]
    assert pace([Past(8, 1, 80)] * 20) == 2.0 and pace([Past(8, 80, 1)] * 20) == 0.5
    assert ratios([Past(8, 4, 8), Past(8, 8, 8)]) == pytest.approx(
        [0.5 * pace([Past(8, 4, 8), Past(8, 8, 8)]), pace([Past(8, 4, 8), Past(8, 8, 8)])]
    )


def test_slow_weeks_move_the_plan_and_the_diff_says_so() -> None:
    request = Request(LINE, ("b1",), 10.0, START)
    old = plan(request)
    same = changes(old, plan(request))
    assert same.words == "finish unchanged" and same.moved == ()
    slow = (Past(8, 5, 8), Past(8, 5, 8))
    new = plan(replace(request, start=START + timedelta(weeks=2), past=slow, mastery={"a1": 0.9}))
    found = changes(old, new)
    assert found.dropped == ("a1",) and found.added == () and "b1" in found.moved
    assert found.days == (new.finish_p50 - old.finish_p50).days  # type: ignore[operator]
    assert found.words.startswith(f"moved {len(found.moved)} topic") and f"finish {found.days:+d} day" in found.words
    assert new.boxes == (), "the study week is over"


def test_until_four_weeks_exist_the_prior_is_said_to_be_one() -> None:
    request = Request(LINE, ("b1",), 10.0, START)
    assert "our assumption" in plan(request).basis[1]
    weeks = (Past(8, 6, 8),) * 4
    assert "your last 4 weeks" in plan(replace(request, past=weeks)).basis[1]
    lost = plan(replace(request, past=(Past(8, 0),) * 5))
    assert lost.finish_p50 is None and not lost.feasible and "more than twenty years" in lost.verdict


def test_nothing_left_is_a_plan_too() -> None:
    made = plan(Request(LINE, ("b1",), 10.0, START, date(2027, 1, 1), mastery=dict.fromkeys(LINE.topics, 1.0)))
    assert made.topics == () and made.finish_p90 == START and made.feasible
    assert made.verdict == "Nothing is left to learn for this goal."


def test_boxes() -> None:
    wishes = Wishes(passion=Passion("a game", ("a1",), 16.0))
    made = plan(Request(LINE, ("b1",), 10.0, START, wishes=wishes, gap=("a2", START), loop=2))
    assert [item.id for item in made.items] == ["a1", "a game", "a2", "b1"] and made.loop == 2
    study, gap, passion = made.boxes
    assert (study.end - study.start).days == 6 and (gap.end - gap.start).days == 7 and gap.title == "the topic a2"
    assert passion.title == "a game" and (passion.end - passion.start).days <= 29


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hours": 0.0}, "hours"), ({"hours": math.nan}, "hours"), ({"hours": 169.0}, "hours"),
        ({"buffer": 0.9}, "buffer"),
        ({"target": START}, "target"), ({"goal": ()}, "goal"), ({"own": (Own("x", 0, 1.0),)}, "own"),
        ({"own": (Own("x", 1, math.nan),)}, "own"), ({"paths": 1}, "paths"),
        ({"used": -1.0}, "used"), ({"used": math.nan}, "used"), ({"used": math.inf}, "used"),
        ({"wishes": Wishes(passion=Passion("x", ("a1",), 9.0, 5.0))}, "passion"),
        ({"wishes": Wishes(passion=Passion("x", (), 9.0))}, "passion"),
    ],
)  # fmt: skip
def test_wrong_requests_are_refused(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(WrongInput) as caught:
        replace(Request(LINE, ("b1",), 10.0, START), **wrong)  # type: ignore[arg-type]
    assert caught.value.field == field and caught.value.expected and caught.value.cure


def test_known_topics_by_id_and_by_beginning() -> None:
    assert set(assumed(LINE, ["a"])) == {"a1", "a2"} and set(assumed(LINE, ["b1", "a2"])) == {"b1", "a2"}
    for word in ("c", "", "a3"):
        with pytest.raises(WrongInput):
            assumed(LINE, [word])


# --- exits -------------------------------------------------------------------------------------


def infeasible(a_week: float = 6.0, weeks: int = 10, goal: Sequence[str] = ("a2", "b2", "c1")) -> tuple[Request, Plan]:
    hours = {"a1": 20, "a2": 30, "b1": 40, "b2": 10, "c1": 5}
    requires = {"a1": (), "a2": ("a1",), "b1": ("a1",), "b2": ("b1",), "c1": ("a1",)}
    wide = Graph([topic(id, requires[id], hours=each) for id, each in hours.items()])
    request = Request(wide, tuple(goal), a_week, START, START + timedelta(weeks=weeks))
    return request, plan(request)


def test_three_exits_each_planned_again() -> None:
    request, made = infeasible()
    assert not made.feasible and [way.kind for way in made.exits] == ["hours", "later", "cut"]
    hours, later, cut = made.exits
    assert all(way.possible for way in made.exits)

    again = plan(replace(request, hours=hours.hours))
    assert again.feasible and (again.finish_p50, again.finish_p90) == (hours.finish_p50, hours.finish_p90)
    assert not plan(replace(request, hours=hours.hours - 0.5)).feasible, "the least that is enough"

    again = plan(replace(request, target=later.target))
    assert again.feasible and again.finish_p90 == later.finish_p90 == later.target

    assert cut.lost == ("a2", "b2") and set(cut.cut) == {"b1", "b2", "a2"}, "what saves most goes first"
    again = plan(replace(request, goal=("c1",)))
    assert again.feasible and again.finish_p90 == cut.finish_p90 and cut.saved == 80
    assert not plan(replace(request, goal=("a2", "c1"))).feasible


def test_one_goal_is_cut_back_from_its_end() -> None:
    _, made = infeasible(goal=("b2",))
    cut = made.exits[2]
    assert (
        cut.possible
        and cut.cut == ("b1", "b2")
        and cut.lost == ("b2",)
        and "go no farther than the topic a1" in cut.words
    )


def test_an_exit_that_does_not_exist_is_said_not_to() -> None:
    _, made = infeasible(a_week=0.5, weeks=1)
    hours, later, cut = made.exits
    assert not hours.possible and "not even 60" in hours.words
    assert later.possible and not cut.possible and "no part" in cut.words


def test_parts_of_a_goal_may_be_milestones() -> None:
    request, _ = infeasible()
    parts = {"toy/M1": ("c1",), "toy/M2": ("b2",)}
    made = plan(replace(request, goal=("c1", "b2"), parts=parts))
    assert made.exits[2].lost == ("toy/M2",) and "give up toy/M2" in made.exits[2].words


# --- the figures of the reference --------------------------------------------------------------


def research(hours: float = 20.0, *words: str) -> Plan:
    shipped = content()
    goal = tuple(shipped.goal("research_scientist").topics)
    return plan(Request(shipped.graph, goal, hours, START, START + timedelta(weeks=26), assumed(shipped.graph, words)))


def test_research_scientist_in_26_weeks() -> None:
    whole = research()
    assert len(whole.topics) == 40 and whole.hours_needed.total == pytest.approx(814, abs=1)
    made = research(20.0, "cs", "sq", "to", "py")
    assert made.hours_needed.before == pytest.approx(29, abs=0.5)
    assert made.hours_needed.with_buffer == pytest.approx(36, abs=0.5)
    assert not made.feasible and [way.possible for way in made.exits] == [True, True, True]
    assert "29 a week, 36 with the buffer" in made.verdict
    assert not any(id[:2] in ("cs", "sq", "to", "py") for id in made.topics)


# --- the simulated learners --------------------------------------------------------------------


def test_the_planner_cannot_import_the_learners_and_their_figures_are_kept() -> None:
    root = Path(__file__).parent.parent
    for path in (root / "src" / "castalia" / "roadmap").glob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        named = [alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
        named += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not [name for name in named if "roadmap_learners" in name or "benchmarks" in name], path
    found = json.loads((root / "benchmarks" / "results" / "roadmap_learners.json").read_text("utf-8"))
    assert found["simulated"] is True and found["learners"] == 200
    assert 0.85 <= found["own_prior"]["p90_covers"] <= 0.95
    assert found["other_process"]["held_out"]["p90_covers"] >= 0.75


def test_the_board_agrees_with_a_plain_simulation_hour_by_hour() -> None:
    """An oracle that works a thousandth of a week at a time."""
    offer = Offer(10.0, 0.2, (1.0, 2.0, 0.0), (Own("x", 2, 9.0), Own("y", 3, 2.0)))
    items = (Item("topic", "a", 12.0), Item("passion", "p", 100.0, weeks=1.5), Item("topic", "b", 20.0))
    ends: dict[str, float] = {}
    at, left, began, backlog, queue = 0, items[0].hours, 0.0, 0.0, list(items)
    while queue:
        week, item = at // 1000, queue[0]
        if at % 1000 == 0:
            backlog += offer.taken(week)
            free = max(0.0, offer.offered(week) - backlog)
            backlog = max(0.0, backlog - offer.offered(week))
        left -= free / 1000
        at += 1
        if left <= 1e-9 or (item.weeks and at / 1000 - began >= item.weeks):
            ends[item.id], began = at / 1000, at / 1000
            queue.pop(0)
            left = queue[0].hours if queue else 0.0
    board = pour(items, offer, START)
    assert {id: span[1] for id, span in board.spans.items()} == pytest.approx(ends, abs=0.01)


def test_the_learners_can_be_played_again() -> None:
    path = Path(__file__).parent.parent / "benchmarks" / "roadmap_learners.py"
    spec = importlib.util.spec_from_file_location("roadmap_learners", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {spec.name: module}):
        spec.loader.exec_module(module)
        first = module.run(True, 3)
        assert first == module.run(True, 3), "the same dice"
    assert len(first[0]) == 3 and all(by_p90 or not by_p50 for by_p50, by_p90, _ in first[0])


def as_planned(items: Sequence[Item], offer: Offer) -> float:
    """When a simulated learner for whom all goes as planned is through."""
    sure = [replace(item, spread=1.0) for item in items]
    with mock.patch.object(forecast, "_weekly", lambda past, seed, paths, rows: np.ones((rows, paths))):
        found = simulate(sure, offer, paths=10)
    assert set(found.weeks) == {found.weeks[0]}
    return found.weeks[0]


@FEW
@given(requests())
def test_a_learner_for_whom_all_goes_as_planned_ends_with_the_board(request: Request) -> None:
    items, offer = ordered(request), offered(request)
    assert as_planned(items, offer) == pytest.approx(pour(items, offer, START).end, abs=1e-6)


@pytest.mark.parametrize(("hours", "expected"), [(5.0, 5 / 8), (8.0, 1.0), (9.0, 4.5), (30.0, 7.5)])
def test_a_long_book_of_ones_own_delays_only_what_comes_after_it(hours: float, expected: float) -> None:
    items, offer = [Item("topic", "a", hours)], Offer(10.0, own=(Own("a long book", 2, 30.0),))
    assert as_planned(items, offer) == pytest.approx(pour(items, offer, START).end, abs=1e-6)
    assert as_planned(items, offer) == pytest.approx(expected, abs=1e-6)


def test_a_plan_of_twenty_years_has_no_end() -> None:
    board = pour([Item("topic", "a", 1e6)], Offer(5.0), START)
    assert math.isinf(board.end) and len(board.weeks) == FARTHEST and day_of(START, board.end) is None
    made = plan(Request(Graph([topic("a1", hours=6000)]), ("a1",), 0.5, START, START + timedelta(weeks=5)))
    assert made.finish_p90 is None and not made.feasible and not made.exits[1].possible
    assert hours_left(LINE, ["a1"], {"a1": 2.0}) == {"a1": 0.0}


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=700)
@given(requests(paths=60), HOURS)
def test_more_hours_never_end_later_many_times(request: Request, hours: float) -> None:
    few, many = sorted((request.hours, hours))
    late, soon = plan(replace(request, hours=few)), plan(replace(request, hours=many))
    assert all(soon.dates[id][1] <= late.dates[id][1] for id in late.dates)
    assert (soon.finish_p90 or date.max) <= (late.finish_p90 or date.max)
    assert (soon.finish_p50 or date.max) <= (late.finish_p50 or date.max)
