"""``castalia roadmap views, topic, sources``: the five roadmaps as views, one topic, and whom all of it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.cli.learning import read_state, warn
from castalia.core.errors import NotFound, did_you_mean

if TYPE_CHECKING:
    from castalia.roadmap.content import Content
    from castalia.roadmap.records import Block, Resource
    from castalia.roadmap.state import State


def views(id: str = "", /, *, json: bool = False) -> int:
    """The five roadmaps over the one graph; with one of them its weeks, steps or groups.

    Parameters
    ----------
    id
        Which one.
    json
        Print a list of objects instead; of one roadmap its blocks.
    """
    from castalia.roadmap.content import content

    every = content().roadmaps
    if id and id not in every:
        cure = did_you_mean(id, every).strip() or "Type:  castalia roadmap views"
        raise NotFound(f"no roadmap {id!r}", id, ", ".join(every), cure)
    if json:
        found: list[dict[str, Any]] = [
            {"id": each.id, "title": each.title, "summary": each.summary, "goal": each.goal, "blocks": len(each.blocks)}
            for each in every.values()
        ]
        terminal.out_json([_block(each) for each in every[id].blocks] if id else found)
        return 0
    for each in [] if id else every.values():
        terminal.out(f"{terminal.styled(each.id, 'accent')}   {each.title}")
        terminal.out(f"  {each.summary}")
    if id:
        terminal.out(f"{terminal.styled(every[id].title, 'bold')}")
        for block in every[id].blocks:
            _show(block, content())
        for note in every[id].notes:
            terminal.out(f"  {note.words}")
        if every[id].by_week:
            terminal.say(f"Follow its order:  castalia roadmap plan --view {id} --keep")
    return 0


def _when(block: Block) -> str:
    for unit, span in (("week", block.weeks), ("day", block.days)):
        if span:
            first, last = span
            return f"{unit} {first}" if first == last else f"{unit}s {first} to {last}"
    return ""


def _block(block: Block) -> dict[str, Any]:
    return {
        "id": block.id, "title": block.title, "weeks": list(block.weeks), "days": list(block.days),
        "topics": list(block.topics), "resources": list(block.resources), "projects": list(block.projects),
        "steps": [each.words for each in block.steps], "produces": list(block.produces), "scope": block.scope,
    }  # fmt: skip


def _show(block: Block, roadmap: Content) -> None:
    when = _when(block)
    terminal.out(f"\n{terminal.styled(block.title, 'bold')}{f'   {when}' if when else ''}")
    for each in block.steps:
        terminal.out(f"  {each.words}")
    for name in ("topics", "projects"):
        if ids := getattr(block, name):
            terminal.out(f"  {terminal.styled(name, 'dim')}  {', '.join(ids)}")
    if block.resources:
        titles = "; ".join(roadmap.resources[id].title for id in block.resources)
        terminal.out(f"  {terminal.styled('resources', 'dim')}  {titles}")
    if block.produces:
        terminal.out(f"  {terminal.styled('leaves', 'dim')}  {'; '.join(block.produces)}")


def topic(id: str, /, *, json: bool = False) -> int:
    """One topic: how you stand with it, its hours, what it requires, what checks it, what to learn it from.

    Parameters
    ----------
    id
        Such as dl03.
    json
        Print one object instead.
    """
    state = read_state()
    one = state.content.graph.topics[state.content.graph.current(id)]
    links, checked = state.content.links(one.id), state.content.checked.get(one.id, ())
    standing = state.standings[one.id]
    if json:
        terminal.out_json(
            {
                "id": one.id, "title": one.title, "skill": one.skill, "state": standing.state,
                "hours": {"p50": one.hours.p50, "p90": one.hours.p90, "basis": one.hours.basis, "date": one.hours.date},
                "requires": list(one.requires), "encompasses": dict(one.encompasses), "checked_by": list(checked),
                "says": state.content.says(one.id), "links": [_link(each) for each in links],
            }
        )  # fmt: skip
        return 0
    hours = (
        f"{one.hours.p50:g} hours, nine of ten within {one.hours.p90:g} (basis: {one.hours.basis}, {one.hours.date})"
    )
    terminal.out(f"{terminal.styled(one.id, 'accent')}   {terminal.styled(one.title, 'bold')}   {standing.state}")
    terminal.out_facts(
        {
            "hours": hours,
            "requires": _titles(state, one.requires),
            "encompasses": _titles(state, one.encompasses),
            "checked by": ", ".join(checked) or state.content.says(one.id),
        }
    )
    for each in links:
        cost = f"{each.cost}, as of {each.cost_as_of}" if each.cost_as_of else each.cost
        terminal.out(f"  {each.title} ({each.kind}, {cost}){'  ' + each.url if each.url else ''}")
    for tip in state.content.tips_for(one.id, one.skill)[:1]:
        terminal.out(terminal.styled(f"\n{tip.words}", "dim"))
    warn(state.warnings)
    return 0


def _titles(state: State, ids: Any) -> str:
    return ", ".join(f"{state.content.graph.topics[id].title} ({id})" for id in ids)


def _link(one: Resource) -> dict[str, Any]:
    return {
        "id": one.id, "title": one.title, "url": one.url, "kind": one.kind, "cost": one.cost,
        "cost_as_of": one.cost_as_of, "language": one.language, "scope": one.scope, "status": one.status,
    }  # fmt: skip


def sources(*, json: bool = False) -> int:
    """Whom the roadmap is from, what was changed, and what was put right with its reason.

    Parameters
    ----------
    json
        Print a list of objects instead.
    """
    from castalia.roadmap.content import content

    found, corrections = content().sources.values(), content().corrections.values()
    if json:
        terminal.out_json(
            [
                {"id": each.id, "title": each.title, "file": each.file, "url": each.url, "dated": each.dated,
                 "changed": list(each.changed),
                 "corrections": [{"id": one.id, "about": list(one.about), "was": one.was, "now": one.now,
                                  "why": one.why, "evidence": list(one.evidence)}
                                 for one in corrections if one.source == each.id]}
                for each in found
            ]
        )  # fmt: skip
        return 0
    for each in found:
        dated = f", {each.dated}" if each.dated else ""
        terminal.out(f"{terminal.styled(each.title, 'bold')}   {each.url or each.file}{dated}")
        for line in each.changed:
            terminal.out(f"  {line}")
        for one in corrections:
            if one.source == each.id:
                terminal.out(f"  {terminal.styled('said', 'dim')}  {one.was}")
                terminal.out(f"  {terminal.styled('here', 'dim')}  {one.now} {one.why}")
    return 0
