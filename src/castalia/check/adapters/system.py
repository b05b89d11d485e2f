"""A learner's System: the one class of their file that derives from castalia.core.system.System, spoken to in dicts.

``subject.call("describe")`` answers schemas, quick params, an example; ``subject.new("System", params)`` constructs
one; its handle learns (``fit``), answers (``call``, ``batch``, ``stream``, ``predict``, ``verb``) and can be saved and
loaded again (``subject.new("Reloaded", handle)``). Records cross as plain dicts; wrong input is told as Raised with the
kind of the error. This adapter alone needs castalia in the learner's Python: a System is made of it.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.check.learner import Learner


def adapt(learner: Learner) -> Shelf:
    try:
        import castalia.core.system  # noqa: F401
    except ImportError as error:
        why = f"{sys.executable} cannot import castalia, and a System needs it ({error})"
        raise learner.told("tool_error", why + ": install it there, or name another --python") from None
    return Shelf(learner, learner.load())


class Shelf:
    """What a claim may ask of a file with a System."""

    def __init__(self, learner: Learner, module: Any) -> None:
        self.learner, self.cls = learner, system_of(learner, module)

    def describe(self) -> dict[str, Any]:
        """What the class says of itself: schemas, quick params, an example question, what it can do."""
        return described(self.cls)

    def interface(self, text: str) -> dict[str, Any]:
        """The same of the class in a contract's interface, ``text``, which is run here."""
        return described(system_of(self.learner, self.learner.text("interface", text)))

    def System(self, params: dict[str, Any] | None = None) -> Opened:
        """One with these params, by default the class's own defaults; an unknown name is refused."""
        return Opened(self.learner, self.cls(self.cls.Params.parse(params or {}, "the params")))

    def Reloaded(self, other: Opened) -> Opened:
        """Another one, of the files that ``other`` saves; only what it saves, its params and its state cross."""
        from castalia.core.rows import Row

        folder = Path(self.learner.scratch())
        other.system.save(folder)
        system = self.cls(self.cls.Params.parse(other.system.params.plain(), "the params"))
        if isinstance(other.system.input, type) and issubclass(other.system.input, Row):
            system.input = Row.of(other.system.input.columns)  # as the manifest of a version keeps it
        system.load(folder)
        system.state = copy.deepcopy(dict(other.system.state))
        made = Opened(self.learner, system)
        made.saved = sorted(path.name for path in folder.rglob("*") if path.is_file())
        return made


def system_of(learner: Learner, module: Any) -> Any:
    """The one class of a module that derives from System."""
    from castalia.core.system import System

    found = [
        each for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, System) and each.__module__ == module.__name__
    ]  # fmt: skip
    if not found:
        raise learner.told("missing", "class that derives from System[Params, Input, Output]")
    if len(found) > 1:
        names = ", ".join(each.__name__ for each in found)
        raise learner.told("wrong", f"{len(found)} Systems: {names}", "one System in a file")
    return found[0]


def described(cls: Any) -> dict[str, Any]:
    """Schemas, quick params, examples, abilities."""
    from castalia.core.example import example_of

    schema = cls.Input.model_json_schema()
    return {
        "name": cls.__name__, "doc": inspect.cleandoc(cls.__doc__ or ""), "quick": cls.QUICK.plain(),
        "params": cls.Params.model_json_schema(), "input": schema, "example": example_of(schema),
        "output": cls.Output.model_json_schema(mode="serialization"),
        "fits": cls.can("fit"), "predicts": cls.can("predict"),
        "verbs": {
            verb.name: {
                "writes": verb.writes, "streams": verb.streams, "example": example_of(verb.input.model_json_schema()),
                "input": verb.input.model_json_schema(),
                "output": verb.output.model_json_schema(mode="serialization"),
            }
            for verb in cls.verbs.values()
        },
    }  # fmt: skip


class Opened:
    """A System that was constructed, and the last run it learnt in."""

    def __init__(self, learner: Learner, system: Any) -> None:
        self.learner, self.system = learner, system
        self.folder = Path(learner.scratch())
        """``run.folder`` of its fits."""
        self.saved: list[str] = []
        """Names of the files it was loaded from."""
        self.changed = False
        """An answer changed the question it was given."""
        self.run = Noted(self.folder, 0)

    def fit(self, stop_after: int = 0, after: Opened | None = None) -> dict[str, float]:
        """Learn; the metrics. Cancelled at the log so many; goes on in the folder of ``after``'s fit."""
        if after is not None:
            self.folder = after.folder
        self.run = Noted(self.folder, stop_after)
        metrics = self.system.fit(self.run)
        if not isinstance(metrics, Mapping):
            raise self.learner.told("wrong", type(metrics).__name__, "metrics by name")
        return {str(name): float(value) for name, value in metrics.items()}

    def logged(self) -> list[Any]:
        """What the last fit logged: [step, {name: value}], of child runs too."""
        return [[step, values] for step, values in self.run.logs]

    def progress(self) -> list[Any]:
        """What the last fit said of how far it was: [done, total]."""
        return [list(each) for each in self.run.done]

    def params(self) -> dict[str, Any]:
        plain: dict[str, Any] = self.system.params.plain()
        return plain

    def input(self) -> dict[str, Any]:
        """The schema of a question to this very model, which fit and load may have changed."""
        schema: dict[str, Any] = self.system.input.model_json_schema()
        return schema

    def example(self) -> Any:
        """A question that fits it."""
        from castalia.core.example import example_of

        return example_of(self.input())

    def call(self, x: dict[str, Any]) -> dict[str, Any]:
        """Answer one question."""
        question = self._question(x)
        before = question.plain()
        answer: dict[str, Any] = self._answer(self.system(question))
        self.changed = self.changed or question.plain() != before
        return answer

    def batch(self, xs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer many at once."""
        return [self._answer(each) for each in self.system.batch([self._question(x) for x in xs])]

    def stream(self, xs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to a stream of questions."""
        return [self._answer(each) for each in self.system.stream(iter([self._question(x) for x in xs]))]

    def tell(self, x: dict[str, Any]) -> list[dict[str, Any]]:
        """One answer, bit by bit."""
        return [self._answer(each) for each in self.system.tell(self._question(x))]

    def predict(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Whole columns in, whole columns out."""
        from castalia.core.fields import Table

        plain: dict[str, Any] = Table.of(self.system.predict(Table.of(columns))).plain()["columns"]
        return plain

    def verb(self, name: str, x: dict[str, Any]) -> Any:
        """What a further verb answers: a dict, or a list of them where it answers bit by bit."""
        known = type(self.system).verbs
        if name not in known:
            raise self.learner.told("missing", f"verb {name!r}")
        answer = getattr(self.system, name)(known[name].input.parse(x, f"{name}'s input"))
        said = list(answer) if known[name].streams and isinstance(answer, Iterator) else [answer]
        for each in said:
            if not isinstance(each, known[name].output):
                got = f"{name} answered {type(each).__name__}"
                raise self.learner.told("wrong", got, known[name].output.__name__)
        plain = [each.plain() for each in said]
        return plain if known[name].streams else plain[0]

    def _question(self, x: dict[str, Any]) -> Any:
        return self.system.input.parse(x, "the input")

    def _answer(self, answer: Any) -> Any:
        if not isinstance(answer, type(self.system).Output):
            raise self.learner.told("wrong", f"an answer of type {type(answer).__name__}", "an Output")
        return answer.plain()


class Noted:
    """A Run (castalia.core.system) that keeps what is logged in memory, and can cancel."""

    device = "cpu"

    def __init__(self, folder: Path, stop_after: int, logs: list[Any] | None = None) -> None:
        self.folder, self.stop_after = folder, stop_after
        self.logs: list[Any] = [] if logs is None else logs
        self.done: list[tuple[float, float]] = []

    def log(self, step: int, **values: float) -> None:
        self.logs.append((int(step), {name: float(value) for name, value in values.items()}))
        self._stop()

    def progress(self, done: float, total: float) -> None:
        self.done.append((float(done), float(total)))

    def artifact(self, name: str, content: object) -> None:
        return

    def child(self, name: str) -> Noted:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return Noted(folder, self.stop_after, self.logs)

    def _stop(self) -> None:
        from castalia.core.errors import Stopped

        if self.stop_after and len(self.logs) >= self.stop_after:
            raise Stopped
