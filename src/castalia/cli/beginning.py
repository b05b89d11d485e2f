"""``castalia new NAME --learn``: typed stubs in the learner's folder, milestone by milestone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.cli.check import warn

if TYPE_CHECKING:
    from castalia.check.starting import Begun


def begin(name: str, milestone: str, json: bool) -> int:
    """Write or append, and say what to type next. The exit code is 0 also where there was nothing to add."""
    from castalia.check import starting

    begun = starting.begin(name, ".", milestone or None)
    if json:
        written = [str(path.resolve()) for path in begun.written]
        terminal.out_json(
            {"project": begun.project, "file": str(begun.file.resolve()), "written": written,
             "milestone": begun.milestone, "added": list(begun.added), "why_not": begun.why_not}
        )  # fmt: skip
    else:
        _say(begun)
    warn(begun.warnings)
    return 0


def _say(begun: Begun) -> None:
    from castalia.check import finishing

    file, bold = _shown(begun.file), terminal.styled(_shown(begun.file), "bold")
    if begun.file in begun.written:
        others = [_shown(path) for path in begun.written if path != begun.file]
        stubs = f", with the stubs of {begun.milestone}: {', '.join(begun.added)}" if begun.added else ""
        terminal.out(f"{bold} is written{stubs}.")
        if others:
            terminal.out(f"{', '.join(others)} {'lies' if len(others) == 1 else 'lie'} beside it.")
    elif begun.added:
        terminal.out(f"{bold} has the stubs of {begun.milestone} now, at its end: {', '.join(begun.added)}.")
    elif begun.told:
        terminal.out(f"{bold} says what {' and '.join(begun.told)} asks for now, at its end.")
    else:
        terminal.out(f"{bold} stays as it is. {begun.why_not}")
    if begun.finished:
        for begin, command, words in finishing.lines(list(begun.finished)):
            terminal.out(f"{terminal.styled(begin, 'bold')}{terminal.styled(command, 'accent')}   {words}")
        return
    watch = f"castalia check {begun.name} --watch"
    steps = [(f"castalia check {begun.name}", "the first claim that does not hold")]
    steps.append((watch, "the same at every save"))
    if any(path.name == "card.toml" for path in begun.written):
        shelf = _shown(begun.file.parent.parent)
        steps.append((f"castalia shelf trust {shelf}", "once: lets Castalia list and run your system"))
    left = max(len(command) for command, _ in steps)
    terminal.out(f"Open {file} in your editor, and type:")
    for command, words in steps:
        terminal.out(f"  {terminal.styled(command, 'accent')}{' ' * (left - len(command))}   {words}")


def _shown(path: Path) -> str:
    path = path.resolve()
    here = Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
