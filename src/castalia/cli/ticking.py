"""``castalia roadmap progress``: sixteen completion items, nine skills, own items; and what one adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.cli.learning import read_state, tip, warn
from castalia.core.errors import NotFound, WrongInput, did_you_mean

if TYPE_CHECKING:
    from castalia.roadmap.progress import Progress
    from castalia.roadmap.state import State

MARKS = {"checked": "[x]", "linked": "[l]", "self-reported": "[s]", "": "[ ]"}


def progress(
    *, done: str = "", undo: str = "", link: str = "", kind: str = "", title: str = "", item: str = "",
    json: bool = False,
) -> int:  # fmt: skip
    """The sixteen completion items, the nine skills and items of your own. A tick says how it was earned.

    Parameters
    ----------
    done
        A milestone without a check (churn/M1), or an item of your own, that is done.
    undo
        Take that back, or a link or an item of your own away.
    link
        Where it can be looked at: a tick with a link is linked, one without self-reported.
    kind
        With --link alone: publication, contribution, deployment or implementation.
    title
        What the link is called.
    item
        Add an item of your own.
    json
        Print one object instead.
    """
    from castalia.roadmap.progress import progress as of

    state = read_state()
    warnings = list(state.warnings)
    for kind_, said in _said(state, done, undo, link, kind, title, item):
        warnings += state.note(kind_, said)
    if done or undo or link or item:
        state = read_state()
    found = of(state)
    months = _months(state) if state.history.last else []
    if json:
        terminal.out_json(_plain(state, found, months))
    else:
        _show(found, months)
        tip(state, "portfolio")
    warn(warnings)
    return 0


def _said(
    state: State, done: str, undo: str, link: str, kind: str, title: str, item: str
) -> list[tuple[str, dict[str, Any]]]:
    """What the flags add to the journal."""
    from castalia.roadmap.rules import LINKS

    found: list[tuple[str, dict[str, Any]]] = []
    if link and not link.startswith(("https://", "http://")):
        raise WrongInput("--link is no address", repr(link), "http:// or https://", "Paste it whole.", field="link")
    if (link and not done) or kind:
        if kind not in LINKS:
            cure = did_you_mean(kind, LINKS).strip() or "castalia roadmap progress --link URL --kind publication"
            raise WrongInput("--kind does not fit", repr(kind), ", ".join(LINKS), cure, field="kind")
        if not link:
            cure = f"castalia roadmap progress --link URL --kind {kind}"
            raise WrongInput("--kind without --link", kind, "--link with it", cure, field="link")
        found.append(("link", {"url": link, "sort": kind, "title": title}))
    titles = [each.title for each in state.profile.items]
    if item:
        found.append(("item", {"title": item, "done": False, "url": link if done else ""}))
    for name, is_done in ((done, True), (undo, False)):
        if not name:
            continue
        linked = [each for each in state.profile.links if each.url == name and each.sort != "milestone"]
        if linked and not is_done:
            found += [("link", {"url": name, "sort": each.sort, "removed": True}) for each in linked]
        elif name in titles:
            said = {"title": name, "done": is_done, "url": link} if is_done else {"title": name, "removed": True}
            found.append(("item", said))
        else:
            found.append(("link", _milestone(state, name, titles, link if is_done else "", is_done)))
    return found


def _milestone(state: State, name: str, titles: list[str], link: str, done: bool) -> dict[str, Any]:
    project, slash, number = name.partition("/")
    name = f"{state.content.former_goals.get(project, project)}/{number.upper()}"
    every = {each.id: each for one in state.content.projects.values() for each in one.milestones}
    if not slash or name not in every:
        known = [*every, *titles]
        cure = did_you_mean(name if slash else project, known).strip() or "castalia roadmap lists the milestones."
        expected = "a milestone such as churn/M1, or an item of your own"
        raise NotFound(f"no milestone or item {name.rstrip('/')!r}", name.rstrip("/"), expected, cure)
    if every[name].check and done:
        cure = f"castalia check {name.partition('/')[0]}"
        raise WrongInput(f"{name} has a check", "a word for it", "a check that passes", cure, field="done")
    return {"sort": "milestone", "about": name, "url": link, "title": every[name].title, "removed": not done}


def _months(state: State) -> list[str]:
    from castalia.roadmap.calibration import calibration
    from castalia.roadmap.days import end_of
    from castalia.roadmap.mastery import TESTED
    from castalia.roadmap.remembered import seen

    observed = seen(state.home, state.content, state.every, end_of(state.today))
    granted = dict.fromkeys((*state.profile.known, *state.extra), TESTED)
    return [each.sentence for each in calibration(observed, state.content.graph, granted)]


def _plain(state: State, found: Progress, months: list[str]) -> dict[str, Any]:
    return {
        "goal": {"id": state.goal.id, "title": state.goal.title, "chosen": state.chosen},
        "items": [
            {"id": each.id, "group": each.group, "title": each.title, "complete": each.complete, "tick": each.tick,
             "counts": [{"count": one.rule.count, "of": list(one.rule.of), "have": len(one.ticks),
                         "at_least": one.rule.at_least, "words": one.words} for one in each.counts]}
            for each in found.items
        ],
        "skills": [
            {"id": each.id, "title": each.title, "topics": each.topics, "states": dict(each.states),
             "self_reported": each.said, "links_only": each.links_only}
            for each in found.skills
        ],
        "own": [{"title": each.title, "done": each.done, "tick": own_tick(each.done, each.url), "url": each.url}
                for each in found.own],
        "calibration": months,
    }  # fmt: skip


def own_tick(done: bool, url: str) -> str:
    """How an item of one's own is ticked."""
    return ("linked" if url else "self-reported") if done else ""


def _show(found: Progress, months: list[str]) -> None:
    group = ""
    for each in found.items:
        if each.group != group:
            group = each.group
            terminal.out(terminal.styled(group, "bold"))
        counts = ", ".join(one.words for one in each.counts)
        tick = f"   {terminal.styled(each.tick, 'green')}" if each.tick else f"   {terminal.styled(counts, 'dim')}"
        terminal.out(f"  {MARKS[each.tick]} {each.title}{tick}")
    terminal.out()
    terminal.out_table(
        ("skill", "topics", "checked", "retained", "rusty", "learning", "said", "links only"),
        [(each.title, each.topics, each.states["checked"], each.states["retained"], each.states["rusty"],
          each.states["learning"], each.said, each.links_only) for each in found.skills],
        right=("topics", "checked", "retained", "rusty", "learning", "said", "links only"),
    )  # fmt: skip
    if found.own:
        terminal.out(f"\n{terminal.styled('Your own', 'bold')}")
    for mine in found.own:
        tick = own_tick(mine.done, mine.url)
        words = f"   {tick}" if tick else ""
        terminal.out(f"  {MARKS[tick]} {terminal.printable(mine.title)}{words}")
    if months:
        terminal.out(f"\n{terminal.styled('Do our predictions hold?', 'bold')}")
    for line in months[-3:]:
        terminal.out(f"  {line}")
