"""What every command about learning begins with: the learner's state, today's date, dates that were typed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.cli.check import warn as warn
from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.roadmap.bank.question import Question
    from castalia.roadmap.state import State


def read_state(today: str = "", known: Sequence[str] = (), unknown: Sequence[str] = ()) -> State:
    """The state of the home, today or on a day that was typed."""
    from castalia.core.settings import Settings
    from castalia.roadmap.state import State

    return State.read(Settings.read().home, a_day(today, "--on") or date.today(), words(known), words(unknown))


def tip(state: State, *places: str) -> None:
    """One piece of advice that applies here, another one each day; beside the answer."""
    found = state.content.tips_for(*places)
    if found:
        chosen = found[state.today.toordinal() % len(found)]
        url = state.content.url_of(chosen)
        words = f"{chosen.words}  {url}" if url else chosen.words
        terminal.say(terminal.styled(f"\n{terminal.printable(words)}", "dim", sys.stderr))


def show_question(question: Question, write: Callable[[str], None]) -> None:
    """A question as it is read on a terminal, line by line."""
    from castalia.roadmap.bank.question import LETTERS

    write(question.text)
    for line in question.code.splitlines():
        write(f"    {line}")
    for letter, option in zip(LETTERS, question.options, strict=False):
        write(f"  {letter}) {option.text}")


def words(typed: Iterable[str]) -> list[str]:
    """``cs,sq to`` as three words."""
    return [word for each in typed for word in each.replace(",", " ").split()]


def hours_a_week(typed: float | None) -> float:
    """What --hours says, 0 for nothing; WrongInput for a week without hours, which is no plan."""
    if typed == 0:
        from castalia.roadmap.planner import HOURS

        cure = "Say how many you really have; half an hour is a plan too."
        raise WrongInput("hours a week", "0", f"{HOURS[0]:g} to {HOURS[1]:g}", cure, field="hours")
    return typed or 0.0


def a_day(text: str, flag: str) -> date | None:
    """A date that was typed, 2026-12-31; None for nothing."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        cure = f"{flag} {date.today()} is today."
        raise WrongInput(f"{flag} is no date", repr(text), "year-month-day", cure, field=flag[2:]) from None
    if not 2000 <= found.year <= 2200:
        raise WrongInput(f"{flag} is far away", text, "a day from 2000 to 2200", "Look at the year.", field=flag[2:])
    return found
