"""``castalia check NAME``: does the learner's code keep the contract? The first claim that does not hold, in words."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from castalia.check import wording
from castalia.cli import layout, terminal
from castalia.cli.stopping import stoppable
from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.check.desk import Checked

SEEDS = 2**32


def check(
    name: str, /, *, at: str = "", python: str = "", all: bool = False, seed: int | None = None,
    milestone: str = "", watch: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """Check your own code against a contract: the first claim that does not hold, with numbers and a line.

    Parameters
    ----------
    name
        What was built: softmax, or a project's name.
    at
        Your file, your package, or the folder that holds NAME.py. Without it: this folder.
    python
        The interpreter that runs your code; it needs NumPy, not Castalia. Without it: this one.
    all
        Go on after the first failure, and check the claims beyond the core too.
    seed
        Make the same inputs again; a report names its seed. Without it: new ones.
    milestone
        Check this one only, M2 say. Without it: all of them, in order.
    watch
        Check again at every save, until q or Ctrl-C; single keys ask for hints and for the next milestone.
    json
        Print one object with project, outcome and claims instead.
    """
    at = at or "."
    milestone = milestone.upper()
    if watch and json:
        raise WrongInput("castalia check: --watch with --json", "both", "one of the two", "Leave out one of them.")
    if seed is not None and not 0 <= seed < SEEDS:
        raise WrongInput(
            "castalia check: --seed does not fit", str(seed), f"0 to {SEEDS - 1}", "Take one from a report."
        )
    from castalia.check import desk

    if watch:
        from castalia.cli.saves import Watch

        return Watch(name, at=at, python=python, all=all, seed=seed, milestone=milestone or None).run()
    with stoppable():
        found = desk.check(name, at, python, seed, all=all, milestone=milestone or None)
    if json:
        terminal.out_json(found.report.as_dict())
    else:
        show(found, all=all)
    warn(found.warnings)
    return found.report.exit_code


def warn(warnings: Iterable[str]) -> None:
    """What was done and could not be kept."""
    for words in warnings:
        terminal.say(terminal.styled(f"Warning: {words}", "yellow", sys.stderr))


def show(found: Checked, *, all: bool = False, action: bool = True) -> None:
    """Print the report: milestones, what passed, the first failure, one next action (where the caller has none)."""
    terminal.out(wording.report(found, all=all, action=action, style=terminal.styled, width=layout.width()))
    missing = [each["name"] for each in found.report.enforced if not each["enforced"]]
    if missing:
        words = f"Limits that do not hold on this machine: {', '.join(missing)}. castalia doctor says why."
        terminal.say(terminal.styled(words, "dim", sys.stderr))
