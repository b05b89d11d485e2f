"""``castalia hint``: the next rung for the claim that failed last. Never the solution."""

from __future__ import annotations

import sys

from castalia.cli import terminal
from castalia.cli.check import warn


def hint(name: str = "", /, *, for_assistant: bool = False, json: bool = False) -> int:
    """The next of three hints for the claim that failed in your last check.

    Parameters
    ----------
    name
        Which project; without it, the one that was checked last.
    for_assistant
        Print what an assistant needs to help you without solving it, and a place for your own hypothesis.
    json
        Print {"project", "claim", "rung", "of", "hint"} instead; the text for an assistant is its "hint".
    """
    from castalia.check import desk

    found = desk.hint(name, for_assistant=for_assistant)
    if json:
        told = {"project": found.project, "claim": found.claim, "rung": found.rung, "of": desk.RUNGS}
        terminal.out_json({**told, "hint": found.text})
    elif for_assistant or not found.rung:
        terminal.out(terminal.printable(found.text))
    else:
        terminal.out(f"{terminal.styled(found.project, 'bold')}   {found.claim}   hint {found.rung} of {desk.RUNGS}")
        terminal.out(f"  {found.words}\n")
        for before in found.earlier:
            terminal.out(terminal.styled(before, "dim"))
        terminal.out(found.text)
        last = found.rung == desk.RUNGS
        more = "That was the last hint; the rest is yours." if last else "Another one:  castalia hint"
        terminal.out(f"\n{terminal.styled(more, 'dim')}")
    if for_assistant and found.claim:
        terminal.say(terminal.styled("The evidence notes that an assistant takes part.", "dim", sys.stderr))
    warn(found.warnings)
    return 0
