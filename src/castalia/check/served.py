"""The child that works for the pages: ``python -m castalia.check.served``, one order in, one answer out, then its end.

The workbench imports no contract; this process does, and checks, hints and opens through ``castalia.check.desk``. An
order is one line of JSON on standard input, the answer one object on standard output: {"answer": ...}, or {"kind",
"parts"} of a CastaliaError, or {"crash": lines}. When standard input ends (the client left, the workbench is gone),
the child ends itself in good order, and with it the runner and its folder.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from castalia import catalog
from castalia.check import contracts, desk, starting
from castalia.check.folders import remove
from castalia.core.contract import Claim
from castalia.core.errors import CastaliaError
from castalia.core.settings import Settings
from castalia.jobs.spawn import settle

MAX_ORDER = 1 << 20


def describe(settings: Settings, names: list[str]) -> dict[str, Any]:
    """name -> what its contract asks for, or {"problem": ...} for one that cannot be read."""
    return {name: _description(name, settings) for name in names}


def check(
    settings: Settings, name: str, at: str, seed: int | None, all: bool, milestone: str | None, draft: bool = True
) -> dict[str, Any]:
    """The report as ``castalia check --json`` prints it, what could not be kept of it, and which stubs it waits for."""
    found = desk.check(name, at, seed=seed, all=all, milestone=milestone, draft=draft, settings=settings)
    untold = "" if draft else found.waiting if found.unwritten or found.untold else ""
    return {"report": found.report.as_dict(), "warnings": list(found.warnings), "stubs": untold}


def stubs(settings: Settings, name: str, at: str) -> dict[str, Any]:
    """Append the stubs of the next milestone to the learner's own file, as ``castalia new NAME --learn`` does."""
    begun = starting.begin(name, at, settings=settings)
    told = {"milestone": begun.milestone, "added": list(begun.added), "why_not": begun.why_not}
    return {**told, "warnings": list(begun.warnings)}


def hint(settings: Settings, name: str, for_assistant: bool) -> dict[str, Any]:
    """The next rung, as ``castalia hint --json`` prints it."""
    found = desk.hint(name, for_assistant=for_assistant, settings=settings)
    told = {"project": found.project, "claim": found.claim, "rung": found.rung, "of": desk.RUNGS, "hint": found.text}
    return {"hint": told, "warnings": list(found.warnings)}


def solution(settings: Settings, name: str, opened: bool) -> dict[str, Any]:
    """The reference's files; noted in the evidence unless it was opened before, which is looked at again here."""
    told: dict[str, Any] = {"warnings": []}
    if opened:
        files = [(path.name, path.read_text("utf-8")) for path in contracts.reference_files(name, settings)]
    else:
        files, told["warnings"] = desk.solution(name, once=True, settings=settings)
    return {**told, "files": [{"file": file, "text": text} for file, text in files]}


WORK: Mapping[str, Callable[..., dict[str, Any]]] = {
    each.__name__: each for each in (describe, check, stubs, hint, solution)
}


def _description(name: str, settings: Settings) -> dict[str, Any]:
    try:
        contract = contracts.find(name, settings)
        return {
            "project": contract.project, "contract_hash": contract.hash(), "summary": _summary(name, settings),
            "interface": contract.interface, "start": contracts.starting_text(name, settings).lstrip("\n"),
            "milestones": [
                {"id": each.id, "title": each.title, "claims": [_claim(claim) for claim in each.claims]}
                for each in contract.milestones
            ],
        }  # fmt: skip
    except CastaliaError as error:
        return {"problem": error.as_dict()}
    except Exception as error:  # a contract of somebody's shelf may hold anything
        words = f"{type(error).__name__}: {error}"[:300]
        return {"problem": CastaliaError(f"the contract of {name} cannot be read", words, "a contract").as_dict()}


def _summary(name: str, settings: Settings) -> str:
    """What there is to do: the docstring of an exercise's package, the summary on a project's card."""
    if name in contracts.exercises():
        return importlib.import_module(f"castalia.check.exercises.{name}").__doc__ or ""
    return catalog.card(name, settings).summary


def _claim(claim: Claim) -> dict[str, Any]:
    topics = [{"id": id, "weight": weight} for id, weight in claim.topics.items()]
    return {
        "id": claim.id, "words": claim.words, "tier": claim.tier, "at": claim.at, "topics": topics,
        "hints": list(claim.hints),
    }  # fmt: skip


def work(order: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked; an error of ours travels by its parts, any other as the lines of its traceback."""
    try:
        known = order.pop("settings")
        settings = Settings(Path(known["home"]), tuple(map(Path, known["data"])), bool(known["offline"]))
        return {"answer": WORK[order.pop("do")](settings, **order)}
    except CastaliaError as error:
        return {"kind": type(error).__name__, "parts": error.as_dict()}
    except Exception:
        return {"crash": traceback.format_exc().splitlines()[-30:]}


def _read_order() -> dict[str, Any]:
    """The first line; read without a buffer, as another thread waits for the end of the same stream."""
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_ORDER:
        piece = os.read(0, 1 << 16)
        if not piece:
            sys.exit(0)  # whoever asked is gone already
        line += piece
    order: dict[str, Any] = json.loads(line)
    return order


def _wait_for_the_end() -> None:
    while os.read(0, 1 << 16):
        pass
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main:
        signal.pthread_kill(main, signal.SIGTERM)  # to this thread, so that a call that waits is interrupted
    else:
        os._exit(0)


def _leave(number: int, frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def main() -> int:
    settle()
    signal.signal(signal.SIGTERM, _leave)
    telling = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a contract prints is no answer
    order = _read_order()
    tempfile.tempdir = scratch = order.pop("scratch")
    try:
        threading.Thread(target=_wait_for_the_end, daemon=True).start()
        answer = json.dumps(work(order)).encode()
    finally:  # the workbench removes it too, if it still lives
        remove(scratch)
    with os.fdopen(telling, "wb") as stream:
        stream.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
