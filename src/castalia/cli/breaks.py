"""``castalia break NAME --with wrong.py``: does a wrong program pass the contract? Then the contract has a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.cli.check import SEEDS, warn
from castalia.cli.stopping import stoppable
from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.check.breaking import Attempt


def break_(name: str, /, *, with_: str, python: str = "", seed: int | None = None, json: bool = False) -> int:
    """Try to break a contract with a program that you know is wrong. One that passes becomes a proposal.

    The exit code is 0 where it passes and an input shows it to be wrong, else 1.

    Parameters
    ----------
    name
        What it is a wrong version of: softmax, or a project's name.
    with_
        The wrong program: a file, a package, or the folder that holds NAME.py.
    python
        The interpreter that runs it; it needs NumPy. Without it: this one.
    seed
        Draws the seeds of the checks and the inputs of the search. Without it: new ones.
    json
        Print one object with project, outcome and what was found instead.
    """
    if seed is not None and not 0 <= seed < SEEDS:
        raise WrongInput("castalia break: --seed does not fit", str(seed), f"0 to {SEEDS - 1}", "Take another one.")
    from castalia.check.breaking import attempt

    with stoppable():
        made = attempt(name, with_, python=python, seed=seed)
    if json:
        terminal.out_json(made.as_dict())
    else:
        show(made, name)
    warn(made.warnings)
    return 0 if made.outcome == "break" else 1


def show(made: Attempt, name: str) -> None:
    """Print what came of it and one thing to do."""
    title = terminal.styled(made.project, "bold")
    if made.rejected is not None:
        one = made.rejected
        terminal.out(f"{title}   rejected by {one.claim}   (seed {one.seed})")
        terminal.out_facts({"why": one.why, "input": one.input, "got": one.got, "expected": one.expected})
        terminal.out("\nThe contract sees what is wrong with it: this is no break.")
        return
    assert made.search is not None
    passes = f"passes every claim on {len(made.seeds)} seeds"
    difference = made.search.difference
    if difference is None:
        terminal.out(f"{title}   {passes}")
        compared = f"On {made.search.inputs} inputs it answers as the reference does"
        if not made.search.inputs:
            compared = "A repository is not compared with the reference"
        terminal.out(
            f"\n{compared}: it may be right. If you know an\n"
            "input on which it is wrong, the contract never makes such a one: write it into the proposal."
        )
    else:
        terminal.out(f"{title}   {terminal.styled('broken', 'green')}: it {passes}, and it is wrong")
        told = {"claim": difference.claim, "input": difference.input, "asked": difference.asked}
        terminal.out_facts({**told, "got": difference.got, "reference": difference.expected, "seed": made.search.seed})
    if made.proposal:
        terminal.out(f"\nKept as a proposal for a named mutant: {made.proposal}")
        head = terminal.styled("Next:", "bold")
        terminal.out(
            f'{head} write its "misconception" there in one line, what one must believe to write this, and send the\n'
            "file to the contract's author. In a contract of your own: add it to MUTANTS of mutants.py, add a claim\n"
            f"or an edge input that rejects it, then  castalia prove {name} --full"
        )
