"""``castalia roadmap start``: goal, hours, dates, what is known; a few questions, and the first plan."""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import Parameter

from castalia.cli import terminal
from castalia.cli.learning import a_day, hours_a_week, read_state, show_question, tip, warn, words
from castalia.cli.planning import plain, show
from castalia.core.errors import CastaliaError, WrongInput

if TYPE_CHECKING:
    from castalia.roadmap.asked import Answered
    from castalia.roadmap.bank.question import Question
    from castalia.roadmap.state import State

T = TypeVar("T")
QUESTIONS = (
    ("beginning", "Where do you start from? One line, or nothing."),
    ("strengths", "What are you good at already?"),
    ("worries", "What worries you?"),
)


@dataclass
class Answers:
    """What the intake found out."""

    goal: str = ""
    hours: float = 0.0
    start: date | None = None
    target: date | None = None
    known: list[str] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    asked: list[Answered] = field(default_factory=list)
    """What was said to the questions."""


def start(
    *, goal: str = "", hours: float | None = None, start: str = "", target: str = "",
    known: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    beginning: Annotated[str, Parameter(name="--from")] = "", strengths: str = "", worries: str = "",
    no_questions: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """Choose a goal and say how much time there is: a first plan. On a terminal it asks for what no flag says.

    Parameters
    ----------
    goal
        A project, a track, a skill, a topic, everything, an endgame (gpt, research_scientist), or topics with commas.
    hours
        A week, as they really are.
    start
        The first day; today without it.
    target
        The day by which it should be done; none is fine.
    known
        Topics that you know, by id or by the beginning of ids: cs,sq,py01.
    beginning
        Where you start from, in your words. It stays on this machine.
    strengths
        What you are good at.
    worries
        What worries you.
    no_questions
        Ask nothing; what is known then starts at nothing but --known.
    json
        Print the plan as one object; nothing is asked.
    """
    about = {"beginning": beginning, "strengths": strengths, "worries": worries}
    given = Answers(
        goal, hours_a_week(hours), a_day(start, "--start"), a_day(target, "--target"), words(known),
        {name: text for name, text in about.items() if text},
    )  # fmt: skip
    asks = sys.stdin.isatty() and not json and not no_questions
    if not asks and not (goal and hours):
        missing = "--goal" if not goal else "--hours"
        raise WrongInput(f"castalia roadmap start needs {missing}", "no terminal to ask on", "--goal and --hours",
                         "castalia roadmap start --goal gpt --hours 8 --known cs")  # fmt: skip
    state = read_state(known=given.known)
    if asks:
        _ask(state, given)
    return _keep(state, given, json)


def _keep(state: State, given: Answers, json: bool) -> int:
    from castalia.roadmap.asked import keep
    from castalia.roadmap.learner import goal_of
    from castalia.roadmap.planner import plan
    from castalia.roadmap.sequence import assumed

    goal = goal_of(state.content, given.goal)
    begin = given.start or state.today
    state.request(
        goal=given.goal, hours=given.hours, start=begin, target=given.target
    )  # refuses before anything is kept
    warnings = state.note("plan", {
        "goal": list(goal.topics) if goal.kind == "own" else goal.id, "hours": given.hours, "start": begin,
        "target": given.target,
    })  # fmt: skip
    if given.known:
        topics = [*state.extra, *assumed(state.content.graph, given.known)]
        warnings += state.note("known", {"topics": list(dict.fromkeys(topics)), "known": True})
    if given.about:
        warnings += state.note("about", given.about)
    warnings += keep(state, given.asked)
    state = read_state()
    made = plan(state.request(start=begin))
    warnings += state.keep(made)
    if json:
        terminal.out_json(plain(state, goal, made))
    else:
        terminal.out()
        if given.known:
            terminal.out(f"Taken as known: {terminal.many(len(state.profile.known), 'topic')}, by your word.")
        show(state, goal, made)
        terminal.out(f"\nThis is your plan.  {terminal.styled('castalia today', 'accent')}   what to do now")
    warn((*state.warnings, *warnings))
    return 0


# --- on a terminal -------------------------------------------------------------------------------


def _ask(state: State, given: Answers) -> None:
    """Fill in what no flag said. Ctrl-C keeps nothing."""
    graph = state.content.graph
    tip(state, "intake")
    if not given.goal:
        terminal.say(f"What do you want to reach? {', '.join(state.content.endgames)}, everything,")
        terminal.say(f"a track ({', '.join(state.content.tracks)}), a skill ({', '.join(state.content.skills)}),")
        terminal.say(f"or a project ({', '.join(list(state.content.projects)[:9])}, ...).")
        given.goal = _asked("goal", lambda text: _goal(state, text))
    if not given.hours:
        given.hours = _asked("hours a week, as they really are", lambda text: _hours(state, given.goal, text))
    if given.target is None:
        given.target = _asked(
            "done by (year-month-day), or nothing", lambda text: _target(text, given.start or state.today)
        )
    if not given.known:
        terminal.say("What do you know already? Ids or their beginnings (cs, sq, py01), or nothing.")
        given.known = _asked("known", lambda text: _known(graph, text))
    for name, question in QUESTIONS:
        if name not in given.about and (text := _asked(question, str)):
            given.about[name] = text
    _diagnose(state, given)


def _diagnose(state: State, given: Answers) -> None:
    """At most fifteen questions, each on the topic whose answer settles most."""
    from castalia.roadmap import asked
    from castalia.roadmap.testout import QUESTIONS as MOST

    seed = random.randrange(asked.SEEDS)
    question = asked.next_question(state, given.goal, given.known, [], seed)
    if question is None:
        return
    terminal.say(f"At most {MOST} questions find out what you can skip. ? is: I do not know. s skips one, q the rest.")
    number = 1
    while question is not None:
        title = f"{number}. {state.content.graph.topics[question.topic].title}"
        terminal.say(terminal.styled(title, "bold", sys.stderr))
        show_question(question, terminal.say)
        found = _asked("answer", functools.partial(_answer, question))
        if found is None:
            break
        given.asked.append(found)
        if not found.skipped:
            told = asked.marked(found)
            wrong = "Not right." if found.text else "Noted."
            verdict = terminal.styled("Right.", "green", sys.stderr) if told.right else wrong
            terminal.say(f"{verdict} {told.says}\n")
            number += 1
        question = asked.next_question(state, given.goal, given.known, given.asked, seed)


def _answer(question: Question, text: str) -> Answered | None:
    """What was said to a question; None to leave the rest."""
    from castalia.roadmap.asked import Answered
    from castalia.roadmap.bank.question import mark

    if text.lower() == "q":
        return None
    if text.lower() == "s":
        return Answered(question.id, question.seed, skipped=True)
    if text == "?":
        return Answered(question.id, question.seed)
    mark(question, text)  # refuses what is no answer
    return Answered(question.id, question.seed, text)


def _asked(question: str, read: Callable[[str], T]) -> T:
    """Ask until it can be read."""
    while True:
        print(f"{question}: ", end="", file=sys.stderr, flush=True)
        try:
            text = input().strip()
        except EOFError:
            raise KeyboardInterrupt from None
        try:
            return read(text)
        except CastaliaError as error:
            from castalia.cli.failure import say_error

            say_error(error)


def _goal(state: State, text: str) -> str:
    from castalia.roadmap.learner import goal_of

    goal_of(state.content, text)
    return text


def _hours(state: State, goal: str, text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        raise WrongInput("hours a week", repr(text), "a number", "8, say") from None
    return state.request(goal=goal, hours=hours).hours if hours else _hours(state, goal, "none")


def _target(text: str, start: date) -> date | None:
    found = a_day(text, "--target")
    if found and found <= start:
        raise WrongInput("target date", text, f"after {start}", "Choose a later one, or none.")
    return found


def _known(graph: Any, text: str) -> list[str]:
    from castalia.roadmap.sequence import assumed

    found = words([text])
    if topics := assumed(graph, found):
        terminal.say(f"Taken as known: {terminal.many(len(topics), 'topic')}, {', '.join(topics)}.")
    return found
