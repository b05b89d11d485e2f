"""The verdict: inputs from a seed, the oracle, the tolerance, the smallest failing input. Never imports their code.

A claim is tried on its edge inputs, then on generated ones; each case has a generator of its own, so a case can be
made again at a smaller size. Every input of an oracle is compared after the call, the first ones are asked twice, and
one of the largest is asked in other forms (castalia.check.variants).
"""

from __future__ import annotations

import copy
import itertools
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from castalia.check.result import SHOWN, Result
from castalia.check.stubs import line_of, name_at, near_miss
from castalia.check.subject import Died, Runner
from castalia.check.variants import variants
from castalia.core.contract import Claim, Failed, NotAttempted, Raised, equal

TWICE = 3
"""So many cases of an oracle are asked a second time: what keeps state between calls answers differently."""
FEW = 5
"""So many cases at least, if there are as many, are asked backwards."""
BACKWARDS = "asked for the same inputs in reverse order, in a new process"
_ARGUMENTS = "Give {place} the arguments that its stub has: their number, their order, their names."
_KEPT = "An answer may depend on its input only. Look for what is kept from one call to the next, and make it anew."


@dataclass(frozen=True)
class _Case:
    """One input that can be made again. ``size`` 0 is an edge; a ``thorough`` one is asked in every form."""

    number: int
    size: int
    twice: bool = False
    thorough: bool = False

    def make(self, claim: Claim, seed: int) -> tuple[Any, ...]:
        if not self.size:
            return claim.edges[self.number]()
        return claim.make(np.random.default_rng([seed, zlib.crc32(claim.id.encode()), self.number]), self.size)


@dataclass(frozen=True)
class _Verdict:
    """How a case ended when it did not pass."""

    outcome: str
    why: str
    got: Any = None
    expected: Any = None
    file_line: str = ""
    cure: str = ""
    at: str = ""
    call: str = ""


def check_claim(
    claim: Claim, subject: Runner, seed: int, *, milestone: str = "", backwards: bool = False, shrink: bool = True
) -> Result:
    """Check one claim on a started and loaded ``subject``. Raises nothing: what goes wrong is an outcome.

    With ``backwards`` some of the same inputs are asked from the last to the first, each once. Without ``shrink`` the
    first failing input is the one that is told, as it was found.
    After timeout, memory or the end of its process ``subject.alive`` is False, and it must be started again.
    """
    began, spent, printed = time.perf_counter(), subject.learner_seconds, subject.printed()
    subject.allow(claim.budget)
    result = _blank(claim, seed, milestone)
    cases = list(enumerate(_cases(claim)))
    for number, case in cases[:: -max(1, len(cases) // FEW)] if backwards else cases:
        verdict = _try(claim, subject, seed, replace(case, twice=False, thorough=False) if backwards else case)
        if verdict is not None:
            if backwards:
                verdict = replace(verdict, why=f"{BACKWARDS}: {verdict.why}", cure=_KEPT)
            elif shrink:
                case, verdict = _shrink(claim, subject, seed, case, verdict)
            result = _explain(replace(result, case=number), claim, subject.path, case, verdict)
            break
    return replace(
        result,
        seconds=time.perf_counter() - began,
        learner_seconds=subject.learner_seconds - spent,
        output=subject.output(printed)[:SHOWN],
    )


def inputs_of(claim: Claim, seed: int, count: int) -> Iterator[tuple[Any, ...]]:
    """The inputs of a claim as a check makes them, ``count`` of them: its edges, then generated ones of every size."""
    for case in itertools.islice(_cases(replace(claim, cases=max(1, count))), count):
        yield case.make(claim, seed)


def not_reached(claim: Claim, seed: int, error: Exception, path: Path, *, milestone: str = "") -> Result:
    """The result of a claim whose subject could not be loaded, or that is still the stub."""
    result = _explain(_blank(claim, seed, milestone), claim, path, None, _judged(error))
    if result.outcome in ("not_attempted", "tool_error"):
        return result
    missing = isinstance(error, Raised) and error.kind == "ModuleNotFoundError"
    because = result.action if missing else "before the file can be imported, nothing in it can be checked."
    action = f"Mend {result.file_line}: {because[0].lower()}{because[1:]}"
    words = f"{path.name} cannot be imported."
    return replace(result, words=words, action=action, topic="", expected=None, got=None, loaded=False)


def _blank(claim: Claim, seed: int, milestone: str) -> Result:
    topic = max(claim.topics, key=lambda topic: claim.topics[topic])
    return Result(claim=claim.id, milestone=milestone, outcome="pass", seed=seed, words=claim.words, topic=topic)


def distrusted(result: Result, changed: Sequence[str]) -> Result:
    """In place of ``result``, and of every other: nothing is said about the code when the contract has changed."""
    why = f"files of the contract changed during the check: {', '.join(changed)}"
    action = "Check again. If nobody edited them, the code did: look for what it writes, and reinstall castalia."
    return replace(
        result,
        outcome="tool_error",
        why=why,
        action=action,
        got=None,
        expected=None,
        input="",
        call="",
        file_line="",
        case=-1,
    )


def _cases(claim: Claim) -> Iterator[_Case]:
    """Edges first. The first few are asked twice; the first of the largest size is asked in every form."""
    sizes = [0] * len(claim.edges) + [claim.sizes[number % len(claim.sizes)] for number in range(claim.cases)]
    largest = sizes.index(max(sizes))
    for at, size in enumerate(sizes):
        number = at - (len(claim.edges) if size else 0)
        yield _Case(number, size, twice=at < TWICE, thorough=at == largest)


def _try(claim: Claim, subject: Runner, seed: int, case: _Case) -> _Verdict | None:
    """One case; None when it passes. Whatever the contract itself raises before it asked anything is our fault."""
    calls = subject.calls
    subject.changed, subject.reused, subject.last = "", "", None
    subject.asked.clear()
    try:
        with np.errstate(all="ignore"):
            inputs = case.make(claim, seed)
            if claim.holds is not None:
                claim.holds(subject, *copy.deepcopy(inputs))
            else:
                _ask_oracle(claim, subject, inputs, case)
            _left_alone(claim, subject)
    except (Failed, Raised, NotAttempted, Died) as error:
        verdict = _judged(error)
        called = subject.asked.typed(verdict.at or claim.at) if subject.adapter == "module" else ""
        return replace(verdict, call=called)
    except Exception as error:
        if subject.calls == calls:
            return _Verdict("tool_error", f"the contract failed: {type(error).__name__}: {error}"[:SHOWN])
        words = f"the answer could not be used ({type(error).__name__}: {error})"[:SHOWN]
        return _Verdict("fail", words, _short(subject.last), "an answer of the kind that the interface names")
    return None


def _ask_oracle(claim: Claim, subject: Runner, inputs: tuple[Any, ...], case: _Case) -> None:
    assert claim.oracle is not None
    expected = claim.oracle(*copy.deepcopy(inputs))
    got = subject.call(claim.function, *inputs)
    equal(got, expected, claim.rtol, claim.function)
    _left_alone(claim, subject)
    if case.twice:
        again = subject.call(claim.function, *inputs)
        equal(again, expected, claim.rtol, f"{claim.function}, called a second time with the same input")
    for each in variants(claim, inputs, expected, case.number) if case.thorough else ():
        subject.layout = each.layout
        try:
            got = subject.call(claim.function, *each.inputs)
        except Raised as error:
            raise Raised(error.kind, f"{error.message} ({each.words})", error.file_line) from None
        finally:
            subject.layout = ""
        equal(got, each.expected, each.rtol, f"{claim.function} {each.words}")


def _left_alone(claim: Claim, subject: Runner) -> None:
    """``Failed`` where a call changed what it was given, or what the call before it had answered."""
    if subject.changed and not claim.in_place:
        words = f"{subject.changed} changed the input it was given; work on a copy"
        raise Failed("another input after the call", "the input as it was", words)
    if subject.reused and not claim.in_place:
        words = f"{subject.reused} wrote its answer over the one it gave before; make a new array for every answer"
        raise Failed("another answer after the next call", "the answer as it was", words)


def _judged(error: Exception) -> _Verdict:
    if isinstance(error, Failed):
        return _Verdict("fail", error.words, error.got, error.expected, at=error.at)
    if isinstance(error, NotAttempted):
        return _Verdict("not_attempted", str(error), file_line=error.file_line)
    if isinstance(error, Died):
        return _Verdict(error.outcome, error.why, file_line=error.file_line, cure=error.cure)
    if isinstance(error, Raised):
        if error.kind == "TypeError" and not error.file_line and "argument" in error.message:
            return _Verdict("learner_error", f"it does not take what it is given: {error.message}", cure=_ARGUMENTS)
        if error.kind == "ModuleNotFoundError":
            cure = "The Python that runs your code has no such module: install it there, or do without."
            return _Verdict("learner_error", f"it raised {error}", str(error), "an answer", error.file_line, cure)
        return _Verdict("learner_error", f"it raised {error}", str(error), "an answer", error.file_line)
    return _Verdict("tool_error", f"{type(error).__name__}: {error}"[:SHOWN])


def _shrink(claim: Claim, subject: Runner, seed: int, case: _Case, verdict: _Verdict) -> tuple[_Case, _Verdict]:
    """The same case at the smallest size that ends the same way, as long as the budget lasts."""
    if not case.size or verdict.outcome not in ("fail", "learner_error"):
        return case, verdict
    for size in (size for size in claim.sizes if size < case.size):
        if not subject.alive:
            break
        smaller = _Case(case.number, size, twice=True, thorough=case.thorough)
        found = _try(claim, subject, seed, smaller)
        if found is not None and found.outcome == verdict.outcome:
            return smaller, found
    return case, verdict


def _explain(result: Result, claim: Claim, path: Path, case: _Case | None, verdict: _Verdict) -> Result:
    """The result with everything that a learner needs to see."""
    file_line = verdict.file_line or line_of(path, verdict.at or claim.at)
    if verdict.outcome == "not_attempted" and verdict.why.endswith(f"is still the stub ({verdict.file_line})"):
        stub = name_at(path, verdict.file_line) or claim.at
        words = f"{stub} is still the stub ({verdict.file_line})"
        verdict = replace(verdict, why=words, cure=f"Write {stub} ({verdict.file_line}), then check again.")
    elif verdict.outcome == "not_attempted" and (near := near_miss(path, claim.at)):
        verdict = replace(verdict, cure=f"Rename {near} to {claim.at}, if that is what you meant; then check again.")
    shown = "" if case is None or verdict.outcome in ("tool_error", "not_attempted") else _shown(claim, result, case)
    return replace(
        result, outcome=verdict.outcome, why=verdict.why, got=_plain(verdict.got), expected=_plain(verdict.expected),
        file_line=file_line, input=shown, call=verdict.call if shown else "", size=case.size if case else 0,
        action=_action(verdict, claim, file_line),
    )  # fmt: skip


def _action(verdict: _Verdict, claim: Claim, file_line: str) -> str:
    """One next thing to do."""
    about = verdict.at or claim.at
    place = about if about == file_line else f"{about} ({file_line})"
    unwritten = claim.at if claim.at == file_line else f"{claim.at} ({file_line})"
    words = {
        "fail": f"Change {place} and check again; `castalia hint` says where to look.",
        "not_attempted": f"Write {unwritten}, then check again.",
        "learner_error": f"Read {file_line}: the code stopped there.",
        "timeout": f"Look at {file_line}: the code was there when its time was over ({claim.budget:g} s).",
        "memory": f"Look at {file_line}: make smaller arrays there, or fewer at a time.",
        "tool_error": "This is not your code. Run `castalia doctor`, and report the line above if it finds nothing.",
    }
    if verdict.outcome == "tool_error" and "pip install" in verdict.why:
        return "Install it (the line above says how), then check again: this is not your code."
    return verdict.cure.replace("{place}", place) or words[verdict.outcome]


def _shown(claim: Claim, result: Result, case: _Case) -> str:
    try:
        inputs = case.make(claim, result.seed)
    except Exception:
        return ""
    return as_typed(inputs)


def as_typed(values: Iterable[Any]) -> str:
    """Inputs as a learner would type them, shortened."""
    text = ", ".join(_short(value) for value in values)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _short(value: Any) -> str:
    """As one would type it, shortened."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, separator=", ", threshold=30, precision=8, max_line_width=100)
        return text if value.dtype.kind in "fib" else f"{text} ({value.dtype})"
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 200 else text[:199] + "…"


def _plain(value: Any) -> Any:
    """A number stays a number; anything larger becomes a short text."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if value is None or isinstance(value, bool | int | float | str) else _short(value)
