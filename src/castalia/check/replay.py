"""What a claim asks, written down once and asked again: so that two subjects are asked exactly the same.

A ``Recorder`` stands between a property and its subject. What it noted is a list of plain steps; objects are numbered
in the order of their making, so that the steps fit every subject.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from castalia.check.subject import Held, Runner
from castalia.core.contract import Claim, Failed, NotAttempted, Raised


@dataclass(frozen=True)
class Numbered:
    """An object that a subject holds, as an argument or as the one spoken to."""

    number: int


@dataclass(frozen=True)
class Step:
    """One request: ``op`` is call, new, method or get."""

    op: str
    name: str
    on: int = -1
    """The number of the object that is spoken to."""
    args: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """An answer that is an exception: its class by name."""

    kind: str


class Recorder:
    """A subject that asks another one and notes it (castalia.core.contract.Subject)."""

    def __init__(self, runner: Runner) -> None:
        self.play = Player(runner)
        self.steps: list[Step] = []

    def call(self, function: str, /, *args: Any, **named: Any) -> Any:
        return self._note(Step("call", function, -1, _given(args), _given(named)))

    def new(self, name: str, /, *args: Any, **named: Any) -> RecordedHandle:
        self._note(Step("new", name, -1, _given(args), _given(named)))
        return RecordedHandle(self, len(self.play.held) - 1)

    def _note(self, step: Step) -> Any:
        self.steps.append(step)
        return self.play.ask(step)


class RecordedHandle:
    """An object of the recorder's subject (castalia.core.contract.Handle)."""

    def __init__(self, recorder: Recorder, number: int) -> None:
        self._recorder, self.number = recorder, number

    def call(self, method: str, /, *args: Any, **named: Any) -> Any:
        return self._recorder._note(Step("method", method, self.number, _given(args), _given(named)))

    def get(self, name: str, /) -> Any:
        return self._recorder._note(Step("get", name, self.number))

    def free(self) -> None:
        return


class Player:
    """Asks a subject step by step."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.held: list[Held] = []

    def ask(self, step: Step) -> Any:
        """The answer; what the subject raises is raised."""
        args = [self._own(each) for each in step.args]
        named = {key: self._own(each) for key, each in step.named.items()}
        if step.op == "call":
            return self.runner.call(step.name, *args, **named)
        if step.op == "new":
            self.held.append(self.runner.new(step.name, *args, **named))
            return None
        held = self.held[step.on]
        return held.get(step.name) if step.op == "get" else held.call(step.name, *args, **named)

    def answer(self, step: Step) -> Any:
        """The answer, or a Refusal where the code under check raised; NotAttempted, Failed and Died go on."""
        try:
            return self.ask(step)
        except Raised as error:
            return Refusal(error.kind)

    def forget(self) -> None:
        """Let go of what it made."""
        for held in self.held:
            held.free()
        self.held = []

    def _own(self, value: Any) -> Any:
        return self.held[value.number] if isinstance(value, Numbered) else value


def _given(values: Any) -> Any:
    """Arguments as they are now: a property may change its arrays afterwards."""
    if isinstance(values, dict):
        return {key: _given(value) for key, value in values.items()}
    if isinstance(values, tuple):
        return tuple(_given(value) for value in values)
    return Numbered(values.number) if isinstance(values, RecordedHandle) else copy.deepcopy(values)


def steps_of(claim: Claim, reference: Runner, inputs: tuple[Any, ...]) -> list[Step]:
    """What ``claim`` asks for these inputs; the reference answers a property while it asks."""
    if claim.holds is None:
        return [Step("call", claim.function, -1, _given(inputs))]
    recorder = Recorder(reference)
    try:
        claim.holds(recorder, *copy.deepcopy(inputs))
    except (Failed, Raised, NotAttempted):
        return []  # the reference does not keep it on these inputs: proving a contract says so, not this
    finally:
        recorder.play.forget()
    return recorder.steps
