"""A learner's code inside the runner's process: where it lies, how it is imported, what of it is theirs.

The runner and the adapters share it. It is loaded by path into the learner's own Python: standard library only, no
castalia, and the Python of 3.8 (see runner.py).
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import shutil
import sys
import tempfile
import time
import traceback
from typing import Any, Callable  # noqa: UP035 (3.8)

HERE = os.path.dirname(os.path.abspath(__file__))
SPARE = 0.4
"""Seconds of a call that an adapter keeps to end what it started, and to say what came of it."""


class Told(Exception):
    """What the checker has to hear, and is not an exception of the learner's module.

    ``outcome``: "missing" (``why`` is the name), "not_attempted", "wrong" (``why`` is what came instead of ``kind``, or
    of a plain value), "raised" (their program raised ``kind``), "learner_error", "timeout", "tool_error".
    """

    def __init__(self, outcome: str, why: str, kind: str = "", file_line: str = "") -> None:
        self.outcome, self.why, self.kind, self.file_line = outcome, why, kind, file_line
        super().__init__(why)


def beside(name: str) -> Any:
    """Import a file of ours by its path below this folder, under a name that no import statement can say."""
    known = "castalia-" + name
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, os.path.join(HERE, *name.split("/")) + ".py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module
        spec.loader.exec_module(module)
    return sys.modules[known]


class Learner:
    """One learner's file or folder, and texts that stand in place of some files' own (a mutant)."""

    told = Told
    """For adapters, which import nothing of ours."""

    def __init__(self, path: str, root: str, sources: dict[str, str], needs: list[str]) -> None:
        self.path, self.root = os.path.realpath(path), os.path.realpath(root) if root else ""
        self.sources = {os.path.realpath(name): text for name, text in sources.items()}
        self.needs = frozenset(needs)
        self.listed: list[str] = []
        """Files of theirs that an adapter uses without importing them."""
        self.ending: list[Callable[[], None]] = []
        """What an adapter wants done before this process leaves: it ends what it started."""
        self.deadline = 0.0
        self.scratched: set[str] = set()

    def own(self, name: str) -> bool:
        """A file of the learner's, not of a library, even of one that is installed inside their folder; nor ours."""
        within = bool(self.root) and name.startswith(self.root.rstrip(os.sep) + os.sep)
        return within and "site-packages" not in name and "dist-packages" not in name and not _ours(name)

    def files(self) -> list[str]:
        """The learner's own files that are imported, or used by an adapter."""
        told = {file_of(module) for module in list(sys.modules.values())}
        return sorted({os.path.realpath(name) for name in told if self.own(name)} | set(self.listed))

    def imports(self) -> list[list[str]]:
        """What their imported files import, wherever it stands: [package, file:line]; their own files left out."""
        found = []
        for path in (each for each in self.files() if each.endswith(".py")):
            text = self.sources.get(path)
            for node in ast.walk(ast.parse(Source("", path, {}).get_data(path) if text is None else text)):
                names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                where = os.path.relpath(path, self.root) + ":" + str(getattr(node, "lineno", 0))
                found += [[name.partition(".")[0], where] for name in names]
        theirs = {os.path.splitext(name)[0] for name in os.listdir(self.root)}
        return [each for each in found if each[0] not in theirs]

    def load(self) -> Any:
        """Import the file anew, its folder first on the path."""
        folder, package = os.path.dirname(self.path), os.path.basename(self.path) == "__init__.py"
        for name, module in list(sys.modules.items()):
            if name != "__main__" and self.own(file_of(module)):
                del sys.modules[name]
        sys.path[:] = [self.root, *(entry for entry in sys.path if entry != self.root)]
        sys.meta_path[:] = [Finder(self.sources), *(each for each in sys.meta_path if not isinstance(each, Finder))]
        importlib.invalidate_caches()
        name = os.path.basename(folder) if package else os.path.splitext(os.path.basename(self.path))[0]
        if name in sys.modules or not name.isidentifier():
            name = "castalia-subject"  # their file may be called like a module that is in use here, say json.py
        loader, within = Source(name, self.path, self.sources), [folder] if package else None
        spec = importlib.util.spec_from_file_location(name, self.path, loader=loader, submodule_search_locations=within)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loader.exec_module(module)
        return module

    def text(self, name: str, text: str) -> Any:
        """A module of a contract's own text, under a name that no import statement can say."""
        known, path = "castalia-" + name, os.path.join(self.scratch(), name + ".py")
        loader = Source(known, path, {path: text})
        spec = importlib.util.spec_from_loader(known, loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module  # where a System looks for the names in its annotations
        loader.exec_module(module)
        return module

    def tool(self, name: str) -> Any:
        """Another file of adapters/, for one that stands on it."""
        return beside("adapters/" + name)

    def scratch(self) -> str:
        """A new empty folder that goes with the sandbox."""
        folder = os.path.realpath(tempfile.mkdtemp(prefix="scratch-"))
        self.scratched.add(folder)
        return folder

    def drop(self, folder: str) -> None:
        """Remove a folder that ``scratch`` made, and never another."""
        if folder in self.scratched:
            self.scratched.remove(folder)
            shutil.rmtree(folder, ignore_errors=True)

    def left(self, seconds: float | None = None) -> float:
        """``time.monotonic()`` when an adapter stops waiting: in ``seconds``, but before the call's time is over."""
        until = max(self.deadline - SPARE, (self.deadline + time.monotonic()) / 2)
        return until if seconds is None else min(until, time.monotonic() + seconds)

    def end(self) -> None:
        """Do what the adapters asked for."""
        while self.ending:
            self.ending.pop()()


def file_of(module: Any) -> str:
    """The file of a module, or "". Nothing of the module's own runs: a lazy one stays unloaded, and nothing raises."""
    try:
        name = object.__getattribute__(module, "__dict__").get("__file__")
    except Exception:
        return ""
    return name if type(name) is str and "\0" not in name else ""


class Source(importlib.machinery.SourceFileLoader):
    """Compiles a file's text, or the text given in its place; byte code on disk is neither read nor written."""

    def __init__(self, name: str, path: str, sources: dict[str, str]) -> None:
        super().__init__(name, path)
        self.sources = sources

    def get_code(self, fullname: str) -> Any:
        text = self.sources.get(os.path.realpath(self.path))
        return compile(self.get_data(self.path) if text is None else text, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Sees to it that also a module which the learner's file imports is read from the text given for it."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.sources = sources

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if self.sources else None
        if spec is not None and spec.origin and os.path.realpath(spec.origin) in self.sources:
            spec.loader = Source(fullname, spec.origin, self.sources)
            return spec
        return None


def words_of(error: BaseException) -> str:
    """What an exception says, and of a name that is not there the one that was perhaps meant."""
    try:
        import difflib  # not before something failed

        said, name = str(error), getattr(error, "name", None)
        known: Any = []
        if isinstance(error, AttributeError) and name:
            known = dir(error.obj)  # type: ignore[attr-defined, unused-ignore]
        elif isinstance(error, NameError):
            frame = list(traceback.walk_tb(error.__traceback__))[-1][0]
            known = [*frame.f_locals, *frame.f_globals]
            name = name or said.split("'")[1]  # Python 3.8 and 3.9 do not tell it
        near = difflib.get_close_matches(name, known, n=1) if known else []
        return said + (". Did you mean " + repr(near[0]) + "?" if near else "")
    except BaseException:
        return ""


def _ours(name: str) -> bool:
    """The runner, this file, an adapter: when Castalia's own folder is the learner's."""
    return os.path.dirname(os.path.abspath(name)) in (HERE, os.path.join(HERE, "adapters"))
