"""``castalia check NAME``: does the learner's code keep the contract? The first claim that does not hold, in words."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.core.errors import CastaliaError, NotFound, Unavailable, WrongInput

if TYPE_CHECKING:
    from castalia.check import Report, Result
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
    from castalia.check import contracts

    contract = contracts.find(name)
    if watch:
        return _watch(name, contract, at, python, all, seed)
    report = checked(name, contract, at, python, seed, all=all)
    if json:
        terminal.out_json(report.as_dict())
    else:
        show(report, contract, all=all)
    return report.exit_code


def checked(
    name: str, contract: Contract, at: str, python: str = "", seed: int | None = None, *, all: bool = False
) -> Report:
    """Check, keep the report for ``castalia hint``, and add to the evidence."""
    from castalia.check import check_project

    try:
        report = check_project(contract, at, python or sys.executable, seed, all=all)
    except NotFound as error:
        if contract.project == "softmax":
            error.cure = "castalia learn writes one here; --at names another place."
        raise
    except Unavailable as error:
        error.exit = 2 if python else 3  # never 1: nothing is said about the learner's code
        raise
    keep(name, report, contract, at)
    return report


def first_failure(report: Report, contract: Contract) -> Result | None:
    """The claim to show: the first of the core that did not pass, else the first of the others."""
    wrong = [each for each in report.claims if not each.passed]
    return next((each for each in wrong if contract.claim(each.claim).tier == "core"), wrong[0] if wrong else None)


# --- what stays of a check -----------------------------------------------------------------------


def reports(home: Path) -> Path:
    """The folder with the last report of each project."""
    return home / "checks"


def keep(name: str, report: Report, contract: Contract, at: str) -> None:
    """The last report in the home, one event in the evidence; where neither can be written, a warning."""
    import orjson

    from castalia.core.evidence import Evidence
    from castalia.core.settings import Settings

    home = Settings.read().home
    failed = first_failure(report, contract)
    evidence = Evidence(home)
    try:
        place = reports(home)
        place.mkdir(parents=True, exist_ok=True)
        more = {"name": name, "at": str(Path(at).resolve()), "checked": time.time_ns() // 1_000_000}
        target = place / f"{name.replace('/', '.')}.json"
        draft = target.with_suffix(f".{os.getpid()}.part")
        try:
            draft.write_bytes(orjson.dumps({**report.as_dict(), **more}))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        milestone = failed.milestone if failed else report.claims[-1].milestone if report.claims else ""
        event = evidence.event(
            "check", report.project, failed.claim if failed else "", milestone=milestone, outcome=report.outcome,
            contract_hash=report.contract_hash, code_hash=report.code_hash, seed=report.seed,
        )  # fmt: skip
        evidence.add([event])
    except (CastaliaError, OSError) as error:
        not_kept(error)
    tell_set_aside(evidence.set_aside, evidence.corrupt)


def not_kept(error: Exception) -> None:
    """A warning: the work was done, but nothing of it is kept."""
    words = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
    terminal.say(terminal.styled(f"Warning: this is not kept as evidence: {words}", "yellow", sys.stderr))


def tell_set_aside(count: int, corrupt: Path) -> None:
    """Say aloud that lines of the evidence could not be read."""
    if count:
        lines = "1 line" if count == 1 else f"{count} lines"
        words = f"Warning: {lines} of the evidence could not be read and went to {corrupt}"
        terminal.say(terminal.styled(words, "yellow", sys.stderr))


# --- the report for a person ---------------------------------------------------------------------


def show(report: Report, contract: Contract, *, all: bool = False, action: bool = True) -> None:
    """Print the report: milestones, what passed, the first failure, one next action (where the caller has none)."""
    failed = first_failure(report, contract)
    terminal.out(progress(report, contract, all))
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
    try:
        while True:
            seen = _state(contract.project, at)
            _clear()
            try:
                show(checked(name, contract, at, python, seed, all=all), contract, all=all)
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
