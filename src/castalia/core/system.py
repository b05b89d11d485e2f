"""The interface of a system, on one screen.

A system is one class with typed parameters, a typed question and a typed answer. The shell, HTTP,
the web page and the docs are drawn from these types; none of them knows what a particular system
is about. A class that does not keep the interface is refused where it is defined, by name, with
the cure (``core/define.py`` holds the checks).

>>> class Params(Record):
...     factor: float = Field(2.0, ge=0, le=10, description="What to multiply by.")
>>> class Input(Record):
...     number: float = Field(examples=[3.0], description="The number.")
>>> class Output(Record):
...     result: float = Field(description="The product.")
>>> class Multiply(System[Params, Input, Output]):
...     '''Multiplies a number.'''
...     QUICK = Params()
...     def __call__(self, x: Input) -> Output:
...         return Output(result=x.number * self.params.factor)
>>> Multiply(Params(factor=3.0))(Input(number=2.0)).result
6.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import Field

from castalia.core.define import Verb, check_system, mark_verb
from castalia.core.errors import Stopped, Unavailable
from castalia.core.fields import Table
from castalia.core.record import Record
from castalia.core.rows import Column, Row

__all__ = ["Column", "Field", "Placement", "Record", "Row", "Run", "Stopped", "System", "Verb", "verb"]

P = TypeVar("P", bound=Record)
I = TypeVar("I", bound=Record)  # noqa: E741  the field writes Params, Input, Output
O = TypeVar("O", bound=Record)  # noqa: E741
F = TypeVar("F", bound=Callable[..., Any])


class Placement(Record):
    """Where the work runs. Never part of Params: the same parameters mean the same model anywhere."""

    device: str = Field("cpu", description="cpu, cuda, cuda:1, mps.")
    ranks: int = Field(1, ge=1, le=4096, description="Number of processes that train together.")
    threads: int = Field(0, ge=0, le=1024, description="Threads a process; 0 leaves the library's choice.")
    precision: Literal["fp32", "bf16", "fp16"] = Field("fp32", description="Arithmetic of the heavy parts.")
    on: Literal["here", "ray"] = Field("here", description="Start the work here or on a Ray cluster.")


@runtime_checkable
class Run(Protocol):
    """What a system may ask while it learns; ``castalia.run(...)`` and the runtime both satisfy it."""

    folder: Path
    """Survives ``kill -9``: what ``fit`` finds here it continues from."""
    device: str
    """Chosen by :class:`Placement`, never by Params."""

    def log(self, step: int, **values: float) -> None:
        """Record numbers at a step. Raises :class:`Stopped` once cancel was asked."""

    def progress(self, done: float, total: float) -> None:
        """Say how far the work is. Raises :class:`Stopped` once cancel was asked."""

    def artifact(self, name: str, content: object) -> None:
        """Keep a path, figure, table, image or text under ``name``."""

    def child(self, name: str) -> Run:
        """A run inside this one: a trial, a fold, a seed."""


class System(Generic[P, I, O]):
    """A thing that learns from ``Params`` and answers ``Input`` with ``Output``.

    Required: a docstring, ``QUICK`` and ``__call__``. ``fit`` needs ``save`` and ``load``. Everything
    else is optional; ``batch`` and ``stream`` fall back on ``__call__``.
    """

    Params: ClassVar[type[Any]]
    Input: ClassVar[type[Any]]
    Output: ClassVar[type[Any]]
    QUICK: ClassVar[Any]
    """Params that fit in seconds on one CPU, with bundled or generated data."""
    FORMAT: ClassVar[int] = 1
    """Raise it when ``save`` writes something new, and define ``upgrade`` for the versions already kept."""
    verbs: ClassVar[Mapping[str, Verb]] = {}

    input: type[Any]
    """The Input of this model: the class's own, or what ``fit`` or ``load`` set (``Row.of(columns)``)."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_system(cls, System)

    def __init__(self, params: P | None = None) -> None:
        self.params: P = params if params is not None else self.Params()
        self.input = self.Input
        self.state: MutableMapping[str, Any] = {}
        """What changes while it serves; the deployment replaces this dict by a durable mapping."""

    def fit(self, run: Run) -> Mapping[str, float]:
        """Learn; return the held-out metrics. Continue from ``run.folder`` where it holds something."""
        raise Unavailable(f"{type(self).__name__} does not learn", cure="Call it as it is.")

    def __call__(self, x: I) -> O:
        """Answer one question. Does not change ``x``."""
        raise AssertionError("check_system refuses a system without __call__")

    def batch(self, xs: Sequence[I]) -> list[O]:
        """Answer many at once; the same answers as one by one."""
        return [self(x) for x in xs]

    def predict(self, table: Table) -> Table:
        """Whole columns in, whole columns out."""
        raise Unavailable(f"{type(self).__name__} does not take tables", cure="Call it row by row.")

    def stream(self, xs: Iterable[I]) -> Iterator[O]:
        """Many in, many out: frames, events."""
        for x in xs:
            yield self(x)

    def tell(self, x: I) -> Iterator[O]:
        """One in, the answer bit by bit: tokens."""
        yield self(x)

    def save(self, folder: Path) -> None:
        """Write the model into ``folder``: safetensors, JSON, ONNX, LightGBM text; never a pickle."""

    def load(self, folder: Path) -> None:
        """Read what ``save`` wrote."""

    @classmethod
    def upgrade(cls, manifest: Mapping[str, Any], folder: Path) -> None:
        """Bring a copy of an older format's files up to ``FORMAT``, in place."""
        raise Unavailable(
            f"{cls.__name__} cannot read a model of format {manifest.get('model_format')}",
            expected=f"format {cls.FORMAT}",
            cure="Fit it again.",
        )

    @classmethod
    def can(cls, method: str) -> bool:
        """Whether the class itself provides an optional method, ``"fit"`` or ``"predict"`` say."""
        return getattr(cls, method) is not getattr(System, method)


def verb(*, writes: bool) -> Callable[[F], F]:
    """Mark a method as one more thing to ask: ``POST /systems/faces:enroll``, a tab of its page.

    ``writes=True`` says that it changes ``self.state``. The method takes one Record and returns one.
    """
    return lambda function: mark_verb(function, writes)
