"""``castalia roadmap plan``: weeks, two dates, and the ways out where it does not fit."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from castalia.cli import terminal
from castalia.cli.learning import a_day, hours_a_week, read_state, tip, warn, words
from castalia.core.errors import NotFound, WrongInput, did_you_mean
from castalia.roadmap.telling import plain as plain

if TYPE_CHECKING:
    from castalia.roadmap.planner import Plan
    from castalia.roadmap.records import Goal
    from castalia.roadmap.state import State

NONE = "none"
SHOWN, SEEN = 4, 0.05
"""Weeks that are printed without --all; hours of review that are."""


def plan(
    *, goal: str = "", hours: float | None = None,
    known: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
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
        The day by which it should be done; none takes it away. Another goal does too.
    view
        Follow the order of one of the five roadmaps as far as what each topic requires lets it: castalia roadmap views.
        none takes it away.
    keep
        This is your plan from now on.
    all
        Print every week.
    json
        Print one object instead.
    """
    from castalia.roadmap import planner

    without = {name for name, said in (("target", target), ("view", view)) if said == NONE}
    begin, named, hours = a_day(start, "--start"), words(known), hours_a_week(hours)
    until = None if "target" in without else a_day(target, "--target")
    state = read_state(known=named, unknown=unknown)
    before, warnings = state.profile.settled, list(state.warnings)
    if not goal and not state.profile.settled.goal:
        known_goals = f"one of {', '.join(state.content.goals[:9])}, ..."
        cure = "castalia roadmap start asks for everything; or: castalia roadmap plan --goal gpt --hours 8"
        raise WrongInput(
            "castalia roadmap plan needs --goal", "none, and none is kept", known_goals, cure, field="goal"
        )
    if not hours and not state.profile.settled.hours:
        cure = f"castalia roadmap plan --goal {goal or state.profile.settled.goal} --hours 8"
        raise WrongInput("castalia roadmap plan needs --hours", "nothing", "hours a week", cure, field="hours")
    trial = bool(goal or hours or named or unknown or begin or until or without or view) and not keep
    if view and "view" not in without:
        _must_have_weeks(state, view)
    if without:
        state = _without(state, without)
    state = state.wishing(goal=goal, hours=hours, start=begin, target=until, view="" if "view" in without else view)
    request = state.request(start=begin, target=until)
    made, towards, moved = planner.plan(request), state.goal, None
    lost = before.target and not state.profile.settled.target and "target" not in without
    if before.target and lost and before.target > state.today:
        warnings.append(
            f"the target {before.target} was of the goal before and is left out; --target {before.target} keeps it"
        )
    if keep:
        first = begin or (None if before.start else request.start)
        kept = until or (state.profile.settled.target if goal else None)
        warnings += settle(state, goal, request.hours, first, kept, view, without)
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


def _must_have_weeks(state: State, view: str) -> None:
    known = [each.id for each in state.content.roadmaps.values() if each.by_week]
    if view not in known:
        cure = did_you_mean(view, known).strip() or f"Take {known[0]}."
        raise NotFound(f"no roadmap {view!r} has weeks to follow", view, ", ".join(known), cure)


def _without(state: State, names: Collection[str]) -> State:
    """The same learner without the kept target, or view."""
    settled = state.profile.settled
    if "target" in names:
        settled = replace(settled, target=None)
    if "view" in names:
        settled = replace(settled, view="")
    return replace(state, profile=replace(state.profile, settled=settled))


def settle(
    state: State, goal: str, hours: float, start: date | None, target: date | None, view: str,
    without: Collection[str] = (),
) -> tuple[str, ...]:  # fmt: skip
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
    if "target" in without:
        said["target"] = None
    if "view" in without:
        said["view"] = ""
    return state.note("plan", said)


def show(state: State, goal: Goal, made: Plan, *, all: bool = False) -> None:
    """Print a plan."""
    need, bold = made.hours_needed, "bold"
    topics = terminal.many(len(made.topics), "topic")
    head = f"{topics}, {need.total:.0f} hours, {made.hours:g} hours a week from {made.start}"
    terminal.out(f"{terminal.styled(goal.title, bold)}   {head}")
    terminal.out(made.verdict)
    if made.loop > 1:
        terminal.out(f"Round {made.loop} of the loop: study, learn, build, close a gap.")
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
    title: str, /, *, hours: float = 0.0, week: str = "", topic: str = "", url: str = "", passion: bool = False,
    done: bool = False, remove: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """Put something of your own into the plan: a book, a course, a meeting, or a passion project.

    Parameters
    ----------
    title
        What it is called.
    hours
        How many it takes; the plan gives them before its own topics.
    week
        A day of the week in which it begins; today without it.
    topic
        The topic that it is about; of a passion project all that it needs, with commas.
    url
        Where it is.
    passion
        It is your passion project: it begins when six tenths of what it needs are known, and takes four weeks at most.
    done
        You are through with it. After a passion project the next round of the loop begins.
    remove
        Take it out again.
    json
        Print {"title", "hours", "day", "topic", "url", "removed", "passion", "loop"} instead.
    """
    state = read_state()
    mine = state.profile.settled.passion
    if done or remove:
        return _over(state, title, done=done, json=json)
    day = a_day(week, "--week") or state.today
    if not 0 < hours <= 1000:
        raise WrongInput("--hours does not fit", f"{hours:g}", "more than 0, at most 1000", "Say how many it takes.",
                         field="hours")  # fmt: skip
    about = [state.content.graph.current(id) for id in words((topic,))]
    if passion and not about:
        cure = f'castalia roadmap add "{title}" --passion --hours {hours:g} --topic dl03,nl01'
        raise WrongInput("a passion project needs --topic", "none", "the topics that it needs", cure, field="topic")
    if not passion and len(about) > 1:
        raise WrongInput("--topic names more than one", topic, "one topic", "Only a passion project has more.",
                         field="topic")  # fmt: skip
    if passion:
        warnings = state.note("plan", {"passion": {"title": title, "hours": hours, "topics": about}})
        told = "is your passion project"
        if mine and mine.title != title:
            told += f" instead of {mine.title}"
        told += f": {hours:g} hours, four weeks at most, when enough of what it needs is known"
    else:
        said = {"title": title, "hours": hours, "day": day, "topic": "".join(about), "url": url, "removed": False}
        warnings = state.note("resource", said)
        told = f"is in the plan: {hours:g} hours from the week of {day} on"
    plain = {"title": title, "hours": hours, "day": day, "topic": ",".join(about), "url": url, "removed": False}
    _tell(state, told, plain | {"passion": passion, "loop": state.profile.settled.loop}, warnings, json)
    return 0


def _over(state: State, title: str, *, done: bool, json: bool) -> int:
    """Something of the learner's own is done, or was taken out."""
    settled = state.profile.settled
    passion = bool(settled.passion and settled.passion.title == title)
    known = {each.title: each for each in state.profile.resources}
    if not passion and title not in known:
        names = [*known, *([settled.passion.title] if settled.passion else [])]
        cure = did_you_mean(title, names).strip() or "castalia roadmap add NAME --hours 3 puts something in."
        raise NotFound(f"nothing of yours is called {title!r}", title, ", ".join(names) or "none was added", cure)
    loop = settled.loop + (passion and done)
    one = known.get(title)
    plain = {
        "title": title, "hours": 0.0 if passion or one is None else one.hours, "day": state.today,
        "topic": "" if passion or one is None else one.topic, "url": "" if passion or one is None else one.url,
        "removed": True,
    }  # fmt: skip
    if passion:
        warnings = state.note("plan", {"passion": None, "loop": loop})
    else:
        warnings = state.note("resource", plain)
    told = f"is done: round {loop} of the loop begins" if loop > settled.loop else "is out of the plan again"
    _tell(
        state, "is done" if done and not passion else told, plain | {"passion": passion, "loop": loop}, warnings, json
    )
    return 0


def _tell(state: State, told: str, plain: dict[str, Any], warnings: Iterable[str], json: bool) -> None:
    if json:
        terminal.out_json(plain)
    else:
        terminal.out(f"{terminal.printable(plain['title'])} {terminal.printable(told)}.  castalia roadmap plan")
    warn((*state.warnings, *warnings))
