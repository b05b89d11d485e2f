"""Lazy answers: the reference with one function's answer replaced by zeros, its first input, a constant or NaN.

They have the right shape, which makes them harder to reject than what a lazy person would write. One more is the answer
of the stage before: what the function (or method) above it makes of the same arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_LAZY = """

def _lazily(function, way):
    import functools

    import numpy

    @functools.wraps(function)
    def lazy(*args, **kwargs):
        answer = numpy.asarray(function(*args, **kwargs), dtype=float)
        if way == "echo":
            return args[{first}] if len(args) > {first} else next(iter(kwargs.values()), None)
        mean = float(answer.mean()) if answer.size else 0.0
        made = numpy.full(answer.shape, {{"zeros": 0.0, "constant": mean, "nan": numpy.nan}}[way])
        return made if made.shape else made.item()

    return lazy


{name} = _lazily({name}, "{way}")
"""
_PREVIOUS = """

def _previously(function, before):
    import functools

    @functools.wraps(function)
    def lazy(*args, **kwargs):
        return before(*args[:{count}])

    return lazy


{name} = _previously({name}, {before})
"""
WAYS = ("zeros", "echo", "constant", "nan")
"""``constant`` is the mean of the right answer, and is left out where the answer is one number: it would be right."""


def lazy_answers(text: str, names: Iterable[str], scalars: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """(id, source text) for every function and method of these names that returns something, each in every way.

    ``scalars`` answer one number. A method is left out of ``echo`` where it takes nothing but its object.
    """
    wanted, single = set(names), set(scalars)
    before: ast.FunctionDef | None = None
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name in wanted:
            yield from _ways(text, node, "", single)
            yield from _previous(text, node, before, "")
            before = node
        if isinstance(node, ast.ClassDef) and node.name in wanted:
            above: ast.FunctionDef | None = None
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and not each.decorator_list:
                    yield from _ways(text, each, f"{node.name}.", single)
                    yield from _previous(text, each, above, f"{node.name}.")
                    above = each


def defined(interface: str) -> list[str]:
    """The functions and classes of an interface."""
    return [node.name for node in ast.parse(interface).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def numbers(interface: str) -> list[str]:
    """The functions and methods of an interface that are annotated to return one number."""
    found = []
    for node in ast.parse(interface).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for each in inside:
            if isinstance(each, ast.FunctionDef) and each.returns and ast.unparse(each.returns) in ("float", "int"):
                found.append(owner + each.name)
    return found


def _ways(text: str, node: ast.FunctionDef, owner: str, single: set[str]) -> Iterator[tuple[str, str]]:
    name, first = owner + node.name, int(bool(owner))
    if not _answers(node):
        return
    for way in WAYS:
        if (way == "echo" and len(node.args.args) <= first) or (way == "constant" and name in single):
            continue
        yield f"{name}:{way}", text + _LAZY.format(first=first, name=name, way=way)


def _previous(
    text: str, node: ast.FunctionDef, before: ast.FunctionDef | None, owner: str
) -> Iterator[tuple[str, str]]:
    """The answer of the function above, where both answer and it can be asked with these arguments."""
    if before is None or not _answers(node) or not _answers(before):
        return
    takes, given = before.args, len(node.args.args)
    required = len(takes.args) - len(takes.defaults)
    if required <= given and all(default is not None for default in takes.kw_defaults):
        count, name = min(given, len(takes.args)), owner + node.name
        yield f"{name}:previous", text + _PREVIOUS.format(name=name, before=owner + before.name, count=count)


def _answers(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Return) and each.value is not None for each in ast.walk(node))
