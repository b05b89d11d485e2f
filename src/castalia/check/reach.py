"""Which definitions of a program a change touches, and which a claim can reach. By names alone, without running it.

It is good for an order, what to ask first, and for choosing generators; never for leaving a claim out. A call through
a variable, or a method found at run time, is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

EVERYTHING = ""
"""Stands for what belongs to no definition: constants and statements of a module."""


class Map:
    """The top-level functions and classes of some files, and which of them name which."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._lines: dict[str, list[str]] = {}
        self._owners: dict[str, list[str]] = {}
        self._named: dict[str, set[str]] = {}
        for file, text in texts.items():
            self._lines[file] = text.splitlines()
            owners = [EVERYTHING] * (len(self._lines[file]) + 1)
            for node in ast.parse(text).body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    assert node.end_lineno is not None
                    owners[node.lineno : node.end_lineno + 1] = [node.name] * (node.end_lineno + 1 - node.lineno)
                    self._named.setdefault(node.name, set()).update(_names(node))
            self._owners[file] = owners

    def reach(self, name: str) -> set[str]:
        """``name`` and the definitions that it leads to; a method stands for its class."""
        found, waiting = set[str](), [name.partition(".")[0]]
        while waiting:
            each = waiting.pop()
            if each in self._named and each not in found:
                found.add(each)
                waiting += self._named[each]
        return found

    def touched(self, changed: Mapping[str, str]) -> set[str]:
        """The definitions in which some files' new texts differ from the old ones; EVERYTHING among them for a change
        outside of all definitions."""
        found = set[str]()
        for file, text in changed.items():
            if file not in self._lines:  # no Python: who knows what it touches
                found.add(EVERYTHING)
                continue
            old, new = self._lines[file], text.splitlines()
            first = next(
                (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
            )
            last = 0
            while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
                last += 1
            lines = range(first + 1, max(len(old) - last, first + 1) + 1)
            if old != new:
                found |= {self._owners[file][line] for line in lines if line < len(self._owners[file])} or {EVERYTHING}
        return found


def _names(node: ast.AST) -> set[str]:
    """Every name and attribute that occurs in it."""
    inside = list(ast.walk(node))
    return {each.id for each in inside if isinstance(each, ast.Name)} | {
        each.attr for each in inside if isinstance(each, ast.Attribute)
    }
