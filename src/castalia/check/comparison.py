"""A learner's functions beside the reference: the same questions to both, how far apart the answers are, and the time.

Both run in processes of their own, through the door of every check. The questions are those of the contract's claims;
the time is what the runner measures around each call, without the way there and back. Each side has files of its own,
and what lies in them is not compared: two right programs may write in two ways.
"""

from __future__ import annotations

import math
import secrets
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from castalia.check import contracts, desk, finishing
from castalia.check.equivalence import reached_by
from castalia.check.project import runner_for, subject_file
from castalia.check.stubs import code_hash
from castalia.check.subject import Died, Runner
from castalia.check.transcript import Recorder, Step
from castalia.core.contract import Claim, Contract, Failed, NotAttempted, Raised
from castalia.core.errors import Unavailable
from castalia.core.settings import Settings
from castalia.kit.timing import Speed, alternately

CASES = 10
"""Generated inputs for each claim, beside its edges."""
TIMED = 3
"""So many of the largest inputs of a claim are timed, together."""


@dataclass(frozen=True)
class Apart:
    """How the answers to one claim's questions differ."""

    claim: str
    milestone: str
    function: str
    asked: int
    """Answers that were compared."""
    equal: int
    """Of these, equal within the claim's own tolerance."""
    largest: float | None
    """The largest difference relative to the reference; infinite where kind, shape or finiteness differ."""
    why: str = ""
    """Why nothing, or not all of it, could be compared."""

    def as_dict(self) -> dict[str, Any]:
        told = dict(vars(self))
        return {**told, "largest": "inf" if self.largest == math.inf else self.largest}


@dataclass(frozen=True)
class Beside:
    """A learner's file beside the reference."""

    project: str
    file: Path
    seed: int
    claims: tuple[Apart, ...]
    speed: tuple[Speed, ...]
    """a is the learner's code, b the reference."""
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Milestones that are not about functions, and so are not compared."""
    further: tuple[tuple[str, str, str], ...] = ()
    """Where they define a System: what to type to compare that (finishing.lines)."""

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "kind": "functions", "project": self.project, "a": self.file.name, "b": "reference", "seed": self.seed,
            "claims": [each.as_dict() for each in self.claims], "speed": [each.as_dict() for each in self.speed],
            "left_out": list(self.left_out),
        }  # fmt: skip


def compare_functions(
    name: str, at: str | Path = ".", python: str = "", seed: int | None = None, settings: Settings | None = None
) -> Beside:
    """Ask the code at ``at`` and the reference of ``name`` the same; NotFound and Unavailable as in a check."""
    settings = settings or Settings.read()
    contract = contracts.find(name, settings)
    if contract.adapter != "module":
        words = f"{contract.project} is checked through a {contract.adapter}"
        raise Unavailable(words, contract.adapter, "a module", "compare takes Python modules and systems only")
    path = subject_file(contract, at, name)
    seed = secrets.randbits(32) if seed is None else seed
    claims: list[Apart] = []
    speeds: list[Speed] = []
    pairs: dict[tuple[str, frozenset[str]], tuple[Runner, Runner]] = {}
    sides = ((path, python or sys.executable), (contracts.reference(name, settings), sys.executable))
    try:
        for milestone, claim in _claims(contract):
            way = reached_by(contract, milestone)
            if way not in pairs:
                one, other = (runner_for(contract, milestone, file, exe) for file, exe in sides)
                pairs[way] = one, other
            apart, timed = _one(claim, milestone, *pairs[way], seed)
            claims.append(apart)
            if timed and apart.function not in {each.what for each in speeds}:
                speeds += _time(apart.function, timed, *pairs[way])
        files = {file for mine, _ in pairs.values() for file in mine.loaded_files()}
        root = next((mine.root for mine, _ in pairs.values()), path.parent)
    finally:
        for pair in pairs.values():
            for runner in pair:
                runner.close()
    same = all(each.equal == each.asked and not each.why for each in claims)
    warnings = desk.note(
        settings, "compare", contract.project, contract_hash=contract.hash(), seed=seed,
        outcome="equal" if same else "different", code_hash=code_hash(root, files or [str(path)]),
    )  # fmt: skip
    left_out = tuple(each.id for each in contract.milestones if contract.adapter_of(each.id) != "module")
    further = tuple(finishing.lines(finishing.as_system(contract, path, settings)))
    return Beside(contract.project, path, seed, tuple(claims), tuple(speeds), warnings, left_out, further)


def _claims(contract: Contract) -> Iterator[tuple[str, Claim]]:
    for milestone in contract.milestones:
        if contract.adapter_of(milestone.id) == "module":
            yield from ((milestone.id, claim) for claim in milestone.claims)


def _one(claim: Claim, milestone: str, mine: Runner, theirs: Runner, seed: int) -> tuple[Apart, list[list[Step]]]:
    """One claim's questions to both; also the questions worth timing."""
    asked = equal = 0
    largest: float | None = None
    why, traces = "", []
    head = claim.at.partition(".")[0]
    try:
        for runner in (mine, theirs):
            if not runner.alive:
                runner.start()
                runner.load()
        for inputs in _inputs(claim, seed):
            mine.allow(claim.budget)
            theirs.allow(claim.budget)
            first, second = Recorder(theirs), Recorder(mine)
            first.record(claim, inputs)
            for step in first.steps:
                got, wanted = second.play(step), step.answer
                if second.ours(step) or step.name.startswith("castalia."):  # a path, a file, what is imported
                    continue
                if step.op == "new":
                    if "raised" in got and "raised" not in wanted:
                        raise Raised(got["raised"])
                    continue
                gap, same = difference(_said(got), _said(wanted), claim.rtol)
                asked, equal, largest = asked + 1, equal + same, max(largest or 0.0, gap)
            for each in (first, second):
                each.forget()
            traces.append(first.steps)
    except NotAttempted as error:
        why = f"not attempted: {error}"
    except Failed as error:
        why = error.words
    except Raised as error:
        why = f"it raised {error}"
    except Died as error:
        why = f"{error.outcome.replace('_', ' ')}: {error.why}"
    return Apart(claim.id, milestone, head, asked, equal, largest, why), [] if why else traces[-TIMED:]


def _inputs(claim: Claim, seed: int) -> Iterator[tuple[Any, ...]]:
    """Edges, then generated inputs from small to large; all from the seed."""
    yield from (edge() for edge in claim.edges)
    cases = min(CASES, claim.cases)
    for number in range(cases):
        size = claim.sizes[(number + 1) * len(claim.sizes) // cases - 1]
        yield claim.make(np.random.default_rng([seed, zlib.crc32(claim.id.encode()), number]), size)


@dataclass(frozen=True)
class Refusal:
    """An answer that is an exception: its class by name."""

    kind: str


def _said(answer: dict[str, Any]) -> Any:
    return Refusal(answer["raised"]) if "raised" in answer else answer["value"]


def difference(got: Any, wanted: Any, rtol: float) -> tuple[float, bool]:
    """(largest difference relative to ``wanted`` or its median, equal within ``rtol``).

    Infinite where kind, shape, finiteness or the class of an exception differ.

    >>> difference([1.0, 2.2], [1.0, 2.0], 1e-9)
    (0.10000000000000009, False)
    >>> difference([np.zeros((2, 2)), {"loss": 3.0}], [np.zeros((2, 2)), {"loss": 4.0}], 1e-9)
    (0.25, False)
    """
    if isinstance(got, Refusal) or isinstance(wanted, Refusal):
        return (0.0, True) if got == wanted else (math.inf, False)
    try:
        a, b = np.asarray(got), np.asarray(wanted)
    except ValueError:
        return _by_parts(got, wanted, rtol)
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        if isinstance(wanted, dict | list | tuple) and wanted:
            return _by_parts(got, wanted, rtol)
        alike = repr(got) == repr(wanted)
        return (0.0 if alike else math.inf), alike
    if a.shape != b.shape:
        return math.inf, False
    if not a.size:
        return 0.0, True
    with np.errstate(all="ignore"):
        whole = np.isfinite(b)
        if not np.array_equal(np.isfinite(a), whole) or not np.array_equal(a[~whole], b[~whole], equal_nan=True):
            return math.inf, False
        if not whole.any():
            return 0.0, True
        exact, found = b[whole].astype(np.complex128), a[whole].astype(np.complex128)
        size = np.maximum(np.abs(exact), np.median(np.abs(exact)))
        gap = np.abs(found - exact)
        largest = float(np.max(np.where(gap == 0, 0.0, gap / size)))
    return largest, largest <= rtol


def _by_parts(got: Any, wanted: Any, rtol: float) -> tuple[float, bool]:
    """The same of a dict, or of a list whose parts differ in shape or are no numbers, part by part."""
    if isinstance(got, dict) and isinstance(wanted, dict) and got.keys() == wanted.keys():
        pairs = [(got[name], wanted[name]) for name in wanted]
    elif isinstance(got, list | tuple) and isinstance(wanted, list | tuple) and len(got) == len(wanted):
        pairs = list(zip(got, wanted, strict=True))
    else:
        return math.inf, False
    found = [difference(*pair, rtol) for pair in pairs]
    return max(gap for gap, _ in found), all(same for _, same in found)


def _time(function: str, traces: list[list[Step]], mine: Runner, theirs: Runner) -> list[Speed]:
    """The calls of these questions, the code's own seconds in them; nothing where a process ended on the way."""

    def seconds(runner: Runner) -> float:
        runner.allow(60.0)
        spent = 0.0
        for steps in traces:
            played = Recorder(runner)
            for step in steps:
                before = runner.learner_seconds
                played.play(step)
                spent += 0.0 if played.ours(step) else runner.learner_seconds - before
            played.forget()
        return spent

    try:
        return [alternately(function, lambda: seconds(mine), lambda: seconds(theirs), seconds=1.0)]
    except (Died, Failed, NotAttempted):
        return []
