"""Imports an unpacked wheel as a clean environment would, and says what it did: the learner's Python, from 3.8 on.

``python -I -B clean_room.py {"package", "site", "names", "first"}`` in an empty folder: site holds the wheel's files,
names are the distributions that it requires, first is what it imports of others. An import of what is neither in the
standard library, nor in the wheel, nor required fails as it would where nothing else is installed. Prints one JSON
object.

This is as good as a fresh venv: a wheel of pure Python without scripts is installed by unpacking it, and what a venv
would not hold cannot be imported here either. It takes a tenth of a venv's time and no network.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import io
import json
import os
import pkgutil
import re
import sys
import sysconfig
import traceback
from typing import Any

WRITES = {"os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "shutil.copyfile", "tempfile.mkstemp"}
CONNECTS = {"socket.connect", "socket.getaddrinfo", "socket.bind", "urllib.Request"}
STARTS = {"subprocess.Popen", "os.system", "os.fork", "os.posix_spawn", "os.exec"}


def closure(names: list[str]) -> tuple[set[str], list[str]]:
    """The top-level modules of these distributions and of what they require; and the ones that are not installed."""
    modules: set[str] = set()
    absent: list[str] = []
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if name in {re.sub(r"[-_.]+", "-", each).lower() for each in names}:
                absent.append(name)
            continue
        for file in found.files or []:
            top = str(file).replace("\\", "/").split("/")[0]
            if not top.endswith((".dist-info", ".egg-info", ".pth")) and top not in ("..", "__pycache__"):
                modules.add(top.split(".")[0])
        waiting += [re.split(r"[^\w.-]", each)[0] for each in found.requires or [] if "extra ==" not in each]
    return modules, absent


class Closed(importlib.abc.MetaPathFinder):
    """What is installed here and would not be there is not found."""

    def __init__(self, allowed: set[str]) -> None:
        paths = sysconfig.get_paths()
        self.installed = tuple(os.path.realpath(paths[name]) + os.sep for name in ("purelib", "platlib"))
        self.allowed = allowed

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        top = name.partition(".")[0]
        if path is not None or top in self.allowed or top in sys.builtin_module_names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name)
        where = spec and (spec.origin or next(iter(spec.submodule_search_locations or []), ""))
        where = os.path.realpath(where) if where else ""
        if "site-packages" in where or "dist-packages" in where or where.startswith(self.installed):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


class Watch:
    """What happens while the package is imported, by audit events."""

    def __init__(self) -> None:
        self.on, self.noted = False, []  # type: ignore[var-annotated]
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            path, flags = arguments[0], arguments[2] if len(arguments) > 2 else 0
            writing = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writing and isinstance(path, str) and "__pycache__" not in path and path != os.devnull:
                self.noted.append(f"it writes {os.path.basename(path)}")
        elif event in WRITES:
            self.noted.append(f"it changes files ({event})")
        elif event in CONNECTS:
            self.noted.append(f"it connects ({event})")
        elif event in STARTS:
            self.noted.append(f"it starts a process ({event})")


def main(package: str, site: str, names: list[str], first: list[str]) -> dict[str, Any]:
    """Import everything in the package, run its doctests, and tell what came of it."""
    modules, absent = closure(names)
    told: dict[str, Any] = {"absent": absent, "error": "", "where": "", "said": "", "noted": [], "version": None,
                            "modules": [], "doctests": 0, "failed": ""}  # fmt: skip
    if absent:
        return told
    sys.path.insert(0, site)
    sys.meta_path.insert(0, Closed(modules | {package}))
    for name in first:  # what the package imports of others is not what the package does
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    watch, out = Watch(), io.StringIO()
    imported: list[Any] = []
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        watch.on = True
        try:
            module = importlib.import_module(package)
            imported.append(module)
            for each in pkgutil.walk_packages(getattr(module, "__path__", []), package + "."):
                if not each.name.endswith(".__main__"):
                    imported.append(importlib.import_module(each.name))
        except BaseException as error:
            watch.on = False
            own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(site + os.sep)]
            where = f"{os.path.relpath(own[-1].filename, site)}:{own[-1].lineno}" if own else ""
            return {**told, "error": f"{type(error).__name__}: {error}"[:300], "where": where}
        watch.on = False
    told = {
        **told,
        "said": out.getvalue()[:300],
        "noted": watch.noted[:5],
        "modules": [each.__name__ for each in imported],
    }
    version = getattr(imported[0], "__version__", None)
    told["version"] = version if isinstance(version, str) else None
    said = io.StringIO()
    for module in imported:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            failed, tried = doctest.testmod(module, report=False)
        told["doctests"] += tried
        if failed and not told["failed"]:
            told["failed"] = said.getvalue().strip()[-600:]
    return told


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    place = os.path.realpath(wanted["site"])
    print(
        "castalia:"
        + json.dumps(main(wanted["package"], os.path.realpath(wanted["site"]), wanted["names"], wanted["first"]))
    )
