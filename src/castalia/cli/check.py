"""``castalia check NAME``: does the learner's code keep the contract? The first claim that does not hold, in words."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.core.errors import CastaliaError, NotFound, WrongInput

if TYPE_CHECKING:
    from castalia.check import Report, Result
    from castalia.check.desk import Checked
    from castalia.core.contract import Contract

SEEDS = 2**32
PAUSE = 0.3
"""Seconds between two looks at the watched files."""
_BESIDE = 200
"""So many Python files beside the subject are watched, no more."""


def check(
    name: str, /, *, at: str = ".", python: str = "", all: bool = False, seed: int | None = None,
    watch: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """Check your own code against a contract: the first claim that does not hold, with numbers and a line.

    Parameters
    ----------
    name
        What was built: softmax, or a project's name.
    at
        Your file, your package, or the folder that holds NAME.py.
    python
        The interpreter that runs your code; it needs NumPy, not Castalia. Without it: this one.
    all
        Go on after the first failure, and check the claims beyond the core too.
    seed
        Make the same inputs again; a report names its seed. Without it: new ones.
    watch
        Check again at every save, until Ctrl-C.
    json
        Print one object with project, outcome and claims instead.
    """
    if watch and json:
        raise WrongInput("castalia check: --watch with --json", "both", "one of the two", "Leave out one of them.")
    if seed is not None and not 0 <= seed < SEEDS:
        raise WrongInput(
            "castalia check: --seed does not fit", str(seed), f"0 to {SEEDS - 1}", "Take one from a report."
        )
    from castalia.check import contracts, desk

    contract = contracts.find(name)
    if watch:
        return _watch(name, contract, at, python, all, seed)
    found = desk.check(name, at, python, seed, all=all)
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


# --- the report for a person ---------------------------------------------------------------------


def show(found: Checked, *, all: bool = False, action: bool = True) -> None:
    """Print the report: milestones, what passed, the first failure, one next action (where the caller has none)."""
    report, failed = found.report, found.failed
    terminal.out(progress(report, found.contract, all))
    passed = [each.claim for each in report.claims if each.passed]
    if passed:
        terminal.out(_field("pass", ", ".join(passed), "green"))
    others = [f"{each.claim} ({_said(each.outcome)})" for each in report.claims if not each.passed and each != failed]
    if others:
        terminal.out(_field("also", ", ".join(others), "red"))
    if failed is not None:
        terminal.out(_failure(failed))
        if action:
            terminal.out(f"\n{terminal.styled('Next:', 'bold')} {terminal.printable(failed.action)}")
    elif all:
        terminal.out(f"\nEvery claim about {report.project} holds (seed {report.seed}).")
    else:
        terminal.out(f"\nEvery core claim about {report.project} holds (seed {report.seed}).")
        terminal.out(f"{terminal.styled('Next:', 'bold')} castalia check {report.project} --all")
    missing = [each["name"] for each in report.enforced if not each["enforced"]]
    if missing:
        words = f"Limits that do not hold on this machine: {', '.join(missing)}. castalia doctor says why."
        terminal.say(terminal.styled(words, "dim", sys.stderr))


def progress(report: Report, contract: Contract, all: bool) -> str:
    """``softmax   M1 passed   M2 1 of 3   M3 not yet``."""
    results = {each.claim: each for each in report.claims}
    parts = [terminal.styled(report.project, "bold")]
    for milestone in contract.milestones:
        claims = [each for each in milestone.claims if all or each.tier == "core"]
        done = sum(each.id in results and results[each.id].passed for each in claims)
        reached = any(each.id in results for each in claims)
        if done == len(claims) and (reached or not claims):
            parts.append(terminal.styled(f"{milestone.id} passed", "green"))
        elif reached:
            parts.append(terminal.styled(f"{milestone.id} {done} of {len(claims)}", "yellow"))
        else:
            parts.append(terminal.styled(f"{milestone.id} not yet", "dim"))
    return "   ".join(parts)


def _failure(found: Result) -> str:
    facts: dict[str, Any] = {
        "why": found.why, "input": found.input, "got": found.got, "expected": found.expected, "topic": found.topic,
        "at": found.file_line, "seed": found.seed, "printed": found.output,
    }  # fmt: skip
    lines = [_field(_said(found.outcome), found.claim, "red"), "", f"  {terminal.styled(found.words, 'bold')}"]
    lines += [_field(name, str(value)) for name, value in facts.items() if value not in (None, "")]
    return "\n".join(lines)


def _field(name: str, text: str, style: str = "dim") -> str:
    """Two columns; what does not fit goes on below its own column, and lines of an array stay lines."""
    from castalia.cli.layout import width

    room = max(30, width() - 16)
    cut = [part for line in terminal.printable(text).splitlines() for part in textwrap.wrap(line, room) or [""]]
    head = terminal.styled(name, style) + " " * max(1, 14 - len(name))
    return f"  {head}" + ("\n" + " " * 16).join(cut or [""])


def _said(outcome: str) -> str:
    return outcome.replace("_", " ")


# --- at every save -------------------------------------------------------------------------------


def _watch(name: str, contract: Contract, at: str, python: str, all: bool, seed: int | None) -> int:
    """Save, check, show; nothing else happens by itself. Ctrl-C is the way out, and no failure."""
    from castalia.check import desk

    try:
        while True:
            seen = _state(contract.project, at)
            _clear()
            try:
                found = desk.check(name, at, python, seed, all=all)
                show(found, all=all)
                warn(found.warnings)
            except NotFound as error:  # between two writes of an editor, or not written yet
                terminal.out(terminal.printable(str(error)))
            terminal.out(terminal.styled("\nChecked again at every save; Ctrl-C ends it.", "dim"))
            sys.stdout.flush()
            while _state(contract.project, at) == seen:
                time.sleep(PAUSE)
    except KeyboardInterrupt:
        terminal.out()
        return 0


def _state(project: str, at: str) -> dict[str, tuple[int, int]]:
    """Time and size of the Python files that a check may read; empty while there is none."""
    from castalia.check.project import subject_file

    try:
        path = subject_file(project, at)
        beside = sorted(path.parent.glob("*.py"))[:_BESIDE]
    except (CastaliaError, OSError):
        return {}
    found = {}
    for each in {path, *beside}:
        try:
            stat = each.stat()
        except OSError:
            continue
        found[str(each)] = (stat.st_mtime_ns, stat.st_size)
    return found


def _clear() -> None:
    if terminal.is_terminal() and not terminal.PLAIN:
        sys.stdout.write("\x1b[2J\x1b[3J\x1b[H")
    else:
        terminal.out("-" * 40)
