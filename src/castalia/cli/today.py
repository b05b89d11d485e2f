"""``castalia today``: one gap, one milestone, at most three reviews, and when to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.cli.learning import read_state, warn

if TYPE_CHECKING:
    from castalia.roadmap.today import Today


def today(*, on: str = "", answer: bool = False, json: bool = False) -> int:
    """One gap, one milestone with its minutes, at most three reviews, when to stop, and a bug of the day.

    Parameters
    ----------
    on
        Another day than today: 2026-12-01.
    answer
        Say which claim notices the bug of the day.
    json
        Print one object instead.
    """
    from castalia.roadmap.today import shown
    from castalia.roadmap.today import today as of

    state = read_state(on)
    found = of(state)
    warnings = list(state.warnings)
    if not on:
        warnings += shown(found)
    if json:
        terminal.out_json(found.plain(answer=answer))
    else:
        _show(found, answer)
    warn(warnings)
    return 0


def _show(found: Today, answer: bool) -> None:
    from castalia.roadmap.today import done_command

    bold, accent = "bold", "accent"
    goal = found.state.goal
    terminal.out(f"{terminal.styled(f'{found.day:%A} {found.day}', bold)}   {goal.title}")
    if found.back:
        terminal.out(f"\n{found.back.words}")
        terminal.out(f"  {terminal.styled(found.back.command, accent)}")
        terminal.out(f"\n{found.stop}")
        return
    gap, step, bug = found.gap, found.milestone, found.bug
    if gap:
        terminal.out(f"\n{terminal.styled('Gap', bold)}        {terminal.printable(gap.title)}, until {gap.until}")
        terminal.out(f"           {terminal.printable(gap.why)}")
        if command := done_command(found.state, gap):
            asks = "Done with it?" if gap.topic.startswith("own:") else "Know it now?"
            terminal.out(f"           {asks}  {terminal.styled(command, 'accent')}")
        for each in found.links:
            cost = f"{each.cost}, as of {each.cost_as_of}" if each.cost_as_of else each.cost
            terminal.out(f"           {each.title} ({each.kind}, {cost})  {each.url}")
    if step:
        says = f", {step.says}" if step.says else ""
        minutes = f"about {step.minutes} minutes in all"
        terminal.out(
            f"\n{terminal.styled('Milestone', bold)}  {step.number} of {step.project}: {step.title}, {minutes}{says}"
        )
        if step.words:
            terminal.out(f"           {terminal.printable(step.words)}")
        when = "" if step.check else "When it is done:  "
        terminal.out(f"           {when}{terminal.styled(begin_line(found), accent)}")
    if found.reviews:
        terminal.out()
    for number, one in enumerate(found.reviews):
        head = "           " if number else f"{terminal.styled('Again', bold)}      "
        terminal.out(f"{head}{one.title}, about {one.minutes} minutes")
        terminal.out(f"           {terminal.styled(one.command, accent)}")
    terminal.out(f"\n{terminal.styled('Stop', bold)}       {found.stop}")
    if found.next_time:
        terminal.out(f"           {terminal.printable(found.next_time)}")
    if bug:
        terminal.out(f"\n{terminal.styled('Bug', bold)}        {terminal.printable(bug.question)}")
        told = f"It breaks: {bug.words}" if answer else "castalia today --answer"
        terminal.out(f"           {terminal.styled(terminal.printable(told), 'dim')}")
    if found.tip:
        url = found.state.content.url_of(found.tip)
        words = f"{found.tip.words}  {url}" if url else found.tip.words
        terminal.out(f"\n{terminal.styled(terminal.printable(words), 'dim')}")
    if not found.state.chosen:
        terminal.say(
            f"\nNo goal was chosen yet, so it is everything.  {terminal.styled('castalia roadmap start', accent)}"
        )


def begin_line(found: Today) -> str:
    """What to type for today's milestone: stubs for what was never checked, else the check."""
    step, last = found.milestone, found.state.history.last
    assert step is not None
    if not step.check:
        return step.command
    begun = any(id.startswith(f"{step.project}/") for id in found.state.history.passed)
    if begun or (last and last.project == step.project):
        return step.command
    return "castalia learn" if step.project == "softmax" else f"castalia new {step.project} --learn"
