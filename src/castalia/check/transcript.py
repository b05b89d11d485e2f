"""What a claim asks of one program, written down step by step, and asked of another.

One call for an oracle; calls, objects and attributes for a property. Objects are numbered in the order of their making,
so that the steps fit every subject.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from castalia.check.subject import Died, Held, Runner
from castalia.core.contract import Claim, Failed, NotAttempted, Raised


@dataclass
class Step:
    """One thing that was asked: of the program (``at`` −1) or of an object that it made."""

    at: int
    op: str
    """call, new or get."""
    name: str
    args: list[Any]
    kwargs: dict[str, Any]
    answer: dict[str, Any] = field(default_factory=dict)
    """{"value"}, with "changed" where an input of a function was changed; or {"raised"}, a class by name."""

    def sent(self) -> list[Any]:
        return [self.at, self.op, self.name, self.args, self.kwargs]


@dataclass
class Script:
    """One input and the steps it led to."""

    claim: Claim
    inputs: tuple[Any, ...]
    steps: list[Step]


class Recorder:
    """A subject, or an object of it, that writes down what it is asked and what it answers.

    What the code under check raises goes on (castalia.core.contract.Subject, Handle).
    """

    def __init__(self, of: Runner | Held, whole: Recorder | None = None, at: int = -1) -> None:
        self._of: Any = of
        self._at = at
        self._runner: Any = whole._runner if whole else of
        self.steps: list[Step] = whole.steps if whole else []
        self._made: list[Recorder | None] = whole._made if whole else []
        self._folders: set[int] = whole._folders if whole else set()
        self._places: dict[str, str] = {}
        """Where a path that another program was given lies here."""

    @property
    def learner_seconds(self) -> float:
        """That of the code which is asked."""
        return float(self._runner.learner_seconds)

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        return self._step("call", name, args, kwargs)

    def get(self, name: str, /) -> Any:
        return self._step("get", name, (), {})

    def new(self, name: str, /, *args: Any, **kwargs: Any) -> Recorder:
        number = len(self._made)
        self._made.append(None)
        if name == FOLDER:
            self._folders.add(number)
        made = self._made[number] = Recorder(self._step("new", name, args, kwargs), self, number)
        return made

    def free(self) -> None:
        self._of.free()

    def record(self, claim: Claim, inputs: tuple[Any, ...]) -> None:
        """Let a claim ask; where it does not hold the steps end there. Raises Died."""
        with suppress(Failed, Raised, NotAttempted), np.errstate(all="ignore"):
            if claim.holds is not None:
                claim.holds(self, *copy.deepcopy(inputs))
            else:
                self.call(claim.function, *inputs)

    def play(self, step: Step) -> dict[str, Any]:
        """The answer to a step that was written down elsewhere. Raises NotAttempted, Failed and Died."""
        on = self if step.at < 0 else self._made[step.at]
        args, kwargs = [self._own(each) for each in step.args], {k: self._own(v) for k, v in step.kwargs.items()}
        if on is None:
            raise NotAttempted(f"{step.name} of an object that was not made")
        with suppress(Raised):
            getattr(on, step.op)(step.name, *args, **kwargs)
        answer = self.steps[-1].answer
        theirs, mine = step.answer.get("value"), answer.get("value")
        if self.ours(step) and isinstance(theirs, str) and isinstance(mine, str) and step.name == "place":
            self._places[theirs] = mine
        return answer

    def ours(self, step: Step) -> bool:
        """Whether a step asks a scratch folder of ours, and not the code under check."""
        return step.at in self._folders or (step.op == "new" and step.name == FOLDER)

    def forget(self) -> None:
        """Let go of the objects that were made."""
        for each in self._made:
            if each is not None:
                each.free()
        self._made.clear()
        self._folders.clear()

    def _own(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._places.get(value, value)
        held = isinstance(value, dict) and set(value) == {_HELD}
        return self._made[value[_HELD]] if held else copy.deepcopy(value)

    def _step(self, op: str, name: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
        step = Step(self._at, op, name, [_noted(a) for a in args], {key: _noted(a) for key, a in kwargs.items()})
        self.steps.append(step)
        real, named = [_real(a) for a in args], {key: _real(a) for key, a in kwargs.items()}
        try:
            self._runner.changed = ""
            answer = getattr(self._of, op)(name, *real, **named)
        except (Raised, NotAttempted, Died, Failed) as error:
            step.answer = {"raised": kind_of(error)}
            raise
        changed = {"changed": True} if self._runner.changed and op == "call" and self._at < 0 else {}
        step.answer = {**changed, "value": None if isinstance(answer, Held) else copy.deepcopy(answer)}
        return answer


FOLDER = "castalia.Folder"
"""Made by the checker for a claim that needs files (check/adapters/folder.py): another path in every process."""
_HELD = "castalia held"


def _real(value: Any) -> Any:
    return value._of if isinstance(value, Recorder) else value


def _noted(value: Any) -> Any:
    return {_HELD: value._at} if isinstance(value, Recorder) else copy.deepcopy(value)


def kind_of(error: Exception) -> str:
    """What stands for an error in an answer."""
    if isinstance(error, Raised):
        return error.kind
    return "AttributeError" if isinstance(error, NotAttempted) else str(getattr(error, "outcome", "a wrong answer"))
