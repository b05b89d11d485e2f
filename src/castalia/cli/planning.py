"""``castalia roadmap plan``: weeks, two dates, and the ways out where it does not fit."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from castalia.cli import terminal
from castalia.cli.learning import a_day, read_state, tip, warn, words
from castalia.core.errors import NotFound, WrongInput, did_you_mean
from castalia.roadmap.telling import plain as plain

if TYPE_CHECKING:
    from castalia.roadmap.planner import Plan
    from castalia.roadmap.records import Goal
    from castalia.roadmap.state import State

SHOWN, SEEN = 4, 0.05
"""Weeks that are printed without --all; hours of review that are."""


def plan(
    *, goal: str = "", hours: float = 0.0, known: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    unknown: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (), start: str = "", target: str = "",
    view: str = "", keep: bool = False, all: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """A plan to a goal: topics in order, weeks, the dates by which half and nine of ten are through.

    Without flags it is made anew from what you kept, and says what moved. Flags try something else out.

    Parameters
    ----------
    goal
        A project, a track, a skill, a topic, everything, an endgame (gpt, research_scientist), or topics with commas.
    hours
        A week, as they really are.
    known
        Topics that you know, by id or by the beginning of ids: cs,sq,py01.
    unknown
        Topics that you said you know, and do not.
    start
        The first day, 2026-12-01; today without it.
    target
        The day by which it should be done.
    view
        Follow the order of one of the five roadmaps as far as what each topic requires lets it: castalia roadmap views.
    keep
        This is your plan from now on.
    all
        Print every week.
    json
        Print one object instead.
    """
    from castalia.roadmap import planner

    begin, until, named = a_day(start, "--start"), a_day(target, "--target"), words(known)
    state = read_state(known=named, unknown=unknown)
    if not goal and not state.profile.settled.goal:
        known_goals = f"one of {', '.join(state.content.goals[:9])}, ..."
        cure = "castalia roadmap start asks for everything; or: castalia roadmap plan --goal gpt --hours 8"
        raise WrongInput(
            "castalia roadmap plan needs --goal", "none, and none is kept", known_goals, cure, field="goal"
        )
    if not hours and not state.profile.settled.hours:
        cure = f"castalia roadmap plan --goal {goal or state.profile.settled.goal} --hours 8"
        raise WrongInput("castalia roadmap plan needs --hours", "nothing", "hours a week", cure, field="hours")
    trial = bool(goal or hours or named or unknown or begin or until or view) and not keep
    if view:
        state = _following(state, view)
    request = state.request(goal=goal, hours=hours, start=begin, target=until)
    made = planner.plan(request)
    from castalia.roadmap.learner import goal_of

    towards = goal_of(state.content, goal) if goal else state.goal
    warnings, moved = list(state.warnings), None
    if keep:
        first = begin or (None if state.profile.settled.start else request.start)
        warnings += settle(state, goal, request.hours, first, until, view)
        for ids, is_known in ((state.extra, True), (state.less, False)):
            if ids:
                warnings += state.note("known", {"topics": list(ids), "known": is_known})
        state = read_state()
    if not trial:
        moved = state.moved(made)
        warnings += state.keep(made)
    if json:
        terminal.out_json(plain(state, towards, made, moved.words if moved else ""))
    else:
        show(state, towards, made, all=all)
        if moved and (moved.moved or moved.added or moved.dropped or moved.days):
            terminal.out(f"\n{terminal.styled('Since the last plan:', 'bold')} {moved.words}.")
        if trial:
            terminal.say(terminal.styled("Tried out only. The same with --keep makes it yours.", "dim", sys.stderr))
        tip(state, "plan")
    warn(warnings)
    return 0


def _following(state: State, view: str) -> State:
    """The same learner with the order of a roadmap that has weeks."""
    known = [each.id for each in state.content.roadmaps.values() if each.by_week]
    if view not in known:
        cure = did_you_mean(view, known).strip() or f"Take {known[0]}."
        raise NotFound(f"no roadmap {view!r} has weeks to follow", view, ", ".join(known), cure)
    settled = replace(state.profile.settled, view=view)
    return replace(state, profile=replace(state.profile, settled=settled))


def settle(
    state: State, goal: str, hours: float, start: date | None, target: date | None, view: str
) -> tuple[str, ...]:
    """Keep the settings of a plan; what could not be kept, in words. Without a new start its past weeks count on."""
    from castalia.roadmap.learner import goal_of

    said: dict[str, Any] = {"hours": hours}
    if start:
        said["start"] = start
    if view:
        said["view"] = view
    if goal:
        chosen = goal_of(state.content, goal)
        said |= {"goal": list(chosen.topics) if chosen.kind == "own" else chosen.id, "target": target}
    elif target:
        said["target"] = target
    return state.note("plan", said)


def show(state: State, goal: Goal, made: Plan, *, all: bool = False) -> None:
    """Print a plan."""
    need, bold = made.hours_needed, "bold"
    topics = terminal.many(len(made.topics), "topic")
    head = f"{topics}, {need.total:.0f} hours, {made.hours:g} hours a week from {made.start}"
    terminal.out(f"{terminal.styled(goal.title, bold)}   {head}")
    terminal.out(made.verdict)
    if need.before is not None and made.feasible and made.topics:
        assert need.with_buffer is not None
        terminal.out(
            f"Until {made.target} it needs {need.before:.0f} hours a week, {need.with_buffer:.0f} with the buffer."
        )
    for number, each in enumerate(made.exits, 1):
        terminal.out(f"  {number}. {each.words}")
    weeks = made.weeks if all else made.weeks[:SHOWN]
    if weeks:
        terminal.out()
    for week in weeks:
        from castalia.roadmap.journal import share_words

        shares = [share_words(state, each) for each in week.shares] or ["nothing new"]
        if week.reviews >= SEEN:
            shares.append(f"reviews: {week.reviews:.1f} h")
        label = f"week {week.number:>2}  {week.start}"
        for place, line in enumerate(shares):
            begin = " " * len(label) if place else terminal.styled(label, "accent")
            terminal.out(f"{begin}  {terminal.printable(line)}")
    if len(made.weeks) > len(weeks):
        terminal.out(terminal.styled(f"... {len(made.weeks) - len(weeks)} more weeks: --all", "dim"))
    terminal.out()
    for line in made.basis:
        terminal.out(terminal.styled(line, "dim"))


def add(
    title: str, /, *, hours: float = 0.0, week: str = "", topic: str = "", url: str = "", remove: bool = False,
    json: bool = False,
) -> int:  # fmt: skip
    """Put something of your own into a week of the plan: a book, a course, a meeting.

    Parameters
    ----------
    title
        What it is called.
    hours
        How many it takes; the plan gives them before its own topics.
    week
        A day of the week in which it begins; today without it.
    topic
        The topic that it is about.
    url
        Where it is.
    remove
        Take it out again.
    json
        Print {"title", "hours", "day", "topic", "url", "removed"} instead.
    """
    state = read_state()
    day = a_day(week, "--week") or state.today
    if not remove and not 0 < hours <= 1000:
        raise WrongInput("--hours does not fit", f"{hours:g}", "more than 0, at most 1000", "Say how many it takes.",
                         field="hours")  # fmt: skip
    about = state.content.graph.current(topic) if topic else ""
    said = {"title": title, "hours": hours, "day": day, "topic": about, "url": url, "removed": remove}
    warnings = state.note("resource", said)
    if json:
        terminal.out_json(said)
    else:
        done = "is out of the plan again" if remove else f"is in the plan: {hours:g} hours from the week of {day} on"
        terminal.out(f"{terminal.printable(title)} {done}.  castalia roadmap plan")
    warn((*state.warnings, *warnings))
    return 0
