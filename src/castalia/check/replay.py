"""One program in a copy of a warm runner, asked what a claim asks of another (castalia.check.transcript).

Many inputs go in one request: the function that replays the steps is served at the end of the program's own text, so
that the door is the one that every check goes through. It knows the module's own names and no others: where a claim
needs files, or code is reached in another way than as a module, both are asked step by step.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from castalia.check.subject import Died, Runner
from castalia.check.transcript import Recorder, Script, Step, kind_of
from castalia.core.contract import Claim, Failed, NotAttempted, Raised
from castalia.core.errors import CastaliaError

_CURE = "Prove the contract: castalia prove says whether its reference keeps it."


class Side:
    """One program in a copy of a warm runner."""

    def __init__(self, runner: Runner, sources: Mapping[str, str], batched: bool, *, trusted: bool = False) -> None:
        self.runner, self.batched, self.trusted = runner, batched, trusted
        self.sources = dict(sources)
        if batched:
            main = str(runner.path)
            self.sources[main] = self.sources.get(main, runner.path.read_text("utf-8")) + _REPLAY
        self.took = 0.1

    def record(self, claim: Claim, chunk: Sequence[tuple[Any, ...]]) -> list[Script]:
        """What a claim asks for these inputs, with the answers."""
        if claim.oracle is not None and self._batched(claim):
            scripts = [Script(claim, values, [Step(-1, "call", claim.function, list(values), {})]) for values in chunk]
            for script, answers in zip(scripts, self.replay(scripts), strict=True):
                for step, answer in zip(script.steps, answers, strict=True):
                    step.answer = answer
            return scripts
        with self.runner.fork(self.sources):
            return [self._record(claim, values) for values in chunk]

    def _batched(self, claim: Claim) -> bool:
        return self.batched and "files" not in claim.needs  # castalia.Folder is ours, and no name of the module

    def _record(self, claim: Claim, values: tuple[Any, ...]) -> Script:
        recorder = Recorder(self.runner)
        self.runner.allow(claim.budget)
        try:
            recorder.record(claim, values)
        except Died as error:
            if self.trusted:
                raise CastaliaError(f"the reference ended in {claim.id}", str(error), "an answer", _CURE) from None
        return Script(claim, values, recorder.steps)

    def replay(self, scripts: Sequence[Script]) -> Iterable[list[dict[str, Any]]]:
        """The answers to the steps of every script; all of one claim."""
        if scripts and not self._batched(scripts[0].claim):
            with self.runner.fork(self.sources):
                return [[step.answer for step in self._record(each.claim, each.inputs).steps] for each in scripts]
        try:
            return self._sent(scripts, max(2.0, 20 * self.took))
        except (Died, Failed):  # one of them hangs, ends its process or answers what nobody can look at: which one?
            return (self._alone(each) for each in scripts)

    def _sent(self, scripts: Sequence[Script], seconds: float) -> list[list[dict[str, Any]]]:
        began = time.monotonic()
        try:
            with self.runner.fork(self.sources):
                self.runner.allow(seconds)
                sent = [[step.sent() for step in script.steps] for script in scripts]
                answers: list[list[dict[str, Any]]] = self.runner.call("castalia_replay", sent)
        except (Raised, NotAttempted) as error:  # it does not load
            answers = [[{"raised": kind_of(error)} for _ in script.steps] for script in scripts]
        self.took = max(self.took, time.monotonic() - began)
        return answers

    def _alone(self, script: Script) -> list[dict[str, Any]]:
        try:
            return self._sent([script], script.claim.budget)[0]
        except Died as error:
            return [{"raised": error.outcome} for _ in script.steps]
        except Failed as error:
            return [{"raised": str(error.got)} for _ in script.steps]


_STEPS = """
from __main__ import flat, image


def put(value, objects):
    if isinstance(value, dict):
        if set(value) == {"castalia held"}:
            return objects[value["castalia held"]]
        return {key: put(item, objects) for key, item in value.items()}
    return [put(item, objects) for item in value] if isinstance(value, list) else value


def do(objects, at, op, name, args, kwargs):
    if at >= 0:
        found = getattr(objects[at], name)
    else:
        first, *parts = name.split(".")
        if first not in own:
            raise AttributeError(name)
        found = own[first]
        for part in parts:
            found = getattr(found, part)
    if op == "get":
        return {"value": plain(found)}
    args, kwargs = put(args, objects), put(kwargs, objects)
    before = image([args, kwargs])
    made = found(*args, **kwargs)
    told = {"changed": True} if image([args, kwargs]) != before and op == "call" and at < 0 else {}
    if op == "new":
        objects[-1] = made
        made = None
    return {**told, "value": plain(made)}


def plain(value):
    try:
        flat(value, [], 8)
    except Exception as error:
        return {"castalia cannot look at": str(error)}
    return value


def replay(scripts):
    answers = []
    for script in scripts:
        objects, told = [], []
        for at, op, name, args, kwargs in script:
            if op == "new":
                objects.append(None)
            try:
                told.append(do(objects, at, op, name, args, kwargs))
            except Exception as error:
                told.append({"raised": type(error).__name__})
        answers.append(told)
    return answers
"""
_REPLAY = (
    f"\n\ncastalia_replay = (lambda space: (__import__('builtins').exec({_STEPS!r}, space), space['replay'])[1])"
    "({'own': __import__('builtins').globals()})\n"
)
"""Our own text, executed in the caged process only.

In a namespace of its own: a learner's program may have a ``type`` or a ``set`` of its own.
"""
