"""A short program of a claim's own that imports the learner's module: another process that uses it, and can be killed.

``subject.new("castalia.Script", text, args)`` in a claim that needs children, whatever the adapter is. In ``text``
``{module}`` stands for the name of the learner's module. The handle is that of a command's ``Process``: it is written
to, read line by line, killed, waited for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Callable  # noqa: UP035 (3.8)

if TYPE_CHECKING:
    from castalia.check.learner import Learner

NAME = "script of the check.py"
"""Beside the learner's files in the copy; no import statement can say it."""


def adapt(learner: Learner) -> Callable[..., Any]:
    """What starts one."""

    def start(text: str, args: list[Any] = [], folder: Any = None) -> Any:  # noqa: B006 (never changed)
        command = learner.tool("command")
        speaker = command.Command(learner)
        copied = speaker.programs.copy(learner, speaker.program.files)
        path = os.path.join(copied, NAME)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("{module}", _module(learner.path)))
        folder = folder or speaker.folders.Folder(learner)
        child = speaker.programs.Child(
            learner, [sys.executable, path, *map(str, args)], folder.where, copied, {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return command.Process(speaker, child, folder)

    return start


def _module(path: str) -> str:
    package = os.path.basename(path) == "__init__.py"
    return os.path.basename(os.path.dirname(path)) if package else os.path.splitext(os.path.basename(path))[0]
