"""A learner's desk, for shell, page and editor: code checked and kept, hints rung by rung, the solution opened.

What is kept lies in ``CASTALIA_HOME``: the last report of each project in ``checks/``, and an event for each check,
hint and opened solution in the evidence. Where that cannot be written the work is done all the same, and a warning
in words comes back with it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from castalia.check import contracts, workplace
from castalia.check.project import check_project, of_a_folder, subject_file
from castalia.check.result import Report, Result, whole
from castalia.core.contract import Claim, Contract
from castalia.core.errors import CastaliaError, NotFound, Unavailable
from castalia.core.evidence import Event, Evidence, hints_read
from castalia.core.settings import Settings

RUNGS = 3


@dataclass(frozen=True)
class Checked:
    """A check that was kept, and what could not be kept of it."""

    report: Report
    contract: Contract
    name: str
    """What was typed: the name of an exercise, the address of a project."""
    file: Path
    """What was checked."""
    warnings: tuple[str, ...] = ()
    begun: bool = False
    """The file was handed out just now: what does not hold in it is nobody's failure."""

    @property
    def failed(self) -> Result | None:
        """The claim to show: the first of the core that did not pass, else the first of the others."""
        wrong = [each for each in self.report.claims if not each.passed]
        core = (each for each in wrong if self.contract.claim(each.claim).tier == "core")
        return next(core, wrong[0] if wrong else None)

    @property
    def waiting(self) -> str:
        """The milestone whose first claim is not attempted while everything before it holds, else ""."""
        failed = self.failed
        if failed is None or failed.outcome != "not_attempted" or failed.milestone == self.contract.milestones[0].id:
            return ""
        first = self.contract.milestone(failed.milestone).claims[0].id
        return failed.milestone if failed.claim == first and self.report.milestone is None else ""

    @property
    def unwritten(self) -> list[str]:
        """The names of the waiting milestone that the file does not have at all."""
        from castalia.check.starting import lacking

        return lacking(self.file, self.contract, self.waiting) if self.waiting else []

    @property
    def untold(self) -> bool:
        """The waiting milestone asks for files, and the learner's file does not say so yet."""
        from castalia.check.starting import untold

        return untold(self.file, self.contract, self.waiting)

    def _absent(self, failed: Result) -> bool:
        """The file has no stub of what a claim is about, nor anything that is nearly called so."""
        from castalia.check.starting import lacking
        from castalia.check.stubs import near_miss

        at = self.contract.claim(failed.claim).at
        return at in lacking(self.file, self.contract, failed.milestone) and not near_miss(self.file, at)

    @property
    def next_step(self) -> str:
        """The one thing to do next; a milestone without stubs asks for them first."""
        failed = self.failed
        if failed is None:
            return ""
        if self.report.milestone and failed.outcome == "not_attempted" and self._absent(failed):
            only = f"castalia new {self.name} --learn --milestone {failed.milestone}"
            return f"{only}   adds the stubs up to {failed.milestone} to your file."
        if self.unwritten:
            return f"castalia new {self.name} --learn   adds the stubs of {self.waiting} to your file."
        if self.waiting and self.untold:
            return f"castalia new {self.name} --learn   says at the end of your file what {self.waiting} asks for."
        return failed.action


@dataclass(frozen=True)
class Hint:
    """One rung for one claim; rung 0 where there is nothing to hint at."""

    project: str
    claim: str
    words: str
    rung: int
    text: str
    warnings: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    """The rungs below this one."""


def check(
    name: str, at: str | os.PathLike[str] = ".", python: str = "", seed: int | None = None, *,
    all: bool = False, milestone: str | None = None, draft: bool = False, begun: bool = False,
    settings: Settings | None = None,
) -> Checked:  # fmt: skip
    """Check the code at ``at`` against the contract called ``name``; keep the report and an event of it.

    A ``draft`` is one text without a folder (the page's, a cell's): milestones of a folder are left out, and asked for
    alone they are Unavailable. ``begun``: nobody has touched it yet; the evidence says "started" instead of "check".

    NotFound where there is no such contract or file; Unavailable where the interpreter does not start, with exit
    code 2 for one that was named and 3 for ours, never 1: nothing is said about the learner's code.
    """
    settings = settings or Settings.read()
    contract = contracts.find(name, settings)
    path = subject_file(contract, at, name)
    if draft and milestone is not None and of_a_folder(contract, milestone):
        cure = f"castalia new {name} --learn makes one; castalia check {name} beside it."
        raise Unavailable(f"{milestone} of {name} is asked of a folder", "one text", "a folder", cure)
    try:
        report = check_project(
            contract, path, python or sys.executable, seed, all=all, milestone=milestone, draft=draft
        )
    except Unavailable as error:
        error.exit = 2 if python else 3
        raise
    return keep(Checked(report, contract, name, path, begun=begun), settings)


def keep(found: Checked, settings: Settings | None = None) -> Checked:
    """Keep a report that was made: the last one of its project in the home, and one event in the evidence."""
    settings = settings or Settings.read()
    return replace(found, warnings=(*found.warnings, *_keep(found, settings)))


def last_report(home: Path, name: str = "") -> dict[str, Any]:
    """The last check's report, of ``name`` or of any, with "name", "at" and "checked". NotFound before the first."""
    found: list[dict[str, Any]] = []
    for path in sorted(_reports(home).glob("*.json")):
        try:
            value = orjson.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(value, dict) and isinstance(value.get("claims"), list) and value.get("name"):
            found.append(value)
    chosen = [each for each in found if not name or each["name"] == name]
    if not chosen:
        cure = f"castalia check {name}" if name else "castalia learn starts with a first exercise."
        raise NotFound(f"no check of {name or 'anything'} is kept", "no report", "a check that failed", cure)
    return max(chosen, key=lambda each: int(each.get("checked") or 0))


def hint(name: str = "", *, for_assistant: bool = False, settings: Settings | None = None) -> Hint:
    """The next rung for the claim that failed in the last check, of ``name`` or of anything; it is counted.

    For an assistant: a text to paste that holds the claim and its numbers, never a hint, and asks not to solve it.
    """
    settings = settings or Settings.read()
    if name:
        contracts.find(name, settings)
    last = last_report(settings.home, name)
    contract = contracts.find(str(last["name"]), settings)
    if last.get("contract_hash") != contract.hash():
        cure = f"castalia check {last['name']}"
        raise NotFound(f"the contract of {last['name']} has changed since", "an earlier one", "a new check", cure)
    wrong = [each for each in last["claims"] if each["outcome"] != "pass"]
    wrong.sort(key=lambda each: contract.claim(each["id"]).tier != "core")
    if not wrong:
        words = f"Every claim of the last check of {last['name']} holds: nothing to hint at."
        return Hint(contract.project, "", "", 0, words)
    failed = wrong[0]
    claim = contract.claim(failed["id"])
    if failed["outcome"] == "tool_error" or not failed.get("loaded", True):
        return Hint(contract.project, claim.id, claim.words, 0, str(failed["action"]))
    rung, warnings = _count(settings.home, contract, claim, failed, for_assistant)
    text = for_an_assistant(contract.project, claim, failed) if for_assistant else claim.hints[rung - 1]
    earlier = () if for_assistant else claim.hints[: rung - 1]
    return Hint(contract.project, claim.id, claim.words, rung, text, warnings, earlier)


def for_an_assistant(project: str, claim: Claim, failed: dict[str, Any]) -> str:
    """What to paste: the failing claim, its numbers, the learner's hypothesis, and no solution."""
    facts = {name: failed.get(name) for name in ("why", "input", "got", "expected", "file_line", "topic", "seed")}
    lines = [f"I am building {project} myself, to learn it. One claim about my code does not hold.", ""]
    lines.append(f"claim: {claim.words} ({claim.id}; outcome: {str(failed['outcome']).replace('_', ' ')})")
    if failed.get("topic_title"):
        facts["topic"] = f"{failed['topic_title']} ({failed['topic']})"
    lines += [f"{name.replace('_', ':')}: {value}" for name, value in facts.items() if value not in (None, "")]
    lines += [
        "",
        "My hypothesis about the cause: [write one sentence here before you paste this]",
        "",
        "Please do not give me the solution and do not write the code. If my hypothesis is missing, ask me for it",
        "first. Then say whether it fits these numbers, and ask me one question that brings me a step further.",
    ]
    return "\n".join(lines)


def solution(
    name: str, *, once: bool = False, settings: Settings | None = None
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """The files of the reference as (name, text), and warnings. It is allowed, and noted in the evidence; with
    ``once`` only where no opening of it is noted yet."""
    settings = settings or Settings.read()
    contract = contracts.find(name, settings)
    files = [(path.name, path.read_text("utf-8")) for path in contracts.reference_files(name, settings)]
    evidence = Evidence(settings.home)
    event = evidence.event("spoiler", contract.project, contract_hash=contract.hash())
    return files, _added(evidence, [event], once)


def note(settings: Settings, kind: str, project: str, **values: Any) -> tuple[str, ...]:
    """Keep an event of ``kind`` in the evidence; what could not be kept, in words."""
    evidence = Evidence(settings.home)
    try:
        event = evidence.event(kind, project, **values)
    except (CastaliaError, OSError) as error:
        return (_not_kept(error), *_set_aside(evidence))
    return _added(evidence, [event])


def _reports(home: Path) -> Path:
    return home / "checks"


def _keep(found: Checked, settings: Settings) -> tuple[str, ...]:
    report, failed = found.report, found.failed
    evidence = Evidence(settings.home)
    workplace.remember(settings.home, found.name, found.file)
    try:
        place = _reports(settings.home)
        place.mkdir(parents=True, exist_ok=True)
        more = {"name": found.name, "at": whole(str(found.file)), "checked": time.time_ns() // 1_000_000}
        target = place / f"{found.name.replace('/', '.')}.json"
        draft = target.with_suffix(f".{os.getpid()}.part")
        try:
            draft.write_bytes(orjson.dumps({**report.as_dict(), **more}))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        milestone = failed.milestone if failed else report.claims[-1].milestone if report.claims else ""
        event = evidence.event(
            "started" if found.begun else "check", report.project,
            failed.claim if failed and failed.loaded else "", milestone=milestone, outcome=report.outcome,
            contract_hash=report.contract_hash, code_hash=report.code_hash, seed=report.seed,
        )  # fmt: skip
    except (CastaliaError, OSError) as error:
        return (_not_kept(error), *_set_aside(evidence))
    return _added(evidence, [event])


def _count(
    home: Path, contract: Contract, claim: Claim, failed: dict[str, Any], for_assistant: bool
) -> tuple[int, tuple[str, ...]]:
    """The rung to show, counted in the evidence; with an assistant no rung is read, but its part is declared."""
    evidence, rung = Evidence(home), 0 if for_assistant else 1
    try:
        read = hints_read(evidence.counted(contract.project), claim.id, contract.hash())
        rung = read if for_assistant else min(RUNGS, read + 1)
        if rung == read and not for_assistant:
            return rung, _set_aside(evidence)  # read before: nothing new has happened
        event = evidence.event(
            "hint", contract.project, claim.id, milestone=failed["milestone"], contract_hash=contract.hash(),
            hints=rung, outcome=failed["outcome"], ai_declared=for_assistant,
        )  # fmt: skip
    except (CastaliaError, OSError) as error:
        return rung, (_not_kept(error), *_set_aside(evidence))
    return rung, _added(evidence, [event])


def _added(evidence: Evidence, events: Iterable[Event], once: bool = False) -> tuple[str, ...]:
    """Add events; the warnings of what could not be kept or read."""
    try:
        evidence.add(events, once=once)
    except (CastaliaError, OSError) as error:
        return (_not_kept(error), *_set_aside(evidence))
    return _set_aside(evidence)


def _not_kept(error: Exception) -> str:
    words = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
    return f"this is not kept as evidence: {words}"


def _set_aside(evidence: Evidence) -> tuple[str, ...]:
    """Lines of the evidence that could not be read."""
    count = evidence.set_aside
    lines = "1 line" if count == 1 else f"{count} lines"
    return (f"{lines} of the evidence could not be read and went to {evidence.corrupt}",) if count else ()
