"""What holds of tests: they pass on what is right, however it is written, and notice what is wrong."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from castalia.core.contract import Subject, true
from castalia.projects.utilities import given, tests_bench, wrong_versions

FILE = "own_tests.py"
KILLED, BRANCHES = 0.8, 0.9
SECONDS = 3.0
"""For all tests against one version."""
_RENAMED = {"hits": "both", "misses": "first_alone", "false_alarms": "second_alone", "order": "places", "found": "made",
            "start": "low", "end": "high", "kept": "in_order", "below": "left", "_step": "_seen"}  # fmt: skip


def text() -> str:
    """The given module."""
    return Path(given.__file__).read_text("utf-8")


class Renamed(ast.NodeTransformer):
    """Other names inside; no docstrings."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(_RENAMED.get(node.id, node.id), node.ctx), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        node.attr = _RENAMED.get(node.attr, node.attr)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Constant) else node


class Counted(ast.NodeTransformer):
    """Every condition notes which way it went, every loop whether it was entered and whether it came to its end."""

    def __init__(self) -> None:
        self.ways = 0

    def _note(self, node: ast.expr) -> ast.expr:
        self.ways += 2
        return _call("_castalia_note", ast.Constant(self.ways - 2), node)

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        node.test = self._note(node.test)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.test = self._note(node.test)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        self.ways += 2
        node.iter = _call("_castalia_each", ast.Constant(self.ways - 2), node.iter)
        return node


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


_NOTES = """
_castalia_taken = set()


def _castalia_note(at, value):
    _castalia_taken.add(at if value else at + 1)
    return value


def _castalia_each(at, values):
    for value in values:
        _castalia_taken.add(at)
        yield value
    _castalia_taken.add(at + 1)
"""


def rewritten(source: str) -> str:
    """The same program in other words: other names inside, no comments, no docstrings, another layout."""
    return ast.unparse(ast.fix_missing_locations(Renamed().visit(ast.parse(source))))


def counted(source: str) -> tuple[str, int]:
    """The same program that notes its branches in ``_castalia_taken``, and how many there are."""
    tree = ast.parse(source)
    counter = Counted()
    body = ast.unparse(ast.fix_missing_locations(counter.visit(tree)))
    docstring = ast.get_docstring(tree, clean=False) or ""
    future = "from __future__ import annotations\n"
    return f"{docstring!r}\n{future}{_NOTES}\n" + body.replace(future, "", 1), counter.ways


def run(subject: Subject, versions: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What the tests say of each version, by its name; of the first alone where they do not end."""
    tests = subject.call("read", FILE)
    files = {"tests_bench.py": Path(tests_bench.__file__).read_text("utf-8"), FILE: tests}
    names = list(versions)
    files |= {f"versions/{number}/given.py": versions[name] for number, name in enumerate(names)}
    done = subject.call("run", ["python", "-I", "-B", "tests_bench.py", str(SECONDS)], files=files, empty=True)
    said = done["files"].get("verdicts.json")
    true(said is not None, f"{FILE} can be run", str(done["err"])[-300:], "verdicts")
    verdicts = json.loads(said)
    return {name: verdicts[str(number)] for number, name in enumerate(names) if str(number) in verdicts}


def right(verdict: Mapping[str, Any], words: str) -> None:
    """The verdict of a right version: tests ran, and all passed."""
    true(not verdict.get("lacks"), f"{FILE} imports pytest, which is installed in the Python that is checked",
         "it is not installed there", "python -m pip install pytest, or unittest")  # fmt: skip
    true(not verdict.get("late"), f"{FILE} ends within {SECONDS:g} s {words}", "it did not end", "it ends")
    true(verdict["passed"], f"{FILE} passes {words}", verdict["said"] or "a failure", "every test passes")
    true(
        verdict["ran"] > 0, f"{FILE} holds tests", "no test was run", "functions called test_..., or unittest.TestCase"
    )


def passes(subject: Subject) -> None:
    """The right module, as it is given and in other words, is found right."""
    verdicts = run(subject, {"given": text(), "again": text(), "rewritten": rewritten(text())})
    right(verdicts["given"], "on given.py")
    right(verdicts["again"], "on given.py a second time")
    right(verdicts["rewritten"], "on given.py in other words, with the same behaviour")


def kills(subject: Subject) -> None:
    """Most wrong versions are noticed; a test that does not end has noticed nothing."""
    wrong = wrong_versions.versions(text())
    verdicts = run(subject, {"": text(), **wrong})
    right(verdicts.pop(""), "on given.py")
    missed = [name for name, verdict in verdicts.items() if verdict["passed"] or verdict.get("late")]
    share = 1 - len(missed) / len(wrong)
    words = f"{FILE} notices at least {KILLED:.0%} of {len(wrong)} wrong versions of given.py; not this one: "
    true(share >= KILLED, words + (missed[0] if missed else ""), f"{share:.0%}", f"{KILLED:.0%}")


def covers(subject: Subject) -> None:
    """Most branches are taken both ways."""
    source, ways = counted(text())
    verdict = run(subject, {"counted": source})["counted"]
    right(verdict, "on given.py")
    share = len(verdict["taken"]) / ways
    words = f"{FILE} takes at least {BRANCHES:.0%} of the {ways} branches of given.py"
    true(share >= BRANCHES, words, f"{share:.0%}", f"{BRANCHES:.0%}")
