"""A wrong program that passes a contract is a gap of the contract: kept as a proposal for a named mutant.

It has to pass every claim of every tier on several fresh seeds. What makes it wrong is an input on which it answers
otherwise than the reference. The proposal holds the learner's own text and the two answers, and nothing of the
reference's text, unless its solution was opened before.
"""

from __future__ import annotations

import difflib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from castalia.check import contracts, desk
from castalia.check.equivalence import INPUTS, Search, search
from castalia.check.project import check_project, subject_file
from castalia.check.result import Result
from castalia.core.contract import Claim, Contract
from castalia.core.errors import CastaliaError, NotFound, Unavailable, WrongInput
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

OUTCOMES = ("break", "rejected", "same")
"""It passes and is wrong; a claim rejects it; it passes and no input was found that shows it to be wrong."""
FORMAT = 1
SMALL = 6
"""A change of so many lines, at most, is proposed as the mutant's old and new text."""
_SEEDS = 5
_FILES = 50
_LARGEST = 1 << 20
"""Bytes of a repository's file that is kept with a proposal."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of a wrong program."""

    project: str
    outcome: str
    seeds: tuple[int, ...]
    """Those of the checks, the one that rejected it last."""
    code_hash: str
    contract_hash: str
    rejected: Result | None = None
    search: Search | None = None
    proposal: str = ""
    """The file that was written; empty where it was rejected, or could not be kept."""
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        first = {name: getattr(self, name) for name in ("project", "outcome", "code_hash", "contract_hash", "proposal")}
        rejected = self.rejected.as_dict() if self.rejected else None
        found = self.search.as_dict() if self.search else None
        return {**first, "seeds": list(self.seeds), "rejected": rejected, "search": found}


def attempt(
    name: str, wrong: str | os.PathLike[str], *, python: str = "", seed: int | None = None, inputs: int = INPUTS,
    settings: Settings | None = None,
) -> Attempt:  # fmt: skip
    """Try to break the contract called ``name`` with a wrong program; one that passes is kept as a proposal.

    NotFound where there is no such contract or file; Unavailable where the interpreter does not start. ``seed`` draws
    the seeds of the checks and of the search; without it they are new.
    """
    settings = settings or Settings.read()
    contract = contracts.find(name, settings)
    if not Path(wrong).exists():
        raise NotFound(f"There is no {wrong}", "nothing there", "a wrong program", "Name its file: --with wrong.py")
    path = subject_file(contract, wrong, name)
    reference = contracts.reference(name, settings)
    if not reference.is_file():
        raise Unavailable(f"{name} has no reference", "nothing to compare with", reference.name, "Ask its author.")
    texts = _texts(path)
    first = secrets.randbits(31) if seed is None else seed
    seeds = [first + each for each in range(_SEEDS)]
    rejected, code_hash, tried = _checked(contract, path, python, seeds)
    found = None
    if rejected is None:
        found = search(
            contract, _claims(contract), (reference, {}), (path, {}), python=python or sys.executable, seed=first,
            inputs=inputs, tolerant=True,
        )  # fmt: skip
    outcome = "rejected" if found is None else "break" if found.difference else "same"
    made = Attempt(
        project=contract.project, outcome=outcome, seeds=tuple(seeds[:tried]), code_hash=code_hash,
        contract_hash=contract.hash(), rejected=rejected, search=found,
    )  # fmt: skip
    return _keep(name, made, texts, reference, settings)


def _checked(contract: Contract, path: Path, python: str, seeds: list[int]) -> tuple[Result | None, str, int]:
    """The first claim of any tier that rejects it, the hash of its code, and how many seeds were tried."""
    code_hash = ""
    for number, seed in enumerate(seeds, start=1):
        try:
            report = check_project(contract, path, python or sys.executable, seed, all=True)
        except Unavailable as error:
            error.exit = 2 if python else 3
            raise
        code_hash, failed = report.code_hash, report.first_failure
        if failed is not None and failed.outcome == "tool_error":
            broken = CastaliaError("the check broke", failed.why, "a verdict", "castalia doctor")
            broken.exit = 3
            raise broken
        if failed is not None:
            return failed, code_hash, number
    return None, code_hash, len(seeds)


def _claims(contract: Contract) -> list[Claim]:
    """Those whose answers can be wrong by the reference's: not speeds, and not what a repository says of itself."""
    computed = (each for each in contract.milestones if contract.adapter_of(each.id) != "repository")
    return [claim for milestone in computed for claim in milestone.claims if claim.tier != "perf"]


def _keep(name: str, made: Attempt, texts: dict[str, str], reference: Path, settings: Settings) -> Attempt:
    """The proposal in the home where it passed, and an event in the evidence."""
    target, warnings = "", []
    if made.outcome != "rejected":
        place = settings.home / "breaks"
        file = place / f"{name.replace('/', '.')}-{made.code_hash[:12]}.json"
        value = _proposal(made, texts, reference, _opened(made.project, settings))
        try:
            place.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(f".{os.getpid()}.part")
            draft.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
            draft.replace(file)
            target = str(file)
        except OSError as error:
            warnings.append(f"the proposal cannot be kept: {file}: {error.strerror}")
    claim = made.rejected.claim if made.rejected else ""
    warnings += desk.note(
        settings, "break", made.project, claim=claim, outcome=made.outcome, seed=made.seeds[-1],
        contract_hash=made.contract_hash, code_hash=made.code_hash,
    )  # fmt: skip
    return Attempt(**{**vars(made), "proposal": target, "warnings": tuple(warnings)})


def _opened(project: str, settings: Settings) -> bool:
    """The solution of this project was opened here."""
    try:
        return any(event.kind == "spoiler" for event in Evidence(settings.home).events(project))
    except (CastaliaError, OSError):
        return False


def _proposal(made: Attempt, texts: dict[str, str], reference: Path, opened: bool) -> dict[str, Any]:
    """What the author of a contract needs to write a Mutant; the misconception is for the learner to fill in."""
    value: dict[str, Any] = {
        "format": FORMAT, "id": "", "misconception": "", **made.as_dict(), "made": time.time_ns() // 1_000_000,
        "texts": texts,
    }  # fmt: skip
    value.pop("proposal")
    value.pop("rejected")
    hunk = _hunk(reference.read_text("utf-8"), next(iter(texts.values()))) if opened and len(texts) == 1 else None
    return {**value, **({"file": reference.name, "old": hunk[0], "new": hunk[1]} if hunk else {})}


def _texts(path: Path) -> dict[str, str]:
    """The learner's own files by name: a module or a script, the modules of a package, what lies in a repository."""
    root, files = path.parent, [path]
    if path.is_dir():
        root, files = path, list(islice(_below(path), _FILES))
    elif path.name in ("__init__.py", "__main__.py"):
        files = sorted(root.rglob("*.py"))[:_FILES]
    try:
        return {each.relative_to(root).as_posix(): each.read_text("utf-8") for each in files}
    except UnicodeDecodeError as error:
        raise WrongInput(f"{path} cannot be kept", str(error), "UTF-8 text", "Save it as UTF-8.") from None


def _below(folder: Path) -> Iterator[Path]:
    """The texts of a repository; nothing hidden, and not what Python keeps for itself."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith((".", "__pycache__")))
        for each in (Path(here, name) for name in sorted(names) if not name.startswith(".")):
            if each.is_file() and not each.is_symlink() and each.stat().st_size <= _LARGEST and _is_text(each):
                yield each


def _is_text(path: Path) -> bool:
    try:
        path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return True


def _hunk(right: str, wrong: str) -> tuple[str, str] | None:
    """Old and new text of the one small change between two texts, or None; old stands once in the first."""
    mine, theirs = right.splitlines(keepends=True), wrong.splitlines(keepends=True)
    changes = [each for each in difflib.SequenceMatcher(None, mine, theirs).get_opcodes() if each[0] != "equal"]
    if len(changes) != 1 or max(changes[0][2] - changes[0][1], changes[0][4] - changes[0][3]) > SMALL:
        return None
    _, start, end, begin, last = changes[0]
    while start > 0 and (start == end or right.count("".join(mine[start:end])) != 1):
        start, begin = start - 1, begin - 1
    old, new = "".join(mine[start:end]), "".join(theirs[begin:last])
    return (old, new) if old and right.count(old) == 1 else None
