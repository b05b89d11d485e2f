"""Builds a wheel of a repository with the backend that its pyproject.toml names: offline, in a copy.

The backend is asked directly (PEP 517), as a front end such as pip asks it once it has installed what the backend
needs. That cannot be fetched here: it lies in the repository itself (``backend-path``), or is installed in the
learner's Python, or the outcome says that it is missing, which is no fault of the code.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.check.learner import Learner

ABSENT = 77
"""Exit code of the script where the backend is not installed."""
_BUILD = """
import importlib, os, sys
backend, out, paths = sys.argv[1], sys.argv[2], sys.argv[4:]
sys.dont_write_bytecode = True
sys.path[:] = [*paths, *(entry for entry in sys.path if entry not in ("", os.getcwd()))]
name, _, attribute = backend.partition(":")
try:
    hooks = importlib.import_module(name)
except ModuleNotFoundError as error:
    if not paths and name.split(".")[0] == (error.name or "").split(".")[0]:
        sys.exit(int(sys.argv[3]))
    raise
for part in filter(None, attribute.split(".")):
    hooks = getattr(hooks, part)
print("castalia:" + hooks.build_wheel(out))
"""


def build(learner: Learner, files: list[str], backend: str, paths: list[str], seconds: float | None) -> dict[str, Any]:
    """{"name": of the wheel, "content": its bytes}. Told where it is not built."""
    programs = learner.tool("programs")
    copied, out = programs.copy(learner, files), learner.scratch()
    inside = []
    for each in paths:
        place = os.path.realpath(os.path.join(copied, each))
        if place != copied and not place.startswith(copied + os.sep):
            raise learner.told("wrong", f"backend-path {each!r} leads out of the project", "a folder inside it")
        inside.append(place)
    child = programs.Child(
        learner, [sys.executable, "-c", _BUILD, backend, out, str(ABSENT), *inside], copied, copied, {}
    )
    code = child.finish(seconds)
    if code == ABSENT:
        top = backend.partition(":")[0].split(".")[0]
        words = f"{sys.executable} has no {top}, which pyproject.toml builds with: python -m pip install {top}"
        raise learner.told("tool_error", words + ", or name a backend of your own with backend-path")
    if code:
        raise child.ended("the wheel was not built")
    name = str(programs.read(child.out, 400).decode("utf-8", "replace").rpartition("castalia:")[2].strip())
    place = os.path.join(out, os.path.basename(name))
    if not name or not os.path.isfile(place):
        raise learner.told("wrong", f"the backend answered {name!r} and wrote no such file", "the name of its wheel")
    if os.path.getsize(place) > learner.tool("folder").LARGEST:
        raise learner.told("wrong", f"a wheel of {os.path.getsize(place)} bytes")
    answer = {"name": name, "content": programs.read(place)}
    child.drop(out)
    return answer
