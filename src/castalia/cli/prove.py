"""``castalia prove NAME``: does the contract accept what is right and reject what is wrong? For its author."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from castalia.cli import terminal
from castalia.cli.check import SEEDS, warn
from castalia.cli.stopping import stoppable
from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.check.proof import Proof, Tried
    from castalia.check.proving import Proven

SURVIVORS = 20
"""So many survivors are shown; ``--json`` and ``proof.json`` hold all of them."""


def prove(name: str, /, *, full: bool = False, seed: int = 0, python: str = "", json: bool = False) -> int:
    """Prove a contract: the reference passes, wrong versions do not. For whoever writes contracts.

    Parameters
    ----------
    name
        An exercise or a project with contract.py and mutants.py.
    full
        Every mutant, 30 seeds, and proof.json beside the contract; goes on where it was stopped.
    seed
        Draws the sample of the mutants and the inputs of every claim.
    python
        The interpreter that runs the code; it needs NumPy. Without it: this one.
    json
        Print the proof as one object instead.
    """
    if not 0 <= seed < SEEDS:
        raise WrongInput("castalia prove: --seed does not fit", str(seed), f"0 to {SEEDS - 1}", "Take another one.")
    from castalia.check.proving import prove_and_keep

    progress = Progress()
    try:
        with stoppable():
            proven = prove_and_keep(name, full=full, seed=seed, python=python, say=progress.say)
    except KeyboardInterrupt:
        progress.end()
        if full:
            terminal.say(f"What was tried is kept. It goes on from there:  castalia prove {name} --full")
        raise
    finally:
        progress.end()
    if json:
        terminal.out_json(proven.proof.as_dict())
    else:
        show(proven, name)
    warn(proven.warnings)
    return 0 if proven.proof.proven else 1


class Progress:
    """A line of progress for each part of a proof, on standard error."""

    def __init__(self) -> None:
        from castalia.cli.watching import Line

        self._make, self._line, self._what = Line, Line(""), ""

    def say(self, what: str, done: int, total: int) -> None:
        if what != self._what:
            self.end()
            self._line, self._what = self._make(f"{what:<10}"), what
        self._line.draw((done, total), dict, last=done == total)

    def end(self) -> None:
        self._line.end()


# --- the proof for a person ----------------------------------------------------------------------


def show(proven: Proven, name: str) -> None:
    """Print the parts of the proof, what is wrong, the survivors, one thing to do."""
    proof = proven.proof
    verdict = terminal.styled("proven", "green") if proof.proven else terminal.styled("not proven", "red")
    terminal.out(f"{terminal.styled(proof.project, 'bold')}   {verdict}   {_score(proof)}")
    terminal.out_facts(dict(parts(proof)))
    _list("wrong", "red", proof.problems)
    if proof.survivors:
        terminal.out("\nThese changes of the reference pass the contract:")
        _list("survives", "yellow", [f"{place(each)}  {each.words}" for each in proof.survivors[:SURVIVORS]])
        if len(proof.survivors) > SURVIVORS:
            terminal.out(f"and {len(proof.survivors) - SURVIVORS} more, which --json lists")
        terminal.out(
            "Each is a gap of the contract, to be closed by an edge input or a claim; or a needless line of the\n"
            "reference, to be rewritten; or it changes nothing, and goes into EQUIVALENT of mutants.py with a line\n"
            f'that says why, or "searched": {proof.survivors[0].id!r}'
        )
    _list("equivalent", "dim", [f"{id}: {_reason(proof, id, why)}" for id, why in proof.equivalents.items()])
    if proven.kept:
        terminal.out(f"\nKept: {proven.kept}")
    elif proof.proven and not proof.full:
        terminal.out(f"\n{terminal.styled('Next:', 'bold')} castalia prove {name} --full")


def _list(title: str, style: str, texts: Iterable[str]) -> None:
    for text in texts:
        terminal.out(f"{terminal.styled(title, style)}  {terminal.printable(text)}")


def parts(proof: Proof) -> list[tuple[str, str]]:
    """Title and words of every part."""
    counts = proof.as_dict()
    settings = " and ".join(map(str, proof.threads))
    alarms = f"{len(proof.alarms)} false alarms" if proof.alarms else "no false alarm"
    used = max(proof.shares, key=lambda claim: proof.shares[claim], default="")
    told = [
        ("interface", proof.stub.replace("_", " ")),
        ("reference", f"{terminal.many(len(proof.seeds), 'seed')}, {settings} BLAS threads, {alarms}"),
        ("tolerances", f"the reference uses {100 * proof.shares[used]:.2g} % at most ({used})" if used else "none"),
        ("named", f"{counts['named_rejected']} of {counts['named']} rejected"),
        ("topics", f"{sum(map(bool, proof.topics.values()))} of {len(proof.topics)} with a mutant of their own"),
        ("lazy", f"{counts['lazy_rejected']} of {counts['lazy']} rejected"),
        ("mutants", f"{proof.killed} of {len(proof.automatic)} rejected, {len(proof.equivalents)} equivalent"),
    ]
    if len(proof.automatic) < proof.generated:
        told[-1] = ("mutants", f"{told[-1][1]}; a sample of {proof.generated}")
    idle = [claim for claim, count in proof.kills.items() if not count]
    if proof.full and idle:
        told.append(("first never", f"{', '.join(idle)}: other claims rejected every mutant before"))
    return told


def place(tried: Tried) -> str:
    """``reference.py:12`` of an automatic mutant's id."""
    return ":".join(tried.id.split(":")[:2])


def _score(proof: Proof) -> str:
    interval = proof.interval
    return f"score {proof.score:.3f} (95 %: {interval.low:.3f} to {interval.high:.3f}), raw {proof.score_raw:.3f}"


def _reason(proof: Proof, id: str, why: str) -> str:
    if id not in proof.searched:
        return why if why != "searched" else "to be searched, by --full"
    one = proof.searched[id]
    return f"the same on {one['inputs']} inputs (seed {one['seed']})"
