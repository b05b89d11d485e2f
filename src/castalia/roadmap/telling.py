"""A plan as JSON, the same for the shell and the page, and what is said about the dates of every plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.roadmap.planner import Plan
    from castalia.roadmap.records import Goal
    from castalia.roadmap.schedule import Week
    from castalia.roadmap.state import State

TESTED = (
    "The dates were tested on 200 simulated learners; nobody real has used the planner yet. By the later date of a "
    "first plan 92 % of them were through where they lived as the planner assumes, and 80 % where they lost weeks and "
    "found whole skills harder."
)
"""Measured: docs/planner.md has the table. A test holds these words against its figures."""


def plain(state: State, goal: Goal, made: Plan, moved: str = "") -> dict[str, Any]:
    """A plan as JSON."""
    need = made.hours_needed
    return {
        "goal": {"id": goal.id, "title": goal.title, "kind": goal.kind},
        "hours": made.hours, "start": made.start, "target": made.target,
        "topics": list(made.topics),
        "weeks": [plain_week(state, week) for week in made.weeks],
        "finish_p50": made.finish_p50, "finish_p90": made.finish_p90, "basis": list(made.basis),
        "feasible": made.feasible,
        "hours_needed": {name: None if hours is None else round(hours, 1) for name, hours in vars(need).items()},
        "exits": [
            {"kind": each.kind, "possible": each.possible, "words": each.words, "hours": each.hours,
             "target": each.target, "finish_p50": each.finish_p50, "finish_p90": each.finish_p90,
             "cut": list(each.cut), "lost": list(each.lost), "saved": each.saved}
            for each in made.exits
        ],
        "boxes": [{"kind": each.kind, "title": each.title, "start": each.start, "end": each.end}
                  for each in made.boxes],
        "pace": made.pace, "loop": made.loop, "verdict": made.verdict, "moved": moved,
    }  # fmt: skip


def plain_week(state: State, week: Week) -> dict[str, Any]:
    """A week as JSON."""
    return {
        "number": week.number, "start": week.start, "offered": week.offered, "reviews": week.reviews,
        "planned": week.planned,
        "shares": [{"kind": each.kind, "id": each.id, "title": title(state, each.kind, each.id),
                    "hours": each.hours, "part": each.part, "last": each.last} for each in week.shares],
    }  # fmt: skip


def summary(state: State, made: Plan, moved: str = "") -> dict[str, Any]:
    """A plan as the page shows it: without its weeks but for the first, with what the dates were tested on."""
    told = plain(state, state.goal, made, moved)
    week = told.pop("weeks")[:1]
    return {**told, "week": week[0] if week else None, "tested": TESTED}


def title(state: State, kind: str, id: str) -> str:
    """What a piece of a week is called."""
    if kind == "topic":
        return state.content.graph.topics[id].title
    return state.content.milestone(id).title if kind == "milestone" else id
