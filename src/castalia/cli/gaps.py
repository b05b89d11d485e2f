"""``castalia roadmap gap``: the one gap to close next, with its arithmetic; and gaps of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.cli.learning import read_state, tip, warn
from castalia.core.errors import NotFound, WrongInput, did_you_mean

if TYPE_CHECKING:
    from castalia.roadmap.state import State


def gap(
    *, own: str = "", topic: str = "", hours: float | None = None, choose: bool = False, drop: str = "",
    done: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """The one gap to close next, and why this one. The others are parked out of sight.

    Parameters
    ----------
    own
        Name a gap of your own.
    topic
        The topic that it is about, where it is one of the roadmap's.
    hours
        How many it will take, where it names no topic.
    choose
        Make it the gap now, whatever its score.
    drop
        Take a gap of your own away again, by its name.
    done
        You know it now: for a gap that no check closes. It counts as your word, and the next gap is shown.
    json
        Print {"topic", "title", "score", "why", "since", "until", "done_command"} instead; {"topic": null, ...} where
        nothing is left.
    """
    from castalia.roadmap.today import done_command

    state = read_state()
    if (topic or hours is not None or choose) and not own:
        given = "--topic" if topic else "--hours" if hours is not None else "--choose"
        cure = 'castalia roadmap gap --own "I mix up axes" --topic da01'
        raise WrongInput(f"castalia roadmap gap {given} without --own", given, "--own with it", cure)
    if done and (own or drop):
        raise WrongInput("castalia roadmap gap --done with another flag", "--own or --drop", "--done alone",
                         "castalia roadmap gap --done")  # fmt: skip
    warnings, closed = list(state.warnings), ""
    if done:
        from castalia.roadmap.closing import close

        closed = close(state).title
    if drop:
        titles = [each.title for each in state.profile.gaps]
        if drop not in titles:
            cure = did_you_mean(drop, titles).strip() or "castalia roadmap gap --own NAME makes one."
            raise NotFound(f"no gap of yours is called {drop!r}", drop, ", ".join(titles) or "none was named", cure)
        state.note("gap", {"title": drop, "removed": True})
    if own:
        _name(state, own, topic, hours, choose)
    if own or drop or done:
        state = read_state()
    warnings += state.hold()
    found = state.gap
    if json:
        from castalia.roadmap.today import plain_gap

        nothing = dict.fromkeys(("topic", "title", "score", "why", "since", "until", "done_command"))
        terminal.out_json(plain_gap(state, found) if found else nothing)
        warn(warnings)
        return 0
    if closed:
        terminal.out(f"{terminal.printable(closed)} is closed, by your word. The next one:\n")
    if found is None:
        terminal.out(f"No gap is left for {state.goal.title}.")
    else:
        terminal.out(f"{terminal.styled(terminal.printable(found.title), 'bold')}   until {found.until}")
        terminal.out(terminal.printable(found.why))
        for each in state.content.links(found.topic)[:3] if found.topic in state.content.graph.topics else ():
            cost = f"{each.cost}, as of {each.cost_as_of}" if each.cost_as_of else each.cost
            terminal.out(f"  {each.title} ({each.kind}, {cost}){'  ' + each.url if each.url else ''}")
        if command := done_command(state, found):
            asks = "Done with it?" if found.topic.startswith("own:") else "Know it now?"
            terminal.out(f"{asks}  {terminal.styled(command, 'accent')}")
        tip(state, "gap")
    warn(warnings)
    return 0


def _name(state: State, own: str, topic: str, hours: float | None, choose: bool) -> None:
    """Keep a gap of the learner's own."""
    from castalia.roadmap.gap import OWN_HOURS, begins

    if hours is not None and not 0 < hours <= 1000:
        raise WrongInput("--hours does not fit", f"{hours:g}", "more than 0, at most 1000", "Leave it out.",
                         field="hours")  # fmt: skip
    about = state.content.graph.current(topic) if topic else ""
    if choose:
        begins(state.learner, about)
    said = {"title": own, "topic": about, "hours": OWN_HOURS if hours is None else hours, "chosen": choose}
    state.note("gap", said)
