"""The table of commands. A command is imported when it is run; help reads only this table."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castalia.cli import layout

if TYPE_CHECKING:
    from cyclopts import App


@dataclass(frozen=True)
class Command:
    """A word after ``castalia``."""

    name: str
    path: str
    """``module:attribute`` of a function, or of a cyclopts App where the command has words of its own."""
    about: str
    group: str
    drawn: bool = False
    """True where the flags come from a system's schema: the function takes the words themselves."""


_LEARN, _USE, _BUILD, _LOOK = "Learn", "Train and ask", "Build", "Look and keep"

COMMANDS = (
    Command("learn", "castalia.cli.learn:learn", "A first exercise in two minutes: mend a softmax.", _LEARN),
    Command("check", "castalia.cli.check:check", "Check your own code against a project's contract.", _LEARN),
    Command("hint", "castalia.cli.hint:hint", "The next hint for the claim that failed last.", _LEARN),
    Command(
        "roadmap", "castalia.cli.roadmap:app", "What to learn and build: plan, gap, review, journal, progress.", _LEARN
    ),
    Command(
        "today", "castalia.cli.today:today", "One gap, one milestone, three reviews at most, when to stop.", _LEARN
    ),
    Command("compare", "castalia.cli.compare:compare", "Two systems, or your code and ours, side by side.", _LEARN),
    Command("up", "castalia.cli.up:up", "Start the workbench: web pages and HTTP on this machine.", _USE),
    Command("systems", "castalia.cli.systems:systems", "List the systems that are built.", _USE),
    Command("show", "castalia.cli.show:show", "What a system takes, answers and claims.", _USE),
    Command("fit", "castalia.cli.fit:fit", "Train a system; every parameter is a flag.", _USE, drawn=True),
    Command("call", "castalia.cli.call:call", "Ask a system; every field of its input is a flag.", _USE, drawn=True),
    Command("predict", "castalia.cli.predict:predict", "Answer a whole table: CSV in, CSV out.", _USE),
    Command("new", "castalia.cli.new:new", "A new system; with --learn, stubs to build one of ours yourself.", _BUILD),
    Command("prove", "castalia.cli.prove:prove", "Prove a contract: wrong versions must not pass.", _BUILD),
    Command("break", "castalia.cli.breaks:break_", "A wrong program that passes: propose it as a mutant.", _BUILD),
    Command("shelf", "castalia.cli.shelf:app", "Folders with systems of your own: trust, list, forget.", _BUILD),
    Command("runs", "castalia.cli.runs:app", "Training runs: list, compare, export, import, delete.", _LOOK),
    Command("query", "castalia.cli.query:query", "One SELECT on the tracker's database; it only reads.", _LOOK),
    Command(
        "models", "castalia.cli.models:app", "Trained versions and their aliases: list, show, alias, export.", _LOOK
    ),
    Command("data", "castalia.cli.data:app", "Data sets: list, show, add, fetch.", _LOOK),
    Command("tokens", "castalia.cli.tokens:app", "Tokens for the workbench, with roles: add, list, remove.", _LOOK),
    Command("audit", "castalia.cli.audit:audit", "Who wrote what on the workbench.", _LOOK),
    Command("forget", "castalia.cli.forgetting:forget", "Remove what this home knows about you as a learner.", _LOOK),
    Command("doctor", "castalia.cli.doctor:doctor", "Check this machine and say what to mend.", _LOOK),
)


def overview() -> str:
    """What ``castalia --help`` prints."""
    sections = [
        (group, [(command.name, command.about) for command in COMMANDS if command.group == group])
        for group in (_LEARN, _USE, _BUILD, _LOOK)
    ]
    sections.append(
        (
            "Everywhere",
            [
                ("--help", "What a command takes; `castalia fit NAME --help` lists a system's own flags."),
                ("--json", "One JSON document on standard output, on every command that prints."),
                ("--plain", "No colour and no drawing; NO_COLOR does the same."),
                ("--debug", "The whole traceback when something breaks."),
                ("--version", "The version of Castalia."),
            ],
        )
    )
    about = "An AI/ML roadmap that runs and checks your work."
    closing = "Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 our fault."
    return layout.page("castalia COMMAND", about, sections, closing)


def run(words: list[str]) -> int:
    """Run a command line that is not empty; returns its exit code."""
    for command in COMMANDS:
        if command.drawn and command.name == words[0]:
            module, _, name = command.path.partition(":")
            code = getattr(importlib.import_module(module), name)(words[1:])
            return int(code or 0)
    result = app()(words, exit_on_error=False, print_error=False)
    return int(result or 0)


def app() -> App:
    """The cyclopts app with every command, none of them imported yet."""
    from cyclopts import App, Parameter

    from castalia import __version__

    made = App(
        name="castalia",
        version=__version__,
        help="An AI/ML roadmap that runs and checks your work.",
        help_formatter=layout.Formatter(),
        help_format="plaintext",
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for command in COMMANDS:
        made.command(command.path, name=command.name, help=command.about)
    return made
