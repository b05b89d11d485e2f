"""What a System must look like, checked where the class is defined.

Every refusal names the class, what was found, what was expected and the cure, so that a developer
who writes the 28th system meets a sentence and not a stack of schema errors an hour later.
"""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from castalia.core.errors import WrongSystem
from castalia.core.record import Record

RESERVED_PARAMS = ("json", "quick", "as", "debug", "plain", "help")
"""Flags of the shell; a field of Params by such a name could never be set there."""
RESERVED_VERBS = ("fit", "predict", "view", "source", "batch", "stream", "tell", "save", "load", "can")


@dataclass(frozen=True)
class Verb:
    """A further verb of a system, as the surfaces see it."""

    name: str
    writes: bool
    doc: str
    input: type[Record]
    output: type[Record]
    streams: bool = False
    """True where the method yields its answers bit by bit."""


F = TypeVar("F", bound=Callable[..., Any])


def mark_verb(function: F, writes: bool) -> F:
    """Leave the mark that :func:`check_system` reads."""
    function.__dict__["_castalia_writes"] = writes
    return function


def check_system(cls: type[Any], base: type[Any]) -> None:
    """Refuse a class that does not keep the interface; set Params, Input, Output, verbs on one that does."""
    arguments = _type_arguments(cls, base)
    if arguments is None:
        return
    if arguments != ():
        cls.Params, cls.Input, cls.Output = arguments
        cls.input = cls.Input
    _check_body(cls, base)
    _check_params(cls)
    for role in ("Params", "Input", "Output"):
        _check_described(cls, role, getattr(cls, role))
    cls.verbs = {verb.name: verb for verb in _verbs(cls)}


def _refuse(cls: type[Any], got: str, expected: str, cure: str) -> typing.NoReturn:
    raise WrongSystem(f"{cls.__module__}.{cls.__qualname__} is not a System", got, expected, cure)


def _type_arguments(cls: type[Any], base: type[Any]) -> tuple[type[Record], ...] | None:
    """The three Record classes; () where a parent already named them; None for a generic base class."""
    expected = "class Name(System[Params, Input, Output]) with three Record classes"
    for original in cls.__dict__.get("__orig_bases__", ()):
        origin = typing.get_origin(original)
        if not (inspect.isclass(origin) and issubclass(origin, base)):
            continue
        arguments = typing.get_args(original)
        if any(isinstance(argument, TypeVar) for argument in arguments):
            return None
        for role, argument in zip(("Params", "Input", "Output"), arguments, strict=True):
            if not (inspect.isclass(argument) and issubclass(argument, Record)):
                shown = getattr(argument, "__name__", repr(argument))
                _refuse(cls, f"{role} is {shown}", expected, f"Make {shown} a subclass of castalia.core.system.Record.")
        return arguments
    if hasattr(cls, "Output"):
        return ()
    _refuse(cls, "System without its three types", expected, "Write System[Params, Input, Output] as its base.")


def _check_body(cls: type[Any], base: type[Any]) -> None:
    if not (cls.__doc__ or "").strip():
        _refuse(cls, "no docstring", "one line that says what it answers", "Write a docstring under the class line.")
    if cls.__call__ is base.__call__:
        _refuse(cls, "no __call__", "def __call__(self, x: Input) -> Output", "Define __call__.")
    for name in ("fit", "__call__", "batch", "predict", "save", "load"):
        if inspect.iscoroutinefunction(getattr(cls, name)):
            _refuse(cls, f"async def {name}", "a plain method", f"Write def {name}: the runtime gives it a process.")
    if cls.can("fit") and not (cls.can("save") and cls.can("load")):
        missing = "save" if not cls.can("save") else "load"
        _refuse(cls, f"fit without {missing}", "fit, save and load together", f"Define {missing}(self, folder).")


def _check_params(cls: type[Any]) -> None:
    quick = cls.__dict__.get("QUICK", getattr(cls, "QUICK", None))
    if not isinstance(quick, cls.Params):
        got = "no QUICK" if quick is None else f"QUICK is {type(quick).__name__}"
        _refuse(cls, got, "QUICK = Params(...) that fits in seconds", "Set QUICK in the class body.")
    for name in (*cls.Params.model_fields, *cls.Params.names()):
        if name in RESERVED_PARAMS:
            words = ", ".join(RESERVED_PARAMS)
            _refuse(cls, f"a parameter named {name!r}", f"a name other than {words}", "Rename it: it is a flag.")
    required = [name for name, field in cls.Params.model_fields.items() if field.is_required()]
    if required:
        _refuse(
            cls,
            f"Params.{required[0]} has no default",
            "a default for every parameter",
            f"Give {required[0]} the value that most people should start from.",
        )


def _check_described(cls: type[Any], role: str, record: type[Record]) -> None:
    for name, field in record.model_fields.items():
        if not field.description:
            _refuse(
                cls,
                f"{role}.{name} has no description",
                "a sentence that a form can show",
                f'Write Field(..., description="...") or a docstring under {name}.',
            )


def _verbs(cls: type[Any]) -> Iterator[Verb]:
    for name, function in inspect.getmembers(cls, inspect.isfunction):
        if not hasattr(function, "_castalia_writes"):
            continue
        if name in RESERVED_VERBS:
            _refuse(cls, f"a verb named {name!r}", "a name of its own", f"{name} has its own place; rename the verb.")
        takes, gives, streams = _verb_types(cls, name, function)
        yield Verb(name, function._castalia_writes, (function.__doc__ or "").strip(), takes, gives, streams)


def _verb_types(cls: type[Any], name: str, function: Callable[..., Any]) -> tuple[type[Record], type[Record], bool]:
    expected = f"def {name}(self, x: SomeRecord) -> SomeRecord"
    if not (function.__doc__ or "").strip():
        _refuse(cls, f"verb {name} has no docstring", "one line that says what it does", "Write it.")
    try:
        hints = typing.get_type_hints(function, vars(sys.modules[cls.__module__]))
    except NameError as error:
        _refuse(cls, f"verb {name}: {error}", expected, "Define its records at the top of the module.")
    gives = hints.pop("return", None)
    streams = typing.get_origin(gives) is not None and issubclass(typing.get_origin(gives), Iterator)
    if streams:
        gives = typing.get_args(gives)[0]
    takes = list(hints.values())
    for found in (*takes, gives):
        if not (inspect.isclass(found) and issubclass(found, Record)):
            _refuse(cls, f"verb {name} takes or gives {found!r}", expected, "Annotate it with Record classes.")
    if len(takes) != 1:
        _refuse(cls, f"verb {name} takes {len(takes)} annotated arguments", expected, "Take exactly one Record.")
    for role, record in ((f"{name}'s input", takes[0]), (f"{name}'s output", gives)):
        _check_described(cls, role, record)
    return takes[0], gives, streams
