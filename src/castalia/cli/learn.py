"""``castalia learn``: a first exercise, red when it is written and green two minutes later."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from castalia.check import wording
from castalia.cli import terminal
from castalia.cli.check import show, warn
from castalia.cli.stopping import stoppable

if TYPE_CHECKING:
    from castalia.check.desk import Checked

NAME = "softmax"
FILE = Path(f"{NAME}.py")


def learn(*, json: bool = False) -> int:
    """A first exercise in two minutes: writes softmax.py here, with a mistake in it, and checks it.

    Where softmax.py is there already, it is only checked. The exit code is 0 after writing, else that of the check.

    Parameters
    ----------
    json
        Print the report of the check as one object instead, with "file" and "written".
    """
    from castalia.check import contracts, desk
    from castalia.check.result import whole

    text = contracts.starting_text(NAME)
    written = write(text)
    with stoppable():
        found = desk.check(NAME, FILE, begun=written)
    report = found.report
    if json:
        terminal.out_json({**report.as_dict(), "file": whole(str(FILE.resolve())), "written": written})
    elif report.passed:
        _green(found)
    else:
        _red(found, written, text)
    warn(found.warnings)
    return 0 if written and report.outcome != "tool_error" else report.exit_code


def write(text: str) -> bool:
    """Write the exercise's file; False where there is one, which is never touched."""
    try:
        with FILE.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def place(text: str) -> int:
    """The line of the mistake as it was handed out: the first that takes exp. 0 in a text of the learner's own."""
    try:
        mine = FILE.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return 0
    lines = text.splitlines() if mine == text else []
    return next((number for number, line in enumerate(lines, 1) if re.match(r"[^#\"']*\bexp\(", line)), 0)


def _red(found: Checked, written: bool, text: str) -> None:
    did = "is written: it has a mistake in it, and this is its first check." if written else "was here already."
    terminal.out(f"{terminal.styled(str(FILE), 'bold')} {did}\n")
    line = place(text)
    show(found, action=not line)
    head = terminal.styled("Next:", "bold") + f" open {FILE}, change line {line}, save it, then type:"
    terminal.out(f"\n{head if line else 'Then type:'}  {terminal.styled(f'castalia check {NAME}', 'accent')}")
    failed = found.failed
    if line and failed is not None and failed.outcome == "fail":
        terminal.out(f"Without an idea what to change:  {terminal.styled('castalia hint', 'accent')}")


def _green(found: Checked) -> None:
    terminal.out(wording.progress(found.report, found.contract, style=terminal.styled))
    terminal.out(f"\nWell done: every core claim about {NAME} holds for your {FILE} (seed {found.report.seed}).")
    steps = (
        ("castalia roadmap start", "a goal of yours, and a plan to it: three minutes"),
        ("castalia new basics --learn", "the next exercise: six small things that every project stands on"),
        (f"castalia check {NAME} --all", "the claims beyond the core"),
        ("castalia systems", "the projects, each of which can be built"),
    )
    left = max(len(command) for command, _ in steps)
    for command, words in steps:
        terminal.out(f"  {terminal.styled(command, 'accent')}{' ' * (left - len(command))}   {words}")
