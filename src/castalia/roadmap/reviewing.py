"""A review done: a milestone written again from an empty file, a planted bug found and mended, a question answered.

``begin`` writes the file into ``review/`` of the learner's folder, ``done`` checks it and adds an event of kind
``review`` to the evidence. Each day begins anew, so yesterday's answer does not pass today. ``answer`` takes the answer
to the day's question about a topic, once, and adds an event of kind ``question``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from castalia.check import contracts
from castalia.check.found import found
from castalia.check.project import check_project
from castalia.check.result import Report
from castalia.core.errors import Conflict, Unavailable
from castalia.core.evidence import Evidence
from castalia.roadmap import asked, practice
from castalia.roadmap.bank.question import Marked, mark, unanswered
from castalia.roadmap.practice import planted
from castalia.roadmap.review import Prompt
from castalia.roadmap.state import State

FOLDER = "review"


@dataclass(frozen=True)
class Reviewed:
    """A review that was checked."""

    report: Report
    file: Path
    kept: bool
    """Whether the evidence has it; what was not begun or could not run says nothing, and is not kept."""
    warnings: tuple[str, ...] = ()


def place(state: State, prompt: Prompt, folder: Path) -> Path:
    """Where the file of a review lies: ``review/2026-11-21/softmax_M1/softmax.py``."""
    project = prompt.id.partition("/")[0]
    return folder / FOLDER / state.today.isoformat() / prompt.id.replace("/", "_") / f"{project}.py"


def begin(state: State, prompt: Prompt, folder: Path) -> Path | None:
    """Write the file to work on; None where it is there already, which is never touched."""
    path, (project, _, number) = place(state, prompt, folder), prompt.id.partition("/")
    if prompt.form == "bug":
        subject = found(project)
        wrong = next(each for each in subject.mutants if each.id == number)
        text = wrong.apply(subject.texts[subject.file_of(wrong)])
    else:
        text = contracts.find(project).stubs(number)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} cannot be written", error.strerror or "", "a folder you may write to") from None
    return path


def done(state: State, prompt: Prompt, path: Path, *, hints: int = 0, ai: bool = False) -> Reviewed:
    """Check the file of a review, and keep how it went."""
    project, _, number = prompt.id.partition("/")
    contract, wrong = contracts.find(project), planted(state.every, prompt)
    if wrong:
        number = found(project).milestone_of(wrong.claim)
    report = check_project(contract, path, sys.executable, milestone=number)
    if report.outcome not in ("pass", "fail"):
        return Reviewed(report, path, False)
    log = Evidence(state.home)
    event = log.event(
        "review", contract.project, wrong.claim if wrong else "", milestone=number,
        outcome=report.outcome, contract_hash=report.contract_hash,
        code_hash=report.code_hash, seed=report.seed, hints=hints, ai_declared=ai, more={"form": prompt.form},
    )  # fmt: skip
    try:
        log.add([event])
    except Unavailable as error:
        return Reviewed(report, path, False, (f"this is not kept as evidence: {error.got}",))
    return Reviewed(report, path, True)


def answer(state: State, prompt: Prompt, text: str) -> tuple[Marked, tuple[str, ...]]:
    """Mark the answer to a question and keep how it went; what could not be kept, in words. ``?``: I do not know.

    Conflict where the same question was answered before: its answer was told.
    """
    question = practice.question(state, prompt.id)
    assert question is not None, prompt
    log = Evidence(state.home)
    if any(
        (each.kind, each.seed, each.more.get("question")) == ("question", question.seed, question.id)
        for each in log.events()
    ):
        raise Conflict(
            f"today's question about {prompt.id} was answered", "a second answer", "one a day, since the first told it",
            "There is another one tomorrow.",
        )  # fmt: skip
    marked = unanswered(question) if text.strip() == "?" else mark(question, text)
    try:
        log.add([asked.event(question, passed=marked.right)])
    except Unavailable as error:
        return marked, (f"this is not kept as evidence: {error.got}",)
    return marked, ()
