"""Is there an input on which two programs answer differently? Both are asked the same things, thousands of times.

The inputs are those of the contract's claims: edges first, then generated ones, of every size from the smallest to the
largest that a claim names. What a claim asks of the one program is asked of the other as well
(castalia.check.transcript, castalia.check.replay). What the one does not answer twice in the same way tells nothing.

Answers are the same when types, shapes and all bits are: −0.0 is not 0.0, and only NaN and NaN may differ in bits.
``rtol`` makes it the tolerance of a claim instead: two right programs differ in their last bits.
"""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from castalia.check.checker import as_typed, inputs_of
from castalia.check.project import runner_for
from castalia.check.replay import Side
from castalia.check.transcript import Script
from castalia.core.contract import Claim, Contract, Failed, equal

SEARCHED = "searched"
"""The reason of an equivalent that a search stands for."""
INPUTS = 10_000
_BATCH = 200
_SIZES = 1000
TIME = 60.0
"""Seconds for the inputs of one claim; what a costly claim leaves of its share goes to the others."""
_LOOSE = 1e-6
"""Of the answers that a property asks for, where a tolerance is wanted: they have none of their own."""


@dataclass(frozen=True)
class Difference:
    """An input on which two programs answer differently."""

    claim: str
    input: str
    asked: str
    """What was asked last: ``softmax(x)``, ``RunningMean.mean()``."""
    got: str
    expected: str

    def as_dict(self) -> dict[str, str]:
        return dict(vars(self))


@dataclass(frozen=True)
class Search:
    """How many inputs were tried, by which seed, and the first that tells the two apart."""

    inputs: int
    seed: int
    difference: Difference | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"inputs": self.inputs, "seed": self.seed, "difference": self.difference and self.difference.as_dict()}


def search(
    contract: Contract, claims: Sequence[Claim], one: tuple[Path, Mapping[str, str]],
    other: tuple[Path, Mapping[str, str]], *, python: str, seed: int, inputs: int = INPUTS, tolerant: bool = False,
) -> Search:  # fmt: skip
    """Ask two programs the same for ``inputs`` inputs of ``claims``; the second is the one that may be wrong.

    A program is a file and texts that stand in for files. ``tolerant`` compares by the tolerance of each claim. The
    claims share the inputs; where all of them are costly there may be fewer.
    """
    with ExitStack() as stack:
        sides: dict[tuple[str, frozenset[str]], tuple[Side, Side]] = {}
        asked = {}
        for claim in claims:
            milestone = next(m.id for m in contract.milestones if any(c.id == claim.id for c in m.claims))
            way = reached_by(contract, milestone)
            if way not in sides:
                runners = [runner_for(contract, milestone, path, python) for path, _ in (one, other)]
                first, second = (stack.enter_context(runner) for runner in runners)
                batched = way[0] == "module"
                sides[way] = Side(first, one[1], batched, trusted=True), Side(second, other[1], batched)
            asked[claim.id] = _Asked(claim, *sides[way], seed, inputs)
        tried, open_ = 0, list(asked.values())
        while open_ and tried < inputs:
            share = -(-(inputs - tried) // len(open_))
            for each in open_:
                rtol = (each.claim.rtol if each.claim.oracle else _LOOSE) if tolerant else 0.0
                for script, answers in each.some(min(share, inputs - tried)):
                    tried += 1
                    if _difference(script, answers, rtol) and (found := each.steady(script, answers, rtol)):
                        return Search(tried, seed, found)
            open_ = [each for each in open_ if each.seconds < TIME]
    return Search(tried, seed)


def reached_by(contract: Contract, milestone: str) -> tuple[str, frozenset[str]]:
    """Adapter and needs of a milestone: those that agree in them can share a runner."""
    claims = contract.milestone(milestone).claims
    return contract.adapter_of(milestone), frozenset[str]().union(*(claim.needs for claim in claims))


class _Asked:
    """A claim's inputs, asked of both programs, and the time that took."""

    def __init__(self, claim: Claim, one: Side, other: Side, seed: int, most: int) -> None:
        self.claim, self._one, self._other = claim, one, other
        self._made = inputs_of(replace(claim, sizes=_sizes(claim)), seed, most)
        self._batch = 1
        self.seconds = 0.0

    def some(self, count: int) -> Iterator[tuple[Script, list[dict[str, Any]]]]:
        """``count`` more inputs, fewer once its time is over: what the first was asked, and the second's answers."""
        while count > 0 and self.seconds < TIME:
            chunk = list(itertools.islice(self._made, min(self._batch, count)))
            if not chunk:  # no input is left
                self.seconds = TIME
                return
            began, count = time.monotonic(), count - len(chunk)
            scripts = self._one.record(self.claim, chunk)
            yield from zip(scripts, self._other.replay(scripts), strict=True)
            took = time.monotonic() - began
            self.seconds += took
            self._batch = min(_BATCH, 4 * self._batch) if took < 1 else max(1, self._batch // 2)

    def steady(self, script: Script, answers: list[dict[str, Any]], rtol: float) -> Difference | None:
        """The difference in answers that the first program gives a second time: a clock or a path is none."""
        (again,) = self._one.record(self.claim, [script.inputs])
        both = zip(script.steps, again.steps, strict=False)
        loose = {number for number, (one, two) in enumerate(both) if not same(two.answer, one.answer, rtol)}
        return _difference(script, answers, rtol, loose)


def _sizes(claim: Claim) -> tuple[int, ...]:
    """Every whole size from the claim's smallest to its largest that its generator knows how to make."""
    between = range(claim.sizes[0], min(claim.sizes[-1], claim.sizes[0] + _SIZES))
    return tuple(size for size in sorted({*claim.sizes, *between}) if size in claim.sizes or _made(claim, size))


def _made(claim: Claim, size: int) -> bool:
    try:
        claim.make(np.random.default_rng(size), size)
    except Exception:  # whatever it raises for a size that its author did not name
        return False
    return True


# --- the same? ----------------------------------------------------------------------------------


def _difference(
    script: Script, answers: Sequence[Mapping[str, Any]], rtol: float, loose: Collection[int] = ()
) -> Difference | None:
    """The first answer that differs; not in the steps that are ``loose``."""
    for number, (step, answer) in enumerate(zip(script.steps, answers, strict=False)):
        if number not in loose and not same(answer, step.answer, rtol):
            made = [each.name for each in script.steps if each.op == "new"]
            owner = f"{made[step.at]}." if step.at >= 0 else ""
            asked = f"{owner}{step.name}" + ("" if step.op == "get" else "(…)")
            got, expected = _said(answer), _said(step.answer)
            if got == expected:  # as they are shown: it is the kind, or the last bits
                got, expected = (_exactly(each.get("value")) for each in (answer, step.answer))
            return Difference(script.claim.id, as_typed(script.inputs), asked, got, expected)
    if len(answers) != len(script.steps):
        counts = f"{len(answers)} calls", f"{len(script.steps)} calls"
        return Difference(script.claim.id, as_typed(script.inputs), "further calls", *counts)
    return None


def _said(answer: Mapping[str, Any]) -> str:
    if "raised" in answer:
        return f"it raised {answer['raised']}"
    return as_typed([answer.get("value")]) + (" and a changed input" if answer.get("changed") else "")


def _exactly(value: Any) -> str:
    """With its kind and every digit."""
    if not isinstance(value, np.ndarray | np.generic):
        return f"{value!r} ({type(value).__name__})"
    text = np.array2string(np.asarray(value), floatmode="unique", separator=", ", threshold=30)
    return f"{text} ({'array' if isinstance(value, np.ndarray) else 'scalar'} of {value.dtype})"


def same(one: Any, other: Any, rtol: float = 0.0) -> bool:
    """Whether two answers are the same, bit for bit; with ``rtol``, of equal shape and close (core.expect.equal)."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(same(one[key], other[key], rtol) for key in one)
    if rtol and _numeric(one) and _numeric(other):
        try:
            equal(one, other, rtol, "the answer")
        except Failed:
            return False
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(same(a, b, rtol) for a, b in zip(one, other, strict=True))
    if isinstance(one, np.ndarray | np.generic):
        return _same_bits(np.asarray(one), np.asarray(other))
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other) or (one != one and other != other)
    return bool(one == other)


def _same_bits(one: Any, other: Any) -> bool:
    if one.dtype.str != other.dtype.str or one.shape != other.shape:
        return False
    if one.tobytes() == other.tobytes():
        return True
    if one.dtype.kind not in "fc":
        return False
    known = ~(np.isnan(one) & np.isnan(other))
    return bool(one[known].tobytes() == other[known].tobytes())


def _numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biufc"
    except ValueError:
        return False
