"""``castalia roadmap``: the projects by skill, and the words behind it: plan, gap, review, journal, progress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from castalia.cli import terminal
from castalia.cli.learning import read_state, warn

if TYPE_CHECKING:
    from castalia.roadmap.projects import Project
    from castalia.roadmap.state import State

app = App(
    name="roadmap",
    help="What to learn and build: list, start, plan, gap, review, journal, progress, views, topic, sources, lint.",
)
app.command("castalia.cli.intake:start", name="start")
app.command("castalia.cli.planning:plan", name="plan")
app.command("castalia.cli.planning:add", name="add")
app.command("castalia.cli.gaps:gap", name="gap")
app.command("castalia.cli.reviews:review", name="review")
app.command("castalia.cli.pages:app", name="journal")
app.command("castalia.cli.ticking:progress", name="progress")
app.command("castalia.cli.views:views", name="views")
app.command("castalia.cli.views:topic", name="topic")
app.command("castalia.cli.views:sources", name="sources")


@app.default
@app.command(name="list")
def list_(*, skill: str = "", json: bool = False) -> int:
    """List the projects by skill, with their milestones and what of them is passed.

    Parameters
    ----------
    skill
        Only this one: py, ma, ml, dl, cv, nl, ad, mo or rs.
    json
        Print a list of objects instead.
    """
    from castalia.core.errors import NotFound, did_you_mean

    state = read_state()
    nine = {each.id: each for each in state.content.nine}
    if skill and skill not in nine:
        cure = did_you_mean(skill, nine).strip() or "Type:  castalia roadmap"
        raise NotFound(f"no skill {skill!r} has projects", skill, ", ".join(nine), cure)
    chosen = [each for each in state.content.projects.values() if not skill or each.skill == skill]
    if json:
        terminal.out_json([_plain(state, each) for each in chosen])
        return 0
    for id, one in nine.items():
        mine = [each for each in chosen if each.skill == id]
        if mine:
            weeks = f"   {one.weeks} weeks" if one.weeks else ""
            terminal.out(f"{terminal.styled(f'{one.order} {one.title}', 'bold')}{terminal.styled(weeks, 'dim')}")
        for project in mine:
            _project(state, project)
    warn(state.warnings)
    if not state.chosen:
        terminal.say(f"A plan to a goal of yours:  {terminal.styled('castalia roadmap start', 'accent')}")
    return 0


def _project(state: State, project: Project) -> None:
    terminal.out(f"  {project.number} {terminal.styled(project.id, 'accent')}   {project.title}")
    every = _plain(state, project)["milestones"]
    width = max((terminal.cell_width(each["title"]) for each in every), default=0)
    for each in every:
        said = each["tick"] or each["says"]
        style = {"checked": "green", "": "dim"}.get(each["tick"], "bold")
        gap = " " * (width - terminal.cell_width(each["title"]))
        line = f"      {each['number']}  {each['title']}{gap}  {each['minutes']:>4} min"
        terminal.out(f"{line}   {terminal.styled(said, style)}".rstrip())


def _plain(state: State, project: Project) -> dict[str, Any]:
    from castalia.roadmap.progress import Ticks

    ticks = Ticks(state)
    return {
        "id": project.id, "number": project.number, "skill": project.skill, "title": project.title,
        "minutes": project.minutes, "card": project.card, "contract": project.contract,
        "milestones": [
            {"id": each.id, "number": each.number, "title": each.title, "minutes": each.minutes, "tier": each.tier,
             "check": each.check, "says": each.says, "tick": ticks.milestone(each.id)}
            for each in project.milestones
        ],
    }  # fmt: skip


@app.command
def lint(*, json: bool = False) -> int:
    """Look for mistakes in the roadmap's content: cycles, unknown ids, links without a kind. None is exit code 0.

    Parameters
    ----------
    json
        Print {"ok", "topics", "findings": [...]} instead.
    """
    from castalia.roadmap.content import content
    from castalia.roadmap.lint import lint as find

    roadmap = content()
    found = find(roadmap)
    links = [topic.id for topic in roadmap.topics if roadmap.says(topic.id)]
    if json:
        terminal.out_json({"ok": not found, "topics": len(roadmap.topics), "links_only": links, "findings": found})
    else:
        for each in found:
            terminal.out(f"{each}{'  ' + each.cure if each.cure else ''}")
        checked = len(roadmap.topics) - len(links)
        facts = f"{len(roadmap.topics)} topics, {checked} of them checked by a contract, {len(links)} links only"
        terminal.out(f"{'Nothing wrong' if not found else terminal.many(len(found), 'mistake')}: {facts}.")
    return 1 if found else 0


@app.command
def merge(folder: Path, /, *, json: bool = False) -> int:
    """Add what another machine's home knows about your learning; nothing is lost, nothing counts twice.

    Parameters
    ----------
    folder
        A copy of the other home, with its evidence.jsonl and journal.jsonl.
    json
        Print {"evidence": n, "journal": n} instead: how many lines were new.
    """
    from castalia.core.errors import NotFound
    from castalia.core.evidence import Evidence
    from castalia.core.settings import Settings

    home, added, aside = Settings.read().home, {}, 0
    if not any((folder / f"{name}.jsonl").is_file() for name in ("evidence", "journal")):
        cure = "Copy both files of the other machine's CASTALIA_HOME into a folder."
        raise NotFound(f"nothing to merge in {folder}", "neither file", "evidence.jsonl or journal.jsonl", cure)
    for name in ("evidence", "journal"):
        log, other = Evidence(home, name), folder / f"{name}.jsonl"
        added[name] = log.merge(other) if other.is_file() else 0
        aside += log.set_aside
    if json:
        terminal.out_json(added)
    else:
        terminal.out(f"Added {terminal.many(added['evidence'], 'event')} and {terminal.many(added['journal'], 'line')} "
                     f"of the journal.")  # fmt: skip
    if aside:
        warn([f"{terminal.many(aside, 'line')} could not be read and stayed where they are"])
    return 0
