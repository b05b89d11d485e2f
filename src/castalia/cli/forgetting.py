"""``castalia forget``: remove what this home knows about the learner, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from castalia.cli import terminal
from castalia.core.errors import WrongInput


def forget(*, yes: bool = False, json: bool = False) -> int:
    """Remove what this home knows about you as a learner: evidence, journal, reports. It says what, and asks.

    Your code, runs, models and data stay. There is no way back.

    Parameters
    ----------
    yes
        Do not ask.
    json
        Print {"forgotten": [files]} instead; needs --yes.
    """
    from castalia.core.settings import Settings
    from castalia.roadmap import forgetting

    home = Settings.read().home
    found = forgetting.traces(home)
    if json and not yes:
        raise WrongInput("castalia forget --json without --yes", "nobody to ask", "--yes with it",
                         "castalia forget --yes --json")  # fmt: skip
    if not found:
        terminal.out_json({"forgotten": []}) if json else terminal.out(f"Nothing is known about a learner in {home}.")
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise WrongInput("castalia forget asks first", "no terminal", "y, or --yes", "castalia forget --yes")
        _say(found)
        terminal.say("Remove them for good? y/n")
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            terminal.out("Nothing was removed.")
            return 0
    gone = forgetting.forget(home)
    if json:
        terminal.out_json({"forgotten": gone})
        return 0
    for path in gone:
        terminal.out(f"removed  {path}")
    terminal.out("Code, runs, models and data are where they were, and so are pages that journal send wrote.")
    return 0


def _say(found: list[Path]) -> None:
    for path in found:
        terminal.say(f"{path}   {_what(path.name, path.parent.name)}, {terminal.size(path.stat().st_size)}")


def _what(name: str, folder: str) -> str:
    if folder == "checks":
        return "the last report of a project"
    if name.startswith("evidence"):
        return "what was checked, hinted and reviewed"
    if name.startswith("journal"):
        return "your plan, your journal and your own items"
    return "where the files are that you checked" if name == "places.json" else "what was computed from them"
