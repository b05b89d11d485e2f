"""A plan with other settings: tried out, or kept with what moved. Nothing of a refused one is kept.

What is not named stays as it is. A way out of a plan that does not fit is such a change too: other hours, another
target, or a goal of the topics that are left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from castalia.core.errors import NotFound, WrongInput
from castalia.core.evidence import Evidence
from castalia.roadmap import asked
from castalia.roadmap.asked import Answered
from castalia.roadmap.learner import Notes, Settled, goal_of
from castalia.roadmap.planner import Changes, Plan, changes, plan
from castalia.roadmap.sequence import assumed
from castalia.roadmap.state import State

NEEDED = (
    ("goal", "a goal, such as gpt", "Choose what you want to reach."),
    ("hours", "hours a week", "Say how many you really have."),
)


@dataclass(frozen=True)
class Wanted:
    """What a learner says of a plan."""

    settings: Mapping[str, Any]
    """Of ``Settled`` those that change: goal (a text), hours, start, target; a target of None is none any more."""
    known: tuple[str, ...] = ()
    """Ids of topics, or their beginnings."""
    unknown: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    """Topics that are given up."""
    answers: tuple[Answered, ...] = ()
    """To the questions of the intake."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Free words, as in ``learner.ABOUT``."""
    back: bool = False
    """It takes a change back: a target that is over by now stood before, and is no mistake."""


@dataclass(frozen=True)
class Settling:
    """A plan with other settings."""

    state: State
    plan: Plan
    moved: Changes | None = None
    """Against the plan before; None where there was none."""
    before: Settled | None = None
    """The settings that it had."""


def tried(home: Path, today: date, wanted: Wanted) -> Settling:
    """The plan that it would be. WrongInput names the field that does not fit."""
    state = State.read(home, today, wanted.known, wanted.unknown)
    graph, settled = state.content.graph, state.profile.settled
    fresh = dict(wanted.settings)
    if "goal" in fresh:
        fresh["goal"] = _goal(state, fresh["goal"])
    # One that is kept already may be over by now, which is no mistake of this change.
    target = fresh.get("target") if fresh.get("target") != settled.target else None
    if wanted.back and target and target <= today:
        target = None
    settled = replace(settled, **fresh)
    for name, wish, cure in NEEDED:
        if not getattr(settled, name):
            raise WrongInput(f"a plan needs {name}", "nothing", wish, cure, field=name)
    if wanted.answers:
        shown = asked.settled(state, settled.goal, state.extra, wanted.answers)
        state = State.read(home, today, (*wanted.known, *shown), wanted.unknown)
    state = _with(state, settled)
    made = plan(state.request(target=target))
    if wanted.cut:
        cut = frozenset(assumed(graph, wanted.cut))
        rest = [id for id in made.topics if id not in cut]
        ends = tuple(id for id in rest if not graph.descendants(id) & frozenset(rest))
        if not rest or cut & graph.closure(ends):
            got = f"{len(cut)} topics, and {len(rest)} that are left"
            cure = "Leave out what one of the three ways says."
            raise WrongInput("cut", got, "topics that none of the others stands on", cure, field="cut")
        state = _with(state, replace(settled, goal=ends))
        made = plan(state.request(target=target))
    return Settling(state, made)


def keep(home: Path, today: date, wanted: Wanted) -> Settling:
    """The same, as the learner's plan from now on. Unavailable where the home cannot be written."""
    trial, old = tried(home, today, wanted), State.read(home, today)
    before = plan(old.request()) if old.chosen else None
    settled, notes = trial.state.profile.settled, Notes(home)
    said: dict[str, Any] = {name: getattr(settled, name) for name in wanted.settings}
    if "goal" in said or wanted.cut:
        said["goal"] = list(settled.goal) if isinstance(settled.goal, tuple) else settled.goal
    if settled.start is None:
        said["start"] = today
    if wanted.answers:
        _add(home, wanted.answers)
    if said:
        notes.add("plan", said)
    if wanted.about:
        notes.add("about", wanted.about)
    said_known = State.read(home, today, wanted.known).extra if wanted.known else ()
    for topics, known in ((said_known, True), (trial.state.less, False)):
        if topics:
            notes.add("known", {"topics": list(topics), "known": known})
    state = State.read(home, today)
    made = plan(state.request())
    state.keep(made)
    moved = changes(before, made) if before else None
    return Settling(state, made, moved, old.profile.settled if old.chosen else None)


def _add(home: Path, answers: tuple[Answered, ...]) -> None:
    """Add answers to the evidence, each once: a plan that was not kept for some reason is sent again."""
    log = Evidence(home)
    there = {(each.more.get("question"), each.seed) for each in log.written() if each.more.get("diagnostic")}
    if fresh := [each for each in asked.events(answers) if (each.more["question"], each.seed) not in there]:
        log.add(fresh)


def _with(state: State, settled: Settled) -> State:
    return replace(state, profile=replace(state.profile, settled=settled))


def _goal(state: State, text: str) -> str | tuple[str, ...]:
    try:
        goal = goal_of(state.content, text)
    except (NotFound, WrongInput) as error:
        cure = error.cure or "Take one of the list."
        raise WrongInput(error.subject, error.got, error.expected, cure, field="goal") from None
    return goal.topics if goal.kind == "own" else goal.id


def plain_settled(settled: Settled) -> dict[str, Any]:
    """The settings as JSON, as a page can send them back: the goal in one text."""
    goal = settled.goal if isinstance(settled.goal, str) else ",".join(settled.goal)
    return {"goal": goal, "hours": settled.hours, "start": settled.start, "target": settled.target}
