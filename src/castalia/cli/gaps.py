"""``castalia roadmap gap``: the one gap to close next, with its arithmetic; and gaps of one's own."""

from __future__ import annotations

from castalia.cli import terminal
from castalia.cli.learning import read_state, tip, warn
from castalia.core.errors import NotFound, WrongInput, did_you_mean


def gap(
    *, own: str = "", topic: str = "", hours: float = 0.0, choose: bool = False, drop: str = "", json: bool = False
) -> int:
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
    json
        Print {"topic", "title", "score", "why", "since", "until"} instead; {"topic": null, ...} where nothing is left.
    """
    state = read_state()
    if (topic or hours or choose) and not own:
        given = "--topic" if topic else "--hours" if hours else "--choose"
        cure = 'castalia roadmap gap --own "I mix up axes" --topic da01'
        raise WrongInput(f"castalia roadmap gap {given} without --own", given, "--own with it", cure)
    warnings = list(state.warnings)
    if drop:
        titles = [each.title for each in state.profile.gaps]
        if drop not in titles:
            cure = did_you_mean(drop, titles).strip() or "castalia roadmap gap --own NAME makes one."
            raise NotFound(f"no gap of yours is called {drop!r}", drop, ", ".join(titles) or "none was named", cure)
        warnings += state.note("gap", {"title": drop, "removed": True})
    if own:
        if not 0 <= hours <= 1000:
            raise WrongInput("--hours does not fit", f"{hours:g}", "0 to 1000", "Leave it out.", field="hours")
        about = state.content.graph.current(topic) if topic else ""
        warnings += state.note("gap", {"title": own, "topic": about, "hours": hours, "chosen": choose})
    if own or drop:
        state = read_state()
    warnings += state.hold()
    found = state.gap
    if json:
        from castalia.roadmap.today import plain_gap

        nothing = dict.fromkeys(("topic", "title", "score", "why", "since", "until"))
        terminal.out_json(plain_gap(found) if found else nothing)
    elif found is None:
        terminal.out(f"No gap is left for {state.goal.title}.")
    else:
        terminal.out(f"{terminal.styled(terminal.printable(found.title), 'bold')}   until {found.until}")
        terminal.out(terminal.printable(found.why))
        for each in state.content.links(found.topic)[:3] if found.topic in state.content.graph.topics else ():
            cost = f"{each.cost}, as of {each.cost_as_of}" if each.cost_as_of else each.cost
            terminal.out(f"  {each.title} ({each.kind}, {cost}){'  ' + each.url if each.url else ''}")
        tip(state, "gap")
    warn(warnings)
    return 0
