"""``castalia roadmap journal``: the page of a week, filled in as far as the evidence goes; and a file of it to send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from castalia.cli import terminal
from castalia.cli.learning import a_day, read_state, tip, warn, words
from castalia.core.errors import Conflict, Unavailable, WrongInput

if TYPE_CHECKING:
    from castalia.roadmap.journal import Journal

app = App(name="journal", help="The page of a week: goal, plan, results. Plan and results are filled in.")


@app.default
@app.command(name="show")
def show(
    *, week: str = "", goal: str = "", results: str = "", surprised: str = "", hours: float = 0.0,
    hurt: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (), json: bool = False,
) -> int:  # fmt: skip
    """The page of a week. Flags write into it; what they do not name stays.

    Parameters
    ----------
    week
        A day of the week; today without it.
    goal
        What you want to have done by Sunday.
    results
        What came of it, beside what the evidence says.
    surprised
        What you did not expect.
    hours
        Hours that you spent, as you counted them; the plan's pace follows them.
    hurt
        Topics that hurt: they come earlier, and count for the gap.
    json
        Print one object instead.
    """
    from castalia.roadmap.history import monday_of
    from castalia.roadmap.journal import journal

    state = read_state()
    day, topics = a_day(week, "--week") or state.today, [state.content.graph.current(each) for each in words(hurt)]
    if not 0 <= hours <= 168:
        raise WrongInput("--hours does not fit", f"{hours:g}", "0 to 168", "A week has no more.", field="hours")
    given: dict[str, Any] = {"goal": goal, "results": results, "surprised": surprised, "hours": hours, "topics": topics}
    said = {name: value for name, value in given.items() if value}
    warnings = list(state.warnings)
    if said:
        warnings += state.note("week", {"monday": monday_of(day), **said})
        state = read_state()
    page = journal(state, day)
    if json:
        terminal.out_json(page.plain())
    else:
        terminal.out(terminal.printable(_body(page)).rstrip())
        tip(state, "journal")
    warn(warnings)
    return 0


@app.command
def send(*, week: str = "", to: Path | None = None, json: bool = False) -> int:
    """Write the page of a week as a Markdown file, for a study partner. Nothing is sent by itself.

    Parameters
    ----------
    week
        A day of the week; today without it.
    to
        Where to; journal-2026-W47.md here without it.
    json
        Print {"week", "file"} instead.
    """
    from castalia.roadmap.journal import HEAD, journal

    state = read_state()
    page = journal(state, a_day(week, "--week"))
    path = to or Path(f"journal-{page.name}.md")
    try:
        if path.exists() and not path.read_text("utf-8", "replace").startswith(HEAD):
            raise Conflict(f"{path} is there", "a file that is not a page of ours", "another name", "--to FILE")
        path.write_text(page.markdown, "utf-8")
    except OSError as error:
        cure = "--to names another place."
        raise Unavailable(
            f"{path} cannot be written", error.strerror or "", "a file that may be written", cure
        ) from None
    if json:
        terminal.out_json({"week": page.name, "file": path.resolve()})
    else:
        terminal.out(f"{terminal.styled(str(path), 'bold')} is written. Send it to whoever learns with you.")
    warn(state.warnings)
    return 0


def _body(page: Journal) -> str:
    return page.markdown.partition("\n\n")[2]
